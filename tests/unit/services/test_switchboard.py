"""Colleagues' words to a contact's address, and who is in their contact lists."""

from dataclasses import replace

import pytest

from hub.domain.address import Address
from hub.domain.arrival import Arrival
from hub.domain.contact import Contact
from hub.domain.conversation import Conversation
from hub.domain.errors import StoreUnavailable
from hub.domain.ids import ArrivalId, OutboxId, derived_id
from hub.domain.message import Attachment
from hub.domain.outbox import OutboxItem, OutboxState, OutgoingContent, Purpose, lane_of
from hub.domain.people import Actor, RowScope, UserRole
from hub.domain.signal import Signal, SignalKind
from hub.domain.views import FileData
from hub.ports.bot import BotReply, Recorded
from hub.ports.kinds import AUDIT, CONTACTS, CONVERSATIONS, INTERACTIONS, OUTBOX
from hub.services.notices import WORDS_BUDGET, words_of
from hub.services.rows import Rows
from hub.services.scoped import scope_rows
from hub.services.switchboard import Exchange
from tests.architecture.test_rights import bundle
from tests.fake_connector import CHAT_ACCOUNT
from tests.office import Office
from tests.outbox_world import World

ANNA = Address(channel="xmpp", normal="anna@joinery.example")
BEN = Address(channel="xmpp", normal="ben@joinery.example")
STRANGER = Address(channel="xmpp", normal="mallory@evil.example")


