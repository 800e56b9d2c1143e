"""Inserts and replacements, and how the writer runs many of them as one statement.

SQLite gives up the interpreter lock at every step. While the event loop is busy each of these costs the writer a wait
for its turn, so that a commit of fifty single statements takes fifty waits; as one statement it takes one, and the
rows are written while Python runs on.
"""

# ruff: noqa: S608 - statements are made of the names in our own declarations, never of data

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from storage.sqlite.jobs import Job, Outcome
from storage.sqlite.schema import Table, id_list

Row = tuple[Any, ...]
_LENGTHS = (64, 32, 16, 8, 4, 2, 1)
"""Rows in one statement: few lengths, so that each is compiled once."""


@dataclass(frozen=True, slots=True)
class Insertion:
    """Documents to be inserted. A row: id, version, body, keys. The result has for each None where it was written,
    else the body that stands there already."""

    table: Table[Any]
    rows: list[Row]
    documents: Sequence[Any]

    def __call__(self, connection: sqlite3.Connection) -> list[bytes | None]:
        return insert_rows(connection, self.table, self.rows, self.documents)


@dataclass(frozen=True, slots=True)
class Revision:
    """Documents to be replaced. A row: new version, body, keys, id, expected version. The result has for each whether
    it was written."""

    table: Table[Any]
    rows: list[Row]
    documents: Sequence[Any]

    def __call__(self, connection: sqlite3.Connection) -> list[bool]:
        return replace_rows(connection, self.table, self.rows, self.documents)


def insert_rows(
    connection: sqlite3.Connection, table: Table[Any], rows: list[Row], documents: Sequence[Any]
) -> list[bytes | None]:
    """Insert those whose id is free; of several with one id the first."""
    if len(rows) == 1 and connection.execute(table.insert, rows[0]).rowcount:
        results: list[bytes | None] = [None]
        fresh = {rows[0][0]: rows[0]}
    else:
        standing = _fetch(connection, f"SELECT id, body FROM {table.name} WHERE id", [row[0] for row in rows])
        fresh = {}
        results = []
        for row in rows:
            found = standing.get(row[0])
            results.append(found)
            if found is None:
                standing[row[0]] = row[2]
                fresh[row[0]] = row
        _in_pieces(connection, table.insert, table.insert_places, list(fresh.values()))
    for document in documents if table.lists else ():
        if fresh.pop(document.id, None) is not None:
            _insert_elements(connection, table, document)
    return results


def replace_rows(
    connection: sqlite3.Connection, table: Table[Any], rows: list[Row], documents: Sequence[Any]
) -> list[bool]:
    """Replace those whose stored version is the expected one, in order."""
    if len(rows) == 1 or table.lists or len({row[-2] for row in rows}) < len(rows):
        return [_replace_one(connection, table, document, row) for document, row in zip(documents, rows, strict=True)]
    versions = _fetch(connection, f"SELECT id, version FROM {table.name} WHERE id", [row[-2] for row in rows])
    results = [versions.get(row[-2]) == row[-1] for row in rows]
    fitting = [row[:-1] for row, fits in zip(rows, results, strict=True) if fits]
    _in_pieces(connection, table.replace_each, table.insert_places, fitting)
    return results


def delete_row(connection: sqlite3.Connection, table: Table[Any], id: str, version: int | None) -> bool:
    """Delete it where it has that version, if one is given."""
    statement = f"DELETE FROM {table.name} WHERE id = ?"
    values: tuple[str | int, ...] = (id,)
    if version is not None:
        statement, values = f"{statement} AND version = ?", (id, version)
    if not connection.execute(statement, values).rowcount:
        return False
    _delete_elements(connection, table, id)
    return True


def run_together(connection: sqlite3.Connection, jobs: Sequence[Job]) -> list[Outcome]:
    """Run insertions, or revisions, of one table as if they were one job.

    They cannot fail one by one: what they bind was encoded as BSON before, and conflicts are answers.
    """
    works: list[Insertion | Revision] = [job.work for job in jobs]  # type: ignore[misc]
    first = works[0]
    rows = [row for work in works for row in work.rows]
    documents = [document for work in works for document in work.documents]
    results: Sequence[Any] = type(first)(first.table, rows, documents)(connection)
    outcomes = []
    start = 0
    for job, work in zip(jobs, works, strict=True):
        outcomes.append(Outcome(job, list(results[start : start + len(work.rows)])))
        start += len(work.rows)
    return outcomes


def _fetch(connection: sqlite3.Connection, select: str, ids: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for start in range(0, len(ids), 1000):
        places, values = id_list(ids[start : start + 1000])
        found.update(connection.execute(f"{select} {places}", values).fetchall())
    return found


def _in_pieces(connection: sqlite3.Connection, statement: str, places: str, rows: list[Row]) -> None:
    """Run a statement over VALUES with as many rows at once as there are."""
    start = 0
    for length in _LENGTHS:
        while len(rows) - start >= length:
            values = [value for row in rows[start : start + length] for value in row]
            connection.execute(statement.replace(places, ", ".join([places] * length), 1), values)
            start += length


def _replace_one(connection: sqlite3.Connection, table: Table[Any], document: Any, row: Row) -> bool:
    if not connection.execute(table.replace, row).rowcount:
        return False
    if table.lists:
        _delete_elements(connection, table, row[-2])
        _insert_elements(connection, table, document)
    return True


def _insert_elements(connection: sqlite3.Connection, table: Table[Any], document: Any) -> None:
    for statement, entries in table.list_rows(document):
        connection.executemany(statement, entries)


def _delete_elements(connection: sqlite3.Connection, table: Table[Any], id: str) -> None:
    for index in table.lists:
        connection.execute(f"DELETE FROM {table.side(index)} WHERE id = ?", (id,))
