"""One hub a store: waiting for a dead predecessor, renewing, and stopping to send in time."""

import asyncio

import pytest

from hub.domain.errors import StoreBusy, StoreUnavailable
from hub.tenure import NAME, RENEW_SECONDS, TTL, Tenure
from tests.fake_connector import ManualClock
from tests.memory_store import MemoryStore

SECONDS = TTL.total_seconds()


class Shared:
    """A store without a lock of its own, as MongoDB, and its clock."""

    def __init__(self, engine: str = "mongodb") -> None:
        self.clock = ManualClock()
        self.store = MemoryStore(clock=self.clock)
        self.store.engine = engine

    def tenure(self) -> Tenure:
        return Tenure(self.store, self.clock)

    async def pass_time(self, seconds: float) -> None:
        while seconds > 0:
            for _ in range(10):
                await asyncio.sleep(0)
            self.clock.advance(min(0.5, seconds))
            seconds -= 0.5
        for _ in range(10):
            await asyncio.sleep(0)


async def test_each_hub_has_a_greater_epoch() -> None:
    shared = Shared()
    first = shared.tenure()
    epoch = await first.begin()
    assert first.epoch() == epoch
    await first.end()
    assert await shared.tenure().begin() > epoch


async def test_a_second_hub_gives_up_while_the_first_lives() -> None:
    shared = Shared()
    first = shared.tenure()
    await first.begin()
    running = asyncio.create_task(first.run(), name="first")
    second = asyncio.create_task(shared.tenure().begin(), name="second")
    await shared.pass_time(SECONDS + RENEW_SECONDS + 2)
    with pytest.raises(StoreBusy, match="Another hub"):
        await second
    assert first.epoch() > 0
    assert not running.done()
    running.cancel()


async def test_a_dead_predecessor_is_waited_for() -> None:
    shared = Shared()
    epoch = await shared.tenure().begin()
    second = asyncio.create_task(shared.tenure().begin(), name="second")
    await shared.pass_time(SECONDS / 2)
    assert not second.done()
    await shared.pass_time(SECONDS / 2 + 1)
    assert await second > epoch


async def test_nothing_is_sent_under_a_lease_that_ran_out_and_it_heals() -> None:
    shared = Shared()
    tenure = shared.tenure()
    await tenure.begin()
    running = asyncio.create_task(tenure.run(), name="tenure")
    shared.store.fail(StoreUnavailable("away"))
    await shared.pass_time(SECONDS + 1)
    with pytest.raises(StoreBusy, match="run out"):
        tenure.epoch()
    shared.store.fail(None)
    await shared.pass_time(RENEW_SECONDS + 1)
    assert tenure.epoch() > 0
    running.cancel()


async def test_a_hub_whose_lease_another_took_ends() -> None:
    shared = Shared()
    first = shared.tenure()
    await first.begin()
    shared.clock.advance(SECONDS + 1)
    await shared.tenure().begin()
    running = asyncio.create_task(first.run(), name="first")
    await shared.pass_time(RENEW_SECONDS + 1)
    with pytest.raises(StoreBusy, match="taken over"):
        await running


async def test_a_store_with_a_lock_of_its_own_needs_no_renewal() -> None:
    shared = Shared("sqlite")
    tenure = shared.tenure()
    epoch = await tenure.begin()
    shared.clock.advance(10 * SECONDS)
    assert tenure.epoch() == epoch
    # A crash leaves nothing to wait for.
    assert await shared.tenure().begin() > epoch


async def test_a_store_that_is_away_at_the_end_is_no_error() -> None:
    shared = Shared()
    tenure = shared.tenure()
    await tenure.begin()
    shared.store.fail(StoreUnavailable("away"))
    await tenure.end()
    shared.store.fail(None)
    assert await shared.store.lease(NAME, "somebody else", TTL) is None
