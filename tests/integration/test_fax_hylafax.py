"""The fax connector against a real HylaFAX server without a modem: the queues, both ways, and what can go wrong."""

import ftplib
import subprocess
from datetime import timedelta

import pytest

from config.fields import Secret
from connectors.fax.connector import FaxConnector
from connectors.fax.hylafax_session import HylafaxSession
from connectors.fax.parse import FAX_PARSER
from connectors.fax.settings import HylafaxSettings
from hub.domain.errors import AuthRejected, PermanentFailure, StoreUnavailable, TemporaryFailure
from hub.domain.message import Envelope, InteractionKind
from hub.ports.connector import LinkState
from hub.ports.parser import ParseContext
from tests.fake_inlet import FakeInlet
from tests.fax_channel import connector_for, parcel, settings_for
from tests.fax_files import tiff
from tests.peers.hylafax import USER, Hylafax
from tests.running_connector import running


def channel(server: Hylafax, **changes: object) -> FaxConnector:
    return connector_for(settings_for(server.port, **changes))


def control(hylafax: Hylafax, *commands: str) -> None:
    """Say it to the server, as an operator does."""
    with ftplib.FTP() as client:
        client.connect(hylafax.host, hylafax.port, timeout=10)
        client.sendcmd(f"USER {USER}")
        for command in commands:
            client.sendcmd(command)


def ends(inlet: FakeInlet) -> list[tuple[str, str, str]]:
    return [
        (update.message_id, update.status.action, update.status.diagnostic)
        for update in inlet.updates
        if update.status.action != "relayed"
    ]


async def test_a_fax_in_recvq_arrives_once_and_stays_on_the_server(hylafax: Hylafax) -> None:
    inlet = FakeInlet()
    path = hylafax.receive(tiff("Bestellung", "Seite zwei"))
    async with running(channel(hylafax), inlet):
        await inlet.until_arrivals(1)
        # What comes while it watches, comes too.
        hylafax.receive(tiff("Noch eins"), "fax000000002.tif")
        await inlet.until_arrivals(2)
    async with running(channel(hylafax), inlet):
        hylafax.receive(tiff("Das dritte"), "fax000000003.tif")
        await inlet.until_arrivals(3)
    assert inlet.repeated == []
    assert path.is_file()
    first = inlet.arrivals[0]
    message = FAX_PARSER.parse(first.raw, Envelope(), ParseContext(account="fax"))
    assert message.kind is InteractionKind.FAX
    assert message.content.subject == "Fax, 2 Seiten"
    assert message.sender is not None
    assert message.sender.name == "unbekannte Faxnummer"
    assert FAX_PARSER.extract(first.raw, 0).startswith(b"%PDF")
    assert inlet.journal.index(f"accept {first.native_id}") < inlet.journal.index("save recvq")


async def test_a_fax_that_the_store_cannot_keep_is_fetched_again(hylafax: Hylafax) -> None:
    inlet = FakeInlet(accept_error=StoreUnavailable("down"), accept_errors_left=1)
    hylafax.receive(tiff("Bestellung"))
    with pytest.raises(Exception, match="fetched again"):
        await connector_for(settings_for(hylafax.port)).run(inlet)
    async with running(channel(hylafax), inlet):
        await inlet.until_arrivals(1)


async def test_a_fax_is_taken_as_soon_as_the_server_shows_it(hylafax: Hylafax) -> None:
    """Without RecvFileMode: 0644 hfaxd does not even list it."""
    inlet = FakeInlet()
    closed = hylafax.receive(tiff("Nur für uucp"))
    closed.chmod(0o600)
    hylafax.receive(tiff("Für alle"), "fax000000002.tif")
    async with running(channel(hylafax), inlet):
        assert [arrival.envelope.native_ref for arrival in inlet.arrivals] == ["fax000000002.tif"]
        closed.chmod(0o644)
        await inlet.until_arrivals(2)


