"""Rounds of load, SIGKILL, restart and reconciliation: what was acknowledged is there once, what was accepted for
sending is transmitted once, the counts add up.

`FERNAMT_SOAK=full` runs 200 rounds; without it a few, for CI. `FERNAMT_SOAK_SEED` repeats the moments of a run.
"""

import contextlib
import os
import random
import shutil
import signal
import smtplib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from hub.cli.client import Answer, Hub
from tests.faults.test_hub_sending_faults import Receiver, open_hub
from tests.hub_process import HubProcess, poll
from tests.peers.process import private_directory
from tests.peers.secantus import Secantus

pytestmark = [pytest.mark.soak, pytest.mark.timeout(0 if os.environ.get("FERNAMT_SOAK") == "full" else 180)]

FULL = os.environ.get("FERNAMT_SOAK") == "full"
SEED = int(os.environ.get("FERNAMT_SOAK_SEED", str(random.randrange(2**32))))
CUSTOMERS = 4
SENDERS = 3
FINAL = {"sent", "held", "failed", "cancelled"}


@dataclass(slots=True)
class Round:
    """What the outside knows of one round. `offered` may have been kept or not; `acknowledged` must be kept."""

    number: int
    offered: set[str] = field(default_factory=set)
    acknowledged: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    """Idempotency keys and whom they answer."""
    accepted: dict[str, str] = field(default_factory=dict)
    """Idempotency keys and the items of the outbox."""
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def customers(self) -> list[str]:
        return [f"k{self.number}x{which}@customer.example" for which in range(CUSTOMERS)]


