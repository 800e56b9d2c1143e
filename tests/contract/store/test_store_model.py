"""Every engine answers every sequence of calls as the model in tests/memory_store.py does."""

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from hub.ports.kinds import SETTINGS, Kind
from hub.ports.search import NameEntry, SearchEntry
from hub.ports.store import Page, Replacement, Store
from tests.memory_store import MemoryStore
from tests.store_engines import ENGINES, LAID_OUT, NOON, THINGS, WIRE, SetClock, Thing

IDS = st.sampled_from(["a", "b", "c", "d", "é", "e\x00", "😀"])
OWNERS = st.sampled_from([None, "", "u", "ü", "ﬀ", "😀"])
MOMENTS = st.integers(-3, 3).map(lambda step: NOON + timedelta(milliseconds=step))
TAGS = st.lists(st.sampled_from(["x", "y", "ü"]), max_size=3).map(tuple)
ALL_THINGS = st.builds(
    Thing,
    id=IDS,
    owner=OWNERS,
    rank=st.integers(-1, 2),
    flag=st.booleans(),
    tags=TAGS,
    at=MOMENTS,
    data=st.binary(max_size=3),
)
EXAMPLES = {"mongodb": 12}
"""A call over the wire takes ten times as long; the generated calls are the same ones."""
BOTH_KINDS = st.sampled_from([THINGS, LAID_OUT])
VERSIONS = st.integers(0, 3)
WORDS = st.sampled_from(["rechnung", "rechn", "brief", "a1", "p.m@x.de", "übrig"])
SCOPES = st.lists(st.sampled_from(["all", "u_1", "Team Süd"]), max_size=2).map(tuple)
NAMES = st.lists(st.sampled_from(["Müller", "Mueler", "Hans", "Petra"]), min_size=1, max_size=3).map(" ".join)
KEYS = {
    "by_owner": (st.sampled_from(["", "u", "ü"]), st.integers(-1, 2)),
    "by_tag": (st.sampled_from(["x", "y", "ü"]), MOMENTS),
    "by_flag": (st.booleans(), st.integers(-1, 2)),
    "by_at": (MOMENTS,),
    "line": (st.integers(-1, 2), MOMENTS),
}


@st.composite
def page_calls(draw: st.DrawFn) -> tuple[Kind[Thing], str, tuple[Any, ...], dict[str, Any]]:
    """A kind, one of its indexes, values for its leading keys, and the other arguments."""
    kind = draw(BOTH_KINDS)
    index = draw(st.sampled_from(kind.indexes))
    keys = KEYS[index.name]
    used = draw(st.sampled_from([int(index.many), int(index.many), len(keys) - 1, len(keys)]))
    equal = tuple(draw(key) for key in keys[:used])
    options: dict[str, Any] = {"limit": draw(st.integers(1, 4)), "newest_first": draw(st.booleans())}
    if len(equal) < len(keys):
        options["since"] = draw(st.none() | keys[len(equal)])
        options["until"] = draw(st.none() | keys[len(equal)])
    return kind, index.name, equal, options


