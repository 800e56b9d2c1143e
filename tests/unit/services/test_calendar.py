"""Calendars: agenda, free times, recurrence across the change of the clocks, feeds, rights."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.domain.appointment import AppointmentDraft, AppointmentState, Busy, Calendar, CalendarKind
from hub.domain.contact import Contact
from hub.domain.errors import Conflict, Invalid, NotFound, Refused
from hub.domain.ids import ContactId
from hub.ports.kinds import CALENDARS, CONTACTS, INTERACTIONS
from hub.services.calendar.verbs import Calendars
from hub.services.calendar.working import OFFICE_HOURS, free_slots, is_day_off
from tests.office import CONTACT_ACTOR, Office

BERLIN = ZoneInfo("Europe/Berlin")
WHO = ContactId("c_petra")


class Heard:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.news: list[str] = []

    async def booked(self, appointment: object, actor: object) -> None:
        self.news.append("booked")

    async def moved(self, appointment: object, actor: object) -> None:
        self.news.append("moved")

    async def cancelled(self, appointment: object, actor: object) -> None:
        self.news.append("cancelled")


class Desk:
    """An office with calendars."""

    def __init__(self, office: Office) -> None:
        self.office, self.heard = office, Heard()
        self.calendar = Calendars(
            store=office.store,
            clock=office.clock,
            audit=office.audit,
            events=office.events,
            staff=office.staff,
            time_zone="Europe/Berlin",
            news=[self.heard],
        )

    def weekday(self, weekday: int, hour: int, *, weeks: int = 1) -> datetime:
        """A coming weekday, local time in Berlin."""
        today = self.office.clock.now().astimezone(BERLIN).date()
        day = today + timedelta(days=(weekday - today.weekday()) % 7 + 7 * weeks)
        return datetime(day.year, day.month, day.day, hour, tzinfo=BERLIN)

    async def book(self, start: datetime, key: str = "k", **more: object):  # type: ignore[no-untyped-def]
        draft = replace(AppointmentDraft(start=start, contact_id=WHO, title="Aufmaß"), **more)
        return await self.calendar.book(self.office.anna, draft, key=key)


@pytest.fixture
async def desk() -> Desk:
    office = await Office.open()
    contact = Contact(id=WHO, name="Petra Müller", sort_name="petra mueller", created_at=office.clock.now())
    await office.store.documents(CONTACTS).insert(contact)
    return Desk(office)


async def test_booked_moved_cancelled_stand_in_the_agenda_and_on_the_timeline(desk: Desk) -> None:
    anna, start = desk.office.anna, desk.weekday(1, 10)
    made = await desk.book(start)
    assert await desk.book(start) == made
    found = await desk.calendar.next(anna, WHO)
    assert found is not None
    assert (found.start, found.contact_name) == (start.astimezone(UTC), "Petra Müller")
    moved = await desk.calendar.move(anna, made.id, start + timedelta(hours=1), key="m")
    assert moved.sequence == 1
    assert (await desk.calendar.move(anna, made.id, start + timedelta(hours=1), key="m")).sequence == 1
    again = await desk.book(start, "other")
    assert again.start == start.astimezone(UTC)
    gone = await desk.calendar.cancel(anna, made.id, key="c")
    assert gone.state is AppointmentState.CANCELLED
    assert (await desk.calendar.cancel(anna, made.id, key="c")).sequence == 2
    listed = await desk.calendar.agenda(anna, start - timedelta(days=1), start + timedelta(days=1))
    assert [it.appointment.id for it in listed] == [again.id]
    shown = [row for row in desk.office.store.documents(INTERACTIONS).rows.values() if row.contact_id == WHO]
    assert len(shown) == 4
    assert desk.heard.news[:1] == ["booked"]


async def test_a_taken_time_offers_the_next_free_ones(desk: Desk) -> None:
    start = desk.weekday(2, 9)
    await desk.book(start)
    with pytest.raises(Conflict) as refused:
        await desk.book(start, "other")
    slots = refused.value.fields["slots"]
    assert [slot.start for slot in slots] == [
        (start + timedelta(hours=hours)).astimezone(UTC)
        for hours in (1, 2, 3)  # ten, eleven, twelve
    ]


@pytest.mark.parametrize(
    ("hour", "weekday", "code"), [(7, 1, "outside-hours"), (10, 6, "outside-hours"), (16, 1, None), (17, 1, "x")]
)
async def test_working_hours_are_kept_unless_one_insists(desk: Desk, hour: int, weekday: int, code: str | None) -> None:
    start = desk.weekday(weekday, hour)
    if code is None:
        await desk.book(start)
        return
    with pytest.raises(Conflict) as refused:
        await desk.book(start)
    assert refused.value.fields["code"] == "outside-hours"
    await desk.book(start, outside_hours=True)


async def test_a_rooms_week_is_its_own(desk: Desk) -> None:
    room = Calendar(id="k_room", name="Ausstellung", sort_name="", kind=CalendarKind.ROOM, time_zone="Europe/Berlin")
    room = await desk.calendar.save_calendar(desk.office.admin, room)
    anna, start = desk.office.anna, desk.weekday(1, 10)
    booked = await desk.book(start, calendars=(room.id,), outside_hours=True)
    week = (start - timedelta(days=1), start + timedelta(days=6))
    listed = await desk.calendar.agenda(anna, *week, calendar_id=room.id)
    assert [one.appointment.id for one in listed] == [booked.id]
    assert await desk.calendar.agenda(anna, *week) == []


async def test_what_has_been_already_is_noted_afterwards(desk: Desk) -> None:
    now = desk.office.clock.now()
    held = await desk.book(now - timedelta(days=3), afterwards=True, outside_hours=True)
    entries = desk.office.store.documents(INTERACTIONS).rows.values()
    assert [entry.at for entry in entries if "appointment-booked" in entry.marks] == [held.start]
    for start, afterwards in (
        (now - timedelta(days=3), False),
        (now + timedelta(days=3), True),
        (now - timedelta(days=800), True),
    ):
        with pytest.raises(Invalid):
            await desk.book(start, "other", afterwards=afterwards, outside_hours=True)


def test_public_holidays_go_by_state() -> None:
    def calendar(state: str) -> Calendar:
        return Calendar(id="k", name="k", sort_name="k", time_zone="Europe/Berlin", subdivision=state)

    assert is_day_off(calendar("NW"), date(2027, 11, 1))
    assert not is_day_off(calendar("BE"), date(2027, 11, 1))
    assert is_day_off(calendar("BE"), date(2026, 12, 25))


async def test_ac35_a_weekly_ten_oclock_stays_ten_across_the_change(desk: Desk) -> None:
    anna = desk.office.anna
    start = datetime(2027, 3, 23, 10, tzinfo=BERLIN)
    made = await desk.book(start, recurrence="FREQ=WEEKLY;COUNT=3")
    listed = await desk.calendar.agenda(anna, start, start + timedelta(days=20))
    walls = [it.start.astimezone(BERLIN).strftime("%d. %H:%M") for it in listed]
    assert walls == ["23. 10:00", "30. 10:00", "06. 10:00"]
    assert [it.start.hour for it in listed] == [9, 8, 8]
    second = listed[1].start
    await desk.calendar.move(anna, made.id, second + timedelta(hours=3), occurrence=second, key="m")
    third = listed[2].start
    await desk.calendar.cancel(anna, made.id, occurrence=third, key="c")
    listed = await desk.calendar.agenda(anna, start, start + timedelta(days=20))
    assert [it.start.astimezone(BERLIN).strftime("%d. %H:%M") for it in listed] == ["23. 10:00", "30. 13:00"]
    # The time that the moved one left is free again, the one it took is not.
    await desk.book(second, "again")
    with pytest.raises(Conflict):
        await desk.book(second + timedelta(hours=3), "no")
    text = (await desk.calendar.ics(anna, made.id)).data.decode()
    assert "RRULE:FREQ=WEEKLY;COUNT=3" in text
    assert "EXDATE;TZID=Europe/Berlin:20270406T100000" in text
    assert "RECURRENCE-ID;TZID=Europe/Berlin:20270330T100000" in text
    assert "BEGIN:VTIMEZONE" in text


async def test_ac35_the_series_is_found_long_after_it_began(desk: Desk) -> None:
    start = desk.weekday(1, 10)
    await desk.book(start, recurrence="FREQ=WEEKLY;COUNT=50")
    later = start + timedelta(days=180)
    listed = await desk.calendar.agenda(desk.office.anna, later, later + timedelta(days=7))
    assert len(listed) == 1


@pytest.mark.parametrize(
    "rule",
    ["FREQ=SECONDLY;COUNT=5", "FREQ=DAILY", "FREQ=DAILY;COUNT=99999", "FREQ=WEEKLY;BYSECOND=1;COUNT=2", "x" * 300, ";"],
)
async def test_an_endless_or_foreign_rule_is_refused(desk: Desk, rule: str) -> None:
    with pytest.raises(Invalid):
        await desk.book(desk.weekday(1, 10), recurrence=rule)


async def test_what_lies_in_the_past_or_is_nobody_is_refused(desk: Desk) -> None:
    with pytest.raises(Invalid):
        await desk.book(desk.office.clock.now() - timedelta(hours=1))
    with pytest.raises(NotFound):
        await desk.book(desk.weekday(1, 10), contact_id=ContactId("c_nobody"))
    with pytest.raises(Invalid):
        await desk.book(desk.weekday(1, 10), time_zone="Europe/Nowhere")


async def test_rights(desk: Desk) -> None:
    with pytest.raises(Refused):
        await desk.calendar.calendars(CONTACT_ACTOR)
    own = next(it for it in await desk.calendar.calendars(desk.office.anna))
    with pytest.raises(Refused):
        await desk.calendar.save_calendar(desk.office.ben, own)
    saved = await desk.calendar.save_calendar(desk.office.anna, replace(own, slot_minutes=30))
    assert saved.slot_minutes == 30


async def test_a_feed_is_behind_a_secret_that_can_be_revoked(desk: Desk) -> None:
    anna = desk.office.anna
    await desk.book(desk.weekday(1, 10))
    own = (await desk.calendar.calendars(anna))[0]
    path = await desk.calendar.open_feed(anna, own.id)
    secret = path.removeprefix("/feeds/").removesuffix(".ics")
    feed = await desk.calendar.feed(secret)
    assert feed is not None
    assert b"SUMMARY:Aufma" in feed
    stored = desk.office.store.documents(CALENDARS).rows[own.id]
    assert secret not in stored.feed
    await desk.calendar.close_feed(anna, own.id)
    assert await desk.calendar.feed(secret) is None
    assert await desk.calendar.feed("") is None


def test_a_long_appointment_under_a_short_one_keeps_its_time() -> None:
    calendar = Calendar(id="k", name="k", sort_name="k", time_zone="UTC", hours=OFFICE_HOURS, country="XX")
    day = datetime(2026, 12, 1, tzinfo=UTC)
    taken = [
        Busy(appointment_id="a", start=day.replace(hour=9), end=day.replace(hour=15)),
        Busy(appointment_id="b", start=day.replace(hour=10), end=day.replace(hour=11)),
    ]
    slots = free_slots(calendar, taken, day, day + timedelta(days=1), 60, 9)
    assert [slot.start.hour for slot in slots] == [15, 16]
