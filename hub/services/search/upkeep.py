"""Keeping the index of an older store up: at start the hub compares the version of the index with its own, and fills
the index anew in the background where they differ. Where it is, is durable after each step, so that a hub that is
killed goes on there. Search answers meanwhile, and says so. A hub that was cut off between a change and its index
compares what changes are followed into the index at once."""

import contextlib
import json

import structlog

from hub.domain.errors import StoreUnavailable
from hub.domain.finding import Rebuilt
from hub.domain.upkeep import Setting
from hub.ports.clock import Clock
from hub.ports.kinds import SETTINGS
from hub.ports.search import TERMS_VERSION
from hub.ports.store import Exists, Store
from hub.services.search.filling import Filling, percent_at
from hub.services.search.unsettled import Unsettled

log = structlog.get_logger()
HOLDS = 2
"""What the index holds. 1: entries, appointments, bookings, by kind and channel. 2: also what is written on contacts'
pages, and the names of documents and events. Raise it with what the index holds."""
VERSION = f"{HOLDS}.{TERMS_VERSION}"
INDEX, PLACE = "search-index", "search-rebuild"
SHARE, LEAST_REST = 2.0, 0.01
"""It rests so many times as long as it worked, and at least so many seconds: it is behind everything else."""
RETRY_SECONDS = 5.0
SETTLED_SECONDS = 60.0
FOLLOWED = ("contacts", "documents", "events")
TOLD_EVERY = 10
"""Per cent."""


class IndexUpkeep:
    """`run` is a task of the daemon."""

    def __init__(
        self, store: Store, clock: Clock, filling: Filling, unsettled: Unsettled, version: str = VERSION
    ) -> None:
        self._settings, self._clock, self._filling, self._version = store.documents(SETTINGS), clock, filling, version
        self._unsettled = unsettled
        self.percent: int | None = None
        """How far the rebuild is; None while there is none."""

    async def run(self) -> None:
        """Until cancelled. While the store is down it tries again."""
        fresh = False
        try:
            while True:
                try:
                    if not fresh:
                        await self.bring_up()
                        fresh = True
                    await self._clock.sleep(SETTLED_SECONDS)
                    await self.settle()
                except StoreUnavailable as error:
                    log.warning("search_index_waits_for_store", reason=error.sentence)
                    await self._clock.sleep(RETRY_SECONDS)
        finally:
            if fresh:
                with contextlib.suppress(StoreUnavailable):
                    await self._unsettled.settle()

    async def bring_up(self) -> int:
        """Fill the index anew if it is of another version, compare it where a hub was cut off; how many documents were
        looked at."""
        cut_off = await self._unsettled.left()
        known = await self._settings.get(INDEX)
        done = 0 if known is not None and known.value == self._version else await self._rebuild()
        return done + await self._compare() if cut_off else done

    async def settle(self) -> None:
        """From time to time: mend what a change that failed may have left, and note that nothing is left."""
        if self._unsettled.failed:
            self._unsettled.failed = False
            await self._compare()
        await self._unsettled.settle()

    async def _rebuild(self) -> int:
        place, done = await self._begin()
        told = self.percent = percent_at(place)
        if place:
            log.info("search_rebuild_goes_on", percent=told)
        following: str | None = place
        while following is not None:
            step, rest = await self._step(following)
            following, done = step.next, done + step.done
            if following is not None:
                await self._keep(PLACE, self._written(following, done))
                self.percent = max(self.percent, percent_at(following))
            if self.percent >= told + TOLD_EVERY and done:
                told = self.percent
                log.info("search_rebuild", percent=told, done=done)
            await self._clock.sleep(rest)
        await self._keep(INDEX, self._version)
        await self._settings.delete(PLACE)
        self.percent = None
        if done:
            log.info("search_rebuilt", done=done, version=self._version)
        return done

    async def _compare(self) -> int:
        """What changes are followed into the index at once, put again: where nothing is missing, nothing is written."""
        done = 0
        for phase in FOLLOWED:
            following: str | None = f"{phase}:"
            while following is not None and following.partition(":")[0] == phase:
                step, rest = await self._step(following)
                following, done = step.next, done + step.done
                await self._clock.sleep(rest)
        log.info("search_index_compared", done=done)
        return done

    async def _step(self, place: str) -> tuple[Rebuilt, float]:
        """One step, and for how long to rest after it."""
        began = self._clock.monotonic()
        step = await self._filling.step(place)
        return step, max(LEAST_REST, (self._clock.monotonic() - began) * SHARE) if step.done else 0.0

    async def _begin(self) -> tuple[str, int]:
        """Where a rebuild to this very version stopped; else the first place."""
        kept = await self._settings.get(PLACE)
        if kept is None:
            return "", 0
        stopped = json.loads(kept.value)
        return (stopped["after"], stopped["done"]) if stopped["version"] == self._version else ("", 0)

    def _written(self, after: str, done: int) -> str:
        return json.dumps({"version": self._version, "after": after, "done": done})

    async def _keep(self, id: str, value: str) -> None:
        wanted = Setting(id=id, value=value, at=self._clock.now())
        result = await self._settings.insert(wanted)
        if isinstance(result, Exists):
            await self._settings.replace(wanted, result.current.version)
