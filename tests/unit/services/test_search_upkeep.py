"""The index of an older store is filled anew by itself, and goes on where it was cut off; what a crash left behind is
made up for."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hub.domain.contact import Contact
from hub.domain.errors import StoreUnavailable
from hub.domain.finding import IndexState
from hub.domain.folding import fold
from hub.domain.ids import ContactId, derived_id
from hub.ports.kinds import CONTACTS, SETTINGS
from hub.services.search.facets import CONTACTS as ALL_CONTACTS
from hub.services.search.filling import PHASES, Filling, percent_at
from hub.services.search.following import follow_store
from hub.services.search.unsettled import MARK
from hub.services.search.upkeep import INDEX, PLACE, SETTLED_SECONDS, IndexUpkeep
from storage.terms import extract_terms
from tests.fake_connector import START, ManualClock
from tests.memory_store import Crash, MemoryStore
from tests.office import Office


class Clock(ManualClock):
    """Sleeping takes no time, but counts; others have their turn."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


class Hub:
    """One hub on a store."""

    def __init__(self, store: MemoryStore, version: str = "2.1") -> None:
        self.clock, self.inner = Clock(), store
        self.store, self.findable = follow_store(store, extract_terms, self.clock)
        self.filling = Filling(self.store, extract_terms, self.findable)
        self.upkeep = IndexUpkeep(self.store, self.clock, self.filling, self.findable.unsettled, version)

    async def found(self, word: str) -> list[str]:
        return (await self.inner.search.find(extract_terms(word), scope=[ALL_CONTACTS])).ids


def contact(number: int, **more: Any) -> Contact:
    name = f"Kunde Nummer{number}"
    return Contact(id=ContactId(derived_id("c", name)), name=name, sort_name=fold(name), created_at=START, **more)


async def old_store(count: int = 450) -> MemoryStore:
    store = MemoryStore()
    await store.documents(CONTACTS).insert_many([contact(number, notes="Nüsse") for number in range(count)])
    return store


async def test_an_old_index_is_filled_once_and_rests_in_between() -> None:
    store = await old_store()
    hub = Hub(store)
    assert await hub.upkeep.bring_up() == 450
    assert len(await hub.found("Nüsse")) == 50
    assert len(store.search.entries) == 450
    assert len([rest for rest in hub.clock.slept if rest > 0]) == 3
    again = Hub(store)
    assert await again.upkeep.bring_up() == 0
    newer = Hub(store, "2.2")
    assert await newer.upkeep.bring_up() == 450


async def test_a_fill_that_is_cut_off_goes_on_where_it_was() -> None:
    store = await old_store()
    hub = Hub(store)
    steps: list[str] = []
    step = hub.filling.step

    async def die(after: str = "") -> Any:
        if len(steps) == 2:
            raise Crash
        steps.append(after)
        return await step(after)

    hub.filling.step = die  # type: ignore[method-assign]
    with pytest.raises(Crash):
        await hub.upkeep.bring_up()
    assert hub.upkeep.percent is not None
    looked_at = len(store.search.entries)
    assert 0 < looked_at < 450
    again = Hub(store)
    percents: list[int | None] = []
    step_again = again.filling.step

    async def watch(after: str = "") -> Any:
        percents.append(again.upkeep.percent)
        return await step_again(after)

    again.filling.step = watch  # type: ignore[method-assign]
    assert await again.upkeep.bring_up() == 450
    assert percents[0] != 0
    assert percents == sorted(percents, key=lambda percent: percent or 0)
    assert len(store.search.entries) == 450
    settings = store.documents(SETTINGS).rows
    assert INDEX in settings
    assert PLACE not in settings


async def test_a_fill_to_another_version_begins_anew() -> None:
    store = await old_store(10)
    hub = Hub(store)
    hub.filling.step = _raise(Crash)  # type: ignore[method-assign]
    with pytest.raises(Crash):
        await hub.upkeep.bring_up()
    assert await Hub(store, "9.9").upkeep.bring_up() == 10


