"""The parts of a mail channel side by side: what one failure does to the others, and what is reported."""

import asyncio
from collections.abc import Callable

import pytest

from connectors.email.parts import PartsRunner
from hub.domain.errors import AuthRejected, Unreachable
from hub.ports.clock import SystemClock
from hub.ports.connector import LinkState
from tests.fake_inlet import FakeInlet


class QuickClock(SystemClock):
    """Sleeps are noted and over at once."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


async def steady(ready: Callable[[str], None]) -> None:
    ready("steady")
    await asyncio.get_running_loop().create_future()


def failing(times: int, error: Exception) -> Callable[[Callable[[str], None]], "asyncio.Future[None]"]:
    left = times

    async def part(ready: Callable[[str], None]) -> None:
        nonlocal left
        if left:
            left -= 1
            raise error
        await steady(ready)

    return part  # type: ignore[return-value]


async def test_up_only_when_every_part_works() -> None:
    inlet = FakeInlet()
    opened = asyncio.Event()

    async def slow(ready: Callable[[str], None]) -> None:
        await opened.wait()
        await steady(ready)

    runner = PartsRunner({"a": steady, "b": slow}, inlet, QuickClock())
    task = asyncio.create_task(runner.run())
    await inlet.until(lambda: len(inlet.reports) >= 2)
    assert inlet.state is LinkState.CONNECTING
    opened.set()
    await inlet.until_state(LinkState.UP)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_broken_part_is_tried_again_beside_a_working_one() -> None:
    inlet, clock = FakeInlet(), QuickClock()
    runner = PartsRunner({"a": steady, "b": failing(3, Unreachable("gone."))}, inlet, clock, lambda: 1.0)
    task = asyncio.create_task(runner.run())
    await inlet.until_state(LinkState.UP)
    assert clock.slept == [2.0, 4.0, 8.0]
    assert (LinkState.DOWN, "gone. Still working: steady.") in inlet.reports
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_refused_sign_in_waits_long() -> None:
    inlet, clock = FakeInlet(), QuickClock()
    runner = PartsRunner({"a": steady, "b": failing(1, AuthRejected("no."))}, inlet, clock)
    task = asyncio.create_task(runner.run())
    await inlet.until_state(LinkState.UP)
    assert clock.slept == [900.0]
    assert any(state is LinkState.PARKED for state, _ in inlet.reports)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_run_ends_when_nothing_works_and_tells_the_gravest_reason() -> None:
    parts = {"a": failing(9, Unreachable("away.")), "b": failing(9, AuthRejected("no."))}
    with pytest.raises(AuthRejected, match="no"):
        await PartsRunner(parts, FakeInlet(), SystemClock()).run()
    with pytest.raises(Unreachable, match="away"):
        await PartsRunner({"a": failing(9, Unreachable("away."))}, FakeInlet(), SystemClock()).run()


async def test_a_fault_of_ours_is_not_swallowed() -> None:
    with pytest.raises(BaseExceptionGroup) as caught:
        await PartsRunner({"a": steady, "b": failing(1, ZeroDivisionError())}, FakeInlet(), SystemClock()).run()
    assert caught.group_contains(ZeroDivisionError)
