"""What a calendar message says (RFC 5546), without the form it came in."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.domain.appointment import Override, Participation


class ItipMethod(StrEnum):
    """RFC 5546 §1.4; the ones that we act on."""

    REQUEST = "REQUEST"
    REPLY = "REPLY"
    COUNTER = "COUNTER"
    CANCEL = "CANCEL"
    DECLINE_COUNTER = "DECLINECOUNTER"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItipAttendee:
    """Somebody invited: `address` as written, without mailto:, in lower case."""

    address: str
    name: str = ""
    participation: Participation = Participation.NEEDS_ACTION


@dataclass(frozen=True, slots=True, kw_only=True)
class ItipMessage:
    """One message about one event. Moments are UTC."""

    method: ItipMethod
    uid: str
    sequence: int = 0
    stamp: datetime | None = None
    """DTSTAMP: which of two answers is the newer."""
    organiser: str = ""
    attendees: tuple[ItipAttendee, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    time_zone: str = ""
    title: str = ""
    location: str = ""
    comment: str = ""
    recurrence: str = ""
    instance: datetime | None = None
    """RECURRENCE-ID: it is about this instance only."""
    exceptions: tuple[Override, ...] = ()
    """Of a series: its instances that are left out or elsewhere."""
