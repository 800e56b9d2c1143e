"""The weekly report: on Monday morning, for colleagues who chose it, by chat, by mail, or both. Its reminder is one
document a week; a crash while it is told repeats it, and the outbox drops what was told already."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog

from hub.domain.ids import derived_id
from hub.domain.instant import to_utc_ms
from hub.domain.message import Attachment
from hub.domain.people import Actor, Right, RowScope, User
from hub.domain.reminder import Reminder, ReminderKind
from hub.domain.report import MONEY_REPORTS, Report, ReportName, ReportQuery
from hub.ports.clock import Clock
from hub.ports.kinds import REMINDERS
from hub.ports.store import Store
from hub.services.alerts import Alerts
from hub.services.own_mail import OwnMail
from hub.services.reports.drawing import tell_lines
from hub.services.reports.reports import Reports
from hub.services.reports.wording import say, tell_day
from hub.services.sharing import Sharing
from hub.services.staff import Staff

log = structlog.get_logger()
TOPIC, MAIL_TOPIC = "weekly-report", "weekly-mail"
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
        own_mail: OwnMail,
        time_zone: str,
        expect: Callable[[datetime], None] = lambda due_at: None,
    ) -> None:
        self._reminders, self._blobs = store.documents(REMINDERS), store.blobs
        self._clock, self._staff, self._alerts, self._reports = clock, staff, alerts, reports
        self._sharing, self._own_mail = sharing, own_mail
        self._zone, self._expect = ZoneInfo(time_zone), expect

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
            everybody = [user.id for user in self._staff.all()]
            chat = set(await self._alerts.wanting(TOPIC, everybody))
            mail = set(await self._alerts.wanting(MAIL_TOPIC, everybody))
            for user_id in everybody:
                user = self._staff.known(user_id)
                if user is not None and user_id in chat | mail:
                    await self._report(user, reminder, chat=user_id in chat, mail=user_id in mail)
        await self.plan()

    async def _report(self, user: User, reminder: Reminder, *, chat: bool, mail: bool) -> None:
        reader = self._staff.actor(user, via="system")
        # Company-wide numbers are for those who see all rows.
        if Right.READ_STATUS not in reader.rights or reader.rows is not RowScope.ALL:
            return
        monday = reminder.due_at.astimezone(self._zone).date()
        reports = await self._read(reader, user.language, monday)
        title = say(user.language, "weekly")
        data = await self._reports.write_pdf(reports, user.language, title)
        file = Attachment(
            index=0,
            name=f"{title}-{monday.isoformat()}.pdf",
            type="application/pdf",
            size=len(data),
            sha256=await self._blobs.put(data),
        )
        lines = [line for report in reports[:4] for line in tell_lines(report, user.language)]
        day = tell_day(monday - timedelta(days=1), user.language)
        text = "\n".join([say(user.language, "weekly-text", day=day), *lines])
        if chat:
            link = await self._link(user, reminder, file)
            await self._alerts.tell(TOPIC, [user.id], f"{text}\n{link}", reminder.id)
        if mail:
            await self._mail(user, reminder, file, say(user.language, "weekly-subject", day=day), text)

    async def _mail(self, user: User, reminder: Reminder, file: Attachment, subject: str, text: str) -> None:
        """With the file, or with its link where the channel does not carry it."""
        choice, account = await self._alerts.choice(user.id), self._own_mail.account()
        if not choice.mail or account is None:
            log.warning(
                "weekly_report_not_mailed", user=user.id, address=bool(choice.mail), channel=account is not None
            )
            return
        files = [file] if file.size <= account.max_file_bytes else []
        told = say(user.language, "weekly-attached") if files else await self._link(user, reminder, file)
        await self._own_mail.write(
            user,
            account,
            choice.mail,
            subject=subject,
            text=f"{text}\n\n{told}",
            files=files,
            key=f"{MAIL_TOPIC}|{reminder.id}",
            lifetime=WEEK,
        )

    async def _link(self, user: User, reminder: Reminder, file: Attachment) -> str:
        """The same for the same week and colleague."""
        address, share = await self._sharing.publish(
            name=file.name,
            type=file.type,
            size=file.size,
            sha256=file.sha256,
            key=f"{reminder.id}|{user.id}",
            created_by=user.id,
            lifetime=LIFETIME,
        )
        until = tell_day(share.expires_at.astimezone(self._zone).date(), user.language)
        return say(user.language, "weekly-link", address=address, until=until)

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