class Door:
    """The bot's, which repeats what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[Actor, str]] = []

    async def take(self, arrival: Arrival) -> bool:
        return False

    async def refuse(self, account: str, address: Address, arrival_id: ArrivalId) -> None: ...

    async def ask(self, actor: Actor, text: str) -> BotReply:
        self.heard.append((actor, text))
        return BotReply(text=text, intent="who")


class Desk:
    """Anna and Ben have linked accounts; Petra waits since a mail of hers."""

    office: Office
    exchange: Exchange
    door: Door
    petra: Contact
    conversation: Conversation

    @classmethod
    async def open(cls, **conversation: object) -> "Desk":
        self = cls()
        self.office, verbs = await bundle()
        office, self.door = self.office, Door()
        for name, address in (("anna", ANNA), ("ben", BEN)):
            code = await office.users.link_code(office.admin, office.user_id(name))
            assert await office.users.bind(address, code) is not None
        self.petra = await office.customer("Petra Müller", "petra.mueller@customer.example")
        self.conversation = await office.conversation(self.petra, "Angebot", **conversation)  # type: ignore[arg-type]
        self.exchange = Exchange(
            store=office.store,
            clock=office.clock,
            verbs=scope_rows(verbs, Rows(office.store, office.staff)),
            door=self.door,
            rows=Rows(office.store, office.staff),
            accounts=office.accounts,
            linked=office.users.staff,
            find_items=office.world.outbox.find_entry_items,
            time_zone="Europe/Berlin",
        )
        return self

    def items(self) -> list[tuple[str, OutboxState]]:
        rows = self.office.store.documents(OUTBOX).rows.values()
        return [(item.content.text, item.state) for item in rows if item.purpose is Purpose.REPLY]


@pytest.fixture
async def desk() -> Desk:
    return await Desk.open()


async def test_words_answer_the_contact_on_the_conversation_that_waits_once_and_are_audited(desk: Desk) -> None:
    for _ in range(2):  # the same stanza, delivered twice
        done = await desk.exchange.relay(ANNA, desk.petra.id, "Kommt heute.", key="k1")
        assert done.accepted
    assert desk.items() == [("Kommt heute.", OutboxState.QUEUED)]
    (item,) = desk.office.store.documents(OUTBOX).rows.values()
    assert item.conversation_id == desk.conversation.id
    assert item.author == desk.office.user_id("anna")
    await desk.office.audit.flush()
    told = {(entry.verb, entry.actor) for entry in desk.office.store.documents(AUDIT).rows.values()}
    assert ("conversations.reply", f"user:{desk.office.user_id('anna')}") in told


async def test_an_answer_to_one_notice_goes_to_that_conversation(desk: Desk) -> None:
    office = desk.office
    office.clock.advance(60)
    other = await office.conversation(desk.petra, "Reklamation")

    async def notice(entry: str, to: Address) -> str:
        now = office.clock.now()
        item = OutboxItem(
            id=OutboxId(derived_id("o", entry, to.key)),
            account="chat",
            channel="xmpp",
            recipient=to,
            lane=lane_of("chat", to),
            purpose=Purpose.NOTICE,
            content=OutgoingContent(text="x"),
            due_at=now,
            created_at=now,
            give_up_at=now,
            cause=entry,
        )
        await office.store.documents(OUTBOX).insert(item)
        return item.id

    mine = await notice(other.last_interaction, ANNA)
    bens = await notice(other.last_interaction, BEN)
    for key, answers in (("k1", ""), ("k2", mine), ("k3", bens), ("k4", "o_nothing"), ("k5", "else")):
        assert (await desk.exchange.relay(ANNA, desk.petra.id, key, key=key, answers=answers)).accepted
    items = office.store.documents(OUTBOX).rows.values()
    went = {item.content.text: item.conversation_id for item in items if item.purpose is Purpose.REPLY}
    assert went["k2"] == other.id
    assert went["k1"] == desk.conversation.id


async def test_words_can_be_taken_back_by_their_key_or_as_the_last_ones_while_they_have_not_left(desk: Desk) -> None:
    await desk.exchange.relay(ANNA, desk.petra.id, "Eins", key="k1")
    assert (await desk.exchange.take_back(ANNA, "k1")).accepted
    await desk.exchange.relay(ANNA, desk.petra.id, "Zwei", key="k2")
    back = await desk.exchange.take_back(ANNA, "")
    assert (back.accepted, back.sentence) == (True, "Zurückgeholt; nichts ist hinausgegangen.")
    assert [state for _, state in desk.items()] == [OutboxState.CANCELLED] * 2
    assert not (await desk.exchange.take_back(ANNA, "never said")).accepted
    assert not (await desk.exchange.take_back(BEN, "k2")).accepted  # another colleague's words have another key


async def test_somebody_who_is_no_colleague_reaches_and_learns_nothing(desk: Desk) -> None:
    done = await desk.exchange.relay(STRANGER, desk.petra.id, "buy", key="k1")
    assert (done.accepted, done.forbidden, done.sentence) == (False, True, "")
    assert await desk.exchange.caller(STRANGER, desk.petra.id) is None
    assert await desk.exchange.callers(STRANGER) == []
    assert await desk.exchange.ask(STRANGER, "inbox") is None
    assert not (await desk.exchange.note(STRANGER, desk.petra.id, "x", key="k")).accepted
    assert not (await desk.exchange.take_back(STRANGER, "k1")).accepted
    assert not desk.exchange.admits(STRANGER, "wer ist müller")
    assert desk.exchange.admits(STRANGER, "/link ABCD-EFGH")
    assert desk.items() == []


async def test_a_colleague_without_the_right_is_told_which_and_nothing_is_sent(desk: Desk) -> None:
    office = desk.office
    await office.users.change(office.admin, office.user_id("anna"), role=UserRole.READ_ONLY)
    done = await desk.exchange.relay(ANNA, desk.petra.id, "Kommt heute.", key="k1")
    assert (done.accepted, done.forbidden) == (False, True)
    assert "Recht" in done.sentence
    assert desk.items() == []


async def test_whom_one_does_not_see_is_answered_like_whom_there_is_not(desk: Desk) -> None:
    office = desk.office
    contacts = office.store.documents(CONTACTS)
    await contacts.replace(replace(desk.petra, owner=office.user_id("anna")), 1)
    await office.limit("ben", RowScope.OWN)
    hidden = await desk.exchange.relay(BEN, desk.petra.id, "hello", key="k1")
    nobody = await desk.exchange.relay(BEN, "c_aaaaaaaaaaaaaaaaaaaaaaaaaa", "hello", key="k2")
    assert hidden == nobody
    assert not hidden.accepted
    assert await desk.exchange.caller(BEN, desk.petra.id) is None
    assert await desk.exchange.callers(BEN) == []
    assert [one.name for one in await desk.exchange.callers(ANNA)] == ["Petra Müller"]


async def test_what_one_should_look_at_is_refused_once_and_the_same_words_again_are_the_confirmation() -> None:
    desk = await Desk.open()
    conversations = desk.office.store.documents(CONVERSATIONS)
    await conversations.replace(replace(desk.conversation, owner=desk.office.user_id("ben")), 1)
    first = await desk.exchange.relay(ANNA, desk.petra.id, "Kommt heute.", key="k1")
    assert not first.accepted
    assert "jemand anderes" in first.sentence
    other = await desk.exchange.relay(ANNA, desk.petra.id, "Kommt morgen.", key="k2")
    assert not other.accepted
    assert (await desk.exchange.relay(ANNA, desk.petra.id, "kommt  morgen.", key="k3")).accepted
    desk.office.clock.advance(200)
    assert not (await desk.exchange.relay(ANNA, desk.petra.id, "Noch etwas.", key="k4")).accepted
    desk.office.clock.advance(200)
    assert not (await desk.exchange.relay(ANNA, desk.petra.id, "Noch etwas.", key="k5")).accepted


async def test_what_is_empty_or_too_long_is_refused_with_a_sentence(desk: Desk) -> None:
    for text in ("", "x" * 40_000):
        done = await desk.exchange.relay(ANNA, desk.petra.id, text, key=text[:1] or "k")
        assert not done.accepted
        assert "nichts ist hinausgegangen" in done.sentence


async def test_files_go_with_the_words(desk: Desk) -> None:
    file = FileData(name="angebot.pdf", type="application/pdf", data=b"%PDF")
    assert (await desk.exchange.relay(ANNA, desk.petra.id, "", key="k1", files=(file,))).accepted
    (item,) = desk.office.store.documents(OUTBOX).rows.values()
    assert [part.name for part in item.content.attachments] == ["angebot.pdf"]


async def test_a_store_that_is_down_is_said_to_the_channel(desk: Desk) -> None:
    desk.office.store.fail(StoreUnavailable("down"))
    with pytest.raises(StoreUnavailable):
        await desk.exchange.relay(ANNA, desk.petra.id, "Kommt heute.", key="k1")


async def test_the_list_holds_who_waits_and_whom_one_looks_after(desk: Desk) -> None:
    office = desk.office
    own = await office.customer("Olaf Eigen")
    await office.store.documents(CONTACTS).replace(replace(own, owner=office.user_id("anna")), 1)
    await office.customer("Nora Niemand")
    callers = await desk.exchange.callers(ANNA)
    assert [(one.name, one.waiting) for one in callers] == [("Petra Müller", True), ("Olaf Eigen", False)]
    assert callers[0].status.startswith("wartet seit 23.11.")
    assert (await desk.exchange.callers(BEN))[0].status.startswith("waits since")
    assert len(await desk.exchange.callers(ANNA, limit=1)) == 1


async def test_notes_and_questions_go_through_the_same_doors(desk: Desk) -> None:
    assert (await desk.exchange.note(ANNA, desk.petra.id, "ruft an", key="k1")).sentence == "Notiert."
    texts = [entry.text for entry in desk.office.store.documents(INTERACTIONS).rows.values()]
    assert "ruft an" in texts
    reply = await desk.exchange.ask(ANNA, "posteingang")
    assert reply is not None
    assert desk.door.heard[0][0].via == "xmpp-forms"


async def test_who_looks_after_a_contact_sees_that_they_write_and_nobody_else_does(desk: Desk) -> None:
    shown: list[tuple[str, str, bool]] = []

    class Line:
        async def show_writing(self, address: Address, contact_id: str, *, writing: bool) -> None:
            shown.append((address.normal, contact_id, writing))

    office = desk.office
    accounts = office.world.accounts
    accounts.change("chat", speaks_as_contacts=True)
    accounts._connectors["chat"] = Line()  # type: ignore[assignment]
    petra = Address(channel="email", normal="petra.mueller@customer.example")

    async def tell(kind: SignalKind, address: Address | None) -> None:
        await desk.exchange.listen("chat", Signal(kind=kind, address=address, at=office.clock.now()))

    await tell(SignalKind.COMPOSING, petra)  # the queue's: nobody in particular
    conversations = office.store.documents(CONVERSATIONS)
    await conversations.replace(replace(desk.conversation, owner=office.user_id("anna")), 1)
    await tell(SignalKind.COMPOSING, petra)
    await tell(SignalKind.PAUSED, petra)
    await tell(SignalKind.COMPOSING, STRANGER)
    await tell(SignalKind.RINGING, petra)
    await tell(SignalKind.COMPOSING, None)
    assert shown == [(ANNA.normal, desk.petra.id, True), (ANNA.normal, desk.petra.id, False)]


async def test_who_is_known_is_a_colleague_or_holds_an_address(desk: Desk) -> None:
    assert await desk.exchange.knows(ANNA)
    assert not await desk.exchange.knows(STRANGER)
    assert desk.exchange.colleagues("xmpp") == [ANNA, BEN]
    assert (desk.exchange.language(ANNA), desk.exchange.language(STRANGER)) == ("de", "en")


# Notices where the contact speaks


async def test_where_contacts_have_addresses_their_words_come_from_them() -> None:
    world = World()
    world.start()
    world.accounts.accounts["chat"] = replace(CHAT_ACCOUNT, speaks_as_contacts=True)
    conversation = await world.receive()
    news = Recorded(
        interaction=world.store.documents(INTERACTIONS).rows[conversation.last_interaction],
        conversation=conversation,
        contact=world.store.documents(CONTACTS).rows[conversation.contact_id],
    )
    await world.notices.tell([news])
    await world.notices.tell([news])
    await world.settle()
    sent = [transmission.item for transmission in world.chat.transmissions]
    assert [(item.content.text, item.contact_id) for item in sent] == [
        ("[Mail: Angebot für 12 Stühle]\nKönnten Sie bitte?", conversation.contact_id),
        ("[mail: Angebot für 12 Stühle]\nKönnten Sie bitte?", conversation.contact_id),
    ]
    await world.stop()


async def test_the_words_are_bounded_and_name_the_files(desk: Desk) -> None:
    entry = await desk.office.message(desk.petra, "lang", text="x" * 9_000)
    assert len(words_of(entry, "de")) < 5_000
    assert words_of(entry, "de").endswith("… (ganz in der Konsole)")
    file = Attachment(index=0, name="plan\n.pdf", type="application/pdf", size=1, sha256="0")
    chat = replace(entry, channel="xmpp", subject="", text="", attachments=(file,))
    assert words_of(chat, "en") == "Files: plan .pdf"
    assert words_of(replace(chat, attachments=()), "en") == "…"
    assert WORDS_BUDGET >= 50
