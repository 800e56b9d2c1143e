"""The installed hub takes mail in: on a full disk, from hostile senders, with a poisoned message among many."""

import contextlib
import signal
import smtplib
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hub_process import HubProcess, poll

MIB = 1_048_576


def configure(hub: HubProcess, *, addresses: str = "", limit: int = 25 * MIB) -> HubProcess:
    hub.config = f"""
[http]
listen = "127.0.0.1:{hub.http_port}"
[intake]
max_message_bytes = {limit}
[channels.mail]
kind = "email"
address = "info@hub.test"
addresses = [{addresses}]
listen = "127.0.0.1:{hub.smtp_port}"
"""
    return hub


@contextlib.contextmanager
def running(hub: HubProcess) -> Iterator[HubProcess]:
    hub.start()
    try:
        yield hub
    finally:
        hub.end()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A data directory on a file system of its own, of 24 MiB."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", str(data)], check=True)
    yield data
    subprocess.run(["umount", "--lazy", str(data)], check=True)


def mail(subject: str, *, to: str = "info@hub.test", size: int = 0) -> bytes:
    head = (
        f"From: Petra <petra@customer.example>\r\nTo: {to}\r\nSubject: {subject}\r\n"
        f"Message-ID: <{subject.replace(' ', '-')}@customer.example>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n\r\n"
    )
    return head.encode() + b"Guten Tag\r\n" + (b"x" * 70 + b"\r\n") * (size // 72)


def send(client: smtplib.SMTP, raw: bytes, to: str = "info@hub.test") -> int:
    """The reply code to the end of the data, or to whatever refused it before."""
    try:
        client.sendmail("petra@customer.example", [to], raw)
    except smtplib.SMTPResponseException as error:
        return error.smtp_code
    return 250


def connect(hub: HubProcess) -> smtplib.SMTP:
    client = smtplib.SMTP("127.0.0.1", hub.smtp_port, timeout=30)
    client.ehlo("client.test")
    return client


def settled(hub: HubProcess) -> dict[str, Any]:
    """The mail channel's counts once nothing waits."""
    rows = poll(lambda: hub.ask_json("channel", "list"), lambda rows: rows[0]["pending"] == 0, 30)
    row: dict[str, Any] = rows[0]
    assert row["seen"] == row["done"] + row["duplicates"] + row["quarantined"]
    return row


def subjects(hub: HubProcess, who: str = "petra@customer.example") -> list[str]:
    return [entry["subject"] for entry in hub.timeline(who, limit=1000) if entry["kind"] == "message"]


def memory(hub: HubProcess, label: str = "VmRSS") -> int:
    assert hub.process is not None
    status = Path(f"/proc/{hub.process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(f"{label}:"))


@pytest.mark.parametrize("size", [300_000, 30_000], ids=["files", "database"])
def test_ac10_a_full_disk_refuses_for_now_loses_nothing_and_heals_by_itself(
    tmp_path: Path, small_disk: Path, size: int
) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"\0" * 16 * MIB)
    acknowledged: list[str] = []
    refused: list[int] = []
    with running(configure(HubProcess(directory=tmp_path))) as hub:

        def offer(number: int) -> int:
            with connect(hub) as client:
                code = send(client, mail(f"Brief {number}", size=size))
            (acknowledged.append(f"Brief {number}") if code == 250 else refused.append(code))
            return code

        for number in range(1000):
            if offer(number) != 250 and len(refused) >= 5:
                break
        assert refused
        assert set(refused) <= {451, 452}
        # Full as it is, it lives and says what is wrong.
        assert hub.process is not None
        assert hub.process.poll() is None
        ballast.unlink()
        # Nobody does anything but the senders, who come again.
        poll(lambda: offer(len(acknowledged) + 10_000), lambda code: code == 250)
        settled(hub)
        found = subjects(hub)
        assert set(acknowledged) <= set(found)
        assert len(found) == len(set(found))
        assert "quarantined" not in hub.output
        hub.kill()
        hub.start()
        settled(hub)
        assert set(acknowledged) <= set(subjects(hub))


def test_too_large_a_mail_is_refused_at_mail_with_size_and_after_the_data_without(tmp_path: Path) -> None:
    with running(configure(HubProcess(directory=tmp_path), limit=MIB)) as hub:
        with connect(hub) as client:
            assert client.esmtp_features["size"] == str(MIB)
            assert client.docmd("MAIL", f"FROM:<petra@customer.example> SIZE={MIB + 1}")[0] == 552
            # Without the announcement: all of it is read, then refused for good; the connection serves on.
            client.esmtp_features.pop("size")
            assert send(client, mail("Zu gross", size=MIB + 100_000)) == 552
            assert send(client, mail("Passt", size=MIB - 200_000)) == 250
        assert settled(hub)["seen"] == 1
        assert subjects(hub) == ["Passt"]


def pour(hub: HubProcess, opening: list[bytes], total: int) -> None:
    """Send bytes without any line end until the hub hangs up."""
    block = b"y" * 65_536
    with socket.create_connection(("127.0.0.1", hub.smtp_port), 30) as stream, contextlib.suppress(OSError):
        stream.recv(1000)
        for line in opening:
            stream.sendall(line + b"\r\n")
            stream.recv(1000)
        for _ in range(total // len(block)):
            stream.sendall(block)


def test_a_flood_without_line_ends_costs_no_memory(tmp_path: Path) -> None:
    envelope = [b"EHLO x", b"MAIL FROM:<petra@customer.example>", b"RCPT TO:<info@hub.test>", b"DATA"]
    with running(configure(HubProcess(directory=tmp_path), limit=MIB)) as hub:
        pour(hub, envelope, 4 * MIB)
        before = memory(hub)
        for _ in range(10):
            pour(hub, envelope, 20 * MIB)
            pour(hub, [], 20 * MIB)
            pour(hub, [b"EHLO x"], 20 * MIB)
        assert memory(hub, "VmHWM") - before < 24 * MIB
        with connect(hub) as client:
            assert send(client, mail("Danach")) == 250
        settled(hub)
        assert subjects(hub) == ["Danach"]


def test_ac02_one_poisoned_message_among_a_hundred(tmp_path: Path) -> None:
    with running(configure(HubProcess(directory=tmp_path), addresses='"*@hub.test"')) as hub:
        with connect(hub) as client:
            for number in range(100):
                to = "info@elsewhere.test" if number == 41 else "info@hub.test"
                assert send(client, mail(f"Brief {number}", to=to), to) == 250
        counts = settled(hub)
        assert (counts["seen"], counts["done"], counts["quarantined"]) == (100, 99, 1)
        assert sorted(subjects(hub)) == sorted(f"Brief {number}" for number in range(100) if number != 41)
        (line,) = hub.ask_json("quarantine", "list")
        assert line["sender"] == "petra@customer.example"
        assert line["reason"]
        raw = hub.run("quarantine", "show", line["id"]).stdout
        assert "Subject: Brief 41" in raw
        # Nothing changed: it is quarantined again. Once the cause is mended it takes its place.
        assert hub.ask_json("quarantine", "replay", line["id"])["state"] == "quarantined"
        configure(hub, addresses='"*@hub.test", "*@elsewhere.test"').command()
        assert hub.process is not None
        hub.process.send_signal(signal.SIGHUP)
        poll(lambda: hub.output, lambda text: "reloaded" in text)
        assert hub.ask_json("quarantine", "replay", line["id"])["state"] == "done"
        counts = settled(hub)
        assert (counts["done"], counts["quarantined"]) == (100, 0)
        assert len(subjects(hub)) == 100
        assert hub.ask_json("quarantine", "list") == []
        assert hub.run("quarantine", "replay", line["id"]).returncode == 1
