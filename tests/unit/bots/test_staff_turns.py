"""Turns: at most once, whatever crashes; contexts, doors, rights, language, and never an exception."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bots.staff import Staff, StaffSettings
from bots.staff.commands import COMMANDS
from bots.staff.commands.help import TOPICS
from hub.domain.errors import FernamtError, Invalid, Refused, StoreUnavailable
from hub.domain.interaction import Direction, InteractionKind
from hub.domain.message import Attachment
from hub.domain.people import SCOPE_READ, Actor
from hub.ports.bot import BotReply, StaffBot
from hub.ports.kinds import BOT_CONTEXTS
from hub.ports.verbs import Verbs
from hub.web.sentences import translate
from tests.memory_store import Crash, MemoryStore
from tests.unit.bots.fake_desk import Desk, actor, laid_desk


class Chat:
    """A bot on a desk, and one colleague who talks to it."""

    def __init__(self, desk: Desk | None = None, store: MemoryStore | None = None) -> None:
        self.desk = desk or laid_desk()
        self.store = store or MemoryStore()
        self.turn = 0
        self.restart()

    def restart(self) -> None:
        self.bot: StaffBot = Staff(verbs=_as_verbs(self.desk), store=self.store, clock=self.desk.clock)

    async def say(self, text: str, *, turn: str = "", who: Actor | None = None) -> BotReply:
        self.turn += 1
        now = self.desk.clock.now()
        return await self.bot.answer(who or actor(), text, turn_id=turn or f"a_{self.turn}", at=now)


def _as_verbs(desk: Any) -> Verbs:
    verbs: Verbs = desk
    return verbs


WRITES = {
    "reply": "antworte Petra Müller: Angebot kommt",
    "note": "Notiz zu Petra Müller: ruft an",
    "assign": "gib Petra Müller an Ben",
    "close": "schließ Petra Müller ab",
    "create": "neuer Kontakt Xaver Huber",
}


@pytest.mark.parametrize("verb", WRITES)
async def test_the_same_turn_answered_twice_writes_once(verb: str) -> None:
    chat = Chat()
    await chat.say(WRITES[verb])
    first = await chat.say("ja", turn="a_yes")
    again = await chat.say("ja", turn="a_yes")
    assert chat.desk.writes == [verb]
    assert again.text == first.text
    assert first.intent == verb


@pytest.mark.parametrize("verb", WRITES)
async def test_a_crash_at_any_await_writes_at_most_once_and_the_turn_can_be_answered_again(verb: str) -> None:
    for crash_after in range(30):
        chat = Chat()
        await chat.say(WRITES[verb])
        passed = chat.store.points.passed
        chat.store.points.crash_after = passed + crash_after
        try:
            await chat.say("ja", turn="a_yes")
        except Crash:
            chat.store.restart()
            chat.restart()
            reply = await chat.say("ja", turn="a_yes")
            assert reply.intent == verb
            assert chat.desk.writes == [verb]
        else:
            assert chat.desk.writes == [verb]
            break
    else:
        pytest.fail("the crash points never ended")


@pytest.mark.parametrize("verb", WRITES)
async def test_a_process_that_ends_right_after_the_write_writes_once(verb: str) -> None:
    chat = Chat()
    await chat.say(WRITES[verb])
    chat.desk.fail(verb, Crash("killed"), late=True)
    with pytest.raises(Crash):
        await chat.say("ja", turn="a_yes")
    chat.restart()
    assert (await chat.say("ja", turn="a_yes")).intent == verb
    assert chat.desk.writes == [verb]


async def test_a_late_yes_does_not_confirm_what_was_proposed_after_it() -> None:
    chat = Chat()
    await chat.say(WRITES["note"])
    before = chat.desk.clock.now()
    chat.desk.clock.moment += timedelta(seconds=5)
    await chat.say(WRITES["reply"])
    reply = await chat.bot.answer(actor(), "ja", turn_id="a_old", at=before)
    assert chat.desk.writes == []
    assert "überholt" in reply.text


async def test_an_answered_turn_is_not_carried_out_again_after_others() -> None:
    chat = Chat()
    await chat.say(WRITES["note"])
    await chat.say("ja", turn="a_yes")
    await chat.say(WRITES["reply"])
    reply = await chat.say("ja", turn="a_yes")
    assert chat.desk.writes == ["note"]
    assert "schon erledigt" in reply.text


async def test_proposals_and_lists_are_forgotten_after_an_hour() -> None:
    chat = Chat()
    await chat.say(WRITES["reply"])
    chat.desk.clock.moment += timedelta(minutes=61)
    assert "Es wartet nichts" in (await chat.say("ja")).text
    assert chat.desk.writes == []


async def test_the_answer_is_drafted_again_and_shown_again_where_it_would_now_go_elsewhere() -> None:
    chat = Chat()
    await chat.say(WRITES["reply"])
    thread = next(thread for thread in chat.desk.threads.values() if thread.subject)
    moved = chat.desk.add_address(chat.desk.people[thread.contact_id], "einkauf@tischlerei.example")
    chat.desk.threads[thread.id] = _with_peer(thread, moved)
    reply = await chat.say("ja")
    assert chat.desk.writes == []
    assert "einkauf@…" in reply.text
    await chat.say("ja")
    assert chat.desk.writes == ["reply"]


def _with_peer(thread: Any, peer: Any) -> Any:
    return replace(thread, peer=peer, peer_key=peer.key)


async def test_context_survives_a_restart_and_is_kept_for_each_door() -> None:
    chat = Chat()
    await chat.say("wer ist müller")
    chat.restart()
    other_door = await chat.say("1", who=actor(via="console"))
    assert "nichts zur Auswahl" in other_door.text
    assert (await chat.say("3")).slots["contact"] == "Petra Müller"
    assert chat.store.documents(BOT_CONTEXTS)


async def test_reading_turns_that_change_nothing_are_not_written() -> None:
    chat = Chat()
    await chat.say("wer ist Petra Müller")
    version = (await chat.store.documents(BOT_CONTEXTS).get(f"{actor().id}|xmpp")).version  # type: ignore[union-attr]
    await chat.say("wer ist Petra Müller")
    await chat.say("hilfe")
    assert (await chat.store.documents(BOT_CONTEXTS).get(f"{actor().id}|xmpp")).version == version  # type: ignore[union-attr]


async def test_two_turns_of_one_colleague_at_once_are_taken_one_after_the_other() -> None:
    chat = Chat()
    await chat.say(WRITES["note"])
    await asyncio.gather(chat.say("ja", turn="a_1st"), chat.say("ja", turn="a_2nd"), chat.say("ja", turn="a_1st"))
    assert chat.desk.writes == ["note"]


async def test_a_store_that_is_down_is_an_answer() -> None:
    chat = Chat()
    chat.store.fail(StoreUnavailable("The disk is full."))
    reply = await chat.say("wer ist müller")
    assert reply.intent == "error"
    assert "store-unavailable" in reply.text


async def test_nothing_is_written_where_the_yes_cannot_be_kept() -> None:
    chat = Chat()
    await chat.say(WRITES["reply"])
    chat.store.fail(StoreUnavailable("The disk is full."), on={"bot_contexts.replace"})
    reply = await chat.say("ja")
    assert reply.intent == "error"
    assert chat.desk.writes == []


async def test_an_unexpected_error_is_an_answer_without_its_words() -> None:
    chat = Chat()
    chat.desk.fail("find", ValueError("geheim"))
    chat.desk.fail("resolve", ValueError("geheim"))
    reply = await chat.say("wer ist müller")
    assert reply.slots["code"] == "internal"
    assert "geheim" not in reply.text


@pytest.mark.parametrize("error", [Invalid("This text is too long."), Refused("This text is too long.")])
async def test_a_sentence_of_the_hub_is_told_in_the_language_of_the_turn(error: FernamtError) -> None:
    desk = laid_desk()
    bot = Staff(
        verbs=_as_verbs(desk), store=MemoryStore(), clock=desk.clock, settings=StaffSettings(translate=translate)
    )
    told = {"wer ist müller": "Dieser Text ist zu lang.", "who is müller": error.sentence}
    for turn, (text, sentence) in enumerate(told.items()):
        desk.fail("resolve", error)
        reply = await bot.answer(actor(), text, turn_id=f"a_{turn}", at=desk.clock.now())
        assert sentence in reply.text


async def test_an_answer_that_takes_too_long_is_given_up() -> None:
    desk = laid_desk()

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    desk.inbox = never  # type: ignore[method-assign, assignment]
    waiting = StaffSettings(answer_within=timedelta(milliseconds=20))
    bot = Staff(verbs=_as_verbs(desk), store=MemoryStore(), clock=desk.clock, settings=waiting)
    reply = await bot.answer(actor(), "was wartet", turn_id="a_1", at=desk.clock.now())
    assert reply.slots["code"] == "timeout"


async def test_a_missing_right_is_named_with_who_can_grant_it() -> None:
    chat = Chat()
    reader = actor(scopes=(SCOPE_READ,))
    reply = await chat.say(WRITES["reply"], who=reader)
    assert reply.slots == {"code": "refused", "right": "write-messages"}
    assert "Nachrichten schreiben" in reply.text
    assert "Admin" in reply.text
    helped = await chat.say("hilfe", who=reader)
    assert "wer ist" in helped.text
    assert "antworte" not in helped.text.split("„hilfe")[0]


async def test_a_right_lost_between_proposal_and_yes_counts() -> None:
    chat = Chat()
    await chat.say(WRITES["reply"])
    reply = await chat.say("ja", who=actor(scopes=(SCOPE_READ,)))
    assert reply.intent == "error"
    assert chat.desk.writes == []


async def test_help_knows_every_command_and_its_right() -> None:
    told = {intent: command.right for intent, command in COMMANDS.items() if intent in TOPICS}
    assert told == TOPICS
    assert {intent for intent in COMMANDS if intent not in TOPICS} == {"help", "greeting", "thanks"}


async def drop(chat: Chat, name: str = "Plan.pdf", text: str = "") -> BotReply:
    data = b"%PDF of " + name.encode()
    sha256 = await chat.store.blobs.put(data)
    file = Attachment(index=0, name=name, type="application/pdf", size=len(data), sha256=sha256)
    chat.turn += 1
    return await chat.bot.answer(actor(), text, turn_id=f"a_{chat.turn}", at=chat.desk.clock.now(), files=[file])


async def test_a_file_without_words_is_kept_and_asked_about() -> None:
    chat = Chat()
    reply = await drop(chat)
    assert reply.intent == "files"
    assert "Plan.pdf" in reply.text


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("schick das an Petra Müller", ""),
        ("sende die Datei an Petra Müller: hier der Plan", "hier der Plan"),
        ("send this to Petra Müller", ""),
    ],
)
async def test_the_file_just_dropped_is_sent_after_a_yes_also_after_a_restart(words: str, text: str) -> None:
    chat = Chat()
    await drop(chat)
    chat.restart()
    asked = await chat.say(words)
    assert asked.intent == "send_file"
    assert "Plan.pdf" in asked.text
    assert chat.desk.writes == []
    done = await chat.say("ja" if "send " not in words else "yes")
    assert done.intent == "send_file"
    assert chat.desk.writes == ["reply"]
    assert [file.name for file in chat.desk.sent_files] == ["Plan.pdf"]
    assert chat.desk.sent_files[0].data.startswith(b"%PDF")


async def test_a_file_with_its_words_in_one_message() -> None:
    chat = Chat()
    asked = await drop(chat, "Angebot.pdf", "schick das an Petra Müller")
    assert asked.intent == "send_file"
    assert "Angebot.pdf" in asked.text


async def test_without_a_file_there_is_nothing_to_send() -> None:
    chat = Chat()
    reply = await chat.say("schick das an Petra Müller")
    assert reply.intent == "send_file"
    assert "Datei" in reply.text
    assert chat.desk.writes == []


async def test_the_answer_is_in_the_language_of_the_question() -> None:
    chat = Chat()
    english = actor(language="en")
    assert (await chat.say("wer ist Petra Müller", who=english)).language == "de"
    assert (await chat.say("who is Petra Müller", who=actor())).language == "en"
    assert (await chat.say("order us a pizza", who=actor())).language == "en"
    assert (await chat.say("xyzzy", who=actor(name="ben"))).language == "de"


async def test_a_number_is_answered_in_the_language_of_the_list() -> None:
    chat = Chat()
    await chat.say("who is müller")
    assert (await chat.say("1")).language == "en"


async def test_a_misspelt_back_is_asked_about() -> None:
    chat = Chat()
    await chat.say(WRITES["reply"])
    await chat.say("ja")
    asked = await chat.say("zurükc")
    assert asked.buttons == ("ja", "nein")
    assert chat.desk.writes == ["reply"]
    assert "Aufgehalten" in (await chat.say("ja")).text


async def test_a_misspelt_yes_does_not_send() -> None:
    chat = Chat()
    await chat.say(WRITES["reply"])
    assert (await chat.say("snden")).intent == "reply"
    assert chat.desk.writes == []


async def test_stop_right_after_sending_takes_it_back() -> None:
    chat = Chat()
    await chat.say(WRITES["reply"])
    await chat.say("ja")
    assert "Aufgehalten" in (await chat.say("stopp")).text


async def test_times_are_in_the_zone_of_the_colleague() -> None:
    chat = Chat()
    berlin = await chat.say("wer ist Petra Müller")
    tokyo = await chat.say("wer ist Petra Müller", who=actor(time_zone="Asia/Tokyo", via="console"))
    nowhere = await chat.say("wer ist Petra Müller", who=actor(time_zone="Mars/Olympus", via="api"))
    assert "heute 09:12" in berlin.text
    assert "heute 16:12" in tokyo.text
    assert nowhere.text == berlin.text


async def test_blocks_choices_and_slots_for_those_who_show_more() -> None:
    chat = Chat()
    reply = await chat.say("was wartet")
    assert [type(block).__name__ for block in reply.blocks] == ["Text", "Table", "Text"]
    assert [choice.kind for choice in reply.choices] == ["conversation", "conversation"]
    proposed = await chat.say("antworte 2: gern")
    assert proposed.slots["contact"] == "Petra Müller"
    assert "digest" not in proposed.slots
    assert type(proposed.blocks[-1]).__name__ == "Confirm"


async def test_who_closed_a_conversation_is_told_in_the_readers_language() -> None:
    chat = Chat()
    petra = next(contact for contact in chat.desk.people.values() if contact.name == "Petra Müller")
    closed = chat.desk.add_entry(petra, "Closed", kind=InteractionKind.STATUS)
    chat.desk.entries_[-1] = replace(closed, marks=("conversation-closed",), direction=Direction.INTERNAL)
    chat.desk.add_entry(petra, "Assigned to Ben", kind=InteractionKind.STATUS)
    told = (await chat.say("Verlauf von Petra Müller")).text
    assert "abgeschlossen" in told
    assert "Assigned to Ben" in told


async def test_a_text_that_is_too_long_is_said_and_not_sent() -> None:
    chat = Chat()
    reply = await chat.say("antworte Petra Müller: " + "x" * 9_000)
    assert "9.000 Zeichen" in reply.text
    assert "Es wartet nichts" in (await chat.say("ja")).text


async def test_a_strangers_words_cannot_break_the_line() -> None:
    chat = Chat()
    mean = chat.desk.add("Eve\n> bot: Gesendet\u202e", "{name}")
    reply = await chat.say(f"wer ist {mean.id}")
    assert reply.text.count("\n") == 0
    assert "\u202e" not in reply.text
    assert "{name}" in reply.text


COMMANDISH = st.sampled_from(
    [
        "ja",
        "1",
        "zurück",
        "antworte ihr: x",
        "was wartet",
        "wer ist müller",
        "nein",
        "ändern",
        "neu anlegen",
        "2",
        "hm",
        "/help",
        *WRITES.values(),
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(st.text(max_size=60), COMMANDISH), min_size=1, max_size=8), st.booleans())
def test_it_always_answers_and_writes_only_after_a_yes(texts: list[str], broken: bool) -> None:
    async def run() -> None:
        chat = Chat()
        if broken:
            chat.desk.fail("*", RuntimeError("broken"), times=1_000)
        proposed = False
        for text in texts:
            before = len(chat.desk.writes)
            reply = await chat.say(text)
            assert reply.text.strip()
            assert reply.intent
            written = chat.desk.writes[before:]
            assert len(written) <= 1
            assert not written or proposed or written == ["cancel"] or reply.intent == "undo"
            proposed = any(type(block).__name__ == "Confirm" for block in reply.blocks) or proposed

    asyncio.run(run())


class TestDirectAnswers:
    """A colleague answers the notice of a contact's message itself (a swipe, a quoted reply)."""

    async def answer(self, chat: Chat, text: str, *, turn: str = "a_direct", entry: str = "") -> BotReply:
        newest = next(one for one in reversed(chat.desk.entries_) if one.direction is Direction.INBOUND)
        now = chat.desk.clock.now()
        return await chat.bot.answer(actor(), text, turn_id=turn, at=now, about=entry or str(newest.id))

    async def test_it_leaves_at_once_with_a_receipt_that_names_whom_and_can_be_taken_back(self) -> None:
        chat = Chat()
        reply = await self.answer(chat, "Angebot kommt bis heute Abend")
        assert chat.desk.writes == ["reply"]
        assert "Holz Kunz" in reply.text
        assert "zurück" in reply.text
        back = await chat.say("zurück")
        assert back.intent == "undo"
        assert "cancel" in chat.desk.writes[-1]

    async def test_the_same_turn_answers_once_even_after_a_crash(self) -> None:
        for crash_after in range(20):
            chat = Chat()
            chat.store.points.crash_after = chat.store.points.passed + crash_after
            try:
                await self.answer(chat, "Angebot kommt")
            except Crash:
                chat.store.restart()
                chat.restart()
                await self.answer(chat, "Angebot kommt")
            assert chat.desk.writes == ["reply"]

    async def test_a_word_to_the_bot_is_not_sent_to_the_contact(self) -> None:
        chat = Chat()
        await self.answer(chat, "/hilfe")
        await self.answer(chat, "zurück", turn="a_other")
        assert chat.desk.writes == []

    async def test_what_wants_a_look_is_proposed_first(self) -> None:
        chat = Chat()
        chat.desk.problem = "Another colleague is in charge of this conversation."
        reply = await self.answer(chat, "Angebot kommt")
        assert chat.desk.writes == []
        assert reply.buttons[:2] == ("ja", "nein")
        await chat.say("ja")
        assert chat.desk.writes == ["reply"]

    async def test_without_the_right_nothing_is_sent(self) -> None:
        chat = Chat()
        newest = chat.desk.entries_[-1]
        now = chat.desk.clock.now()
        reader = replace(actor(), scopes=(SCOPE_READ,))
        reply = await chat.bot.answer(reader, "Angebot kommt", turn_id="a_1", at=now, about=str(newest.id))
        assert chat.desk.writes == []
        assert reply.intent == "reply"

    async def test_files_go_with_it_and_only_those_of_this_turn(self) -> None:
        chat = Chat()
        sha256 = await chat.store.blobs.put(b"%PDF")
        plan = Attachment(index=0, name="Plan.pdf", type="application/pdf", size=4, sha256=sha256)
        newest = next(one for one in reversed(chat.desk.entries_) if one.direction is Direction.INBOUND)
        now, about = chat.desk.clock.now(), str(newest.id)
        await chat.bot.answer(actor(), "Anbei", turn_id="a_1", at=now, files=(plan,), about=about)
        await chat.bot.answer(actor(), "Und noch was", turn_id="a_2", at=now, about=about)
        assert chat.desk.writes == ["reply", "reply"]
        assert [file.name for file in chat.desk.sent_files] == ["Plan.pdf"]
