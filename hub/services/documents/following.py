"""Files of recorded entries become documents: heard of through the switchboard, and caught up with at the start and
after events were missed. Ids are those of entry and attachment, so that nothing is kept twice."""

from datetime import datetime, timedelta

import structlog

from hub.domain.arrival import ArrivalState
from hub.domain.document import Document, DocumentSource, FileVersion, document_id, tidy_name
from hub.domain.errors import StoreUnavailable
from hub.domain.interaction import Direction, Interaction
from hub.domain.message import Attachment
from hub.domain.outbox import OutboxState
from hub.domain.upkeep import Cursor
from hub.ports.clock import Clock
from hub.ports.events import Events, Topic
from hub.ports.kinds import ARRIVALS, CURSORS, INTERACTIONS, OUTBOX
from hub.ports.store import Exists, Store
from hub.services.documents.archive import Archive
from hub.services.documents.checking import Checking

log = structlog.get_logger()
BATCH = 200
OVERLAP = timedelta(days=1)
"""An arrival that waited in quarantine is recorded later than its neighbours."""
PAUSE_SECONDS = 10.0
CURSOR = "documents"
SEEN_SENT = (OutboxState.SENT, OutboxState.DELIVERED)


class Following:
    """Runs until cancelled."""

    def __init__(self, *, store: Store, clock: Clock, events: Events, archive: Archive, checking: Checking) -> None:
        self._entries, self._arrivals = store.documents(INTERACTIONS), store.documents(ARRIVALS)
        self._outbox, self._cursors = store.documents(OUTBOX), store.documents(CURSORS)
        self._clock, self._events, self._archive, self._checking = clock, events, archive, checking

    async def run(self) -> None:
        """Follow the entries."""
        while True:
            try:
                async with self._events.subscribe((Topic.TIMELINE,)) as events:
                    await self.catch_up()
                    async for event in events:
                        if event.topic is Topic.LAGGED:
                            # What was missed may be the old mail of a mailbox that is read for the first time.
                            await self.catch_up(everything=True)
                        elif event.entry is not None:
                            entry = await self._entries.get(event.entry)
                            if entry is not None:
                                await self.take(entry)
            except StoreUnavailable as error:
                log.warning("documents_follow_later", code=error.code)
            await self._clock.sleep(PAUSE_SECONDS)

    async def catch_up(self, *, everything: bool = False) -> int:
        """What came and went since the last time; how many entries with files were looked at."""
        cursor = await self._cursors.get(CURSOR)
        since = _moment(cursor) - OVERLAP if cursor and not everything else None
        began = self._clock.now()
        count = 0
        after: str | None = None
        while True:
            page = await self._arrivals.page("by_state", ArrivalState.DONE, since=since, after=after, limit=BATCH)
            count += await self._take_all([str(record.result) for record in page.items if record.result])
            if (after := page.next) is None:
                break
        for state in SEEN_SENT:
            while True:
                sent = await self._outbox.page("by_state", state, since=since, after=after, limit=BATCH)
                count += await self._take_all(
                    [item.entry_id for item in sent.items if item.entry_id and item.content.attachments]
                )
                if (after := sent.next) is None:
                    break
        await self._note(cursor, began)
        return count

    async def _take_all(self, ids: list[str]) -> int:
        entries = await self._entries.get_many(list(dict.fromkeys(ids))) if ids else {}
        for entry in entries.values():
            await self.take(entry)
        return len([entry for entry in entries.values() if entry.attachments])

    async def take(self, entry: Interaction) -> list[Document]:
        """The documents of an entry; those that were not there are now."""
        return [await self._archive.keep(self._document(entry, file)) for file in entry.attachments if not file.inline]

    def _document(self, entry: Interaction, file: Attachment) -> Document:
        received = entry.direction is Direction.INBOUND
        name = tidy_name(file.name, f"file-{file.index + 1}")
        content = FileVersion(
            number=1,
            name=name,
            type=file.type[:100],
            size=file.size,
            sha256=file.sha256,
            at=entry.at,
            by=entry.author,
            scan=self._checking.first_state,
            arrival_id=entry.arrival_id,
            index=file.index,
        )
        return Document(
            id=document_id(entry.id, str(file.index)),
            name=name,
            contact_id=entry.contact_id,
            entry_id=entry.id,
            source=DocumentSource.RECEIVED if received else DocumentSource.SENT,
            at=entry.at,
            created_by=entry.author,
            versions=(content,),
        )

    async def _note(self, cursor: Cursor | None, began: datetime) -> None:
        fresh = Cursor(id=CURSOR, value=began.isoformat().encode("ascii"), at=began)
        if cursor is not None:
            await self._cursors.replace(fresh, cursor.version)
            return
        result = await self._cursors.insert(fresh)
        if isinstance(result, Exists):
            await self._cursors.replace(fresh, result.current.version)


def _moment(cursor: Cursor) -> datetime:
    return datetime.fromisoformat(cursor.value.decode("ascii"))
