"""Tables and statements, made from the declarations of the kinds.

A kind is a table with its body (BSON) and one column for each field of its indexes. Rows of a clustered kind lie along
their cluster index (WITHOUT ROWID), so that a page of a timeline is one stretch of the file. An index over a list is a
side table with one row for each element.
"""

# ruff: noqa: S608 - statements are made of the names in our own declarations, never of data

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from hub.domain.errors import StoreUnavailable
from hub.ports.kinds import Index, Kind
from hub.ports.store import Value
from storage.codec import Codec, codec_for, encode_document
from storage.keys import Key, check_kind, key_fields, sortable

T = TypeVar("T")


class Table(Generic[T]):
    """One kind as SQLite sees it."""

    def __init__(self, kind: Kind[T]) -> None:
        check_kind(kind)
        self.kind = kind
        self.name = f"k_{kind.name}"
        self.codec: Codec[T] = codec_for(kind.type, key_fields(kind))
        self.lists = [index for index in kind.indexes if index.many]
        listed = {index.keys[0] for index in self.lists}
        """Fields that are lists have no column."""
        keys = [key for index in kind.indexes for key in index.keys if key not in listed]
        self.columns = tuple(dict.fromkeys(keys))
        named = "".join(f", {column}" for column in self.columns)
        self.insert_places = f"({', '.join('?' * (len(self.columns) + 3))})"
        self.insert = (
            f"INSERT INTO {self.name} (id, version, body{named}) VALUES {self.insert_places} ON CONFLICT DO NOTHING"
        )
        sets = "".join(f", {column} = ?" for column in self.columns)
        self.replace = f"UPDATE {self.name} SET version = ?, body = ?{sets} WHERE id = ? AND version = ?"
        each = "".join(f", {column} = new.column{place}" for place, column in enumerate(self.columns, 3))
        self.replace_each = (
            f"UPDATE {self.name} SET version = new.column1, body = new.column2{each} FROM (VALUES {self.insert_places})"
            f" AS new WHERE {self.name}.id = new.column{len(self.columns) + 3}"
        )
        self.select = f"SELECT body FROM {self.name} WHERE id = ?"

    def side(self, index: Index) -> str:
        """The name of the side table of an index over a list."""
        return f"{self.name}__{index.name}"

    def ddl(self) -> dict[str, str]:
        """Name and statement of every table and index of the kind, tables first."""
        columns = "".join(f", {column}" for column in self.columns)
        clustered = self.kind.index(self.kind.clustered).keys if self.kind.clustered else ()
        if clustered:
            key = ", ".join(clustered)
            table = (
                f"(id TEXT NOT NULL, version INTEGER NOT NULL{columns}, body BLOB NOT NULL, PRIMARY KEY ({key}, id))"
            )
            statements = {
                self.name: f"CREATE TABLE {self.name} {table} WITHOUT ROWID",
                f"{self.name}__id": f"CREATE UNIQUE INDEX {self.name}__id ON {self.name} (id)",
            }
        else:
            # `body` is last: SQLite reads a long row's overflow pages only for columns that lie in them.
            table = f"(id TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL{columns}, body BLOB NOT NULL)"
            statements = {self.name: f"CREATE TABLE {self.name} {table}"}
        for index in self.kind.indexes:
            if index.name != self.kind.clustered:
                statements |= self._side_ddl(index) if index.many else {self.side(index): self._index_ddl(index)}
        return statements

    def _index_ddl(self, index: Index) -> str:
        keys = ", ".join((*index.keys, "id"))
        where = f" WHERE {' AND '.join(f'{key} IS NOT NULL' for key in index.keys)}" if index.sparse else ""
        return f"CREATE INDEX {self.side(index)} ON {self.name} ({keys}){where}"

    def _side_ddl(self, index: Index) -> dict[str, str]:
        side, keys = self.side(index), ", ".join((*index.keys, "id"))
        return {
            side: f"CREATE TABLE {side} ({keys}, PRIMARY KEY ({keys})) WITHOUT ROWID",
            f"{side}__id": f"CREATE INDEX {side}__id ON {side} (id)",
        }

    def body(self, document: T, version: int) -> bytes:
        """The document as stored, with its version. Raises Invalid."""
        fields = self.codec.to_document(document)
        fields["version"] = version
        return encode_document(fields)

    def keys(self, document: T) -> tuple[Key | None, ...]:
        """The values of the columns."""
        values = [getattr(document, column) for column in self.columns]
        return tuple(None if value is None else sortable(value) for value in values)

    def list_rows(self, document: T) -> list[tuple[str, list[tuple[Key, ...]]]]:
        """For each side table the statement and its rows."""
        found = []
        for index in self.lists:
            elements, *rest = (getattr(document, key) for key in index.keys)
            if any(value is None for value in rest):
                continue
            tail = (*(sortable(value) for value in rest), sortable(document.id))  # type: ignore[attr-defined]
            places = ", ".join("?" * (len(index.keys) + 1))
            statement = f"INSERT OR IGNORE INTO {self.side(index)} VALUES ({places})"
            found.append((statement, [(sortable(element), *tail) for element in dict.fromkeys(elements)]))
        return found

    def page_query(
        self,
        index: Index,
        equal: Sequence[Value],
        *,
        since: Key | None,
        until: Key | None,
        last: Sequence[Key] | None,
        newest_first: bool,
    ) -> tuple[str, list[Key]]:
        """A FROM ... ORDER BY clause and its values; the body is `body`, the entries' keys are the index's."""
        source, keyed = self._source(index)
        rest = [*index.keys[len(equal) :], "id"]
        where, values = self._equal(index, equal, keyed)
        beyond = "<" if newest_first else ">"
        bounds = {">=": since, "<=": until}
        if last is not None and len(rest) > 1:
            # The cursor already lies within the bound that it moves away from; one bound a side keeps the search on
            # the index, at any depth.
            bounds["<=" if newest_first else ">="] = None
        for sign, bound in bounds.items():
            if bound is not None:
                where.append(f"{keyed}.{rest[0]} {sign} ?")
                values.append(bound)
        if last is not None:
            where.append(f"({', '.join(f'{keyed}.{key}' for key in rest)}) {beyond} ({', '.join('?' * len(rest))})")
            values += last
        order = ", ".join(f"{keyed}.{key}{' DESC' if newest_first else ''}" for key in rest)
        condition = f" WHERE {' AND '.join(where)}" if where else ""
        return f"FROM {source}{condition} ORDER BY {order}", values

    def count_query(
        self, index: Index, equal: Sequence[Value], *, since: Key | None = None, until: Key | None = None
    ) -> tuple[str, list[Key]]:
        """A statement that counts up to a last parameter."""
        _, keyed = self._source(index)
        source = f"{keyed}" if index.many else self._source(index)[0]
        where, values = self._equal(index, equal, keyed)
        for sign, bound in ((">=", since), ("<=", until)):
            if bound is not None:
                where.append(f"{keyed}.{index.keys[len(equal)]} {sign} ?")
                values.append(bound)
        condition = f" WHERE {' AND '.join(where)}" if where else ""
        return f"SELECT count(*) FROM (SELECT 1 FROM {source}{condition} LIMIT ?)", values

    def _source(self, index: Index) -> tuple[str, str]:
        """What stands after FROM, and the name of the table that holds the index's keys."""
        if index.many:
            return f"{self.side(index)} CROSS JOIN {self.name} USING (id)", self.side(index)
        if index.name == self.kind.clustered:
            return f"{self.name} NOT INDEXED", self.name
        # INDEXED BY: a statement that could not use its index is an error, not a slow answer.
        return f"{self.name} INDEXED BY {self.side(index)}", self.name

    def _equal(self, index: Index, equal: Sequence[Value], keyed: str) -> tuple[list[str], list[Key]]:
        where = [f"{keyed}.{key} = ?" for key in index.keys[: len(equal)]]
        if index.sparse and not index.many:
            where += [f"{keyed}.{key} IS NOT NULL" for key in index.keys[len(equal) :]]
        return where, [sortable(value) for value in equal]


