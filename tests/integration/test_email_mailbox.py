"""Reading a real Dovecot mailbox: at once, once each, and without leaving a trace in it."""

import asyncio
import os
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.email import imap_folder
from connectors.email.imap_session import ImapSession
from connectors.email.settings import ImapSettings
from hub.domain.errors import AuthRejected, Misconfigured, StoreUnavailable, Unreachable
from hub.ports.connector import LinkState
from tests.fake_inlet import FakeInlet
from tests.mail_channel import deliver, imap_table, note, running, unused_socket
from tests.peers.certificates import Certificates
from tests.peers.dovecot import Dovecot


@pytest.fixture
def user(dovecot: Dovecot) -> str:
    """A mailbox of one's own."""
    return dovecot.register(f"u{uuid.uuid4().hex[:10]}@hub.test")


def subjects(inlet: FakeInlet) -> list[str]:
    return [
        line.decode().removeprefix("Subject: ")
        for arrival in inlet.arrivals
        for line in arrival.raw.split(b"\r\n")
        if line.startswith(b"Subject: ")
    ]


def contents(dovecot: Dovecot, user: str) -> dict[str, bytes]:
    """Every message in the mailbox by its base name and flags, as the server's disk holds it."""
    home = dovecot.maildir(user)
    return {
        path.name: path.read_bytes()
        for folder in ("cur", "new")
        for path in (home / folder).glob("*")
        if path.is_file()
    }


def age(dovecot: Dovecot, user: str, days: int) -> None:
    """Give every message in the INBOX an older arrival; Maildir keeps it as the file's time."""
    moment = time.time() - days * 86_400
    for folder in ("cur", "new"):
        for path in (dovecot.maildir(user) / folder).glob("*"):
            os.utime(path, (moment, moment))


async def test_new_mail_arrives_by_idle_within_two_seconds(
    dovecot: Dovecot, certificates: Certificates, user: str
) -> None:
    inlet = FakeInlet()
    async with running({"imap": imap_table(dovecot, certificates, user)}, inlet):
        await inlet.until_state(LinkState.UP)
        # The first mail may still meet the first search; the later ones can only come by IDLE.
        for number in range(3):
            started = time.monotonic()
            await deliver(dovecot, user, note(f"neu {number}"))
            await inlet.until_arrivals(number + 1)
            assert time.monotonic() - started < 2
    assert subjects(inlet) == ["neu 0", "neu 1", "neu 2"]
    arrival = inlet.arrivals[0]
    assert not arrival.history
    assert arrival.envelope.folder == "INBOX"
    assert not arrival.envelope.outgoing
    assert arrival.native_id.startswith("INBOX/")
    assert abs(arrival.received_at - datetime.now(UTC)) < timedelta(seconds=60)


async def test_starttls_and_a_name_beyond_ascii(dovecot: Dovecot, certificates: Certificates, user: str) -> None:
    inlet = FakeInlet()
    table = imap_table(dovecot, certificates, user, port=dovecot.imap_port, tls="starttls")
    async with running({"imap": table}, inlet):
        await inlet.until_state(LinkState.UP)
    async with ImapSession(ImapSettings.model_validate(table)) as session:
        await session._opened().create('"Gel&APY-schte &- alte"')
    async with running({"imap": {**table, "folders": ["Gelöschte & alte"]}}, inlet):
        await inlet.until(lambda: "Gelöschte & alte" in inlet.reports[-1][1] and inlet.state is LinkState.UP)


async def test_what_was_read_is_not_read_again_after_a_restart(
    dovecot: Dovecot, certificates: Certificates, user: str
) -> None:
    inlet = FakeInlet()
    settings = {"imap": imap_table(dovecot, certificates, user)}
    async with running(settings, inlet):
        await inlet.until_state(LinkState.UP)
        await deliver(dovecot, user, note("eins"))
        await inlet.until_arrivals(1)
        await inlet.until(lambda: inlet.journal[-1].startswith("save"))
    for number in range(5):
        await deliver(dovecot, user, note(f"während {number}"))
    async with running(settings, inlet):
        await inlet.until_arrivals(6)
    assert subjects(inlet) == ["eins", *(f"während {number}" for number in range(5))]
    assert inlet.repeated == []
    assert not any(arrival.history for arrival in inlet.arrivals)


async def test_the_cursor_moves_only_after_the_mail_is_kept(
    dovecot: Dovecot, certificates: Certificates, user: str
) -> None:
    inlet = FakeInlet()
    async with running({"imap": imap_table(dovecot, certificates, user)}, inlet):
        await inlet.until_state(LinkState.UP)
        inlet.journal.clear()
        for number in range(3):
            await deliver(dovecot, user, note(f"n {number}"))
        await inlet.until_arrivals(3)
        await inlet.until(lambda: len(inlet.journal) >= 6)
    steps = [step.split()[0] for step in inlet.journal[:6]]
    assert steps == ["accept", "save"] * 3


