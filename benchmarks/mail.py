"""Mails a second, side by side: a null aiosmtpd handler (asyncio and uvloop), Postfix to Maildir (drained), and the hub: accepted
(250 after the arrival is durable; alone, and while others are being recorded) and complete (parsed, deduplicated, filed, threaded, searchable).

    .venv/bin/python -m benchmarks.mail [--count 3000] [--rounds 3]

The sides take turns within each round, so that a machine that slows down slows all of them; ratios are of medians.
CPU seconds are those of the server's processes.
"""

import argparse
import contextlib
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.hub_process import HubProcess
from tests.peers.process import free_port

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Side:
    """One side's figures: mails a second, and CPU milliseconds a mail."""

    name: str
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def note(self, count: int, seconds: float, cpu: float) -> None:
        self.rates.append(count / seconds)
        self.cpu.append(1000 * cpu / count)


def cpu_of(pids: list[int]) -> float:
    """User and system seconds of these processes and their ended children."""
    total = 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(value) for value in fields[11:15])
    return total / TICKS


def group_of(leader: int) -> list[int]:
    """The processes of a process group."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[2]) == leader:
                found.append(int(path.parent.name))
    return found


def send(port: int, count: int, sessions: int = 10, size: int = 5500) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.smtp_load", str(port), str(count), str(sessions), str(size)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    seconds, refused = done.stdout.split()
    if int(refused):
        raise RuntimeError(f"{refused} mails were refused: a run of refusals looks like speed")
    return float(seconds)


@contextlib.contextmanager
def server(module: str, *arguments: str) -> Iterator[tuple[int, int]]:
    """A server of ours in a process of its own: its port and pid."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{module}", str(port), *arguments],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        yield port, process.pid
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def wait_for(port: int) -> None:
    for _ in range(400):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise TimeoutError(port)


@contextlib.contextmanager
def postfix_to_maildir(base: Path) -> Iterator[tuple[int, Path, int]]:
    """A private Postfix that delivers to a Maildir by its own virtual agent. Needs root."""
    port, mailbox = free_port(), base / "mail"
    user = pwd.getpwnam("postfix")
    for name in ("etc", "queue", "data", "mail"):
        (base / name).mkdir(parents=True)
    os.chown(base / "data", user.pw_uid, user.pw_gid)
    os.chown(mailbox, 8, 8)
    for path in (base, mailbox):
        path.chmod(0o755)
    main = f"""
compatibility_level = 3.6
queue_directory = {base}/queue
data_directory = {base}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = bench.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
alias_maps =
virtual_mailbox_domains = hub.example
virtual_mailbox_base = {mailbox}
virtual_mailbox_maps = inline:{{ info@hub.example=info/ }}
virtual_uid_maps = static:8
virtual_gid_maps = static:8
virtual_minimum_uid = 1
maillog_file = {base}/maillog
maillog_file_prefixes = /tmp
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
"""
    (base / "etc" / "main.cf").write_text(main)
    services = Path("tests/peers/postfix.py").read_text().split('_SERVICES = """')[1].split('"""')[0]
    (base / "etc" / "master.cf").write_text(
        f"127.0.0.1:{port} inet n - n - - smtpd\nvirtual unix - n n - - virtual\n{services}"
    )
    process = subprocess.Popen(
        ["postfix", "-c", str(base / "etc"), "start-fg"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        wait_for(port)
        yield port, mailbox / "info" / "new", process.pid
    finally:
        subprocess.run(["postfix", "-c", str(base / "etc"), "stop"], capture_output=True, check=False)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def settled(database: Path) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM k_arrivals WHERE state = 'done'").fetchone()[0])


def drain(count: int, read: Callable[[], int], started: float) -> float:
    """Seconds from `started` until `read()` has reached `count`."""
    while read() < count:
        time.sleep(0.02)
        if time.perf_counter() - started > 300:
            raise TimeoutError(f"{read()} of {count}")
    return time.perf_counter() - started


def _send_to(side: Side, count: int, module: str, *arguments: str) -> None:
    with server(module, *arguments) as (port, pid):
        send(port, 200)
        before = cpu_of([pid])
        seconds = send(port, count)
        side.note(count, seconds, cpu_of([pid]) - before)


def run_round(count: int, sides: dict[str, Side], hub: HubProcess, base: Path, number: int) -> None:
    for loop in ("asyncio", "uvloop"):
        _send_to(sides[f"null-{loop}"], count, "null_smtp", loop)
    directory = base / f"accept{number}"
    directory.mkdir()
    _send_to(sides["accept-alone"], count, "accept_only", str(directory))
    with postfix_to_maildir(base / f"postfix{number}") as (port, folder, leader):
        before, started = cpu_of(group_of(leader)), time.perf_counter()
        send(port, count)
        seconds = drain(count, lambda: sum(1 for _ in os.scandir(folder)) if folder.exists() else 0, started)
        sides["postfix"].note(count, seconds, cpu_of(group_of(leader)) - before)
    assert hub.process is not None
    send(hub.smtp_port, 200)
    database = hub.data / "fernamt.sqlite3"
    already = _quiet(database)
    before, started = cpu_of(group_of(hub.process.pid)), time.perf_counter()
    accepted = send(hub.smtp_port, count)
    offset = time.perf_counter() - started - accepted
    complete = drain(already + count, lambda: settled(database), started) - offset
    spent = cpu_of(group_of(hub.process.pid)) - before
    sides["hub-accept"].note(count, accepted, spent)
    sides["hub-complete"].note(count, complete, spent)


def _quiet(database: Path) -> int:
    last = -1
    while (now := settled(database)) != last:
        last = now
        time.sleep(0.5)
    return now


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    names = ("null-asyncio", "null-uvloop", "postfix", "accept-alone", "hub-accept", "hub-complete")
    sides = {name: Side(name) for name in names}
    base = Path(tempfile.mkdtemp(prefix="fernamt-bench-", dir="/tmp"))
    base.chmod(0o755)
    hub = HubProcess(directory=base)
    try:
        hub.start()
        for number in range(options.rounds):
            run_round(options.count, sides, hub, base, number)
            print(f"round {number + 1} of {options.rounds} done", file=sys.stderr)
    finally:
        hub.end()
        shutil.rmtree(base, ignore_errors=True)
    show(sides)


def show(sides: dict[str, Side]) -> None:
    medians = {name: statistics.median(side.rates) for name, side in sides.items()}
    print("| side | mails/s (median) | CPU ms a mail | of null (asyncio) | of null (uvloop) | of Postfix |")
    print("|---|---|---|---|---|---|")
    for name, side in sides.items():
        ratios = [medians[name] / medians[other] for other in ("null-asyncio", "null-uvloop", "postfix")]
        cpu = statistics.median(side.cpu)
        print(f"| {name} | {medians[name]:.0f} | {cpu:.2f} | " + " | ".join(f"{r:.2f}" for r in ratios) + " |")


if __name__ == "__main__":
    main()
