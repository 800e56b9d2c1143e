"""Firing on SQLite and on MongoDB over the wire: ended at every call of the store, and two runners at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.domain.outbox import OutboxState
from hub.domain.reminder import ReminderState
from hub.ports.kinds import ALL_KINDS, OUTBOX, REMINDERS
from hub.ports.store import Store
from tests.crashing_store import CrashingStore
from tests.fake_connector import ManualClock
from tests.memory_points import Crash
from tests.reminder_engine import ReminderEngine
from tests.store_engines import ENGINES, WIRE


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["sqlite", "mongodb"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    WIRE.serve(request.param, request)
    opened = await ENGINES[request.param](tmp_path / "data", clock=clock, kinds=ALL_KINDS)
    yield opened
    await opened.close()


async def told(store: Store) -> list[str]:
    page = await store.documents(OUTBOX).page("by_state", OutboxState.QUEUED, limit=1000)
    return sorted(item.content.text for item in page.items)


async def test_ac35_two_racing_runners_say_each_once(store: Store, clock: ManualClock) -> None:
    one, other = ReminderEngine(store, clock), ReminderEngine(store, clock)
    anna = await one.hire("anna")
    await other.staff.load()
    for number in range(450):
        await one.reminders.remind(anna, clock.now() + timedelta(minutes=1), f"nr {number:03}", key=str(number))
    clock.advance(60)
    await asyncio.gather(one.reminding.fire_due(), other.reminding.fire_due())
    assert await told(store) == [f"Erinnerung: nr {number:03}" for number in range(450)]
    assert await store.documents(REMINDERS).count("by_state", ReminderState.FIRED) == 450
    assert await store.documents(REMINDERS).count("by_state", ReminderState.DUE) == 0


async def test_ac35_ended_at_any_call_each_is_said_once(store: Store, clock: ManualClock) -> None:
    crashing = CrashingStore(store)
    anna = await ReminderEngine(store, clock).hire("anna")
    crashes, expected = 0, []
    for point in range(1, 16):
        crashing.restart()
        for number in range(3):
            key = f"{point:02}/{number}"
            await ReminderEngine(crashing, clock).reminders.remind(
                anna, clock.now() + timedelta(minutes=1), key, key=key
            )
            expected.append(f"Erinnerung: {key}")
        clock.advance(60)
        crashing.restart(crash_after=point)
        process = ReminderEngine(crashing, clock)
        try:
            await process.staff.load()
            await process.reminding.fire_due()
        except Crash:
            crashes += 1
        crashing.restart()
        process = ReminderEngine(crashing, clock)
        await process.staff.load()
        await process.reminding.fire_due()
        assert await told(store) == sorted(expected), point
    assert crashes > 5