async def test_what_is_no_tiff_arrives_nonetheless(hylafax: Hylafax) -> None:
    """It is for intake to put it into quarantine, where a person sees it. hfaxd itself lists what has no pages."""
    inlet = FakeInlet()
    broken = tiff("Seite", "Zwei")
    hylafax.receive(broken[: len(broken) // 2])
    async with running(channel(hylafax), inlet):
        await inlet.until_arrivals(1)


async def test_a_fax_is_queued_with_its_pages_and_its_end_is_told(hylafax: Hylafax) -> None:
    inlet = FakeInlet()
    sender = channel(hylafax, hylafax={"dials": 2, "tries": 2})
    async with running(sender, inlet):
        receipt = await sender.send(parcel(files=[("brief.txt", "text/plain", b"Seite zwei")]))
        assert not receipt.delivered
        assert "2 Seiten" in receipt.detail
        await inlet.until(lambda: bool(inlet.updates))
        assert inlet.updates[0].message_id == "o_1"
        control(hylafax, f"JKILL {receipt.native_ref}")
        await inlet.until(lambda: bool(ends(inlet)))
    assert [(message, action) for message, action, _ in ends(inlet)] == [("o_1", "failed")]
    assert "abgebrochen" in ends(inlet)[0][2]
    # After a restart the end is not told again.
    count = len(inlet.updates)
    async with running(channel(hylafax), inlet):
        receipt = await sender.send(parcel("Etwas anderes", key="2"))
        await inlet.until(lambda: len(inlet.updates) > count)
    assert {update.message_id for update in inlet.updates[count:]} == {"o_2"}


async def test_an_attempt_that_is_made_again_finds_its_job(hylafax: Hylafax) -> None:
    sender = channel(hylafax)
    async with running(sender, FakeInlet()):
        first = await sender.send(parcel())
        again = await sender.send(parcel())
    assert first.native_ref == again.native_ref
    queue = [path for path in (hylafax.spool / "sendq").iterdir() if path.name.startswith("q")]
    assert len(queue) == 1


async def test_ac42_the_same_document_within_an_hour_needs_a_person(hylafax: Hylafax) -> None:
    inlet = FakeInlet()
    sender = channel(hylafax)
    async with running(sender, inlet):
        await sender.send(parcel())
        with pytest.raises(PermanentFailure) as caught:
            await sender.send(parcel(key="2"))
        assert caught.value.fields["reply"] == "fax-repeat"
        await sender.send(parcel(key="3", to="+4930123456"))
    # It is remembered over a restart.
    sender = channel(hylafax)
    async with running(sender, inlet):
        with pytest.raises(PermanentFailure):
            await sender.send(parcel(key="4"))


async def test_ac42_outside_the_hours_a_fax_waits(hylafax: Hylafax) -> None:
    now = parcel().item.due_at
    soon = (now + timedelta(hours=2)).strftime("%H:00")
    later = (now + timedelta(hours=3)).strftime("%H:00")
    sender = channel(hylafax, hours=f"{soon}-{later}", time_zone="UTC")
    async with running(sender, FakeInlet()):
        with pytest.raises(TemporaryFailure) as caught:
            await sender.send(parcel())
    assert caught.value.retry_after is not None
    assert timedelta(minutes=59) < caught.value.retry_after <= timedelta(hours=2)


async def test_whoever_is_not_permitted_is_parked(hylafax: Hylafax) -> None:
    hylafax.permit("192.0.2.1:21::\n")
    inlet = FakeInlet()
    with pytest.raises(AuthRejected):
        await channel(hylafax).run(inlet)
    assert LinkState.UP not in {state for state, _ in inlet.reports}
    steps = await channel(hylafax).probe()
    assert [step.ok for step in steps] == [False]
    assert "hosts.hfaxd" in steps[0].fix


async def test_the_probe_signs_in_looks_and_draws(hylafax: Hylafax) -> None:
    steps = await channel(hylafax).probe()
    assert [(step.title, step.ok) for step in steps] == [("Sign in", True), ("Queues", True), ("Draw pages", True)]


async def test_a_number_that_nobody_told_cannot_be_faxed_to(hylafax: Hylafax) -> None:
    sender = channel(hylafax)
    async with running(sender, FakeInlet()):
        with pytest.raises(PermanentFailure):
            await sender.send(parcel(to="anonymous-0123456789ab"))


def test_the_password_is_asked_for(hylafax: Hylafax) -> None:
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", "right"], capture_output=True, text=True, check=True
    ).stdout.strip()
    hylafax.permit(f"^{USER}@:21:{hashed}:\n")
    for word, fine in (("wrong", False), ("right", True)):
        session = HylafaxSession(HylafaxSettings(port=hylafax.port, user=USER, password=Secret.parse(word)))
        try:
            if fine:
                session.open()
                assert session.received() == []
            else:
                with pytest.raises(AuthRejected):
                    session.open()
        finally:
            session.close()
