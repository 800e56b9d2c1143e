"""Colleagues' chats: durable before the answer, in order, answered once however often it crashes."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta
from xml.sax.saxutils import escape

import pytest

from connectors.email.address import EmailForm
from connectors.xmpp.address import XmppForm
from connectors.xmpp.parse import XmppParser
from hub.domain.address import Address
from hub.domain.arrival import Arrival
from hub.domain.errors import Invalid, StoreUnavailable, TemporaryFailure
from hub.domain.facts import Relation
from hub.domain.ids import OutboxId
from hub.domain.message import Attachment, Content, Envelope, Message
from hub.domain.outbox import OutboxItem, OutboxState, OutgoingContent, Purpose, lane_of
from hub.domain.people import Actor, system_actor
from hub.domain.turn import BotTurn
from hub.ports.bot import BotReply
from hub.ports.kinds import BOT_TURNS, OUTBOX
from hub.ports.parser import ParseContext
from hub.services.forms import Forms
from hub.services.notices import notice_id
from hub.services.turns import MAX_TEXT, Turns
from tests.fake_connector import CHAT_ACCOUNT, MAIL_ACCOUNT, FakeAccounts, FakeConnector
from tests.memory_store import Crash
from tests.office import Office

ANNA, BEN = "anna@joinery.example", "ben@joinery.example"


class Line(FakeConnector):
    """A connector that carries colleagues' chats; `said` outlives the process."""

    def __init__(self, office: Office) -> None:
        super().__init__(points=office.store.points)
        self.said: list[tuple[str, str, str]] = []
        self.broken = False

    async def say(
        self, address: str, text: str, stanza_id: str, *, choices: Sequence[str] = (), files: Sequence[object] = ()
    ) -> None:
        assert self.points is not None
        await self.points.before("line.say")
        if self.broken:
            raise TemporaryFailure("The link is down.")
        self.said.append((address, text, stanza_id))
        self.points.effect("line.say")


class Bot:
    """Answers with the question; `done` is what it carried out, once for each turn, and outlives the process."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.done: list[str] = []
        self.asked: list[tuple[str, str, str]] = []
        self.about: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def answer(
        self, actor: Actor, text: str, *, turn_id: str, at: object, files: Sequence[object] = (), about: str = ""
    ) -> BotReply:
        self.about.append(about)
        points = self.office.store.points
        await points.before("bot.answer")
        await self.gate.wait()
        stored = self.office.store.documents(BOT_TURNS).rows.get(turn_id)
        assert stored is not None, "the turn must be durable before the answer"
        assert not stored.answered
        self.asked.append((actor.id, actor.via, text))
        if turn_id not in self.done:
            self.done.append(turn_id)
        points.effect("bot.answer")
        return BotReply(text=f"re: {text}", intent="echo")


class Room:
    """An office with a chat line; `restart` is the hub's next process."""

    def __init__(self, office: Office) -> None:
        self.office, self.line, self.bot = office, Line(office), Bot(office)
        self.accounts = FakeAccounts({"chat": self.line, "office": FakeConnector()}, (MAIL_ACCOUNT, CHAT_ACCOUNT))
        self.turns = self.build()

    @classmethod
    async def open(cls) -> "Room":
        office = await Office.open()
        for name, jid in (("anna", ANNA), ("ben", BEN)):
            code = await office.users.link_code(office.admin, office.user_id(name))
            assert await office.users.bind(Address(channel="xmpp", normal=jid), code) is not None
        return cls(office)

    def build(self) -> Turns:
        return Turns(
            store=self.office.store,
            users=self.office.users,
            bot=self.bot,
            accounts=self.accounts,
            forms=Forms([EmailForm(), XmppForm()]),
            parsers={"xmpp": XmppParser()},
            outbox=self.office.world.outbox,
            clock=self.office.clock,
            company="Tischlerei Test",
        )

    def restart(self) -> None:
        self.office.store.restart()
        self.turns = self.build()

    def arrival(self, text: str, sender: str = ANNA, account: str = "chat") -> Arrival:
        stanza = (
            f'<message xmlns="jabber:client" from="{sender}/phone" to="bot@joinery.example" type="chat" '
            f'id="s1"><body>{escape(text)}</body></message>'
        )
        return Arrival(
            account=account,
            native_id=f"{sender}/{text}",
            raw=stanza.encode(),
            envelope=Envelope(sender=f"{sender}/phone"),
            received_at=self.office.clock.now(),
        )

    async def hear(self, text: str, sender: str = ANNA, account: str = "chat") -> bool:
        taken = await self.turns.take(self.arrival(text, sender, account))
        await self.turns.drain()
        return taken

    @property
    def rows(self) -> list[BotTurn]:
        return list(self.office.store.documents(BOT_TURNS).rows.values())


