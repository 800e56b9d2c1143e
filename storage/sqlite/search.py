"""Full-text search in SQLite: FTS5 over ready-made terms.

The row number is the moment in milliseconds and 21 bits of the id, so that "newest first" is the index's own order and
a page costs the same at any depth. Scopes are terms of the same row, written `:` and hex, which no word can be; so are
facets, written `::` and hex. The index holds no text (`content=''`); the terms lie in `search_entries`, from where an
old entry is taken out again (SQLite 3.40 has no `contentless_delete`).
"""

import json
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from hub.domain.errors import Invalid
from hub.domain.instant import epoch_ms, from_epoch_ms
from hub.ports.search import NameEntry, SearchEntry, SearchPage
from storage.cursors import read_cursor, write_cursor
from storage.sqlite.jobs import JobQueue
from storage.sqlite.schema import id_list
from storage.sqlite.words import WORDS_TABLE, drop_words, put_words, words_with
from storage.terms import MOST_TERMS, normal_term, trigrams

SEARCH_TABLES = {
    "search_entries": "CREATE TABLE search_entries"
    " (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, tokens TEXT NOT NULL)",
    "search_terms": "CREATE VIRTUAL TABLE search_terms USING fts5(tokens, content='', detail=none, columnsize=0,"
    " tokenize=\"ascii tokenchars '@._+-:'\")",
    "search_names": "CREATE TABLE search_names (id TEXT PRIMARY KEY NOT NULL, text TEXT NOT NULL) WITHOUT ROWID",
    "search_trigrams": "CREATE TABLE search_trigrams (trigram TEXT NOT NULL, id TEXT NOT NULL,"
    " PRIMARY KEY (trigram, id)) WITHOUT ROWID",
    **WORDS_TABLE,
}
_BITS = 21
_LATEST = (1 << 42) - 1
_MOST_TRIGRAMS = 512
_SHORTEST_PREFIX = 3
_MOST_POSTINGS = 6_000
"""Rows of trigrams that name candidates of one question."""
_CANDIDATES = 200
_REMOVED_AT_ONCE = 50
_LAST = "\U0010ffff"


def _scope_token(scope: str) -> str:
    return ":" + scope.encode("utf-8").hex()


def _facet_token(facet: str) -> str:
    return "::" + facet.encode("utf-8").hex()


def _number(entry: SearchEntry) -> int:
    moment = min(max(epoch_ms(entry.at), 0), _LATEST)
    return (moment << _BITS) | (zlib.crc32(entry.id.encode("utf-8")) & ((1 << _BITS) - 1))


def _tokens(entry: SearchEntry) -> str:
    terms = [term for term in dict.fromkeys(map(normal_term, entry.terms)) if term]
    scope, facets = dict.fromkeys(entry.scope), dict.fromkeys(entry.facets)
    return " ".join([*map(_scope_token, scope), *map(_facet_token, facets), *terms[:MOST_TERMS]])


class SqliteSearch:
    """`Search` beside the documents, in the same database and the same commits."""

    def __init__(self, writes: JobQueue, reads: JobQueue) -> None:
        self._writes = writes
        self._reads = reads

    async def put_many(self, entries: Sequence[SearchEntry]) -> None:
        if not entries:
            return
        # Ascending row numbers: FTS5 writes a segment out whenever one is smaller than the last.
        rows = sorted({entry.id: (_number(entry), entry.id, _tokens(entry)) for entry in entries}.values())
        weight = sum(len(tokens) for _, _, tokens in rows)
        await self._writes.submit(lambda connection: _put(connection, rows), weight=weight, compound=True)

    async def remove(self, ids: Sequence[str]) -> None:
        # Few at once: each word of theirs is looked for in the index, and whoever writes mails waits meanwhile.
        for start in range(0, len(ids), _REMOVED_AT_ONCE):
            some = ids[start : start + _REMOVED_AT_ONCE]
            await self._writes.submit(partial(_remove, ids=some), compound=True)

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
        if not 1 <= limit <= 1000:
            raise Invalid("A page has 1 to 1,000 items.", limit=limit)
        wanted = [term for term in map(normal_term, terms) if term]
        if not wanted or not scope or not all(facets):
            return SearchPage([])
        list_name = f"search/{wanted!r}/{sorted(scope)!r}"
        if facets or since or until:
            list_name += f"/{[sorted(group) for group in facets]!r}/{since}/{until}"
        last = None if after is None else read_cursor(list_name, after, 2)
        among = [_any_of(map(_scope_token, scope)), *(_any_of(map(_facet_token, group)) for group in facets)]
        bounds = (_first_number(since, 0), _first_number(until, _LATEST + 1))
        rows, prefix = await self._reads.submit(
            lambda connection: _find(connection, wanted, among, bounds, last, limit + 1)
        )
        more = len(rows) > limit
        rows = rows[:limit]
        return SearchPage([id for _, id in rows], write_cursor(list_name, [rows[-1][0], int(prefix)]) if more else None)

    async def put_names(self, entries: Sequence[NameEntry]) -> None:
        if entries:
            rows = {entry.id: entry.text for entry in entries}
            await self._writes.submit(lambda connection: _put_names(connection, rows), compound=True)

    async def remove_names(self, ids: Sequence[str]) -> None:
        if ids:
            await self._writes.submit(lambda connection: _forget_names(connection, list(ids)), compound=True)

    async def suggest(self, text: str, *, prefix: str = "", limit: int = 10) -> list[str]:
        if not 1 <= limit <= 1000:
            raise Invalid("A page has 1 to 1,000 items.", limit=limit)
        wanted = sorted(trigrams(text))[:_MOST_TRIGRAMS]
        if not wanted:
            return []
        rows = await self._reads.submit(lambda connection: _suggest(connection, wanted, limit, prefix))
        return [row[0] for row in rows]

    async def scan(self, after: str = "", limit: int = 500) -> list[SearchEntry]:
        if not 1 <= limit <= 1000:
            raise Invalid("A page has 1 to 1,000 items.", limit=limit)
        statement = "SELECT n, id, tokens FROM search_entries WHERE id > ? ORDER BY id LIMIT ?"
        rows = await self._reads.submit(lambda connection: connection.execute(statement, (after, limit)).fetchall())
        return [_entry(*row) for row in rows]

    async def scan_names(self, after: str = "", limit: int = 500) -> list[NameEntry]:
        if not 1 <= limit <= 1000:
            raise Invalid("A page has 1 to 1,000 items.", limit=limit)
        statement = "SELECT id, text FROM search_names WHERE id > ? ORDER BY id LIMIT ?"
        rows = await self._reads.submit(lambda connection: connection.execute(statement, (after, limit)).fetchall())
        return [NameEntry(id=id, text=text) for id, text in rows]


