"""Starting and stopping a peer: own temporary directory, free ports, own process group, readiness by connecting."""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

LOOPBACK = "127.0.0.1"
_handed_out: set[int] = set()


def free_port() -> int:
    """A free port below the range from which the kernel takes ports for outgoing connections, so that none of those
    can take it between this look and the peer's bind. Never the same one twice in a run."""
    for _ in range(500):
        port = random.randint(15_000, 32_000)
        if port in _handed_out:
            continue
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
        _handed_out.add(port)
        return port
    raise RuntimeError("no free port between 15000 and 32000")


def private_directory(name: str) -> Path:
    """A short path that a server's own user may traverse; pytest's directories are closed to others, and the paths of
    Unix sockets end at 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix=f"peer-{name}-"))
    path.chmod(0o755)
    return path


def need(program: str, package: str) -> str:
    """The program's path; says what to install where it is missing."""
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if found is None:
        raise RuntimeError(f"{program} is missing: apt-get install --no-install-recommends {package}")
    return found


def need_root(program: str) -> None:
    """Some servers change their user and so need root to begin with."""
    if os.geteuid() != 0:
        raise RuntimeError(f"{program} as a test peer needs root: run the tests as root or under sudo")


class PeerProcess:
    """One server in the foreground, in its own session, so that stopping it ends its children and nobody else's."""

    def __init__(self, arguments: list[str], *, output: Path, environment: dict[str, str] | None = None) -> None:
        self._arguments = arguments
        self._output = output
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, *ports: int, timeout: float = 30) -> Self:
        """Returns once every port accepts connections."""
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                self._arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=self._environment,
            )
        deadline = time.monotonic() + timeout
        for port in ports:
            self._wait_for(port, deadline)
        return self

    def _wait_for(self, port: int, deadline: float) -> None:
        while True:
            assert self._process is not None
            if self._process.poll() is not None:
                raise RuntimeError(f"{self._arguments[0]} ended ({self._process.returncode}):\n{self.output()}")
            try:
                socket.create_connection((LOOPBACK, port), 0.5).close()
            except OSError as error:
                if time.monotonic() > deadline:
                    self.stop()
                    raise TimeoutError(f"{self._arguments[0]} does not listen on {port}:\n{self.output()}") from error
                time.sleep(0.02)
            else:
                return

    def output(self) -> str:
        """The last 4,000 bytes that it printed."""
        return self._output.read_bytes()[-4000:].decode(errors="replace") if self._output.exists() else ""

    def signal(self, number: signal.Signals) -> None:
        """To the whole group: SIGKILL for a crash, SIGSTOP for a stall."""
        assert self._process is not None
        os.killpg(self._process.pid, number)

    def wait(self, timeout: float = 15) -> int:
        assert self._process is not None
        return self._process.wait(timeout)

    def stop(self) -> None:
        """SIGTERM, then SIGKILL; waits, because a server that is started again at once finds its own pid file."""
        if self._process is None:
            return
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGCONT)
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._process = None
