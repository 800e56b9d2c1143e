"""Targets: how soon somebody is to be answered, and how soon the matter settled, counted in business minutes. A TARGET
reminder of the conversation raises the alarm; where the answer was given by then, it says nothing."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from hub.domain.appointment import WorkingHours
from hub.domain.conversation import Conversation, ConversationState
from hub.domain.desk import Queue
from hub.domain.errors import Invalid
from hub.domain.ids import UserId, derived_id
from hub.domain.instant import to_utc_ms
from hub.domain.people import UserRole
from hub.domain.reminder import Reminder, ReminderKind
from hub.ports.clock import Clock
from hub.ports.kinds import CONTACTS, CONVERSATIONS, QUEUES, REMINDERS
from hub.ports.store import Store
from hub.services.alerts import Alerts
from hub.services.staff import Staff
from hub.services.wording import one_line, say

OFFICE_HOURS: Final = tuple(WorkingHours(weekday=day, start=9 * 60, end=17 * 60) for day in range(5))
MOST_DAYS = 1_000
FIRST, RESOLUTION = "first", "resolution"


class Targets:
    """Plans and raises alarms."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        staff: Staff,
        alerts: Alerts,
        time_zone: str,
        expect: Callable[[datetime], None],
    ) -> None:
        self._reminders = store.documents(REMINDERS)
        self._conversations = store.documents(CONVERSATIONS)
        self._contacts = store.documents(CONTACTS)
        self._queues = store.documents(QUEUES)
        self._clock, self._staff, self._alerts = clock, staff, alerts
        self._zone, self._expect = time_zone, expect

    def check(self, queue: Queue) -> None:
        """Raises Invalid where the queue's targets could never be reckoned."""
        self._due(queue, self._clock.now(), 1)

    def _due(self, queue: Queue, since: datetime, minutes: int) -> datetime:
        hours, zone = queue.hours or OFFICE_HOURS, queue.time_zone or self._zone
        return business_due(since, minutes, hours, zone, queue.country, queue.subdivision)

    def opens(self, queue: Queue) -> datetime:
        """The first moment from now on within the queue's business hours."""
        return self._due(queue, self._clock.now(), 0)

    async def plan(self, conversation: Conversation, queue: Queue) -> None:
        """For a conversation in which somebody waits: an answer to each time that they began to wait, and one
        settlement. Planning twice is planning once."""
        since = conversation.waiting_since
        if since is None:
            return
        wanted = [
            self._reminder(conversation, queue, which, since, minutes)
            for which, minutes in ((FIRST, queue.first_response_minutes), (RESOLUTION, queue.resolution_minutes))
            if minutes > 0
        ]
        if wanted:
            await self._reminders.insert_many(wanted)
        for one in wanted:
            self._expect(one.due_at)

    def _reminder(
        self, conversation: Conversation, queue: Queue, which: str, since: datetime, minutes: int
    ) -> Reminder:
        return Reminder(
            id=derived_id("n", "target", which, conversation.id, since.isoformat() if which == FIRST else ""),
            version=1,
            kind=ReminderKind.TARGET,
            due_at=self._due(queue, since, minutes),
            contact_id=conversation.contact_id,
            subject_id=conversation.id,
            occurrence=since,
            text=which,
            created_at=self._clock.now(),
        )

    async def fire(self, reminder: Reminder) -> None:
        """The alarm, to the owner or else the queue's members or else the admins, unless it was answered."""
        conversation = await self._conversations.get(reminder.subject_id)
        if conversation is None or not is_late(conversation, reminder):
            return
        queue = await self._queues.get(conversation.queue)
        contact = await self._contacts.get(conversation.contact_id)
        name = one_line(contact.name if contact else conversation.peer.normal, 60)
        zone = ZoneInfo((queue.time_zone if queue else "") or self._zone)
        when = f"{reminder.due_at.astimezone(zone):%d.%m. %H:%M}"
        topic = one_line(conversation.subject) or one_line(conversation.last_text) or "…"
        line = "target-late" if reminder.text == FIRST else "target-late-resolution"
        await self._alerts.tell(
            "late-answer",
            self._in_charge(conversation, queue),
            lambda language: say(language, line, name=name, topic=topic, when=when),
            reminder.id,
        )

    def _in_charge(self, conversation: Conversation, queue: Queue | None) -> Sequence[UserId]:
        owner = self._staff.known(conversation.owner_user)
        if owner is not None:
            return [owner.id]
        members = [user for user in (queue.members if queue else ()) if self._staff.known(user)]
        return members or [user.id for user in self._staff.all() if user.active and user.role is UserRole.ADMIN]


def is_late(conversation: Conversation, reminder: Reminder) -> bool:
    """Whether the target was missed: the contact still waits since then, or the matter is still open."""
    if conversation.deleted or conversation.state is not ConversationState.OPEN:
        return False
    if reminder.text == RESOLUTION:
        return True
    since = conversation.waiting_since
    return since is not None and reminder.occurrence is not None and since <= reminder.occurrence


def business_due(
    since: datetime,
    minutes: int,
    hours: Sequence[WorkingHours],
    time_zone: str,
    country: str = "",
    subdivision: str = "",
) -> datetime:
    """The moment (UTC) at which so many minutes within business hours have passed; public holidays have none, and a
    changed clock is counted as it runs. Raises Invalid where there are none within 1,000 days."""
    zone, left = ZoneInfo(time_zone), timedelta(minutes=minutes)
    day = since.astimezone(zone).date()
    for _ in range(MOST_DAYS):
        if not is_holiday(day, country, subdivision):
            for start, end in sorted(_windows(day, hours, zone)):
                begin = max(start, since)
                if end > begin:
                    if end - begin >= left:
                        return to_utc_ms(begin + left)
                    left -= end - begin
        day += timedelta(days=1)
    raise Invalid("There are no business hours within the next 1,000 days.", field="hours")


def _windows(day: date, hours: Sequence[WorkingHours], zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    midnight = datetime.combine(day, time.min)
    return [
        (
            (midnight + timedelta(minutes=one.start)).replace(tzinfo=zone).astimezone(UTC),
            (midnight + timedelta(minutes=one.end)).replace(tzinfo=zone).astimezone(UTC),
        )
        for one in hours
        if one.weekday == day.weekday()
    ]


def is_holiday(day: date, country: str, subdivision: str) -> bool:
    """Whether it is a public holiday there; '' has none. Raises Invalid for an unknown country or state."""
    return bool(country) and day in _holidays(country, subdivision, day.year)


@lru_cache(maxsize=256)
def _holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    # Loaded on first use: the daemon starts and idles without it.
    import holidays

    try:
        return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
    except NotImplementedError as error:
        raise Invalid(f'No holidays are known for "{country} {subdivision}".', field="country") from error
