"""A slot is never sold twice: fifty who want it at once, and an end of the process at every call."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from hub.domain.appointment import AppointmentDraft, AppointmentState, Calendar
from hub.domain.errors import Conflict
from hub.domain.ids import UserId
from hub.domain.people import Actor, ActorKind, UserRole
from hub.ports.kinds import ALL_KINDS, APPOINTMENTS, CALENDAR_DAYS, CALENDARS
from hub.ports.store import Store
from hub.services.audit import Audit
from hub.services.broadcast import Broadcast
from hub.services.calendar.days import intervals_of
from hub.services.calendar.verbs import Calendars
from hub.services.calendar.working import OFFICE_HOURS
from hub.services.staff import Staff
from tests.crashing_store import CrashingStore
from tests.fake_connector import ManualClock
from tests.memory_points import Crash
from tests.store_engines import ENGINES, WIRE

NOON = datetime(2026, 12, 1, 11, tzinfo=UTC)


def desk(store: Store, clock: ManualClock) -> Calendars:
    return Calendars(
        store=store,
        clock=clock,
        audit=Audit(store, clock),
        events=Broadcast(),
        staff=Staff(store),
        time_zone="Europe/Berlin",
    )


def actor(name: str) -> Actor:
    return Actor(kind=ActorKind.USER, id=UserId(f"u_{name}"), name=name, roles=(UserRole.AGENT,), via="test")


async def two_calendars(store: Store) -> tuple[str, ...]:
    for key in ("k_anna", "k_room"):
        calendar = Calendar(id=key, name=key, sort_name=key, time_zone="Europe/Berlin", hours=OFFICE_HOURS)
        await store.documents(CALENDARS).insert(calendar)
    return "k_anna", "k_room"


async def consistent(store: Store) -> int:
    """Days and appointments say the same; how many appointments stand."""
    appointments = [it for it in await store.documents(APPOINTMENTS).scan() if it.calendars]
    standing = [it for it in appointments if it.state is AppointmentState.CONFIRMED]
    taken = [(i.calendar_id, i.start, i.end) for it in standing for i in intervals_of(it)]
    for calendar in {key for key, _, _ in taken}:
        spans = sorted((start, end) for key, start, end in taken if key == calendar)
        assert all(before[1] <= after[0] for before, after in pairwise(spans)), spans
    return len(standing)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 24, 9, tzinfo=UTC))


@pytest.fixture(params=["sqlite", "mongodb"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    WIRE.serve(request.param, request)
    opened = await ENGINES[request.param](tmp_path / "data", clock=clock, kinds=ALL_KINDS)
    yield opened
    await opened.close()


async def test_ac34_fifty_want_the_same_slot(store: Store, clock: ManualClock) -> None:
    calendars = await two_calendars(store)
    desks = [desk(store, clock) for _ in range(2)]
    draft = AppointmentDraft(start=NOON, minutes=60, calendars=calendars)

    results = await asyncio.gather(
        *(desks[number % 2].book(actor(f"n{number}"), draft, key="k") for number in range(50)), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, Conflict)]
    assert len(refused) == 49
    assert all(error.fields["code"] == "taken" and error.fields["slots"] for error in refused)
    assert await consistent(store) == 1
    days = await store.documents(CALENDAR_DAYS).scan()
    assert [[busy.hold_until for busy in day.busy] for day in days] == [[None], [None]]


async def test_ac34_ended_at_any_call_the_slot_is_sold_once(store: Store, clock: ManualClock) -> None:
    crashing = CrashingStore(store)
    calendars = await two_calendars(store)
    crashes = 0
    for point in range(1, 30, 2):
        draft = AppointmentDraft(
            start=NOON + timedelta(days=7 * (point // 2)), minutes=60, calendars=calendars, outside_hours=True
        )
        crashing.restart(crash_after=point)
        try:
            await desk(crashing, clock).book(actor("first"), draft, key=str(point))
        except Crash:
            crashes += 1
        crashing.restart()
        clock.advance(300)
        try:
            await desk(store, clock).book(actor("second"), draft, key=str(point))
            second = True
        except Conflict:
            second = False
        try:
            # The first one comes back and repeats.
            await desk(store, clock).book(actor("first"), draft, key=str(point))
            first = True
        except Conflict:
            first = False
        assert first != second, point
        assert await consistent(store) == point // 2 + 1
    assert crashes > 5


async def test_ac34_ended_at_any_call_of_a_move_nothing_overlaps(store: Store, clock: ManualClock) -> None:
    crashing = CrashingStore(store)
    calendars = await two_calendars(store)
    crashes = 0
    for point in range(1, 26, 2):
        start = NOON + timedelta(days=7 * (point // 2))
        draft = AppointmentDraft(start=start, minutes=60, calendars=calendars, outside_hours=True)
        booked = await desk(store, clock).book(actor("first"), draft, key=str(point))
        later = start + timedelta(minutes=30)
        crashing.restart(crash_after=point)
        try:
            await desk(crashing, clock).move(actor("first"), booked.id, later, key=f"m{point}")
        except Crash:
            crashes += 1
        crashing.restart()
        clock.advance(300)
        for other in (start - timedelta(minutes=30), start + timedelta(minutes=90)):
            wanted = AppointmentDraft(start=other, minutes=60, calendars=calendars, outside_hours=True)
            try:
                await desk(store, clock).book(actor("second"), wanted, key=other.isoformat())
            except Conflict:
                continue
        await consistent(store)
        now = await desk(store, clock).get(actor("first"), booked.id)
        try:
            await desk(store, clock).move(actor("first"), booked.id, later, key=f"m{point}")
        except Conflict:
            assert now.start == start
        await consistent(store)
    assert crashes > 5
