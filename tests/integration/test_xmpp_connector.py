"""The XMPP connector against a real Prosody: arrivals, receipts, archive, sending, faults."""

import asyncio
from pathlib import Path

import pytest

from config.fields import Secret, TlsMode
from connectors.xmpp.connector import XmppConnector
from connectors.xmpp.parse import XMPP_PARSER
from connectors.xmpp.settings import XmppSettings
from hub.domain.address import Address
from hub.domain.errors import AuthRejected, Misconfigured, StoreUnavailable, Unreachable
from hub.domain.ids import OutboxId
from hub.domain.message import Strength
from hub.domain.outbox import OutboxItem, OutgoingContent, Purpose, lane_of
from hub.ports.clock import SystemClock
from hub.ports.connector import ConnectorContext, Parcel
from hub.ports.parser import ParseContext
from tests.fake_inlet import FakeInlet
from tests.peers.chat import ChatClient
from tests.peers.cut_proxy import CutProxy
from tests.peers.prosody import Prosody
from tests.running_connector import running

CLOCK = SystemClock()


def settings_for(prosody: Prosody, **changes: object) -> XmppSettings:
    values: dict[str, object] = {
        "jid": prosody.jid("bot"),
        "password": Secret.parse(prosody.password("bot")),
        "host": prosody.host,
        "port": prosody.port,
        "ca_file": str(prosody.certificates.ca),
    }
    return XmppSettings.model_validate(values | changes)


def connector_for(settings: XmppSettings) -> XmppConnector:
    context = ConnectorContext(name="chat", hostname="hub.test", clock=CLOCK, data_dir=Path("."))
    return XmppConnector(settings, context)


def parcel(to: str, text: str, identifier: str = "o_abc") -> Parcel:
    address = Address(channel="xmpp", normal=to)
    now = CLOCK.now()
    item = OutboxItem(
        id=OutboxId(identifier),
        account="chat",
        channel="xmpp",
        recipient=address,
        lane=lane_of("chat", address),
        purpose=Purpose.NOTICE,
        content=OutgoingContent(text=text, message_id=f"n-{identifier}"),
        due_at=now,
        created_at=now,
        give_up_at=now,
    )
    return Parcel(item=item, attempt=1)


async def test_a_message_is_accepted_then_confirmed(prosody: Prosody) -> None:
    inlet = FakeInlet()
    async with running(connector_for(settings_for(prosody)), inlet), ChatClient(prosody, "alice") as alice:
        inlet.accept_gate = asyncio.Event()
        sent = await alice.say(prosody.jid("bot"), "wer ist Müller? 🎉")
        await inlet.until(lambda: inlet.attempts == 1)
        assert alice.receipts.empty()  # XEP-0184: no receipt before it is kept
        inlet.accept_gate.set()
        assert await asyncio.wait_for(alice.receipts.get(), 5) == sent
    (arrival,) = inlet.arrivals
    assert arrival.native_id.startswith(f"xmpp:{prosody.jid('bot')}:")
    message = XMPP_PARSER.parse(arrival.raw, arrival.envelope, ParseContext(account="chat"))
    assert message.content.text == "wer ist Müller? 🎉"
    assert message.sender is not None
    assert message.sender.address.normal == prosody.jid("alice")
    assert message.strength is Strength.AUTHENTICATED


async def test_what_came_while_we_were_away_is_read_from_the_archive_once(prosody: Prosody) -> None:
    inlet = FakeInlet()
    prosody.register("dora")
    connector = connector_for(settings_for(prosody))

    def texts() -> list[str]:
        return [
            XMPP_PARSER.parse(a.raw, a.envelope, ParseContext(account="chat")).content.text
            for a in inlet.arrivals
            if a.sender_hint == prosody.jid("dora")
        ]

    async with ChatClient(prosody, "dora") as dora:
        async with running(connector, inlet):
            await dora.say(prosody.jid("bot"), "live")
            await inlet.until(lambda: len(texts()) == 1 and "archive" in inlet.cursors)
        await dora.say(prosody.jid("bot"), "while away")
        await asyncio.wait_for(_archived(prosody, dora), 5)
        async with running(connector, inlet):
            await inlet.until(lambda: len(texts()) == 2)
    assert texts() == ["live", "while away"]


async def _archived(prosody: Prosody, client: ChatClient) -> None:
    """A message to oneself comes back only after the server has handled what was sent before it."""
    await client.say(client.jid, "echo")
    while await client.hear() != "echo":
        pass


async def test_sending_ends_with_the_servers_acknowledgement(prosody: Prosody) -> None:
    inlet = FakeInlet()
    connector = connector_for(settings_for(prosody))
    async with ChatClient(prosody, "alice") as alice, running(connector, inlet):
        receipt = await connector.send(parcel(prosody.jid("alice"), "Neue Mail von Petra"))
        assert receipt.native_ref == "n-o_abc"
        assert await alice.hear() == "Neue Mail von Petra"
        await connector.say(f"{prosody.jid('alice')}/phone", "direkt", "t-1")
        assert await alice.hear() == "direkt"


async def test_a_store_that_is_down_costs_no_message(prosody: Prosody) -> None:
    inlet = FakeInlet()
    connector = connector_for(settings_for(prosody))
    async with ChatClient(prosody, "alice") as alice:
        async with running(connector, inlet) as task:
            inlet.accept_error, inlet.accept_errors_left = StoreUnavailable("down"), 1
            await alice.say(prosody.jid("bot"), "keep me")
            await asyncio.wait({task}, timeout=10)
            assert isinstance(task.exception(), Unreachable)
        async with running(connector, inlet):
            await inlet.until(lambda: any(b"keep me" in arrival.raw for arrival in inlet.arrivals))


async def test_a_wrong_password_parks(prosody: Prosody) -> None:
    connector = connector_for(settings_for(prosody, password=Secret.parse("wrong")))
    with pytest.raises(AuthRejected, match="password"):
        await asyncio.wait_for(connector.run(FakeInlet()), 20)


async def test_a_foreign_certificate_is_refused(prosody: Prosody) -> None:
    connector = connector_for(settings_for(prosody, ca_file=""))
    with pytest.raises((Misconfigured, Unreachable)):
        await asyncio.wait_for(connector.run(FakeInlet()), 20)


async def test_no_tls_is_for_loopback_only(prosody: Prosody) -> None:
    connector = connector_for(settings_for(prosody, host="xmpp.example", tls=TlsMode.NONE))
    with pytest.raises(Misconfigured, match="this machine"):
        await connector.run(FakeInlet())


async def test_a_cut_stream_is_reported_at_once(prosody: Prosody) -> None:
    inlet = FakeInlet()
    async with (
        CutProxy(prosody.host, prosody.port) as proxy,
        running(connector_for(settings_for(prosody, port=proxy.port)), inlet) as task,
    ):
        proxy.reset()
        await asyncio.wait({task}, timeout=10)
        assert isinstance(task.exception(), Unreachable)


async def test_the_probe_says_what_is_wrong(prosody: Prosody) -> None:
    good = await connector_for(settings_for(prosody)).probe()
    assert [step.ok for step in good] == [True, True]
    bad = await connector_for(settings_for(prosody, password=Secret.parse("wrong"))).probe()
    assert not bad[-1].ok
    assert "password" in bad[-1].fix
