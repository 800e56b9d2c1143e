"""The archive itself: documents in the store, their contents, and the words they are found by. No rights are asked
here: the verbs do."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import replace

from hub.domain.document import (
    EVERYWHERE,
    MAX_TAGS,
    Document,
    FileVersion,
    Shelf,
    fold_path,
    placed,
    tidy_folder,
)
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.folding import fold
from hub.ports.clock import Clock
from hub.ports.kinds import DOCUMENTS, INTERACTIONS, SHELVES
from hub.ports.search import SearchEntry, Terms
from hub.ports.store import Exists, Store
from hub.services.search.facets import facets_of
from hub.services.sources import Sources

SWAPS = 20
MAX_TERMS = 2_000
AT_ONCE = 2_000
"""Characters whose terms are made in the loop."""
MOST_SHELVES = 1_000


class Archive:
    """Keeps documents."""

    def __init__(self, *, store: Store, clock: Clock, terms: Terms, sources: Sources) -> None:
        self.documents = store.documents(DOCUMENTS)
        self.blobs = store.blobs
        self._entries, self._shelves, self._search = (
            store.documents(INTERACTIONS),
            store.documents(SHELVES),
            store.search,
        )
        self._clock, self._terms, self._sources = clock, terms, sources
        self._heard: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call it when something waits to be read or checked. It must not wait."""
        self._heard.append(listener)

    async def keep(self, document: Document) -> Document:
        """Insert it unless it is there; the one that stands. It is found by its name at once, by its words later."""
        document = placed(document)
        result = await self.documents.insert(document)
        if isinstance(result, Exists):
            return result.current
        await self.index(document, "")
        await self.shelve(document)
        for heard in self._heard:
            heard()
        return replace(document, version=1)

    async def get(self, document_id: str) -> Document:
        """Raises NotFound."""
        document = await self.documents.get(document_id)
        if document is None or document.purged_at is not None:
            raise NotFound("There is no such document.", id=document_id[:60])
        return document

    async def change(
        self, document_id: str, change: Callable[[Document], Document], version: int | None = None
    ) -> Document:
        """Apply a pure change. Raises NotFound; Conflict where `version` is given and not the stored one."""
        for _ in range(SWAPS):
            document = await self.get(document_id)
            if version is not None and document.version != version:
                raise Conflict("Somebody else changed this document first; load again.", id=document_id)
            changed = placed(change(document))
            if changed == document:
                return document
            if await self.documents.replace(changed, document.version):
                await self.shelve(changed)
                for heard in self._heard:
                    heard()
                return replace(changed, version=document.version + 1)
        raise Conflict("The document changes all the time; try again.", id=document_id)

    async def forget(self, document_id: str) -> None:
        """The document and its words, for ever."""
        await self._search.remove([document_id])
        await self.documents.delete(document_id)

    # Contents

    async def content(self, document: Document, file: FileVersion) -> bytes:
        """The bytes, from the blob store or cut out of the message that they came with. Raises NotFound,
        Unreadable, BlobMissing."""
        if file.arrival_id is None:
            return await self.blobs.get(file.sha256)
        entry = await self._entries.get(document.entry_id) if document.entry_id else None
        if entry is None:
            raise NotFound("The message that this file came with was deleted.", id=document.id)
        return (await self._sources.attachment(entry, file.index)).data

    async def store(self, document: Document) -> Document:
        """The document with its current content in the blob store, so that it can be shared and sent."""
        if document.current.arrival_id is None:
            return document
        data = await self.content(document, document.current)
        sha256 = await self.blobs.put(data)

        def point(current: Document) -> Document:
            files = [
                replace(file, sha256=sha256, size=len(data), arrival_id=None)
                if file.number == document.current.number
                else file
                for file in current.versions
            ]
            return replace(current, versions=tuple(files))

        return await self.change(document.id, point)

    # Words

    async def index(self, document: Document, text: str) -> None:
        """Let it be found by its name, folder, tags and these words."""
        if document.removed_at is not None:
            await self._search.remove([document.id])
            return
        names = " ".join([document.name, document.current.name, document.name.replace("_", " "), document.folder])
        words = "\n".join((names, " ".join(document.tags), " ".join(document.links), text))
        if len(words) > AT_ONCE:
            # Stemming a long text takes tenths of a second: not in the loop.
            terms = (await asyncio.to_thread(self._terms, words))[:MAX_TERMS]
        else:
            terms = self._terms(words)[:MAX_TERMS]
        await self._search.put_many(
            [
                SearchEntry(
                    id=document.id, at=document.at, facets=facets_of("document", "", document.contact_id), terms=terms
                )
            ]
        )

    async def unindex(self, document_id: str) -> None:
        """It is found no more."""
        await self._search.remove([document_id])

    # Shelves

    async def shelve(self, document: Document) -> None:
        """Remember its folder, with the ones above, and its tags, so that they can be offered."""
        parts = document.folder.split("/") if document.folder else []
        folders = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
        shelves = [("folder", folder, fold_path(folder)) for folder in folders]
        shelves += [("tag", tag, fold(tag)) for tag in document.tags]
        if shelves:
            await self._shelves.insert_many(
                [Shelf(id=f"{kind}:{key}", kind=kind, name=name, sort_name=key) for kind, name, key in shelves]
            )

    async def shelves(self, kind: str) -> list[str]:
        """Names of folders or tags, in order; at most 1,000."""
        return [one.name for one in (await self._shelves.page("by_kind", kind, limit=MOST_SHELVES)).items]

    async def count(self, place: str, cap: int = 10_000) -> int:
        """How many documents stand there."""
        return await self.documents.count("by_place", place, cap=cap)


def check_folder(text: str) -> str:
    """A folder as it is kept. Raises Invalid."""
    if len(text) > 400:
        raise Invalid("The name of a folder is too long.", field="folder")
    return tidy_folder(text)


def check_document_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Tags as they are kept: trimmed, each once. Raises Invalid."""
    found = {fold(tag): " ".join(tag.split()) for tag in tags if fold(tag)}
    if len(found) > MAX_TAGS or any(len(tag) > 60 for tag in found.values()):
        raise Invalid(f"A document has at most {MAX_TAGS} tags of 60 characters.", field="tags")
    return tuple(found.values())


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def place_of(
    *, folder: str = "", tag: str = "", contact: str = "", type: str = "", link: str = "", removed: bool = False
) -> str:
    """The one place that is read from the index: the narrowest of what is asked for; the rest is filtered."""
    if removed:
        return "removed"
    if link:
        return f"link:{link}"
    if contact:
        return f"contact:{contact}"
    if tag:
        return f"tag:{fold(tag)}"
    if folder:
        return f"folder:{fold_path(tidy_folder(folder))}"
    return f"type:{type}" if type else EVERYWHERE
