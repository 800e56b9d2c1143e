"""Who did not come to an appointment: said only once it has begun, taken back, told to nobody."""

from datetime import timedelta
from typing import Any

import pytest

from hub.domain.appointment import Appointment, AppointmentDraft, AppointmentState
from hub.domain.errors import Conflict, Invalid, NotFound, Refused
from hub.domain.interaction import Interaction
from hub.ports.kinds import INTERACTIONS
from hub.services.calendar.inviting import TRIES
from storage.codec import codec_for
from tests.office import CONTACT_ACTOR
from tests.unit.services.test_invitations import TIME, Scene

HOUR = timedelta(hours=1)


async def begun() -> tuple[Scene, Appointment]:
    """An invited contact, ten minutes after the beginning."""
    scene = await Scene.open()
    made = await scene.invited()
    clock = scene.world.office.clock
    clock.advance((TIME - clock.now()).total_seconds() + 600)
    return scene, made


def traces(scene: Scene) -> list[str]:
    found = [one for one in scene.world.store.documents(INTERACTIONS).rows.values() if isinstance(one, Interaction)]
    return [one.marks[0] for one in found if one.marks and one.marks[0] in ("appointment-missed", "appointment-kept")]


async def test_a_missed_appointment_is_no_cancellation_and_sends_nothing() -> None:
    scene, made = await begun()
    anna, letters = scene.world.office.anna, len(scene.letters())
    before, told = scene.stored(made.id), len(scene.told())
    for _ in range(2):
        missed = await scene.calendar.mark_missed(anna, made.id)
        assert missed.missed(TIME)
    stored = scene.stored(made.id)
    assert (stored.state, stored.sequence, stored.attendees) == (before.state, before.sequence, before.attendees)
    assert stored.state is AppointmentState.CONFIRMED
    assert (len(scene.letters()), len(scene.told())) == (letters, told)
    assert traces(scene) == ["appointment-missed"]
    (listed,) = await scene.calendar.agenda(anna, TIME - HOUR, TIME + HOUR, contact_id=made.contact_id)
    assert listed.missed


async def test_it_is_taken_back_and_said_again_and_each_word_leaves_a_trace() -> None:
    scene, made = await begun()
    anna, clock = scene.world.office.anna, scene.world.office.clock
    await scene.calendar.mark_missed(anna, made.id, missed=False)
    assert traces(scene) == []
    for missed in (True, False, False, True):
        clock.advance(60)
        done = await scene.calendar.mark_missed(anna, made.id, missed=missed)
        assert done.missed(TIME) is missed
    assert traces(scene) == ["appointment-missed", "appointment-kept", "appointment-missed"]
    assert len(scene.stored(made.id).absences) == 1


async def test_a_word_whose_trace_was_lost_in_a_crash_gets_it_by_being_said_again() -> None:
    scene, made = await begun()
    await scene.calendar.mark_missed(scene.world.office.anna, made.id)
    rows: dict[str, Any] = scene.world.store.documents(INTERACTIONS).rows
    (lost,) = [key for key, one in rows.items() if "appointment-missed" in one.marks]
    del rows[lost]
    await scene.calendar.mark_missed(scene.world.office.anna, made.id)
    assert traces(scene) == ["appointment-missed"]


async def test_only_an_agreed_appointment_that_has_begun_can_be_missed() -> None:
    scene = await Scene.open()
    made = await scene.invited()
    office = scene.world.office
    with pytest.raises(Conflict) as early:
        await scene.calendar.mark_missed(office.anna, made.id)
    assert early.value.fields["code"] == "not-begun"
    mine = await scene.calendar.book(office.anna, AppointmentDraft(start=TIME + 2 * HOUR), key="alone")
    office.clock.advance((TIME - office.clock.now()).total_seconds() + 4 * 3600)
    with pytest.raises(Conflict) as alone:
        await scene.calendar.mark_missed(office.anna, mine.id)
    assert alone.value.fields["code"] == "no-contact"
    await scene.calendar.cancel(office.anna, made.id, key="c")
    with pytest.raises(Conflict) as gone:
        await scene.calendar.mark_missed(office.anna, made.id)
    assert gone.value.fields["code"] == "not-agreed"
    with pytest.raises(Refused):
        await scene.calendar.mark_missed(CONTACT_ACTOR, made.id)


async def test_one_of_a_series_is_missed_and_stays_so_when_the_series_moves() -> None:
    scene = await Scene.open()
    office, week = scene.world.office, timedelta(weeks=1)
    other = await scene.invited()
    await scene.calendar.cancel(office.anna, other.id, key="c")
    draft = AppointmentDraft(
        start=TIME, contact_id=other.contact_id, recurrence="FREQ=WEEKLY;COUNT=3", outside_hours=True
    )
    made = await scene.calendar.book(office.anna, draft, key="series")
    office.clock.advance((TIME + week - office.clock.now()).total_seconds() + 600)
    with pytest.raises(Invalid):
        await scene.calendar.mark_missed(office.anna, made.id)
    with pytest.raises(NotFound):
        await scene.calendar.mark_missed(office.anna, made.id, occurrence=TIME + HOUR)
    with pytest.raises(Conflict):
        await scene.calendar.mark_missed(office.anna, made.id, occurrence=TIME + 2 * week)
    done = await scene.calendar.mark_missed(office.anna, made.id, occurrence=TIME + week)
    assert [done.missed(TIME + n * week) for n in range(3)] == [False, True, False]
    last = await scene.calendar.move(office.anna, made.id, TIME + 2 * week + HOUR, key="m", occurrence=TIME + 2 * week)
    assert last.missed(TIME + week)
    moved = await scene.calendar.move(office.anna, made.id, TIME + 3 * week, key="n")
    assert [moved.missed(TIME + (3 + n) * week) for n in range(3)] == [False, True, False]


async def test_what_moves_into_the_future_has_been_missed_by_nobody_yet() -> None:
    scene, made = await begun()
    anna = scene.world.office.anna
    await scene.calendar.mark_missed(anna, made.id)
    moved = await scene.calendar.move(anna, made.id, TIME + timedelta(days=7), key="m")
    assert not moved.missed(moved.start)
    assert traces(scene) == ["appointment-missed"]


async def test_somebody_who_changes_it_at_the_same_time_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    scene, made = await begun()
    documents = scene.calendar._appointments
    tries = 0

    async def beaten(document: Appointment, version: int) -> bool:
        nonlocal tries
        tries += 1
        return False

    monkeypatch.setattr(documents, "replace", beaten)
    with pytest.raises(Conflict):
        await scene.calendar.mark_missed(scene.world.office.anna, made.id)
    assert tries == TRIES
    assert traces(scene) == []


def test_an_appointment_of_an_older_store_was_missed_by_nobody() -> None:
    codec = codec_for(Appointment)
    made = Appointment(
        id="p_1", uid="u", calendars=("k_1",), title="", start=TIME, end=TIME + HOUR, time_zone="UTC",
        created_by="user:u_1", created_at=TIME,
    )  # fmt: skip
    stored = codec.to_document(made)
    assert "absences" not in stored
    assert codec.from_document(stored).absences == ()
