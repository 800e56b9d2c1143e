"""What an event must be like before it is kept, and what a change of it may not take from those who are registered."""

from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from hub.domain.errors import Conflict, Invalid
from hub.domain.instant import to_utc_ms
from hub.domain.occasion import Occasion, OccasionDraft, Session, find_session
from hub.domain.seating import MOST_SEATS, Seats
from hub.services.calendar.shelf import check_zone
from hub.services.occasions.rooms import rooms_of

MOST_SESSIONS = 50


def check_draft(draft: OccasionDraft, zone: str) -> dict[str, Any]:
    """The fields of an occasion; `zone` where the draft names none. Raises Invalid naming the field, and of a session
    its id as `session`."""
    zone = draft.time_zone or zone
    check_zone(zone)
    if not 1 <= len(draft.title.strip()) <= 200:
        raise Invalid("An event needs a title of at most 200 characters.", field="title")
    if len(draft.description) > 8_000 or len(draft.place) > 200:
        raise Invalid("This text is too long.", field="text")
    if draft.start.tzinfo is None or draft.end.tzinfo is None or draft.end <= draft.start:
        raise Invalid("An event ends after it begins.", field="date")
    if not 0 <= draft.capacity <= MOST_SEATS:
        raise Invalid(f"At most {MOST_SEATS:,} seats; 0 for no limit.", field="capacity")
    if not Decimal(0) <= draft.fee <= Decimal(1_000_000) or draft.fee != round(draft.fee, 2):
        raise Invalid("The fee is an amount like 49.90.", field="fee")
    if len(draft.currency) != 3 or not draft.currency.isalpha():
        raise Invalid("A currency looks like EUR.", field="currency")
    if draft.deadline is not None and draft.deadline > draft.end:
        raise Invalid("Registration ends before the event does.", field="deadline")
    _check_sessions(draft)
    values = {one.name: getattr(draft, one.name) for one in fields(draft)}
    moments = {name: to_utc_ms(values[name]) for name in ("start", "end", "deadline") if values[name]}
    texts = {"time_zone": zone, "title": draft.title.strip(), "currency": draft.currency.upper()}
    return values | moments | texts | {"sessions": tuple(map(_tidy, draft.sessions))}


def _tidy(one: Session) -> Session:
    return replace(one, title=one.title.strip(), start=to_utc_ms(one.start), end=to_utc_ms(one.end))


def _check_sessions(draft: OccasionDraft) -> None:
    names = [one.id for one in draft.sessions]
    if len(names) > MOST_SESSIONS or len(set(names)) < len(names) or "" in names:
        raise Invalid(f"At most {MOST_SESSIONS} sessions, each with an id of its own.", field="session")
    for one in draft.sessions:
        _check_session(one, draft)


def _check_session(one: Session, draft: OccasionDraft) -> None:
    if not 1 <= len(one.title.strip()) <= 200:
        raise Invalid(
            "A session needs a title of at most 200 characters.", field="session", session=one.id, part="title"
        )
    if one.start.tzinfo is None or one.end.tzinfo is None or one.end <= one.start:
        raise Invalid("A session ends after it begins.", field="session", session=one.id, part="end")
    if one.start < draft.start or one.end > draft.end:
        # Else an event that is moved would leave its sessions on the day before.
        raise Invalid("A session lies within its event.", field="session", session=one.id, part="start")
    if not 0 <= one.capacity <= MOST_SEATS:
        raise Invalid(
            f"At most {MOST_SEATS:,} seats; 0 for no limit.", field="session", session=one.id, part="capacity"
        )


def check_seats(known: Occasion, changed: Occasion, seats: Seats) -> None:
    """Raises Conflict (code "taken") where somebody would lose a seat or a place in the waiting list."""
    rooms = {room.session: room.capacity for room in rooms_of(changed)}
    for session in dict.fromkeys(seat.session for seat in (*seats.taken, *seats.waiting)):
        taken = sum(seat.session == session for seat in seats.taken)
        part = find_session(known.sessions, session)
        if session not in rooms and part is not None:
            raise Conflict(
                f'People are registered for the session "{part.title}"; take them off first.',
                code="taken", field="session", session=session, part="title",
            )  # fmt: skip
        if session not in rooms:
            raise Conflict(
                "People are registered for the whole event; take them off before it gets sessions.",
                code="taken", field="session",
            )  # fmt: skip
        if taken > rooms[session] and part is not None:
            raise Conflict(
                f'{taken} seats are taken in the session "{part.title}".',
                code="taken", field="session", session=session, part="capacity",
            )  # fmt: skip
        if taken > rooms[session]:
            raise Conflict("More seats are taken than that.", code="taken", field="capacity")


def moved_sessions(known: Occasion, changed: Occasion) -> tuple[str, ...]:
    """The ids of those that have another time."""
    before = {one.id: (one.start, one.end) for one in known.sessions}
    return tuple(one.id for one in changed.sessions if before.get(one.id, (one.start, one.end)) != (one.start, one.end))
