"""What was just shown to a colleague on a door, so that "1", "yes" and "her" have a meaning."""

import asyncio
import dataclasses
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

import structlog

from hub.domain.errors import StoreUnavailable
from hub.domain.instant import EPOCH
from hub.domain.message import Attachment
from hub.domain.turn import BotContext, Choice
from hub.ports.bot import BotReply
from hub.ports.kinds import BOT_CONTEXTS
from hub.ports.store import Exists, Store

log = structlog.get_logger()
CACHED = 2_000
REMEMBERED_TURNS = 32
MAX_REPLY = 16_000
"""Characters of a reply that is kept for a turn answered twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A command that waits: for a choice, a yes, a name or a text. `turn` is the confirmed turn while the command is
    being carried out: its id is the key under which it happens at most once."""

    stage: str
    """"choose", "confirm", "text" or "name"."""
    intent: str
    slots: dict[str, str] = field(default_factory=dict)
    turn: str = ""
    since: str = ""
    """When that turn was written, ISO 8601."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """How the last thing is taken back: `kind` is the intent that did it."""

    kind: str
    items: tuple[str, ...] = ()
    """Outbox items."""
    conversation_id: str = ""
    owner: str = ""
    """Who owned the conversation before."""


@dataclass(slots=True, kw_only=True)
class Memory:
    """The mutable form of a BotContext, for the length of one turn."""

    id: str
    version: int = 0
    choices: tuple[Choice, ...] = ()
    pending: Pending | None = None
    contact_id: str = ""
    conversation_id: str = ""
    undo: Undo | None = None
    files: tuple[Attachment, ...] = ()
    language: str = ""
    turns: tuple[str, ...] = ()
    reply: str = ""
    updated_at: datetime = EPOCH

    def substance(self) -> tuple[object, ...]:
        """What a later turn could refer to: where it is unchanged nothing needs to be written."""
        return (self.choices, self.pending, self.contact_id, self.conversation_id, self.undo, self.language, self.files)

    def remember(self, turn_id: str, reply: BotReply, at: datetime) -> None:
        """Note that this turn was answered."""
        self.turns = (*(turn for turn in self.turns if turn != turn_id), turn_id)[-REMEMBERED_TURNS:]
        self.reply = write_reply(reply)
        self.updated_at = max(self.updated_at, at)


def write_reply(reply: BotReply) -> str:
    """A reply as JSON, without its blocks; '' where it is too long to keep."""
    plain = {
        "text": reply.text,
        "intent": reply.intent,
        "slots": reply.slots,
        "choices": [dataclasses.astuple(choice) for choice in reply.choices],
        "buttons": reply.buttons,
        "language": reply.language,
    }
    written = json.dumps(plain, ensure_ascii=False)
    return written if len(written) <= MAX_REPLY else ""


def read_reply(written: str) -> BotReply:
    """The reply that `write_reply` wrote."""
    plain: dict[str, Any] = json.loads(written)
    return BotReply(
        text=plain["text"],
        intent=plain["intent"],
        slots=plain["slots"],
        choices=tuple(Choice(kind=kind, id=id_, label=label) for kind, id_, label in plain["choices"]),
        buttons=tuple(plain["buttons"]),
        language=plain["language"],
    )


def _to_document(memory: Memory) -> BotContext:
    return BotContext(
        id=memory.id,
        choices=memory.choices,
        pending=json.dumps(dataclasses.asdict(memory.pending), ensure_ascii=False) if memory.pending else "",
        contact_id=memory.contact_id,
        conversation_id=memory.conversation_id,
        undo=json.dumps(dataclasses.asdict(memory.undo)) if memory.undo else "",
        files=memory.files,
        language=memory.language,
        turns=memory.turns,
        reply=memory.reply,
        updated_at=memory.updated_at,
    )


def _from_document(document: BotContext) -> Memory:
    undo = json.loads(document.undo) if document.undo else None
    return Memory(
        id=document.id,
        version=document.version,
        choices=tuple(document.choices),
        pending=Pending(**json.loads(document.pending)) if document.pending else None,
        contact_id=document.contact_id,
        conversation_id=document.conversation_id,
        undo=Undo(**(undo | {"items": tuple(undo["items"])})) if undo else None,
        files=tuple(document.files),
        language=document.language,
        turns=tuple(document.turns),
        reply=document.reply,
        updated_at=document.updated_at,
    )


class Memories:
    """All contexts: in the store, with a bounded cache in front. One turn of a context at a time (`lock`)."""

    def __init__(self, store: Store, cached: int = CACHED) -> None:
        self._documents = store.documents(BOT_CONTEXTS)
        self._cache: OrderedDict[str, Memory] = OrderedDict()
        self._cached = cached
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def lock(self, key: str) -> asyncio.Lock:
        """The lock of one context; forgotten when nobody holds it."""
        return self._locks.setdefault(key, asyncio.Lock())

    async def load(self, key: str) -> Memory:
        """A copy to work on. Raises StoreUnavailable."""
        memory = self._cache.get(key)
        if memory is None:
            document = await self._documents.get(key)
            memory = _from_document(document) if document else Memory(id=key)
            self._put(memory)
        self._cache.move_to_end(key)
        return dataclasses.replace(memory)

    async def save(self, memory: Memory) -> None:
        """Keep it, durably. Raises StoreUnavailable; then the cache holds it nonetheless."""
        self._put(dataclasses.replace(memory))
        document = _to_document(memory)
        for _ in range(3):
            if memory.version:
                if await self._documents.replace(document, memory.version):
                    memory.version += 1
                    break
                current = await self._documents.get(memory.id)
                memory.version = current.version if current else 0
            else:
                result = await self._documents.insert(document)
                memory.version = result.current.version if isinstance(result, Exists) else 1
                if not isinstance(result, Exists):
                    break
        else:
            log.warning("bot_context_contended", context=memory.id)
        self._put(dataclasses.replace(memory))

    async def save_if_possible(self, memory: Memory) -> None:
        """As `save`, for a turn whose answer does not depend on it."""
        try:
            await self.save(memory)
        except StoreUnavailable as error:
            log.warning("bot_context_not_stored", context=memory.id, code=error.code)

    def _put(self, memory: Memory) -> None:
        self._cache[memory.id] = memory
        self._cache.move_to_end(memory.id)
        while len(self._cache) > self._cached:
            self._cache.popitem(last=False)
