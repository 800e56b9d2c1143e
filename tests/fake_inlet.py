"""A hand-written inlet for connector tests: keeps what it is given, and fails where a test sets an error."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.domain.arrival import Arrival
from hub.domain.errors import FernamtError
from hub.domain.ids import ArrivalId
from hub.domain.signal import Signal
from hub.ports.connector import DeliveryUpdate, LinkState


@dataclass(slots=True)
class FakeInlet:
    """`Inlet` in memory.

    Error slots: `accept_error`, `delivered_error`, `load_error`, `save_error`. An error stays until it is set to None;
    with `accept_errors_left` set, accept fails only so many times. `accept_gate` holds every accept back until set.
    """

    arrivals: list[Arrival] = field(default_factory=list)
    """In the order of acceptance, each id once (as intake's insert would)."""
    repeated: list[Arrival] = field(default_factory=list)
    """Accepted again: the same native id came a second time."""
    updates: list[DeliveryUpdate] = field(default_factory=list)
    cursors: dict[str, bytes] = field(default_factory=dict)
    signals: list[Signal] = field(default_factory=list)
    reports: list[tuple[LinkState, str]] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)
    """What happened in order: `accept NATIVE_ID`, `save STREAM`, for tests of "only after accept"."""

    accept_error: FernamtError | Exception | None = None
    accept_errors_left: int | None = None
    delivered_error: Exception | None = None
    load_error: Exception | None = None
    save_error: Exception | None = None
    accept_gate: asyncio.Event | None = None
    attempts: int = 0
    """How often accept was called, failures included."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def accept(self, arrival: Arrival) -> ArrivalId:
        self.attempts += 1
        self._wake()
        if self.accept_gate is not None:
            await self.accept_gate.wait()
        if self.accept_error is not None and self.accept_errors_left != 0:
            if self.accept_errors_left is not None:
                self.accept_errors_left -= 1
            raise self.accept_error
        known = any(earlier.id == arrival.id for earlier in self.arrivals)
        (self.repeated if known else self.arrivals).append(arrival)
        self.journal.append(f"accept {arrival.native_id}")
        self._wake()
        return arrival.id

    async def delivered(self, update: DeliveryUpdate) -> None:
        if self.delivered_error is not None:
            raise self.delivered_error
        self.updates.append(update)
        self._wake()

    async def load_cursor(self, stream: str) -> bytes | None:
        if self.load_error is not None:
            raise self.load_error
        return self.cursors.get(stream)

    async def save_cursor(self, stream: str, value: bytes) -> None:
        if self.save_error is not None:
            raise self.save_error
        self.cursors[stream] = value
        self.journal.append(f"save {stream}")
        self._wake()

    async def signal(self, signal: Signal) -> None:
        self.signals.append(signal)
        self._wake()

    def report(self, state: LinkState, detail: str = "") -> None:
        self.reports.append((state, detail))
        self._wake()

    @property
    def state(self) -> LinkState:
        """The last reported one."""
        return self.reports[-1][0] if self.reports else LinkState.DOWN

    async def until(self, condition: Callable[[], bool], timeout: float = 15) -> None:
        """Wait until it holds; looked at after every call of this inlet. TimeoutError shows what there is."""
        try:
            async with asyncio.timeout(timeout):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as error:
            kept = [arrival.native_id for arrival in self.arrivals]
            raise TimeoutError(f"not reached; arrivals {kept}, attempts {self.attempts}, {self.reports}") from error

    async def until_arrivals(self, count: int, timeout: float = 15) -> list[Arrival]:
        await self.until(lambda: len(self.arrivals) >= count, timeout)
        return self.arrivals

    async def until_state(self, state: LinkState, timeout: float = 15) -> None:
        await self.until(lambda: self.state is state, timeout)

    def _wake(self) -> None:
        self._changed.set()
