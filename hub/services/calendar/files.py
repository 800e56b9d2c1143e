"""Calendar files (RFC 5545). The library is loaded on first use."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hub.domain.appointment import Appointment, AppointmentState

PRODUCT = "-//Fernamt//Fernamt//EN"


def write_calendar(appointments: Sequence[Appointment], now: datetime, *, name: str = "", method: str = "") -> bytes:
    """One file with all of them. Instances that were moved are components of their own, those left out EXDATEs."""
    import icalendar

    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    if method:
        calendar.add("method", method)
    if name:
        calendar.add("x-wr-calname", name)
    for appointment in appointments:
        calendar.add_component(_event(appointment, now))
        for override in appointment.overrides:
            if override.start is not None:
                moved = _event(appointment, now, start=override.start, end=override.end, original=override.original)
                calendar.add_component(moved)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _event(
    it: Appointment, now: datetime, *, start: datetime | None = None, end: datetime | None = None,
    original: datetime | None = None,
) -> Any:  # fmt: skip
    import icalendar

    zone = ZoneInfo(it.time_zone)
    event = icalendar.Event()
    event.add("uid", it.uid)
    event.add("dtstamp", now)
    event.add("sequence", it.sequence)
    begins = start or it.start
    event.add("dtstart", begins.astimezone(zone))
    event.add("dtend", (end or begins + (it.end - it.start)).astimezone(zone))
    event.add("summary", it.title)
    event.add("status", "CANCELLED" if it.state is AppointmentState.CANCELLED else it.state.value.upper())
    if it.location:
        event.add("location", it.location)
    if original is not None:
        event.add("recurrence-id", original.astimezone(zone))
    elif it.recurrence:
        event.add("rrule", icalendar.vRecur.from_ical(it.recurrence))
        for override in it.overrides:
            if override.start is None:
                event.add("exdate", override.original.astimezone(zone))
    return event
