"""The XMPP component against a real Prosody: contacts as addresses, the public address, what strangers learn, forms."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from slixmpp.exceptions import IqError
from slixmpp.plugins.xep_0356.privilege import XEP_0356

from config.fields import Secret
from connectors.xmpp.component import XmppComponent
from connectors.xmpp.kind import XMPP
from connectors.xmpp.parse import XMPP_PARSER
from connectors.xmpp.settings import XmppSettings
from hub.domain.address import Address
from hub.domain.errors import AuthRejected, StoreUnavailable, UnknownOutcome, Unreachable
from hub.domain.ids import ContactId, OutboxId, random_id
from hub.domain.outbox import OutboxItem, OutgoingContent, Purpose, lane_of
from hub.domain.views import FileData
from hub.ports.bot import BotReply
from hub.ports.clock import SystemClock
from hub.ports.connector import ConnectorContext, Parcel
from hub.ports.parser import ParseContext
from hub.ports.switchboard import Caller, Relayed
from tests.fake_inlet import FakeInlet
from tests.fake_switchboard import FakeSwitchboard
from tests.peers.chat import ChatClient
from tests.peers.cut_proxy import CutProxy
from tests.peers.prosody import CRM_DOMAIN, SECRET, Prosody
from tests.running_connector import running as running_connector

CLOCK = SystemClock()
PETRA = Caller(
    contact_id=ContactId(random_id("c")), name="Petra Müller", organisation="Tischlerei", waiting=True, status="wartet"
)
HIDDEN = Caller(contact_id=ContactId(random_id("c")), name="Hidden")
BOT, INFO = f"hub@{CRM_DOMAIN}", f"info@{CRM_DOMAIN}"


def jid_of(caller: Caller) -> str:
    return f"c-{caller.contact_id[2:]}@{CRM_DOMAIN}"


def settings_for(prosody: Prosody, **changes: object) -> XmppSettings:
    values: dict[str, object] = {
        "mode": "component",
        "jid": BOT,
        "password": Secret.parse(SECRET),
        "host": prosody.host,
        "port": prosody.component_port,
        "upload": f"upload.{prosody.domain}",
        "ca_file": str(prosody.certificates.ca),
    }
    return XmppSettings.model_validate(values | changes)


@asynccontextmanager
async def running(
    settings: XmppSettings, switchboard: FakeSwitchboard, inlet: FakeInlet
) -> AsyncIterator[tuple[XmppComponent, asyncio.Task[None]]]:
    context = ConnectorContext(
        name="crm", hostname="hub.test", clock=CLOCK, data_dir=Path("."), switchboard=switchboard
    )
    component = XmppComponent(settings, context)
    async with running_connector(component, inlet) as task:
        yield component, task


def office(prosody: Prosody) -> FakeSwitchboard:
    """Alice is a colleague and sees Petra; Carol is nobody."""
    alice = prosody.jid("alice")
    return FakeSwitchboard(staff={alice: "de"}, seen={alice: [PETRA]})


def parcel(to: str, text: str, *, purpose: Purpose, contact: ContactId | None = None) -> Parcel:
    address, now = Address(channel="xmpp", normal=to), CLOCK.now()
    item_id = OutboxId(random_id("o"))
    item = OutboxItem(
        id=item_id,
        account="crm",
        channel="xmpp",
        recipient=address,
        lane=lane_of("crm", address),
        purpose=purpose,
        content=OutgoingContent(text=text, message_id=item_id),
        due_at=now,
        created_at=now,
        give_up_at=now,
        contact_id=contact,
    )
    return Parcel(item=item, attempt=1)


async def test_a_colleague_is_offered_the_contacts_that_they_should_see_once(prosody: Prosody) -> None:
    inlet, desk = FakeInlet(), office(prosody)
    kim = replace(PETRA, contact_id=ContactId(random_id("c")), name="Kim")
    desk.seen[prosody.jid("alice")] = [kim]
    async with ChatClient(prosody, "alice") as alice:
        async with running(settings_for(prosody), desk, inlet):
            offer = await alice.until_presence(jid_of(kim), "subscribe")
            assert offer["nick"]["nick"] == "Kim"
        while not alice.presences.empty():
            alice.presences.get_nowait()
        async with running(settings_for(prosody), desk, inlet):
            alice.present(jid_of(kim), "subscribe")  # comes after whatever the component says by itself
            heard = []
            async with asyncio.timeout(10):
                while "subscribed" not in heard:
                    heard.append((await alice.presences.get())["type"])
            assert "subscribe" not in heard[: heard.index("subscribed")]
    assert f"offered/{prosody.jid('alice')}" in inlet.cursors


async def test_whoever_may_see_a_contact_is_subscribed_at_once_and_sees_that_they_wait(prosody: Prosody) -> None:
    async with ChatClient(prosody, "alice") as alice, running(settings_for(prosody), office(prosody), FakeInlet()):
        alice.present(jid_of(PETRA), "subscribe")
        await alice.until_presence(jid_of(PETRA), "subscribed")
        there = await alice.until_presence(jid_of(PETRA), "available")
        assert there["status"] == "wartet"
        assert there["show"] == ""
        picture = there.xml.findtext("{vcard-temp:x:update}x/{vcard-temp:x:update}photo")
        card = await alice.client.plugin["xep_0054"].get_vcard(jid_of(PETRA), timeout=5)
        assert card["vcard_temp"]["FN"] == "Petra Müller"
        assert hashlib.sha1(card["vcard_temp"]["PHOTO"]["BINVAL"]).hexdigest() == picture


async def test_strangers_learn_nothing_of_who_is_a_contact(prosody: Prosody) -> None:
    nobody = replace(PETRA, contact_id=ContactId(random_id("c")))
    desk = office(prosody)
    async with ChatClient(prosody, "carol") as carol, running(settings_for(prosody), desk, FakeInlet()):
        heard = []
        for caller in (PETRA, nobody):
            await carol.say(jid_of(caller), "hello?")
            refusal = await carol.refused()
            carol.present(jid_of(caller), "subscribe")
            await carol.until_presence(jid_of(caller), "unsubscribed")
            with pytest.raises(IqError) as card:
                await carol.client.plugin["xep_0054"].get_vcard(jid_of(caller), timeout=5)
            info = await carol.client.plugin["xep_0030"].get_info(jid_of(caller), timeout=5)
            heard.append((refusal, card.value.condition, str(sorted(info["disco_info"]["features"]))))
        assert heard[0] == heard[1]
        assert heard[0][0] == ("service-unavailable", "")
    assert desk.relayed == []


async def test_a_colleague_who_may_not_see_a_contact_is_told_like_a_stranger_that_there_is_none(
    prosody: Prosody,
) -> None:
    async with ChatClient(prosody, "alice") as alice, running(settings_for(prosody), office(prosody), FakeInlet()):
        alice.present(jid_of(HIDDEN), "subscribe")
        await alice.until_presence(jid_of(HIDDEN), "unsubscribed")


async def test_a_colleagues_words_are_relayed_then_confirmed(prosody: Prosody) -> None:
    desk = office(prosody)
    async with ChatClient(prosody, "alice") as alice, running(settings_for(prosody), desk, FakeInlet()):
        sent = await alice.say(jid_of(PETRA), "Angebot kommt heute")
        assert await asyncio.wait_for(alice.receipts.get(), 5) == sent
    ((who, contact, text, key, files),) = desk.relayed
    assert (who, contact, text, files) == (prosody.jid("alice"), PETRA.contact_id, "Angebot kommt heute", ())
    assert key == f"xmpp:{prosody.jid('alice')}#{sent}"


async def test_what_is_refused_comes_back_with_a_sentence_and_no_receipt(prosody: Prosody) -> None:
    desk = office(prosody)
    desk.outcome = Relayed(accepted=False, sentence="Hierum kümmert sich jemand anderes.")
    async with ChatClient(prosody, "alice") as alice, running(settings_for(prosody), desk, FakeInlet()):
        await alice.say(jid_of(PETRA), "Angebot kommt heute")
        assert await alice.refused() == ("not-acceptable", "Hierum kümmert sich jemand anderes.")
        desk.outcome = Relayed(accepted=True)
        desk.error = StoreUnavailable("down")
        await alice.say(jid_of(PETRA), "noch einmal")
        assert (await alice.refused())[0] == "resource-constraint"
        desk.error = None
        await alice.say(jid_of(PETRA), "/ntoe er ist wütend")
        assert (await alice.refused())[0] == "not-acceptable"
        assert alice.receipts.empty()
    assert desk.relayed == []


async def test_what_is_encrypted_for_nobody_here_never_reaches_a_customer(prosody: Prosody) -> None:
    desk = office(prosody)
    async with ChatClient(prosody, "alice") as alice, running(settings_for(prosody), desk, FakeInlet()):
        alice.client.send_raw(
            f"<message to='{jid_of(PETRA)}' type='chat' id='e-1'><body>I sent you an OMEMO message</body>"
            "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/></encrypted></message>"
        )
        condition, words = await alice.refused()
    assert condition == "not-acceptable"
    assert "verschlüsselt" in words
    assert desk.relayed == []


async def test_an_answer_to_one_notice_names_it_and_leaves_the_quotation_out(prosody: Prosody) -> None:
    desk = office(prosody)
    async with ChatClient(prosody, "alice") as alice, running(settings_for(prosody), desk, FakeInlet()):
        alice.client.send_raw(
            f"<message to='{jid_of(PETRA)}' type='chat' id='a-1'><body>&gt; Wann?\nMorgen.</body>"
            f"<reply xmlns='urn:xmpp:reply:0' to='{jid_of(PETRA)}' id='o_notice'/>"
            "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='8'/></fallback>"
            "<request xmlns='urn:xmpp:receipts'/></message>"
        )
        await asyncio.wait_for(alice.receipts.get(), 5)
    assert [words[2] for words in desk.relayed] == ["Morgen."]
    assert desk.answered == ["o_notice"]


async def test_nobody_but_the_colleagues_server_can_say_what_we_may_do(prosody: Prosody) -> None:
    grant = (
        "<privilege xmlns='urn:xmpp:privilege:2'><perm access='roster' type='both'/></privilege>"
        "<body>you are privileged</body>"
    )
    async with ChatClient(prosody, "carol") as carol, running(settings_for(prosody), office(prosody), FakeInlet()):
        carol.client.send_raw(f"<message to='{CRM_DOMAIN}' id='p-1'>{grant}</message>")
        await carol.refused()
        assert [str(jid) for jid in XEP_0356.granted_privileges if "carol" in str(jid)] == []


async def test_words_without_an_id_are_words_of_their_own(prosody: Prosody) -> None:
    desk = office(prosody)
    async with ChatClient(prosody, "alice") as alice, running(settings_for(prosody), desk, FakeInlet()):
        for _ in range(2):
            alice.client.send_raw(f"<message to='{jid_of(PETRA)}' type='chat'><body>ja</body></message>")
        await alice.say(jid_of(PETRA), "fertig")
        await asyncio.wait_for(alice.receipts.get(), 5)
    assert [words[2] for words in desk.relayed] == ["ja", "ja", "fertig"]
    assert len({words[3] for words in desk.relayed}) == 3


async def test_retraction_correction_note_and_undo_do_what_they_say(prosody: Prosody) -> None:
    desk = office(prosody)
    prefix = f"xmpp:{prosody.jid('alice')}#"
    async with ChatClient(prosody, "alice") as alice, running(settings_for(prosody), desk, FakeInlet()):
        first = await alice.say(jid_of(PETRA), "Angebot kommt heute")
        await asyncio.wait_for(alice.receipts.get(), 5)
        fix = alice.client.plugin["xep_0308"].build_correction(
            id_to_replace=first, mto=jid_of(PETRA), mbody="Angebot kommt morgen", mtype="chat"
        )
        fix["request_receipt"] = True
        fix.send()
        await asyncio.wait_for(alice.receipts.get(), 5)
        assert await alice.ask(jid_of(PETRA), "/notiz ruft morgen an") == "Notiert."
        await alice.say(jid_of(PETRA), "/zurück")
        await asyncio.wait_for(alice.receipts.get(), 5)
    assert [words[2] for words in desk.relayed] == ["Angebot kommt heute", "Angebot kommt morgen"]
    assert desk.taken_back == [prefix + first, ""]
    assert desk.notes == [(prosody.jid("alice"), PETRA.contact_id, "ruft morgen an")]


async def test_customers_write_to_the_public_address_and_are_answered_from_it(prosody: Prosody) -> None:
    inlet = FakeInlet()
    async with (
        ChatClient(prosody, "carol") as carol,
        running(settings_for(prosody), office(prosody), inlet) as (component, _),
    ):
        sent = await carol.say(INFO, "Guten Tag")
        assert await asyncio.wait_for(carol.receipts.get(), 5) == sent
        (arrival,) = inlet.arrivals
        assert arrival.native_id == f"xmpp:{prosody.jid('carol')}:{sent}"
        message = XMPP_PARSER.parse(arrival.raw, arrival.envelope, ParseContext(account="crm"))
        assert message.content.text == "Guten Tag"
        receipt = await component.send(parcel(prosody.jid("carol"), "Gern!", purpose=Purpose.REPLY))
        heard = await asyncio.wait_for(carol.messages.get(), 5)
        assert (heard["from"].bare, heard["body"], heard["id"]) == (INFO, "Gern!", receipt.native_ref)
        # XEP-0184 and XEP-0333: what the customer's client tells becomes the state of the item
        await inlet.until(lambda: bool(inlet.updates))
        carol.client.plugin["xep_0333"].send_marker(heard["from"], heard["id"], "displayed", mtype="chat")
        await inlet.until(lambda: len(inlet.updates) == 2)
        assert [(one.native_ref, one.status.action, one.status.diagnostic) for one in inlet.updates] == [
            (receipt.native_ref, "delivered", ""),
            (receipt.native_ref, "delivered", "displayed"),
        ]


async def test_news_of_a_contact_come_from_the_contact_and_other_news_from_the_bot(prosody: Prosody) -> None:
    async with (
        ChatClient(prosody, "alice") as alice,
        running(settings_for(prosody), office(prosody), FakeInlet()) as (component, _),
    ):
        contact = PETRA.contact_id
        await component.send(parcel(prosody.jid("alice"), "Wann?", purpose=Purpose.NOTICE, contact=contact))
        await component.send(parcel(prosody.jid("alice"), "Guten Morgen", purpose=Purpose.NOTICE))
        await component.say(f"{prosody.jid('alice')}/phone", "Wen?", "t-1", choices=("1", "2"))
        heard = [await asyncio.wait_for(alice.messages.get(), 5) for _ in range(3)]
    assert [(one["from"].bare, one["body"]) for one in heard] == [
        (jid_of(PETRA), "Wann?"),
        (BOT, "Guten Morgen"),
        (BOT, "Wen?\n→ 1 / 2"),
    ]


async def test_a_colleague_sees_that_the_contact_is_writing(prosody: Prosody) -> None:
    async with (
        ChatClient(prosody, "alice") as alice,
        running(settings_for(prosody), office(prosody), FakeInlet()) as (component, _),
    ):
        for writing, state in ((True, "composing"), (False, "paused")):
            await component.show_writing(
                Address(channel="xmpp", normal=prosody.jid("alice")), PETRA.contact_id, writing=writing
            )
            told = await alice.until_stanza(f"{{http://jabber.org/protocol/chatstates}}{state}")
            assert told["from"].bare == jid_of(PETRA)
            assert told["body"] == ""


async def test_the_bot_hears_colleagues_and_codes_and_tells_others_where_to_write(prosody: Prosody) -> None:
    inlet = FakeInlet()
    async with (
        ChatClient(prosody, "alice") as alice,
        ChatClient(prosody, "carol") as carol,
        running(settings_for(prosody), office(prosody), inlet),
    ):
        await alice.say(BOT, "posteingang")
        await carol.say(BOT, "hallo?")
        condition, words = await carol.refused()
        await carol.say(BOT, "link ABCD-EFGH")
        await inlet.until_arrivals(2)
    assert condition == "forbidden"
    assert INFO in words
    assert [arrival.sender_hint for arrival in inlet.arrivals] == [prosody.jid("alice"), prosody.jid("carol")]


async def test_files_go_both_ways(prosody: Prosody) -> None:
    desk = office(prosody)
    async with (
        ChatClient(prosody, "alice") as alice,
        running(settings_for(prosody), desk, FakeInlet()) as (component, _),
    ):
        picture = FileData(name="umsatz ä.png", type="image/png", data=b"\x89PNG" + bytes(2000))
        await component.say(f"{prosody.jid('alice')}/phone", "Umsatz", "t-2", files=(picture,))
        assert await alice.hear() == "Umsatz"
        shared = await asyncio.wait_for(alice.messages.get(), 5)
        url = shared["oob"]["url"]
        assert shared["body"] == url
        assert url.startswith(f"http://localhost:{prosody.http_port}/")
        answer = alice.client.make_message(mto=jid_of(PETRA), mbody=url, mtype="chat")
        answer["oob"]["url"], answer["request_receipt"] = url, True
        answer.send()
        await asyncio.wait_for(alice.receipts.get(), 5)
    ((_, _, text, _, (file,)),) = desk.relayed
    assert (text, file.data, file.type) == ("", picture.data, "image/png")


async def test_a_form_does_what_the_chat_can(prosody: Prosody) -> None:
    desk = office(prosody)
    desk.answers = [
        BotReply(text="An p.mueller@…: „Ja“. Senden?", intent="reply", buttons=("ja", "nein")),
        BotReply(text="Gesendet 10:02.", intent="confirm"),
    ]
    async with (
        ChatClient(prosody, "alice") as alice,
        ChatClient(prosody, "carol") as carol,
        running(settings_for(prosody), desk, FakeInlet()),
    ):
        adhoc = alice.client.plugin["xep_0050"]
        listed = await adhoc.get_commands(BOT, timeout=5)
        nodes = {item[1] for item in listed["disco_items"]["items"]}
        assert {f"fernamt#{name}" for name in ("who", "inbox", "reply", "book", "status")} <= nodes

        async def step(**values: str) -> object:
            order = alice.client.make_iq_set(ito=BOT)
            order["command"]["node"] = "fernamt#reply"
            order["command"]["action"] = "next" if values else "execute"
            if values:
                order["command"]["sessionid"] = session
                form = alice.client.plugin["xep_0004"].make_form("submit")
                for name, value in values.items():
                    form.add_field(var=name, value=value)
                order["command"].append(form)
            return await order.send(timeout=5)

        session = ""
        first = await step()
        session = first["command"]["sessionid"]  # type: ignore[index]
        asked = await step(contact="Petra Müller", text="Ja")
        assert "Senden?" in asked["command"]["form"]["instructions"]  # type: ignore[index]
        done = await step(choice="ja")
        assert done["command"]["status"] == "completed"  # type: ignore[index]
        assert desk.asked == ["antworte Petra Müller: Ja", "ja"]
        order = carol.client.make_iq_set(ito=BOT)
        order["command"]["node"], order["command"]["action"] = "fernamt#inbox", "execute"
        with pytest.raises(IqError) as refused:
            await order.send(timeout=5)
        assert refused.value.condition == "forbidden"


async def test_a_stranger_who_floods_is_told_and_the_others_are_not_harmed(prosody: Prosody) -> None:
    inlet = FakeInlet()
    async with (
        ChatClient(prosody, "carol") as carol,
        ChatClient(prosody, "alice") as alice,
        running(settings_for(prosody, stranger_minute=2), office(prosody), inlet),
    ):
        for number in range(3):
            await carol.say(INFO, f"buy {number}")
        assert (await carol.refused())[0] == "resource-constraint"
        await alice.say(BOT, "posteingang")
        await inlet.until_arrivals(3)
    assert [arrival.sender_hint for arrival in inlet.arrivals].count(prosody.jid("carol")) == 2


async def test_a_wrong_secret_parks_and_the_probe_says_so(prosody: Prosody) -> None:
    wrong = settings_for(prosody, password=Secret.parse("wrong"))
    context = ConnectorContext(name="crm", hostname="hub.test", clock=CLOCK, data_dir=Path("."))
    with pytest.raises(AuthRejected):
        await asyncio.wait_for(XmppComponent(wrong, context).run(FakeInlet()), 20)
    steps = await XmppComponent(wrong, context).probe()
    assert [step.ok for step in steps] == [True, False]
    assert "secret" in steps[-1].fix
    good = await XmppComponent(settings_for(prosody), context).probe()
    assert [step.ok for step in good] == [True, True]


async def test_a_cut_stream_is_reported_at_once_and_what_was_on_its_way_is_unknown(prosody: Prosody) -> None:
    inlet = FakeInlet()
    async with (
        CutProxy(prosody.host, prosody.component_port) as proxy,
        running(settings_for(prosody, port=proxy.port), office(prosody), inlet) as (component, task),
    ):
        proxy.mute()
        proxy.after_client(b"Gern!", proxy.reset)
        with pytest.raises(UnknownOutcome):
            await component.send(parcel(prosody.jid("carol"), "Gern!", purpose=Purpose.REPLY))
        await asyncio.wait({task}, timeout=10)
        assert isinstance(task.exception(), Unreachable)


def test_the_registry_knows_both_modes(prosody: Prosody) -> None:
    settings = settings_for(prosody)
    assert XMPP.sender_address(settings) == INFO
    assert XMPP.own_addresses(settings) == (f"*@{CRM_DOMAIN}",)
    assert XMPP.speaks_as_contacts(settings)
