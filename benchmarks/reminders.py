"""Ten thousand reminders that are due in one minute, on SQLite: how long until the outbox has all of them and each is
FIRED.

    .venv/bin/python -m benchmarks.reminders [--count 10000] [--colleagues 50]
"""

import argparse
import asyncio
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from hub.domain.ids import derived_id
from hub.domain.reminder import Reminder, ReminderKind, ReminderState
from hub.ports.clock import SystemClock
from hub.ports.kinds import ALL_KINDS, REMINDERS
from storage.sqlite import open_sqlite
from tests.reminder_engine import ReminderEngine

PAGE = 500


async def measure(place: Path, count: int, colleagues: int) -> None:
    clock = SystemClock()
    store = await open_sqlite(place, clock=clock, kinds=ALL_KINDS)
    engine = ReminderEngine(store, clock)
    actors = [await engine.hire(f"colleague{number}") for number in range(colleagues)]
    minute = clock.now() - timedelta(seconds=60)
    planned = [
        Reminder(
            id=derived_id("n", "benchmark", str(number)),
            kind=ReminderKind.OWN,
            due_at=minute + timedelta(milliseconds=number * 60_000 // count),
            user_id=actors[number % colleagues].user_id,
            text=f"Nr. {number}",
            created_at=minute,
            open_for=actors[number % colleagues].user_id,
        )
        for number in range(count)
    ]
    reminders = store.documents(REMINDERS)
    for start in range(0, count, PAGE):
        await reminders.insert_many(planned[start : start + PAGE])
    started = time.perf_counter()
    said = await engine.reminding.fire_due()
    seconds = time.perf_counter() - started
    left = await reminders.count("by_state", ReminderState.DUE)
    print(f"{said:,} reminders of one minute to {colleagues} colleagues: {seconds:.2f} s, {left} left due")
    await store.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--colleagues", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(measure(Path(directory) / "data", options.count, options.colleagues))


if __name__ == "__main__":
    main()
