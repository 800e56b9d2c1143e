"""XMPP when the network or the server misbehaves: nothing is lost, nothing is reported as sent that may not be."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.fields import Secret
from connectors.xmpp import acknowledgement, session
from connectors.xmpp.component import XmppComponent
from connectors.xmpp.connector import XmppConnector
from connectors.xmpp.settings import XmppSettings
from hub.domain.address import Address
from hub.domain.errors import LinkError, StoreUnavailable, TemporaryFailure, UnknownOutcome, Unreachable
from hub.domain.ids import OutboxId, random_id
from hub.domain.outbox import OutboxItem, OutgoingContent, Purpose, lane_of
from hub.ports.clock import SystemClock
from hub.ports.connector import ConnectorContext, LinkState, Parcel
from tests.fake_inlet import FakeInlet
from tests.fake_switchboard import FakeSwitchboard
from tests.peers.certificates import Certificates
from tests.peers.chat import ChatClient
from tests.peers.cut_proxy import CutProxy
from tests.peers.prosody import CRM_DOMAIN, SECRET, Prosody

CLOCK = SystemClock()
MODES = ("client", "component")


@pytest.fixture
def own_prosody(certificates: Certificates) -> Iterator[Prosody]:
    """One that a test may stop."""
    peer = Prosody(certificates)
    for user in ("bot", "carol"):
        peer.register(user)
    peer.start()
    yield peer
    peer.stop()


def connector_for(prosody: Prosody, mode: str, port: int = 0) -> XmppConnector | XmppComponent:
    context = ConnectorContext(
        name="chat", hostname="hub.test", clock=CLOCK, data_dir=Path("."), switchboard=FakeSwitchboard()
    )
    values = {"mode": mode, "host": prosody.host, "ca_file": str(prosody.certificates.ca)}
    if mode == "component":
        own = {"jid": f"hub@{CRM_DOMAIN}", "password": Secret.parse(SECRET), "port": port or prosody.component_port}
        return XmppComponent(XmppSettings.model_validate(values | own), context)
    own = {
        "jid": prosody.jid("bot"),
        "password": Secret.parse(prosody.password("bot")),
        "port": port or prosody.port,
        "strangers": "welcome",
    }
    return XmppConnector(XmppSettings.model_validate(values | own), context)


def address_of(prosody: Prosody, mode: str) -> str:
    return f"info@{CRM_DOMAIN}" if mode == "component" else prosody.jid("bot")


def parcel(to: str, text: str) -> Parcel:
    address, now, item_id = Address(channel="xmpp", normal=to), CLOCK.now(), OutboxId(random_id("o"))
    item = OutboxItem(
        id=item_id,
        account="chat",
        channel="xmpp",
        recipient=address,
        lane=lane_of("chat", address),
        purpose=Purpose.REPLY,
        content=OutgoingContent(text=text, message_id=item_id),
        due_at=now,
        created_at=now,
        give_up_at=now,
    )
    return Parcel(item=item, attempt=1)


async def ended(task: asyncio.Task[None]) -> BaseException | None:
    await asyncio.wait({task}, timeout=20)
    return task.exception()


async def end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, LinkError):
        await task


@pytest.mark.parametrize("mode", MODES)
async def test_what_the_server_does_not_confirm_is_an_unknown_outcome(
    prosody: Prosody, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acknowledgement, "ACK_SECONDS", 0.5)
    inlet = FakeInlet()
    port = prosody.component_port if mode == "component" else prosody.port
    async with CutProxy(prosody.host, port) as proxy:
        connector = connector_for(prosody, mode, proxy.port)
        task = asyncio.create_task(connector.run(inlet))
        await inlet.until_state(LinkState.UP)
        proxy.mute()
        with pytest.raises(UnknownOutcome):
            await connector.send(parcel(prosody.jid("carol"), "Gern!"))
        await end(task)
    with pytest.raises(TemporaryFailure):
        await connector.send(parcel(prosody.jid("carol"), "Gern!"))


@pytest.mark.parametrize("mode", MODES)
async def test_a_server_that_accepts_and_says_nothing_is_unreachable(
    prosody: Prosody, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "CONNECT_SECONDS", 0.5)
    port = prosody.component_port if mode == "component" else prosody.port
    async with CutProxy(prosody.host, port) as proxy:
        proxy.stall()
        with pytest.raises(Unreachable):
            await asyncio.wait_for(connector_for(prosody, mode, proxy.port).run(FakeInlet()), 20)


@pytest.mark.parametrize("mode", MODES)
async def test_a_restart_of_the_server_is_survived_and_both_directions_work_again(
    own_prosody: Prosody, mode: str
) -> None:
    inlet, connector = FakeInlet(), connector_for(own_prosody, mode)
    task = asyncio.create_task(connector.run(inlet))
    await inlet.until_state(LinkState.UP)
    own_prosody.stop()
    assert isinstance(await ended(task), Unreachable)
    with pytest.raises(TemporaryFailure):
        await connector.send(parcel(own_prosody.jid("carol"), "während des Ausfalls"))
    own_prosody.start()
    inlet.reports.clear()
    task = asyncio.create_task(connector.run(inlet))
    await inlet.until_state(LinkState.UP)
    async with ChatClient(own_prosody, "carol") as carol:
        await connector.send(parcel(own_prosody.jid("carol"), "wieder da"))
        assert await carol.hear() == "wieder da"
        await carol.say(address_of(own_prosody, mode), "gut")
        await inlet.until(lambda: any(b"gut" in arrival.raw for arrival in inlet.arrivals))
    await end(task)


async def test_a_component_whose_store_is_down_tells_the_sender_and_takes_the_next_message(prosody: Prosody) -> None:
    """A component has no archive that would bring the message again."""
    inlet, connector = FakeInlet(), connector_for(prosody, "component")
    task = asyncio.create_task(connector.run(inlet))
    await inlet.until_state(LinkState.UP)
    async with ChatClient(prosody, "carol") as carol:
        inlet.accept_error, inlet.accept_errors_left = StoreUnavailable("down"), 1
        await carol.say(address_of(prosody, "component"), "hallo")
        condition, _ = await carol.refused()
        assert condition == "resource-constraint"
        assert carol.receipts.empty()
        again = await carol.say(address_of(prosody, "component"), "noch einmal")
        assert await asyncio.wait_for(carol.receipts.get(), 5) == again
    await end(task)
    assert [b"noch einmal" in arrival.raw for arrival in inlet.arrivals] == [True]
