"""Who still needs a blob: other documents, open links, messages, what waits to be sent, raw arrivals, a bot's turn.

There is no index from a content to everything that names it, on purpose: it would cost every message that comes in.
What is asked rarely, and by nobody who waits, is found out by reading the store through."""

from collections.abc import AsyncIterator, Callable, Iterable
from datetime import timedelta
from typing import Any

from hub.domain.arrival import ArrivalRecord
from hub.domain.interaction import Interaction
from hub.domain.outbox import OutboxItem
from hub.domain.sharing import Share
from hub.domain.turn import BotContext
from hub.ports.clock import Clock
from hub.ports.kinds import (
    ARRIVALS,
    BOT_CONTEXTS,
    BOT_TURNS,
    DOCUMENTS,
    INTERACTIONS,
    OUTBOX,
    SHARES,
    Kind,
)
from hub.ports.store import Store

BATCH = 500
REST_SECONDS = 0.02
"""Between two batches: the hub has better things to do."""
STILL_READING = timedelta(days=1)
"""A download may run on for so long after its link has ended; "this" in a chat means a file for so long."""
INLINE_BYTES = 65_536
"""What is not larger lies inside its arrival record."""


class Holders:
    """Looks for whoever needs contents."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._documents, self._shares = store.documents(DOCUMENTS), store.documents(SHARES)
        self._turns = store.documents(BOT_TURNS)

    async def of_another_document(self, sha256: str) -> bool:
        """Whether a document that is not being purged has it, among its older versions too. A removed one counts: it
        can be restored, and its own turn comes."""
        return bool((await self._documents.page("by_place", f"sha:{sha256}", limit=1)).items)

    async def of_a_link(self, sha256: str) -> bool:
        """Whether somebody may still fetch it, or may be at it."""
        after: str | None = None
        while True:
            page = await self._shares.page("by_content", sha256, after=after, limit=BATCH)
            if any(self._open(share) for share in page.items):
                return True
            if (after := page.next) is None:
                return False

    def _open(self, share: Share) -> bool:
        now = self._clock.now()
        unused = not share.limit or share.downloads < share.limit
        if share.revoked_at is None and share.expires_at > now and unused:
            return True
        return bool(share.log) and share.log[-1].at > now - STILL_READING

    async def of_the_rest(self, names: dict[str, int]) -> set[str]:
        """Those of the contents (with their sizes) that a message, an outgoing item, an arrival or the bot needs. Reads
        everything through, a batch at a time."""
        found: set[str] = set()
        for kind, needed in self._readings(large=any(size > INLINE_BYTES for size in names.values())):
            async for document in self._all(kind):
                found.update(name for name in needed(document) if name in names)
        after: str | None = None
        while True:
            turns = await self._turns.page("open", after=after, limit=BATCH)
            found.update(file.sha256 for turn in turns.items for file in turn.files if file.sha256 in names)
            if (after := turns.next) is None:
                return found

    def _readings(self, *, large: bool) -> list[tuple[Kind[Any], Callable[[Any], Iterable[str]]]]:
        """The kinds that are read through, and what one of their documents needs."""
        readings: list[tuple[Kind[Any], Callable[[Any], Iterable[str]]]] = [
            (OUTBOX, of_item),
            (INTERACTIONS, of_entry),
            (BOT_CONTEXTS, self._of_context),
        ]
        return [*readings, (ARRIVALS, of_arrival)] if large else readings

    async def _all(self, kind: Kind[Any]) -> AsyncIterator[Any]:
        documents, after = self._store.documents(kind), ""
        while batch := await documents.scan(after, BATCH):
            for document in batch:
                yield document
            after = batch[-1].id
            if len(batch) == BATCH:
                await self._clock.sleep(REST_SECONDS)

    def _of_context(self, context: BotContext) -> list[str]:
        if context.updated_at <= self._clock.now() - STILL_READING:
            return []
        return [file.sha256 for file in context.files]


def of_item(item: OutboxItem) -> list[str]:
    """Also what failed, was cancelled or went long ago: it can be looked at, and sent again."""
    return [file.sha256 for file in item.content.attachments]


def of_entry(entry: Interaction) -> list[str]:
    """A message that came in has its files in its raw arrival; one of ours has them among the blobs."""
    return [] if entry.arrival_id else [file.sha256 for file in entry.attachments]


def of_arrival(record: ArrivalRecord) -> list[str]:
    """The raw bytes, where they were too large for the record."""
    return [record.blob] if record.blob else []
