"""Copying one store into another, for example SQLite into MongoDB: every kind, blobs, search and leases, verified."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from hub.domain.errors import Conflict, StoreBusy
from hub.ports.kinds import ALL_KINDS, SETTINGS, Kind
from hub.ports.search import NameEntry, SearchEntry
from hub.ports.store import Documents, Exists, Store
from storage.codec import codec_for, encode_document
from storage.migrations import VERSION_SETTING

E = TypeVar("E", SearchEntry, NameEntry)
BATCH = 200
"""Documents at once: at most 64 KiB inline each, so about 13 MB."""
OWNER = "migrate-store"
_TTL = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one part is: `part` is a kind's name, "blobs", "search" or "names"."""

    part: str
    copied: int
    verified: bool = False


@dataclass(slots=True)
class Copied:
    """What was copied: how many of each part, and the SHA-256 over all of its contents in order of id."""

    counts: dict[str, int] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)


async def copy_store(
    source: Store,
    target: Store,
    progress: Callable[[Progress], None],
    *,
    kinds: Sequence[Kind[Any]] = ALL_KINDS,
    leases: Sequence[str] = ("hub",),
) -> Copied:
    """Copy everything and verify it. Both stores are held by lease meanwhile; running it again goes on where it was.

    Versions begin at 1 again. The target's lease epochs end up above the source's, so that attempts which the source
    left open stay recognisable. Raises StoreBusy where a hub uses one of them, Conflict where the target holds other
    documents under the same ids or more than the source.
    """
    copying = _Copying(source, target, progress, leases)
    try:
        await copying.hold()
        # Before the documents that name them.
        await copying.copy_blobs()
        for kind in kinds:
            await copying.copy_kind(kind)
        await copying.copy_index("search", source.search.scan, target.search.scan, target.search.put_many)
        await copying.copy_index("names", source.search.scan_names, target.search.scan_names, target.search.put_names)
    finally:
        for name in leases:
            await source.release(name, OWNER)
            await target.release(name, OWNER)
    return copying.copied


class _Copying:
    """One run of `copy_store`."""

    def __init__(
        self, source: Store, target: Store, progress: Callable[[Progress], None], leases: Sequence[str]
    ) -> None:
        self._source, self._target = source, target
        self._progress = progress
        self._leases = leases
        self.copied = Copied()

    async def hold(self) -> None:
        """Take or renew the leases of both stores."""
        for name in self._leases:
            epoch = await _take(self._source, name)
            while await _take(self._target, name) < epoch:
                await self._target.release(name, OWNER)

    async def copy_blobs(self) -> None:
        """A blob's name is the hash of its bytes: `get` and `put` verify each other."""
        source, target = self._source.blobs, self._target.blobs
        last, count, digest = "", 0, hashlib.sha256()
        while names := await source.names(last):
            present = set(await target.names(last, 1000))
            for name in names:
                if name not in present and await target.put(await source.get(name)) != name:
                    raise Conflict(f"The blob {name} is damaged in the source.", blob=name)
                digest.update(name.encode("ascii"))
            count, last = count + len(names), names[-1]
            await self._report("blobs", count)
        self._note("blobs", count, digest.hexdigest())

    async def copy_kind(self, kind: Kind[Any]) -> None:
        """Insert what is missing, then read the target as a whole."""
        source, target = self._source.documents(kind), self._target.documents(kind)
        last, count, digest = "", 0, hashlib.sha256()
        while batch := await source.scan(last, BATCH):
            last = batch[-1].id
            batch = [document for document in batch if not _is_own(kind, document)]
            contents = [_content(kind, document) for document in batch]
            for result, content in zip(await target.insert_many(batch), contents, strict=True):
                if isinstance(result, Exists) and _content(kind, result.current) != content:
                    raise Conflict(
                        f"The target holds another {kind.name} document with the id {result.current.id}: copy into"
                        " an empty store.",
                        kind=kind.name,
                    )
                digest.update(content)
            count += len(batch)
            await self._report(kind.name, count)
        found = await _read(kind, target)
        if found != (count, digest.hexdigest()):
            raise Conflict(f"The target's {kind.name} differ after copying ({found[0]} for {count}).", kind=kind.name)
        self._note(kind.name, *found)

    async def copy_index(
        self,
        part: str,
        scan: Callable[[str, int], Awaitable[list[E]]],
        scan_target: Callable[[str, int], Awaitable[list[E]]],
        put: Callable[[Sequence[E]], Awaitable[None]],
    ) -> None:
        """Overwrite each batch, and read it back."""
        last, count, digest = "", 0, hashlib.sha256()
        while batch := await scan(last, BATCH):
            await put(batch)
            if await scan_target(last, len(batch)) != batch:
                raise Conflict(f"The target's {part} entries differ after copying.", behind=last)
            digest.update(repr(batch).encode())
            count, last = count + len(batch), batch[-1].id
            await self._report(part, count)
        self._note(part, count, digest.hexdigest())

    async def _report(self, part: str, count: int) -> None:
        await self.hold()
        self._progress(Progress(part, count))

    def _note(self, part: str, count: int, content: str) -> None:
        self.copied.counts[part] = count
        self.copied.hashes[part] = content
        self._progress(Progress(part, count, verified=True))


async def _take(store: Store, name: str) -> int:
    epoch = await store.lease(name, OWNER, _TTL)
    if epoch is None:
        raise StoreBusy(f"A hub uses the {store.engine} store: stop it first.", lease=name)
    return epoch


async def _read(kind: Kind[Any], documents: Documents[Any]) -> tuple[int, str]:
    """How many there are, and the hash over their contents."""
    last, count, digest = "", 0, hashlib.sha256()
    while batch := await documents.scan(last, BATCH):
        last = batch[-1].id
        for document in batch:
            if not _is_own(kind, document):
                digest.update(_content(kind, document))
                count += 1
    return count, digest.hexdigest()


def _is_own(kind: Kind[Any], document: Any) -> bool:
    """Each store has its own version, which both opened at the present one."""
    return kind.name == SETTINGS.name and document.id == VERSION_SETTING


def _content(kind: Kind[Any], document: Any) -> bytes:
    """The document without its version, which the engines count for themselves."""
    fields = codec_for(kind.type).to_document(document)
    fields.pop("version", None)
    return encode_document(fields)
