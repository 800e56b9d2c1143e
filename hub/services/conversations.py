"""Conversations: what waits, what is going on, and who is in charge. Answering is in replies, deleting in deletion."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from hub.domain.conversation import BOT_OWNER, QUEUE_OWNER, BotStance, Conversation, ConversationState, Placement
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.ids import ContactId, ConversationId, UserId
from hub.domain.people import Actor, Right
from hub.domain.views import ConversationLine, FileData, ReplyDraft, ReplyReceipt, TimelineEntry
from hub.ports.clock import Clock
from hub.ports.kinds import CONVERSATIONS, INTERACTIONS, PLACEMENTS
from hub.ports.store import Page, Store
from hub.services.audit import Audit
from hub.services.chronicle import ASSIGNED, CLOSED, QUEUED, REOPENED, Chronicle
from hub.services.deletion import Deletion
from hub.services.keyset import check_limit
from hub.services.lines import Lines
from hub.services.staff import Staff
from hub.services.standing import awaits_answer

TRIES = 5
MINE, QUEUE, ALL = "mine", "queue", "all"
QUEUE_BOX = "queue:"
"""Followed by the id of a queue: what waits there, whoever has it."""


class Answering(Protocol):
    """The verbs about answering; see ConversationVerbs."""

    async def answerable(self, actor: Actor, contact_id: ContactId) -> Conversation: ...

    async def draft(self, actor: Actor, conversation_id: ConversationId) -> ReplyDraft: ...

    async def reply(
        self,
        actor: Actor,
        conversation_id: ConversationId,
        text: str,
        *,
        key: str = "",
        files: Sequence[FileData] = (),
        immediately: bool = False,
    ) -> ReplyReceipt: ...


class Conversations:
    """Implements hub.ports.verbs.ConversationVerbs."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        audit: Audit,
        staff: Staff,
        lines: Lines,
        chronicle: Chronicle,
        deletion: Deletion,
        replies: Answering,
    ) -> None:
        self._conversations = store.documents(CONVERSATIONS)
        self._placements = store.documents(PLACEMENTS)
        self._interactions = store.documents(INTERACTIONS)
        self._clock, self._audit, self._staff, self._lines = clock, audit, staff, lines
        self._chronicle, self._deletion, self._replies = chronicle, deletion, replies

    # Reading

    async def inbox(
        self, actor: Actor, box: str = ALL, after: str | None = None, limit: int = 50
    ) -> Page[ConversationLine]:
        """What waits for an answer, longest first. `box`: "mine", "queue", "all", or "queue:" and a queue's id."""
        self._audit.permit(actor, Right.READ_CONTACTS, "conversations.inbox", box)
        check_limit(limit)
        match box:
            case "mine":
                owner = self._audit.permit_oneself(actor, "conversations.inbox", writes=False)
                page = await self._conversations.page("waiting_by_owner", owner, after=after, limit=limit)
            case "queue":
                page = await self._conversations.page("waiting_by_owner", QUEUE_OWNER, after=after, limit=limit)
            case "all":
                page = await self._conversations.page("waiting", after=after, limit=limit)
            case _ if box.startswith(QUEUE_BOX):
                queue = box.removeprefix(QUEUE_BOX)
                page = await self._conversations.page("waiting_by_queue", queue, after=after, limit=limit)
            case _:
                raise Invalid('The boxes are "mine", "queue", "all" and "queue:ID".', field="box")
        await self._audit.seen(actor, "conversations.inbox", box)
        return Page(await self._lines.conversations(page.items), page.next)

    async def recent(
        self, actor: Actor, state: str = "open", after: str | None = None, limit: int = 50
    ) -> Page[ConversationLine]:
        """Newest first; `state`: "open" or "closed"."""
        self._audit.permit(actor, Right.READ_CONTACTS, "conversations.recent", state)
        check_limit(limit)
        if state not in tuple(ConversationState):
            raise Invalid('The states are "open" and "closed".', field="state")
        page = await self._conversations.page("by_state", state, after=after, limit=limit, newest_first=True)
        await self._audit.seen(actor, "conversations.recent", state)
        # Deleted ones are few and have nothing to show; a page may be that much shorter.
        return Page(await self._lines.conversations([one for one in page.items if not one.deleted]), page.next)

    async def get(self, actor: Actor, conversation_id: ConversationId) -> ConversationLine:
        """Raises NotFound."""
        self._audit.permit(actor, Right.READ_CONTACTS, "conversations.get", conversation_id)
        conversation = await self._load(conversation_id)
        await self._audit.seen(actor, "conversations.get", conversation_id)
        (line,) = await self._lines.conversations([conversation])
        return line

    async def entries(
        self,
        actor: Actor,
        conversation_id: ConversationId,
        after: str | None = None,
        limit: int = 50,
        newest_first: bool = True,
    ) -> Page[TimelineEntry]:
        """Its entries. Raises NotFound."""
        self._audit.permit(actor, Right.READ_CONTACTS, "conversations.entries", conversation_id)
        check_limit(limit)
        await self._load(conversation_id)
        page = await self._placements.page(
            "by_conversation", conversation_id, after=after, limit=limit, newest_first=newest_first
        )
        placements: dict[str, Placement] = {placed.id: placed for placed in page.items}
        known = await self._interactions.get_many(list(placements)) if placements else {}
        entries = await self._lines.entries([known[id] for id in placements if id in known], placements=placements)
        await self._audit.seen(actor, "conversations.entries", conversation_id)
        return Page(entries, page.next)

    async def _load(self, conversation_id: ConversationId) -> Conversation:
        conversation = await self._conversations.get(conversation_id)
        if conversation is None or conversation.deleted:
            raise NotFound("There is no such conversation.")
        return conversation

    # Answering

    async def answerable(self, actor: Actor, contact_id: ContactId) -> Conversation:
        """See ConversationVerbs."""
        return await self._replies.answerable(actor, contact_id)

    async def draft(self, actor: Actor, conversation_id: ConversationId) -> ReplyDraft:
        """See ConversationVerbs."""
        return await self._replies.draft(actor, conversation_id)

    async def reply(
        self,
        actor: Actor,
        conversation_id: ConversationId,
        text: str,
        *,
        key: str = "",
        files: Sequence[FileData] = (),
        immediately: bool = False,
    ) -> ReplyReceipt:
        """See ConversationVerbs."""
        return await self._replies.reply(actor, conversation_id, text, key=key, files=files, immediately=immediately)

    # Owning

    async def assign(self, actor: Actor, conversation_id: ConversationId, user_id: UserId | None) -> Conversation:
        """To a colleague, or back to the queue. Raises NotFound."""
        self._audit.permit(actor, Right.OWN_CONVERSATIONS, "conversations.assign", conversation_id)
        if user_id is not None and self._staff.known(user_id) is None:
            raise NotFound("There is no such colleague, or they are not active.")
        return await self._change(
            actor,
            "conversations.assign",
            await self._load(conversation_id),
            QUEUED if user_id is None else ASSIGNED,
            lambda one: self._owned(one, user_id or QUEUE_OWNER),
            self._staff.name_of(user_id),
        )

    async def close(self, actor: Actor, conversation_id: ConversationId) -> Conversation:
        """Nobody waits any more. Raises NotFound."""
        self._audit.permit(actor, Right.OWN_CONVERSATIONS, "conversations.close", conversation_id)
        conversation = await self._load(conversation_id)
        if conversation.state is ConversationState.CLOSED:
            return conversation
        return await self._change(
            actor,
            "conversations.close",
            conversation,
            CLOSED,
            self._closed,
        )

    def _owned(self, one: Conversation, owner: str) -> Conversation:
        return one if one.owner == owner else replace(one, owner=owner, bot=BotStance.SILENT)

    def _closed(self, one: Conversation) -> Conversation:
        """When the human closes, the bot may resume; what it was about before is over too."""
        owner = QUEUE_OWNER if one.owner == BOT_OWNER else one.owner
        return replace(
            one,
            state=ConversationState.CLOSED,
            closed_at=self._clock.now(),
            waiting_since=None,
            bot=BotStance.RESUME,
            owner=owner,
        )

    async def reopen(self, actor: Actor, conversation_id: ConversationId) -> Conversation:
        """Where the contact had the last word, they wait again since then. Raises NotFound."""
        self._audit.permit(actor, Right.OWN_CONVERSATIONS, "conversations.reopen", conversation_id)
        conversation = await self._load(conversation_id)
        if conversation.state is ConversationState.OPEN:
            return conversation
        last = await self._interactions.get(conversation.last_interaction)
        waiting = last.at if last and awaits_answer(last) else None
        return await self._change(
            actor,
            "conversations.reopen",
            conversation,
            REOPENED,
            lambda one: replace(one, state=ConversationState.OPEN, closed_at=None, waiting_since=waiting),
        )

    async def _change(
        self,
        actor: Actor,
        verb: str,
        conversation: Conversation,
        mark: str,
        change: Callable[[Conversation], Conversation],
        name: str = "",
    ) -> Conversation:
        """Intake and colleagues may change other parts of it meanwhile: then the change is made on what they left."""
        for _ in range(TRIES):
            wanted = change(conversation)
            if wanted == conversation:
                return conversation
            if await self._conversations.replace(wanted, conversation.version):
                changed = replace(wanted, version=conversation.version + 1)
                await self._chronicle.record(actor, changed, mark, name)
                await self._audit.record(actor, verb, conversation.id, detail=name)
                return changed
            conversation = await self._load(conversation.id)
        raise Conflict("The conversation changes all the time; try again.")

    # Deleting

    async def delete(self, actor: Actor, conversation_id: ConversationId) -> int:
        """Remove its entries and leave tombstones, so that they do not come back with the mailbox. Returns how many.
        Raises NotFound, and Conflict while something of it may still be sent."""
        self._audit.permit(actor, Right.DELETE_CONVERSATIONS, "conversations.delete", conversation_id)
        conversation = await self._conversations.get(conversation_id)
        if conversation is None:
            raise NotFound("There is no such conversation.")
        count = await self._deletion.remove(conversation_id)
        await self._audit.record(actor, "conversations.delete", conversation_id, detail=f"{count} entries")
        self._chronicle.tell(replace(conversation, deleted=True))
        return count
