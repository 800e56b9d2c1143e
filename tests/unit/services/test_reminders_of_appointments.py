"""Reminders of appointments, to both sides, and the clock that wakes the task."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.domain.appointment import Appointment, AppointmentState, Calendar
from hub.domain.contact import Contact
from hub.domain.reminder import Reminder, ReminderKind, ReminderState
from hub.ports.clock import SystemClock
from hub.ports.kinds import APPOINTMENTS, CALENDARS, OUTBOX, REMINDERS
from hub.services.appointment_reminders import AppointmentReminders
from tests.memory_store import Crash, MemoryStore
from tests.reminder_engine import ReminderEngine
from tests.reminder_office import ZONE, ReminderOffice

TEN = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
"""10:00 in Berlin on Thursday, three days ahead."""
HOUR = timedelta(hours=1)


def expand(appointment: Appointment, since: datetime, until: datetime) -> Iterable[tuple[datetime, datetime]]:
    """Weekly at the same wall time, without end; or every year."""
    zone = ZoneInfo(appointment.time_zone)
    wall, length = appointment.start.astimezone(zone), appointment.end - appointment.start
    left_out = {one.original for one in appointment.overrides}
    for number in range(300):
        days = 7 * number if appointment.recurrence == "FREQ=WEEKLY" else 365 * number
        start = (wall + timedelta(days=days)).astimezone(UTC)
        if since <= start <= until and start not in left_out:
            yield start, start + length


class AppointmentOffice(ReminderOffice):
    """Anna's calendar, and Petra."""

    petra: Contact

    def build(self) -> None:
        super().build()
        self.news = AppointmentReminders(
            store=self.store, clock=self.clock, staff=self.office.staff, expand=expand, time_zone=ZONE
        )
        self.reminding.follow(self.news.continue_after)

    async def book(self, **fields: object) -> Appointment:
        self.petra = await self.office.customer("Petra Müller")
        for name in ("anna", "ben"):
            calendar = Calendar(
                id=f"k_{name}", name=name, sort_name=name, user_id=self.office.user_id(name), time_zone=ZONE
            )
            await self.store.documents(CALENDARS).insert(calendar)
        appointment = Appointment(
            id="p_1",
            version=1,
            uid="1@joinery.example",
            calendars=("k_anna", "k_ben"),
            contact_id=self.petra.id,
            title="Aufmaß",
            location="Werkstatt",
            start=TEN,
            end=TEN + HOUR,
            time_zone=ZONE,
            created_by="user:x",
            created_at=self.clock.now(),
        )
        appointment = replace(appointment, **fields)  # type: ignore[arg-type]
        await self.store.documents(APPOINTMENTS).insert(appointment)
        await self.news.booked(appointment, self.office.anna)
        return appointment

    def due(self, kind: ReminderKind = ReminderKind.APPOINTMENT_STAFF) -> list[datetime]:
        rows: Iterable[Reminder] = self.store.documents(REMINDERS).rows.values()
        return sorted({one.due_at for one in rows if one.state is ReminderState.DUE and one.kind is kind})


@pytest.fixture
async def office() -> AppointmentOffice:
    opened = await AppointmentOffice.open()
    assert isinstance(opened, AppointmentOffice)
    return opened


async def test_ac35_both_sides_are_reminded_at_the_minute(office: AppointmentOffice) -> None:
    await office.book()
    await office.fire_at(TEN - timedelta(hours=24, seconds=1))
    assert office.said.said == {}
    await office.fire_at(TEN - timedelta(hours=24))
    ((contact, text, subject),) = office.said.said.values()
    assert contact == office.petra.id
    assert text.startswith("Zur Erinnerung: Sie haben am 26.11.2026 um 10:00 einen Termin bei uns: Aufmaß, Werkstatt.")
    assert subject == "Ihr Termin am 26.11.2026 um 10:00"
    assert office.notices() == []
    await office.fire_at(TEN - timedelta(minutes=15))
    assert office.notices("anna") == ["Termin um 10:00: Aufmaß mit Petra Müller"]
    assert office.notices("ben") == ["Appointment at 10:00: Aufmaß with Petra Müller"]
    await office.restart()
    await office.fire_at(TEN)
    assert len(office.notices()) == 2
    assert len(office.said.said) == 1


