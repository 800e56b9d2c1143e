"""A connector's way into the hub: keeps each arrival durably, or refuses it so that the sender keeps it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from hub.domain.arrival import Arrival, ArrivalRecord
from hub.domain.errors import FernamtError, Invalid, StoreUnavailable
from hub.domain.ids import ArrivalId
from hub.domain.signal import Signal
from hub.domain.upkeep import Cursor
from hub.ports.bot import StaffDoor
from hub.ports.clock import Clock
from hub.ports.connector import DeliveryUpdate, LinkState
from hub.ports.kinds import ARRIVALS, CURSORS
from hub.ports.store import Exists, Store
from hub.services.recording import DeliveryNews

log = structlog.get_logger()
INLINE_BYTES = 65_536
MAX_NATIVE_ID = 1_000
MAX_RECIPIENTS = 1_000
SWAP_TRIES = 20
SIGNAL_SECONDS = 5.0
CLOSE = timedelta(seconds=1)
Signals = Callable[[str, Signal], Awaitable[None]]
"""(account, signal): who tells of things of the moment."""
Introduce = Callable[[Arrival], Awaitable[None]]
"""Takes the invitation that an arrival presents."""
Report = Callable[[str, LinkState, str], None]
"""(account, state, detail): what the supervisor is told of a link."""


class Hint(Protocol):
    """Somebody who wants to know of a fresh arrival."""

    def __call__(self, record: ArrivalRecord, raw: bytes) -> None: ...


class AccountInlet:
    """Implements Inlet for one account."""

    def __init__(
        self,
        account: str,
        *,
        store: Store,
        door: StaffDoor | None,
        deliveries: DeliveryNews,
        report: Report,
        clock: Clock,
        hint: Hint,
        max_message_bytes: int,
        signals: Signals | None = None,
        introduce: Introduce | None = None,
    ) -> None:
        self._account, self._signals, self._introduce = account, signals, introduce
        self._store, self._door, self._deliveries = store, door, deliveries
        self._report, self._clock, self._hint = report, clock, hint
        self._max_message_bytes = max_message_bytes
        self._arrivals = store.documents(ARRIVALS)
        self._cursors = store.documents(CURSORS)
        self._given: datetime | None = None
        """The moment of what was kept last."""

    async def accept(self, arrival: Arrival) -> ArrivalId:
        """See Inlet."""
        self._check(arrival)
        if self._door is not None and await self._door.take(arrival):
            return arrival.id
        if arrival.invite and self._introduce is not None:
            await self._introduce(arrival)
        inline = len(arrival.raw) <= INLINE_BYTES
        blob = "" if inline else await self._store.blobs.put(arrival.raw)
        record = ArrivalRecord(
            id=arrival.id,
            version=1,
            account=arrival.account,
            native_id=arrival.native_id,
            envelope=arrival.envelope,
            received_at=self._distinct(arrival.received_at),
            sender_hint=arrival.sender_hint,
            history=arrival.history,
            raw=arrival.raw if inline else None,
            blob=blob,
            size=len(arrival.raw),
        )
        if not isinstance(await self._arrivals.insert(record), Exists):
            self._given = record.received_at
            self._hint(record, arrival.raw)
        return record.id

    def _distinct(self, moment: datetime) -> datetime:
        """Messages of one moment (IMAP knows whole seconds only), or of moments that follow each other closely, stay
        in the order in which they came, on the timeline too: each is a millisecond later than the one that was kept
        before it."""
        if self._given is None or not timedelta() <= self._given - moment < CLOSE:
            return moment
        return min(self._given + timedelta(milliseconds=1), moment + CLOSE)

    def _check(self, arrival: Arrival) -> None:
        if arrival.account != self._account:
            raise Invalid("The arrival names another account than its inlet.", account=arrival.account)
        if not 0 < len(arrival.native_id) <= MAX_NATIVE_ID:
            raise Invalid(f"A native id has 1 to {MAX_NATIVE_ID:,} characters.", account=self._account)
        if len(arrival.envelope.recipients) > MAX_RECIPIENTS:
            raise Invalid(f"An envelope has at most {MAX_RECIPIENTS:,} recipients.", account=self._account)
        if len(arrival.raw) > self._max_message_bytes:
            raise Invalid(
                f"The message has {len(arrival.raw):,} bytes; {self._max_message_bytes:,} are permitted here.",
                account=self._account,
                size=len(arrival.raw),
            )

    async def delivered(self, update: DeliveryUpdate) -> None:
        """See Inlet."""
        await self._deliveries.update(self._account, update)

    async def load_cursor(self, stream: str) -> bytes | None:
        """See Inlet."""
        cursor = await self._cursors.get(f"{self._account}/{stream}")
        return cursor.value if cursor is not None else None

    async def save_cursor(self, stream: str, value: bytes) -> None:
        """See Inlet."""
        cursor = Cursor(id=f"{self._account}/{stream}", value=value, at=self._clock.now())
        for _ in range(SWAP_TRIES):
            current = await self._cursors.get(cursor.id)
            if current is None:
                if not isinstance(await self._cursors.insert(cursor), Exists):
                    return
            elif current.value == value or await self._cursors.replace(cursor, current.version):
                return
        raise StoreUnavailable("The cursor is being changed by somebody else all the time.", stream=cursor.id)

    async def signal(self, signal: Signal) -> None:
        """See Inlet."""
        if self._signals is None:
            return
        try:
            async with asyncio.timeout(SIGNAL_SECONDS):
                await self._signals(self._account, signal)
        except (FernamtError, TimeoutError) as error:
            code = error.code if isinstance(error, FernamtError) else "timeout"
            log.warning("signal_not_told", account=self._account, kind=signal.kind.value, code=code)

    def report(self, state: LinkState, detail: str = "") -> None:
        """See Inlet."""
        self._report(self._account, state, detail)
