"""Search in MongoDB: one multikey index over (scope and term, moment, id).

Each term stands in the index once for each scope of its entry, so that scope is part of the key and a query for a
rare word of ours never meets another team's entries. Facets stand there too, written `:` and the facet, which no term
can be.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, ReplaceOne
from pymongo.asynchronous.database import AsyncDatabase

from hub.domain.errors import Invalid
from hub.domain.instant import epoch_ms, from_epoch_ms
from hub.ports.search import NameEntry, SearchEntry, SearchPage
from storage.cursors import read_cursor, write_cursor
from storage.keys import Key
from storage.mongodb.calls import Calls, Fields
from storage.terms import MOST_TERMS, normal_term, trigrams

ENTRY_INDEXES = [IndexModel([("keys", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)], name="keys")]
NAME_INDEXES = [IndexModel([("trigrams", ASCENDING)], name="trigrams")]
_MOST_TRIGRAMS = 512
_SHORTEST_PREFIX = 3
_LAST = "\U0010ffff"
_NEWEST_FIRST = [("at", DESCENDING), ("_id", DESCENDING)]


def _key(scope: str, term: str) -> str:
    return f"{scope}\n{term}"  # no term holds a line break


def _facet_term(facet: str) -> str:
    return ":" + facet


def _entry_fields(entry: SearchEntry) -> Fields:
    terms = [term for term in dict.fromkeys(map(normal_term, entry.terms)) if term][:MOST_TERMS]
    scope, facets = list(dict.fromkeys(entry.scope)), list(dict.fromkeys(entry.facets))
    return {
        "_id": entry.id,
        "at": entry.at,
        "scope": scope,
        "facets": facets,
        "terms": terms,
        "keys": [_key(name, term) for name in scope for term in [*terms, *map(_facet_term, facets)]],
    }


class MongoSearch:
    """`Search` in two collections: `search_entries` and `search_names`."""

    def __init__(self, database: AsyncDatabase[Fields], calls: Calls) -> None:
        self._entries = database["search_entries"]
        self._names = database["search_names"]
        self._calls = calls

    async def prepare(self) -> None:
        """Make the indexes that are missing."""
        async with self._calls.call():
            await self._entries.create_indexes(ENTRY_INDEXES)
            await self._names.create_indexes(NAME_INDEXES)

    async def put_many(self, entries: Sequence[SearchEntry]) -> None:
        await self._put(self._entries, [_entry_fields(entry) for entry in entries])

    async def _put(self, collection: Any, rows: Sequence[Fields]) -> None:
        latest = {row["_id"]: row for row in rows}
        if not latest:
            return
        async with self._calls.call():
            await collection.bulk_write(
                [ReplaceOne({"_id": id}, row, upsert=True) for id, row in latest.items()], ordered=False
            )

    async def remove(self, ids: Sequence[str]) -> None:
        await self._remove(self._entries, ids)

    async def _remove(self, collection: Any, ids: Sequence[str]) -> None:
        if not ids:
            return
        async with self._calls.call():
            await collection.delete_many({"_id": {"$in": list(dict.fromkeys(ids))}})

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
        _check_limit(limit)
        wanted = [term for term in map(normal_term, terms) if term]
        scopes = sorted(set(scope))
        if not wanted or not scopes or not all(facets):
            return SearchPage([])
        list_name = f"search/{wanted!r}/{scopes!r}"
        if facets or since or until:
            list_name += f"/{[sorted(group) for group in facets]!r}/{since}/{until}"
        last = None if after is None else _read_last(list_name, after)
        async with self._calls.call():
            prefix = bool(last[2]) if last else await self._needs_prefix(wanted[-1], scopes)
            query = _query(wanted, scopes, prefix, [*_filters(scopes, facets, since, until), *_behind(last)])
            found = self._entries.find(query, {"at": 1}).sort(_NEWEST_FIRST).limit(limit + 1)
            rows = await found.to_list(None)
        ids = [row["_id"] for row in rows[:limit]]
        if len(rows) <= limit:
            return SearchPage(ids)
        return SearchPage(ids, write_cursor(list_name, [epoch_ms(rows[limit - 1]["at"]), ids[-1], int(prefix)]))

    async def _needs_prefix(self, term: str, scopes: Sequence[str]) -> bool:
        if len(term) < _SHORTEST_PREFIX:
            return False
        return await self._entries.find_one(_holds(term, scopes), {"_id": 1}) is None

    async def put_names(self, entries: Sequence[NameEntry]) -> None:
        await self._put(
            self._names,
            [
                {"_id": entry.id, "text": entry.text, "trigrams": sorted(trigrams(entry.text))[:_MOST_TRIGRAMS]}
                for entry in entries
            ],
        )

    async def remove_names(self, ids: Sequence[str]) -> None:
        await self._remove(self._names, ids)

    async def suggest(self, text: str, *, prefix: str = "", limit: int = 10) -> list[str]:
        _check_limit(limit)
        wanted = sorted(trigrams(text))[:_MOST_TRIGRAMS]
        if not wanted:
            return []
        least = -(-len(wanted) // 3)
        steps: list[Fields] = [
            {"$match": {"trigrams": {"$in": wanted}, "_id": {"$gte": prefix, "$lt": prefix + _LAST}}},
            {"$project": {"shared": {"$size": {"$setIntersection": ["$trigrams", wanted]}}}},
            {"$match": {"shared": {"$gte": least}}},
            {"$sort": {"shared": DESCENDING, "_id": ASCENDING}},
            {"$limit": limit},
        ]
        async with self._calls.call():
            rows = await (await self._names.aggregate(steps)).to_list(None)
        return [row["_id"] for row in rows]

    async def scan(self, after: str = "", limit: int = 500) -> list[SearchEntry]:
        return [
            SearchEntry(
                id=row["_id"],
                at=row["at"],
                scope=tuple(row["scope"]),
                facets=tuple(row.get("facets", ())),  # written before there were facets: none
                terms=tuple(row["terms"]),
            )
            for row in await self._scan(self._entries, after, limit, {"keys": 0})
        ]

    async def scan_names(self, after: str = "", limit: int = 500) -> list[NameEntry]:
        rows = await self._scan(self._names, after, limit, {"trigrams": 0})
        return [NameEntry(id=row["_id"], text=row["text"]) for row in rows]

    async def _scan(self, collection: Any, after: str, limit: int, without: Fields) -> list[Fields]:
        _check_limit(limit)
        async with self._calls.call():
            rows: list[Fields] = await (
                collection.find({"_id": {"$gt": after}}, without).sort("_id", ASCENDING).limit(limit).to_list(None)
            )
        return rows


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= 1000:
        raise Invalid("A page has 1 to 1,000 items.", limit=limit)


def _read_last(list_name: str, after: str) -> list[Key]:
    last = read_cursor(list_name, after, 3)
    if not (isinstance(last[0], int) and isinstance(last[1], str) and isinstance(last[2], int)):
        raise Invalid("This cursor belongs to another list; start again from the first page.")
    return last


def _holds(term: str, scopes: Sequence[str]) -> Fields:
    return {"keys": {"$in": [_key(scope, term) for scope in scopes]}}


def _begins(term: str, scopes: Sequence[str]) -> Fields:
    """Some key begins with the term. Bounds, not a pattern: they are exact on a multikey index."""
    starts = [_key(scope, term) for scope in scopes]
    return {"$or": [{"keys": {"$elemMatch": {"$gte": start, "$lt": start + _LAST}}} for start in starts]}


def _filters(
    scopes: Sequence[str], facets: Sequence[Sequence[str]], since: datetime | None, until: datetime | None
) -> list[Fields]:
    found: list[Fields] = [
        {"keys": {"$in": [_key(scope, _facet_term(facet)) for scope in scopes for facet in group]}} for group in facets
    ]
    if since is not None:
        found.append({"at": {"$gte": from_epoch_ms(epoch_ms(since))}})
    if until is not None:
        found.append({"at": {"$lt": from_epoch_ms(epoch_ms(until))}})
    return found


def _behind(last: Sequence[Key] | None) -> list[Fields]:
    if last is None:
        return []
    at = from_epoch_ms(int(last[0]))
    return [{"at": {"$lte": at}}, {"$or": [{"at": {"$lt": at}}, {"at": at, "_id": {"$lt": last[1]}}]}]


def _query(terms: Sequence[str], scopes: Sequence[str], prefix: bool, among: Sequence[Fields]) -> Fields:
    *whole, final = terms
    conditions = [_holds(term, scopes) for term in whole]
    conditions.append(_begins(final, scopes) if prefix else _holds(final, scopes))
    return {"$and": [*conditions, *among]}
