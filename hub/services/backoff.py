"""How long to wait before the next attempt."""

from collections.abc import Callable
from datetime import timedelta

BASE = timedelta(seconds=30)
CAP = timedelta(hours=1)


def next_delay(tries: int, *, base: timedelta = BASE, cap: timedelta = CAP, jitter: Callable[[], float]) -> timedelta:
    """Full jitter: a random share of `base` doubled with each failed try, at most of `cap`. `tries` counts from 1;
    `jitter` gives 0 to 1. Spread over the whole span, so that a peer that comes back is not met by everyone at once."""
    # 2**20 half minutes are a year: beyond that only the cap counts, and the power must not grow without bound.
    span = min(cap, base * (1 << min(max(tries, 1) - 1, 20)))
    return span * jitter()
