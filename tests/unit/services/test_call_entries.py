"""Calls on the timeline: who is filed where, who waits for an answer, and what settles it (AC-25)."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.domain.arrival import ArrivalRecord, ArrivalState
from hub.domain.errors import Invalid
from hub.domain.facts import Call
from hub.domain.interaction import Direction, InteractionKind
from hub.domain.message import Envelope, Strength
from hub.ports.kinds import CONVERSATIONS
from tests.intake_world import IntakeWorld
from tests.office import Office

CALLER, OURS = "02211234567", "02219876543"


@pytest.fixture
def world() -> IntakeWorld:
    return IntakeWorld()


async def call(world: IntakeWorld, **changes: Any) -> ArrivalRecord:
    record = {
        "exchange": "fritzbox",
        "country": "DE",
        "area": "0221",
        "id": f"{world.clock.now():%d.%m.%y %H:%M:%S}/0",
        "incoming": True,
        "caller": CALLER,
        "callee": OURS,
        "line": OURS,
        "name": "",
        "started_at": world.clock.now().isoformat(),
        "answered": False,
        "machine": False,
        "seconds": 0,
        "reason": "",
        "forgotten": False,
        **changes,
    }
    return await world.receive(
        json.dumps(record).encode(),
        account="phone",
        native_id=f"fritzbox:{record['id']}",
        envelope=Envelope(recipients=(str(record["callee"]),), outgoing=not record["incoming"]),
    )


async def test_ac25_unknown_caller(world: IntakeWorld) -> None:
    """A provisional contact, and somebody who waits for a call back."""
    record = await call(world)
    entry, contact, conversation = world.entry(record), world.contact(record), world.conversation(record)
    assert (entry.kind, entry.direction, entry.call and entry.call.answered) == (
        InteractionKind.CALL,
        Direction.INBOUND,
        False,
    )
    assert "missed" in entry.marks
    assert (contact.provisional, contact.name) == (True, CALLER)
    assert next(iter(world.identities.values())).address.normal == "+492211234567"
    assert next(iter(world.identities.values())).strength is Strength.CLAIMED
    assert conversation.waiting_since == entry.at
    assert [news.interaction.id for news in world.teller.told] == [entry.id]


async def test_a_second_call_of_the_same_number_is_the_same_contact_and_conversation(world: IntakeWorld) -> None:
    first, second = await call(world), await call(world, caller="+49 221 1234567")
    assert world.contact(first).id == world.contact(second).id
    assert world.conversation(first).id == world.conversation(second).id
    assert len(world.contacts) == 1


async def test_an_answered_call_is_recorded_and_nobody_waits(world: IntakeWorld) -> None:
    record = await call(world, answered=True, seconds=90)
    assert world.entry(record).call is not None
    assert world.conversation(record).waiting_since is None
    assert world.teller.told == []


async def test_calling_back_settles_it_once_somebody_answers(world: IntakeWorld) -> None:
    await call(world)
    back = {"incoming": False, "caller": OURS, "callee": CALLER}
    tried = await call(world, **back)
    assert world.entry(tried).direction is Direction.OUTBOUND
    assert world.conversation(tried).waiting_since is not None
    reached = await call(world, **back, answered=True, seconds=30)
    assert world.conversation(reached).waiting_since is None


async def test_who_calls_again_and_is_answered_waits_no_more(world: IntakeWorld) -> None:
    await call(world)
    assert world.conversation(await call(world, answered=True, seconds=5)).waiting_since is None


@pytest.mark.parametrize("caller", ["", "anonymous", "**620"])
async def test_a_hidden_number_is_kept_without_an_entry_and_says_why(world: IntakeWorld, caller: str) -> None:
    record = await call(world, caller=caller)
    assert (record.state, record.result) == (ArrivalState.DONE, None)
    assert record.reason == "a call without a number of the outside"
    assert (world.contacts, world.entries) == ({}, {})


async def test_a_call_among_ourselves_makes_no_contact(world: IntakeWorld) -> None:
    record = await call(world, incoming=False, caller=OURS, callee=OURS)
    assert (record.state, world.contacts) == (ArrivalState.DONE, {})


async def test_the_same_call_told_twice_is_one_entry(world: IntakeWorld) -> None:
    same = {"id": "28.11.26 10:42:07/0"}
    await call(world, **same)
    await call(world, **same)
    assert len(world.entries) == 1


async def test_a_damaged_record_goes_to_quarantine(world: IntakeWorld) -> None:
    record = await world.receive(b'{"incoming": tru', account="phone")
    assert (record.state, record.stage) == (ArrivalState.QUARANTINED, "parse")


async def test_a_call_logged_by_hand_is_an_entry_of_the_colleague_once() -> None:
    office = await Office.open()
    petra = await office.customer("Petra Müller")
    for _ in range(2):
        entry = await office.timeline.log_call(office.anna, petra.id, "wants a quote", minutes=10, key="k")
    assert entry.call == Call(answered=True, incoming=False, seconds=600, started_at=entry.at - timedelta(minutes=10))
    assert (entry.kind, entry.direction, entry.author) == (
        InteractionKind.CALL,
        Direction.OUTBOUND,
        office.user_id("anna"),
    )
    assert len((await office.timeline.page(office.anna, petra.id)).items) == 1
    assert ("timeline.log_call", petra.id, "ok") in [row[1:] for row in office.audited()]


async def test_a_call_logged_by_hand_settles_a_missed_one() -> None:
    office = await Office.open()
    petra = await office.customer("Petra Müller")
    missed = await office.conversation(petra, "missed")
    rows = office.store.documents(CONVERSATIONS)
    await rows.replace(replace(missed, channel="phone"), missed.version)
    written = await office.conversation(petra, "a mail")
    await office.timeline.log_call(office.anna, petra.id, "called back")
    assert rows.rows[missed.id].waiting_since is None
    assert rows.rows[written.id].waiting_since is not None


@pytest.mark.parametrize(("text", "minutes"), [("", 5), ("x" * 40_000, 5), ("x", -1), ("x", 1_441)])
async def test_a_call_without_words_or_with_an_absurd_length_is_refused(text: str, minutes: int) -> None:
    office = await Office.open()
    petra = await office.customer("Petra Müller")
    with pytest.raises(Invalid):
        await office.timeline.log_call(office.anna, petra.id, text, minutes=minutes)
