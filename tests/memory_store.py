"""The storage port in memory: the model that the engines are compared with, and the store of state machines.

Every operation passes numbered *points*: one before anything happened, and one after each effect. A crash can be armed
at any of them, so that a test can end the "process" at every await, before or after a write took effect:

    store = MemoryStore(crash_after=7)   # raises Crash at the 7th point, and at every later call until `restart()`
    store.restart()                      # the data is still there; `restart(crash_after=3)` arms the next one
    store.fail(StoreUnavailable("full"), times=2, on={"outbox.replace"})   # the error slot
"""

import asyncio
import base64
import bisect
import dataclasses
import hashlib
import json
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar, cast

from hub.domain.errors import BlobMissing, Invalid
from hub.domain.folding import fold
from hub.domain.instant import epoch_ms
from hub.ports.clock import Clock, SystemClock
from hub.ports.kinds import Index, Kind
from hub.ports.search import NameEntry, SearchEntry, SearchPage
from hub.ports.store import Exists, Inserted, Page, Replacement, Value

T = TypeVar("T")


class Crash(BaseException):
    """The process ended here. Not an Exception: nothing that a service catches may survive it."""


class Points:
    """Counts the points that operations pass, and decides what happens at each."""

    def __init__(self, crash_after: int | None) -> None:
        self.passed = 0
        self.crash_after = crash_after
        self.crashed = False
        self.log: list[str] = []
        """The last 1,000 points by name: `outbox.replace:before`, `outbox.replace:after`."""
        self._error: Exception | None = None
        self._times: int | None = None
        self._on: frozenset[str] | None = None

    def slot(self, error: Exception | None, times: int | None, on: Collection[str] | None) -> None:
        self._error, self._times, self._on = error, times, None if on is None else frozenset(on)

    async def before(self, verb: str) -> None:
        await asyncio.sleep(0)
        self._pass(f"{verb}:before")
        if self._error is not None and (self._on is None or verb in self._on):
            error = self._error
            if self._times is not None:
                self._times -= 1
                if self._times <= 0:
                    self._error = None
            raise error

    def effect(self, verb: str) -> None:
        """After one of several effects of one call, without yielding."""
        self._pass(f"{verb}:after")

    async def yielded(self) -> None:
        await asyncio.sleep(0)
        if self.crashed:
            raise Crash

    def _pass(self, name: str) -> None:
        if self.crashed:
            raise Crash
        self.passed += 1
        self.log.append(name)
        del self.log[:-1000]
        if self.crash_after is not None and self.passed >= self.crash_after:
            self.crashed = True
            raise Crash(f"at point {self.passed}, {name}")


def _sortable(value: object) -> Any:
    if isinstance(value, datetime):
        return epoch_ms(value)
    return value if not isinstance(value, bool) else int(value)


def _cursor(tag: str, key: Sequence[object]) -> str:
    return base64.urlsafe_b64encode(json.dumps([tag, list(key)]).encode()).decode()


def _read_cursor(tag: str, text: str) -> list[Any]:
    try:
        content = json.loads(base64.b64decode(text.encode(), altchars=b"-_", validate=True))
    except ValueError as error:
        raise Invalid("This cursor cannot be read; start again from the first page.") from error
    if not isinstance(content, list) or len(content) != 2 or content[0] != tag:
        raise Invalid("This cursor belongs to another list; start again from the first page.")
    key: list[Any] = content[1]
    return key


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= 1000:
        raise Invalid("A page has 1 to 1,000 items.", limit=limit)