_PLACES = (1, 4, 16, 64, 250, 1000)


def id_list(ids: Sequence[str]) -> tuple[str, list[str]]:
    """`IN (...)` and its values for 1 to 1,000 ids. Few lengths, filled up by repetition, so that the statement is
    compiled once for each; no JSON list, in which SQLite ends a text at its first NUL."""
    length = next(length for length in _PLACES if length >= len(ids))
    return f"IN ({', '.join('?' * length)})", [*ids, *([ids[-1]] * (length - len(ids)))]


SYSTEM_TABLES = {
    "leases": "CREATE TABLE leases (name TEXT PRIMARY KEY NOT NULL, owner TEXT NOT NULL, epoch INTEGER NOT NULL,"
    " expires INTEGER NOT NULL)",
}


def prepare(tables: Sequence[Table[Any]], extra: dict[str, str]) -> Callable[[sqlite3.Connection], None]:
    """Work that creates what is missing and makes declared indexes anew where their declaration changed. It runs in
    one transaction: when it fails, the store is as it was."""

    def work(connection: sqlite3.Connection) -> None:
        present = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        for name, statement in (SYSTEM_TABLES | extra).items():
            if name not in present:
                connection.execute(statement)
        for table in tables:
            _prepare_table(connection, table, present)

    return work


