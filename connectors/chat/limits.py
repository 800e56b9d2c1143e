"""How much one visitor, or one IP address, may say: a token bucket for each key, bounded in keys."""

from collections import OrderedDict
from collections.abc import Callable

MAX_KEYS = 10_000


class Buckets:
    """`per_minute` on the long run, as many at once. `monotonic` is the clock."""

    def __init__(self, monotonic: Callable[[], float], per_minute: int) -> None:
        self._monotonic, self._most, self._rate = monotonic, float(per_minute), per_minute / 60
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> int:
        """0 where one more may pass; else the seconds to wait."""
        now = self._monotonic()
        level, at = self._levels.get(key, (self._most, now))
        level = min(self._most, level + (now - at) * self._rate)
        passes = level >= 1
        self._levels[key] = (level - 1 if passes else level, now)
        self._levels.move_to_end(key)
        while len(self._levels) > MAX_KEYS:
            self._levels.popitem(last=False)
        return 0 if passes else int((1 - level) / self._rate) + 1
