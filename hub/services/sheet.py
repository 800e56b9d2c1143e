"""What a batch of arrivals sees of the store: read ahead in a few round trips, changed in memory while the messages of
the batch are decided one after the other (so that a later one sees what an earlier one did), written in phases.

Nothing here is locked. Where somebody else was quicker, `Raced` is raised and the batch is decided again on fresh
documents; every step may be repeated.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from typing import Any, Generic, TypeVar, cast

from hub.domain.contact import Contact, Identity
from hub.domain.conversation import Conversation, Placement
from hub.domain.ids import ConversationId, InteractionId
from hub.domain.interaction import Interaction, MessageReference, Sighting
from hub.domain.upkeep import Tombstone
from hub.ports.kinds import (
    CONTACTS,
    CONVERSATIONS,
    IDENTITIES,
    INTERACTIONS,
    MESSAGE_REFERENCES,
    PLACEMENTS,
    SIGHTINGS,
    TOMBSTONES,
)
from hub.ports.search import NameEntry, SearchEntry
from hub.ports.store import Documents, Exists, Replacement, Store

T = TypeVar("T")
ROUND_TRIP = 1_000
"""Documents in one call (hub.ports.store)."""


class Raced(Exception):
    """Somebody else wrote one of our documents in the meantime."""


def _chunks(items: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), ROUND_TRIP):
        yield items[start : start + ROUND_TRIP]


async def run_together(*work: Coroutine[Any, Any, None]) -> None:
    """Run them at once and wait for all of them, whatever happens; then raise what the first one raised."""
    results = await asyncio.gather(*work, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


class Shelf(Generic[T]):
    """The documents of one kind: those read, those made, those changed."""

    def __init__(self, documents: Documents[T]) -> None:
        self._documents = documents
        self._known: dict[str, T | None] = {}
        self._new: dict[str, T] = {}
        self._changed: dict[str, T] = {}

    async def load(self, ids: Iterable[str]) -> None:
        """Read those that are not known yet."""
        missing = [id for id in dict.fromkeys(ids) if id not in self._known]
        for chunk in _chunks(missing):
            found = await self._documents.get_many(chunk)
            for id in chunk:
                self._known[id] = found.get(id)

    def remember(self, document: T) -> None:
        """Keep a document that a page brought, unless it is known already."""
        self._known.setdefault(cast(Any, document).id, document)

    def get(self, id: str) -> T | None:
        """As it stands for the batch; only what was loaded, made or changed can be found."""
        return self._known.get(id)

    def add(self, document: T) -> None:
        """A new one."""
        id = cast(Any, document).id
        self._known[id] = self._new[id] = document

    def put(self, document: T) -> None:
        """A changed one: its version is the one that was read."""
        id = cast(Any, document).id
        self._known[id] = document
        (self._new if id in self._new else self._changed)[id] = document

    async def insert(self, *, again: bool = False) -> None:
        """Write the new ones. Raises Raced where one exists, unless it may (`again`)."""
        for chunk in _chunks(list(self._new.values())):
            results = await self._documents.insert_many(chunk)
            if not again and any(isinstance(result, Exists) for result in results):
                raise Raced
        self._new.clear()

    async def replace(self) -> None:
        """Write the changed ones, by compare and set. Raises Raced."""
        for chunk in _chunks(list(self._changed.values())):
            replaced = await self._documents.replace_many([Replacement(item, item.version) for item in chunk])
            if not all(replaced):
                raise Raced
        self._changed.clear()


class Sheet:
    """All shelves of a batch, and what is to be put into the indexes beside them."""

    def __init__(self, store: Store) -> None:
        self._search = store.search
        self.identities: Shelf[Identity] = Shelf(store.documents(IDENTITIES))
        self.contacts: Shelf[Contact] = Shelf(store.documents(CONTACTS))
        self.conversations: Shelf[Conversation] = Shelf(store.documents(CONVERSATIONS))
        self.references: Shelf[MessageReference] = Shelf(store.documents(MESSAGE_REFERENCES))
        self.placements: Shelf[Placement] = Shelf(store.documents(PLACEMENTS))
        self.interactions: Shelf[Interaction] = Shelf(store.documents(INTERACTIONS))
        self.sightings: Shelf[Sighting] = Shelf(store.documents(SIGHTINGS))
        self.tombstones: Shelf[Tombstone] = Shelf(store.documents(TOMBSTONES))
        self.by_peer: dict[tuple[str, str], ConversationId] = {}
        """The newest conversation of (account, peer key), for chat."""
        self.by_subject: dict[tuple[str, str], ConversationId] = {}
        """The newest open conversation of (peer key, normal subject)."""
        self.sent: dict[str, InteractionId] = {}
        """Entries of what we sent, by the names that channels gave it."""
        self.by_number: dict[str, list[ConversationId]] = {}
        self.entries: list[SearchEntry] = []
        self.names: list[NameEntry] = []

    def open_conversation(self, conversation: Conversation) -> None:
        """Add a new conversation where later messages of the batch will look for it."""
        self.conversations.add(conversation)
        self.by_peer[conversation.account, conversation.peer_key] = conversation.id
        self.by_subject[conversation.peer_key, conversation.normal_subject] = conversation.id
        self.by_number.setdefault(conversation.number, []).append(conversation.id)

    async def flush(self) -> None:
        """Write everything, in an order in which a crash at any point leaves nothing that a repetition cannot finish:
        first the decisions (whose address, which conversation), then what they name, then the entries, last the
        documents that others change too."""
        await run_together(self.identities.insert(), self.placements.insert())
        await run_together(
            self.contacts.insert(), self.conversations.insert(), self.references.insert(), self._put_names()
        )
        await run_together(self.interactions.insert(), self._put_entries())
        await run_together(self.conversations.replace(), self.references.replace(), self.sightings.insert(again=True))

    async def _put_names(self) -> None:
        if self.names:
            await self._search.put_names(self.names)

    async def _put_entries(self) -> None:
        if self.entries:
            await self._search.put_many(self.entries)
