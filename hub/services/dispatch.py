"""The dispatcher: takes queued items to their connectors. Algorithm:

* It works by lane (account and recipient): the oldest item that is queued blocks its lane until it has left, failed,
  is held or cancelled, or has been deferred for more than 15 minutes. In flight: one a lane, 8 an account, 32 in all.
* Nothing is claimed for an account whose link is not up, so that waiting costs no attempts.
* It wakes up when an item is submitted, when one becomes due, when a worker is done and when a link changes. A scan at
  the start and every few seconds is the safety net, gives up what is past its end, and resolves items that are marked
  as being sent but that nobody is sending.
* In memory is only which lanes to look at. What to send is read from the store each time and claimed by version.
"""

import asyncio
from datetime import timedelta

import structlog

from hub.domain.errors import FernamtError, StoreUnavailable
from hub.domain.outbox import OutboxItem, OutboxState
from hub.ports.clock import Clock
from hub.ports.connector import LinkState
from hub.ports.kinds import OUTBOX
from hub.ports.store import Store
from hub.services.attempts import is_deferred
from hub.services.lanes import Lane, Lanes
from hub.services.outbox import TOLD_STATES, Outbox
from hub.services.transmission import Limits, Transmitter

log = structlog.get_logger()
PAGE = 500
PAGES_A_SCAN = 20
LANE_PAGE = 50
LANE_PAGES = 20
RETELL = timedelta(days=1)
RETELL_LIMIT = 200