class Machine(RuleBasedStateMachine):
    """Makes the same calls on both, and compares."""

    runner: asyncio.Runner
    place: Path
    engine: str
    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.model = MemoryStore(clock=SetClock())

    def both(self, verb: str, kind: Kind[Thing], *arguments: Any, **options: Any) -> Any:
        """The answer of both, which must be the same."""
        expected = self.runner.run(getattr(self.model.documents(kind), verb)(*arguments, **options))
        answer = self.runner.run(getattr(self.store.documents(kind), verb)(*arguments, **options))
        assert answer == expected
        return answer

    def search(self, verb: str, *arguments: Any, **options: Any) -> Any:
        expected = self.runner.run(getattr(self.model.search, verb)(*arguments, **options))
        answer = self.runner.run(getattr(self.store.search, verb)(*arguments, **options))
        assert getattr(answer, "ids", answer) == getattr(expected, "ids", expected)
        return answer

    @initialize(
        documents=st.lists(ALL_THINGS, min_size=5, max_size=9, unique_by=lambda thing: thing.id),
        names=st.lists(NAMES, min_size=3, max_size=5),
    )
    def begin(self, documents: list[Thing], names: list[str]) -> None:
        self.runner.run(_empty(type(self).store))
        for kind in (THINGS, LAID_OUT):
            self.both("insert_many", kind, documents)
        self.search("put_names", [NameEntry(id=f"c{number}", text=name) for number, name in enumerate(names)])

    @rule(kind=BOTH_KINDS, document=ALL_THINGS)
    def insert(self, kind: Kind[Thing], document: Thing) -> None:
        self.both("insert", kind, document)

    @rule(kind=BOTH_KINDS, documents=st.lists(ALL_THINGS, max_size=6))
    def insert_many(self, kind: Kind[Thing], documents: list[Thing]) -> None:
        self.both("insert_many", kind, documents)

    @rule(kind=BOTH_KINDS, document=ALL_THINGS, version=VERSIONS)
    def replace(self, kind: Kind[Thing], document: Thing, version: int) -> None:
        self.both("replace", kind, document, version)

    @rule(kind=BOTH_KINDS, replacements=st.lists(st.builds(Replacement, ALL_THINGS, VERSIONS), max_size=4))
    def replace_many(self, kind: Kind[Thing], replacements: list[Replacement[Thing]]) -> None:
        self.both("replace_many", kind, replacements)

    @rule(kind=BOTH_KINDS, id=IDS, version=st.none() | VERSIONS)
    def delete(self, kind: Kind[Thing], id: str, version: int | None) -> None:
        self.both("delete", kind, id, version)

    @rule(kind=BOTH_KINDS, id=IDS, ids=st.lists(IDS, max_size=5))
    def read(self, kind: Kind[Thing], id: str, ids: list[str]) -> None:
        self.both("get", kind, id)
        self.both("get_many", kind, ids)
        self.both("scan", kind, id, 3)

    @rule(calls=st.lists(page_calls(), min_size=3, max_size=8), document=ALL_THINGS)
    def walk(self, calls: list[tuple[Kind[Thing], str, tuple[Any, ...], dict[str, Any]]], document: Thing) -> None:
        for call in calls:
            self._walk(call, document)

    def _walk(self, call: tuple[Kind[Thing], str, tuple[Any, ...], dict[str, Any]], document: Thing) -> None:
        """All pages; between the first and the second somebody writes."""
        kind, index, equal, options = call
        self.both("count", kind, index, *equal)
        bounds = {name: options[name] for name in ("since", "until") if name in options}
        self.both("count", kind, index, *equal, **bounds)
        cursors: tuple[str | None, str | None] = (None, None)
        for number in range(20):
            expected, answer = (
                self.runner.run(documents.page(index, *equal, after=after, **options))
                for documents, after in zip(
                    (self.model.documents(kind), self.store.documents(kind)), cursors, strict=True
                )
            )
            assert _shape(answer) == _shape(expected)
            cursors = (expected.next, answer.next)
            if answer.next is None:
                return
            if number == 0:
                self.both("insert", kind, document)
        raise AssertionError("the pages have no end")

    @rule(
        number=st.integers(0, 4), step=st.integers(-2, 2), scope=SCOPES, terms=st.lists(WORDS, unique=True).map(tuple)
    )
    def put_entry(self, number: int, step: int, scope: tuple[str, ...], terms: tuple[str, ...]) -> None:
        at = NOON + timedelta(milliseconds=number + 10 * step)
        self.search("put_many", [SearchEntry(id=f"i{number}", at=at, scope=tuple(dict.fromkeys(scope)), terms=terms)])

    @rule(number=st.integers(0, 4))
    def remove_entry(self, number: int) -> None:
        self.search("remove", [f"i{number}"])

    @rule(terms=st.lists(WORDS | st.sampled_from(["rec", "re", "nichts"]), max_size=3), scope=SCOPES)
    def find(self, terms: list[str], scope: tuple[str, ...]) -> None:
        page = self.search("find", terms, scope=scope, limit=2)
        expected = self.runner.run(self.model.search.find(terms, scope=scope)).ids
        found = list(page.ids)
        while page.next is not None:
            page = self.runner.run(self.store.search.find(terms, scope=scope, limit=2, after=page.next))
            found += page.ids
        assert found == expected
        assert self.search("scan", limit=3) is not None

    @rule(number=st.integers(0, 4), text=NAMES)
    def put_name(self, number: int, text: str) -> None:
        self.search("put_names", [NameEntry(id=f"c{number}", text=text)])

    @rule(number=st.integers(0, 4))
    def remove_name(self, number: int) -> None:
        self.search("remove_names", [f"c{number}"])

    @rule(text=NAMES, limit=st.integers(1, 5))
    def suggest(self, text: str, limit: int) -> None:
        self.search("suggest", text, limit=limit)
        self.search("scan_names", "c1", 2)

    @rule()
    def open_again(self) -> None:
        machine = type(self)
        self.runner.run(machine.store.close())
        machine.store = self.runner.run(_open(machine.engine, machine.place))


def _shape(page: Page[Thing]) -> tuple[list[Thing], bool]:
    return page.items, page.next is None


async def _open(engine: str, place: Path) -> Store:
    return await ENGINES[engine](place, clock=SetClock(), kinds=(THINGS, LAID_OUT, SETTINGS))


async def _empty(store: Store) -> None:
    for kind in (THINGS, LAID_OUT):
        for document in await store.documents(kind).scan():
            await store.documents(kind).delete(document.id)
    await store.search.remove([entry.id for entry in await store.search.scan()])
    await store.search.remove_names([entry.id for entry in await store.search.scan_names()])


@pytest.mark.parametrize("engine", sorted(set(ENGINES) - {"memory"}))
def test_the_engine_answers_as_the_model(engine: str, request: pytest.FixtureRequest) -> None:
    WIRE.serve(engine, request)
    with tempfile.TemporaryDirectory() as directory, asyncio.Runner() as runner:
        machine = type("Bound", (Machine,), {"runner": runner, "engine": engine, "place": Path(directory) / "data"})
        machine.store = runner.run(_open(engine, machine.place))
        try:
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=EXAMPLES.get(engine, 60),
                    stateful_step_count=30,
                    deadline=None,
                    derandomize=True,
                    suppress_health_check=[HealthCheck.too_slow],
                ),
            )
        finally:
            runner.run(machine.store.close())
