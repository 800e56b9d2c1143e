"""One hub a store. With SQLite the lock on the data directory is the proof, and the lease only counts the hubs; with
MongoDB the lease is the proof: it is renewed while we live, and its epoch is checked before every send."""

import secrets
from datetime import timedelta

import structlog

from hub.domain.errors import StoreBusy, StoreUnavailable
from hub.ports.clock import Clock
from hub.ports.store import Store

log = structlog.get_logger()
NAME = "hub"
TTL = timedelta(seconds=20)
RENEW_SECONDS = 5.0
MOMENT = timedelta(milliseconds=1)


class Tenure:
    """Our time as the hub of a store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._owner = secrets.token_hex(8)
        self._epoch = 0
        self._until: float | None = None

    async def begin(self) -> int:
        """Become the hub. Waits for a dead predecessor's lease to run out; raises StoreBusy where one lives."""
        locked = self._store.engine == "sqlite"
        deadline = self._clock.monotonic() + TTL.total_seconds() + RENEW_SECONDS
        while True:
            asked = self._clock.monotonic()
            epoch = await self._store.lease(NAME, self._owner, MOMENT if locked else TTL)
            if epoch is not None:
                self._epoch = epoch
                self._until = None if locked else asked + TTL.total_seconds()
                return epoch
            if self._clock.monotonic() > deadline:
                raise StoreBusy("Another hub works on this store: stop it first, or give this one a store of its own.")
            await self._clock.sleep(0.5)

    def epoch(self) -> int:
        """Our epoch. Raises StoreBusy once the lease ran out: somebody else may be the hub now."""
        if self._until is not None and self._clock.monotonic() >= self._until:
            raise StoreBusy("The lease on the store has run out; nothing is sent until it is ours again.")
        return self._epoch

    async def run(self) -> None:
        """Renew, for ever. Ends with StoreBusy where another hub took the lease."""
        while True:
            await self._clock.sleep(RENEW_SECONDS)
            if self._until is None:
                continue
            asked = self._clock.monotonic()
            try:
                epoch = await self._store.lease(NAME, self._owner, TTL)
            except StoreUnavailable as error:
                log.warning("lease_not_renewed", code=error.code)
                continue
            if epoch is None:
                raise StoreBusy("Another hub has taken over this store; this one ends.")
            self._epoch, self._until = epoch, asked + TTL.total_seconds()

    async def end(self) -> None:
        """Give the lease back, so that the next hub need not wait."""
        try:
            await self._store.release(NAME, self._owner)
        except StoreUnavailable as error:
            log.warning("lease_not_released", code=error.code)
