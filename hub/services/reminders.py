"""Reminders of one's own, and what a colleague wants to be told. The documents are the truth; hub/services/reminding.py
says them when they are due."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from hub.domain.errors import Conflict, Invalid, NotFound, TooMany
from hub.domain.ids import ContactId, UserId, derived_id
from hub.domain.instant import to_utc_ms
from hub.domain.people import Actor, Right
from hub.domain.reminder import AlertChoice, Briefing, Reminder, ReminderKind, ReminderState
from hub.ports.clock import Clock
from hub.ports.kinds import CONTACTS, REMINDERS
from hub.ports.store import Exists, Store
from hub.services.alerts import Alerts
from hub.services.audit import Audit
from hub.services.own_mail import OwnMail

MAX_OPEN = 500
MAX_TEXT = 1_000
FURTHEST = timedelta(days=5 * 366)
TRIES = 5


class Briefings(Protocol):
    """hub/services/briefing.py."""

    async def gather(self, actor: Actor) -> Briefing: ...

    async def plan(self, user_id: UserId) -> None:
        """The next briefing, or none where the colleague does not want one."""


class Reminders:
    """Implements ReminderVerbs."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        audit: Audit,
        alerts: Alerts,
        briefings: Briefings,
        own_mail: OwnMail,
        expect: Callable[[datetime], None] = lambda due_at: None,
    ) -> None:
        """`expect` hears of each new moment (`Reminding.expect`)."""
        self._reminders = store.documents(REMINDERS)
        self._contacts = store.documents(CONTACTS)
        self._clock, self._audit, self._alerts = clock, audit, alerts
        self._briefings, self._own_mail, self._expect = briefings, own_mail, expect

    async def remind(
        self, actor: Actor, at: datetime, text: str, *, contact_id: ContactId | None = None, key: str
    ) -> Reminder:
        """See ReminderVerbs. The same key of the same colleague is one reminder."""
        user_id = self._audit.permit_oneself(actor, "reminders.remind")
        if contact_id is not None:
            self._audit.permit(actor, Right.READ_CONTACTS, "reminders.remind", contact_id)
        wanted = self._reminder(user_id, at, text, contact_id, key)
        known = await self._reminders.get(wanted.id)
        if known is None:
            known = await self._insert(user_id, wanted)
        await self._audit.record(actor, "reminders.remind", known.id, detail=contact_id or "")
        self._expect(known.due_at)
        return known

    def _reminder(self, user_id: UserId, at: datetime, text: str, contact_id: ContactId | None, key: str) -> Reminder:
        text, now = text.strip(), self._clock.now()
        if not key:
            raise Invalid("A reminder needs a key, so that a repeated request makes it once.", field="key")
        if not 1 <= len(text) <= MAX_TEXT:
            raise Invalid(f"A reminder has 1 to {MAX_TEXT:,} characters.", field="text")
        if at.tzinfo is None:
            raise Invalid("The moment needs a time zone.", field="at")
        return Reminder(
            id=derived_id("n", "own", user_id, key),
            version=1,
            kind=ReminderKind.OWN,
            due_at=to_utc_ms(at),
            user_id=user_id,
            contact_id=contact_id,
            text=text,
            created_at=now,
            open_for=user_id,
        )

    async def _insert(self, user_id: UserId, wanted: Reminder) -> Reminder:
        """Bounds are checked for new ones only: a repeated request may come after the minute."""
        now = self._clock.now()
        if wanted.due_at <= now:
            raise Invalid("This moment is past; name one that is to come.", field="at")
        if wanted.due_at > now + FURTHEST:
            raise Invalid("A reminder lies at most five years ahead.", field="at")
        if wanted.contact_id is not None and await self._contacts.get(wanted.contact_id) is None:
            raise NotFound("There is no such contact.")
        if await self._reminders.count("mine", user_id, cap=MAX_OPEN) >= MAX_OPEN:
            raise TooMany(
                f"You have {MAX_OPEN} open reminders; drop some of them first.", retry_after=timedelta(hours=1)
            )
        match await self._reminders.insert(wanted):
            case Exists(current):
                return current
            case _:
                return wanted

    async def mine(self, actor: Actor, limit: int = 50) -> list[Reminder]:
        """Still due, soonest first; those that no chat could carry are overdue and come first."""
        user_id = self._audit.permit_oneself(actor, "reminders.mine", writes=False)
        if not 1 <= limit <= MAX_OPEN:
            raise Invalid(f"A list holds 1 to {MAX_OPEN} reminders.", field="limit")
        found = await self._reminders.page("mine", user_id, limit=limit)
        await self._audit.seen(actor, "reminders.mine", user_id)
        return found.items

    async def drop(self, actor: Actor, reminder_id: str) -> Reminder:
        """See ReminderVerbs. Dropping twice is dropping once."""
        user_id = self._audit.permit_oneself(actor, "reminders.drop")
        for _ in range(TRIES):
            reminder = await self._reminders.get(reminder_id)
            if reminder is None or reminder.user_id != user_id or reminder.kind is not ReminderKind.OWN:
                raise NotFound("There is no such reminder of yours.")
            if reminder.state is ReminderState.DROPPED:
                return reminder
            if reminder.open_for is None:
                raise Conflict("This reminder was said already.")
            dropped = replace(reminder, state=ReminderState.DROPPED, open_for=None)
            if await self._reminders.replace(dropped, reminder.version):
                await self._audit.record(actor, "reminders.drop", reminder_id)
                return replace(dropped, version=reminder.version + 1)
        raise Conflict("This reminder changes all the time; try again.")

    async def alerts(self, actor: Actor) -> AlertChoice:
        """One's own choice."""
        user_id = self._audit.permit_oneself(actor, "reminders.alerts", writes=False)
        choice = await self._alerts.choice(user_id)
        await self._audit.seen(actor, "reminders.alerts", user_id)
        return choice

    async def set_alert(self, actor: Actor, topic: str, on: bool) -> AlertChoice:
        """Raises Invalid for an unknown topic; the fields name those that there are."""
        user_id = self._audit.permit_oneself(actor, "reminders.set_alert")
        choice = await self._alerts.choose(actor, topic, on)
        if topic == "briefing":
            await self._briefings.plan(user_id)
        return choice

    async def ask_mail(self, actor: Actor, address: str) -> AlertChoice:
        """See ReminderVerbs."""
        return await self._own_mail.ask(actor, address)

    async def set_mail(self, actor: Actor, address: str, code: str) -> AlertChoice:
        """See ReminderVerbs."""
        return await self._own_mail.set(actor, address, code)

    async def briefing(self, actor: Actor) -> Briefing:
        """One's own day."""
        self._audit.permit_oneself(actor, "reminders.briefing", writes=False)
        found = await self._briefings.gather(actor)
        await self._audit.seen(actor, "reminders.briefing", actor.id)
        return found