def _entry(number: int, id: str, tokens: str) -> SearchEntry:
    parts = tokens.split(" ") if tokens else []
    facets = tuple(bytes.fromhex(part[2:]).decode("utf-8") for part in parts if part.startswith("::"))
    scope = tuple(
        bytes.fromhex(part[1:]).decode("utf-8") for part in parts if part.startswith(":") and part[1:2] != ":"
    )
    terms = tuple(part for part in parts if not part.startswith(":"))
    return SearchEntry(id=id, at=from_epoch_ms(number >> _BITS), scope=scope, facets=facets, terms=terms)


def _any_of(tokens: Iterable[str]) -> str:
    return "(" + " OR ".join(f'"{token}"' for token in dict.fromkeys(tokens)) + ")"


def _first_number(moment: datetime | None, otherwise: int) -> int:
    """The least row number of that millisecond."""
    at = otherwise if moment is None else min(max(epoch_ms(moment), 0), _LATEST + 1)
    return at << _BITS


def _find(
    connection: sqlite3.Connection,
    terms: list[str],
    among: list[str],
    bounds: tuple[int, int],
    last: Sequence[str | int] | None,
    limit: int,
) -> tuple[list[tuple[int, str]], bool]:
    """(row number, id) of the page, and whether the last term was taken as a prefix. `among`: the scope, and what the
    filters ask for."""
    prefix = bool(last[1]) if last else _needs_prefix(connection, terms[-1], among[0])
    words = [f'"{term}"' for term in terms]
    last_word = _beginning(connection, terms[-1]) if prefix else words[-1]
    match = " AND ".join([*words[:-1], last_word, *among])
    statement = (
        "SELECT n, id FROM (SELECT rowid AS r FROM search_terms WHERE search_terms MATCH ? AND rowid >= ? AND rowid < ?"
        " ORDER BY rowid DESC LIMIT ?) CROSS JOIN search_entries ON n = r ORDER BY r DESC"
    )
    first, below = bounds
    if last:
        below = min(below, int(last[0]))
    return connection.execute(statement, (match, first, min(below, (1 << 63) - 1), limit)).fetchall(), prefix


def _beginning(connection: sqlite3.Connection, term: str) -> str:
    """What matches every word that begins with the term."""
    words = words_with(connection, term)
    return _any_of(words) if words else f'"{term}"*'


def _needs_prefix(connection: sqlite3.Connection, term: str, scope: str) -> bool:
    if len(term) < _SHORTEST_PREFIX:
        return False
    statement = "SELECT 1 FROM search_terms WHERE search_terms MATCH ? LIMIT 1"
    return connection.execute(statement, (f'"{term}" AND {scope}',)).fetchone() is None


def _put(connection: sqlite3.Connection, rows: list[tuple[int, str, str]]) -> None:
    put_words(connection, (term for _, _, tokens in rows for term in tokens.split(" ")))
    unchanged = _forget(connection, [id for _, id, _ in rows], {id: (number, tokens) for number, id, tokens in rows})
    for number, id, tokens in rows:
        if id in unchanged:
            continue
        while not connection.execute(
            "INSERT INTO search_entries (n, id, tokens) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (number, id, tokens)
        ).rowcount:
            number += 1  # two ids with equal bits in one millisecond
        connection.execute("INSERT INTO search_terms (rowid, tokens) VALUES (?, ?)", (number, tokens))


