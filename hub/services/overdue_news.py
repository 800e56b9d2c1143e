"""Every morning: invoices that have become overdue are told to the colleagues who want to hear of it, and may see the
account. The pass is a reminder, one for each day: durable, once, and made up for after an outage."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.domain.contact import Contact
from hub.domain.ids import UserId, derived_id
from hub.domain.instant import to_utc_ms
from hub.domain.ledger import OpenItem
from hub.domain.people import Right, User
from hub.domain.reminder import Reminder, ReminderKind
from hub.ports.clock import Clock
from hub.ports.kinds import REMINDERS
from hub.ports.store import Store
from hub.services.alerts import Alerts
from hub.services.audit import Audit
from hub.services.ledger.statement import tell_amount, tell_day
from hub.services.rows import Rows
from hub.services.staff import Staff
from hub.services.wording import one_line, say

AT = time(8)
SHOWN = 10
DAY = timedelta(days=1)
FURTHEST = 31
"""Days that are made up for."""
Find = Callable[[date, date], Awaitable[Sequence[tuple[Contact, OpenItem]]]]
"""Open invoices that were due between two days, both counted, with whose they are."""


class OverdueNews:
    """`plan` is to be given to `Reminding.prepare`, `fire` to `Reminding.handle`."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        audit: Audit,
        staff: Staff,
        alerts: Alerts,
        rows: Rows,
        find: Find,
        time_zone: str,
        expect: Callable[[datetime], None] = lambda due_at: None,
    ) -> None:
        """`time_zone`: the company's, in which an invoice is due."""
        self._reminders = store.documents(REMINDERS)
        self._clock, self._audit, self._staff, self._alerts, self._rows = clock, audit, staff, alerts, rows
        self._find, self._zone, self._expect = find, ZoneInfo(time_zone), expect

    async def plan(self) -> None:
        """The next pass. Planning twice is planning once. Raises StoreUnavailable."""
        now = self._clock.now()
        day = now.astimezone(self._zone).date()
        if self._moment(day) <= now:
            day += DAY
        due_at = self._moment(day)
        await self._reminders.insert(
            Reminder(
                id=derived_id("n", "overdue", day.isoformat()),
                version=1,
                kind=ReminderKind.OVERDUE,
                due_at=due_at,
                created_at=now,
            )
        )
        self._expect(due_at)

    def _moment(self, day: date) -> datetime:
        return to_utc_ms(datetime.combine(day, AT, self._zone))

    async def fire(self, reminder: Reminder) -> None:
        """Tell, then plan the next pass. One that comes late is for every day that it missed; today has its own where
        that is still to come. Raises StoreUnavailable: then it is repeated."""
        now = self._clock.now()
        first, last = reminder.due_at.astimezone(self._zone).date(), now.astimezone(self._zone).date()
        if self._moment(last) > now and last > first:
            last -= DAY
        first = max(first, last - FURTHEST * DAY)
        # Overdue from the day after it was due.
        found = await self._find(first - DAY, last - DAY)
        if found:
            wanting = await self._alerts.wanting("overdue-invoice", [user.id for user in self._staff.all()])
            for user_id in wanting:
                await self._tell(user_id, found, reminder.id)
        await self.plan()

    async def _tell(self, user_id: UserId, found: Sequence[tuple[Contact, OpenItem]], key: str) -> None:
        user = self._staff.known(user_id)
        if user is None or not user.active:
            return
        listener = self._staff.actor(user, via="system")
        if Right.READ_ACCOUNTS not in listener.rights:
            return
        seen = [item for contact, item in found if self._rows.shows(listener, contact)]
        if seen:
            await self._audit.seen(listener, "accounts.overdue", "alert")
            await self._alerts.tell("overdue-invoice", [user.id], render(seen, user), key)


def render(items: Sequence[OpenItem], user: User) -> str:
    """Longest overdue first; at most ten, and how many more."""
    ordered = sorted(items, key=lambda item: (item.due or item.date, item.number))
    lines = [say(user.language, "overdue-news")]
    for item in ordered[:SHOWN]:
        amount, due = tell_amount(item.open, item.currency, user.language), tell_day(item.due, user.language)
        lines.append(
            say(
                user.language,
                "overdue-item",
                number=one_line(item.number, 40),
                name=one_line(item.contact_name, 60),
                amount=amount,
                due=due,
            )
        )
    if len(ordered) > SHOWN:
        lines.append(say(user.language, "overdue-more", count=len(ordered) - SHOWN))
    return "\n".join(lines)
