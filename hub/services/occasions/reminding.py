"""What those with a seat are told by itself: a day before, and when the event was moved. Both are reminders, so that
they survive a restart; each letter has an id of its own, so that a repetition tells nobody twice."""

from collections.abc import Callable
from datetime import datetime, timedelta

from hub.domain.ids import derived_id
from hub.domain.instant import to_utc_ms
from hub.domain.occasion import Occasion, OccasionState, Registration, RegistrationState
from hub.domain.reminder import Reminder, ReminderKind
from hub.ports.clock import Clock
from hub.ports.kinds import CONTACTS, OCCASIONS, REGISTRATIONS, REMINDERS
from hub.ports.store import Store
from hub.services.correspondence import Correspondence
from hub.services.merged import find_survivor
from hub.services.occasions.registering import Registering
from hub.services.occasions.wording import facts_of, word

BEFORE = timedelta(days=1)
MOVED = "moved"
PAGE = 500


class OccasionReminders:
    """Plans and fires. `language`: of contacts who have none."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        letters: Correspondence,
        registering: Registering,
        language: str,
        expect: Callable[[datetime], None],
    ) -> None:
        self._occasions, self._registrations = store.documents(OCCASIONS), store.documents(REGISTRATIONS)
        self._contacts, self._reminders = store.documents(CONTACTS), store.documents(REMINDERS)
        self._clock, self._letters, self._registering = clock, letters, registering
        self._language, self._expect = language, expect

    async def plan(self, occasion: Occasion) -> None:
        """A day before the event as it stands; once for each start."""
        due = occasion.start - BEFORE
        if due > self._clock.now():
            await self._insert(occasion, occasion.start.isoformat(), due, "")

    async def plan_moved(self, occasion: Occasion, sessions: tuple[str, ...] = ()) -> None:
        """At once: it has another time or place, or only these sessions have."""
        text = "|".join((MOVED, *sessions))
        await self._insert(occasion, f"{MOVED}|{occasion.version}", to_utc_ms(self._clock.now()), text)

    async def _insert(self, occasion: Occasion, key: str, due: datetime, text: str) -> None:
        await self._reminders.insert(
            Reminder(
                id=derived_id("n", occasion.id, key),
                kind=ReminderKind.OCCASION,
                due_at=due,
                subject_id=occasion.id,
                occurrence=occasion.start,
                text=text,
                created_at=to_utc_ms(self._clock.now()),
            )
        )
        self._expect(due)

    async def fire(self, reminder: Reminder) -> None:
        """Everybody with a seat is told, once; nobody of an event that has been moved again, or is over."""
        occasion = await self._occasions.get(reminder.subject_id)
        if occasion is None or occasion.start != reminder.occurrence or occasion.start <= self._clock.now():
            return
        if occasion.state not in (OccasionState.OPEN, OccasionState.CLOSED):
            return
        cursor: str | None = None
        while True:
            page = await self._registrations.page(
                "by_occasion", occasion.id, RegistrationState.REGISTERED, after=cursor, limit=PAGE
            )
            for registration in page.items:
                await self._tell(occasion, registration, reminder)
            if (cursor := page.next) is None:
                return

    async def _tell(self, occasion: Occasion, registration: Registration, reminder: Reminder) -> None:
        contact = await find_survivor(self._contacts, registration.contact_id)
        kind, *sessions = reminder.text.split("|")
        if contact is None or (sessions and registration.session not in sessions):
            return
        language, moved = contact.language or self._language, kind == MOVED
        files = await self._registering.files(occasion, registration) if moved else []
        await self._letters.say(
            contact.id,
            self._registering.confirmation(occasion, registration, language, MOVED if moved else "reminder"),
            subject=word(language, "registered-subject", **facts_of(occasion, language, session=registration.session)),
            key=f"occasion-reminder|{registration.id}|{reminder.id}",
            files=files,
            # That it was moved they must know, also who wants nothing automatic: they registered.
            if_wanted=not moved,
        )
