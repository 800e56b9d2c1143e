"""What an XMPP account knows beside plain messages, against a real Prosody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config.fields import Secret
from connectors.xmpp.connector import XmppConnector
from connectors.xmpp.parse import XMPP_PARSER
from connectors.xmpp.settings import XmppSettings
from hub.domain.address import Address
from hub.domain.arrival import Arrival
from hub.domain.errors import TooLarge
from hub.domain.facts import Relation
from hub.domain.ids import OutboxId, random_id
from hub.domain.message import Attachment, Message
from hub.domain.outbox import OutboxItem, OutgoingContent, Purpose, lane_of
from hub.domain.signal import SignalKind
from hub.domain.views import FileData
from hub.ports.clock import SystemClock
from hub.ports.connector import ConnectorContext, Parcel
from hub.ports.parser import ParseContext
from tests.fake_inlet import FakeInlet
from tests.fake_switchboard import FakeSwitchboard
from tests.peers.chat import ChatClient
from tests.peers.prosody import Prosody
from tests.running_connector import running as running_connector

CLOCK = SystemClock()


@asynccontextmanager
async def running(
    prosody: Prosody, inlet: FakeInlet, switchboard: FakeSwitchboard | None = None, **changes: Any
) -> AsyncIterator[XmppConnector]:
    values: dict[str, Any] = {
        "jid": prosody.jid("bot"),
        "password": Secret.parse(prosody.password("bot")),
        "host": prosody.host,
        "port": prosody.port,
        "ca_file": str(prosody.certificates.ca),
    }
    context = ConnectorContext(
        name="chat", hostname="hub.test", clock=CLOCK, data_dir=Path("."), switchboard=switchboard
    )
    connector = XmppConnector(XmppSettings.model_validate(values | changes), context)
    async with running_connector(connector, inlet):
        yield connector


def understood(inlet: FakeInlet, number: int = -1) -> Message:
    arrival = inlet.arrivals[number]
    return XMPP_PARSER.parse(arrival.raw, arrival.envelope, ParseContext(account="chat"))


def parcel(to: str, text: str, files: tuple[tuple[str, bytes], ...] = ()) -> Parcel:
    address, now, item_id = Address(channel="xmpp", normal=to), CLOCK.now(), OutboxId(random_id("o"))
    described = tuple(
        Attachment(index=index, name=name, type="application/pdf", size=len(data), sha256="")
        for index, (name, data) in enumerate(files)
    )
    item = OutboxItem(
        id=item_id,
        account="chat",
        channel="xmpp",
        recipient=address,
        lane=lane_of("chat", address),
        purpose=Purpose.REPLY,
        content=OutgoingContent(text=text, message_id=item_id, attachments=described),
        due_at=now,
        created_at=now,
        give_up_at=now,
    )
    return Parcel(item=item, attempt=1, files=tuple(data for _, data in files))


def other_client(prosody: Prosody) -> ChatClient:
    """A person who uses the bot's account in a client of their own."""
    return ChatClient(prosody, "bot")


async def test_a_receipt_says_delivered_and_a_marker_displayed(prosody: Prosody) -> None:
    inlet = FakeInlet()
    async with ChatClient(prosody, "alice") as alice, running(prosody, inlet) as connector:
        receipt = await connector.send(parcel(prosody.jid("alice"), "Guten Tag"))
        heard = await asyncio.wait_for(alice.messages.get(), 5)
        await inlet.until(lambda: len(inlet.updates) == 1)
        alice.client.plugin["xep_0333"].send_marker(heard["from"], heard["id"], "displayed", mtype="chat")
        await inlet.until(lambda: len(inlet.updates) == 2)
    assert {update.native_ref for update in inlet.updates} == {receipt.native_ref}
    assert [(one.status.action, one.status.diagnostic) for one in inlet.updates] == [
        ("delivered", ""),
        ("delivered", "displayed"),
    ]
    assert inlet.arrivals == []


async def test_what_the_server_cannot_deliver_comes_back_as_failed(prosody: Prosody) -> None:
    inlet = FakeInlet()
    async with running(prosody, inlet) as connector:
        receipt = await connector.send(parcel("nobody@nowhere.invalid", "Guten Tag"))
        await inlet.until(lambda: bool(inlet.updates))
    (update,) = inlet.updates
    assert (update.native_ref, update.status.action) == (receipt.native_ref, "failed")


async def test_whom_the_account_blocks_gets_nothing_and_the_item_says_so(prosody: Prosody) -> None:
    inlet = FakeInlet()
    prosody.register("pest")
    async with running(prosody, inlet) as connector, other_client(prosody) as person:
        person.client.register_plugin("xep_0191")
        await person.client.plugin["xep_0191"].block(prosody.jid("pest"), timeout=5)
        async with ChatClient(prosody, "pest") as pest:
            await pest.say(prosody.jid("bot"), "buy!")
            await pest.refused()
            await connector.send(parcel(prosody.jid("pest"), "Guten Tag"))
            await inlet.until(lambda: bool(inlet.updates))
            assert pest.messages.empty()
    assert inlet.updates[0].status.diagnostic.startswith("blocked")
    assert inlet.arrivals == []