def _prepare_table(connection: sqlite3.Connection, table: Table[Any], present: dict[str, str]) -> None:
    wanted = table.ddl()
    fill: list[str] = []
    if table.name in present:
        fill = _add_columns(connection, table)
        for name in [
            name for name in present if name.startswith(f"{table.name}__") and present[name] != wanted.get(name)
        ]:
            what = "TABLE" if present[name].startswith("CREATE TABLE") else "INDEX"
            connection.execute(f"DROP {what} IF EXISTS {name}")
            del present[name]
    sides = [table.side(index) for index in table.lists if table.side(index) not in present]
    if table.name not in present:
        connection.execute(wanted[table.name])
        sides = []
    for name, statement in wanted.items():
        if name not in present and name != table.name and statement.startswith("CREATE TABLE"):
            connection.execute(statement)
    if fill or (sides and table.name in present):
        _fill(connection, table)
    for name, statement in wanted.items():
        if name not in present and not statement.startswith("CREATE TABLE"):
            connection.execute(statement)


def _add_columns(connection: sqlite3.Connection, table: Table[Any]) -> list[str]:
    info = connection.execute(f"PRAGMA table_info({table.name})").fetchall()
    present = {row[1] for row in info}
    added = [column for column in table.columns if column not in present]
    key = tuple(row[1] for row in sorted(info, key=lambda row: row[5]) if row[5])
    wanted = (*table.kind.index(table.kind.clustered).keys, "id") if table.kind.clustered else ("id",)
    if key != wanted:
        raise StoreUnavailable(f"The table {table.name} is laid out for another version of Fernamt.")
    for column in added:
        connection.execute(f"ALTER TABLE {table.name} ADD COLUMN {column}")
    return added


def _fill(connection: sqlite3.Connection, table: Table[Any]) -> None:
    """Write the columns and side rows of every document again."""
    sets = ", ".join(f"{column} = ?" for column in table.columns)
    last = ""
    while rows := connection.execute(
        f"SELECT id, body FROM {table.name} WHERE id > ? ORDER BY id LIMIT 500",
        (last,),
    ).fetchall():
        for id, body in rows:
            document = table.codec.decode(body)
            if sets:
                connection.execute(f"UPDATE {table.name} SET {sets} WHERE id = ?", (*table.keys(document), id))
            for statement, entries in table.list_rows(document):
                connection.executemany(statement, entries)
        last = rows[-1][0]
