"""The seat list of an occasion: one document, changed by compare and set, so that nothing is ever oversold. A seat that
comes free goes to whoever waits longest. What has still to be written down and told stands in `changes`."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from hub.domain.errors import Conflict, Invalid

MOST_SEATS = 5_000
MOST_WAITING = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Somebody's, in a session ('' where there are none)."""

    contact_id: str
    session: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many fit into a session."""

    session: str = ""
    capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A contact whose standing has changed. `quiet`: whoever changed it tells the contact themselves."""

    contact_id: str
    via: str
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats:
    """Id = the occasion's."""

    id: str
    version: int = 0
    rooms: tuple[Room, ...]
    taken: tuple[Seat, ...] = ()
    waiting: tuple[Seat, ...] = ()
    """First come, first served."""
    changes: tuple[Change, ...] = ()
    unsettled_since: datetime | None = None
    """Set while there are `changes`: the sparse index of what a crash left."""

    def seat_of(self, contact_id: str) -> Seat | None:
        """The one that they hold."""
        return next((seat for seat in self.taken if seat.contact_id == contact_id), None)

    def held_by(self, contact_id: str) -> Seat | None:
        """Their seat, or their place in the waiting list."""
        return next((seat for seat in (*self.taken, *self.waiting) if seat.contact_id == contact_id), None)

    def position_of(self, contact_id: str) -> int:
        """In the waiting list of their session, from 1; 0 where they do not wait."""
        mine = next((seat for seat in self.waiting if seat.contact_id == contact_id), None)
        if mine is None:
            return 0
        return [seat.contact_id for seat in self.waiting if seat.session == mine.session].index(contact_id) + 1

    def free(self, session: str = "") -> int:
        """Seats left in that session, and in the list as a whole."""
        room = next((room for room in self.rooms if room.session == session), None)
        if room is None:
            return 0
        left = room.capacity - sum(seat.session == session for seat in self.taken)
        # However many sessions there are, the list stays one document of a bounded size.
        return min(left, MOST_SEATS - len(self.taken))


def take_seat(seats: Seats, contact_id: str, session: str, change: Change, now: datetime) -> Seats:
    """A seat, or a place at the end of the waiting list. Whoever has either keeps it. Raises Invalid for a session
    that there is not, Conflict (code "waiting-full")."""
    if seats.seat_of(contact_id) or seats.position_of(contact_id):
        return seats
    if not any(room.session == session for room in seats.rooms):
        raise Invalid("Say for which session.", field="session")
    seat = Seat(contact_id=contact_id, session=session)
    # Whoever waits comes first, even where a seat has just come free.
    if seats.free(session) > 0 and not any(one.session == session for one in seats.waiting):
        return _noted(replace(seats, taken=(*seats.taken, seat)), [change], now)
    if len(seats.waiting) >= MOST_WAITING:
        raise Conflict("The waiting list is full too.", code="waiting-full")
    return _noted(replace(seats, waiting=(*seats.waiting, seat)), [change], now)


def leave_seat(seats: Seats, contact_id: str, change: Change, now: datetime) -> Seats:
    """Give it back; the next in the waiting list moves up. The same list where they had neither."""
    if not (seats.seat_of(contact_id) or seats.position_of(contact_id)):
        return seats
    left = replace(
        seats,
        taken=tuple(seat for seat in seats.taken if seat.contact_id != contact_id),
        waiting=tuple(seat for seat in seats.waiting if seat.contact_id != contact_id),
    )
    return _move_up(_noted(left, [change], now), now)


def fit_rooms(seats: Seats, rooms: Iterable[Room], now: datetime) -> Seats:
    """The list with these capacities; who waits moves up. Raises Conflict (code "taken") where more are seated."""
    fitted = replace(seats, rooms=tuple(rooms))
    if fitted == seats:
        return seats
    kept = {room.session for room in fitted.rooms}
    if any(fitted.free(session) < 0 for session in kept) or any(seat.session not in kept for seat in fitted.taken):
        raise Conflict("More seats are taken than that.", code="taken", field="capacity")
    return _move_up(fitted, now)


def clear_seats(seats: Seats, now: datetime) -> Seats:
    """Nobody has a seat any more, and all are told."""
    everybody = [Change(contact_id=seat.contact_id, via="cancelled") for seat in (*seats.taken, *seats.waiting)]
    return _noted(replace(seats, taken=(), waiting=()), everybody, now) if everybody else seats


def settle_change(seats: Seats, change: Change) -> Seats:
    """The list without a change that was written down and told."""
    left = tuple(one for one in seats.changes if one != change)
    return replace(seats, changes=left, unsettled_since=seats.unsettled_since if left else None)


def _move_up(seats: Seats, now: datetime) -> Seats:
    for room in seats.rooms:
        queue = [seat for seat in seats.waiting if seat.session == room.session]
        moved = tuple(queue[: max(0, seats.free(room.session))])
        if moved:
            rest = tuple(seat for seat in seats.waiting if seat not in moved)
            seats = replace(seats, taken=(*seats.taken, *moved), waiting=rest)
            seats = _noted(seats, [Change(contact_id=seat.contact_id, via="moved-up") for seat in moved], now)
    return seats


def _noted(seats: Seats, changes: list[Change], now: datetime) -> Seats:
    """A later change of a contact stands instead of an earlier one that nobody was told of yet."""
    fresh = {change.contact_id for change in changes}
    kept = tuple(one for one in seats.changes if one.contact_id not in fresh)
    return replace(seats, changes=(*kept, *changes), unsettled_since=seats.unsettled_since or now)
