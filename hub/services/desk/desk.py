"""Implements hub.ports.desk_verbs.DeskVerbs over queues, snoozing, canned replies and viewers."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from hub.domain.appointment import WorkingHours
from hub.domain.conversation import Conversation
from hub.domain.desk import CannedReply, Queue, Viewer
from hub.domain.errors import Invalid, NotFound
from hub.domain.ids import ContactId, ConversationId, UserId
from hub.domain.interaction import Interaction
from hub.domain.people import Actor, Right
from hub.domain.reminder import ReminderKind
from hub.ports.clock import Clock
from hub.ports.kinds import CONTACTS, CONVERSATIONS
from hub.ports.store import Store
from hub.ports.verbs import TimelineVerbs
from hub.services.alerts import Alerts
from hub.services.audit import Audit
from hub.services.chronicle import Chronicle
from hub.services.desk.canned import Canned, fill
from hub.services.desk.queues import Queues
from hub.services.desk.snoozing import Snoozing
from hub.services.desk.targets import OFFICE_HOURS, Targets
from hub.services.desk.viewers import Viewers
from hub.services.reminding import Handler
from hub.services.staff import Staff
from hub.services.wording import one_line, say

MAX_QUESTION = 2_000


class Desk:
    """Implements DeskVerbs; `place` is for intake, `handlers` for `Reminding.handle`."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        audit: Audit,
        staff: Staff,
        alerts: Alerts,
        timeline: TimelineVerbs,
        chronicle: Chronicle,
        company: str,
        time_zone: str,
        expect: Callable[[datetime], None] = lambda due_at: None,
    ) -> None:
        """`company`: what {company} in a canned reply stands for; `time_zone`: of queues that name none."""
        self._conversations = store.documents(CONVERSATIONS)
        self._contacts = store.documents(CONTACTS)
        self._audit, self._staff, self._alerts, self._timeline = audit, staff, alerts, timeline
        self._company = company
        self._targets = Targets(
            store=store, clock=clock, staff=staff, alerts=alerts, time_zone=time_zone, expect=expect
        )
        self._queues = Queues(store=store, staff=staff, targets=self._targets)
        self._snoozing = Snoozing(store=store, clock=clock, alerts=alerts, chronicle=chronicle, expect=expect)
        self._canned = Canned(store)
        self._viewers = Viewers(clock)

    @property
    def handlers(self) -> Mapping[ReminderKind, Handler]:
        """What is done when a snooze ends or a target is missed."""
        return {ReminderKind.SNOOZE: self._snoozing.fire, ReminderKind.TARGET: self._targets.fire}

    async def place(self, conversation: Conversation) -> Conversation:
        """See Queues.place."""
        return await self._queues.place(conversation)

    async def opens(self, account: str) -> datetime:
        """When somebody is there for what comes by this channel: now, or the next opening."""
        return self._targets.opens(await self._queues.of_account(account))

    async def hours(self, account: str) -> Sequence[WorkingHours]:
        """The business hours of the queue to which the channel's messages come."""
        return (await self._queues.of_account(account)).hours or OFFICE_HOURS

    # Queues

    async def queues(self, actor: Actor) -> list[Queue]:
        """By name."""
        self._audit.permit(actor, Right.READ_CONTACTS, "desk.queues")
        found = await self._queues.all()
        await self._audit.seen(actor, "desk.queues")
        return found

    async def waiting(self, actor: Actor) -> dict[str, int]:
        """How many conversations of each queue wait, by its id."""
        self._audit.permit(actor, Right.READ_CONTACTS, "desk.waiting")
        found = await self._queues.waiting()
        await self._audit.seen(actor, "desk.waiting")
        return found

    async def save_queue(self, actor: Actor, queue: Queue) -> Queue:
        """New where `version` is 0. Raises Invalid, Conflict."""
        self._audit.permit(actor, Right.RUN_QUEUES, "desk.save_queue", getattr(queue, "id", ""))
        saved = await self._queues.save(queue)
        await self._audit.record(actor, "desk.save_queue", saved.id)
        return saved

    # Snoozing

    async def snooze(self, actor: Actor, conversation_id: ConversationId, until: datetime) -> Conversation:
        """See DeskVerbs. Raises NotFound, Invalid, Conflict."""
        self._audit.permit(actor, Right.OWN_CONVERSATIONS, "desk.snooze", conversation_id)
        changed = await self._snoozing.snooze(conversation_id, until, actor.user_id)
        await self._audit.record(actor, "desk.snooze", conversation_id, detail=until.isoformat())
        return changed

    # Canned replies

    async def canned(self, actor: Actor) -> list[CannedReply]:
        """By name."""
        self._audit.permit(actor, Right.READ_CONTACTS, "desk.canned")
        found = await self._canned.all()
        await self._audit.seen(actor, "desk.canned")
        return found

    async def save_canned(self, actor: Actor, reply: CannedReply) -> CannedReply:
        """New where `version` is 0. Raises Invalid (an unknown field names those that there are), Conflict."""
        self._audit.permit(actor, Right.RUN_QUEUES, "desk.save_canned", getattr(reply, "id", ""))
        saved = await self._canned.save(reply)
        await self._audit.record(actor, "desk.save_canned", saved.id)
        return saved

    async def delete_canned(self, actor: Actor, name: str) -> None:
        """Raises NotFound."""
        self._audit.permit(actor, Right.RUN_QUEUES, "desk.delete_canned", name)
        await self._canned.delete(name)
        await self._audit.record(actor, "desk.delete_canned", name)

    async def fill_canned(self, actor: Actor, name: str, conversation_id: ConversationId) -> str:
        """See DeskVerbs."""
        self._audit.permit(actor, Right.READ_CONTACTS, "desk.fill_canned", conversation_id)
        reply = await self._canned.get(name)
        conversation = await self._load(conversation_id)
        contact = await self._contacts.get(conversation.contact_id)
        whole = one_line(contact.name, 200) if contact else ""
        await self._audit.seen(actor, "desk.fill_canned", conversation_id)
        return fill(
            reply.text,
            {
                "name": lambda: whole,
                "first_name": lambda: whole.partition(" ")[0],
                "company": lambda: self._company,
                "user": lambda: actor.name,
                "number": lambda: conversation.number,
            },
        )

    # Colleagues

    async def ask_colleague(
        self, actor: Actor, contact_id: ContactId, user_id: UserId, text: str, *, key: str
    ) -> Interaction:
        """See DeskVerbs: a note for all colleagues to read, answered by a note. Raises NotFound, Invalid."""
        self._audit.permit(actor, Right.WRITE_NOTES, "desk.ask_colleague", contact_id)
        asked = self._staff.known(user_id)
        if asked is None:
            raise NotFound("There is no such colleague, or they are not active.")
        text = text.strip()
        if not key:
            raise Invalid("A question needs a key, so that a repeated request asks once.", field="key")
        if not 1 <= len(text) <= MAX_QUESTION:
            raise Invalid(f"A question has 1 to {MAX_QUESTION:,} characters.", field="text")
        question = f"@{self._staff.name_of(user_id)}: {text}"
        note = await self._timeline.note(actor, contact_id, question, key=f"ask/{user_id}/{key}")
        contact = await self._contacts.get(contact_id)
        name = one_line(contact.name if contact else "", 60)
        await self._alerts.tell_all(
            [user_id],
            lambda language: say(
                language, "colleague-asks", asker=actor.name, name=name, text=one_line(text, MAX_QUESTION)
            ),
            note.id,
        )
        await self._audit.record(actor, "desk.ask_colleague", contact_id, detail=f"{user_id} {note.id}")
        return note

    async def look(self, actor: Actor, conversation_id: ConversationId, writing: bool) -> list[Viewer]:
        """See DeskVerbs. Only the opening is audited, not each repetition while it stays open."""
        self._audit.permit(actor, Right.READ_CONTACTS, "desk.look", conversation_id)
        user_id = self._audit.permit_oneself(actor, "desk.look", writes=False)
        await self._load(conversation_id)
        opened, others = self._viewers.look(conversation_id, user_id, actor.name, writing)
        if opened:
            await self._audit.seen(actor, "desk.look", conversation_id)
        return others

    async def _load(self, conversation_id: ConversationId) -> Conversation:
        conversation = await self._conversations.get(conversation_id)
        if conversation is None or conversation.deleted:
            raise NotFound("There is no such conversation.")
        return conversation