async def test_somebody_who_writes_is_signalled_once_and_when_they_stop(prosody: Prosody) -> None:
    inlet = FakeInlet()
    async with ChatClient(prosody, "alice") as alice, running(prosody, inlet):
        for state in ("composing", "composing", "paused"):
            message = alice.client.make_message(mto=prosody.jid("bot"), mtype="chat")
            message["chat_state"] = state
            message.send()
        await inlet.until(lambda: len(inlet.signals) == 2)
    assert [(one.kind, one.address.normal if one.address else "") for one in inlet.signals] == [
        (SignalKind.COMPOSING, prosody.jid("alice")),
        (SignalKind.PAUSED, prosody.jid("alice")),
    ]
    assert inlet.arrivals == []


async def test_corrections_reactions_and_retractions_name_what_they_are_about(prosody: Prosody) -> None:
    inlet = FakeInlet()
    bot, own = prosody.jid("bot"), f"xmpp:{prosody.jid('alice')}:"
    async with ChatClient(prosody, "alice") as alice, running(prosody, inlet):
        first = await alice.say(bot, "um 10 Uhr")
        await inlet.until_arrivals(1)
        assert understood(inlet).message_id == own + first
        alice.client.plugin["xep_0308"].build_correction(
            id_to_replace=first, mto=bot, mbody="um 11 Uhr", mtype="chat"
        ).send()
        await inlet.until_arrivals(2)
        corrected = understood(inlet)
        alice.client.plugin["xep_0444"].send_reactions(alice.client.make_message(mto=bot)["to"], first, ["👍"])
        await inlet.until_arrivals(3)
        reaction = understood(inlet)
        alice.client.send_raw(
            f"<message to='{bot}' type='chat' id='gone-1'>"
            f"<retract xmlns='urn:xmpp:message-retract:1' id='{first}'/></message>"
        )
        await inlet.until_arrivals(4)
        retraction = understood(inlet)
    assert (corrected.relation, corrected.related_to, corrected.content.text) == (
        Relation.CORRECTION,
        (own + first,),
        "um 11 Uhr",
    )
    assert (reaction.relation, reaction.content.text) == (Relation.REACTION, "👍")
    assert reaction.related_to == (own + first,)
    assert (retraction.relation, retraction.related_to) == (Relation.RETRACTION, (own + first,))


async def test_what_is_written_with_the_account_elsewhere_is_ours_live_and_from_the_archive_once(
    prosody: Prosody,
) -> None:
    inlet = FakeInlet()
    prosody.register("erna")
    erna = prosody.jid("erna")

    def sent() -> list[Arrival]:
        """The archive may also bring what an earlier test wrote in the last seconds."""
        return [arrival for arrival in inlet.arrivals if arrival.sender_hint == erna]

    async with ChatClient(prosody, "erna") as customer, other_client(prosody) as person:
        async with running(prosody, inlet):
            identifier = await person.say(erna, "Ich rufe an.")
            await inlet.until(lambda: len(sent()) == 1 and "archive" in inlet.cursors)
        assert await customer.hear() == "Ich rufe an."
        await person.say(erna, "Jetzt.")
        assert await customer.hear() == "Jetzt."
        async with running(prosody, inlet):
            await inlet.until(lambda: len(sent()) == 2)
    assert all(arrival.envelope.outgoing for arrival in sent())
    assert sent()[0].native_id == f"xmpp:{prosody.jid('bot')}:sent:{identifier}"
    assert sent()[0].native_id in [one.native_id for one in inlet.repeated]
    assert b"Ich rufe an." in sent()[0].raw


async def test_what_goes_to_a_colleague_from_elsewhere_is_no_customers_timeline(prosody: Prosody) -> None:
    inlet, desk = FakeInlet(), FakeSwitchboard(staff={prosody.jid("alice"): "de"})
    async with (
        ChatClient(prosody, "alice") as alice,
        other_client(prosody) as person,
        running(prosody, inlet, desk),
    ):
        await person.say(prosody.jid("alice"), "unter uns")
        assert await alice.hear() == "unter uns"
        await person.say(prosody.jid("carol"), "an Sie")
        await inlet.until_arrivals(1)
    assert [arrival.sender_hint for arrival in inlet.arrivals] == [prosody.jid("carol")]


async def share(client: ChatClient, to: str, name: str, data: bytes) -> str:
    """Upload and say where, as clients do."""
    import io

    url = await client.client.plugin["xep_0363"].upload_file(
        name, size=len(data), content_type="application/pdf", input_file=io.BytesIO(data), timeout=5
    )
    message = client.client.make_message(mto=to, mbody=url, mtype="chat")
    message["oob"]["url"] = url
    message.send()
    return str(url)


