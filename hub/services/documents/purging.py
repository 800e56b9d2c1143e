"""Purging: what was removed goes for good once its time is over. Each step is repeated after a crash until it is done:

1. A removed document whose time is over is marked (compare and set): nobody can restore it any more.
2. Its words leave the index, the audit tells what went, and only a husk stays: id, blobs, and the entry it came with.
3. The husk's blobs are deleted that nobody else needs; one that an open link gives out waits for the link's end.
4. A husk without blobs goes; that of a message's file stays as long as the message, or it would be filed anew.

A blob is deleted under a watch that began before it was asked who needs it: who puts the same bytes meanwhile keeps it.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from hub.domain.document import PURGING, REMOVED, Document, FileVersion, placed
from hub.domain.errors import StoreUnavailable
from hub.domain.people import system_actor
from hub.ports.clock import Clock
from hub.ports.kinds import INTERACTIONS
from hub.ports.store import Store
from hub.services.audit import Audit
from hub.services.documents.archive import Archive
from hub.services.documents.holders import Holders

log = structlog.get_logger()
PURGER = system_actor("purge")
ROUND = 200
"""Documents in one round."""
PAGE = 200
PAUSE_SECONDS = 6 * 3600.0
RETRY_SECONDS = 60.0
SETTLING_SECONDS = 60.0
"""Between putting a blob and writing down what refers to it lies less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """What a round did: documents that went, blobs that were deleted, and whether more wait."""

    documents: int = 0
    blobs: int = 0
    more: bool = False


class Purging:
    """Runs until cancelled. `observe` is told how many documents and blobs went."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        audit: Audit,
        archive: Archive,
        retention: timedelta,
        observe: Callable[[int, int], None] = lambda documents, blobs: None,
    ) -> None:
        self._documents, self._blobs, self._search = archive.documents, store.blobs, store.search
        self._entries = store.documents(INTERACTIONS)
        self._clock, self._audit, self._observe = clock, audit, observe
        self._holders, self.retention = Holders(store, clock), retention
        self._wake = asyncio.Event()

    def hurry(self) -> None:
        """Do not wait for the next round."""
        self._wake.set()

    async def run(self) -> None:
        """A round after the start, every six hours, and when told to hurry."""
        while True:
            self._wake.clear()
            try:
                done = await self.purge_round()
            except StoreUnavailable as error:
                log.warning("purge_waits_for_store", code=error.code)
                await self._clock.sleep(RETRY_SECONDS)
                continue
            if not done.more:
                await self._rest()

    async def _rest(self) -> None:
        """Until it is time again, or somebody is in a hurry."""
        waits = [asyncio.ensure_future(self._clock.sleep(PAUSE_SECONDS)), asyncio.ensure_future(self._wake.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def due_at(self, document: Document) -> datetime:
        """When a removed document may go."""
        assert document.removed_at is not None
        over = document.removed_at + self.retention
        return max(over, document.keep_until) if document.keep_until is not None else over

    async def due(self, limit: int = ROUND) -> list[Document]:
        """Removed documents whose time is over, oldest first."""
        found: list[Document] = []
        now, after = self._clock.now(), None
        while len(found) < limit:
            page = await self._documents.page("by_place", REMOVED, after=after, limit=PAGE)
            found += [document for document in page.items if self.due_at(document) <= now]
            if (after := page.next) is None:
                break
        return found[:limit]

    async def purge_round(self) -> Purged:
        """At most `ROUND` documents, and the blobs of all that went before. Raises StoreUnavailable."""
        due = await self.due(ROUND)
        for document in due:
            marked = placed(replace(document, purged_at=self._clock.now()))
            # Not where it was restored, changed or told to be kept meanwhile: then it is looked at again.
            await self._documents.replace(marked, document.version)
        documents = blobs = 0
        after: str | None = None
        while True:
            page = await self._documents.page("by_place", PURGING, after=after, limit=ROUND)
            husks = [await self._empty(document) for document in page.items]
            documents += sum(bool(one.name) for one in page.items)
            blobs += await self._free([husk for husk in husks if husk is not None])
            if (after := page.next) is None:
                break
        if documents or blobs:
            log.info("documents_purged", documents=documents, blobs=blobs)
            self._observe(documents, blobs)
        return Purged(documents=documents, blobs=blobs, more=len(due) == ROUND)

    async def _empty(self, document: Document) -> Document | None:
        """What is left of it once its words have gone; None where somebody else changed it."""
        if not document.name:
            return document
        await self._search.remove([document.id])
        # A crash behind this line tells it twice, which is better than not at all.
        await self._audit.record(PURGER, "documents.purge", document.id, detail=told(document))
        husk = placed(
            Document(
                id=document.id,
                name="",
                entry_id=document.entry_id,
                source=document.source,
                at=document.at,
                versions=tuple(_hollow(file) for file in document.versions),
                removed_at=document.removed_at,
                purged_at=document.purged_at,
            )
        )
        replaced = await self._documents.replace(husk, document.version)
        return replace(husk, version=document.version + 1) if replaced else None

    # Blobs

    async def _free(self, husks: list[Document]) -> int:
        """How many blobs were deleted."""
        sizes = {file.sha256: file.size for husk in husks for file in husk.versions if file.sha256}
        waiting = {name for name in sizes if await self._holders.of_a_link(name)}
        alone = {name: size for name, size in sizes.items() if name not in waiting and not await self._shared(name)}
        deleted: set[str] = set()
        if alone:
            with self._blobs.watch(alone) as watch:
                await self._clock.sleep(SETTLING_SECONDS)
                needed = await self._holders.of_the_rest(alone)
                for name in alone.keys() - needed:
                    if await self._holders.of_a_link(name):
                        waiting.add(name)
                    elif not await self._shared(name):
                        # Put meanwhile: who needs it is asked in the next round.
                        gone = await watch.discard(name)
                        (deleted if gone else waiting).add(name)
        for husk in husks:
            await self._settle(husk, waiting)
        return len(deleted)

    async def _shared(self, name: str) -> bool:
        return await self._holders.of_another_document(name)

    async def _settle(self, husk: Document, waiting: set[str]) -> None:
        """Let go of every blob but those that still wait; the last one takes the husk with it."""
        left = tuple(file for file in husk.versions if file.sha256 in waiting)
        if left:
            if left != husk.versions:
                await self._documents.replace(placed(replace(husk, versions=left)), husk.version)
            return
        if husk.entry_id is None or await self._entries.get(husk.entry_id) is None:
            await self._documents.delete(husk.id, husk.version)
            return
        bare = replace(husk, versions=(replace(husk.versions[0], sha256="", size=0),))
        await self._documents.replace(placed(bare), husk.version)


def _hollow(file: FileVersion) -> FileVersion:
    """The content's blob and no more; none where the bytes lie in the raw arrival."""
    return FileVersion(
        number=file.number,
        name="",
        type="",
        size=0 if file.arrival_id else file.size,
        sha256="" if file.arrival_id else file.sha256,
        at=file.at,
    )


def told(document: Document) -> str:
    """What the audit says of a document that goes."""
    contents = len(document.versions)
    return f"{document.name[:100]}, {contents} versions, {sum_of(document.versions)} bytes"


def sum_of(files: Iterable[FileVersion]) -> int:
    """Bytes of different contents."""
    return sum({file.sha256: file.size for file in files}.values())
