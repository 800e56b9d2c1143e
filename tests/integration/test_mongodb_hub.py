"""The installed hub on MongoDB: mail in, the server killed, mail refused for now, and on again by itself."""

import shutil
import signal
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub_process import HubProcess, poll
from tests.peers.secantus import Secantus


@pytest.fixture
def server() -> Iterator[Secantus]:
    peer = Secantus()
    peer.start()
    yield peer
    peer.stop()
    shutil.rmtree(peer.directory, ignore_errors=True)


@pytest.fixture
def hub(server: Secantus, tmp_path: Path) -> Iterator[HubProcess]:
    hub = HubProcess(tmp_path)
    hub.config = f"""
[storage]
url = "{server.url}&serverSelectionTimeoutMS=500&connectTimeoutMS=500"
database = "hub"
[channels.mail]
kind = "email"
address = "info@company.example"
listen = "127.0.0.1:{hub.smtp_port}"
"""
    hub.start()
    yield hub
    hub.end()


def send(hub: HubProcess, subject: str) -> int:
    """The code of the answer to the mail."""
    mail = f"From: petra@customer.example\nMessage-ID: <{subject}@customer.example>\nSubject: {subject}\n\nHello\n"
    with smtplib.SMTP("127.0.0.1", hub.smtp_port, timeout=20) as client:
        try:
            client.sendmail("petra@customer.example", ["info@company.example"], mail)
        except smtplib.SMTPRecipientsRefused as error:
            return next(iter(error.recipients.values()))[0]
        except smtplib.SMTPResponseException as error:
            return error.smtp_code
    return 250


def subjects(hub: HubProcess) -> set[str]:
    return {str(entry["subject"]) for entry in hub.timeline("petra@customer.example")}


def test_a_hub_outlives_its_mongodb(hub: HubProcess, server: Secantus) -> None:
    assert send(hub, "first") == 250
    poll(lambda: subjects(hub), lambda seen: seen == {"first"})
    server.process.signal(signal.SIGKILL)
    server.process.wait()
    assert 400 <= send(hub, "refused") < 500
    server.start()
    poll(lambda: send(hub, "second"), lambda code: code == 250)
    poll(lambda: subjects(hub), lambda seen: {"first", "second"} <= seen)

    # Not killed: the next hub would wait 20 seconds for the lease to run out.
    assert hub.stop() == 0
    hub.start()
    assert {"first", "second"} <= subjects(hub)
    assert send(hub, "third") == 250
    poll(lambda: subjects(hub), lambda seen: "third" in seen)
    assert hub.stop() == 0