def mail(sender: str, subject: str, size: int = 0) -> bytes:
    head = (
        f"From: {sender}\r\nTo: info@hub.test\r\nSubject: {subject}\r\nMessage-ID: <{subject}@customer.example>\r\n"
        "Date: Mon, 23 Nov 2026 10:00:00 +0100\r\n\r\nGuten Tag\r\n"
    )
    return head.encode() + (b"x" * 70 + b"\r\n") * (size // 72)


class Company:
    """The hub, its customers, and the server that it sends through."""

    def __init__(self, hub: HubProcess, receiver: Receiver) -> None:
        self.hub, self.receiver, self.random = hub, receiver, random.Random(SEED)
        self.kept = 0
        """How many messages all rounds so far have left behind."""

    @property
    def api(self) -> Hub:
        return Hub(self.hub.data)

    def channel(self) -> dict[str, Any]:
        page: dict[str, Any] = self.api.get("channels")
        row: dict[str, Any] = page["items"][0]
        return row

    def settled(self) -> dict[str, Any]:
        row = poll(self.channel, lambda row: row["pending"] == 0, 60)
        assert row["seen"] == row["done"] + row["duplicates"] + row["quarantined"]
        assert row["quarantined"] == 0
        return row

    # Load

    def deliver(self, client: smtplib.SMTP, round_: Round, sender: str, subject: str, size: int = 0) -> None:
        round_.offered.add(subject)
        client.sendmail(sender, ["info@hub.test"], mail(sender, subject, size))
        round_.acknowledged.append(subject)

    def begin(self, number: int) -> Round:
        """Each customer asks something, so that each can be answered."""
        round_ = Round(number)
        with smtplib.SMTP("127.0.0.1", self.hub.smtp_port, timeout=30) as client:
            for which, customer in enumerate(round_.customers):
                self.deliver(client, round_, customer, f"r{number}-first{which}")
        self.settled()
        return round_

    def send_mails(self, round_: Round, which: int) -> None:
        """Mail after mail, every fifth of them twice, small ones and some of 100 kB, until the round is over."""
        sequence = 0
        while not round_.done.is_set():
            with (
                contextlib.suppress(smtplib.SMTPException, OSError),
                smtplib.SMTP("127.0.0.1", self.hub.smtp_port, timeout=10) as client,
            ):
                while not round_.done.is_set():
                    sequence += 1
                    customer = round_.customers[sequence % CUSTOMERS]
                    subject = f"r{round_.number}-s{which}-{sequence}"
                    for _ in range(2 if sequence % 5 == 0 else 1):
                        self.deliver(client, round_, customer, subject, 100_000 if sequence % 7 == 0 else 0)
            round_.done.wait(0.05)

    def send_answers(self, round_: Round) -> None:
        for turn in range(3):
            for customer in round_.customers:
                if round_.done.is_set():
                    return
                key = f"r{round_.number}-{turn}-{customer}"
                round_.answers[key] = customer
                with contextlib.suppress(SystemExit, OSError, HTTPException, Answer):  # the hub may be dead by now
                    self.answer(round_, key)

    def answer(self, round_: Round, key: str) -> None:
        """Noted as accepted only where the hub said so."""
        body = {"text": f"Antwort {key}", "immediately": True}
        receipt = self.api.post("contacts", round_.answers[key], "reply", body=body, key=key)
        (round_.accepted[key],) = receipt["items"]

    def run(self, round_: Round, disaster: Callable[[], None]) -> None:
        """Load, and the disaster in the middle of it."""
        threads = [
            threading.Thread(target=self.send_mails, args=(round_, which), name=f"sender-{which}", daemon=True)
            for which in range(SENDERS)
        ]
        threads.append(threading.Thread(target=self.send_answers, args=(round_,), name="answers", daemon=True))
        for thread in threads:
            thread.start()
        time.sleep(self.random.uniform(0.02, 1.0))
        disaster()
        round_.done.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive(), thread.name

    # Reconciliation

    def reconcile(self, round_: Round) -> None:
        """What the outside knows against what the hub shows."""
        note = f"seed {SEED}, round {round_.number}"
        # Who was not told that an answer is accepted asks again under the same key: accepted once.
        for key in round_.answers:
            item = round_.accepted.get(key)
            self.answer(round_, key)
            assert item is None or round_.accepted[key] == item, note
        self.settled()
        entries = [entry for customer in round_.customers for entry in self.timeline(customer)]
        inbound = [entry["subject"] for entry in entries if entry["direction"] == "in"]
        assert len(inbound) == len(set(inbound)), note
        assert set(round_.acknowledged) <= set(inbound) <= round_.offered, note
        outbound = [entry["text"] for entry in entries if entry["direction"] == "out"]
        assert sorted(outbound) == sorted(f"Antwort {key}" for key in round_.answers), note
        self.reconcile_outbox(round_, note)
        self.kept += len(inbound)
        assert self.settled()["done"] == self.kept, note

    def timeline(self, customer: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor = None
        while True:
            page = self.api.get("contacts", customer, "timeline", limit=200, after=cursor)
            found += [entry for entry in page["items"] if entry["kind"] == "message"]
            cursor = page["next"]
            if cursor is None:
                return found

    def item(self, item_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get("outbox", item_id)
        return found

    def reconcile_outbox(self, round_: Round, note: str) -> None:
        """Each item was transmitted at most once; a person settles what is held, as the receiver's books say."""
        items = set(round_.accepted.values())
        assert len(items) == len(round_.answers), note
        for item_id in items:
            item = poll(lambda item_id=item_id: self.item(item_id), lambda found: found["state"] in FINAL, 60)  # type: ignore[misc]
            message_id = f"<{item['message_id'].strip('<>')}>"
            transmitted = self.receiver.transmitted[message_id]
            assert transmitted <= 1, (note, item)
            assert item["state"] in ("sent", "held"), (note, item)
            if item["state"] == "sent":
                assert transmitted == 1, (note, item)
                continue
            self.api.post("outbox", item_id, "settle" if transmitted else "retry")
            poll(lambda item_id=item_id: self.item(item_id), lambda found: found["state"] == "sent", 60)  # type: ignore[misc]
            assert self.receiver.transmitted[message_id] == 1, (note, item)


@contextlib.contextmanager
def open_company(directory: Path, storage: str = "") -> Iterator[Company]:
    with Receiver(seconds=0.05).running() as receiver:
        hub = open_hub(directory, receiver.port)
        hub.config = storage + hub.config
        hub.start()
        try:
            yield Company(hub, receiver)
        finally:
            hub.end()


def play(company: Company, rounds: int, disaster: Callable[[], None]) -> None:
    for number in range(rounds):
        round_ = company.begin(number)
        company.run(round_, disaster)
        company.reconcile(round_)


def kill_the_hub(company: Company) -> Callable[[], None]:
    def disaster() -> None:
        company.hub.kill()
        # A dead hub's lease on a shared store runs out after 20 s.
        company.hub.start(60)

    return disaster


def test_ac41_rounds_of_kill_minus_nine_on_the_embedded_store(tmp_path: Path) -> None:
    with open_company(tmp_path) as company:
        play(company, 200 if FULL else 3, kill_the_hub(company))


@pytest.fixture
def database() -> Iterator[Secantus]:
    """A server of its own, because it is killed."""
    server = Secantus(directory=private_directory("soak"))
    server.start()
    yield server
    server.stop()
    shutil.rmtree(server.directory, ignore_errors=True)


def storage_of(server: Secantus) -> str:
    return f'[storage]\nurl = "{server.url}"\n'


def test_ac41_rounds_of_kill_minus_nine_on_mongodb(tmp_path: Path, database: Secantus) -> None:
    with open_company(tmp_path, storage_of(database)) as company:
        play(company, 200 if FULL else 1, kill_the_hub(company))


def test_ac10_rounds_of_kill_minus_nine_of_the_mongodb_server(tmp_path: Path, database: Secantus) -> None:
    with open_company(tmp_path, storage_of(database)) as company:

        def disaster() -> None:
            database.process.signal(signal.SIGKILL)
            database.process.wait()
            time.sleep(0.2)
            database.start()

        play(company, 200 if FULL else 2, disaster)
        assert company.hub.process is not None
        assert company.hub.process.poll() is None
