"""Invoices that have become overdue are told every morning, once, to those who want to hear of it, and may."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from hub.domain.contact import Contact
from hub.domain.ids import ContactId
from hub.domain.ledger import EntryDraft, EntryKind
from hub.domain.people import RowScope
from hub.domain.reminder import ReminderKind, ReminderState
from hub.ports.kinds import CONTACTS, OUTBOX, REMINDERS
from hub.services.accounts import Accounts
from hub.services.overdue_news import OverdueNews
from hub.services.rows import Rows
from tests.memory_points import Crash
from tests.reminder_office import ZONE, ReminderOffice
from tests.unit.services.test_accounts import Letterbox

WHO = ContactId("c_petra")


class Morning:
    """An office on Monday, 23 November 2026, 10:00 in Berlin; the pass is at 8."""

    def __init__(self, desk: ReminderOffice) -> None:
        self.desk, self.office = desk, desk.office
        self.build()

    def build(self) -> None:
        office, desk = self.office, self.desk
        self.accounts = Accounts(
            store=office.store,
            clock=office.clock,
            audit=office.audit,
            events=office.events,
            resolve=office.contacts.resolve,
            letters=Letterbox(),
            company="Joinery",
            time_zone=ZONE,
        )
        self.news = OverdueNews(
            store=office.store,
            clock=office.clock,
            audit=office.audit,
            staff=office.staff,
            alerts=desk.alerts,
            rows=Rows(office.store, office.staff),
            find=self.accounts.due_between,
            time_zone=ZONE,
            expect=desk.reminding.expect,
        )
        desk.reminding.handle({ReminderKind.OVERDUE: self.news.fire})
        desk.reminding.prepare(self.news.plan)

    async def restart(self) -> None:
        await self.desk.restart()
        self.build()
        await self.news.plan()

    async def bill(self, number: str, due: date, amount: str = "100.00", who: ContactId = WHO) -> None:
        draft = EntryDraft(
            contact_id=who,
            kind=EntryKind.INVOICE,
            amount=Decimal(amount),
            number=number,
            date=date(2026, 11, 1),
            due=due,
        )
        await self.accounts.post(self.office.anna, draft, key=number)

    async def pass_of(self, day: int, hour: int = 7, minute: int = 0) -> list[str]:
        """Fire at 7:00 UTC, which is 8:00 in Berlin; what was told so far."""
        await self.desk.fire_at(datetime(2026, 11, day, hour, minute, tzinfo=UTC))
        return self.told()

    def told(self) -> list[str]:
        items = sorted(self.office.store.documents(OUTBOX).rows.values(), key=lambda item: (item.created_at, item.id))
        return [f"{item.recipient.normal.partition('@')[0]}: {item.content.text}" for item in items]


@pytest.fixture
async def morning() -> Morning:
    desk = await ReminderOffice.open()
    contact = Contact(id=WHO, name="Petra\nHolz", sort_name="petra holz", created_at=desk.clock.now())
    await desk.store.documents(CONTACTS).insert(replace(contact, owner=desk.office.user_id("anna")))
    made = Morning(desk)
    await desk.alerts.choose(desk.office.anna, "overdue-invoice", True)
    await made.news.plan()
    return made


async def test_what_became_overdue_is_told_the_next_morning_and_only_then(morning: Morning) -> None:
    await morning.bill("R-1", date(2026, 11, 24))
    await morning.bill("R-2", date(2026, 11, 25))
    await morning.bill("R-0", date(2026, 11, 10))
    assert await morning.pass_of(24) == []
    first = "anna: Überfällig geworden:\n• R-1, Petra Holz: 100,00 EUR, fällig 24.11.2026"
    assert await morning.pass_of(25) == [first]
    assert await morning.pass_of(26) == [first, first.replace("R-1", "R-2").replace("24.11.", "25.11.")]
    assert len(await morning.pass_of(27)) == 2


async def test_what_was_paid_is_not_told(morning: Morning) -> None:
    await morning.bill("R-1", date(2026, 11, 23))
    payment = EntryDraft(contact_id=WHO, kind=EntryKind.PAYMENT, amount=Decimal(100), date=date(2026, 11, 23))
    await morning.accounts.post(morning.office.anna, payment, key="p")
    assert await morning.pass_of(24) == []


async def test_who_did_not_choose_it_or_may_not_see_the_account_is_not_told(morning: Morning) -> None:
    office, desk = morning.office, morning.desk
    await morning.bill("R-1", date(2026, 11, 23))
    ben = await office.actor("ben")
    await desk.alerts.choose(ben, "overdue-invoice", True)
    await office.users.change(office.admin, office.user_id("ben"), rows=RowScope.OWN)
    assert [line.partition(":")[0] for line in await morning.pass_of(24)] == ["anna"]


async def test_a_pass_that_comes_late_makes_up_for_the_days_it_missed_once(morning: Morning) -> None:
    for day in (23, 24, 25, 26):
        await morning.bill(f"R-{day}", date(2026, 11, day))
    # Down from Monday noon until Thursday, before that day's own pass.
    morning.desk.clock.advance((datetime(2026, 11, 26, 5, tzinfo=UTC) - morning.desk.clock.now()).total_seconds())
    await morning.restart()
    await morning.desk.reminding.fire_due()
    (late,) = morning.told()
    assert [number in late for number in ("R-23", "R-24", "R-25", "R-26")] == [True, True, False, False]
    assert "R-25" in (await morning.pass_of(26))[1]
    assert "R-26" in (await morning.pass_of(27))[2]
    assert sum(line.count("• R-") for line in morning.told()) == 4


@pytest.mark.parametrize("point", range(1, 30, 2))
async def test_a_crash_on_the_way_tells_once_and_plans_the_next(morning: Morning, point: int) -> None:
    await morning.bill("R-1", date(2026, 11, 23))
    store = morning.office.store
    morning.desk.clock.advance(timedelta(hours=22).total_seconds())
    store.points.crash_after = store.points.passed + point
    with suppress(Crash):
        await morning.desk.reminding.fire_due()
    await morning.restart()
    await morning.desk.reminding.fire_due()
    assert len(morning.told()) == 1
    due = [one for one in store.documents(REMINDERS).rows.values() if one.state is ReminderState.DUE]
    assert [one.due_at for one in due] == [datetime(2026, 11, 25, 7, tzinfo=UTC)]


async def test_many_are_one_message_that_says_how_many_more(morning: Morning) -> None:
    for number in range(13):
        await morning.bill(f"R-{number:02}", date(2026, 11, 23))
    (told,) = await morning.pass_of(24)
    assert told.count("• R-") == 10
    assert "3 weitere" in told
