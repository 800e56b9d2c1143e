"""Many contacts race for the few seats of an event, then seats are given back and whoever waits moves up: durably on
SQLite, beside the pure code of the seat list, and beside one durable compare and set for each change.

    .venv/bin/python -m benchmarks.occasions [--contacts 500] [--seats 50] [--racers 20] [--cancels 50] [--rounds 3]

Letters reach nobody here: what is measured is the seat list, the registrations and their settling, with the calendar
file and the QR picture of each seat. CPU is the process's with all its threads.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any, cast

from hub.domain.contact import Contact
from hub.domain.ids import ContactId
from hub.domain.occasion import Occasion, RegistrationState
from hub.domain.seating import Change, Room, Seats, leave_seat, take_seat
from hub.ports.clock import SystemClock
from hub.ports.kinds import ALL_KINDS, CONTACTS, OCCASIONS, REGISTRATIONS, SEATS
from hub.ports.store import Store
from hub.services.occasions.registering import Registering
from storage.sqlite import open_sqlite

NOW = SystemClock().now()


class Letters:
    """Reaches nobody."""

    async def say(self, contact_id: ContactId, text: str, **rest: Any) -> None:
        return None


@dataclass(frozen=True)
class Size:
    contacts: int
    seats: int
    racers: int
    cancels: int

    def ids(self) -> list[ContactId]:
        return [ContactId(f"c_{number:026d}") for number in range(self.contacts)]


@dataclass(frozen=True)
class Took:
    """Seconds for all registrations, and of each cancellation with its move up."""

    race: float
    cpu: float
    """Of the race."""
    cancels: list[float]


def change(id: str) -> Change:
    return Change(contact_id=id, via="benchmark", quiet=True)


def plain(size: Size) -> Took:
    """The pure seat list, one after the other."""
    seats = Seats(id="n_plain", rooms=(Room(capacity=size.seats),))
    began, used = time.perf_counter(), time.process_time()
    for id in size.ids():
        seats = take_seat(seats, id, "", change(id), NOW)
    race, cpu, cancels = time.perf_counter() - began, time.process_time() - used, []
    for id in size.ids()[: size.cancels]:
        began = time.perf_counter()
        seats = leave_seat(seats, id, change(id), NOW)
        cancels.append(time.perf_counter() - began)
    assert len(seats.taken) == size.seats
    return Took(race, cpu, cancels)


async def swapped(store: Store, size: Size) -> Took:
    """The seat list alone, kept durably: one get and one compare and set for each change, one after the other."""
    lists = store.documents(SEATS)
    await lists.insert(Seats(id="n_swapped", rooms=(Room(capacity=size.seats),)))

    async def swap(step: Any, id: str) -> None:
        seats = await lists.get("n_swapped")
        assert seats is not None
        assert await lists.replace(step(seats, id), seats.version)

    def take(seats: Seats, id: str) -> Seats:
        return take_seat(seats, id, "", change(id), NOW)

    def leave(seats: Seats, id: str) -> Seats:
        return leave_seat(seats, id, change(id), NOW)

    began, used = time.perf_counter(), time.process_time()
    for id in size.ids():
        await swap(take, id)
    race, cpu, cancels = time.perf_counter() - began, time.process_time() - used, []
    for id in size.ids()[: size.cancels]:
        began = time.perf_counter()
        await swap(leave, id)
        cancels.append(time.perf_counter() - began)
    return Took(race, cpu, cancels)


async def hub(store: Store, size: Size) -> Took:
    """What the hub does: seats, registrations, settled; `racers` at a time."""
    registering = Registering(
        store=store,
        clock=SystemClock(),
        letters=cast(Any, Letters()),
        accounts=cast(Any, None),
        secret=b"s" * 32,
        base_url="https://hub.example",
        language="de",
    )
    start = NOW + timedelta(days=9)
    event = Occasion(
        id="n_hub", title="Messe", start=start, end=start + timedelta(hours=1), time_zone="UTC",
        capacity=size.seats, created_by="benchmark", created_at=NOW,
    )  # fmt: skip
    await store.documents(OCCASIONS).insert(event)
    await store.documents(CONTACTS).insert_many(
        [Contact(id=id, name=id, sort_name=id, created_at=NOW) for id in size.ids()]
    )

    async def race(waiting: Iterator[ContactId]) -> None:
        for id in waiting:
            await registering.register(event.id, id, via="benchmark")

    waiting = iter(size.ids())
    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(race(waiting) for _ in range(size.racers)))
    raced, cpu = time.perf_counter() - began, time.process_time() - used
    seated = [ContactId(seat.contact_id) for seat in (await registering.seats(event)).taken]
    cancels = []
    for id in seated[: size.cancels]:
        began = time.perf_counter()
        await registering.cancel(event.id, id, via="benchmark")
        cancels.append(time.perf_counter() - began)
    seats = await registering.seats(event)
    assert (len(seats.taken), seats.changes) == (size.seats, ()), "oversold, or not settled"
    kept = await store.documents(REGISTRATIONS).count("by_occasion", event.id, RegistrationState.REGISTERED, cap=10_000)
    assert kept == size.seats, "the registrations say something else than the seats"
    return Took(raced, cpu, cancels)


async def measure(size: Size, rounds: int) -> dict[str, list[Took]]:
    """The sides take turns, each round on a fresh store."""
    found: dict[str, list[Took]] = {"plain": [], "swapped": [], "hub": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as directory:
            store = await open_sqlite(Path(directory) / "data", clock=SystemClock(), kinds=ALL_KINDS)
            found["plain"].append(plain(size))
            found["swapped"].append(await swapped(store, size))
            found["hub"].append(await hub(store, size))
            await store.close()
    return found


def tell(size: Size, found: dict[str, list[Took]]) -> None:
    """Medians over the rounds, and how many times each side takes what the one before it does."""
    titles = {"plain": "the pure seat list", "swapped": "the seat list, stored", "hub": "the hub"}
    race = {side: median(took.race for took in all_) for side, all_ in found.items()}
    each = {side: sorted(one for took in all_ for one in took.cancels) for side, all_ in found.items()}
    for side, title in titles.items():
        cancels = each[side]
        print(
            f"{title}: {size.contacts / race[side]:,.0f} registrations/s, "
            f"{median(took.cpu for took in found[side]) / size.contacts * 1000:.2f} CPU ms each; cancel and move up p50 "
            f"{median(cancels) * 1000:.2f} ms, p95 {cancels[int(len(cancels) * 0.95)] * 1000:.2f} ms"
        )
    for side in ("plain", "swapped"):
        print(
            f"the hub takes {race['hub'] / race[side]:.1f} times {titles[side]} to register, "
            f"{median(each['hub']) / median(each[side]):.1f} times to cancel and move up"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--contacts", type=int, default=500)
    parser.add_argument("--seats", type=int, default=50)
    parser.add_argument("--racers", type=int, default=20)
    parser.add_argument("--cancels", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    size = Size(options.contacts, options.seats, options.racers, min(options.cancels, options.seats))
    tell(size, asyncio.run(measure(size, options.rounds)))


if __name__ == "__main__":
    main()
