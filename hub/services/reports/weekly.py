"""The weekly report: on Monday morning, for colleagues who chose it. Its reminder is one document a week; a crash while
it is told repeats it, and the outbox drops what was told already."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.domain.ids import derived_id
from hub.domain.instant import to_utc_ms
from hub.domain.people import Actor, Right, RowScope, User
from hub.domain.reminder import Reminder, ReminderKind
from hub.domain.report import MONEY_REPORTS, Report, ReportName, ReportQuery
from hub.ports.clock import Clock
from hub.ports.kinds import REMINDERS
from hub.ports.store import Store
from hub.services.alerts import Alerts
from hub.services.reports.drawing import tell_lines
from hub.services.reports.reports import Reports
from hub.services.reports.wording import say, tell_day
from hub.services.sharing import Sharing
from hub.services.staff import Staff

TOPIC = "weekly-report"
AT = time(7)
WEEK = timedelta(weeks=1)
LIFETIME = timedelta(days=21)
CONTENT = (
    ReportName.MESSAGES,
    ReportName.RESPONSE,
    ReportName.BOT,
    ReportName.REVENUE,
    ReportName.OPEN_ITEMS,
    ReportName.MESSAGES_FORECAST,
    ReportName.PAYMENTS_FORECAST,
)


class WeeklyReports:
    """`plan` is to be given to `Reminding.prepare`, `fire` to `Reminding.handle`."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        staff: Staff,
        alerts: Alerts,
        reports: Reports,
        sharing: Sharing,
        time_zone: str,
        expect: Callable[[datetime], None] = lambda due_at: None,
    ) -> None:
        self._reminders, self._blobs = store.documents(REMINDERS), store.blobs
        self._clock, self._staff, self._alerts, self._reports = clock, staff, alerts, reports
        self._sharing, self._zone, self._expect = sharing, ZoneInfo(time_zone), expect

    async def plan(self) -> None:
        """The next Monday. Planning twice is planning once. Raises StoreUnavailable."""
        now = self._clock.now()
        day = now.astimezone(self._zone).date()
        monday = day - timedelta(days=day.weekday())
        if self._moment(monday) <= now:
            monday += WEEK
        due_at = self._moment(monday)
        await self._reminders.insert(
            Reminder(
                id=derived_id("n", TOPIC, monday.isoformat()),
                version=1,
                kind=ReminderKind.WEEKLY_REPORT,
                due_at=due_at,
                created_at=now,
            )
        )
        self._expect(due_at)

    def _moment(self, day: date) -> datetime:
        return to_utc_ms(datetime.combine(day, AT, self._zone))

    async def fire(self, reminder: Reminder) -> None:
        """Tell, then plan the next one. A week that was missed is not told later: the next one has its numbers. Raises
        StoreUnavailable: then it is repeated."""
        if self._clock.now() - reminder.due_at < WEEK:
            for user_id in await self._alerts.wanting(TOPIC, [user.id for user in self._staff.all()]):
                user = self._staff.known(user_id)
                if user is not None and user.active:
                    await self._tell(user, reminder)
        await self.plan()

    async def _tell(self, user: User, reminder: Reminder) -> None:
        reader = self._staff.actor(user, via="system")
        # Company-wide numbers are for those who see all rows.
        if Right.READ_STATUS not in reader.rights or reader.rows is not RowScope.ALL:
            return
        monday = reminder.due_at.astimezone(self._zone).date()
        reports = await self._read(reader, user.language, monday)
        title = say(user.language, "weekly")
        data = await self._reports.write_pdf(reports, user.language, title)
        address, share = await self._sharing.publish(
            name=f"{title}-{monday.isoformat()}.pdf",
            type="application/pdf",
            size=len(data),
            sha256=await self._blobs.put(data),
            key=f"{reminder.id}|{user.id}",
            created_by=user.id,
            lifetime=LIFETIME,
        )
        until = tell_day(share.expires_at.astimezone(self._zone).date(), user.language)
        lines = [line for report in reports[:4] for line in tell_lines(report, user.language)]
        head = say(user.language, "weekly-text", day=tell_day(monday - timedelta(days=1), user.language))
        link = say(user.language, "weekly-link", address=address, until=until)
        await self._alerts.tell(TOPIC, [user.id], "\n".join([head, *lines, link]), reminder.id)

    async def _read(self, reader: Actor, language: str, monday: date) -> list[Report]:
        found = []
        for name in CONTENT:
            if name in MONEY_REPORTS and Right.READ_ACCOUNTS not in reader.rights:
                continue
            # The last week, day by day; money by months.
            daily = name is ReportName.MESSAGES
            query = ReportQuery(
                name=name.value,
                step="day" if daily else "",
                since=monday - WEEK if daily else None,
                until=monday - timedelta(days=1) if daily else None,
                language=language,
            )
            found.append(await self._reports.read(reader, query))
        return found
