"""The documents of one kind in MongoDB."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, Generic, TypeVar, cast

from bson.raw_bson import RawBSONDocument
from pymongo import InsertOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError, PyMongoError

from hub.domain.errors import Invalid, StoreUnavailable
from hub.ports.store import Exists, Inserted, Page, Replacement, Value
from storage.cursors import read_cursor, write_cursor
from storage.keys import check_equal, page_scope, sortable
from storage.mongodb.calls import Calls, Fields, duplicates, is_lost
from storage.mongodb.layout import Layout, same_content

T = TypeVar("T")
MOST_IDS = 1_000
_AT_ONCE = 16
_ROUNDS = 5
"""How often an insert meets a document that is gone before it can be read."""


class MongoDocuments(Generic[T]):
    """`Documents` of one kind."""

    def __init__(self, layout: Layout[T], collection: AsyncCollection[Fields], calls: Calls) -> None:
        self._layout = layout
        self._collection = collection
        self._calls = calls

    async def get(self, id: str) -> T | None:
        async with self._calls.call():
            found = await self._collection.find_one({"_id": id})
        return None if found is None else self._layout.read(found)

    async def get_many(self, ids: Sequence[str]) -> dict[str, T]:
        if len(ids) > MOST_IDS:
            raise Invalid("At most 1,000 ids at once.", ids=len(ids))
        if not ids:
            return {}
        async with self._calls.call():
            found = await self._fetch(ids)
        return {id: self._layout.read(found[id]) for id in ids if id in found}

    async def _fetch(self, ids: Sequence[str]) -> dict[str, Fields]:
        wanted = list(dict.fromkeys(ids))
        rows = await self._collection.find({"_id": {"$in": wanted}}).to_list(None)
        return {row["_id"]: row for row in rows}

    async def insert(self, document: T) -> Inserted | Exists[T]:
        return (await self.insert_many([document]))[0]

    async def insert_many(self, documents: Sequence[T]) -> list[Inserted | Exists[T]]:
        ids = [sortable(cast(Any, document).id) for document in documents]
        bodies: dict[Any, RawBSONDocument] = {}
        for id, document in zip(ids, documents, strict=True):
            if id not in bodies:
                bodies[id] = self._layout.body(document, 1)
        async with self._calls.call():
            standing = await self._insert_each(bodies)
        results: list[Inserted | Exists[T]] = []
        answered = set()
        for id in ids:
            if id in standing:
                results.append(Exists(self._layout.read(standing[id])))
            elif id in answered:
                results.append(Exists(self._layout.codec.decode(bytes(bodies[id].raw))))
            else:
                results.append(Inserted())
            answered.add(id)
        return results

    async def _insert_each(self, bodies: dict[Any, RawBSONDocument]) -> dict[Any, Fields]:
        """Insert those whose id is free; what stands under the other ids."""
        standing: dict[Any, Fields] = {}
        left = bodies
        for _ in range(_ROUNDS):
            if not left:
                return standing
            taken, lost = await self._insert_once(left)
            found = await self._fetch(taken) if taken else {}
            # After a lost connection nobody knows whether the first try was written: a document that is ours in every
            # field is taken for it.
            standing |= {id: fields for id, fields in found.items() if not (lost and same_content(bodies[id], fields))}
            left = {id: bodies[id] for id in taken if id not in found}
        raise StoreUnavailable("These documents come and go while they are inserted; try again.", ids=len(left))

    async def _insert_once(self, bodies: dict[Any, RawBSONDocument]) -> tuple[list[Any], bool]:
        """The ids that were taken, and whether the connection was lost on the way."""
        try:
            return await self._send_inserts(bodies), False
        except PyMongoError as error:
            if not is_lost(error):
                raise
        return await self._send_inserts(bodies), True

    async def _send_inserts(self, bodies: dict[Any, RawBSONDocument]) -> list[Any]:
        ids = list(bodies)
        try:
            await self._collection.bulk_write([InsertOne(cast(Any, bodies[id])) for id in ids], ordered=False)
        except BulkWriteError as error:
            return [ids[place] for place in sorted(duplicates(error))]
        return []

    async def replace(self, document: T, version: int) -> bool:
        return (await self.replace_many([Replacement(document, version)]))[0]

    async def replace_many(self, replacements: Sequence[Replacement[T]]) -> list[bool]:
        """One command each, several at once: of a batch MongoDB only tells how many it matched, not which."""
        bodies = [self._layout.body(item.document, item.version + 1) for item in replacements]
        results = [False] * len(replacements)
        lanes: dict[Any, list[int]] = {}
        for place, item in enumerate(replacements):
            lanes.setdefault(sortable(cast(Any, item.document).id), []).append(place)
        slots = asyncio.Semaphore(_AT_ONCE)

        async def run(id: Any, places: list[int]) -> None:
            async with slots:
                for place in places:
                    wanted = {"_id": id, "version": replacements[place].version}
                    done = await self._collection.replace_one(wanted, cast(Any, bodies[place]))
                    results[place] = done.matched_count == 1

        async with self._calls.call():
            if len(lanes) == 1:
                await run(*next(iter(lanes.items())))
            else:
                await _all_of(run(id, places) for id, places in lanes.items())
        return results

    async def delete(self, id: str, version: int | None = None) -> bool:
        wanted: Fields = {"_id": id} if version is None else {"_id": id, "version": version}
        async with self._calls.call():
            return (await self._collection.delete_one(wanted)).deleted_count == 1

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
        _check_limit(limit)
        kind, declared = self._layout.kind, self._layout.kind.index(index)
        check_equal(kind, declared, equal, since is not None or until is not None)
        scope = page_scope(kind, declared, equal, newest_first)
        rest = declared.keys[len(equal) :]
        wanted, order = self._layout.page(
            declared,
            equal,
            since=None if since is None else sortable(since),
            until=None if until is None else sortable(until),
            last=None if after is None else read_cursor(scope, after, len(rest) + 1),
            newest_first=newest_first,
        )
        async with self._calls.call():
            rows = await self._collection.find(wanted).sort(order).limit(limit + 1).to_list(None)
        items = [self._layout.read(row) for row in rows[:limit]]
        if len(rows) <= limit:
            return Page(items)
        last = items[-1]
        return Page(items, write_cursor(scope, [sortable(getattr(last, key)) for key in (*rest, "id")]))

    async def count(
        self, index: str, *equal: Value, since: Value | None = None, until: Value | None = None, cap: int = 10_000
    ) -> int:
        declared = self._layout.kind.index(index)
        check_equal(self._layout.kind, declared, equal, since is not None or until is not None)
        if cap < 1:
            return 0
        wanted = self._layout.bounded(
            declared,
            equal,
            since=None if since is None else sortable(since),
            until=None if until is None else sortable(until),
        )
        async with self._calls.call():
            return await self._collection.count_documents(wanted, limit=cap)

    async def scan(self, after: str = "", limit: int = 500) -> list[T]:
        _check_limit(limit)
        async with self._calls.call():
            rows = await self._collection.find({"_id": {"$gt": after}}).sort("_id", 1).limit(limit).to_list(None)
        return [self._layout.read(row) for row in rows]


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= 1000:
        raise Invalid("A page has 1 to 1,000 items.", limit=limit)


async def _all_of(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run all to their end, then raise the first error: a batch that goes on behind its caller's back would write
    what nobody waits for."""
    results = await asyncio.gather(*works, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
