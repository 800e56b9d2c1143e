"""The installed `fernamt run` as a subprocess, with what a user has: a data directory, a file, signals, the command
line."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.peers.process import free_port

T = TypeVar("T")
PROGRAM = Path(sys.executable).parent / "fernamt"


def poll(read: Callable[[], T], until: Callable[[T], bool], seconds: float = 20) -> T:
    """Read until it holds; the last value in the error where it never does."""
    end = time.monotonic() + seconds
    while True:
        value = read()
        if until(value):
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"not reached within {seconds} s; last: {value!r}")
        time.sleep(0.05)


@dataclass(slots=True)
class HubProcess:
    """One hub on a data directory; `start` may follow `stop` or `kill`."""

    directory: Path
    config: str = ""
    http_port: int = field(default_factory=free_port)
    smtp_port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=dict)
    starts: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def output(self) -> str:
        """Everything that this start printed and logged."""
        return (self.directory / f"hub-{self.starts}.log").read_text(errors="replace")

    @property
    def one_time_password(self) -> str:
        """The admin's, from the first start's words."""
        text = (self.directory / "hub-1.log").read_text(errors="replace")
        found = re.search(r"one-time password (\S+)", text)
        assert found is not None, text
        return found[1]

    def command(self) -> list[str]:
        arguments = [str(PROGRAM), "run", "--data", str(self.data), "--http", f"127.0.0.1:{self.http_port}"]
        if self.config:
            file = self.directory / "fernamt.toml"
            file.write_text(self.config)
            return [*arguments, "--config", str(file)]
        return [*arguments, "--smtp", f"127.0.0.1:{self.smtp_port}"]

    def start(self, seconds: float = 30) -> None:
        """Returns once it says that it runs."""
        self.starts += 1
        log = self.directory / f"hub-{self.starts}.log"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                self.command(),
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        process = self.process
        poll(
            lambda: (self.output, process.poll()), lambda seen: "is running." in seen[0] or seen[1] is not None, seconds
        )
        assert process.poll() is None, self.output

    def stop(self) -> int:
        """SIGTERM, as a service manager does; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def kill(self) -> None:
        """SIGKILL of the hub and its worker: the power is gone."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def end(self) -> None:
        """Whatever it takes; for fixtures."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(30)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A client command."""
        return subprocess.run(
            [str(PROGRAM), "--data", str(self.data), *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def ask_json(self, *arguments: str) -> Any:
        """A client command's JSON; fails where it fails."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, (arguments, done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def timeline(self, who: str, limit: int = 50) -> list[dict[str, Any]]:
        """Newest first; [] while nobody knows the contact."""
        done = self.run("timeline", who, "--limit", str(limit), "--json")
        return [] if done.returncode == 3 else json.loads(done.stdout)

    def bot(self, question: str, user: str = "admin") -> dict[str, Any]:
        """The staff bot in the terminal."""
        answer: dict[str, Any] = self.ask_json("ask", "--as", user, question)
        return answer
