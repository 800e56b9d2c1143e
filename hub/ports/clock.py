"""Time as a parameter, so that tests need not wait."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol

from hub.domain.instant import to_utc_ms


class Clock(Protocol):
    """Now, a steady counter, and waiting."""

    def now(self) -> datetime:
        """Aware, UTC, whole milliseconds."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return to_utc_ms(datetime.now(UTC))

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
