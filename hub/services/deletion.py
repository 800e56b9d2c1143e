"""Deleting a conversation on request (AC-11). Algorithm, a batch of entries at a time:

1. Refuse while something of it may still be sent: what leaves after the deletion would be on no record.
2. Tombstones, so that nothing comes back with the mailbox. 3. Out of the search index. 4. The words out of the raw
   arrivals and the outbox; their documents stay, because they are the duplicate check and the delivery record.
5. References, sightings, entries, and last their placements: a crash before that leaves the batch to be found again.
Then the conversation is wiped and marked, and what intake placed in it meanwhile goes the same way.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from hub.domain.address import Address
from hub.domain.arrival import ArrivalRecord
from hub.domain.conversation import Conversation, ConversationState
from hub.domain.document import document_id
from hub.domain.errors import Conflict
from hub.domain.ids import ConversationId
from hub.domain.interaction import Direction, Interaction, Sighting, message_reference_id
from hub.domain.message import Envelope
from hub.domain.outbox import OutboxItem, OutboxState, OutgoingContent
from hub.ports.clock import Clock
from hub.ports.kinds import (
    ARRIVALS,
    CONVERSATIONS,
    DOCUMENTS,
    INTERACTIONS,
    MESSAGE_REFERENCES,
    OUTBOX,
    PLACEMENTS,
    SIGHTINGS,
)
from hub.ports.store import Documents, Store
from hub.services.tombstones import lay_tombstones

BATCH = 100
TRIES = 5
UNSETTLED = frozenset({OutboxState.QUEUED, OutboxState.SENDING, OutboxState.HELD})
DELETED = "deleted"
T = TypeVar("T")


class Deletion:
    """Removes conversations. `secret` keys the tombstones; intake looks them up with the same one."""

    def __init__(self, store: Store, clock: Clock, secret: bytes) -> None:
        self._store, self._clock, self._secret = store, clock, secret
        self._conversations = store.documents(CONVERSATIONS)
        self._placements = store.documents(PLACEMENTS)
        self._interactions = store.documents(INTERACTIONS)
        self._references = store.documents(MESSAGE_REFERENCES)
        self._sightings = store.documents(SIGHTINGS)
        self._outbox = store.documents(OUTBOX)
        self._arrivals = store.documents(ARRIVALS)
        self._documents = store.documents(DOCUMENTS)

    async def remove(self, conversation_id: ConversationId) -> int:
        """How many entries went. Repeating it finishes what a crash interrupted. Raises Conflict."""
        async for entries in self._entries(conversation_id):
            await self._refuse_unsettled(entries)
        count = await self._remove_entries(conversation_id)
        await self._mark(conversation_id)
        return count + await self._remove_entries(conversation_id)

    async def _entries(self, conversation_id: ConversationId) -> AsyncIterator[list[Interaction]]:
        cursor: str | None = None
        while True:
            page = await self._placements.page("by_conversation", conversation_id, after=cursor, limit=BATCH)
            yield list((await self._interactions.get_many([placed.id for placed in page.items])).values())
            if (cursor := page.next) is None:
                return

    async def _refuse_unsettled(self, entries: Iterable[Interaction]) -> None:
        for item in await self._items_of(entries):
            if item.state in UNSETTLED:
                sentence = f"A message of this conversation is {item.state.value}; cancel or settle it in the outbox."
                raise Conflict(sentence, item=item.id)

    async def _remove_entries(self, conversation_id: ConversationId) -> int:
        count = 0
        while True:
            # Always the first page: what was removed is no longer there.
            page = await self._placements.page("by_conversation", conversation_id, limit=BATCH)
            if not page.items:
                return count
            ids = [placed.id for placed in page.items]
            entries = list((await self._interactions.get_many(ids)).values())
            await lay_tombstones(self._store, self._secret, ids, self._clock.now())
            await self._store.search.remove(ids)
            await self._remove_traces(entries)
            await _delete_all(self._interactions, [entry.id for entry in entries])
            await _delete_all(self._placements, ids)
            count += len(entries)

    async def _remove_traces(self, entries: list[Interaction]) -> None:
        sightings = await self._sightings_of(entries)
        arrivals = {entry.arrival_id for entry in entries if entry.arrival_id}
        arrivals |= {sighting.arrival_id for sighting in sightings}
        await asyncio.gather(
            self._wipe_arrivals(sorted(arrivals)), self._wipe_items(entries), self._remove_references(entries)
        )
        await _delete_all(self._sightings, [sighting.id for sighting in sightings])
        files = [document_id(entry.id, str(file.index)) for entry in entries for file in entry.attachments]
        await self._store.search.remove(files)
        await _delete_all(self._documents, files)

    async def _sightings_of(self, entries: Iterable[Interaction]) -> list[Sighting]:
        pages = await asyncio.gather(
            *(self._sightings.page("by_interaction", entry.id, limit=100) for entry in entries)
        )
        return [sighting for page in pages for sighting in page.items]

    async def _items_of(self, entries: Iterable[Interaction]) -> list[OutboxItem]:
        sent = [entry.id for entry in entries if entry.direction is Direction.OUTBOUND]
        pages = await asyncio.gather(*(self._outbox.page("by_entry", id, limit=100) for id in sent))
        return [item for page in pages for item in page.items]

    async def _wipe_arrivals(self, ids: list[str]) -> None:
        for start in range(0, len(ids), 500):
            for record in (await self._arrivals.get_many(ids[start : start + 500])).values():
                await self._arrivals.replace(_without_words(record), record.version)
                if record.blob:
                    # Equal bytes of another account would be a sighting of the same entry, wiped with it.
                    await self._store.blobs.delete(record.blob)

    async def _wipe_items(self, entries: Iterable[Interaction]) -> None:
        for item in await self._items_of(entries):
            # The Message-ID stays: by it a late bounce, or our own copy in the Sent folder, is recognised.
            wiped = OutgoingContent(text="", message_id=item.content.message_id)
            await self._outbox.replace(replace(item, content=wiped, conversation_id=None), item.version)

    async def _remove_references(self, entries: Iterable[Interaction]) -> None:
        """Those of inbound mail. Our own Message-IDs say nothing of anyone, and keep our copies from coming back."""
        inbound = [entry for entry in entries if entry.message_id and entry.direction is Direction.INBOUND]
        gone = {entry.id for entry in inbound}
        ids = {message_reference_id(entry.message_id) for entry in inbound}
        for reference in (await self._references.get_many(sorted(ids))).values():
            left = tuple(id for id in reference.interactions if id not in gone)
            if left:
                await self._references.replace(replace(reference, interactions=left), reference.version)
            else:
                await self._references.delete(reference.id, reference.version)

    async def _mark(self, conversation_id: ConversationId) -> None:
        for _ in range(TRIES):
            current = await self._conversations.get(conversation_id)
            if current is None or current.deleted:
                return
            if await self._conversations.replace(_wiped(current, self._clock), current.version):
                return
        raise Conflict("The conversation changes all the time; try again.")


def _without_words(record: ArrivalRecord) -> ArrivalRecord:
    return replace(record, raw=b"", blob="", envelope=Envelope(), sender_hint="", reason=DELETED)


def _wiped(conversation: Conversation, clock: Clock) -> Conversation:
    """Its id stays, so that answers to it are known to have no conversation; in no list, found by no peer."""
    return replace(
        conversation,
        peer=Address(channel=conversation.channel, normal=""),
        peer_key="",
        subject="",
        normal_subject="",
        number="",
        state=ConversationState.CLOSED,
        waiting_since=None,
        last_text="",
        participants=(),
        closed_at=clock.now(),
        deleted=True,
    )


async def _delete_all(documents: Documents[T], ids: Sequence[str]) -> None:
    await asyncio.gather(*(documents.delete(id) for id in ids))
