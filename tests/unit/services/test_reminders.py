"""Reminders: at the minute, once, late ones say so."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from hub.domain.appointment import Appointment, Occurrence
from hub.domain.errors import Conflict, Invalid, NotFound, Refused, StoreUnavailable, TooMany
from hub.domain.ids import ContactId
from hub.domain.ledger import EntryKind, OpenItem
from hub.domain.people import Actor
from hub.domain.reminder import Briefing, Reminder, ReminderKind, ReminderState
from hub.ports.kinds import CONVERSATIONS, REMINDERS
from hub.services.briefing import next_briefing
from hub.services.reminders import MAX_OPEN
from tests.memory_store import Crash
from tests.office import CONTACT_ACTOR
from tests.reminder_office import ReminderOffice

BERLIN = ZoneInfo("Europe/Berlin")
NINE = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
"""09:00 in Berlin, tomorrow."""


@pytest.fixture
async def office() -> ReminderOffice:
    return await ReminderOffice.open()


def rows(office: ReminderOffice) -> list[Reminder]:
    return list(office.store.documents(REMINDERS).rows.values())


async def test_ac35_a_reminder_is_said_at_its_minute_and_once(office: ReminderOffice) -> None:
    anna = office.office.anna
    reminder = await office.reminders.remind(anna, NINE, "Holz bestellen", key="1")
    assert await office.fire_at(NINE - timedelta(milliseconds=1)) == 0
    assert office.notices() == []
    assert await office.fire_at(NINE) == 1
    assert office.notices("anna") == ["Erinnerung: Holz bestellen"]
    assert await office.fire_at(NINE + timedelta(hours=1)) == 0
    await office.restart()
    assert await office.reminding.fire_due() == 0
    assert len(office.notices()) == 1
    assert rows(office)[0].state is ReminderState.FIRED
    assert rows(office)[0].id == reminder.id
    assert await office.reminders.mine(anna) == []


async def test_ac35_after_a_restart_a_late_one_says_so(office: ReminderOffice) -> None:
    await office.reminders.remind(office.office.anna, NINE, "Holz bestellen", key="1")
    await office.reminders.remind(office.office.ben, NINE, "order wood", key="1")
    await office.restart()
    assert await office.fire_at(NINE + timedelta(minutes=40)) == 2
    assert office.notices("anna") == ["Erinnerung: Holz bestellen (verspätet: war für 09:00)"]
    assert office.notices("ben") == ["Reminder: order wood (late: was for 09:00)"]


async def test_late_by_a_day_names_the_day_and_two_minutes_are_not_late(office: ReminderOffice) -> None:
    await office.reminders.remind(office.office.anna, NINE, "eins", key="1")
    await office.reminders.remind(office.office.anna, NINE + timedelta(days=1, minutes=-2), "zwei", key="2")
    await office.fire_at(NINE + timedelta(days=1))
    assert office.notices() == ["Erinnerung: eins (verspätet: war für 24.11. 09:00)", "Erinnerung: zwei"]


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        (datetime(2027, 3, 27, 9, 0, tzinfo=BERLIN), datetime(2027, 3, 27, 8, 0, tzinfo=UTC)),
        (datetime(2027, 3, 28, 9, 0, tzinfo=BERLIN), datetime(2027, 3, 28, 7, 0, tzinfo=UTC)),
        (datetime(2027, 10, 31, 9, 0, tzinfo=BERLIN), datetime(2027, 10, 31, 8, 0, tzinfo=UTC)),
    ],
)
async def test_the_minute_is_right_across_the_change_of_the_clocks(
    office: ReminderOffice, local: datetime, utc: datetime
) -> None:
    reminder = await office.reminders.remind(office.office.anna, local, "x", key="1")
    assert reminder.due_at == utc
    assert await office.fire_at(reminder.due_at) == 1


async def test_a_crash_at_any_point_of_firing_tells_once(office: ReminderOffice) -> None:
    crashes = 0
    for point in range(1, 60):
        fresh = await ReminderOffice.open()
        for number in range(3):
            await fresh.reminders.remind(fresh.office.anna, NINE, f"nr {number}", key=str(number))
        fresh.clock.advance((NINE - fresh.clock.now()).total_seconds())
        await fresh.restart(crash_after=point)
        try:
            await fresh.reminding.fire_due()
        except Crash:
            crashes += 1
        await fresh.restart()
        await fresh.reminding.fire_due()
        assert sorted(fresh.notices()) == [f"Erinnerung: nr {number}" for number in range(3)], point
        assert {one.state for one in rows(fresh)} == {ReminderState.FIRED}
    assert crashes > 5


async def test_two_runners_tell_once(office: ReminderOffice) -> None:
    for number in range(5):
        await office.reminders.remind(office.office.anna, NINE, f"nr {number}", key=str(number))
    other = ReminderOffice(office.office)
    office.clock.advance((NINE - office.clock.now()).total_seconds())
    await asyncio.gather(office.reminding.fire_due(), other.reminding.fire_due())
    assert len(office.notices()) == 5


async def test_who_has_no_chat_sees_it_as_overdue_until_it_is_dropped() -> None:
    office = await ReminderOffice.open("anna")
    ben = office.office.ben
    reminder = await office.reminders.remind(ben, NINE, "order wood", key="1")
    await office.fire_at(NINE)
    assert office.notices() == []
    assert [one.id for one in await office.reminders.mine(ben)] == [reminder.id]
    assert [one.id for one in (await office.reminders.briefing(ben)).reminders] == [reminder.id]
    assert await office.reminding.fire_due() == 0
    await office.reminders.drop(ben, reminder.id)
    assert await office.reminders.mine(ben) == []


async def test_the_same_key_is_one_reminder_even_after_the_minute(office: ReminderOffice) -> None:
    anna = office.office.anna
    first = await office.reminders.remind(anna, NINE, "x", key="1")
    await office.fire_at(NINE)
    again = await office.reminders.remind(anna, NINE, "x", key="1")
    assert (again.id, again.state, len(rows(office))) == (first.id, ReminderState.FIRED, 1)


async def test_bad_input_is_refused_with_its_reason(office: ReminderOffice) -> None:
    anna, now = office.office.anna, office.clock.now()
    for at, text, key in [
        (now, "x", "1"),
        (now + timedelta(days=6 * 366), "x", "1"),
        (NINE, " ", "1"),
        (NINE, "x" * 1001, "1"),
        (NINE, "x", ""),
        (NINE.replace(tzinfo=None), "x", "1"),
    ]:
        with pytest.raises(Invalid):
            await office.reminders.remind(anna, at, text, key=key)
    with pytest.raises(NotFound):
        await office.reminders.remind(anna, NINE, "x", contact_id=ContactId("c_nobody"), key="1")
    assert rows(office) == []


async def test_at_most_five_hundred_are_open(office: ReminderOffice) -> None:
    anna = office.office.anna
    for number in range(MAX_OPEN):
        await office.reminders.remind(anna, NINE, "x", key=str(number))
    with pytest.raises(TooMany):
        await office.reminders.remind(anna, NINE, "x", key="one more")
    await office.reminders.remind(office.office.ben, NINE, "x", key="1")


async def test_dropped_in_time_is_not_said(office: ReminderOffice) -> None:
    anna = office.office.anna
    reminder = await office.reminders.remind(anna, NINE, "x", key="1")
    with pytest.raises(NotFound):
        await office.reminders.drop(office.office.ben, reminder.id)
    await office.reminders.drop(anna, reminder.id)
    assert (await office.reminders.drop(anna, reminder.id)).state is ReminderState.DROPPED
    assert await office.fire_at(NINE) == 0
    said = await office.reminders.remind(anna, NINE + timedelta(minutes=1), "y", key="2")
    await office.fire_at(said.due_at)
    with pytest.raises(Conflict):
        await office.reminders.drop(anna, said.id)


async def test_contacts_have_no_reminders_and_the_refusal_is_audited(office: ReminderOffice) -> None:
    with pytest.raises(Refused):
        await office.reminders.remind(CONTACT_ACTOR, NINE, "x", key="1")
    with pytest.raises(Refused):
        await office.reminders.briefing(CONTACT_ACTOR)
    await office.reminders.remind(office.office.anna, NINE, "x", key="1")
    await office.office.audit.flush()
    entries = [(verb, outcome) for _, verb, _, outcome in office.office.audited() if verb.startswith("reminders.")]
    assert sorted(entries) == [
        ("reminders.briefing", "refused"),
        ("reminders.remind", "ok"),
        ("reminders.remind", "refused"),
    ]


async def test_a_broken_one_does_not_hold_up_the_others(office: ReminderOffice) -> None:
    async def broken(reminder: Reminder) -> None:
        raise ValueError("broken")

    office.reminding.handle({ReminderKind.SNOOZE: broken})
    await office.store.documents(REMINDERS).insert(
        Reminder(id="n_broken", kind=ReminderKind.SNOOZE, due_at=NINE, created_at=NINE)
    )
    await office.reminders.remind(office.office.anna, NINE, "x", key="1")
    assert await office.fire_at(NINE) == 1
    assert len(office.notices()) == 1


async def test_while_the_store_is_down_nothing_is_lost(office: ReminderOffice) -> None:
    await office.reminders.remind(office.office.anna, NINE, "x", key="1")
    office.store.fail(StoreUnavailable("full"), times=1, on={"outbox.insert_many"})
    with pytest.raises(StoreUnavailable):
        await office.fire_at(NINE)
    assert await office.reminding.fire_due() == 1
    assert len(office.notices()) == 1


async def test_the_daily_briefing_comes_at_eight_and_plans_the_next(office: ReminderOffice) -> None:
    anna = office.office.anna
    petra = await office.office.customer("Petra Müller")
    await office.office.conversation(petra, "Angebot", owner=office.office.user_id("anna"))
    await office.reminders.set_alert(anna, "briefing", True)
    await office.reminders.remind(anna, NINE, "Holz bestellen", key="1")
    eight = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
    assert await office.fire_at(eight - timedelta(seconds=1)) == 0
    assert await office.fire_at(eight) == 1
    assert office.notices("anna") == [
        "Dein Tag, 24.11.2026:\n• Erinnerung 09:00: Holz bestellen\n"
        "• Es warten 1 auf Antwort von dir, am längsten: Petra Müller"
    ]
    assert [one.due_at for one in rows(office) if one.state is ReminderState.DUE] == [NINE, eight + timedelta(days=1)]
    await office.reminders.set_alert(anna, "briefing", False)
    await office.fire_at(eight + timedelta(days=1))
    assert not [one for one in rows(office) if one.state is ReminderState.DUE]
    assert len([text for text in office.notices() if text.startswith("Dein Tag")]) == 1


async def test_alerts_are_told_to_those_who_chose_them(office: ReminderOffice) -> None:
    users = [office.office.user_id("anna"), office.office.user_id("ben")]
    with pytest.raises(Invalid):
        await office.reminders.set_alert(office.office.anna, "weather", True)
    await office.reminders.set_alert(office.office.anna, "payment", True)
    assert "payment" in (await office.reminders.alerts(office.office.anna)).topics
    for _ in range(2):
        assert await office.alerts.tell("payment", users, "Geld ist da", "payment-1") == 1
    assert office.notices() == ["Geld ist da"]


async def test_the_task_fires_by_the_machine_clock(office: ReminderOffice) -> None:
    """A run of the real scheduler: what was due before it starts is said at once."""
    await office.reminders.remind(office.office.anna, NINE, "x", key="1")
    office.clock.advance(86_400)
    task = asyncio.create_task(office.reminding.run(), name="reminding")
    try:
        async with asyncio.timeout(5):
            while not office.notices():
                await asyncio.sleep(0)
        await office.office.world.settle()
        assert office.store.documents(CONVERSATIONS).rows == {}
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class OneAppointment:
    """Calendars with one appointment on the day that is asked for."""

    asked: tuple[datetime, datetime] | None = None

    async def agenda(self, actor: Actor, since: datetime, until: datetime, *, limit: int) -> list[Occurrence]:
        self.asked = (since, until)
        appointment = Appointment(
            id="p_1",
            uid="1",
            calendars=("k",),
            title="Aufmaß\nmit zweiter Zeile",
            start=NINE,
            end=NINE,
            time_zone="Europe/Berlin",
            created_by="x",
            created_at=NINE,
        )
        return [Occurrence(appointment=appointment, start=NINE, end=NINE, contact_name="Petra Müller")]


class OneOverdue:
    """Accounts with one overdue item."""

    async def overdue(self, actor: Actor, limit: int) -> list[OpenItem]:
        return [
            OpenItem(
                contact_id=ContactId("c_x"),
                contact_name="Holz Kunz",
                kind=EntryKind.INVOICE,
                number="R-7",
                date=date(2026, 10, 1),
                due=date(2026, 10, 15),
                amount=Decimal("12.50"),
                open=Decimal("12.50"),
                currency="EUR",
            )
        ]


async def test_the_briefing_gathers_the_local_day(office: ReminderOffice) -> None:
    calendars = office.calendars = OneAppointment()
    office.accounts = OneOverdue()
    office.build()
    found = await office.reminders.briefing(office.office.anna)
    assert calendars.asked == (
        datetime(2026, 11, 22, 23, 0, tzinfo=UTC),
        datetime(2026, 11, 23, 22, 59, 59, 999_000, tzinfo=UTC),
    )
    assert office.briefings.render(found, "de", "Europe/Berlin") == (
        "Dein Tag, 23.11.2026:\n• 09:00 Aufmaß mit zweiter Zeile mit Petra Müller\n"
        "• Überfällig: R-7, 12.50 EUR (Holz Kunz)"
    )
    empty = Briefing(at=NINE, appointments=(), reminders=(), waiting=0, longest_waiting=())
    assert office.briefings.render(empty, "en", "Europe/Berlin").endswith("nobody waits.")


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 11, 23, 7, 0, tzinfo=UTC), datetime(2026, 11, 24, 7, 0, tzinfo=UTC)),
        (datetime(2027, 3, 27, 8, 0, tzinfo=UTC), datetime(2027, 3, 28, 6, 0, tzinfo=UTC)),
        (datetime(2026, 10, 24, 8, 0, tzinfo=UTC), datetime(2026, 10, 25, 7, 0, tzinfo=UTC)),
    ],
)
def test_the_briefing_is_at_eight_by_the_wall_clock(now: datetime, due: datetime) -> None:
    assert next_briefing(now, "08:00", "Europe/Berlin") == (due.date(), due)


async def test_a_missed_briefing_comes_late_the_same_day_and_never_the_next(office: ReminderOffice) -> None:
    await office.reminders.set_alert(office.office.anna, "briefing", True)
    eight = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
    await office.fire_at(eight + timedelta(hours=3))
    assert office.notices()[0].endswith("(verspätet: war für 08:00)")
    await office.restart()
    await office.briefings.plan_all()
    await office.fire_at(eight + timedelta(days=2, hours=-1))
    assert len(office.notices()) == 1
    await office.fire_at(eight + timedelta(days=2))
    assert len(office.notices()) == 2
