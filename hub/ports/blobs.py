"""Large bytes, content-addressed by SHA-256: putting the same bytes twice keeps one."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import Protocol


class Watch(Protocol):
    """Open while somebody finds out who still needs some blobs."""

    async def discard(self, sha256: str) -> bool:
        """Delete it, unless it was put since the watch began or is being put now: whoever puts it means to refer to
        it. True where it is not there any more."""


class Blobs(Protocol):
    """The blob store. Raises StoreUnavailable; BlobMissing where the name is unknown."""

    async def put(self, data: bytes) -> str:
        """Keep the bytes durably; returns their SHA-256 in hex."""

    async def get(self, sha256: str) -> bytes:
        """All of them."""

    def stream(self, sha256: str) -> AsyncIterator[bytes]:
        """In pieces of 256 KiB."""

    async def delete(self, sha256: str) -> bool:
        """True where it was there."""

    def watch(self, names: Iterable[str]) -> AbstractContextManager[Watch]:
        """Look after these names, so that `Watch.discard` spares what is put meanwhile."""

    async def names(self, after: str = "", limit: int = 500) -> list[str]:
        """The names (SHA-256 in hex) in order, those behind `after`: for copying. `limit` is 1 to 1,000."""


class Watches:
    """What every blob store does about watches. One hub has a store, so that its own memory is enough."""

    def __init__(self, delete: Callable[[str], Awaitable[bool]]) -> None:
        self._delete = delete
        self._open: list[_Watch] = []
        self._being_put: Counter[str] = Counter()
        self._going: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def putting(self, name: str) -> AsyncIterator[None]:
        """Around a `put`, from before it looks whether the bytes are there."""
        while (going := self._going.get(name)) is not None:
            await going.wait()
        for watch in self._open:
            watch.note(name)
        self._being_put[name] += 1
        try:
            yield
        finally:
            self._being_put[name] -= 1
            if not self._being_put[name]:
                del self._being_put[name]

    @contextmanager
    def watch(self, names: Iterable[str]) -> Iterator[Watch]:
        """See Blobs."""
        watch = _Watch(self, frozenset(names))
        self._open.append(watch)
        try:
            yield watch
        finally:
            self._open.remove(watch)

    async def discard(self, name: str) -> bool:
        """Delete it unless it is being put. A `put` that begins now waits."""
        while (going := self._going.get(name)) is not None:
            await going.wait()
        if self._being_put[name]:
            return False
        self._going[name] = asyncio.Event()
        try:
            await self._delete(name)
        finally:
            self._going.pop(name).set()
        return True


class _Watch:
    def __init__(self, watches: Watches, names: frozenset[str]) -> None:
        self._watches, self._names = watches, names
        self._put: set[str] = set()

    def note(self, name: str) -> None:
        if name in self._names:
            self._put.add(name)

    async def discard(self, sha256: str) -> bool:
        """See Watch. What the watch does not look after is never deleted."""
        if sha256 not in self._names or sha256 in self._put:
            return False
        return await self._watches.discard(sha256)
