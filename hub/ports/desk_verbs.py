"""Verbs of sharing out work (hub/services/desk/)."""

from datetime import datetime
from typing import Protocol

from hub.domain.conversation import Conversation
from hub.domain.desk import CannedReply, Queue, Viewer
from hub.domain.ids import ContactId, ConversationId, UserId
from hub.domain.interaction import Interaction
from hub.domain.people import Actor


class DeskVerbs(Protocol):
    """Rights: READ_CONTACTS to look, OWN_CONVERSATIONS to act, RUN_QUEUES to configure."""

    async def queues(self, actor: Actor) -> list[Queue]: ...

    async def waiting(self, actor: Actor) -> dict[str, int]:
        """How many conversations of each queue wait for an answer, by its id, counted up to 1,000."""

    async def save_queue(self, actor: Actor, queue: Queue) -> Queue: ...

    async def snooze(self, actor: Actor, conversation_id: ConversationId, until: datetime) -> Conversation:
        """Out of the inbox until then, or until the contact writes again."""

    async def canned(self, actor: Actor) -> list[CannedReply]: ...

    async def save_canned(self, actor: Actor, reply: CannedReply) -> CannedReply: ...

    async def delete_canned(self, actor: Actor, name: str) -> None: ...

    async def fill_canned(self, actor: Actor, name: str, conversation_id: ConversationId) -> str:
        """The text with its fields filled in. Raises NotFound (fields["nearest"]), Invalid for an unknown field."""

    async def ask_colleague(
        self, actor: Actor, contact_id: ContactId, user_id: UserId, text: str, *, key: str
    ) -> Interaction:
        """An internal question on the timeline, told to the colleague; never visible to the contact."""

    async def look(self, actor: Actor, conversation_id: ConversationId, writing: bool) -> list[Viewer]:
        """Say that one has it open; who else has (for the last 30 s)."""
