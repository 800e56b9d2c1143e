"""Calendars, appointments and the days on which they are busy. Moments are UTC; what people mean by "10:00" is kept
as a wall time in a named zone, because a recurring appointment stays at 10:00 across the change of the clocks."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from hub.domain.address import Address
from hub.domain.ids import ContactId, UserId


class CalendarKind(StrEnum):
    """Whose time it is."""

    PERSON = "person"
    ROOM = "room"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingHours:
    """From `start` to `end` (minutes since midnight, local) on a weekday (0 is Monday)."""

    weekday: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A colleague's calendar or a room's."""

    id: str
    """`k_...`; of a colleague derived from the user id."""
    version: int = 0
    name: str
    sort_name: str
    kind: CalendarKind = CalendarKind.PERSON
    user_id: UserId | None = None
    time_zone: str
    hours: tuple[WorkingHours, ...] = ()
    country: str = "DE"
    subdivision: str = ""
    """State for public holidays, for example "NW"."""
    days_off: tuple[date, ...] = ()
    bookable: bool = False
    """Customers may book here."""
    slot_minutes: int = 60
    buffer_minutes: int = 0
    feed: str = ""
    """SHA-256 of the secret in the feed's address; '' where there is none."""


class AppointmentState(StrEnum):
    """TENTATIVE while an invitation from outside waits for our answer."""

    TENTATIVE = "tentative"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class Participation(StrEnum):
    """RFC 5545 PARTSTAT."""

    NEEDS_ACTION = "needs-action"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    TENTATIVE = "tentative"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """Somebody who was invited, and what they said."""

    address: Address
    name: str = ""
    contact_id: ContactId | None = None
    participation: Participation = Participation.NEEDS_ACTION
    answered_at: datetime | None = None
    """DTSTAMP of the answer that counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One instance of a recurring appointment that differs: moved, or left out (`start` is None)."""

    original: datetime
    start: datetime | None = None
    end: datetime | None = None
    sequence: int = 0
    """Of the message from outside that said so, as is `stamp`."""
    stamp: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """The last word on whether the contact came to the instance whose original start is `start`. It is ours alone: the
    state, `sequence` and whoever was invited do not know of it (RFC 5545 has no word for it, and a cancellation it is
    not)."""

    start: datetime
    missed: bool = True
    """False: it was taken back."""
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """What is agreed. Changed by version; `sequence` grows with each change that others must hear of (RFC 5546)."""

    id: str
    """`p_...`"""
    version: int = 0
    uid: str
    """iCalendar UID, ours or the organiser's."""
    sequence: int = 0
    state: AppointmentState = AppointmentState.CONFIRMED
    calendars: tuple[str, ...]
    """Calendar ids, sorted."""
    contact_id: ContactId | None = None
    title: str
    location: str = ""
    notes: str = ""
    start: datetime
    end: datetime
    time_zone: str
    recurrence: str = ""
    """RRULE without its name: DAILY, WEEKLY, MONTHLY or YEARLY with COUNT or UNTIL (bounded)."""
    repeats: tuple[str, ...] = ()
    """The calendars again where it recurs: series are looked for apart, because they begin before what is asked."""
    overrides: tuple[Override, ...] = ()
    absences: tuple[Absence, ...] = ()
    """One for each instance of which somebody said so."""
    organiser: Address | None = None
    """Set where somebody outside invited us."""
    attendees: tuple[Attendee, ...] = ()
    source_entry: str = ""
    """The message that invited us."""
    created_by: str
    """`user:u_...`, `contact:c_...`."""
    created_at: datetime
    key: str = ""

    def missed(self, start: datetime) -> bool:
        """Whether the contact did not come to the instance that begins at `start`."""
        original = next((one.original for one in self.overrides if one.start == start), start)
        return any(one.missed for one in self.absences if one.start == original)


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """An interval of a day that is taken. `hold_until` is set while a booking is under way and not yet permanent."""

    appointment_id: str
    start: datetime
    end: datetime
    hold_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDay:
    """What is busy in one calendar on one UTC day: id = `calendar/2026-11-24`. Booking is compare-and-set on it."""

    id: str
    version: int = 0
    calendar_id: str
    day: date
    busy: tuple[Busy, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A free time that can be booked."""

    calendar_id: str
    calendar_name: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """An appointment, or one instance of a recurring one, as it stands in an agenda."""

    appointment: Appointment
    start: datetime
    end: datetime
    contact_name: str = ""
    calendar_names: tuple[str, ...] = ()

    @property
    def missed(self) -> bool:
        """The contact did not come."""
        return self.appointment.missed(self.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentDraft:
    """What somebody wants to book. `start` aware. No `calendars`: the actor's own."""

    start: datetime
    minutes: int = 60
    title: str = ""
    contact_id: ContactId | None = None
    calendars: tuple[str, ...] = ()
    location: str = ""
    notes: str = ""
    time_zone: str = ""
    recurrence: str = ""
    outside_hours: bool = False
    """A colleague insists although nobody works then."""
    afterwards: bool = False
    """It has been already, at most two years ago, and is noted now."""
