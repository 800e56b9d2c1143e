"""A token bucket for each key, bounded in keys."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta

from hub.domain.errors import TooMany


class Limiter:
    """At most `burst` at once and `per_minute` after it, for each key. `monotonic` is the clock."""

    def __init__(
        self, monotonic: Callable[[], float], *, burst: int, per_minute: float, max_keys: int = 10_000
    ) -> None:
        self._monotonic = monotonic
        self._burst = float(burst)
        self._rate = per_minute / 60
        self._max_keys = max_keys
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def _level(self, key: str) -> float:
        left, at = self._buckets.get(key, (self._burst, self._monotonic()))
        return min(self._burst, left + (self._monotonic() - at) * self._rate)

    def check(self, key: str) -> None:
        """Raise TooMany where nothing is left for the key. Takes nothing."""
        level = self._level(key)
        if level < 1:
            wait = timedelta(seconds=round((1 - level) / self._rate) + 1)
            raise TooMany("Too many failed attempts from your address. Please wait a moment.", retry_after=wait)

    def take(self, key: str) -> None:
        """Count one."""
        self._buckets[key] = (max(0.0, self._level(key) - 1), self._monotonic())
        self._buckets.move_to_end(key)
        while len(self._buckets) > self._max_keys:
            self._buckets.popitem(last=False)