@pytest.fixture
async def room() -> Room:
    return await Room.open()


async def test_a_question_is_answered_to_the_device_that_asked_and_kept(room: Room) -> None:
    assert await room.hear("wer ist müller")
    (turn,) = room.rows
    assert room.line.said == [(f"{ANNA}/phone", "re: wer ist müller", f"t-{turn.id[2:]}")]
    assert (turn.text, turn.reply, turn.intent) == ("wer ist müller", "re: wer ist müller", "echo")
    assert (turn.answered, turn.sent, turn.open_since) == (True, True, None)
    assert room.bot.asked == [(room.office.user_id("anna"), "xmpp", "wer ist müller")]


async def test_nothing_is_answered_that_could_not_be_kept(room: Room) -> None:
    room.office.store.fail(StoreUnavailable("full"), on={"bot_turns.insert"})
    with pytest.raises(StoreUnavailable):
        await room.turns.take(room.arrival("hallo"))
    await room.turns.drain()
    assert (room.line.said, room.bot.asked, room.rows) == ([], [], [])


async def test_strangers_and_other_channels_are_for_intake(room: Room) -> None:
    assert not await room.hear("hallo", "carol@elsewhere.example")
    assert not await room.hear("hallo", account="office")
    assert not await room.hear("hallo", account="gone")
    assert not await room.hear("hallo", "no address at all")
    broken = Arrival(
        account="chat",
        native_id="x",
        raw=b"<message",
        envelope=Envelope(sender=f"{ANNA}/phone"),
        received_at=room.office.clock.now(),
    )
    assert not await room.turns.take(broken)
    assert (room.rows, room.line.said) == ([], [])


async def test_a_long_message_is_cut_to_what_a_turn_holds(room: Room) -> None:
    assert await room.hear("x" * (MAX_TEXT + 5))
    assert len(room.rows[0].text) == len(room.rows[0].reply) == MAX_TEXT


async def test_redelivery_is_the_same_turn(room: Room) -> None:
    for _ in range(3):
        assert await room.hear("hallo")
    assert len(room.rows) == len(room.line.said) == len(room.bot.asked) == 1


async def test_one_colleagues_turns_are_answered_in_order_and_two_colleagues_beside_each_other(room: Room) -> None:
    for number in range(5):
        for jid in (ANNA, BEN):
            assert await room.turns.take(room.arrival(f"frage {number}", jid))
    await room.turns.drain()
    for name, jid in (("anna", ANNA), ("ben", BEN)):
        wanted = [f"frage {number}" for number in range(5)]
        assert [text for who, _, text in room.bot.asked if who == room.office.user_id(name)] == wanted
        assert [text for to, text, _ in room.line.said if to == f"{jid}/phone"] == [f"re: {text}" for text in wanted]


