"""The storage port in memory: the model that the engines are compared with, and the store of state machines.

Every operation passes numbered *points*: one before anything happened, and one after each effect. A crash can be armed
at any of them, so that a test can end the "process" at every await, before or after a write took effect:

    store = MemoryStore(crash_after=7)   # raises Crash at the 7th point, and at every later call until `restart()`
    store.restart()                      # the data is still there; `restart(crash_after=3)` arms the next one
    store.fail(StoreUnavailable("full"), times=2, on={"outbox.replace"})   # the error slot
"""

import dataclasses
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Generic, TypeVar, cast

from hub.domain.errors import Invalid
from hub.domain.instant import epoch_ms
from hub.ports.clock import Clock, SystemClock
from hub.ports.kinds import Index, Kind
from hub.ports.store import Exists, Inserted, Page, Replacement, Value
from tests.memory_points import Crash, Points, check_limit, read_cursor, write_cursor
from tests.memory_search import MemoryBlobs, MemorySearch

__all__ = ["Crash", "MemoryStore", "Points"]
T = TypeVar("T")


def _sortable(value: object) -> Any:
    if isinstance(value, datetime):
        return epoch_ms(value)
    if isinstance(value, date):
        return value.isoformat()
    return value if not isinstance(value, bool) else int(value)


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

    def _bounded(
        self, index: Index, equal: Sequence[Value], since: Value | None, until: Value | None
    ) -> list[tuple[list[Any], T]]:
        entries = self._entries(index, equal)
        if (since is not None or until is not None) and len(equal) >= len(index.keys):
            raise ValueError(f"{self._kind.name}.{index.name}: no key is left to bound")
        if since is not None:
            entries = [entry for entry in entries if entry[0][0] >= _sortable(since)]
        if until is not None:
            entries = [entry for entry in entries if entry[0][0] <= _sortable(until)]
        return entries

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
        check_limit(limit)
        declared = self._kind.index(index)
        entries = self._bounded(declared, equal, since, until)
        tag = f"{self._kind.name}/{index}/{[_sortable(value) for value in equal]}/{newest_first}"
        if newest_first:
            entries.reverse()
        if after is not None:
            last = read_cursor(tag, after)
            entries = [entry for entry in entries if (entry[0] < last if newest_first else entry[0] > last)]
        more = len(entries) > limit
        entries = entries[:limit]
        return Page([row for _, row in entries], write_cursor(tag, entries[-1][0]) if more else None)

    async def count(
        self, index: str, *equal: Value, since: Value | None = None, until: Value | None = None, cap: int = 10_000
    ) -> int:
        await self._points.before(self._verb("count"))
        return min(cap, len(self._bounded(self._kind.index(index), equal, since, until)))

    async def scan(self, after: str = "", limit: int = 500) -> list[T]:
        await self._points.before(self._verb("scan"))
        check_limit(limit)
        return [self.rows[id] for id in sorted(self.rows) if id > after][:limit]


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
