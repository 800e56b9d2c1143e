"""The storage engines that the contract suite runs on, and the kinds that it uses besides the real ones."""

import os
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest
from pymongo import AsyncMongoClient

from hub.ports.clock import Clock
from hub.ports.kinds import ALL_KINDS, Index, Kind
from hub.ports.store import Store
from storage.mongodb import open_mongodb
from storage.sqlite import open_sqlite
from tests.memory_store import MemoryStore


class OpenStore(Protocol):
    """Opens the store that lies at `place`: the same place has the same data. The last one there was closed."""

    def __call__(self, place: Path, *, clock: Clock, kinds: Sequence[Kind[Any]]) -> Awaitable[Store]: ...


_IN_MEMORY: dict[Path, MemoryStore] = {}


async def open_memory(place: Path, *, clock: Clock, kinds: Sequence[Kind[Any]]) -> Store:
    """The model itself, so that it cannot drift from the engines."""
    store = _IN_MEMORY.setdefault(place, MemoryStore(clock=clock))
    store.restart()
    return store


async def open_embedded(place: Path, *, clock: Clock, kinds: Sequence[Kind[Any]]) -> Store:
    return await open_sqlite(place, clock=clock, kinds=kinds)


@dataclass(slots=True)
class Wire:
    """The MongoDB-wire server of this run, and which of its databases belongs to which place."""

    url: str = os.environ.get("FERNAMT_TEST_MONGODB_URL", "")
    run: str = field(default_factory=lambda: secrets.token_hex(4))
    databases: dict[Path, str] = field(default_factory=dict)

    def serve(self, engine: str, request: pytest.FixtureRequest) -> None:
        """Start the server where this engine needs one and none is named."""
        if engine == "mongodb" and not self.url:
            self.url = request.getfixturevalue("secantus").url

    async def database(self, place: Path) -> str:
        """The place's database. Two serve the whole run in turn, emptied: making the indexes anew takes longer than
        most tests."""
        if place not in self.databases:
            number = int(place.name == "target")
            self.databases = {old: name for old, name in self.databases.items() if not name.endswith(f"_{number}")}
            self.databases[place] = f"contract_{self.run}_{number}"
            await self._empty(self.databases[place])
        return self.databases[place]

    async def _empty(self, name: str) -> None:
        async with AsyncMongoClient[dict[str, Any]](self.url) as client:
            for collection in await client[name].list_collection_names():
                await client[name][collection].delete_many({})


WIRE = Wire()


async def open_wire(place: Path, *, clock: Clock, kinds: Sequence[Kind[Any]]) -> Store:
    return await open_mongodb(WIRE.url, database=await WIRE.database(place), clock=clock, kinds=kinds)


ENGINES: dict[str, OpenStore] = {
    "memory": open_memory,
    "sqlite": open_embedded,
    "mongodb": open_wire,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Every kind of field that an index can hold."""

    id: str
    version: int = 0
    owner: str | None = None
    rank: int = 0
    flag: bool = False
    tags: tuple[str, ...] = ()
    at: datetime
    data: bytes = b""


THINGS = Kind(
    name="things",
    type=Thing,
    indexes=(
        Index(name="by_owner", keys=("owner", "rank"), sparse=True),
        Index(name="by_tag", keys=("tags", "at"), many=True),
        Index(name="by_flag", keys=("flag", "rank")),
        Index(name="by_at", keys=("at",)),
    ),
)
LAID_OUT = Kind(
    name="laid_out", type=Thing, indexes=(Index(name="line", keys=("rank", "at")),), clustered="line", shard="rank"
)
KINDS: tuple[Kind[Any], ...] = (*ALL_KINDS, THINGS, LAID_OUT)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def thing(id: str, *, minutes: int = 0, **fields: Any) -> Thing:
    """A thing at so many minutes after noon."""
    return Thing(id=id, at=NOON + timedelta(minutes=minutes), **fields)


class SetClock:
    """A clock that a test sets. `sleep` returns at once."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return (self.time - NOON).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


Reopen = Callable[[], Awaitable[Store]]
