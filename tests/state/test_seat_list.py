"""The seat list of an event: never oversold, nobody lost, whoever waits longest moves up; whoever races, and wherever
the process ends."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hub.domain.errors import Conflict
from hub.domain.occasion import Occasion, OccasionDraft, RegistrationState
from hub.domain.seating import Change, Room, Seats, fit_rooms, leave_seat, settle_change, take_seat
from tests.memory_points import Crash
from tests.reception_world import CustomerOffice

NOW = datetime(2026, 11, 28, tzinfo=UTC)
PEOPLE = st.sampled_from([f"c_{n}" for n in range(8)])
SESSIONS = st.sampled_from(["morning", "evening"])


class SeatListMachine(RuleBasedStateMachine):
    """Against a model: one queue a session, in order of arrival; the first `capacity` of those that came are seated."""

    @initialize(morning=st.integers(1, 3), evening=st.integers(1, 3))
    def open(self, morning: int, evening: int) -> None:
        self.rooms = {"morning": morning, "evening": evening}
        self.queues: dict[str, list[str]] = {"morning": [], "evening": []}
        self.seats = Seats(id="n_1", rooms=self._rooms())

    def _rooms(self) -> tuple[Room, ...]:
        return tuple(Room(session=name, capacity=size) for name, size in self.rooms.items())

    @rule(who=PEOPLE, session=SESSIONS)
    def take(self, who: str, session: str) -> None:
        self.seats = take_seat(self.seats, who, session, Change(contact_id=who, via="test"), NOW)
        if all(who not in queue for queue in self.queues.values()):
            self.queues[session].append(who)

    @rule(who=PEOPLE)
    def leave(self, who: str) -> None:
        self.seats = leave_seat(self.seats, who, Change(contact_id=who, via="test"), NOW)
        for queue in self.queues.values():
            if who in queue:
                queue.remove(who)

    @rule(session=SESSIONS, size=st.integers(1, 5))
    def resize(self, session: str, size: int) -> None:
        before = dict(self.rooms)
        self.rooms[session] = size
        try:
            self.seats = fit_rooms(self.seats, self._rooms(), NOW)
        except Conflict:
            assert len([seat for seat in self.seats.taken if seat.session == session]) > size
            self.rooms = before

    @rule()
    def settle(self) -> None:
        for change in self.seats.changes:
            self.seats = settle_change(self.seats, change)
        assert self.seats.unsettled_since is None

    @invariant()
    def as_the_model(self) -> None:
        for session, queue in self.queues.items():
            seated = [seat.contact_id for seat in self.seats.taken if seat.session == session]
            waiting = [seat.contact_id for seat in self.seats.waiting if seat.session == session]
            assert seated == queue[: self.rooms[session]]
            assert waiting == queue[self.rooms[session] :]
        assert bool(self.seats.changes) == (self.seats.unsettled_since is not None)


TestSeatList = SeatListMachine.TestCase


async def plan(world: CustomerOffice, name: str, capacity: int, fee: int = 0) -> Occasion:
    start = world.clock.now().replace(microsecond=0) + timedelta(days=10)
    draft = OccasionDraft(title=name, start=start, end=start + timedelta(hours=1), capacity=capacity, fee=Decimal(fee))
    return (await world.business.gatherings.verbs.create(world.office.anna, draft, key=name)).occasion


async def test_of_thirty_who_race_for_three_seats_three_get_one_and_the_others_wait_in_line() -> None:
    world = await CustomerOffice.open()
    event = await plan(world, "Messe", 3)
    guests = [await world.customer(f"Gast {n}", f"gast{n}@guest.example") for n in range(30)]
    registering = world.business.gatherings.registering

    async def come(guest_id: str, leaves: bool) -> None:
        await registering.register(event.id, guest_id, via="test")  # type: ignore[arg-type]
        if leaves:
            await registering.cancel(event.id, guest_id, via="test")  # type: ignore[arg-type]

    await asyncio.gather(*(come(guest.id, n % 3 == 0) for n, guest in enumerate(guests)))
    seats = await registering.seats(event)
    assert (len(seats.taken), len(seats.waiting), seats.changes) == (3, 17, ())
    for guest in guests:
        standing = await registering.standing(event, guest.id)
        holds = seats.seat_of(guest.id) is not None
        waits = seats.position_of(guest.id) > 0
        assert (standing.registration.state is RegistrationState.REGISTERED) == holds
        assert (standing.registration.state is RegistrationState.WAITING) == waits


async def test_wherever_the_process_ends_the_next_moves_up_once_is_told_once_and_pays_once() -> None:
    world = await CustomerOffice.open()
    anna, crashes = world.office.anna, 0
    for point in range(500):
        event = await plan(world, f"Messe {point}", 1, fee=10)
        first = await world.customer(f"Erste {point}", f"first{point}@guest.example")
        second = await world.customer(f"Zweite {point}", f"second{point}@guest.example")
        verbs = world.business.gatherings.verbs
        for guest in (first, second):
            await verbs.register(anna, event.id, guest.id)
        world.store.restart(crash_after=point)
        try:
            await verbs.cancel(anna, event.id, first.id)
            ended = False
        except Crash:
            ended = True
            crashes += 1
        world.store.restart()
        world.build()
        gatherings = world.business.gatherings
        await gatherings.repair()
        await gatherings.verbs.cancel(anna, event.id, first.id)
        seated = await gatherings.verbs.registrations(anna, event.id)
        assert [one.contact_name for one in seated.items] == [second.name]
        told = [said.text for said in world.said(f"second{point}@guest.example")]
        assert len(told) == 2
        assert "Warteliste" in told[0]
        assert told[1].startswith("Gute Nachricht")
        assert len(world.said(f"first{point}@guest.example")) == 2
        open_items = [(await world.business.accounts.summary(anna, guest.id)).open_items for guest in (first, second)]
        assert [len(items) for items in open_items] == [0, 1]
        if not ended:
            break
    assert crashes > 20


@pytest.mark.parametrize("via", ["reply", "link"])
async def test_a_change_of_mind_before_the_first_is_settled_ends_as_the_last_word_says(via: str) -> None:
    world = await CustomerOffice.open()
    event = await plan(world, "Messe", 1)
    registering = world.business.gatherings.registering
    for _ in range(3):
        await asyncio.gather(
            registering.register(event.id, world.petra.id, via=via),
            registering.register(event.id, world.petra.id, via=via, quiet=True),
        )
        await registering.cancel(event.id, world.petra.id, via=via)
        standing = await registering.standing(event, world.petra.id)
        assert standing.registration.state is RegistrationState.CANCELLED
