"""Versions of stored documents, and tables that follow their declarations."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from hub.domain.errors import StoreUnavailable
from hub.domain.upkeep import Setting
from hub.ports.kinds import SETTINGS, Index, Kind
from hub.ports.store import Store
from storage.migrations import migrate
from storage.sqlite import open_sqlite
from tests.memory_store import MemoryStore
from tests.store_engines import NOON, SetClock, Thing, thing


async def put(store: Store, name: str) -> None:
    await store.documents(SETTINGS).insert(Setting(id=name, value="", at=NOON))


async def version(store: Store) -> str:
    setting = await store.documents(SETTINGS).get("schema_version")
    assert setting is not None
    return setting.value


async def test_a_new_store_begins_at_the_present_version() -> None:
    async def step(store: Store) -> None:
        raise AssertionError("there is nothing to migrate")

    store = MemoryStore()
    assert await migrate(store, SetClock(), [step, step]) == 2
    assert await version(store) == "2"


async def test_steps_run_once_in_order_and_a_failed_one_is_resumed() -> None:
    store, ran, healthy = MemoryStore(), [], False

    async def first(store: Store) -> None:
        ran.append("first")

    async def second(store: Store) -> None:
        ran.append("second")
        await put(store, "half")
        if not healthy:
            raise RuntimeError("power cut")

    async def third(store: Store) -> None:
        ran.append("third")

    await migrate(store, SetClock(), [])
    with pytest.raises(RuntimeError):
        await migrate(store, SetClock(), [first, second, third])
    assert (ran, await version(store)) == (["first", "second"], "1")
    await migrate(store, SetClock(), [first])
    healthy = True
    await migrate(store, SetClock(), [first, second, third])
    assert (ran, await version(store)) == (["first", "second", "second", "third"], "3")


async def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    async def step(store: Store) -> None: ...

    store = await open_sqlite(tmp_path, migrations=[step])
    await store.close()
    with pytest.raises(StoreUnavailable, match="newer Fernamt"):
        await open_sqlite(tmp_path, migrations=[])
    store = await open_sqlite(tmp_path, migrations=[step, step])
    assert await version(store) == "2"
    await store.close()


def kind(*indexes: Index, clustered: str = "") -> Kind[Thing]:
    return Kind(name="things", type=Thing, indexes=indexes, clustered=clustered)


async def test_indexes_follow_their_declaration(tmp_path: Path) -> None:
    before = kind(Index(name="by_rank", keys=("rank",)), Index(name="by_at", keys=("at",)))
    store = await open_sqlite(tmp_path, kinds=[before, SETTINGS])
    rows = [thing(f"t{number:04}", rank=-number, flag=number % 2 == 0, tags=("x",)) for number in range(1200)]
    await store.documents(before).insert_many(rows)
    await store.close()
    after = kind(
        Index(name="by_rank", keys=("flag", "rank")),
        Index(name="by_tag", keys=("tags",), many=True),
        Index(name="by_owner", keys=("owner",), sparse=True),
    )
    for round in range(2):
        store = await open_sqlite(tmp_path, kinds=[after, SETTINGS])
        things = store.documents(after)
        assert await things.count("by_tag", "x") == 1200
        assert await things.count("by_owner") == 0
        page = await things.page("by_rank", True, limit=2)
        assert [item.id for item in page.items] == ["t1198", "t1196"]
        assert await things.replace(thing("t0001", rank=-1, tags=("x",)), 1 + round)
        await store.close()
    store = await open_sqlite(tmp_path, kinds=[before, SETTINGS])
    assert await store.documents(before).count("by_at") == 1200
    await store.close()


async def test_another_layout_is_refused_and_left_alone(tmp_path: Path) -> None:
    line = Index(name="line", keys=("rank",))
    store = await open_sqlite(tmp_path, kinds=[kind(line), SETTINGS])
    await store.close()
    with pytest.raises(StoreUnavailable, match="another version"):
        await open_sqlite(tmp_path, kinds=[kind(line, clustered="line"), SETTINGS])
    store = await open_sqlite(tmp_path, kinds=[kind(line), SETTINGS])
    await store.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loose:
    id: str
    version: int = 0
    at: datetime | None = None
    tags: tuple[str, ...] = ()


@pytest.mark.parametrize(
    "index",
    [
        Index(name="i", keys=("at",)),
        Index(name="i", keys=("tags",)),
        Index(name="i", keys=("at", "tags"), sparse=True),
        Index(name="i", keys=("at",), sparse=True, many=True),
    ],
)
async def test_declarations_that_cannot_work_are_refused(tmp_path: Path, index: Index) -> None:
    wrong: Kind[Any] = Kind(name="loose", type=Loose, indexes=(index,))
    with pytest.raises(TypeError, match="loose"):
        await open_sqlite(tmp_path, kinds=[wrong, SETTINGS])
    store = await open_sqlite(tmp_path, kinds=[SETTINGS])
    await store.close()
