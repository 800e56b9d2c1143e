"""The arrivals that wait in memory. They are a hint: the queue is the state of the records in the store, and what is
not here is found there. While more arrives than may be held, nothing is added here, so that the order is kept."""

import asyncio
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from hub.domain.arrival import ArrivalRecord, ArrivalState
from hub.domain.ids import ArrivalId
from hub.ports.kinds import ARRIVALS
from hub.ports.store import Store

MAX_BYTES = 32 * 1024 * 1024
MAX_COUNT = 4_000
SCAN_PAGE = 250
HEAVY_BYTES = 256 * 1024
BATCH_COUNT = 64
BATCH_BYTES = 4 * 1024 * 1024


class Lane(StrEnum):
    """Large messages take seconds to parse; they and what the same sender sends behind them go their own way."""

    QUICK = "quick"
    HEAVY = "heavy"


@dataclass(frozen=True, slots=True)
class Kept:
    """A record that is durable, and its bytes where they are still at hand."""

    record: ArrivalRecord
    raw: bytes | None

    @property
    def sender(self) -> tuple[str, str]:
        """Arrivals of one sender on one account run in order."""
        return self.record.account, self.record.sender_hint or self.record.envelope.sender

    @property
    def held_bytes(self) -> int:
        """What it costs to hold."""
        return 2_000 + (len(self.raw) if self.raw is not None else 0)


class Pending:
    """Two lanes of waiting arrivals."""

    def __init__(self, store: Store) -> None:
        self._arrivals = store.documents(ARRIVALS)
        self._lanes: dict[Lane, deque[Kept]] = {lane: deque() for lane in Lane}
        self._wake = {lane: asyncio.Event() for lane in Lane}
        self._known: set[ArrivalId] = set()
        self._senders: dict[tuple[str, str], tuple[Lane, int]] = {}
        """The lane of each sender that has something waiting, and how much."""
        self._late: list[Kept] | None = None
        """What is accepted while the store is being scanned: behind what the scan finds."""
        self._bytes = 0
        self.behind = True
        """There may be more in the store than here."""

    def __len__(self) -> int:
        """How many wait or are being processed."""
        return len(self._known)

    def offer(self, record: ArrivalRecord, raw: bytes) -> None:
        """Just accepted. Ignored while there is older work in the store, or too much here."""
        if self._bytes >= MAX_BYTES or len(self._known) >= MAX_COUNT:
            self.behind = True
        elif self._late is not None:
            if len(self._late) < SCAN_PAGE:
                self._late.append(Kept(record, raw))
            else:
                self.behind = True
        elif not self.behind:
            self._append(Kept(record, raw))

    def _append(self, kept: Kept) -> None:
        if kept.record.id in self._known:
            return
        self._known.add(kept.record.id)
        self._bytes += kept.held_bytes
        size = kept.record.size
        lane, waiting = self._senders.get(kept.sender, (Lane.HEAVY if size > HEAVY_BYTES else Lane.QUICK, 0))
        self._senders[kept.sender] = lane, waiting + 1
        self._lanes[lane].append(kept)
        self._wake[lane].set()

    async def scan(self) -> int:
        """Look into the store for what waits there, oldest first; about a page. Returns how many were new here."""
        if self._late is not None or len(self._known) >= SCAN_PAGE:
            return 0
        self.behind, self._late = False, []
        before, cursor = len(self._known), None
        try:
            while True:
                page = await self._arrivals.page("by_state", ArrivalState.NEW, after=cursor, limit=SCAN_PAGE)
                for record in page.items:
                    self._append(Kept(record, record.raw))
                cursor = page.next
                if cursor is None:
                    break
                if len(self._known) - before >= SCAN_PAGE:
                    self.behind = True
                    break
        except BaseException:
            self.behind = True
            raise
        finally:
            late, self._late = self._late, None
            for kept in late if not self.behind else ():
                self._append(kept)
        return len(self._known) - before

    async def take(self, lane: Lane) -> list[Kept]:
        """The next batch of a lane; waits for one."""
        while not (batch := self.take_now(lane)):
            self._wake[lane].clear()
            await self._wake[lane].wait()
        return batch

    def take_now(self, lane: Lane) -> list[Kept]:
        """The next batch of a lane, empty where nothing waits."""
        waiting = self._lanes[lane]
        batch: list[Kept] = []
        size = 0
        while waiting and len(batch) < BATCH_COUNT:
            size += waiting[0].record.size
            if batch and size > BATCH_BYTES:
                break
            batch.append(waiting.popleft())
        return batch

    def finish(self, batch: list[Kept]) -> None:
        """They need no more attention; or not now: a scan may find them again."""
        for kept in batch:
            self._known.discard(kept.record.id)
            self._bytes -= kept.held_bytes
            lane, waiting = self._senders.pop(kept.sender, (Lane.QUICK, 0))
            if waiting > 1:
                self._senders[kept.sender] = lane, waiting - 1
