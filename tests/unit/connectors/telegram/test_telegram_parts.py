"""Cutting texts, buttons, pacing, settings, addresses, grouping, hostile bytes: without Telegram."""

import asyncio
import contextlib
import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from config.fields import Secret
from connectors.telegram.address import TELEGRAM_FORM
from connectors.telegram.api import explain_link, explain_send
from connectors.telegram.compose import OutgoingFile, compose, length, make_buttons, split_text
from connectors.telegram.connector import TelegramConnector
from connectors.telegram.gathering import Gathering, Unit
from connectors.telegram.kind import TELEGRAM
from connectors.telegram.pace import Pace
from connectors.telegram.parse import TELEGRAM_PARSER, invite_code
from connectors.telegram.sending import Sender
from connectors.telegram.settings import TelegramSettings, bot_id_of
from connectors.telegram.update import Kept, message_name, read_kept, read_name, read_update
from connectors.telegram.words import tell_press
from hub.domain.arrival import Arrival
from hub.domain.errors import (
    Invalid,
    PermanentFailure,
    TemporaryFailure,
    UnknownOutcome,
    Unreachable,
    Unreadable,
)
from hub.domain.message import Envelope
from hub.ports.connector import ConnectorContext
from hub.ports.parser import ParseContext
from tests.fake_connector import ManualClock
from tests.fake_inlet import FakeInlet

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
KEYS = ("message_id", "chat", "from", "date", "text", "caption", "photo", "document", "location", "poll", "contact")


