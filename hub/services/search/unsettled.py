"""Whether the index may be behind what was written: one durable mark for all of it. It is set before the first change
and taken away when nothing changed for a while, so that most changes cost no write for it. A hub that finds it at start
was cut off between a change and its index, and compares the index with the store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.domain.upkeep import Setting
from hub.ports.clock import Clock
from hub.ports.kinds import SETTINGS
from hub.ports.store import Exists, Store

MARK = "search-unsettled"


class Unsettled:
    """The mark of one hub."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._settings, self._clock = store.documents(SETTINGS), clock
        self._changing = 0
        self._standing = self._found = False
        self.failed = False
        """Something may be written and not be found: a change did not end well."""

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[None]:
        """Write, and put what is found by it, within. Raises StoreUnavailable where the mark cannot be set."""
        self._changing += 1
        try:
            if not self._standing:
                await self._set()
            yield
        except BaseException:
            self.failed = True
            raise
        finally:
            self._changing -= 1

    async def _set(self) -> None:
        mark = Setting(id=MARK, value="", at=self._clock.now())
        result = await self._settings.insert(mark)
        self._found = self._found or isinstance(result, Exists)
        # A new version, so that whoever is taking it away right now does not.
        if not isinstance(result, Exists) or await self._settings.replace(mark, result.current.version):
            self._standing = True

    async def left(self) -> bool:
        """At start: whether the hub before this one was cut off."""
        return self._found or (not self._standing and await self._settings.get(MARK) is not None)

    async def settle(self) -> bool:
        """Take the mark away, unless something is being changed or was not changed well. True where it is gone."""
        if self._changing or self.failed:
            return False
        self._standing = self._found = False
        mark = await self._settings.get(MARK)
        return mark is None or await self._settings.delete(MARK, mark.version)