async def test_a_shared_file_is_fetched_before_it_is_kept(prosody: Prosody) -> None:
    inlet, desk = FakeInlet(), FakeSwitchboard(contacts={prosody.jid("carol")})
    data = b"%PDF-1.4 " + bytes(3000)
    async with ChatClient(prosody, "carol") as carol, running(prosody, inlet, desk):
        await share(carol, prosody.jid("bot"), "rechnung.pdf", data)
        await inlet.until_arrivals(1)
    message = understood(inlet)
    assert message.content.text == ""
    (file,) = message.content.attachments
    assert (file.name, file.type, file.size) == ("rechnung.pdf", "application/pdf", len(data))
    assert XMPP_PARSER.extract(inlet.arrivals[0].raw, 0) == data


async def test_nothing_is_fetched_for_strangers_where_they_are_refused(prosody: Prosody) -> None:
    inlet = FakeInlet()
    async with ChatClient(prosody, "carol") as carol, running(prosody, inlet, FakeSwitchboard()):
        url = await share(carol, prosody.jid("bot"), "rechnung.pdf", b"%PDF-1.4")
        await inlet.until_arrivals(1)
    message = understood(inlet)
    assert message.content.attachments == ()
    assert message.content.text == url
    assert message.problems


async def test_files_are_sent_after_the_words_and_can_be_fetched(prosody: Prosody) -> None:
    async with ChatClient(prosody, "alice") as alice, running(prosody, FakeInlet()) as connector:
        item = parcel(prosody.jid("alice"), "Anbei", (("rechnung ä.pdf", b"%PDF-1.4"),))
        await connector.send(item)
        assert await alice.hear() == "Anbei"
        shared = await asyncio.wait_for(alice.messages.get(), 5)
        assert shared["oob"]["url"] == shared["body"]
        assert shared["body"].endswith(".pdf")
        assert shared.xml.findtext(".//{urn:xmpp:jingle:apps:file-transfer:5}name") == "rechnung ä.pdf"
        await connector.say(
            prosody.jid("alice"),
            "Wen?",
            "t-9",
            choices=("ja", "nein"),
            files=(FileData(name="a.txt", type="text/plain", data=b"x"),),
        )
        assert await alice.hear() == "Wen?\n→ ja / nein"


async def test_ac29_a_file_over_the_limit_is_refused_with_a_clear_code_before_anything_is_said(
    prosody: Prosody,
) -> None:
    large = (("film.pdf", bytes(3 * 1024 * 1024)),)
    async with ChatClient(prosody, "alice") as alice:
        async with running(prosody, FakeInlet()) as connector:
            with pytest.raises(TooLarge) as told:  # what the server says: 2 MiB
                await connector.send(parcel(prosody.jid("alice"), "Anbei", large))
        async with running(prosody, FakeInlet(), max_file_bytes=1000) as connector:
            with pytest.raises(TooLarge, match="1,000"):
                await connector.send(parcel(prosody.jid("alice"), "Anbei", (("a.pdf", bytes(1001)),)))
            await connector.send(parcel(prosody.jid("alice"), "ohne"))
            assert await alice.hear() == "ohne"
    assert told.value.code == "send-too-large"
    assert "2,097,152" in told.value.sentence


async def test_colleagues_find_commands_on_the_account_too(prosody: Prosody) -> None:
    desk = FakeSwitchboard(staff={prosody.jid("alice"): "en"})
    async with ChatClient(prosody, "alice") as alice, running(prosody, FakeInlet(), desk):
        account = f"{prosody.jid('bot')}/fernamt"
        listed = await alice.client.plugin["xep_0050"].get_commands(account, timeout=5)
        assert ("fernamt#inbox") in {item[1] for item in listed["disco_items"]["items"]}
        order = alice.client.make_iq_set(ito=account)
        order["command"]["node"], order["command"]["action"] = "fernamt#inbox", "execute"
        done = await order.send(timeout=5)
        assert done["command"]["status"] == "completed"
        card = await alice.client.plugin["xep_0054"].get_vcard(prosody.jid("bot"), timeout=5)
        assert card["vcard_temp"]["FN"] == "Fernamt"
    assert desk.asked == ["inbox"]


async def test_a_flood_of_a_stranger_is_refused_and_told(prosody: Prosody) -> None:
    inlet = FakeInlet()
    async with ChatClient(prosody, "carol") as carol, running(prosody, inlet, stranger_minute=2):
        for number in range(3):
            await carol.say(prosody.jid("bot"), f"buy {number}")
        assert (await carol.refused())[0] == "resource-constraint"
    assert len(inlet.arrivals) == 2


def test_an_item_goes_out_under_the_same_id_at_every_attempt() -> None:
    from connectors.xmpp.delivery import stanza_id_of

    item = parcel("a@b.test", "x").item
    assert stanza_id_of(item) == stanza_id_of(replace(item, version=item.version + 1))
