"""The JSON of calendars, appointments and reminders. Moments are UTC; `time_zone` says where people meet."""

from hub.domain.appointment import Appointment, Calendar, Occurrence, Slot
from hub.domain.reminder import Reminder
from hub.web.api.shapes import Json, address, moment


def calendar(value: Calendar) -> Json:
    """A calendar; the secret of its feed is never given."""
    return {
        "id": value.id,
        "version": value.version,
        "name": value.name,
        "kind": value.kind.value,
        "user_id": value.user_id,
        "time_zone": value.time_zone,
        "hours": [{"weekday": it.weekday, "start": it.start, "end": it.end} for it in value.hours],
        "country": value.country,
        "subdivision": value.subdivision,
        "days_off": [day.isoformat() for day in value.days_off],
        "bookable": value.bookable,
        "slot_minutes": value.slot_minutes,
        "buffer_minutes": value.buffer_minutes,
        "has_feed": bool(value.feed),
    }


def appointment(value: Appointment) -> Json:
    """An appointment."""
    return {
        "id": value.id,
        "version": value.version,
        "uid": value.uid,
        "sequence": value.sequence,
        "state": value.state.value,
        "calendars": list(value.calendars),
        "contact_id": value.contact_id,
        "title": value.title,
        "location": value.location,
        "notes": value.notes,
        "start": moment(value.start),
        "end": moment(value.end),
        "time_zone": value.time_zone,
        "recurrence": value.recurrence,
        "missed": [moment(it.start) for it in value.absences if it.missed],
        "attendees": [
            address(it.address) | {"name": it.name, "participation": it.participation.value} for it in value.attendees
        ],
    }


def occurrence(value: Occurrence) -> Json:
    """An appointment, or one instance of a recurring one."""
    return {
        "start": moment(value.start),
        "end": moment(value.end),
        "contact_name": value.contact_name,
        "calendar_names": list(value.calendar_names),
        "missed": value.missed,
        "appointment": appointment(value.appointment),
    }


def slot(value: Slot) -> Json:
    """A free time."""
    return {
        "calendar_id": value.calendar_id,
        "calendar_name": value.calendar_name,
        "start": moment(value.start),
        "end": moment(value.end),
    }


def reminder(value: Reminder) -> Json:
    """A reminder of one's own."""
    return {
        "id": value.id,
        "due_at": moment(value.due_at),
        "text": value.text,
        "contact_id": value.contact_id,
        "state": value.state.value,
    }
