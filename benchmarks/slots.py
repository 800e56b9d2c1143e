"""Free slots of 20 calendars over 4 weeks, each with about 100 appointments, beside a plain loop over the same grid.

Run: python benchmarks/slots.py
"""

import random
import time
from datetime import UTC, datetime, timedelta

from hub.domain.appointment import Busy, Calendar
from hub.services.calendar.working import OFFICE_HOURS, free_slots, windows

CALENDARS, WEEKS, TAKEN, ROUNDS = 20, 4, 100, 20
START = datetime(2026, 11, 23, tzinfo=UTC)
END = START + timedelta(weeks=WEEKS)


def plan(number: int) -> tuple[Calendar, list[Busy]]:
    draw = random.Random(number)
    calendar = Calendar(
        id=f"k{number}", name=f"k{number}", sort_name="", time_zone="Europe/Berlin", hours=OFFICE_HOURS, slot_minutes=30
    )
    taken = []
    for index in range(TAKEN):
        day = START + timedelta(days=draw.randrange(WEEKS * 7), hours=draw.randrange(8, 17))
        taken.append(Busy(appointment_id=str(index), start=day, end=day + timedelta(minutes=draw.choice((30, 60, 90)))))
    return calendar, taken


def naive(calendar: Calendar, taken: list[Busy]) -> int:
    found = 0
    for first, last in windows(calendar, START, END):
        start = first
        while start + timedelta(hours=1) <= last:
            end = start + timedelta(hours=1)
            inside = start >= START and end <= END
            found += inside and not any(it.start < end and start < it.end for it in taken)
            start += timedelta(minutes=30)
    return found


def main() -> None:
    plans = [plan(number) for number in range(CALENDARS)]
    free_slots(*plans[0], START, END, 60, 10_000)  # the table of holidays is loaded once
    own, plain = [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        counts = [len(free_slots(calendar, taken, START, END, 60, 10_000)) for calendar, taken in plans]
        own.append(time.perf_counter() - began)
        began = time.perf_counter()
        assert counts == [naive(calendar, taken) for calendar, taken in plans]
        plain.append(time.perf_counter() - began)
    own.sort()
    plain.sort()
    middle = ROUNDS // 2
    print(
        f"slots, {CALENDARS} calendars, {WEEKS} weeks: p50 {own[middle] * 1000:.1f} ms, worst {own[-1] * 1000:.1f} ms"
    )
    print(f"ratio to the plain loop: {own[middle] / plain[middle]:.2f}")


if __name__ == "__main__":
    main()
