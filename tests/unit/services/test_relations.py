"""What a chat message is to an earlier one: corrections, answers, reactions and presses find the entry that they are
about, whether it came in or went out; and whom a block keeps from being written to."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.domain.address import Address
from hub.domain.arrival import ArrivalRecord
from hub.domain.facts import Relation
from hub.domain.ids import ContactId, ConversationId, InteractionId, OutboxId, UserId
from hub.domain.message import Envelope
from hub.domain.outbox import OutboxItem, OutboxState, OutgoingContent, Purpose, lane_of
from hub.ports.kinds import CONTACTS, MESSAGE_REFERENCES, OUTBOX, SUPPRESSIONS
from hub.services.reachability import BLOCKED, Reachability
from hub.services.suppressions import HARD_BOUNCE, Suppressions
from tests.intake_world import IntakeWorld, _account

CASES = Path(__file__).parents[2] / "cases" / "telegram"
FIRST = _account("service", "telegram", ("123456",), message_domain="")
SECOND = _account("sales", "telegram", ("654321",), message_domain="")
ANNA = Address(channel="telegram", normal="4711")


class Chat:
    """Two bots, and Anna, who writes to them."""

    def __init__(self) -> None:
        self.world = IntakeWorld(FIRST, SECOND)

    async def hear(self, case: str, *, account: str = "service", **message: Any) -> ArrivalRecord:
        """A golden case arrives; `message` changes its message."""
        plain = json.loads((CASES / f"{case}.json").read_text("utf-8"))
        for update in plain["updates"]:
            for body in (value for value in update.values() if isinstance(value, dict)):
                body |= message
        raw = json.dumps(plain).encode()
        envelope = Envelope(sender="4711", authenticated=True)
        return await self.world.receive(raw, account=account, envelope=envelope, sender_hint="4711")

    async def send(self, record: ArrivalRecord, *names: str, account: str = "service") -> OutboxItem:
        """We answered it, and Telegram called our messages so."""
        entry, now = self.world.entry(record), self.world.clock.now()
        item = OutboxItem(
            id=OutboxId("o_answer"),
            account=account,
            channel="telegram",
            recipient=ANNA,
            lane=lane_of(account, ANNA),
            purpose=Purpose.REPLY,
            content=OutgoingContent(text="Am Freitag."),
            state=OutboxState.SENT,
            due_at=now,
            created_at=now,
            give_up_at=now,
            contact_id=ContactId(entry.contact_id),
            conversation_id=ConversationId(self.world.conversation(record).id),
            entry_id=InteractionId("i_answer"),
            native_ref=names[0],
            native_refs=names,
        )
        await self.world.store.documents(OUTBOX).insert(item)
        return item


@pytest.fixture
def anna() -> Chat:
    return Chat()


async def test_an_edit_is_a_new_entry_that_names_what_it_corrects(anna: Chat) -> None:
    first = await anna.hear("text")
    edited = await anna.hear("edited")
    entry = anna.world.entry(edited)
    assert entry.caused_by == anna.world.entry(first).id
    assert Relation.CORRECTION.value in entry.marks
    assert anna.world.entry(first).text == "Wann wird der Tisch geliefert?"
    assert anna.world.conversation(edited).id == anna.world.conversation(first).id


async def test_a_second_edit_names_the_first_message_too(anna: Chat) -> None:
    first = await anna.hear("text")
    await anna.hear("edited")
    again = await anna.hear("edited", text="Wann wird die Bank geliefert?")
    assert anna.world.entry(again).caused_by == anna.world.entry(first).id


async def test_what_answers_a_part_of_an_album_is_about_the_album(anna: Chat) -> None:
    album = await anna.hear("album")
    answer = await anna.hear("reply-to-a-part-of-an-album")
    caption = await anna.hear("edited-caption-of-an-album")
    assert anna.world.entry(answer).caused_by == anna.world.entry(album).id
    assert anna.world.entry(caption).caused_by == anna.world.entry(album).id


@pytest.mark.parametrize("case", ["reaction", "button", "reply-with-quote"])
async def test_what_is_about_a_message_of_ours_finds_it_by_any_of_its_names(anna: Chat, case: str) -> None:
    first = await anna.hear("text")
    await anna.send(first, "telegram:123456:4711:76", "telegram:123456:4711:77")
    assert anna.world.entry(await anna.hear(case)).caused_by == "i_answer"


async def test_names_of_one_bot_are_not_those_of_another(anna: Chat) -> None:
    first = await anna.hear("text")
    await anna.send(first, "telegram:123456:4711:77", account="sales")
    assert anna.world.entry(await anna.hear("reaction")).caused_by is None


async def test_a_relation_to_something_unknown_is_recorded_without_it(anna: Chat) -> None:
    entry = anna.world.entry(await anna.hear("reply-with-quote"))
    assert entry.caused_by is None
    assert Relation.REPLY.value in entry.marks
    assert entry.text == "Ja, der."


async def test_the_message_itself_is_remembered_by_its_name_once(anna: Chat) -> None:
    first = await anna.hear("text")
    await anna.hear("text", text="dieselbe Nummer")  # cannot be: another message of the same name
    references = [
        one
        for one in anna.world.store.documents(MESSAGE_REFERENCES).rows.values()
        if one.message_id == "telegram:123456:4711:101"
    ]
    assert [one.interactions for one in references] == [(anna.world.entry(first).id,)]


async def test_a_reaction_wants_no_answer_and_a_press_does(anna: Chat) -> None:
    first = await anna.hear("text")
    anna.world.teller.told.clear()
    await anna.hear("reaction")
    assert anna.world.teller.told == []
    press = await anna.hear("button")
    assert [news.interaction.id for news in anna.world.teller.told] == [press.result]
    assert anna.world.conversation(press).id == anna.world.conversation(first).id


async def test_ac28_one_user_with_two_bots_has_two_threads_and_is_one_contact(anna: Chat) -> None:
    one = await anna.hear("text")
    other = await anna.hear("text", account="sales")
    assert anna.world.conversation(one).id != anna.world.conversation(other).id
    assert anna.world.contact(one).id == anna.world.contact(other).id


class Alerts:
    """Remembers who was told what."""

    def __init__(self) -> None:
        self.told: list[tuple[tuple[UserId, ...], str, str]] = []

    async def tell_all(self, users: list[UserId], text: Any, key: str) -> int:
        self.told.append((tuple(users), text("de"), key))
        return len(users)


class TestBlocking:
    """my_chat_member."""

    def watch(self, anna: Chat) -> tuple[Suppressions, Alerts]:
        suppressions, alerts = Suppressions(anna.world.store, anna.world.clock), Alerts()
        reach = Reachability(store=anna.world.store, suppressions=suppressions, alerts=alerts)  # type: ignore[arg-type]
        anna.world.happenings.act(reach)
        return suppressions, alerts

    async def own(self, anna: Chat, record: ArrivalRecord) -> None:
        contact = anna.world.contact(record)
        owned = replace(contact, owner=UserId("u_kim"))
        assert await anna.world.store.documents(CONTACTS).replace(owned, contact.version)

    async def test_a_block_stops_writing_and_is_told_once(self, anna: Chat) -> None:
        suppressions, alerts = self.watch(anna)
        await self.own(anna, await anna.hear("text"))
        blocked = await anna.hear("blocked")
        listed = await suppressions.find(ANNA)
        assert listed is not None
        assert listed.reason == BLOCKED
        assert [(users, "blockiert" in text) for users, text, _ in alerts.told] == [((UserId("u_kim"),), True)]
        assert anna.world.entry(blocked).kind.value == "event"
        assert len(anna.world.conversations) == 1

    @pytest.mark.parametrize("case", ["unblocked", "start"])
    async def test_coming_back_lifts_it_whatever_put_it_there(self, anna: Chat, case: str) -> None:
        suppressions, alerts = self.watch(anna)
        await self.own(anna, await anna.hear("text"))
        await suppressions.add(ANNA, HARD_BOUNCE)
        await anna.hear(case)
        assert anna.world.store.documents(SUPPRESSIONS).rows == {}
        assert len(alerts.told) == 1
        await anna.hear("unblocked")
        assert len(alerts.told) == 1

    async def test_a_block_by_somebody_unknown_makes_no_contact(self, anna: Chat) -> None:
        self.watch(anna)
        record = await anna.hear("blocked")
        assert record.result is None
        assert anna.world.contacts == {}
