"""Who did not come: said of an appointment that has begun, and taken back. Nobody is sent anything."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hub.domain.appointment import Absence, Appointment, AppointmentState
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.ids import InteractionId, derived_id
from hub.domain.interaction import Direction, Interaction, InteractionKind
from hub.domain.people import Actor
from hub.services.calendar.recurrence import expand


def instance_of(appointment: Appointment, occurrence: datetime | None, now: datetime) -> datetime:
    """The original start of the instance that somebody may be said to have missed. Raises Invalid, NotFound,
    Conflict."""
    if occurrence is None and appointment.recurrence:
        raise Invalid("Say which appointment of the series is meant.", field="occurrence")
    if appointment.contact_id is None:
        raise Conflict("Only an appointment with a contact can be missed by them.", code="no-contact")
    if appointment.state is not AppointmentState.CONFIRMED:
        raise Conflict("Only an appointment that was agreed and not cancelled can be missed.", code="not-agreed")
    start = occurrence.astimezone(UTC) if occurrence is not None else appointment.start
    if all(start != begins for begins, _ in expand(appointment)):
        raise NotFound("There is no such instance of this appointment.")
    if start > now:
        raise Conflict("This appointment has not begun yet; nobody can have missed it.", code="not-begun")
    return next((one.original for one in appointment.overrides if one.start == start), start)


def word_on(absences: Sequence[Absence], original: datetime) -> Absence | None:
    """The last word on that instance."""
    return next((one for one in absences if one.start == original), None)


def with_word(appointment: Appointment, word: Absence) -> Appointment:
    """The appointment with the last word on one of its instances."""
    others = tuple(one for one in appointment.absences if one.start != word.start)
    return replace(appointment, absences=(*others, word))


def trace_of(appointment: Appointment, word: Absence, at: datetime, actor: Actor) -> Interaction:
    """The entry on the contact's timeline; its id names the word, so that a repetition leaves one. `at`: the time that
    it is about."""
    assert appointment.contact_id is not None
    what = "missed" if word.missed else "kept"
    moment = word.at.astimezone(UTC).isoformat()
    return Interaction(
        id=InteractionId(derived_id("i", "appointment", appointment.id, what, word.start.isoformat(), moment)),
        contact_id=appointment.contact_id,
        at=word.at,
        kind=InteractionKind.APPOINTMENT,
        direction=Direction.INTERNAL,
        subject=appointment.title,
        text=f"{at.astimezone(ZoneInfo(appointment.time_zone)):%Y-%m-%d %H:%M}",
        marks=(f"appointment-{what}",),
        author=actor.user_id,
    )
