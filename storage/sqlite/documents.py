"""The documents of one kind in SQLite."""

# ruff: noqa: S608 - statements are made of the names in our own declarations, never of data

from asyncio import Future
from collections.abc import Sequence
from typing import Any, Generic, TypeVar, cast

import bson

from hub.domain.errors import Invalid
from hub.ports.store import Exists, Inserted, Page, Replacement, Value
from storage.cursors import read_cursor, write_cursor
from storage.keys import Key, check_equal, page_scope, sortable
from storage.sqlite.jobs import JobQueue, Work
from storage.sqlite.schema import Table, id_list
from storage.sqlite.threads import PointReader
from storage.sqlite.writes import Insertion, Revision, delete_row

T = TypeVar("T")
R = TypeVar("R")
MOST_IDS = 1_000
MOST_AT_ONCE = 64
"""Ids that are looked up in the loop's own thread."""


class SqliteDocuments(Generic[T]):
    """`Documents` of one kind: encodes in the caller's task, runs one job for each call."""

    def __init__(self, table: Table[T], writes: JobQueue, reads: JobQueue, points: PointReader) -> None:
        self._table = table
        self._writes = writes
        self._reads = reads
        self._points = points

    async def get(self, id: str) -> T | None:
        statement = self._table.select
        row = self._points.run(lambda connection: connection.execute(statement, (id,)).fetchone())
        return None if row is None else self._table.codec.decode(row[0])

    async def get_many(self, ids: Sequence[str]) -> dict[str, T]:
        if len(ids) > MOST_IDS:
            raise Invalid("At most 1,000 ids at once.", ids=len(ids))
        if not ids:
            return {}
        places, values = id_list(ids)
        statement = f"SELECT CAST(group_concat(body, '') AS BLOB) FROM {self._table.name} WHERE id {places}"
        if len(ids) <= MOST_AT_ONCE:
            row = self._points.run(lambda connection: connection.execute(statement, values).fetchone())
            documents = self._decode(row[0])
        else:
            documents = await self._bodies(statement, values)
        found = {cast(Any, document).id: document for document in documents}
        return {id: found[id] for id in ids if id in found}

    async def _bodies(self, statement: str, values: Sequence[Key]) -> list[T]:
        """The documents of a statement that concatenates their bodies: one step in SQLite and one in BSON, where a
        row at a time would change threads for each."""
        row = await self._reads.submit(lambda connection: connection.execute(statement, values).fetchone())
        return self._decode(row[0])

    def _decode(self, bodies: bytes | None) -> list[T]:
        read = self._table.codec.from_document
        return [read(document) for document in bson.decode_all(bodies)] if bodies else []

    async def insert(self, document: T) -> Inserted | Exists[T]:
        return (await self.insert_many([document]))[0]

    async def insert_many(self, documents: Sequence[T]) -> list[Inserted | Exists[T]]:
        if not documents:
            return []
        table = self._table
        rows = [self._row(document) for document in documents]
        weight = sum(len(row[2]) for row in rows)
        found = await self._submit(Insertion(table, rows, documents), weight)
        return [Inserted() if body is None else Exists(table.codec.decode(body)) for body in found]

    def _submit(self, work: Work[R], weight: int = 0) -> "Future[R]":
        lists = bool(self._table.lists)
        return self._writes.submit(work, weight=weight, compound=lists, lane=self._table.name, mergeable=not lists)

    def _row(self, document: T) -> tuple[Any, ...]:
        id = sortable(cast(Any, document).id)
        return (id, 1, self._table.body(document, 1), *self._table.keys(document))

    async def replace(self, document: T, version: int) -> bool:
        return (await self.replace_many([Replacement(document, version)]))[0]

    async def replace_many(self, replacements: Sequence[Replacement[T]]) -> list[bool]:
        if not replacements:
            return []
        rows = [self._changed(item.document, item.version) for item in replacements]
        documents = [item.document for item in replacements]
        return await self._submit(Revision(self._table, rows, documents), sum(len(row[1]) for row in rows))

    def _changed(self, document: T, version: int) -> tuple[Any, ...]:
        next = version + 1
        id = sortable(cast(Any, document).id)
        return (next, self._table.body(document, next), *self._table.keys(document), id, version)

    async def delete(self, id: str, version: int | None = None) -> bool:
        table = self._table
        return await self._writes.submit(
            lambda connection: delete_row(connection, table, id, version), compound=bool(table.lists), lane=table.name
        )

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
        if not 1 <= limit <= 1000:
            raise Invalid("A page has 1 to 1,000 items.", limit=limit)
        kind, declared = self._table.kind, self._table.kind.index(index)
        check_equal(kind, declared, equal, since is not None or until is not None)
        scope = page_scope(kind, declared, equal, newest_first)
        rest = declared.keys[len(equal) :]
        clause, values = self._table.page_query(
            declared,
            equal,
            since=None if since is None else sortable(since),
            until=None if until is None else sortable(until),
            last=None if after is None else read_cursor(scope, after, len(rest) + 1),
            newest_first=newest_first,
        )
        statement = f"SELECT CAST(group_concat(body, '') AS BLOB) FROM (SELECT body {clause} LIMIT ?)"
        found = await self._bodies(statement, [*values, limit + 1])
        items = found[:limit]
        if len(found) <= limit:
            return Page(items)
        last = items[-1]
        return Page(items, write_cursor(scope, [sortable(getattr(last, key)) for key in (*rest, "id")]))

    async def count(
        self, index: str, *equal: Value, since: Value | None = None, until: Value | None = None, cap: int = 10_000
    ) -> int:
        declared = self._table.kind.index(index)
        check_equal(self._table.kind, declared, equal, since is not None or until is not None)
        statement, values = self._table.count_query(
            declared,
            equal,
            since=None if since is None else sortable(since),
            until=None if until is None else sortable(until),
        )
        row = await self._reads.submit(lambda connection: connection.execute(statement, (*values, cap)).fetchone())
        return int(row[0])

    async def scan(self, after: str = "", limit: int = 500) -> list[T]:
        if not 1 <= limit <= 1000:
            raise Invalid("A page has 1 to 1,000 items.", limit=limit)
        name = self._table.name
        rows = f"SELECT body FROM {name} WHERE id > ? ORDER BY id LIMIT ?"
        return await self._bodies(f"SELECT CAST(group_concat(body, '') AS BLOB) FROM ({rows})", [after, limit])
