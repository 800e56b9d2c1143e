"""How work is shared out: queues, targets, canned replies, and who is looking at what."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.domain.appointment import WorkingHours
from hub.domain.ids import ConversationId, UserId


class Assignment(StrEnum):
    """Who gets a new conversation of a queue."""

    MANUAL = "manual"
    OWNER = "owner"
    """The contact's owner, else nobody."""
    ROUND_ROBIN = "round-robin"
    LEAST_BUSY = "least-busy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A place where conversations wait. Id is its folded name; "queue" is the one that always exists."""

    id: str
    version: int = 0
    name: str
    accounts: tuple[str, ...] = ()
    """Channels whose new conversations come here."""
    team: str = ""
    members: tuple[UserId, ...] = ()
    assignment: Assignment = Assignment.MANUAL
    first_response_minutes: int = 0
    """In business hours; 0: no target."""
    resolution_minutes: int = 0
    next_member: int = 0
    """For round robin."""
    hours: tuple[WorkingHours, ...] = ()
    """Business hours, in which the minutes of targets count; none: Monday to Friday, 9 to 17."""
    time_zone: str = ""
    """'' for the company's."""
    country: str = "DE"
    subdivision: str = ""
    """For public holidays, for example "NW"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedReply:
    """A text with {fields}: name, first_name, company, user, number. Id is its folded name."""

    id: str
    version: int = 0
    name: str
    language: str = ""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A colleague who has a conversation open, or writes in it."""

    user_id: UserId
    name: str
    conversation_id: ConversationId
    writing: bool
    since: datetime