class MemoryDocuments(Generic[T]):
    """One kind's documents."""

    def __init__(self, kind: Kind[T], points: Points) -> None:
        self._kind = kind
        self._points = points
        self.rows: dict[str, T] = {}

    def _verb(self, name: str) -> str:
        return f"{self._kind.name}.{name}"

    def _put(self, document: T, version: int) -> None:
        stored = dataclasses.replace(cast(Any, document), version=version)
        self.rows[stored.id] = cast(T, stored)

    async def get(self, id: str) -> T | None:
        await self._points.before(self._verb("get"))
        return self.rows.get(id)

    async def get_many(self, ids: Sequence[str]) -> dict[str, T]:
        await self._points.before(self._verb("get_many"))
        if len(ids) > 1000:
            raise Invalid("At most 1,000 ids at once.")
        return {id: self.rows[id] for id in ids if id in self.rows}

    async def insert(self, document: T) -> Inserted | Exists[T]:
        return (await self._insert_each("insert", [document]))[0]

    async def insert_many(self, documents: Sequence[T]) -> list[Inserted | Exists[T]]:
        return await self._insert_each("insert_many", documents)

    async def _insert_each(self, name: str, documents: Sequence[T]) -> list[Inserted | Exists[T]]:
        verb = self._verb(name)
        await self._points.before(verb)
        results: list[Inserted | Exists[T]] = []
        for document in documents:
            current = self.rows.get(cast(Any, document).id)
            if current is None:
                self._put(document, 1)
                self._points.effect(verb)
            results.append(Inserted() if current is None else Exists(current))
        await self._points.yielded()
        return results

    async def replace(self, document: T, version: int) -> bool:
        return (await self._replace_each("replace", [Replacement(document, version)]))[0]

    async def replace_many(self, replacements: Sequence[Replacement[T]]) -> list[bool]:
        return await self._replace_each("replace_many", replacements)

    async def _replace_each(self, name: str, replacements: Sequence[Replacement[T]]) -> list[bool]:
        verb = self._verb(name)
        await self._points.before(verb)
        results = []
        for replacement in replacements:
            current = self.rows.get(cast(Any, replacement.document).id)
            fits = current is not None and cast(Any, current).version == replacement.version
            if fits:
                self._put(replacement.document, replacement.version + 1)
                self._points.effect(verb)
            results.append(fits)
        await self._points.yielded()
        return results

    async def delete(self, id: str, version: int | None = None) -> bool:
        verb = self._verb("delete")
        await self._points.before(verb)
        current = self.rows.get(id)
        if current is None or (version is not None and cast(Any, current).version != version):
            return False
        del self.rows[id]
        self._points.effect(verb)
        await self._points.yielded()
        return True

    def _entries(self, index: Index, equal: Sequence[Value]) -> list[tuple[list[Any], T]]:
        """(rest of the key and id, document) of every entry that fits, in order."""
        if len(equal) > len(index.keys) or (index.many and not equal):
            raise ValueError(
                f"{self._kind.name}.{index.name} takes {'1' if index.many else '0'} to {len(index.keys)} values"
            )
        wanted = [_sortable(value) for value in equal]
        found = []
        for id, row in self.rows.items():
            values = [getattr(row, key) for key in index.keys]
            if index.sparse and any(value is None for value in values):
                continue
            heads = list(dict.fromkeys(values[0])) if index.many else [values[0]]
            for head in heads:
                key = [_sortable(value) for value in (head, *values[1:])]
                if key[: len(wanted)] == wanted:
                    found.append(([*key[len(wanted) :], id], row))
        found.sort(key=lambda entry: entry[0])
        return found

    async def page(
        self,
        index: str,
        *equal: Value,
        after: str | None = None,
        since: Value | None = None,
        until: Value | None = None,
        limit: int = 50,
        newest_first: bool = False,
    ) -> Page[T]:
        await self._points.before(self._verb("page"))
        _check_limit(limit)
        declared = self._kind.index(index)
        entries = self._entries(declared, equal)
        if (since is not None or until is not None) and len(equal) >= len(declared.keys):
            raise ValueError(f"{self._kind.name}.{index}: no key is left to bound")
        if since is not None:
            entries = [entry for entry in entries if entry[0][0] >= _sortable(since)]
        if until is not None:
            entries = [entry for entry in entries if entry[0][0] <= _sortable(until)]
        tag = f"{self._kind.name}/{index}/{[_sortable(value) for value in equal]}/{newest_first}"
        if newest_first:
            entries.reverse()
        if after is not None:
            last = _read_cursor(tag, after)
            entries = [entry for entry in entries if (entry[0] < last if newest_first else entry[0] > last)]
        more = len(entries) > limit
        entries = entries[:limit]
        return Page([row for _, row in entries], _cursor(tag, entries[-1][0]) if more else None)

    async def count(self, index: str, *equal: Value, cap: int = 10_000) -> int:
        await self._points.before(self._verb("count"))
        return min(cap, len(self._entries(self._kind.index(index), equal)))

    async def scan(self, after: str = "", limit: int = 500) -> list[T]:
        await self._points.before(self._verb("scan"))
        _check_limit(limit)
        return [self.rows[id] for id in sorted(self.rows) if id > after][:limit]