class Dispatcher:
    """Runs until cancelled; construct it before anything is submitted, so that it hears of it."""

    def __init__(
        self, *, store: Store, clock: Clock, outbox: Outbox, transmitter: Transmitter, limits: Limits | None = None
    ) -> None:
        self._items = store.documents(OUTBOX)
        self._clock, self._outbox, self._transmitter = clock, outbox, transmitter
        self._limits = limits or Limits()
        self._lanes = Lanes(in_all=self._limits.in_flight, per_account=self._limits.per_account)
        self._wake = asyncio.Event()
        self._rescan = asyncio.Event()
        self._cursor: str | None = None
        self._workers: set[asyncio.Task[None]] = set()
        outbox.listen(self.kick)

    def kick(self, item: OutboxItem) -> None:
        """An item is queued, or does not block its lane any more: look at the lane when there is something to do."""
        lane = Lane(item.account, item.lane)
        if item.state is OutboxState.QUEUED and item.due_at > self._clock.now():
            self._lanes.later(item.due_at, lane)
        else:
            self._lanes.add(lane)
        self._wake.set()

    def link_changed(self, name: str, state: LinkState) -> None:
        """A link is up: what waited for it may leave."""
        if state is LinkState.UP:
            log.debug("outbox_link_up", account=name)
            self._cursor = None
            self._rescan.set()

    async def run(self) -> None:
        """Recover, then dispatch until cancelled. At the end, attempts in flight get `grace` seconds to finish; what is
        left then is an unknown outcome at the next start."""
        await self._recover()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._scan_on(), name="outbox-scan")
            group.create_task(self._retell(), name="outbox-retell")
            try:
                await self._serve(group)
            finally:
                if self._workers:
                    await asyncio.wait(self._workers, timeout=self._limits.grace)

    # Workers

    async def _serve(self, group: asyncio.TaskGroup) -> None:
        while True:
            self._wake.clear()
            now = self._clock.now()
            next_due = self._lanes.ripen(now)
            while (lane := self._lanes.take(self._transmitter.is_ready)) is not None:
                worker = group.create_task(self._work(lane), name=f"lane:{lane.account}")
                self._workers.add(worker)
                worker.add_done_callback(self._workers.discard)
            await self._wait(self._wake, None if next_due is None else (next_due - now).total_seconds())

    async def _wait(self, event: asyncio.Event, seconds: float | None) -> None:
        """Until the event or, at the latest, so many seconds."""
        if seconds is None:
            await event.wait()
            return
        waits = {
            asyncio.create_task(event.wait(), name="outbox-wake"),
            asyncio.create_task(self._clock.sleep(seconds), name="outbox-timer"),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _work(self, lane: Lane) -> None:
        again = False
        try:
            again = await self._advance(lane)
        except FernamtError as error:
            # The store or the lease is away, and nothing was claimed: the lane is tried again shortly.
            log.warning("lane_waits", account=lane.account, code=error.code)
            self._lanes.later(self._clock.now() + timedelta(seconds=self._limits.poll), lane)
        except Exception:
            # A fault of ours must cost this lane a pause, not everybody the outbox. If the item was claimed, the next
            # scan finds it being sent by nobody.
            log.exception("lane_fault", account=lane.account)
            self._lanes.later(self._clock.now() + timedelta(seconds=6 * self._limits.poll), lane)
        finally:
            self._lanes.release(lane, again=again)
            self._wake.set()

    async def _advance(self, lane: Lane) -> bool:
        sending = await self._items.page("by_lane", lane.name, OutboxState.SENDING, limit=1)
        if sending.items:
            # Claimed by a worker that failed: the next scan resolves it first.
            self._lanes.later(self._clock.now() + timedelta(seconds=self._limits.poll), lane)
            return False
        item = await self._find_head(lane)
        return item is not None and await self._transmitter.attempt(item)

    async def _find_head(self, lane: Lane) -> OutboxItem | None:
        """The first item that may leave now. An item that is not due blocks those behind it, unless it is deferred."""
        cursor: str | None = None
        for _ in range(LANE_PAGES):
            page = await self._items.page("by_lane", lane.name, OutboxState.QUEUED, after=cursor, limit=LANE_PAGE)
            now = self._clock.now()
            for item in page.items:
                if item.due_at <= now and item.give_up_at > now:
                    return item
                if item.due_at > now:
                    self._lanes.later(item.due_at, lane)
                if not is_deferred(item, now):
                    return None
            cursor = page.next
            if cursor is None:
                break
        return None

    # The safety net

    async def _recover(self) -> None:
        """Before anything is claimed, what an earlier process left half-sent is resolved: it is older than everything
        behind it in its lane."""
        while True:
            try:
                await self._resolve_interrupted()
                await self._scan_queue()
                return
            except StoreUnavailable as error:
                log.warning("outbox_waits_for_store", code=error.code)
                await self._clock.sleep(self._limits.poll)

    async def _scan_on(self) -> None:
        pause = self._limits.poll
        while True:
            await self._wait(self._rescan, pause)
            self._rescan.clear()
            started = self._clock.monotonic()
            try:
                await self._resolve_interrupted()
                await self._scan_queue()
            except FernamtError as error:
                self._cursor = None
                log.warning("outbox_scan_failed", code=error.code)
            self._wake.set()
            # A long backlog must not make the scan a load of its own.
            pause = max(self._limits.poll, 20 * (self._clock.monotonic() - started))

    async def _resolve_interrupted(self) -> None:
        cursor: str | None = None
        while True:
            page = await self._items.page("by_state", OutboxState.SENDING, after=cursor, limit=PAGE)
            for item in page.items:
                if item.id not in self._transmitter.in_flight:
                    await self._transmitter.resolve(item)
            cursor = page.next
            if cursor is None:
                return

    async def _scan_queue(self) -> None:
        """Look at what is due, or soon will be; a long queue is continued by the next scan where this one ends."""
        horizon = self._clock.now() + timedelta(seconds=3 * self._limits.poll)
        for _ in range(PAGES_A_SCAN):
            page = await self._items.page("by_state", OutboxState.QUEUED, until=horizon, after=self._cursor, limit=PAGE)
            for item in page.items:
                await self._consider(item)
            self._cursor = page.next
            self._wake.set()
            if self._cursor is None:
                return

    async def _consider(self, item: OutboxItem) -> None:
        lane = Lane(item.account, item.lane)
        if item.give_up_at <= self._clock.now():
            await self._transmitter.expire(item)
        elif not self._transmitter.can_ever_send(item.account):
            await self._transmitter.mark_unsendable(item)
        elif self._transmitter.is_ready(item.account) and not self._lanes.is_busy(lane):
            self.kick(item)

    async def _retell(self) -> None:
        """What was not told before the last process ended; each news has one id, so that nothing is told twice."""
        since = self._clock.now() - RETELL
        for state in sorted(TOLD_STATES):
            try:
                page = await self._items.page("by_state", state, since=since, limit=RETELL_LIMIT, newest_first=True)
                for item in page.items:
                    await self._outbox.tell(item)
            except StoreUnavailable as error:
                log.warning("outbox_news_postponed", state=state.value, code=error.code)