async def test_ac12_the_first_start_on_years_of_mail_changes_nothing_and_marks_it_as_history(
    dovecot: Dovecot, certificates: Certificates, user: str
) -> None:
    for number in range(450):
        await deliver(dovecot, user, note(f"alt {number}"))
    age(dovecot, user, 400)
    for number in range(30):
        await deliver(dovecot, user, note(f"jung {number}"))
    async with ImapSession(ImapSettings.model_validate(imap_table(dovecot, certificates, user))) as session:
        await session.examine("INBOX")
    before = contents(dovecot, user)
    inlet = FakeInlet()
    async with running({"imap": imap_table(dovecot, certificates, user, backfill_days=90)}, inlet):
        await inlet.until_arrivals(30, 30)
        await deliver(dovecot, user, note("frisch"))
        await inlet.until_arrivals(31)
    assert subjects(inlet) == [*(f"jung {number}" for number in range(30)), "frisch"]
    assert [arrival.history for arrival in inlet.arrivals] == [True] * 30 + [False]
    after = contents(dovecot, user)
    assert {name: raw for name, raw in after.items() if name in before} == before
    assert len(after) == len(before) + 1


async def test_a_large_backfill_goes_by_windows(dovecot: Dovecot, certificates: Certificates, user: str) -> None:
    for number in range(430):
        await deliver(dovecot, user, note(f"m {number}"))
    inlet = FakeInlet()
    async with running({"imap": imap_table(dovecot, certificates, user)}, inlet):
        await inlet.until_arrivals(430, 60)
    assert subjects(inlet) == [f"m {number}" for number in range(430)]


async def test_an_interrupted_backfill_stays_history(dovecot: Dovecot, certificates: Certificates, user: str) -> None:
    for number in range(12):
        await deliver(dovecot, user, note(f"alt {number}"))
    settings = {"imap": imap_table(dovecot, certificates, user)}
    inlet = FakeInlet()
    async with running(settings, inlet):
        await inlet.until_arrivals(3)
    async with running(settings, inlet):
        await inlet.until_arrivals(12)
    assert all(arrival.history for arrival in inlet.arrivals)


async def test_no_backfill_takes_only_what_comes(dovecot: Dovecot, certificates: Certificates, user: str) -> None:
    await deliver(dovecot, user, note("alt"))
    inlet = FakeInlet()
    async with running({"imap": imap_table(dovecot, certificates, user, backfill_days=0)}, inlet):
        await inlet.until_state(LinkState.UP)
        await deliver(dovecot, user, note("neu"))
        await inlet.until_arrivals(1)
    assert subjects(inlet) == ["neu"]


async def test_sent_mail_is_read_as_outgoing(dovecot: Dovecot, certificates: Certificates, user: str) -> None:
    inlet = FakeInlet()
    async with running({"imap": imap_table(dovecot, certificates, user)}, inlet):
        await inlet.until_state(LinkState.UP)
        async with ImapSession(ImapSettings.model_validate(imap_table(dovecot, certificates, user))) as outlook:
            await outlook._opened().append(note("aus Outlook"), "Sent", "\\Seen")
        await inlet.until_arrivals(1)
    assert inlet.arrivals[0].envelope.outgoing
    assert inlet.arrivals[0].envelope.folder == "Sent"


async def test_mail_that_was_read_elsewhere_is_taken_too(
    dovecot: Dovecot, certificates: Certificates, user: str
) -> None:
    table = imap_table(dovecot, certificates, user)
    inlet = FakeInlet()
    async with running({"imap": table}, inlet):
        await inlet.until_state(LinkState.UP)
        async with ImapSession(ImapSettings.model_validate(table)) as phone:
            await phone._opened().append(note("schon gelesen"), "INBOX", "(\\Seen \\Flagged)")
        await inlet.until_arrivals(1)
    assert subjects(inlet) == ["schon gelesen"]


async def test_another_uidvalidity_reads_again_and_only_newer_mail_counts_as_new(
    dovecot: Dovecot, certificates: Certificates, user: str
) -> None:
    settings = {"imap": imap_table(dovecot, certificates, user)}
    inlet = FakeInlet()
    async with running(settings, inlet):
        await inlet.until_state(LinkState.UP)
        await deliver(dovecot, user, note("bekannt", message_id="known@example.org"))
        await inlet.until_arrivals(1)
        await inlet.until(lambda: inlet.journal[-1].startswith("save"))
    # INTERNALDATE has whole seconds; what came in the same second as the last known one counts as known.
    await asyncio.sleep(1.1)
    await deliver(dovecot, user, note("inzwischen"))
    _renumber(dovecot.maildir(user))
    async with running(settings, inlet):
        await inlet.until_arrivals(3)
        await inlet.until_state(LinkState.UP)
        await deliver(dovecot, user, note("danach"))
        await inlet.until_arrivals(4)
    assert subjects(inlet) == ["bekannt", "bekannt", "inzwischen", "danach"]
    assert [arrival.history for arrival in inlet.arrivals] == [False, True, False, False]
    assert len({arrival.native_id.split("/")[1] for arrival in inlet.arrivals}) == 2


