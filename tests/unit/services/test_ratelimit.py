from datetime import timedelta

import pytest

from hub.domain.errors import TooMany
from hub.services import ratelimit
from hub.services.ratelimit import RateLimit
from tests.fake_connector import ManualClock


def test_the_window_slides_and_a_refused_try_does_not_count() -> None:
    clock = ManualClock()
    limit = RateLimit(clock, limit=2, window=timedelta(seconds=10))
    limit.take("key")
    clock.advance(6)
    limit.take("key")
    for _ in range(3):
        with pytest.raises(TooMany) as refused:
            limit.take("key")
        assert refused.value.retry_after == timedelta(seconds=4)
    clock.advance(4)
    limit.take("key")
    limit.take("other")


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ratelimit, "KEYS", 3)
    limit = RateLimit(ManualClock(), limit=1, window=timedelta(hours=1))
    for number in range(10):
        limit.take(str(number))
    limit.take("0")
    with pytest.raises(TooMany):
        limit.take("9")
