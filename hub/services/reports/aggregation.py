"""The task that counts marked days anew, and the full recount.

A day: read the mark, read the bucket's version, count from the facts, replace the bucket by that version, remove the
mark by the version that was read. Whatever stops it in between leaves the mark; doing it twice is doing it once.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import structlog

from hub.domain.errors import StoreUnavailable
from hub.domain.report import Area, Bucket, DirtyDay, Recount, bucket_id
from hub.domain.upkeep import Setting
from hub.ports.clock import Clock
from hub.ports.kinds import (
    APPOINTMENTS,
    BUCKETS,
    CONVERSATIONS,
    DIRTY_DAYS,
    INTERACTIONS,
    LEDGER,
    OCCASIONS,
    SETTINGS,
)
from hub.ports.store import Documents, Exists, Store
from hub.services.reports.gathering import Gathering
from hub.services.reports.marking import Day, Marks

log = structlog.get_logger()
REST_SECONDS = 60.0
RETRY_SECONDS = 5.0
BATCH = 50
SHARE = 2.0
"""It rests so many times as long as it worked: counting never takes more than a third of the loop."""
MOST_YEARS = 20
AHEAD = timedelta(days=800)
ZONE = "reports-zone"
COUNTING = "2"
"""Grows when days are counted differently: then everything is counted anew. 2: who did not come to appointments,
events, and durations packed."""


class Aggregation:
    """Counts. `store` is the plain one: buckets mark nothing."""

    def __init__(self, *, store: Store, marks: Marks, clock: Clock, time_zone: str) -> None:
        self._store, self._marks, self._clock = store, marks, clock
        self._seal, self._zone = f"{time_zone} {COUNTING}", ZoneInfo(time_zone)
        self._buckets, self._dirty = store.documents(BUCKETS), store.documents(DIRTY_DAYS)
        self._settings = store.documents(SETTINGS)
        self._gathering = Gathering(store, time_zone)
        self._counting = asyncio.Lock()
        self._hurry = False

    @property
    def gathering(self) -> Gathering:
        """What counts one day."""
        return self._gathering

    async def run(self) -> None:
        """Until cancelled. While the store is down it tries again."""
        fresh = False
        while True:
            try:
                if not fresh:
                    await self.prepare()
                    fresh = True
                if not self._hurry:
                    # Whoever reads a report counts what it needs: here there is time.
                    await self._marks.wake.wait()
                    await self._clock.sleep(REST_SECONDS)
                self._marks.wake.clear()
                await self._round()
            except StoreUnavailable as error:
                log.warning("reports_wait_for_store", reason=error.sentence)
                await self._clock.sleep(RETRY_SECONDS)

    async def prepare(self) -> None:
        """At start: a hub that never counted, or that counted in another zone or otherwise, counts everything anew."""
        known = await self._settings.get(ZONE)
        if known is not None and known.value == self._seal:
            self._marks.wake.set()
            return
        await self.mark_all()
        wanted = Setting(id=ZONE, value=self._seal, at=self._clock.now())
        result = await self._settings.insert(wanted)
        if isinstance(result, Exists):
            await self._settings.replace(wanted, result.current.version)

    async def _round(self) -> None:
        """The newest marked days of each area, with rests."""
        left = False
        for area in Area:
            page = await self._dirty.page("by_area", area, limit=BATCH, newest_first=True)
            for mark in page.items:
                begin = self._clock.monotonic()
                await self.count(mark)
                await self._clock.sleep((self._clock.monotonic() - begin) * SHARE)
            left = left or page.next is not None
        self._hurry = left

    async def count(self, mark: DirtyDay) -> bool:
        """Count the marked day anew. False where somebody writes it now, or marked it again meanwhile."""
        async with self._counting:
            if self._marks.busy(mark.id):
                return False
            self._marks.begin(mark.id)
            known = await self._buckets.get(mark.id)
            bucket = await self._gathering.count(mark.area, mark.day)
            if not await self._put(bucket, known):
                return False
            return await self._dirty.delete(mark.id, mark.version)

    async def _put(self, bucket: Bucket, known: Bucket | None) -> bool:
        if known is None:
            return not bucket.figures or not isinstance(await self._buckets.insert(bucket), Exists)
        if not bucket.figures:
            return await self._buckets.delete(known.id, known.version)
        if replace(bucket, version=known.version) == known:
            return True
        return await self._buckets.replace(bucket, known.version)

    async def catch_up(self, area: Area, first: date, last: date, seconds: float = 1.0) -> int:
        """Before a report is read: count what is marked of these days, for so long; how many are left."""
        end = self._clock.monotonic() + seconds
        since, until = first.isoformat(), last.isoformat()
        while True:
            page = await self._dirty.page("by_area", area, since=since, until=until, limit=BATCH, newest_first=True)
            counted = 0
            for mark in page.items:
                if self._clock.monotonic() > end:
                    return await self.left(area)
                counted += await self.count(mark)
            if not counted:
                return len(page.items)

    async def left(self, area: Area | None = None) -> int:
        """How many days are marked, at most 100,000."""
        areas: Sequence[Area] = tuple(Area) if area is None else (area,)
        return sum([await self._dirty.count("by_area", one, cap=100_000) for one in areas])

    # Everything

    async def mark_all(self) -> Recount:
        """Mark every day that has facts, or had."""
        days: dict[str, Day] = {}
        for area in Area:
            for first, last in await self._spans(area):
                day = first
                while day <= last:
                    days[bucket_id(area, day.isoformat())] = (area, day.isoformat())
                    day += timedelta(days=1)
        await self._marks.set(days)
        self._hurry = True
        self._marks.wake.set()
        return Recount(done=0, total=len(days))

    async def work_off(self) -> int:
        """Count some marked days; how many are left. 0 where what is left is being written right now."""
        counted = 0
        for area in Area:
            page = await self._dirty.page("by_area", area, limit=BATCH)
            for mark in page.items:
                counted += await self.count(mark)
                # Others have their turn between two days.
                await asyncio.sleep(0)
        return await self.left() if counted else 0

    async def _spans(self, area: Area) -> list[tuple[date, date]]:
        """From the first to the last fact, and from the first to the last bucket."""
        today = self._clock.now().astimezone(self._zone).date()
        least, most = today - timedelta(days=365 * MOST_YEARS), today + AHEAD
        ends = [
            (await self._end_of_facts(area, newest), await self._end_of_buckets(area, newest))
            for newest in (False, True)
        ]
        spans = []
        for first, last in zip(*ends, strict=True):
            if first is not None and last is not None and first <= most and last >= least:
                spans.append((max(first, least), min(last, most)))
        return spans

    async def _end_of_facts(self, area: Area, newest: bool) -> date | None:
        if area is Area.MONEY:
            entries = await self._store.documents(LEDGER).page("by_date", limit=1, newest_first=newest)
            return entries.items[0].date if entries.items else None
        if area is Area.MESSAGES:
            messages = await self._store.documents(INTERACTIONS).page("by_time", limit=1, newest_first=newest)
            moment = messages.items[0].at if messages.items else None
        elif area is Area.CONVERSATIONS:
            begun = await self._store.documents(CONVERSATIONS).page("by_creation", limit=1, newest_first=newest)
            moment = begun.items[0].created_at if begun.items else None
        elif area is Area.OCCASIONS:
            events = await self._store.documents(OCCASIONS).page("by_start", limit=1, newest_first=newest)
            moment = events.items[0].start if events.items else None
        else:
            dates = await self._store.documents(APPOINTMENTS).page("by_start", limit=1, newest_first=newest)
            moment = dates.items[0].start if dates.items else None
        return moment.astimezone(self._zone).date() if moment else None

    async def _end_of_buckets(self, area: Area, newest: bool) -> date | None:
        page = await self._buckets.page("by_day", area, limit=1, newest_first=newest)
        return date.fromisoformat(page.items[0].day) if page.items else None


async def read_buckets(buckets: Documents[Bucket], area: Area, first: date, last: date) -> list[Bucket]:
    """The buckets of the days, oldest first; days without facts have none."""
    found: list[Bucket] = []
    after: str | None = None
    while True:
        page = await buckets.page(
            "by_day", area, since=first.isoformat(), until=last.isoformat(), after=after, limit=1_000
        )
        found += page.items
        after = page.next
        if after is None:
            return found