class MemoryBlobs:
    """Blobs by name."""

    def __init__(self, points: Points) -> None:
        self._points = points
        self.rows: dict[str, bytes] = {}

    async def put(self, data: bytes) -> str:
        await self._points.before("blobs.put")
        name = hashlib.sha256(data).hexdigest()
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

    async def names(self, after: str = "", limit: int = 500) -> list[str]:
        await self._points.before("blobs.names")
        _check_limit(limit)
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
        self, terms: Sequence[str], *, scope: Sequence[str], after: str | None = None, limit: int = 50
    ) -> SearchPage:
        await self._points.before("search.find")
        _check_limit(limit)
        if not terms or not scope:
            return SearchPage([])
        visible = [entry for entry in self.entries.values() if set(entry.scope) & set(scope)]
        *whole, last = terms
        prefix = len(last) >= 3 and not any(last in entry.terms for entry in visible)
        hits = [
            (epoch_ms(entry.at), entry.id)
            for entry in visible
            if set(whole) <= set(entry.terms)
            and (last in entry.terms or (prefix and any(term.startswith(last) for term in entry.terms)))
        ]
        hits.sort(reverse=True)
        tag = f"search/{list(terms)}/{sorted(scope)}"
        if after is not None:
            at, id = _read_cursor(tag, after)
            hits = [hit for hit in hits if hit < (at, id)]
        more = len(hits) > limit
        hits = hits[:limit]
        return SearchPage([id for _, id in hits], _cursor(tag, hits[-1]) if more else None)

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

    async def suggest(self, text: str, *, limit: int = 10) -> list[str]:
        await self._points.before("search.suggest")
        wanted = _trigrams(text)
        scored = [(-len(wanted & _trigrams(entry.text)), entry.id) for entry in self.names.values()]
        return [id for score, id in sorted(scored) if wanted and -score * 3 >= len(wanted)][:limit]

    async def scan(self, after: str = "", limit: int = 500) -> list[SearchEntry]:
        await self._points.before("search.scan")
        _check_limit(limit)
        ids = sorted(self.entries)
        return [self.entries[id] for id in ids[bisect.bisect_right(ids, after) :][:limit]]

    async def scan_names(self, after: str = "", limit: int = 500) -> list[NameEntry]:
        await self._points.before("search.scan_names")
        _check_limit(limit)
        ids = sorted(self.names)
        return [self.names[id] for id in ids[bisect.bisect_right(ids, after) :][:limit]]


@dataclasses.dataclass(slots=True)
class _Lease:
    owner: str
    epoch: int
    expires: float


class MemoryStore:
    """A complete `hub.ports.store.Store`. `clock` times the leases (its `monotonic`)."""

    engine = "memory"

    def __init__(self, *, crash_after: int | None = None, clock: Clock | None = None) -> None:
        self.points = Points(crash_after)
        self._clock = clock or SystemClock()
        self.blobs = MemoryBlobs(self.points)
        self.search = MemorySearch(self.points)
        self._documents: dict[str, MemoryDocuments[Any]] = {}
        self._leases: dict[str, _Lease] = {}

    def documents(self, kind: Kind[T]) -> MemoryDocuments[T]:
        if kind.name not in self._documents:
            self._documents[kind.name] = MemoryDocuments(kind, self.points)
        return self._documents[kind.name]

    def restart(self, *, crash_after: int | None = None) -> None:
        """The next process opens the same data; the error slot is empty, points count from 0 again."""
        self.points.passed = 0
        self.points.crashed = False
        self.points.crash_after = crash_after
        self.points.slot(None, None, None)

    def fail(self, error: Exception | None, *, times: int | None = None, on: Collection[str] | None = None) -> None:
        """Every call raises `error` (None: no more), at most `times` times, only the verbs `on`, for example
        {"outbox.replace", "blobs.put"}. Nothing takes effect in a call that raises."""
        self.points.slot(error, times, on)

    async def lease(self, name: str, owner: str, ttl: timedelta) -> int | None:
        await self.points.before("lease")
        now = self._clock.monotonic()
        held = self._leases.get(name)
        if held is not None and held.owner and held.owner != owner and held.expires > now:
            return None
        renewed = held is not None and held.owner == owner and held.expires > now
        epoch = 1 if held is None else held.epoch if renewed else held.epoch + 1
        self._leases[name] = _Lease(owner, epoch, now + ttl.total_seconds())
        self.points.effect("lease")
        await self.points.yielded()
        return epoch

    async def release(self, name: str, owner: str) -> None:
        await self.points.before("release")
        held = self._leases.get(name)
        if held is not None and held.owner == owner:
            held.owner = ""
            self.points.effect("release")
        await self.points.yielded()

    async def ping(self) -> None:
        await self.points.before("ping")

    async def close(self) -> None:
        return None