def _raise(error: type[BaseException]) -> Callable[..., Any]:
    async def step(after: str = "") -> Any:
        raise error

    return step


async def test_it_waits_for_a_store_that_is_down() -> None:
    store = await old_store(3)
    hub = Hub(store)
    task = asyncio.create_task(hub.upkeep.run())
    store.points.slot(StoreUnavailable("down"), 3, None)
    while SETTLED_SECONDS not in hub.clock.slept:
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(store.search.entries) == 3


async def test_search_and_status_say_that_it_is_being_filled() -> None:
    office = await Office.open()
    business = office.open_business()
    assert await business.search.state(office.anna) == IndexState()
    business.index.percent = 34
    assert await business.search.state(office.anna) == IndexState(rebuilding=34)


def test_places_are_told_in_per_cent() -> None:
    assert percent_at("") == 0
    assert [percent_at(f"{phase}:") for phase in PHASES] == [0, 10, 70, 75, 90, 99]
    ids = sorted(derived_id("i", str(number)) for number in range(400))
    percents = [percent_at(f"entries:{id}") for id in ids]
    assert percents == sorted(percents)
    assert abs(percents[200] - 40) < 5
    assert percent_at("entries:i_!") == 10


# What a crash leaves


async def change(hub: Hub) -> None:
    """A note is taken away, one is written, a contact is forgotten."""
    contacts = hub.store.documents(CONTACTS)
    await contacts.replace(contact(0, notes=""), 1)
    await contacts.insert(contact(7, notes="Mandeln"))
    await contacts.delete(contact(1).id)


async def check(store: MemoryStore) -> None:
    """The index says what the store says."""
    for number in (0, 1, 2, 7):
        known = store.documents(CONTACTS).rows.get(contact(number).id)
        entry = store.search.entries.get(contact(number).id)
        assert (known is None) == (entry is None), number
        assert (known is None) == (contact(number).id not in store.search.names), number
        if known is not None and entry is not None:
            assert {*extract_terms("Nüsse Mandeln")} & {*entry.terms} == {*extract_terms(known.notes)}


async def prepared(crash_after: int | None = None) -> MemoryStore:
    store = await old_store(3)
    await Hub(store).upkeep.bring_up()
    store.points.crash_after = None if crash_after is None else store.points.passed + crash_after
    return store


async def test_after_a_crash_at_any_await_the_index_says_what_the_store_says() -> None:
    store = await prepared()
    before = store.points.passed
    await change(Hub(store))
    count = store.points.passed - before
    assert count > 10
    for point in range(1, count + 1):
        store = await prepared(point)
        with pytest.raises(Crash):
            await change(Hub(store))
        store.restart()
        again = Hub(store)
        await again.upkeep.bring_up()
        await again.upkeep.settle()
        await check(store)
        assert MARK not in store.documents(SETTINGS).rows


async def test_a_change_that_failed_is_made_up_for_while_the_hub_runs() -> None:
    store = await prepared()
    hub = Hub(store)
    store.points.slot(StoreUnavailable("down"), 1, {"search.put_many"})
    with pytest.raises(StoreUnavailable):
        await hub.store.documents(CONTACTS).replace(contact(0, notes=""), 1)
    assert len(await hub.found("Nüsse")) == 3
    await hub.upkeep.settle()
    assert len(await hub.found("Nüsse")) == 2
    assert MARK not in store.documents(SETTINGS).rows


async def test_the_mark_costs_one_write_for_many_changes_and_stays_while_one_is_under_way() -> None:
    store = await prepared()
    hub = Hub(store)
    contacts = hub.store.documents(CONTACTS)
    for number in range(10, 20):
        await contacts.insert(contact(number))
    mark = store.documents(SETTINGS).rows[MARK]
    assert mark.version == 1
    async with hub.findable.unsettled.changing():
        assert not await hub.findable.unsettled.settle()
    assert await hub.findable.unsettled.settle()
    await contacts.replace(replace(contact(10), notes="x"), 1)
    assert MARK in store.documents(SETTINGS).rows
