"""The words of the index: what a beginning stands for, what is too much, and what goes when nothing holds it."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from hub.ports.search import NameEntry, SearchEntry
from storage.sqlite import words
from storage.sqlite.search import SEARCH_TABLES, SqliteSearch, _suggest
from storage.sqlite.words import is_word, put_words, words_with
from storage.terms import trigrams
from tests.store_engines import NOON


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in SEARCH_TABLES.values():
        connection.execute(statement)
    yield connection
    connection.close()


class Straight:
    """A job queue that does each job at once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    async def submit(self, work: Any, **_: object) -> Any:
        return work(self.connection)


def search_of(connection: sqlite3.Connection) -> SqliteSearch:
    queue: Any = Straight(connection)
    return SqliteSearch(queue, queue)


def entry(number: int, *terms: str) -> SearchEntry:
    return SearchEntry(id=f"i{number}", at=NOON + timedelta(minutes=number), terms=terms)


def test_only_words_are_kept() -> None:
    assert [term for term in ("stuhl", "öl", "r2d2", "7677", "a@b.example", "x" * 21, "") if is_word(term)] == [
        "stuhl",
        "öl",
        "r2d2",
    ]


def test_a_beginning_stands_for_its_words(connection: sqlite3.Connection) -> None:
    put_words(connection, ["stuhl", "stub", "stz", "stau", "st", ":616c6c", "77"])
    assert words_with(connection, "stu") == ["stub", "stuhl"]
    assert words_with(connection, "77") == []
    assert words_with(connection, "zz") == []


async def test_too_many_words_are_left_to_the_engine(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = search_of(connection)
    await search.put_many([entry(number, f"stu{letter}") for number, letter in enumerate("abcdefg")])
    with_words = await search.find(["stu"], scope=["all"], limit=3)
    monkeypatch.setattr(words, "MOST_WORDS", 3)
    assert words_with(connection, "stu") == []
    without = await search.find(["stu"], scope=["all"], limit=3)
    assert with_words.ids == without.ids == ["i6", "i5", "i4"]
    assert (await search.find(["stu"], scope=["all"], limit=9, after=with_words.next)).ids == ["i3", "i2", "i1", "i0"]


async def test_words_that_nothing_holds_any_more_are_forgotten(connection: sqlite3.Connection) -> None:
    search = search_of(connection)
    await search.put_many([entry(1, "geheim", "stuhl"), entry(2, "stuhl")])
    await search.remove(["i1"])
    assert words_with(connection, "geh") == []
    assert words_with(connection, "stu") == ["stuhl"]


async def test_a_trigram_of_everybody_names_no_candidates(connection: sqlite3.Connection) -> None:
    search = search_of(connection)
    await search.put_names([NameEntry(id=f"c{number}", text=f"Firma {number} example") for number in range(300)])
    await search.put_names([NameEntry(id="c_müller", text="Petra Müller example")])
    read: list[str] = []
    connection.set_trace_callback(read.append)
    found = _suggest(connection, sorted(trigrams("Muelle")), 10)
    connection.set_trace_callback(None)
    assert found[0][0] == "c_müller"
    named = next(statement for statement in read if "UNION ALL" in statement)
    assert "'mue'" in named
    assert "'le '" not in named