async def test_a_moved_one_is_reminded_of_at_its_new_time_only(office: AppointmentOffice) -> None:
    old = await office.book()
    new = replace(old, start=TEN + 3 * HOUR, end=TEN + 4 * HOUR, sequence=1)
    for _ in range(2):
        await office.news.moved(new, office.office.anna)
    assert office.due() == [TEN + 3 * HOUR - timedelta(minutes=15)]
    assert office.due(ReminderKind.APPOINTMENT_CONTACT) == [TEN + 3 * HOUR - 24 * HOUR]
    await office.fire_at(TEN)
    assert office.notices() == []


async def test_a_cancelled_one_is_not_reminded_of(office: AppointmentOffice) -> None:
    appointment = await office.book()
    cancelled = replace(appointment, state=AppointmentState.CANCELLED, sequence=1)
    await office.news.cancelled(cancelled, office.office.anna)
    assert await office.fire_at(TEN) == 0
    assert (office.notices(), office.said.said) == ([], {})


async def test_a_weekly_one_is_planned_ahead_and_onwards_at_the_same_wall_time(office: AppointmentOffice) -> None:
    start = datetime(2027, 3, 18, 9, 0, tzinfo=UTC)
    office.clock.advance((datetime(2027, 3, 17, 9, 0, tzinfo=UTC) - office.clock.now()).total_seconds())
    await office.book(start=start, end=start + HOUR, recurrence="FREQ=WEEKLY")
    quarter = timedelta(minutes=15)
    assert office.due()[:3] == [
        start - quarter,
        start + timedelta(days=7) - quarter,
        # 10:00 in Berlin is an hour earlier in UTC once the clocks have changed.
        start + timedelta(days=14) - HOUR - quarter,
    ]
    planned = len(office.due())
    assert planned == 9
    await office.fire_at(start - quarter)
    assert len(office.notices()) == 2, "the first one's planning must not drop the second one's reminder"
    assert office.due()[-1] - office.due()[0] == timedelta(days=49) - HOUR
    await office.fire_at(start + timedelta(days=7) - quarter)
    assert len(office.due()) == 8


async def test_what_is_far_away_is_planned_too(office: AppointmentOffice) -> None:
    far = TEN + timedelta(days=200)
    await office.book(start=far, end=far + HOUR)
    assert office.due() == [far - timedelta(minutes=15)]
    yearly = AppointmentOffice(office.office)
    await office.store.documents(APPOINTMENTS).delete("p_1")
    await yearly.book(id="p_2", start=far, end=far + HOUR, recurrence="FREQ=YEARLY")
    assert office.due() == [far - timedelta(minutes=15)]


async def test_planning_is_finished_after_a_crash_at_any_point() -> None:
    crashes = 0
    for point in range(1, 60):
        office = await AppointmentOffice.open()
        assert isinstance(office, AppointmentOffice)
        old = await office.book()
        new = replace(old, start=TEN + HOUR, end=TEN + 2 * HOUR, sequence=1)
        await office.restart(crash_after=point)
        try:
            await office.news.moved(new, office.office.anna)
        except Crash:
            crashes += 1
        await office.restart()
        await office.news.moved(new, office.office.anna)
        assert office.due() == [TEN + HOUR - timedelta(minutes=15)]
    assert crashes > 5


async def test_the_machine_s_clock_wakes_the_task_within_the_second() -> None:
    store, clock = MemoryStore(), SystemClock()
    engine = ReminderEngine(store, clock)
    anna = await engine.hire("anna")
    task = asyncio.create_task(engine.reminding.run(), name="reminding")
    try:
        await asyncio.wait_for(asyncio.to_thread(lambda: None), 5)
        at = clock.now() + timedelta(milliseconds=200)
        await engine.reminders.remind(anna, at, "jetzt", key="1")
        async with asyncio.timeout(5):
            while not store.documents(OUTBOX).rows:
                await asyncio.to_thread(lambda: None)
        (item,) = store.documents(OUTBOX).rows.values()
        assert at <= item.due_at <= at + timedelta(seconds=2)
        assert item.content.text == "Erinnerung: jetzt"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
