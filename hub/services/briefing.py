"""A colleague's day: what stands in the calendar, what they wanted to be reminded of, who waits, what is overdue."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.domain.conversation import QUEUE_OWNER, Conversation
from hub.domain.errors import Conflict
from hub.domain.ids import UserId, derived_id
from hub.domain.instant import to_utc_ms
from hub.domain.people import Actor, Right
from hub.domain.reminder import Briefing, Reminder, ReminderKind, ReminderState
from hub.ports.account_verbs import AccountVerbs
from hub.ports.calendar_verbs import CalendarVerbs
from hub.ports.clock import Clock
from hub.ports.kinds import CONTACTS, CONVERSATIONS, REMINDERS
from hub.ports.store import Exists, Store
from hub.services.alerts import Alerts
from hub.services.staff import Staff
from hub.services.wording import one_line, say

MOST_APPOINTMENTS = 30
MOST_REMINDERS = 30
MOST_NAMES = 5
MOST_OVERDUE = 5
TRIES = 5
Late = Callable[[Reminder, str, str, str], str]
"""`Reminding.late`."""


class Briefings:
    """Gathers and plans. Without calendars or accounts those parts are empty."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        staff: Staff,
        alerts: Alerts,
        calendars: CalendarVerbs | None,
        accounts: AccountVerbs | None,
        time_zone: str,
        expect: Callable[[datetime], None] = lambda due_at: None,
        late: Late = lambda reminder, text, language, zone: text,
    ) -> None:
        """`time_zone`: of colleagues who have set none."""
        self._reminders = store.documents(REMINDERS)
        self._conversations = store.documents(CONVERSATIONS)
        self._contacts = store.documents(CONTACTS)
        self._clock, self._staff, self._alerts = clock, staff, alerts
        self._calendars, self._accounts, self._zone = calendars, accounts, time_zone
        self._expect, self._late = expect, late

    # Gathering

    async def gather(self, actor: Actor) -> Briefing:
        """The actor's day in their zone; only what they may see. The caller has asked for the right."""
        now = self._clock.now()
        zone = ZoneInfo(actor.time_zone or self._zone)
        today = now.astimezone(zone).date()
        begin = to_utc_ms(datetime.combine(today, time.min, zone))
        end = to_utc_ms(datetime.combine(today + timedelta(days=1), time.min, zone)) - timedelta(milliseconds=1)
        rights = actor.rights
        appointments, overdue = [], []
        if self._calendars is not None and Right.READ_CALENDARS in rights:
            appointments = await self._calendars.agenda(actor, begin, end, limit=MOST_APPOINTMENTS)
        if self._accounts is not None and Right.READ_ACCOUNTS in rights:
            overdue = await self._accounts.overdue(actor, limit=MOST_OVERDUE)
        reminders = await self._reminders.page("mine", actor.id, until=end, limit=MOST_REMINDERS)
        waiting, names = await self._waiting(actor) if Right.READ_CONTACTS in rights else (0, ())
        return Briefing(
            at=now,
            appointments=tuple(appointments),
            reminders=tuple(reminders.items),
            waiting=waiting,
            longest_waiting=names,
            overdue=tuple(overdue[:MOST_OVERDUE]),
        )

    async def _waiting(self, actor: Actor) -> tuple[int, tuple[str, ...]]:
        """The actor's own conversations and those of the common queue."""
        count = 0
        longest: list[Conversation] = []
        for owner in (actor.id, QUEUE_OWNER):
            count += await self._conversations.count("waiting_by_owner", owner)
            page = await self._conversations.page("waiting_by_owner", owner, limit=MOST_NAMES)
            longest.extend(page.items)
        longest.sort(key=lambda one: (one.waiting_since or one.last_at, one.id))
        contacts = await self._contacts.get_many(sorted({one.contact_id for one in longest})) if longest else {}
        names = [contacts[one.contact_id].name for one in longest if one.contact_id in contacts]
        return count, tuple(dict.fromkeys(names))[:MOST_NAMES]

    def render(self, briefing: Briefing, language: str, time_zone: str) -> str:
        """As a chat message."""
        zone = ZoneInfo(time_zone)
        lines = [say(language, "briefing-head", day=f"{briefing.at.astimezone(zone):%d.%m.%Y}")]
        for one in briefing.appointments:
            with_name = say(language, "reminder-with", name=one_line(one.contact_name)) if one.contact_name else ""
            when, title = f"{one.start.astimezone(zone):%H:%M}", one_line(one.appointment.title)
            lines.append(say(language, "briefing-appointment", when=when, title=title, with_name=with_name))
        for reminder in briefing.reminders:
            due = reminder.due_at.astimezone(zone)
            when = f"{due:%H:%M}" if due.date() == briefing.at.astimezone(zone).date() else f"{due:%d.%m. %H:%M}"
            lines.append(say(language, "briefing-reminder", when=when, text=one_line(reminder.text, 200)))
        if briefing.waiting:
            names = ", ".join(one_line(name, 60) for name in briefing.longest_waiting)
            lines.append(say(language, "briefing-waiting", count=briefing.waiting, names=names))
        for item in briefing.overdue:
            amount = f"{item.open} {item.currency} ({one_line(item.contact_name, 60)})"
            lines.append(say(language, "briefing-overdue", number=one_line(item.number), amount=amount))
        return "\n".join(lines if len(lines) > 1 else [*lines, say(language, "briefing-empty")])

    # Every day

    async def plan_all(self) -> None:
        """At start: the next briefing of everybody who wants one."""
        users = [user.id for user in self._staff.all() if user.active]
        for start in range(0, len(users), 1_000):
            choices = await self._alerts.choices(users[start : start + 1_000])
            for user_id, choice in choices.items():
                if "briefing" in choice.topics:
                    await self.plan(UserId(user_id))

    async def plan(self, user_id: UserId) -> None:
        """The next briefing, if the colleague wants one and has not left. Planning twice is planning once; a briefing
        that is planned for another minute of that day moves."""
        user, choice = self._staff.known(user_id), await self._alerts.choice(user_id)
        if user is None or "briefing" not in choice.topics:
            return
        day, due_at = next_briefing(self._clock.now(), choice.briefing_at, user.time_zone or self._zone)
        wanted = Reminder(
            id=derived_id("n", "briefing", user_id, day.isoformat()),
            version=1,
            kind=ReminderKind.BRIEFING,
            due_at=due_at,
            user_id=user_id,
            created_at=self._clock.now(),
        )
        for _ in range(TRIES):
            match await self._reminders.insert(wanted):
                case Exists(current) if current.state is ReminderState.DUE and current.due_at != due_at:
                    if not await self._reminders.replace(replace(current, due_at=due_at), current.version):
                        continue
            self._expect(due_at)
            return
        raise Conflict("The briefing changes all the time; try again.")

    async def fire(self, reminder: Reminder) -> None:
        """Say it, unless the colleague has changed their mind or its day is over; then plan the next one."""
        user = self._staff.known(reminder.user_id)
        if user is None:
            return
        zone = user.time_zone or self._zone
        today = self._clock.now().astimezone(ZoneInfo(zone)).date()
        choice = await self._alerts.choice(user.id)
        if "briefing" in choice.topics and reminder.due_at.astimezone(ZoneInfo(zone)).date() == today:
            briefing = await self.gather(self._staff.actor(user, via="system"))
            text = self._late(reminder, self.render(briefing, user.language, zone), user.language, zone)
            await self._alerts.tell("briefing", [user.id], text, reminder.id)
        await self.plan(user.id)


def next_briefing(now: datetime, at: str, time_zone: str) -> tuple[date, datetime]:
    """The local day and the moment (UTC) of the next briefing at `at` ("08:00") in the zone, strictly after `now`."""
    zone, wanted = ZoneInfo(time_zone), time.fromisoformat(at)
    day = now.astimezone(zone).date()
    due_at = to_utc_ms(datetime.combine(day, wanted, zone))
    if due_at <= now:
        day += timedelta(days=1)
        due_at = to_utc_ms(datetime.combine(day, wanted, zone))
    return day, due_at
