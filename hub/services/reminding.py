"""Saying reminders when they are due. The documents are the truth, APScheduler only the clock: at start and every
minute the moments of the next two hours are loaded into it.

Firing: the outbox takes the items, whose ids are derived from the reminder; then the reminder is FIRED, by version. A
crash in between repeats the first step, which finds its items there already. So it is said once, whoever races whom.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import structlog

from hub.domain.errors import FernamtError, StoreUnavailable
from hub.domain.ids import ContactId
from hub.domain.outbox import OutboxItem
from hub.domain.people import User
from hub.domain.reminder import Reminder, ReminderKind, ReminderState
from hub.ports.clock import Clock
from hub.ports.kinds import REMINDERS
from hub.ports.store import Replacement, Store
from hub.services.alerts import Alerts
from hub.services.staff import Staff
from hub.services.wording import say

log = structlog.get_logger()
AHEAD = timedelta(hours=2)
LATE_AFTER = timedelta(minutes=2)
BATCH = 200
LOAD_SECONDS = 60
RETRY_SECONDS = 5.0

Handler = Callable[[Reminder], Awaitable[None]]
"""Does what is due, so that doing it twice is doing it once. Raises StoreUnavailable: then it is repeated."""


class SpeaksToContacts(Protocol):
    """Says something to a contact on the channel that they used last."""

    async def say(self, contact_id: ContactId, text: str, *, subject: str, key: str, if_wanted: bool = False) -> object:
        """Once for each key."""


class Reminding:
    """The task that fires. `handle` adds what other kinds of reminders do."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        staff: Staff,
        alerts: Alerts,
        contacts: SpeaksToContacts,
        time_zone: str,
    ) -> None:
        """`time_zone`: of colleagues who have set none."""
        self._reminders = store.documents(REMINDERS)
        self._clock, self._staff, self._alerts, self._contacts = clock, staff, alerts, contacts
        self._zone = time_zone
        self._handlers: dict[ReminderKind, Handler] = {ReminderKind.APPOINTMENT_CONTACT: self._say_to_contact}
        self._preparations: list[Callable[[], Awaitable[None]]] = []
        self._followers: list[Handler] = []
        self._wake = asyncio.Event()
        self._scheduler: Any = None
        self._firing = asyncio.Lock()

    def handle(self, handlers: Mapping[ReminderKind, Handler]) -> None:
        """Who does what is due, by kind."""
        self._handlers.update(handlers)

    def prepare(self, preparation: Callable[[], Awaitable[None]]) -> None:
        """Await it once when the task starts: planning that a crash may have cut off."""
        self._preparations.append(preparation)

    def follow(self, follower: Handler) -> None:
        """Await it before a reminder that was said is FIRED, for planning what comes after it."""
        self._followers.append(follower)

    # The clock

    def expect(self, due_at: datetime) -> None:
        """A new moment. Does nothing before `run`, which loads it."""
        if self._scheduler is not None and due_at <= self._clock.now() + AHEAD:
            self._set(due_at)

    def _set(self, due_at: datetime) -> None:
        """One job for each second in which something is due, however many."""
        moment = due_at.astimezone(UTC).replace(microsecond=0)
        if moment < due_at:
            moment += timedelta(seconds=1)
        self._scheduler.add_job(
            self._wake.set,
            "date",
            run_date=moment,
            id=f"due-{moment.timestamp():.0f}",
            replace_existing=True,
            misfire_grace_time=None,
            coalesce=True,
        )

    async def run(self) -> None:
        """Until cancelled. While the store is down it tries again every few seconds."""
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._scheduler.add_job(
            self._wake.set, "interval", seconds=LOAD_SECONDS, id="load", misfire_grace_time=None, coalesce=True
        )
        self._scheduler.start()
        self._wake.set()
        prepared = False
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                try:
                    if not prepared:
                        await self._prepare()
                        prepared = True
                    await self.fire_due()
                    await self._load()
                except StoreUnavailable as error:
                    log.warning("reminders_postponed", code=error.code)
                    await self._clock.sleep(RETRY_SECONDS)
                    self._wake.set()
        finally:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None

    async def _prepare(self) -> None:
        for preparation in self._preparations:
            try:
                await preparation()
            except StoreUnavailable:
                raise
            except FernamtError as error:
                log.error("reminders_unprepared", code=error.code, reason=error.sentence)

    async def _load(self) -> None:
        """The seconds in which something is due within the next two hours. A page skips the rest of its last second,
        so that ten thousand reminders of one minute are few pages."""
        now = self._clock.now()
        since = now
        while True:
            page = await self._reminders.page(
                "by_state", ReminderState.DUE, since=since, until=now + AHEAD, limit=BATCH
            )
            for reminder in page.items:
                self._set(reminder.due_at)
            if page.next is None:
                return
            since = page.items[-1].due_at.replace(microsecond=0) + timedelta(seconds=1)

    # Firing

    async def fire_due(self) -> int:
        """Say everything that is due now. Returns how many were said. Raises StoreUnavailable; one that fails for
        another reason stays due, is logged, and does not hold up the others."""
        async with self._firing:
            said, cursor, now = 0, None, self._clock.now()
            while True:
                page = await self._reminders.page("by_state", ReminderState.DUE, until=now, after=cursor, limit=BATCH)
                said += await self._fire(page.items)
                if (cursor := page.next) is None:
                    return said

    async def _fire(self, due: Sequence[Reminder]) -> int:
        items: list[OutboxItem] = []
        done: list[Reminder] = []
        for reminder in due:
            try:
                done.append(await self._fire_one(reminder, items))
            except StoreUnavailable:
                raise
            except FernamtError as error:
                log.error("reminder_failed", id=reminder.id, code=error.code, reason=error.sentence)
            except Exception as error:  # one broken reminder must not silence the others
                log.error("reminder_failed", id=reminder.id, error=type(error).__name__, exc_info=True)
        await self._alerts.submit(items)
        if not done:
            return 0
        return sum(await self._reminders.replace_many([Replacement(one, one.version) for one in done]))

    async def _fire_one(self, reminder: Reminder, items: list[OutboxItem]) -> Reminder:
        """The reminder as it stands once it is said; what is to be said to colleagues is added to `items`."""
        handler = self._handlers.get(reminder.kind)
        reached = True
        if handler is not None:
            await handler(reminder)
        else:
            mine = self._items(reminder)
            items.extend(mine)
            reached = bool(mine)
            if not reached:
                log.info("reminder_not_reachable", id=reminder.id, user=reminder.user_id)
        for follower in self._followers:
            await follower(reminder)
        open_for = None if reached else reminder.open_for
        return replace(reminder, state=ReminderState.FIRED, fired_at=self._clock.now(), open_for=open_for)

    def _items(self, reminder: Reminder) -> list[OutboxItem]:
        user = self._staff.known(reminder.user_id)
        if user is None:
            return []
        return self._alerts.items(user.id, self.line(reminder, user), key=reminder.id, story="reminder")

    def line(self, reminder: Reminder, user: User) -> str:
        """What the colleague reads; a late one says for when it was."""
        text = reminder.text
        if reminder.kind is ReminderKind.OWN:
            text = say(user.language, "reminder-own", text=text)
        return self.late(reminder, text, user.language, user.time_zone or self._zone)

    def late(self, reminder: Reminder, text: str, language: str, time_zone: str) -> str:
        """The text, and for when it was where more than two minutes have passed since."""
        now = self._clock.now()
        if now - reminder.due_at <= LATE_AFTER:
            return text
        zone = ZoneInfo(time_zone)
        was, today = reminder.due_at.astimezone(zone), now.astimezone(zone).date()
        when = f"{was:%H:%M}" if was.date() == today else f"{was:%d.%m. %H:%M}"
        return say(language, "reminder-late", text=text, when=when)

    async def _say_to_contact(self, reminder: Reminder) -> None:
        """Not once the appointment has begun: `occurrence` is when."""
        if reminder.contact_id is None or (reminder.occurrence and reminder.occurrence <= self._clock.now()):
            return
        await self._contacts.say(
            reminder.contact_id, reminder.text, subject=reminder.subject, key=reminder.id, if_wanted=True
        )
