"""Snoozing: a conversation leaves the inbox until a moment, or until its contact writes. Order of writes: the SNOOZE
reminder, then the conversation; a reminder whose moment is not the conversation's says nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from hub.domain.conversation import Conversation, ConversationState
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.ids import ConversationId, UserId, derived_id
from hub.domain.instant import to_utc_ms
from hub.domain.interaction import Direction
from hub.domain.reminder import Reminder, ReminderKind
from hub.ports.clock import Clock
from hub.ports.kinds import CONTACTS, CONVERSATIONS, INTERACTIONS, REMINDERS
from hub.ports.store import Store
from hub.services.alerts import Alerts
from hub.services.chronicle import Chronicle
from hub.services.standing import awaits_answer
from hub.services.wording import one_line, say

FURTHEST = timedelta(days=366)
TRIES = 5


class Snoozing:
    """Sends away and brings back."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        alerts: Alerts,
        chronicle: Chronicle,
        expect: Callable[[datetime], None],
    ) -> None:
        self._reminders = store.documents(REMINDERS)
        self._conversations = store.documents(CONVERSATIONS)
        self._interactions = store.documents(INTERACTIONS)
        self._contacts = store.documents(CONTACTS)
        self._clock, self._alerts, self._chronicle, self._expect = clock, alerts, chronicle, expect

    async def snooze(self, conversation_id: ConversationId, until: datetime, user_id: UserId | None) -> Conversation:
        """Raises NotFound, Conflict for a closed one, Invalid for a moment that is past or over a year ahead."""
        now = self._clock.now()
        if until.tzinfo is None or not now < until <= now + FURTHEST:
            raise Invalid("Snooze until a moment within the next year.", field="until")
        until = to_utc_ms(until)
        await self._load(conversation_id)
        await self._reminders.insert(
            Reminder(
                id=derived_id("n", "snooze", conversation_id, until.isoformat()),
                kind=ReminderKind.SNOOZE,
                due_at=until,
                user_id=user_id,
                subject_id=conversation_id,
                created_at=now,
            )
        )
        self._expect(until)
        for _ in range(TRIES):
            conversation = await self._load(conversation_id)
            if conversation.state is ConversationState.CLOSED:
                raise Conflict("This conversation is closed; re-open it first.")
            wanted = replace(conversation, snoozed_until=until, waiting_since=None)
            if wanted == conversation:
                return conversation
            if await self._conversations.replace(wanted, conversation.version):
                changed = replace(wanted, version=conversation.version + 1)
                self._chronicle.tell(changed)
                return changed
        raise Conflict("The conversation changes all the time; try again.")

    async def _load(self, conversation_id: ConversationId) -> Conversation:
        conversation = await self._conversations.get(conversation_id)
        if conversation is None or conversation.deleted:
            raise NotFound("There is no such conversation.")
        return conversation

    async def fire(self, reminder: Reminder) -> None:
        """Bring it back, and tell the one in charge, else the one who snoozed it. The telling comes first: a crash in
        between repeats it under the same id, and then brings the conversation back."""
        for _ in range(TRIES):
            conversation = await self._conversations.get(reminder.subject_id)
            if conversation is None or conversation.deleted or conversation.snoozed_until != reminder.due_at:
                return
            waiting = await self._waits_since(conversation, reminder)
            if waiting is not None:
                await self._tell(conversation, reminder)
            woken = replace(conversation, snoozed_until=None, waiting_since=waiting)
            if await self._conversations.replace(woken, conversation.version):
                self._chronicle.tell(replace(woken, version=conversation.version + 1))
                return
        raise Conflict("The conversation changes all the time; the next minute tries again.")

    async def _waits_since(self, conversation: Conversation, reminder: Reminder) -> datetime | None:
        """Since the contact's last word where that was the last; from now on where we had it when it was snoozed (to
        ask again); not at all where it was answered or closed meanwhile."""
        if conversation.state is ConversationState.CLOSED:
            return None
        last = await self._interactions.get(conversation.last_interaction)
        if last is not None and awaits_answer(last):
            return last.at
        if last is not None and last.direction is Direction.OUTBOUND and last.at > reminder.created_at:
            return None
        return reminder.due_at

    async def _tell(self, conversation: Conversation, reminder: Reminder) -> None:
        told = conversation.owner_user or reminder.user_id
        contact = await self._contacts.get(conversation.contact_id)
        name = one_line(contact.name if contact else conversation.peer.normal, 60)
        topic = one_line(conversation.subject) or one_line(conversation.last_text) or "…"
        if told is not None:
            await self._alerts.tell_all(
                [told], lambda language: say(language, "snooze-over", name=name, topic=topic), reminder.id
            )
