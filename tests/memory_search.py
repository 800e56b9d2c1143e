"""Blobs and search of the in-memory store. See tests/memory_store.py."""

import bisect
import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from hub.domain.errors import BlobMissing
from hub.domain.folding import fold
from hub.domain.instant import epoch_ms
from hub.ports.blobs import Watch, Watches
from hub.ports.search import NameEntry, SearchEntry, SearchPage
from tests.memory_points import Points, check_limit, read_cursor, write_cursor


class MemoryBlobs:
    """Blobs by name."""

    def __init__(self, points: Points) -> None:
        self._points = points
        self.rows: dict[str, bytes] = {}
        self._watches = Watches(self.delete)

    async def put(self, data: bytes) -> str:
        await self._points.before("blobs.put")
        name = hashlib.sha256(data).hexdigest()
        async with self._watches.putting(name):
            self.rows[name] = bytes(data)
            self._points.effect("blobs.put")
            await self._points.yielded()
        return name

    async def get(self, sha256: str) -> bytes:
        await self._points.before("blobs.get")
        if sha256 not in self.rows:
            raise BlobMissing("The blob store does not have these bytes.", sha256=sha256)
        return self.rows[sha256]

    async def stream(self, sha256: str) -> AsyncIterator[bytes]:
        data = await self.get(sha256)
        for start in range(0, len(data), 262_144):
            yield data[start : start + 262_144]

    async def delete(self, sha256: str) -> bool:
        await self._points.before("blobs.delete")
        there = self.rows.pop(sha256, None) is not None
        if there:
            self._points.effect("blobs.delete")
        await self._points.yielded()
        return there

    def watch(self, names: Iterable[str]) -> AbstractContextManager[Watch]:
        return self._watches.watch(names)

    async def names(self, after: str = "", limit: int = 500) -> list[str]:
        await self._points.before("blobs.names")
        check_limit(limit)
        return sorted(name for name in self.rows if name > after)[:limit]


def _trigrams(text: str) -> frozenset[str]:
    return frozenset(
        padded[start : start + 3]
        for padded in (f" {word} " for word in fold(text).split())
        for start in range(len(padded) - 2)
    )


class MemorySearch:
    """Entries and names, searched by looking at all of them."""

    def __init__(self, points: Points) -> None:
        self._points = points
        self.entries: dict[str, SearchEntry] = {}
        self.names: dict[str, NameEntry] = {}

    async def put_many(self, entries: Sequence[SearchEntry]) -> None:
        await self._points.before("search.put_many")
        for entry in entries:
            self.entries[entry.id] = entry
            self._points.effect("search.put_many")
        await self._points.yielded()

    async def remove(self, ids: Sequence[str]) -> None:
        await self._points.before("search.remove")
        for id in ids:
            self.entries.pop(id, None)
        self._points.effect("search.remove")
        await self._points.yielded()

    async def find(
        self,
        terms: Sequence[str],
        *,
        scope: Sequence[str],
        facets: Sequence[Sequence[str]] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> SearchPage:
        await self._points.before("search.find")
        check_limit(limit)
        if not terms or not scope:
            return SearchPage([])
        visible = [entry for entry in self.entries.values() if set(entry.scope) & set(scope)]
        *whole, last = terms
        prefix = len(last) >= 3 and not any(last in entry.terms for entry in visible)
        hits = [
            (epoch_ms(entry.at), entry.id)
            for entry in visible
            if all(set(group) & set(entry.facets) for group in facets)
            and (since is None or epoch_ms(since) <= epoch_ms(entry.at))
            and (until is None or epoch_ms(entry.at) < epoch_ms(until))
            and set(whole) <= set(entry.terms)
            and (last in entry.terms or (prefix and any(term.startswith(last) for term in entry.terms)))
        ]
        hits.sort(reverse=True)
        tag = f"search/{list(terms)}/{sorted(scope)}/{[sorted(group) for group in facets]}/{since}/{until}"
        if after is not None:
            at, id = read_cursor(tag, after)
            hits = [hit for hit in hits if hit < (at, id)]
        more = len(hits) > limit
        hits = hits[:limit]
        return SearchPage([id for _, id in hits], write_cursor(tag, hits[-1]) if more else None)

    async def put_names(self, entries: Sequence[NameEntry]) -> None:
        await self._points.before("search.put_names")
        for entry in entries:
            self.names[entry.id] = entry
            self._points.effect("search.put_names")
        await self._points.yielded()

    async def remove_names(self, ids: Sequence[str]) -> None:
        await self._points.before("search.remove_names")
        for id in ids:
            self.names.pop(id, None)
        self._points.effect("search.remove_names")
        await self._points.yielded()

    async def suggest(self, text: str, *, prefix: str = "", limit: int = 10) -> list[str]:
        await self._points.before("search.suggest")
        wanted = _trigrams(text)
        scored = [
            (-len(wanted & _trigrams(entry.text)), entry.id)
            for entry in self.names.values()
            if entry.id.startswith(prefix)
        ]
        return [id for score, id in sorted(scored) if wanted and -score * 3 >= len(wanted)][:limit]

    async def scan(self, after: str = "", limit: int = 500) -> list[SearchEntry]:
        await self._points.before("search.scan")
        check_limit(limit)
        ids = sorted(self.entries)
        return [self.entries[id] for id in ids[bisect.bisect_right(ids, after) :][:limit]]

    async def scan_names(self, after: str = "", limit: int = 500) -> list[NameEntry]:
        await self._points.before("search.scan_names")
        check_limit(limit)
        ids = sorted(self.names)
        return [self.names[id] for id in ids[bisect.bisect_right(ids, after) :][:limit]]
