"""Reading and writing calendar messages (RFC 5545, 5546). Tolerant in reading: Outlook, Google, Apple and Thunderbird
each have their own manners. Bounded: size, components, the rule of recurrence."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from hub.domain.appointment import Appointment, AppointmentState, Attendee, Override, Participation
from hub.domain.errors import Invalid
from hub.domain.itip import ItipAttendee, ItipMessage, ItipMethod
from hub.services.calendar.recurrence import MAX_INSTANCES, check_rule

MAX_BYTES = 262_144
MAX_ATTENDEES = 200
MAX_COMPONENTS = 50
LONGEST_TITLE = 200
PRODUCT = "-//Fernamt//Fernamt//EN"
WINDOWS_ZONES = {
    "w. europe standard time": "Europe/Berlin",
    "central europe standard time": "Europe/Budapest",
    "central european standard time": "Europe/Warsaw",
    "romance standard time": "Europe/Paris",
    "gmt standard time": "Europe/London",
    "greenwich standard time": "UTC",
    "utc": "UTC",
    "eastern standard time": "America/New_York",
    "pacific standard time": "America/Los_Angeles",
}
"""How Outlook calls zones; those of our customers. Others come by their VTIMEZONE."""
_METHODS = {method.value: method for method in ItipMethod}


def read_itip(data: bytes) -> ItipMessage | None:
    """The message; None where the file is no message to act on (PUBLISH, no event). Raises Invalid for what cannot be
    read, is too large, or recurs without end."""
    import icalendar

    if len(data) > MAX_BYTES:
        raise Invalid(f"A calendar message has at most {MAX_BYTES // 1024} KiB.", field="file")
    if data.count(b"BEGIN:") > MAX_COMPONENTS:
        raise Invalid(f"A calendar message has at most {MAX_COMPONENTS} components.", field="file")
    try:
        calendar = icalendar.Calendar.from_ical(data)
        method = _METHODS.get(str(calendar.get("method", "")).strip().upper())
        events = list(calendar.walk("VEVENT"))
        if method is None or not events:
            return None
        # The series itself comes before its instances that differ.
        event = next((one for one in events if one.get("recurrence-id") is None), events[0])
        message = _read_event(event, method)
        return replace(message, exceptions=_exceptions(event, events)) if message.recurrence else message
    except Invalid:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise Invalid("This calendar message cannot be read.", field="file") from error


def _read_event(event: Any, method: ItipMethod) -> ItipMessage:
    uid = str(event.get("uid", "")).strip()
    if not 1 <= len(uid) <= 500:
        raise Invalid("A calendar message needs a UID of at most 500 characters.", field="uid")
    rule = event.get("rrule")
    recurrence = rule.to_ical().decode() if rule is not None and not isinstance(rule, list) else ""
    check_rule(recurrence)
    named = event.get("recurrence-id")
    if "RANGE" in getattr(named, "params", {}):
        # RFC 5545 §3.2.13, THISANDFUTURE: a new series, which only a person can see through.
        raise Invalid("A change of all later instances is not carried out.", field="recurrence-id")
    start, zone = _moment(event.get("dtstart"))
    end, _ = _moment(event.get("dtend"))
    if start is not None and end is None:
        length = event.get("duration")
        end = start + (length.dt if length is not None else timedelta(hours=1))
    if start is not None and end is not None and not start < end <= start + timedelta(days=7):
        raise Invalid("An appointment ends after it begins, within 7 days.", field="end")
    return ItipMessage(
        method=method,
        uid=uid,
        sequence=max(0, int(event.get("sequence", 0) or 0)),
        stamp=_moment(event.get("dtstamp"))[0],
        organiser=_address(event.get("organizer")),
        attendees=tuple(_attendee(one) for one in _listed(event.get("attendee"))[:MAX_ATTENDEES]),
        start=start,
        end=end,
        time_zone=zone,
        title=_line(event.get("summary")),
        location=_line(event.get("location")),
        comment=_line(event.get("comment"), 1_000),
        recurrence=recurrence,
        instance=_moment(named)[0],
    )


def _exceptions(series: Any, events: Sequence[Any]) -> tuple[Override, ...]:
    """What the file says of single instances: EXDATE, and components with a RECURRENCE-ID."""
    found: dict[datetime, Override] = {}
    for listed in _listed(series.get("exdate")):
        for one in listed.dts:
            original = _moment(one)[0]
            if original is not None:
                found[original] = Override(original=original)
    for event in events:
        original = _moment(event.get("recurrence-id"))[0]
        if original is None or event.get("uid") != series.get("uid"):
            continue
        differs = _read_event(event, ItipMethod.REQUEST)
        gone = str(event.get("status", "")).upper() == "CANCELLED" or differs.start is None
        found[original] = Override(
            original=original,
            start=None if gone else differs.start,
            end=None if gone else differs.end,
            sequence=differs.sequence,
            stamp=differs.stamp,
        )
    if len(found) > MAX_INSTANCES:
        raise Invalid(f"A series has at most {MAX_INSTANCES} exceptions.", field="exdate")
    return tuple(found[original] for original in sorted(found))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _line(value: Any, limit: int = LONGEST_TITLE) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    return " ".join(str(value or "").split())[:limit]


def _address(value: Any) -> str:
    """Without its scheme, which Outlook writes in capitals."""
    text = str(value or "").strip()
    return text[7:].lower() if text[:7].lower() == "mailto:" else text.lower()


def _attendee(value: Any) -> ItipAttendee:
    parameters = getattr(value, "params", {})
    said = str(parameters.get("PARTSTAT", "")).lower()
    known = said in tuple(Participation)
    return ItipAttendee(
        address=_address(value),
        name=_line(parameters.get("CN", "")),
        participation=Participation(said) if known else Participation.NEEDS_ACTION,
    )


def _moment(value: Any) -> tuple[datetime | None, str]:
    """UTC, and the zone in which people meet. A day alone begins at midnight; a time without a zone is the hub's own
    concern and counts as UTC."""
    if value is None:
        return None, ""
    moment = value.dt
    name = str(getattr(value, "params", {}).get("TZID", ""))
    if isinstance(moment, date) and not isinstance(moment, datetime):
        return datetime.combine(moment, time(), tzinfo=UTC), ""
    known = _zone(name)
    if known is not None and (moment.tzinfo is None or name.lower() in WINDOWS_ZONES):
        moment = moment.replace(tzinfo=known)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    shown = str(known) if isinstance(known, ZoneInfo) else ""
    return moment.astimezone(UTC), shown


def _zone(name: str) -> tzinfo | None:
    name = WINDOWS_ZONES.get(name.lower(), name.rpartition("/mozilla.org/")[2])
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None


# Writing


def write_itip(
    appointment: Appointment,
    method: ItipMethod,
    now: datetime,
    *,
    organiser: str,
    organiser_name: str = "",
    attendees: Sequence[Attendee] = (),
) -> bytes:
    """One message. Times stand in the appointment's zone, with its VTIMEZONE, so that a series stays at its hour."""
    import icalendar

    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method.value)
    gone = method is ItipMethod.CANCEL or appointment.state is AppointmentState.CANCELLED
    moved = [one for one in appointment.overrides if one.start is not None and appointment.recurrence and not gone]
    for override in (None, *moved):
        event = _event(appointment, now, override)
        event.add("status", "CANCELLED" if gone else "CONFIRMED")
        event.add("organizer", _person(organiser, organiser_name))
        for attendee in attendees:
            person = _person(attendee.address.normal, attendee.name)
            person.params["PARTSTAT"] = icalendar.vText(attendee.participation.value.upper())
            if method is ItipMethod.REQUEST:
                person.params["ROLE"] = icalendar.vText("REQ-PARTICIPANT")
                person.params["RSVP"] = icalendar.vText("TRUE")
            event.add("attendee", person, encode=False)
        calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _event(appointment: Appointment, now: datetime, moved: Override | None) -> Any:
    """The appointment, or the series; or one instance of it that was moved."""
    import icalendar

    zone = ZoneInfo(appointment.time_zone)
    event = icalendar.Event()
    event.add("uid", appointment.uid)
    event.add("dtstamp", now)
    event.add("sequence", appointment.sequence)
    start, end = appointment.start, appointment.end
    if moved is not None and moved.start is not None:
        start, end = moved.start, moved.end or moved.start + (end - start)
        event.add("recurrence-id", moved.original.astimezone(zone))
    event.add("dtstart", start.astimezone(zone))
    event.add("dtend", end.astimezone(zone))
    event.add("summary", appointment.title)
    if appointment.location:
        event.add("location", appointment.location)
    if appointment.recurrence and moved is None:
        event.add("rrule", icalendar.vRecur.from_ical(appointment.recurrence))
        for override in appointment.overrides:
            if override.start is None:
                event.add("exdate", override.original.astimezone(zone))
    return event


def _person(address: str, name: str) -> Any:
    import icalendar

    person = icalendar.vCalAddress(f"mailto:{address}")
    if name:
        person.params["CN"] = icalendar.vText(name)
    return person
