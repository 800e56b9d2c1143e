"""How often something may be tried. Counted in memory: a restart forgives, which a 40 bit code and a slow password
hash can afford."""

from collections import OrderedDict, deque
from datetime import timedelta

from hub.domain.errors import TooMany
from hub.ports.clock import Clock

KEYS = 10_000


class RateLimit:
    """At most `limit` tries of one key in any `window`. Remembers the 10,000 keys tried last."""

    def __init__(self, clock: Clock, *, limit: int, window: timedelta) -> None:
        self._clock = clock
        self._limit = limit
        self._window = window.total_seconds()
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, key: str) -> None:
        """Count one try. Raises TooMany, uncounted, where the key has none left."""
        now = self._clock.monotonic()
        tries = self._tries.setdefault(key, deque())
        self._tries.move_to_end(key)
        while tries and tries[0] <= now - self._window:
            tries.popleft()
        if len(tries) >= self._limit:
            wait = timedelta(seconds=tries[0] + self._window - now)
            raise TooMany("Too many attempts; wait a few minutes and try again.", retry_after=wait)
        tries.append(now)
        while len(self._tries) > KEYS:
            self._tries.popitem(last=False)

    def forgive(self, key: str) -> None:
        """Forget the tries of a key that has proved itself."""
        self._tries.pop(key, None)
