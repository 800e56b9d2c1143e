"""Seats are never oversold, on both engines: many who want the last ones at once, and an end of the process at every
call."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from hub.domain.contact import Contact
from hub.domain.ids import ContactId
from hub.domain.occasion import Occasion, RegistrationState
from hub.ports.kinds import ALL_KINDS, CONTACTS, OCCASIONS, REGISTRATIONS
from hub.ports.store import Store
from hub.services.occasions.registering import Registering
from tests.crashing_store import CrashingStore
from tests.fake_connector import ManualClock
from tests.memory_points import Crash
from tests.store_engines import ENGINES, WIRE

START = datetime(2026, 12, 1, 11, tzinfo=UTC)


class Letters:
    """Reaches nobody."""

    async def say(self, contact_id: ContactId, text: str, **rest: Any) -> None:
        return None


def desk(store: Store, clock: ManualClock) -> Registering:
    return Registering(
        store=store,
        clock=clock,
        letters=cast(Any, Letters()),
        accounts=cast(Any, None),
        secret=b"s" * 32,
        base_url="https://hub.example",
        language="de",
    )


async def plan(store: Store, guests: int, capacity: int) -> tuple[Occasion, list[ContactId]]:
    event = Occasion(
        id=f"n_{capacity}", title="Messe", start=START, end=START + timedelta(hours=1), time_zone="UTC",
        capacity=capacity, created_by="test", created_at=START - timedelta(days=9),
    )  # fmt: skip
    await store.documents(OCCASIONS).insert(event)
    ids = [ContactId(f"c_{n}") for n in range(guests)]
    for id in ids:
        await store.documents(CONTACTS).insert(Contact(id=id, name=id, sort_name=id, created_at=event.created_at))
    return event, ids


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 24, 9, tzinfo=UTC))


@pytest.fixture(params=["sqlite", "mongodb"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    WIRE.serve(request.param, request)
    opened = await ENGINES[request.param](tmp_path / "data", clock=clock, kinds=ALL_KINDS)
    yield opened
    await opened.close()


async def consistent(registering: Registering, event: Occasion, store: Store) -> tuple[int, int]:
    """Registrations say what the seats say; how many are seated, and how many wait."""
    seats = await registering.seats(event)
    assert seats.changes == ()
    found = {one.contact_id: one.state for one in await store.documents(REGISTRATIONS).scan()}
    assert {id for id, state in found.items() if state is RegistrationState.REGISTERED} == {
        seat.contact_id for seat in seats.taken
    }
    assert {id for id, state in found.items() if state is RegistrationState.WAITING} == {
        seat.contact_id for seat in seats.waiting
    }
    return len(seats.taken), len(seats.waiting)


async def test_twenty_want_the_last_five_seats(store: Store, clock: ManualClock) -> None:
    event, guests = await plan(store, 20, 5)
    desks = [desk(store, clock) for _ in range(2)]
    await asyncio.gather(*(desks[n % 2].register(event.id, id, via="test") for n, id in enumerate(guests)))
    assert await consistent(desks[0], event, store) == (5, 15)
    await asyncio.gather(*(desks[n % 2].cancel(event.id, id, via="test") for n, id in enumerate(guests[:10])))
    assert await consistent(desks[0], event, store) == (5, 5)


async def test_a_crash_at_any_call_leaves_nothing_that_is_not_mended(store: Store, clock: ManualClock) -> None:
    event, guests = await plan(store, 3, 1)
    crashing = CrashingStore(store)
    crashes = 0
    await desk(store, clock).register(event.id, guests[0], via="test")
    for point in range(200):
        holder, other = guests[point % 2], guests[(point + 1) % 2]
        await desk(store, clock).register(event.id, other, via="test")
        crashing.restart(crash_after=point)
        try:
            await desk(cast(Store, crashing), clock).cancel(event.id, holder, via="test")
            ended = False
        except Crash:
            ended, crashes = True, crashes + 1
        mended = desk(store, clock)
        await mended.repair()
        await mended.cancel(event.id, holder, via="test")
        assert await consistent(mended, event, store) == (1, 0)
        if not ended:
            break
    assert crashes > 10