async def test_more_turns_than_may_wait_stay_in_the_store_and_are_answered_afterwards(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.services.turns.MAX_WAITING", 2)
    room.bot.gate.clear()
    for number in range(6):
        assert await room.turns.take(room.arrival(f"frage {number}"))
        room.office.later(seconds=1)
    room.bot.gate.set()
    await room.turns.drain()
    assert {turn.sent for turn in room.rows} == {True}
    assert [text for _, text, _ in room.line.said] == [f"re: frage {number}" for number in range(6)]


async def test_a_turn_whose_link_is_down_is_answered_when_it_is_back(room: Room) -> None:
    room.line.broken = True
    assert await room.hear("hallo")
    assert room.rows[0].open_since is not None
    room.line.broken = False
    assert await room.turns.recover() == 1
    await room.turns.drain()
    assert [text for _, text, _ in room.line.said] == ["re: hallo"]
    assert await room.turns.recover() == 0


async def test_recovery_leaves_alone_what_is_being_answered(room: Room) -> None:
    assert await room.turns.take(room.arrival("eins"))
    assert await room.turns.take(room.arrival("zwei"))
    assert await room.turns.recover() == 0
    await room.turns.drain()
    assert len(room.line.said) == 2


async def test_a_reply_on_its_way_is_not_sent_again_by_recovery(room: Room) -> None:
    seen: list[int] = []
    say = room.line.say

    async def slow(address: str, text: str, stanza_id: str, **offers: object) -> None:
        seen.append(await room.turns.recover())
        await say(address, text, stanza_id)

    room.line.say = slow  # type: ignore[method-assign]
    assert await room.hear("hallo")
    assert seen == [0]
    assert len(room.line.said) == 1


async def test_a_colleague_who_was_removed_meanwhile_gets_no_answer(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.line.broken = True
    assert await room.hear("hallo")
    room.line.broken = False

    async def nobody(user_id: str, via: str) -> None:
        return None

    monkeypatch.setattr(room.office.users, "actor_of", nobody)
    assert await room.turns.recover() == 1
    await room.turns.drain()
    assert (room.line.said, room.rows[0].answered, room.rows[0].sent) == ([], True, False)
    assert room.rows[0].open_since is None


@pytest.mark.parametrize("recover_first", [True, False])
async def test_ac41_a_crash_at_any_point_loses_no_turn_and_answers_under_one_stanza_id(recover_first: bool) -> None:
    point = 0
    while True:
        point += 1
        room = await Room.open()
        room.office.store.restart(crash_after=point)
        acknowledged = False
        with contextlib.suppress(Crash):
            acknowledged = await room.turns.take(room.arrival("hallo"))
        await room.turns.drain()
        crashed = room.office.store.points.crashed
        room.restart()
        assert len(room.rows) == 1 or not acknowledged
        assert len([turn for turn in room.rows if turn.open_since is not None]) <= 1
        if recover_first:
            await room.turns.recover()
            await room.turns.drain()
        if not acknowledged:  # the peer sends again what was not acknowledged
            assert await room.hear("hallo")
        await room.turns.recover()
        await room.turns.drain()
        (turn,) = room.rows
        assert (turn.answered, turn.sent, turn.open_since) == (True, True, None), point
        assert room.bot.done == [turn.id]
        assert {stanza_id for _, _, stanza_id in room.line.said} == {f"t-{turn.id[2:]}"}
        assert len(room.line.said) <= 2
        if not crashed:
            break
    assert point > 6


async def test_a_store_that_fails_after_the_answer_leaves_the_turn_open(room: Room) -> None:
    room.office.store.fail(StoreUnavailable("full"), times=1, on={"bot_turns.replace"})
    assert await room.hear("hallo")
    assert room.rows[0].open_since is not None
    assert await room.turns.recover() == 1
    await room.turns.drain()
    assert room.rows[0].sent
    assert len({stanza_id for _, _, stanza_id in room.line.said}) == 1


# Link codes


@pytest.mark.parametrize("words", ["/link {}", "link {}", "Verbinde {}", "  /LINK {}  "])
async def test_a_link_code_binds_the_account_that_sent_it(room: Room, words: str) -> None:
    jid = "anna@phone.example"
    code = await room.office.users.link_code(room.office.admin, room.office.user_id("anna"))
    assert await room.hear(words.format(code), jid)
    assert "Verbunden, Anna Seidel" in room.line.said[0][1]
    assert room.line.said[0][2].startswith("l-")
    assert await room.hear("hallo", jid)
    assert room.bot.asked == [(room.office.user_id("anna"), "xmpp", "hallo")]
    # The code is used up, also for somebody else.
    assert await room.hear(words.format(code), "eve@phone.example")
    assert "gilt nicht" in room.line.said[-1][1]
    assert "/link" not in {text for _, _, text in room.bot.asked}


async def test_a_code_that_comes_again_after_a_restart_is_not_answered_again(room: Room) -> None:
    code = await room.office.users.link_code(room.office.admin, room.office.user_id("anna"))
    arrival = room.arrival(f"/link {code}", "anna@phone.example")
    for _ in range(2):
        assert await room.turns.take(arrival)
        await room.turns.drain()
    assert len(room.line.said) == 1
    assert code not in str(room.rows)


async def test_a_wrong_code_is_said_in_both_languages(room: Room) -> None:
    assert await room.hear("/link AAAA-BBBB", "eve@phone.example")
    ((_, text, _),) = room.line.said
    assert "gilt nicht" in text
    assert len(text.splitlines()) == 2
    assert room.rows == []


# Refusing strangers


async def test_a_stranger_is_refused_once_a_day(room: Room) -> None:
    carol = Address(channel="xmpp", normal="carol@elsewhere.example")
    rows = room.office.store.documents(OUTBOX).rows
    for _ in range(3):
        await room.turns.refuse("chat", carol, room.arrival("hi", carol.normal).id)
    assert len(rows) == 1
    (item,) = rows.values()
    assert "Tischlerei Test" in item.content.text
    assert len(item.content.text.splitlines()) == 2
    assert item.give_up_at - item.due_at <= timedelta(hours=1)
    room.office.later(days=1)
    await room.turns.refuse("chat", carol, room.arrival("hi", carol.normal).id)
    assert len(rows) == 2


# Console, API, terminal


async def test_asking_returns_the_reply_and_keeps_the_turn(room: Room) -> None:
    reply = await room.turns.ask(room.office.ben, "  who is müller ")
    assert reply.text == "re: who is müller"
    (turn,) = room.rows
    assert (turn.via, turn.account, turn.sent, turn.open_since) == ("console", "", True, None)
    assert room.line.said == []
    assert await room.turns.recover() == 0


async def test_only_colleagues_ask(room: Room) -> None:
    with pytest.raises(Invalid) as refused:
        await room.turns.ask(system_actor("test"), "who")
    assert refused.value.fields["field"] == "as"
    assert room.rows == []


class TestDirectAnswers:
    """A reply to the bot's notice is for whoever wrote the message that it told of."""

    async def notice(self, room: Room, item_id: str = "", cause: str = "i_news") -> None:
        address, now = Address(channel="xmpp", normal=ANNA), room.office.clock.now()
        anna = room.office.user_id("anna")
        item = OutboxItem(
            id=OutboxId(item_id) if item_id else notice_id(cause, anna),
            account="chat",
            channel="xmpp",
            recipient=address,
            lane=lane_of("chat", address),
            purpose=Purpose.NOTICE,
            content=OutgoingContent(text="Neue Nachricht"),
            state=OutboxState.SENT,
            due_at=now,
            created_at=now,
            give_up_at=now,
            cause=cause,
            native_ref="there:7",
            native_refs=("there:7", "there:8"),
        )
        await room.office.store.documents(OUTBOX).insert(item)

    async def hear(self, room: Room, name: str, *, relation: Relation = Relation.REPLY, files: int = 0) -> None:
        parsed = Message(
            channel="xmpp",
            content=Content(text="Kommt morgen", attachments=tuple(_file(index) for index in range(files))),
            relation=relation,
            related_to=(name,),
        )
        room.turns._parsers = {"xmpp": Told(parsed)}
        await room.hear("Kommt morgen")

    async def test_by_any_name_that_the_channel_gave_it(self, room: Room) -> None:
        await self.notice(room)
        await self.hear(room, "there:8")
        assert room.bot.about == ["i_news"]

    async def test_by_our_own_name_of_it(self, room: Room) -> None:
        await self.notice(room)
        await self.hear(room, notice_id("i_news", room.office.user_id("anna")))
        assert room.bot.about == ["i_news"]

    async def test_what_is_no_notice_of_one_message_is_a_command_as_ever(self, room: Room) -> None:
        await self.notice(room, item_id="o_many")
        await self.hear(room, "there:7")
        await self.hear(room, "there:unknown")
        assert set(room.bot.about) == {""}

    async def test_a_reaction_is_no_command(self, room: Room) -> None:
        await self.notice(room)
        await self.hear(room, "there:7", relation=Relation.REACTION)
        assert room.rows == []
        assert room.bot.asked == []

    async def test_the_files_go_with_it(self, room: Room) -> None:
        await self.notice(room)
        await self.hear(room, "there:7", files=1)
        assert room.bot.about == ["i_news"]
        assert [file.name for file in room.rows[0].files] == ["a.pdf"]


def _file(index: int) -> Attachment:
    return Attachment(index=index, name="a.pdf", type="application/pdf", size=1, sha256="")


class Told:
    """A parser that understands one thing."""

    def __init__(self, message: Message) -> None:
        self.message = message

    def parse(self, raw: bytes, envelope: Envelope, context: ParseContext) -> Message:
        return self.message

    def extract(self, raw: bytes, index: int) -> bytes:
        return b"x"

    def render_html(self, raw: bytes) -> str | None:
        return None


async def test_a_deep_link_binds_as_the_code_typed_by_hand(room: Room) -> None:
    code = await room.office.users.link_code(room.office.admin, room.office.user_id("ben"))
    assert await room.hear(f"/start link_{code}", sender="new@joinery.example")
    user = room.office.users.staff_at(Address(channel="xmpp", normal="new@joinery.example"))
    assert user is not None
    assert user.name == "ben"
