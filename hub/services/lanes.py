"""Which lanes may be worked on now: bookkeeping in memory, no I/O. The store is the truth; what is forgotten here for
want of room is found again by the next scan."""

import heapq
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple


class Lane(NamedTuple):
    """A lane and the account it sends through."""

    account: str
    name: str


class Lanes:
    """Pending lanes, lanes with an item in flight, and those that become due. One worker a lane, `in_all` workers in
    all, `per_account` for each account; accounts take turns."""

    def __init__(self, *, in_all: int = 32, per_account: int = 8, remembered: int = 10_000) -> None:
        self._in_all, self._per_account, self._remembered = in_all, per_account, remembered
        self._pending: dict[str, dict[Lane, None]] = {}
        self._size = 0
        self._due: list[tuple[datetime, Lane]] = []
        self._busy: dict[Lane, bool] = {}
        """Lane to "look again when done"."""
        self._count: dict[str, int] = {}

    def add(self, lane: Lane) -> None:
        """There may be something to send in this lane."""
        if lane in self._busy:
            self._busy[lane] = True
            return
        waiting = self._pending.setdefault(lane.account, {})
        if lane not in waiting and self._size < self._remembered:
            waiting[lane] = None
            self._size += 1

    def later(self, due: datetime, lane: Lane) -> None:
        """There will be something to send at that time."""
        if len(self._due) < self._remembered:
            heapq.heappush(self._due, (due, lane))

    def ripen(self, now: datetime) -> datetime | None:
        """Move what has become due to the pending ones; returns when the next one will be."""
        while self._due and self._due[0][0] <= now:
            self.add(heapq.heappop(self._due)[1])
        return self._due[0][0] if self._due else None

    def take(self, ready: Callable[[str], bool]) -> Lane | None:
        """The next lane to work on, now busy; None where nothing may start. Lanes of an account that is not `ready`
        are forgotten: the scan finds them when its link is up."""
        if len(self._busy) >= self._in_all:
            return None
        for account in list(self._pending):
            if not ready(account):
                self._size -= len(self._pending.pop(account))
                continue
            if self._count.get(account, 0) >= self._per_account:
                continue
            waiting = self._pending.pop(account)
            lane = next(iter(waiting))
            del waiting[lane]
            self._size -= 1
            if waiting:
                # Back in at the end: accounts take turns.
                self._pending[account] = waiting
            self._busy[lane] = False
            self._count[account] = self._count.get(account, 0) + 1
            return lane
        return None

    def release(self, lane: Lane, *, again: bool) -> None:
        """The worker of the lane is done; `again`: there may be more."""
        asked = self._busy.pop(lane)
        self._count[lane.account] -= 1
        if not self._count[lane.account]:
            del self._count[lane.account]
        if again or asked:
            self.add(lane)

    def is_busy(self, lane: Lane) -> bool:
        """Whether a worker is on it."""
        return lane in self._busy
