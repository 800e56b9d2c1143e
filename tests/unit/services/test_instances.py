"""Single instances of a series: what its organiser says of one, and what becomes of those that differ when the whole
series moves."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.domain.appointment import Appointment, AppointmentDraft, AppointmentState, Override, Participation
from hub.domain.errors import Invalid
from hub.domain.itip import ItipMethod
from hub.services.calendar.instances import moved_series
from hub.services.calendar.itip import read_itip, write_itip
from hub.services.calendar.recurrence import expand
from tests.reception_world import PETRA_MAIL
from tests.unit.services.test_invitations import BERLIN, OFFICE, PROGRAMS, TIME, Scene, ics

WEEK = timedelta(days=7)
SECOND, THIRD = TIME + WEEK, TIME + 2 * WEEK
ELSEWHERE = SECOND + timedelta(days=1, hours=2)


def named(program: str, moment: datetime) -> str:
    """RECURRENCE-ID as the program writes it."""
    if program == "google":
        return f"RECURRENCE-ID:{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    zone = "W. Europe Standard Time" if program == "outlook" else "Europe/Berlin"
    return f"RECURRENCE-ID;TZID={zone}:{moment.astimezone(BERLIN):%Y%m%dT%H%M%S}"


def series(program: str, *lines: str, **fields: object) -> bytes:
    more = "\r\n".join(("RRULE:FREQ=WEEKLY;COUNT=4", *lines)).encode()
    return ics(program, "REQUEST", **fields).replace(b"UID:", more + b"\r\nUID:")  # type: ignore[arg-type]


def instance(program: str, method: str, of: datetime, **fields: object) -> bytes:
    return ics(program, method, **fields).replace(b"UID:", named(program, of).encode() + b"\r\nUID:")  # type: ignore[arg-type]


def starts(appointment: Appointment) -> list[datetime]:
    return [start for start, _ in expand(appointment)]


async def invited(program: str, *lines: str) -> tuple[Scene, Appointment]:
    scene = await Scene.open()
    await scene.receive(series(program, *lines), "REQUEST")
    (theirs,) = scene.theirs()
    return scene, theirs


async def accepted(program: str) -> tuple[Scene, Appointment]:
    scene, theirs = await invited(program)
    await scene.calendar.answer(scene.world.office.anna, theirs.id, Participation.ACCEPTED, key="k")
    return scene, scene.stored(theirs.id)


async def busy(scene: Scene, at: datetime) -> bool:
    anna = scene.world.office.anna
    found = await scene.calendar.agenda(anna, at, at + timedelta(minutes=1))
    return bool(found)


@pytest.mark.parametrize("program", PROGRAMS)
async def test_one_instance_that_moves_is_elsewhere_and_the_others_stay(program: str) -> None:
    scene, theirs = await accepted(program)
    for _ in range(2):
        moved = instance(program, "REQUEST", SECOND, start=ELSEWHERE, sequence=1, stamp="20261123T100000Z")
        await scene.receive(moved, "REQUEST")
    stored = scene.stored(theirs.id)
    assert starts(stored) == [TIME, ELSEWHERE, THIRD, TIME + 3 * WEEK]
    assert (stored.state, stored.sequence) == (AppointmentState.CONFIRMED, theirs.sequence)
    assert (await busy(scene, SECOND), await busy(scene, ELSEWHERE)) == (False, True)
    told = [text for text in scene.told() if "verlegt: von 01.12.2026 10:00 auf 02.12.2026 12:00" in text]
    assert len(set(told)) == 1
    assert len(scene.theirs()) == 1


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("answered", [False, True])
async def test_one_instance_that_is_cancelled_is_left_out(program: str, answered: bool) -> None:
    scene, theirs = await (accepted(program) if answered else invited(program))
    await scene.receive(instance(program, "CANCEL", SECOND, start=SECOND, sequence=1), "CANCEL")
    stored = scene.stored(theirs.id)
    assert starts(stored) == [TIME, THIRD, TIME + 3 * WEEK]
    assert stored.state is not AppointmentState.CANCELLED
    assert any("hat einen Termin der Reihe „Aufmaß Küche“ abgesagt: 01.12.2026 10:00" in text for text in scene.told())
    await scene.receive(ics(program, "CANCEL", sequence=2), "CANCEL")
    assert scene.stored(theirs.id).state is AppointmentState.CANCELLED


async def test_what_is_older_than_what_is_known_of_the_instance_changes_nothing() -> None:
    scene, theirs = await accepted("google")
    newer = instance("google", "REQUEST", SECOND, start=ELSEWHERE, sequence=2, stamp="20261123T100000Z")
    older = instance("google", "CANCEL", SECOND, start=SECOND, sequence=1, stamp="20261123T090000Z")
    await scene.receive(newer, "REQUEST")
    await scene.receive(older, "CANCEL")
    assert ELSEWHERE in starts(scene.stored(theirs.id))


async def test_an_instance_that_the_series_does_not_have_changes_nothing() -> None:
    scene, theirs = await accepted("google")
    await scene.receive(instance("google", "CANCEL", TIME + timedelta(days=2), sequence=1), "CANCEL")
    assert scene.stored(theirs.id).overrides == ()


async def test_a_stranger_cannot_move_an_instance() -> None:
    scene, theirs = await accepted("google")
    forged = instance("google", "REQUEST", SECOND, start=ELSEWHERE, sequence=1)
    await scene.receive(forged, "REQUEST", "mallory@evil.example")
    await scene.receive(forged, "REQUEST", authentic=False)
    assert scene.stored(theirs.id).overrides == ()


async def test_an_instance_that_moves_where_something_stands_is_left_to_the_colleague() -> None:
    scene, theirs = await accepted("google")
    draft = AppointmentDraft(start=ELSEWHERE, minutes=60, title="Eigenes", outside_hours=True)
    own = await scene.calendar.book(scene.world.office.anna, draft, key="own")
    assert own.calendars == theirs.calendars
    await scene.receive(instance("google", "REQUEST", SECOND, start=ELSEWHERE, sequence=1), "REQUEST")
    assert starts(scene.stored(theirs.id))[1] == SECOND
    assert scene.stored(own.id).state is AppointmentState.CONFIRMED
    assert any("dort steht schon etwas" in text for text in scene.told())


async def test_an_instance_of_an_unknown_series_is_an_invitation_of_its_own() -> None:
    scene = await Scene.open()
    for number, of in enumerate((TIME, SECOND)):
        await scene.receive(instance("apple", "REQUEST", of, start=of, sequence=number), "REQUEST")
    assert sorted(one.start for one in scene.theirs()) == [TIME, SECOND]


async def test_a_series_comes_with_its_exceptions() -> None:
    scene, theirs = await invited("google", f"EXDATE:{SECOND.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    assert starts(theirs) == [TIME, THIRD, TIME + 3 * WEEK]
    assert scene.theirs() == [theirs]


def test_all_later_instances_are_a_matter_for_a_person() -> None:
    data = series("google").replace(b"RRULE:FREQ=WEEKLY;COUNT=4", b"RECURRENCE-ID;RANGE=THISANDFUTURE:20261201T090000Z")
    with pytest.raises(Invalid):
        read_itip(data)


async def test_an_answer_to_one_instance_is_told_and_says_nothing_of_the_series() -> None:
    scene = await Scene.open()
    appointment = await scene.world.appointment(TIME, recurrence="FREQ=WEEKLY;COUNT=4")
    appointment = await scene.calendar.invite(scene.world.office.anna, appointment.id)
    fields = {"uid": appointment.uid, "organiser": OFFICE, "attendee": PETRA_MAIL, "partstat": "DECLINED"}
    await scene.receive(instance("google", "REPLY", SECOND, **fields), "REPLY")
    assert scene.stored(appointment.id).attendees[0].participation is Participation.NEEDS_ACTION
    assert any("hat abgesagt: „Aufmaß“, 01.12.2026 10:00" in text for text in scene.told())


# Moving the whole


def ours(rule: str, *overrides: Override, start: datetime = TIME) -> Appointment:
    return Appointment(
        id="p_1",
        uid="u",
        calendars=("k_1",),
        title="x",
        start=start,
        end=start + timedelta(hours=1),
        time_zone="Europe/Berlin",
        recurrence=rule,
        overrides=overrides,
        created_by="user:u_anna",
        created_at=TIME,
    )


def test_a_series_that_moves_keeps_its_exceptions_shifted() -> None:
    left_out = Override(original=SECOND)
    moved = Override(original=THIRD, start=THIRD + timedelta(hours=3), end=THIRD + timedelta(hours=4))
    before = ours("FREQ=WEEKLY;COUNT=4", left_out, moved)
    by = timedelta(days=1, hours=2)
    after = moved_series(before, TIME + by)
    assert starts(after) == [start + by for start in starts(before)]


def test_across_the_change_of_the_clocks_exceptions_keep_their_wall_time() -> None:
    begin = datetime(2027, 3, 22, 10, tzinfo=BERLIN).astimezone(UTC)
    sunday_after = datetime(2027, 3, 29, 10, tzinfo=BERLIN).astimezone(UTC)
    noon = datetime(2027, 3, 29, 12, tzinfo=BERLIN).astimezone(UTC)
    before = ours("FREQ=WEEKLY;COUNT=2", Override(original=sunday_after, start=noon), start=begin)
    after = moved_series(before, datetime(2027, 3, 15, 9, tzinfo=BERLIN).astimezone(UTC))
    walls = [f"{start.astimezone(BERLIN):%d.%m. %H:%M}" for start in starts(after)]
    assert walls == ["15.03. 09:00", "22.03. 11:00"]


def test_a_rule_by_weekday_finds_its_exceptions_by_number() -> None:
    second = TIME + timedelta(days=2)
    before = ours("FREQ=WEEKLY;COUNT=4;BYDAY=TU,TH", Override(original=second))
    after = moved_series(before, TIME + timedelta(days=2))
    assert len(starts(after)) == 3
    assert TIME + timedelta(days=7) not in starts(after)


def test_an_exception_of_an_instance_that_is_no_more_goes_with_it() -> None:
    last = TIME + 3 * WEEK
    before = ours(f"FREQ=WEEKLY;UNTIL={last:%Y%m%dT%H%M%S}Z", Override(original=last))
    after = moved_series(before, TIME + timedelta(days=6))
    assert after.overrides == ()
    assert len(starts(after)) == 3


def test_an_invitation_to_a_series_names_instances_that_were_moved_or_left_out() -> None:
    moved = Override(original=THIRD, start=ELSEWHERE, end=ELSEWHERE + timedelta(hours=1))
    series_ = ours("FREQ=WEEKLY;COUNT=4", Override(original=SECOND), moved)
    read = read_itip(write_itip(series_, ItipMethod.REQUEST, TIME, organiser=OFFICE))
    assert read is not None
    assert [(one.original, one.start, one.end) for one in read.exceptions] == [
        (SECOND, None, None),
        (THIRD, ELSEWHERE, ELSEWHERE + timedelta(hours=1)),
    ]


async def test_moving_a_series_by_the_verb_keeps_what_was_left_out() -> None:
    scene = await Scene.open()
    anna = scene.world.office.anna
    appointment = await scene.world.appointment(TIME, recurrence="FREQ=WEEKLY;COUNT=3")
    await scene.calendar.cancel(anna, appointment.id, occurrence=SECOND, key="c")
    moved = await scene.calendar.move(anna, appointment.id, TIME + timedelta(hours=3), key="m")
    assert starts(moved) == [TIME + timedelta(hours=3), THIRD + timedelta(hours=3)]
