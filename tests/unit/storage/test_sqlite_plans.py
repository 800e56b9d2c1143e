"""Every query that the port permits uses its index, in both directions, at any depth."""

import sqlite3
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from hub.ports.kinds import Index, Kind
from storage.sqlite.schema import Table, prepare
from storage.sqlite.search import SEARCH_TABLES
from tests.store_engines import KINDS, NOON

DECLARED = [(kind, index) for kind in KINDS for index in kind.indexes]


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    prepare([Table(kind) for kind in KINDS], SEARCH_TABLES)(connection)
    yield connection
    connection.close()


def plan(connection: sqlite3.Connection, statement: str, values: list[Any]) -> list[str]:
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]


@pytest.mark.parametrize(("kind", "index"), DECLARED, ids=lambda value: value.name)
def test_pages_and_counts_search_their_index(connection: sqlite3.Connection, kind: Kind[Any], index: Index) -> None:
    table = Table(kind)
    for used in range(int(index.many), len(index.keys) + 1):
        equal = [NOON] * used
        rest = len(index.keys) - used
        bounds = [None, 5] if rest else [None]
        for since, until, last, newest in product(bounds, bounds, (None, [1] * (rest + 1)), (False, True)):
            clause, values = table.page_query(index, equal, since=since, until=until, last=last, newest_first=newest)
            steps = plan(connection, f"SELECT body {clause} LIMIT 51", values)
            assert not any("TEMP B-TREE" in step for step in steps), (steps, clause)
            searched = bool(used or last or since or until or (index.sparse and rest))
            assert steps[0].startswith("SEARCH" if searched else "SCAN"), (steps, clause)
            uses = "PRIMARY KEY" if index.many or kind.clustered == index.name else f"k_{kind.name}__{index.name}"
            assert uses in steps[0] or (uses == "PRIMARY KEY" and not searched), (steps, clause)
        for since, until in product(bounds, bounds):
            statement, values = table.count_query(index, equal, since=since, until=until)
            steps = plan(connection, statement, [*values, 10])
            assert any(f"k_{kind.name}" in step or kind.clustered == index.name for step in steps)
            assert not (used or since or until) or any(step.startswith("SEARCH") for step in steps), steps


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_look_ups_by_id_use_the_key(connection: sqlite3.Connection, kind: Kind[Any]) -> None:
    table = Table(kind)
    for statement in (table.select, f"SELECT body FROM {table.name} WHERE id > ? ORDER BY id LIMIT 5"):
        steps = plan(connection, statement, ["a"])
        assert len(steps) == 1
        assert steps[0].startswith("SEARCH")
    rows = [1, b"", *[None] * len(table.columns), "a"]
    assert any("SEARCH" in step and table.name in step for step in plan(connection, table.replace_each, rows))


def test_a_deep_page_starts_at_its_cursor(connection: sqlite3.Connection) -> None:
    """Not at the bound it moves away from: that would cost more on each page."""
    table = Table(next(kind for kind in KINDS if kind.name == "interactions"))
    clause, values = table.page_query(
        table.kind.index("timeline"), ["c"], since=None, until=9, last=[5, "i"], newest_first=True
    )
    steps = plan(connection, f"SELECT body {clause}", values)
    assert "(at,id)<(?,?)" in steps[0].replace(" ", "")
