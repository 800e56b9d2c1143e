"""A real engine that can be "ended" at every call: the points of the in-memory twin (tests/memory_points.py) before and
after each verb, so that crash tests run on SQLite and MongoDB too. A crash before the verb is a call that never left;
one after it, an answer that never arrived."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from hub.ports.kinds import Kind
from hub.ports.store import Store
from tests.memory_points import Points


class _Part:
    """One part of a store whose verbs pass points."""

    def __init__(self, name: str, inner: Any, store: "CrashingStore") -> None:
        self._name, self._inner, self._store = name, inner, store

    def __getattr__(self, verb: str) -> Any:
        call = getattr(self._inner, verb)

        async def passing(*arguments: Any, **options: Any) -> Any:
            points, name = self._store.points, f"{self._name}.{verb}"
            await points.before(name)
            result = await call(*arguments, **options)
            points.effect(name)
            return result

        return passing

    def stream(self, sha256: str) -> AsyncIterator[bytes]:
        stream: AsyncIterator[bytes] = self._inner.stream(sha256)
        return stream


class CrashingStore:
    """Implements Store over an open engine; `restart` is the next process on the same data."""

    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self.points = Points(None)

    @property
    def engine(self) -> str:
        return self.inner.engine

    @property
    def blobs(self) -> Any:
        return _Part("blobs", self.inner.blobs, self)

    @property
    def search(self) -> Any:
        return _Part("search", self.inner.search, self)

    def documents(self, kind: Kind[Any]) -> Any:
        return _Part(kind.name, self.inner.documents(kind), self)

    def restart(self, crash_after: int | None = None) -> None:
        self.points = Points(crash_after)

    async def lease(self, name: str, owner: str, ttl: timedelta) -> int | None:
        return await self.inner.lease(name, owner, ttl)

    async def release(self, name: str, owner: str) -> None:
        await self.inner.release(name, owner)

    async def ping(self) -> None:
        await self.points.before("ping")
        await self.inner.ping()

    async def close(self) -> None:
        await self.inner.close()
