"""Counting for the reports, ended at every await: what stands afterwards is what a count of the facts says."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hub.domain.ids import ContactId, InteractionId
from hub.domain.interaction import Direction, Interaction, InteractionKind
from hub.domain.ledger import Book, EntryKind, LedgerEntry, Posting, Side
from hub.domain.occasion import Occasion, Registration, RegistrationState, registration_id
from hub.domain.report import Area, Bucket
from hub.ports.kinds import BUCKETS, DIRTY_DAYS, INTERACTIONS, LEDGER, OCCASIONS, REGISTRATIONS
from hub.services.reports.aggregation import Aggregation
from hub.services.reports.gathering import Gathering
from hub.services.reports.marking import mark_store
from tests.memory_store import Crash, MemoryStore
from tests.outbox_world import ManualClock

ZONE = "Europe/Berlin"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def message(number: int) -> Interaction:
    return Interaction(
        id=InteractionId(f"i_{number}"),
        contact_id=ContactId("c_1"),
        at=NOON + timedelta(hours=number),
        kind=InteractionKind.MESSAGE,
        direction=Direction.INBOUND,
        channel="email",
    )


def booking(number: int) -> LedgerEntry:
    amount = Decimal(number) + Decimal("0.37")
    return LedgerEntry(
        id=f"c_1/receivable/{number:08}",
        account="c_1/receivable",
        seq=number,
        contact_id=ContactId("c_1"),
        side=Side.RECEIVABLE,
        kind=EntryKind.INVOICE,
        number=f"R-{number}",
        date=NOON.date(),
        amount=amount,
        postings=(Posting(book=Book.RECEIVABLES, amount=amount), Posting(book=Book.REVENUE, amount=-amount)),
        booked_at=NOON,
        booked_by="system:test",
    )


async def work(store: MemoryStore, number: int) -> None:
    """Facts are written while the days are being counted."""
    marked, marks = mark_store(store, ZONE)
    counting = Aggregation(store=marked, marks=marks, clock=ManualClock(), time_zone=ZONE)
    count = asyncio.create_task(counting.work_off())
    write = asyncio.create_task(marked.documents(INTERACTIONS).insert(message(number)))
    book = asyncio.create_task(marked.documents(LEDGER).insert(booking(number)))
    done = await asyncio.gather(count, write, book, return_exceptions=True)
    for result in (*done, *await asyncio.gather(counting.work_off(), return_exceptions=True)):
        if isinstance(result, BaseException):
            raise result


async def settle(store: MemoryStore) -> None:
    """A hub that starts again and is left alone."""
    marked, marks = mark_store(store, ZONE)
    counting = Aggregation(store=marked, marks=marks, clock=ManualClock(), time_zone=ZONE)
    while await counting.work_off():
        pass


async def check(store: MemoryStore) -> None:
    """No mark is left, and every bucket says what the facts say."""
    assert store.documents(DIRTY_DAYS).rows == {}
    gathering = Gathering(store, ZONE)
    days = {entry.at.date().isoformat() for entry in store.documents(INTERACTIONS).rows.values()}
    days |= {entry.date.isoformat() for entry in store.documents(LEDGER).rows.values()}
    for day in sorted(days):
        for area in (Area.MESSAGES, Area.MONEY):
            true = await gathering.count(area, day)
            stored: Bucket | None = store.documents(BUCKETS).rows.get(true.id)
            if true.figures:
                assert stored is not None, true.id
                assert replace(stored, version=0) == true
            else:
                assert stored is None


async def test_a_run_that_is_not_ended_counts_everything() -> None:
    store = MemoryStore()
    for number in range(4):
        await work(store, number)
    await settle(store)
    await check(store)
    assert len(store.documents(BUCKETS).rows) == 2


async def points() -> int:
    store = MemoryStore()
    await work(store, 0)
    before = store.points.passed
    await work(store, 1)
    return store.points.passed - before


async def test_a_crash_at_any_await_leaves_no_day_uncounted() -> None:
    count = await points()
    assert count > 20
    for point in range(1, count + 1):
        store = MemoryStore()
        await work(store, 0)
        store.restart(crash_after=point)
        with pytest.raises(Crash):
            await work(store, 1)
        store.restart()
        await settle(store)
        await check(store)


def registration(number: int) -> Registration:
    return Registration(
        id=registration_id("n_fair", f"c_{number}"),
        occasion_id="n_fair",
        contact_id=ContactId(f"c_{number}"),
        state=RegistrationState.REGISTERED,
        code="AAAAAAAAAA",
        link=f"link{number}",
        via="console",
        created_at=NOON,
        changed_at=NOON,
    )


def fair(days: int) -> Occasion:
    start = NOON + timedelta(days=days)
    return Occasion(
        id="n_fair", title="Fair", start=start, end=start + timedelta(hours=1), time_zone=ZONE, created_by="user:u_1",
        created_at=NOON,
    )  # fmt: skip


async def move_and_register(store: MemoryStore) -> None:
    """An event moves to another day while somebody registers and days are being counted."""
    marked, marks = mark_store(store, ZONE)
    counting = Aggregation(store=marked, marks=marks, clock=ManualClock(), time_zone=ZONE)
    occasions = marked.documents(OCCASIONS)
    known = await occasions.get("n_fair")
    assert known is not None
    done = await asyncio.gather(
        counting.work_off(),
        marked.documents(REGISTRATIONS).insert(registration(2)),
        occasions.replace(fair(3), known.version),
        return_exceptions=True,
    )
    for result in (*done, *await asyncio.gather(counting.work_off(), return_exceptions=True)):
        if isinstance(result, BaseException):
            raise result


async def with_a_guest() -> MemoryStore:
    store = MemoryStore()
    marked, _ = mark_store(store, ZONE)
    await marked.documents(OCCASIONS).insert(fair(0))
    await marked.documents(REGISTRATIONS).insert(registration(1))
    await settle(store)
    return store


async def check_event(store: MemoryStore) -> None:
    assert store.documents(DIRTY_DAYS).rows == {}
    gathering = Gathering(store, ZONE)
    for day in ("2026-11-24", "2026-11-27"):
        true = await gathering.count(Area.OCCASIONS, day)
        stored: Bucket | None = store.documents(BUCKETS).rows.get(true.id)
        assert (stored.figures if stored else ()) == true.figures


async def test_an_event_that_moves_while_somebody_registers_is_counted_right_whatever_ends_it() -> None:
    store = await with_a_guest()
    before = store.points.passed
    await move_and_register(store)
    count = store.points.passed - before
    await settle(store)
    await check_event(store)
    assert count > 8
    for point in range(1, count + 1):
        store = await with_a_guest()
        store.restart(crash_after=point)
        with pytest.raises(Crash):
            await move_and_register(store)
        store.restart()
        await settle(store)
        await check_event(store)
