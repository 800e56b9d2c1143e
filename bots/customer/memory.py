"""What was last said in a conversation with a customer, for the length of one turn, and in the store."""

import dataclasses
import json
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from hub.domain.reception import CustomerContext
from hub.domain.turn import Choice
from hub.ports.customer_verbs import CustomerReply
from hub.ports.kinds import CUSTOMER_CONTEXTS
from hub.ports.store import Exists, Store

log = structlog.get_logger()
REMEMBERED_TURNS = 16
SWAPS = 3


@dataclass(slots=True, kw_only=True)
class Memory:
    """The mutable form of a CustomerContext. `wanted` is the request that waits for the proof."""

    id: str
    version: int = 0
    pending: str = ""
    subject_id: str = ""
    wanted: dict[str, str] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    misunderstood: int = 0
    language: str = ""
    greeted: bool = False
    turns: tuple[str, ...] = ()
    reply: str = ""
    file_of: str = ""
    """The appointment whose calendar file goes with this turn's answer."""

    def ask(self, pending: str, *, subject_id: str = "", choices: tuple[Choice, ...] = ()) -> None:
        """What a bare answer will mean."""
        self.pending, self.subject_id, self.choices = pending, subject_id, choices

    def settle(self) -> None:
        """Nothing is asked any more."""
        self.pending, self.subject_id, self.choices, self.wanted = "", "", (), {}

    def remember(self, turn_id: str, reply: CustomerReply) -> None:
        """Note that this turn was answered, and how."""
        self.turns = (*self.turns, turn_id)[-REMEMBERED_TURNS:]
        said = {
            "text": reply.text,
            "intent": reply.intent,
            "hand_over": reply.hand_over,
            "receipt": reply.receipt,
            "file_of": self.file_of,
        }
        self.reply = json.dumps(said, ensure_ascii=False)


class Memories:
    """In the store. One turn of a conversation is answered at a time, so that nothing is cached or locked here."""

    def __init__(self, store: Store) -> None:
        self._contexts = store.documents(CUSTOMER_CONTEXTS)

    async def load(self, conversation_id: str) -> Memory:
        """A fresh one where the bot has not spoken yet. Raises StoreUnavailable."""
        known = await self._contexts.get(conversation_id)
        if known is None:
            return Memory(id=conversation_id)
        return Memory(
            id=known.id,
            version=known.version,
            pending=known.pending,
            subject_id=known.subject_id,
            wanted=json.loads(known.wanted) if known.wanted else {},
            choices=tuple(known.choices),
            misunderstood=known.misunderstood,
            language=known.language,
            greeted=known.greeted,
            turns=tuple(known.turns),
            reply=known.reply,
        )

    async def save(self, memory: Memory, at: datetime) -> None:
        """Keep it, before its answer leaves. Raises StoreUnavailable."""
        document = CustomerContext(
            id=memory.id,
            pending=memory.pending,
            subject_id=memory.subject_id,
            wanted=json.dumps(memory.wanted, ensure_ascii=False) if memory.wanted else "",
            choices=memory.choices,
            misunderstood=memory.misunderstood,
            language=memory.language,
            greeted=memory.greeted,
            turns=memory.turns,
            reply=memory.reply,
            updated_at=at,
        )
        version = memory.version
        for _ in range(SWAPS):
            if version == 0:
                result = await self._contexts.insert(document)
                if not isinstance(result, Exists):
                    return
                version = result.current.version
            if await self._contexts.replace(dataclasses.replace(document, version=version), version):
                return
            current = await self._contexts.get(memory.id)
            version = current.version if current else 0
        log.warning("customer_context_contended", context=memory.id)
