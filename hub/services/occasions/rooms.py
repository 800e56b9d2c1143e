"""The rooms of an event: one for each session, or one for the whole; and how full they are."""

from hub.domain.occasion import Occasion, OccasionView, SessionView
from hub.domain.seating import MOST_SEATS, Room, Seats


def rooms_of(occasion: Occasion) -> tuple[Room, ...]:
    """One for each session, or one for the whole."""
    whole = occasion.capacity or MOST_SEATS
    if not occasion.sessions:
        return (Room(capacity=whole),)
    return tuple(Room(session=one.id, capacity=one.capacity or whole) for one in occasion.sessions)


def best_session(occasion: Occasion, seats: Seats) -> str:
    """The first with a free seat, else the first."""
    names = [one.id for one in occasion.sessions] or [""]
    return next((name for name in names if not _is_full(seats, name)), names[0])


def _is_full(seats: Seats, session: str) -> bool:
    # Whoever waits comes first, also where a seat has just come free.
    return seats.free(session) <= 0 or any(seat.session == session for seat in seats.waiting)


def view_sessions(occasion: Occasion, seats: Seats) -> tuple[SessionView, ...]:
    """Each with its seats, in the order in which they were planned."""
    return tuple(
        SessionView(
            session=one,
            capacity=one.capacity or occasion.capacity,
            taken=sum(seat.session == one.id for seat in seats.taken),
            waiting=sum(seat.session == one.id for seat in seats.waiting),
            full=_is_full(seats, one.id),
        )
        for one in occasion.sessions
    )


def view_occasion(occasion: Occasion, seats: Seats) -> OccasionView:
    """The event, how full it is and each of its sessions."""
    sessions = view_sessions(occasion, seats)
    limits = [one.capacity for one in sessions] or [occasion.capacity]
    return OccasionView(
        occasion=occasion,
        taken=len(seats.taken),
        waiting=len(seats.waiting),
        capacity=sum(limits) if all(limits) else 0,
        sessions=sessions,
    )
