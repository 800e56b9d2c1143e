"""The words that stand in the index, sorted: what somebody has typed so far becomes the words that begin with it.

FTS5 would gather every row of every such word before it gives the newest; asked for the words themselves it walks
backwards and stops. Numbers and whole addresses are not kept: their beginnings are rare enough to be looked up in FTS5.
"""

import sqlite3
from collections.abc import Iterable

WORDS_TABLE = {"search_words": "CREATE TABLE search_words (word TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID"}
LONGEST_WORD = 20
MOST_WORDS = 1_000
"""More words with one beginning are not asked for one by one."""
_AFTER_ALL = "\U0010ffff"


def is_word(term: str) -> bool:
    """Whether it is kept here."""
    return len(term) <= LONGEST_WORD and term[:1].isalpha() and "@" not in term


def put_words(connection: sqlite3.Connection, terms: Iterable[str]) -> None:
    """Keep those that are new."""
    words = sorted({term for term in terms if is_word(term)})
    connection.executemany("INSERT OR IGNORE INTO search_words (word) VALUES (?)", [(word,) for word in words])


def drop_words(connection: sqlite3.Connection, terms: Iterable[str]) -> None:
    """Forget those that stand in no entry any more: nothing of what was erased stays."""
    for word in {term for term in terms if is_word(term)}:
        match = (f'"{word}"',)
        if (
            connection.execute("SELECT 1 FROM search_terms WHERE search_terms MATCH ? LIMIT 1", match).fetchone()
            is None
        ):
            connection.execute("DELETE FROM search_words WHERE word = ?", (word,))


def words_with(connection: sqlite3.Connection, beginning: str) -> list[str]:
    """The words that begin so; empty where FTS5 is to be asked: too many, none, or not the beginning of a word."""
    if not is_word(beginning):
        return []
    statement = "SELECT word FROM search_words WHERE word >= ? AND word < ? LIMIT ?"
    rows = connection.execute(statement, (beginning, beginning + _AFTER_ALL, MOST_WORDS + 1)).fetchall()
    return [row[0] for row in rows] if len(rows) <= MOST_WORDS else []