def _renumber(maildir: Path) -> None:
    """Forget the server's numbering, as a restored or moved mailbox does."""
    listing = maildir / "dovecot-uidlist"
    first, _, rest = listing.read_text().partition("\n")
    words = first.split()
    validity = next(word for word in words if word.startswith("V"))
    changed = [f"V{int(validity[1:]) + 7}" if word == validity else word for word in words]
    listing.write_text(" ".join(changed) + "\n" + rest)
    for index in maildir.glob("dovecot.index*"):
        index.unlink()


async def test_a_mail_that_is_too_large_arrives_as_its_header_with_a_note(
    dovecot: Dovecot, certificates: Certificates, user: str
) -> None:
    inlet = FakeInlet()
    settings = {"imap": imap_table(dovecot, certificates, user), "max_message_bytes": 70_000}
    async with running(settings, inlet):
        await inlet.until_state(LinkState.UP)
        await deliver(dovecot, user, note("riesig", text="z" * 60 + "\r\n" + ("y" * 60 + "\r\n") * 2000))
        await deliver(dovecot, user, note("klein"))
        await inlet.until_arrivals(2)
    large = inlet.arrivals[0].raw
    assert b"Subject: riesig\r\n" in large
    assert b"yyyy" not in large
    assert b"It lies unchanged in the folder INBOX" in large
    assert "größer".encode() in large
    assert subjects(inlet) == ["riesig", "klein"]


async def test_without_idle_it_asks_again_and_again(
    dovecot: Dovecot, certificates: Certificates, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImapSession, "can_idle", property(lambda session: False))
    inlet = FakeInlet()
    async with running({"imap": imap_table(dovecot, certificates, user, poll_seconds=5)}, inlet):
        await inlet.until_state(LinkState.UP)
        await deliver(dovecot, user, note("gefragt"))
        await inlet.until_arrivals(1, 12)


async def test_idle_is_begun_again_before_routers_forget_the_connection(
    dovecot: Dovecot, certificates: Certificates, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap_folder, "IDLE_SECONDS", 0.1)
    begun = 0
    idle = ImapSession.idle

    async def counted(session: ImapSession, announced: int, seconds: float) -> None:
        nonlocal begun
        begun += 1
        if begun == 5:
            await deliver(dovecot, user, note("nach dem fünften Mal"))
        await idle(session, announced, seconds)

    monkeypatch.setattr(ImapSession, "idle", counted)
    inlet = FakeInlet()
    async with running({"imap": imap_table(dovecot, certificates, user)}, inlet):
        await inlet.until_arrivals(1)
    assert begun >= 5


async def test_ac10_a_store_that_is_down_leaves_the_mail_in_its_mailbox_until_it_is_back(
    dovecot: Dovecot, certificates: Certificates, user: str
) -> None:
    inlet = FakeInlet()
    async with running({"imap": imap_table(dovecot, certificates, user)}, inlet):
        await inlet.until_state(LinkState.UP)
        inlet.accept_error, inlet.accept_errors_left = StoreUnavailable("disk full"), 1
        await deliver(dovecot, user, note("später"))
        await inlet.until_arrivals(1)
    assert inlet.attempts == 2


async def test_errors_are_typed_and_say_what_to_do(dovecot: Dovecot, certificates: Certificates, user: str) -> None:
    table = imap_table(dovecot, certificates, user)

    async def outcome(**changes: object) -> Exception:
        with pytest.raises((AuthRejected, Misconfigured, Unreachable)) as caught:
            async with asyncio.timeout(20), running({"imap": {**table, **changes}}, FakeInlet()) as connector:
                await connector.run(FakeInlet())
        return caught.value

    handle, closed_port = unused_socket()
    assert isinstance(await outcome(password="wrong"), AuthRejected)
    assert isinstance(await outcome(port=closed_port), Unreachable)
    assert isinstance(await outcome(ca_file=""), Misconfigured)
    assert isinstance(await outcome(folders=["Gibt es nicht"]), Misconfigured)
    assert isinstance(await outcome(port=dovecot.imap_port), Misconfigured)
    assert "ca_file" in str(await outcome(ca_file=""))
    handle.close()