def _suggest(connection: sqlite3.Connection, wanted: list[str], limit: int, prefix: str = "") -> list[tuple[str, int]]:
    """(id, how many of these trigrams it has), most first; of those with a third and more, and with ids that begin so.

    Whoever has a third of them has one of the rarer two thirds, so the commonest, which half of all names may have,
    name no candidates; nor do more than so many rows. Only the best candidates are then counted exactly.
    """
    least = -(-len(wanted) // 3)
    counted = sorted((_count_trigram(connection, trigram, prefix), trigram) for trigram in wanted)
    rare = [(count, trigram) for count, trigram in counted[: len(wanted) - least + 1] if count]
    read = 0
    kept: list[str] = []
    for count, trigram in rare:
        if kept and read + count > _MOST_POSTINGS:
            break
        read += count
        kept.append(trigram)
    if not kept:
        return []
    part = "SELECT id FROM (SELECT id FROM search_trigrams WHERE trigram = ? AND id >= ? AND id < ? LIMIT ?)"
    statement = (
        f"SELECT id FROM ({' UNION ALL '.join([part] * len(kept))}) GROUP BY id ORDER BY count(*) DESC, id LIMIT ?"  # noqa: S608 - constants
    )
    values = [value for trigram in kept for value in (trigram, prefix, prefix + _LAST, _MOST_POSTINGS)]
    candidates = [row[0] for row in connection.execute(statement, (*values, max(_CANDIDATES, 2 * limit)))]
    statement = (
        "SELECT id, count(*) AS shared FROM search_trigrams WHERE trigram IN (SELECT value FROM json_each(?))"
        " AND id IN (SELECT value FROM json_each(?)) GROUP BY id HAVING shared >= ? ORDER BY shared DESC, id LIMIT ?"
    )
    return connection.execute(statement, (json.dumps(wanted), json.dumps(candidates), least, limit)).fetchall()


def _count_trigram(connection: sqlite3.Connection, trigram: str, prefix: str) -> int:
    """How many names have it; counted up to the bound."""
    statement = "SELECT count(*) FROM (SELECT 1 FROM search_trigrams WHERE trigram = ? AND id >= ? AND id < ? LIMIT ?)"
    return int(connection.execute(statement, (trigram, prefix, prefix + _LAST, _MOST_POSTINGS)).fetchone()[0])


def _fetch(connection: sqlite3.Connection, select: str, ids: Sequence[str]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for start in range(0, len(ids), 1000):
        places, values = id_list(ids[start : start + 1000])
        rows += connection.execute(f"{select} {places}", values).fetchall()
    return rows


def _remove(connection: sqlite3.Connection, ids: Sequence[str]) -> None:
    gone = _fetch(connection, "SELECT tokens FROM search_entries WHERE id", ids)
    _forget(connection, ids, {})
    drop_words(connection, (term for (tokens,) in gone for term in tokens.split(" ")))


def _forget(connection: sqlite3.Connection, ids: Sequence[str], wanted: dict[str, tuple[int, str]]) -> set[str]:
    """Take these out; returns those that already are what is wanted, which stay."""
    unchanged = set()
    for number, id, tokens in _fetch(connection, "SELECT n, id, tokens FROM search_entries WHERE id", ids):
        if id in wanted and wanted[id][0] >> _BITS == number >> _BITS and wanted[id][1] == tokens:
            unchanged.add(id)
            continue
        connection.execute("DELETE FROM search_entries WHERE n = ?", (number,))
        connection.execute(
            "INSERT INTO search_terms (search_terms, rowid, tokens) VALUES ('delete', ?, ?)", (number, tokens)
        )
    return unchanged


def _put_names(connection: sqlite3.Connection, rows: dict[str, str]) -> None:
    # Most changes of a contact or a document do not touch its name.
    known = dict(_fetch(connection, "SELECT id, text FROM search_names WHERE id", list(rows)))
    rows = {id: text for id, text in rows.items() if known.get(id) != text}
    _forget_names(connection, list(rows))
    for id, text in rows.items():
        connection.execute("INSERT INTO search_names (id, text) VALUES (?, ?)", (id, text))
        found = sorted(trigrams(text))[:_MOST_TRIGRAMS]
        connection.execute(
            "INSERT INTO search_trigrams (trigram, id) SELECT value, ? FROM json_each(?)", (id, json.dumps(found))
        )


def _forget_names(connection: sqlite3.Connection, ids: list[str]) -> None:
    for id, text in _fetch(connection, "SELECT id, text FROM search_names WHERE id", ids):
        found = json.dumps(sorted(trigrams(text))[:_MOST_TRIGRAMS])
        connection.execute(
            "DELETE FROM search_trigrams WHERE id = ? AND trigram IN (SELECT value FROM json_each(?))", (id, found)
        )
        connection.execute("DELETE FROM search_names WHERE id = ?", (id,))
