"""The installed hub sends through networks that break and while it is killed: never twice without a person's decision,
never lost in silence."""

import asyncio
import collections
import contextlib
import threading
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.faults.test_hub_intake_faults import connect, send, settled
from tests.hub_process import HubProcess, poll
from tests.peers.cut_proxy import CutProxy
from tests.peers.process import LOOPBACK, free_port


class Receiver:
    """A submission server that is slow to answer; counts what was transmitted to it, answered or not."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.transmitted: collections.Counter[str] = collections.Counter()
        self.first = threading.Event()
        self.port = free_port()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        self.transmitted[str(message_from_bytes(content)["Message-ID"])] += 1
        self.first.set()
        await asyncio.sleep(self.seconds)
        return "250 2.0.0 OK"

    @contextlib.contextmanager
    def running(self) -> Iterator["Receiver"]:
        controller = Controller(self, hostname=LOOPBACK, port=self.port)
        controller.start()
        try:
            yield self
        finally:
            controller.stop()


def open_hub(directory: Path, submission_port: int) -> HubProcess:
    hub = HubProcess(directory=directory)
    hub.config = f"""
[http]
listen = "127.0.0.1:{hub.http_port}"
[replies]
take_back_seconds = 0
[channels.mail]
kind = "email"
address = "info@hub.test"
listen = "127.0.0.1:{hub.smtp_port}"
[channels.mail.submission]
host = "127.0.0.1"
port = {submission_port}
tls = "none"
timeout = 5
"""
    return hub


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().running() as running:
        yield running


def greet(hub: HubProcess, *customers: str) -> None:
    """A mail of each, so that each can be answered."""
    with connect(hub) as client:
        for name in customers:
            raw = (
                f"From: {name}@customer.example\r\nTo: info@hub.test\r\nSubject: Frage von {name}\r\n"
                f"Message-ID: <{name}@customer.example>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n\r\nHallo\r\n"
            )
            assert send(client, raw.encode()) == 250
    settled(hub)


def answer(hub: HubProcess, name: str) -> str:
    """The accepted item's id."""
    receipt = hub.ask_json("send", f"{name}@customer.example", f"Guten Tag {name}", "--now")
    (item,) = receipt["items"]
    return str(item)


def items(hub: HubProcess, state: str) -> list[str]:
    return [item["id"] for item in hub.ask_json("outbox", "list", "--state", state)]


def states(hub: HubProcess) -> dict[str, str]:
    """Every item's state, by id."""
    found: dict[str, Any] = {}
    for state in ("queued", "sending", "held", "failed", "sent", "delivered", "cancelled"):
        found.update(dict.fromkeys(items(hub, state), state))
    return found


async def test_ac31_a_cut_after_data_is_held_over_a_restart_until_a_person_decides(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with CutProxy(LOOPBACK, receiver.port) as proxy:
        hub = open_hub(tmp_path, proxy.port)
        here = asyncio.to_thread
        try:
            await here(hub.start)
            await here(greet, hub, "petra", "jens")
            held = []
            for name in ("petra", "jens"):
                proxy.after_client(b"\r\n.\r\n", proxy.reset)
                held.append(await here(answer, hub, name))
                await here(poll, lambda: items(hub, "held"), lambda found: len(found) == len(held))
            before = sum(receiver.transmitted.values())
            assert sorted(await here(items, hub, "held")) == sorted(held)
            # Neither a good network nor a new process sends it again in silence.
            await here(hub.kill)
            await here(hub.start)
            await here(greet, hub, "carol")
            third = await here(answer, hub, "carol")
            await here(poll, lambda: items(hub, "sent"), lambda found: found == [third])
            assert sorted(await here(items, hub, "held")) == sorted(held)
            assert sum(receiver.transmitted.values()) == before + 1
            # One was sent, as somebody knows; the other is to be sent (again).
            assert (await here(hub.ask_json, "outbox", "settle", held[0]))["state"] == "sent"
            await here(hub.ask_json, "outbox", "retry", held[1])
            await here(poll, lambda: items(hub, "sent"), lambda found: sorted(found) == sorted([third, *held]))
            assert sum(receiver.transmitted.values()) == before + 2
            assert await here(items, hub, "held") == []
            refused = await here(hub.run, "outbox", "settle", held[0])
            assert refused.returncode == 1
        finally:
            await here(hub.end)


def test_ac41_kill_minus_nine_while_sending_transmits_nothing_twice_and_loses_nothing(tmp_path: Path) -> None:
    names = [f"kunde{number}" for number in range(12)]
    with Receiver(seconds=0.4).running() as slow:
        hub = open_hub(tmp_path, slow.port)
        hub.start()
        try:
            greet(hub, *names)
            accepted = []
            for number, name in enumerate(names):
                slow.first.clear()
                accepted.append(answer(hub, name))
                if number % 4 == 3:
                    assert slow.first.wait(20)
                    hub.kill()
                    hub.start()
            poll(lambda: states(hub), lambda found: set(found.values()) <= {"sent", "held"}, 40)
            found = states(hub)
            assert set(found) == set(accepted)
            assert "held" in found.values()
            assert max(slow.transmitted.values()) == 1
            # What was sent has arrived; what is held may have: a person looks, and decides.
            sent = [item for item, state in found.items() if state == "sent"]
            assert len(sent) <= len(slow.transmitted) <= len(names)
            for item, state in found.items():
                if state == "held":
                    hub.ask_json("outbox", "retry", item)
            poll(lambda: states(hub), lambda now: set(now.values()) == {"sent"}, 40)
            assert len(slow.transmitted) == len(names)
            assert sum(slow.transmitted.values()) <= len(names) + len(found) - len(sent)
        finally:
            hub.end()