@given(st.text(max_size=9000), st.integers(min_value=20, max_value=4096))
def test_pieces_fit_and_hold_everything_but_blanks(text: str, limit: int) -> None:
    pieces = split_text(text, limit)
    assert all(0 < length(piece) <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_text_is_cut_between_paragraphs_where_there_are_any() -> None:
    assert split_text("eins und\n\nzwei drei", 15) == ["eins und", "zwei drei"]
    assert split_text("🎉" * 10, 5) == ["🎉🎉"] * 5


def test_one_file_carries_a_short_text_and_a_long_one_goes_before_it() -> None:
    file = OutgoingFile(name="a.pdf", type="application/pdf", data=b"x")
    (both,) = compose("Anbei", [file], (), chat_id=1)
    assert (both.text, both.file) == ("Anbei", file)
    text, alone = compose("x" * 1025, [file], ("Gut",), chat_id=1)
    assert text.file is None
    assert (alone.text, alone.buttons) == ("", (("Gut", "w:Gut"),))


def test_an_answer_quotes_only_in_its_own_chat() -> None:
    (here,) = compose("ja", [], (), chat_id=4711, in_reply_to=message_name("9", 4711, 77))
    (elsewhere,) = compose("ja", [], (), chat_id=4712, in_reply_to=message_name("9", 4711, 77))
    assert (here.answers, elsewhere.answers) == (77, 0)


@given(st.lists(st.text(max_size=100), max_size=40))
def test_buttons_keep_to_telegrams_bounds_and_short_words_can_be_read_back(words: list[str]) -> None:
    for label, data in make_buttons(words):
        assert label.strip()
        assert 0 < len(data.encode("utf-8", "surrogatepass")) <= 64


def test_a_press_is_read_without_its_message() -> None:
    assert tell_press({"data": "w:Lieber später: um 10:00"}) == "Lieber später: um 10:00"
    assert tell_press({"data": "n:3"}) == "3"


@given(st.integers(), st.integers())
def test_names_of_messages_are_read_back(chat: int, number: int) -> None:
    assert read_name(message_name("9", chat, number)) == (chat, number)


@pytest.mark.parametrize("name", ["", "o_abc", "telegram:9:1", "telegram:9:x:y", "telegram:9:1:2:edit:3"])
def test_other_names_are_none(name: str) -> None:
    assert read_name(name) is None


@given(st.text(max_size=30) | st.integers().map(str))
def test_normalising_an_address_twice_equals_once(text: str) -> None:
    try:
        once = TELEGRAM_FORM.normalise(text)
    except Invalid:
        return
    assert TELEGRAM_FORM.normalise(once.normal) == once


@pytest.mark.parametrize("text", ["telegram:4711", "tg://user?id=4711", " 4711 "])
def test_ways_to_write_an_address(text: str) -> None:
    assert TELEGRAM_FORM.normalise(text).normal == "4711"


@pytest.mark.parametrize("text", ["@anna", "0", "-0", "01", "1" * 20, "12a", ""])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(Invalid):
        TELEGRAM_FORM.normalise(text)


class TestSettings:
    """`[channels.NAME]`."""

    def test_polling_needs_the_token_only_and_the_bot_is_its_own_address(self) -> None:
        made = TelegramSettings(token=Secret.parse("123:AAH"))
        assert TELEGRAM.own_addresses(made) == ("123",)
        assert bot_id_of(TelegramSettings(token=Secret.parse({"file": "/nowhere"}))) == ""

    @pytest.mark.parametrize(
        "wrong",
        [
            {"api_base": "http://api.telegram.org"},
            {"api_base": "https://api.telegram.org/bot"},
            {"mode": "webhook"},
            {"mode": "webhook", "webhook_url": "https://hub.example/in/t/"},
            {"mode": "webhook", "webhook_url": "http://hub.example/in/t/", "webhook_secret": "s" * 20},
            {"catch_up_hours": 25},
            {"unknown": 1},
        ],
    )
    def test_what_cannot_work_is_refused(self, wrong: dict[str, object]) -> None:
        with pytest.raises(ValidationError):
            TelegramSettings.model_validate({"token": "123:AAH"} | wrong)


class TestPace:
    """30 a second in all, one a second in a chat, one in three seconds in a group."""

    async def moments(self, *chats: int) -> list[float]:
        clock, left = ManualClock(), []
        pace = Pace(clock)

        async def one(chat: int) -> None:
            await pace.wait(chat)
            left.append(round(clock.monotonic(), 3))

        tasks = [asyncio.create_task(one(chat)) for chat in chats]
        for _ in range(2_000):
            await asyncio.sleep(0)
            if all(task.done() for task in tasks):
                break
            clock.advance(0.01)
        return left

    async def test_one_chat(self) -> None:
        first, second, third = await self.moments(5, 5, 5)
        assert second - first >= 1
        assert third - second >= 0.99

    async def test_a_group(self) -> None:
        first, second = await self.moments(-5, -5)
        assert second - first >= 3

    async def test_many_chats(self) -> None:
        left = await self.moments(*range(1, 61))
        assert max(left) >= 59 / 30 - 0.05


class FakeBot:
    """`telegram.Bot` as Sender needs it: raises what is in line, else gives numbers."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self.outcomes, self.sent = list(outcomes), 0

    async def send_message(self, chat_id: int, text: str, **options: object) -> object:
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None:
            raise outcome
        self.sent += 1
        return type("Message", (), {"message_id": self.sent})()


class TestFailures:
    """What is certain, and what is not."""

    @pytest.fixture(autouse=True)
    def _timedeltas(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PTB_TIMEDELTA", "true")

    def cause(self, error: Exception, cause: Exception) -> Exception:
        error.__cause__ = cause
        return error

    def test_of_a_single_call(self) -> None:
        import httpx
        from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TimedOut

        slow = explain_send(RetryAfter(7))
        assert isinstance(slow, TemporaryFailure)
        assert slow.retry_after == timedelta(seconds=7)
        blocked = explain_send(Forbidden("Forbidden: bot was blocked by the user"))
        assert isinstance(blocked, PermanentFailure)
        assert blocked.fields["status"] == "5.1.1"
        assert isinstance(explain_send(BadRequest("Message is too long")), PermanentFailure)
        unsent = self.cause(NetworkError("x"), httpx.ConnectError("refused"))
        assert isinstance(explain_send(unsent), TemporaryFailure)  # type: ignore[arg-type]
        for cause in (httpx.ReadTimeout("x"), httpx.ReadError("x"), httpx.WriteError("x")):
            lost = self.cause(TimedOut(), cause)
            assert isinstance(explain_send(lost), UnknownOutcome)  # type: ignore[arg-type]
        assert isinstance(explain_send(NetworkError("Bad Gateway")), UnknownOutcome)

    def test_the_token_is_in_no_sentence(self) -> None:
        from telegram.error import Conflict, InvalidToken, NetworkError

        told = [
            explain_link(kind("The token `123:AAH` was rejected")) for kind in (InvalidToken, Conflict, NetworkError)
        ]
        assert not any("AAH" in f"{one.sentence}{one.fields}" for one in told)

    async def test_a_later_part_that_fails_makes_the_whole_unknown(self) -> None:
        from telegram.error import Forbidden

        clock = ManualClock()
        sender = Sender(FakeBot(None, Forbidden("blocked")), clock, Pace(ManualClock()))  # type: ignore[arg-type]
        sender._pace = Eager()  # type: ignore[assignment]
        with pytest.raises(UnknownOutcome, match="1 of 2 parts"):
            await sender.send(1, compose("x" * 5000, [], (), chat_id=1))

    async def test_a_short_pause_between_parts_is_waited_for(self) -> None:
        from telegram.error import RetryAfter

        clock = ManualClock()
        sender = Sender(FakeBot(None, RetryAfter(5)), clock, Eager())  # type: ignore[arg-type]
        work = asyncio.create_task(sender.send(1, compose("x" * 5000, [], (), chat_id=1)))
        await asyncio.sleep(0.01)
        assert not work.done()
        clock.advance(5)
        assert await work == [1, 2]

    async def test_a_pause_before_the_first_part_is_the_outboxes(self) -> None:
        from telegram.error import RetryAfter

        sender = Sender(FakeBot(RetryAfter(5)), ManualClock(), Eager())  # type: ignore[arg-type]
        with pytest.raises(TemporaryFailure):
            await sender.send(1, compose("x", [], (), chat_id=1))


class Eager:
    """A pace that never waits."""

    async def wait(self, chat_id: int) -> None:
        return None


class TestGathering:
    """What is for us, and what belongs together."""

    def gathering(self) -> Gathering:
        context = ConnectorContext(name="t", hostname="h", clock=ManualClock(), data_dir=Path("."))
        made = Gathering(context, "9", host="api.telegram.org", catch_up=timedelta(hours=2))
        made.username = "fernamt_bot"
        return made

    def message(self, number: int, **more: object) -> dict[str, object]:
        chat = {"id": 5, "type": "private"}
        return {"update_id": number, "message": {"message_id": number, "chat": chat, "from": {"id": 5}} | more}

    def test_albums_stand_where_their_first_part_stood(self) -> None:
        gathering = self.gathering()
        plain = [
            self.message(1, media_group_id="a"),
            self.message(2, text="b"),
            self.message(3, media_group_id="a"),
            self.message(4, media_group_id="c"),
        ]
        updates, _ = gathering.screen(plain)
        assert [[one.id for one in unit.updates] for unit in gathering.group(updates)] == [[1, 3], [2], [4]]

    @pytest.mark.parametrize(
        ("body", "taken"),
        [
            ({"text": "hallo zusammen"}, False),
            ({"text": "@Fernamt_Bot hallo"}, True),
            ({"text": "hallo", "reply_to_message": {"from": {"id": 9}}}, True),
            ({"text": "hallo", "reply_to_message": {"from": {"id": 8}}}, False),
            ({"text": "/hilfe", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}, True),
            ({"text": "/hilfe@other_bot", "entities": [{"type": "bot_command", "offset": 0, "length": 16}]}, False),
        ],
    )
    def test_in_groups_only_what_is_addressed_to_us(self, body: dict[str, object], taken: bool) -> None:
        group = {"chat": {"id": -100, "type": "supergroup", "title": "G"}}
        updates, strange = self.gathering().screen([self.message(1, **(group | body))])
        assert (bool(updates), strange) == (taken, [])

    async def test_what_is_said_in_a_group_opens_no_colleagues_door(self) -> None:
        group = {"chat": {"id": -100, "type": "group"}, "text": "/link abcd2345"}
        command = {"entities": [{"type": "bot_command", "offset": 0, "length": 5}]}
        gathering = self.gathering()
        updates, _ = gathering.screen([self.message(1, **(group | command))])
        (arrival,) = await gathering.arrivals(gathering.group(updates)[0], None)  # type: ignore[arg-type]
        with pytest.raises(Invalid):
            TELEGRAM_FORM.normalise(arrival.envelope.sender)

    async def test_what_waited_too_long_is_history(self) -> None:
        gathering = self.gathering()
        now = int(ManualClock().now().timestamp())
        plain = [self.message(1, text="a", date=now - 3600), self.message(2, text="b", date=now - 3 * 3600)]
        updates, _ = gathering.screen(plain)
        arrivals = [
            (await gathering.arrivals(unit, None))[0]  # type: ignore[arg-type]
            for unit in gathering.group(updates)
        ]
        assert [arrival.history for arrival in arrivals] == [False, True]

    async def test_a_deletion_of_several_messages_is_an_arrival_each(self) -> None:
        gathering = self.gathering()
        body = {"business_connection_id": "b", "chat": {"id": 5, "type": "private"}, "message_ids": [7, 8, 8.5, "9"]}
        updates, _ = gathering.screen([{"update_id": 1, "deleted_business_messages": body}])
        arrivals = await gathering.arrivals(gathering.group(updates)[0], None)  # type: ignore[arg-type]
        assert [arrival.native_id for arrival in arrivals] == ["9:1:7", "9:1:8"]
        parsed = [TELEGRAM_PARSER.parse(one.raw, one.envelope, ParseContext(account="t")) for one in arrivals]
        assert [one.related_to for one in parsed] == [("telegram:9:5:7",), ("telegram:9:5:8",)]

    def test_what_cannot_be_read_is_kept_for_a_person(self) -> None:
        updates, strange = self.gathering().screen(["text", {"update_id": 3}, {"update_id": 4, "a": {}, "b": {}}])
        assert updates == []
        assert len({arrival.native_id for arrival in strange}) == 3
        with pytest.raises(Unreadable):
            TELEGRAM_PARSER.parse(strange[1].raw, Envelope(), ParseContext(account="t"))

    def test_an_invitation_is_presented_only_in_private(self) -> None:
        private = read_update(self.message(1, text="/start c_abc"))
        group = read_update(self.message(1, text="/start c_abc", chat={"id": -1, "type": "group"}))
        assert (invite_code(private), invite_code(group)) == ("abc", "")


@given(st.binary(max_size=200))
def test_no_bytes_bring_the_parser_down(raw: bytes) -> None:
    with contextlib.suppress(Unreadable):
        TELEGRAM_PARSER.parse(raw, Envelope(), ParseContext(account="t"))


@settings(max_examples=300)
@given(
    st.sampled_from(["message", "edited_message", "callback_query", "message_reaction", "my_chat_member"]),
    st.dictionaries(st.sampled_from(KEYS), JSON, max_size=8),
)
def test_no_update_brings_the_parser_down(kind: str, body: dict[str, object]) -> None:
    native = json.dumps({"bot": {"id": "9"}, "updates": [{"update_id": 1, kind: body}]}).encode()
    try:
        message = TELEGRAM_PARSER.parse(native, Envelope(), ParseContext(account="t"))
    except Unreadable:
        return
    message.content.text.encode("utf-8")
    assert "\x00" not in message.content.text


def test_what_is_kept_is_read_back() -> None:
    update = read_update({"update_id": 1, "message": {"message_id": 1, "text": "ä"}})
    kept = Kept(bot_id="9", username="b", updates=(update,), files=("f",), missing=(("g", "failed"),), deleted=3)
    assert read_kept(kept.write()) == kept
    with pytest.raises(Unreadable):
        read_kept(b'{"updates": []}')


def test_the_link_is_reported_in_words() -> None:
    from telegram.error import NetworkError

    assert isinstance(explain_link(NetworkError("x")), Unreachable)


async def test_a_fault_of_ours_in_one_message_neither_loses_it_nor_stops_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = ConnectorContext(name="t", hostname="h", clock=ManualClock(), data_dir=Path("."))
    connector = TelegramConnector(TelegramSettings(token=Secret.parse("9:A")), context)
    inlet = FakeInlet()
    real = Gathering.arrivals

    async def faulty(self: Gathering, unit: Unit, bot: object) -> list[Arrival]:
        if unit.updates[0].id == 1:
            raise ZeroDivisionError
        return await real(self, unit, bot)  # type: ignore[arg-type]

    monkeypatch.setattr(Gathering, "arrivals", faulty)
    chat = {"id": 5, "type": "private"}
    batch = [
        {"update_id": number, "message": {"message_id": number, "chat": chat, "from": {"id": 5}, "text": f"{number}"}}
        for number in (1, 2)
    ]
    await connector._take(batch, inlet, None)  # type: ignore[arg-type]
    assert [arrival.native_id for arrival in inlet.arrivals] == ["9:1", "9:2"]
    parsed = [TELEGRAM_PARSER.parse(one.raw, one.envelope, ParseContext(account="t")) for one in inlet.arrivals]
    assert [one.content.text for one in parsed] == ["1", "2"]
