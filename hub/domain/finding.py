"""What a search finds: values only; edges render them."""

from dataclasses import dataclass
from datetime import datetime

from hub.domain.ids import ContactId, ConversationId
from hub.domain.money import Money

KINDS = ("contact", "message", "note", "call", "fax", "appointment", "order", "invoice", "payment", "document", "event")
"""What one may ask for; entries of a timeline that are of another kind are found where no kind is asked for."""
Span = tuple[int, int]
"""From character `start` up to, without, character `end`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a found id stands for, before it is cut to a snippet."""

    kind: str
    title: str
    at: datetime
    text: str = ""
    contact_id: ContactId | None = None
    conversation_id: ConversationId | None = None
    channel: str = ""
    amount: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One thing that was found."""

    kind: str
    """One of KINDS, or another kind of timeline entry."""
    id: str
    title: str
    """Subject, name, number; may be ''."""
    at: datetime
    """When it was said, is held; of a booking its day; of a contact, when it was made."""
    snippet: str = ""
    """A line of the text around the first word that fits."""
    highlights: tuple[Span, ...] = ()
    """Where the words stand in the snippet."""
    title_highlights: tuple[Span, ...] = ()
    contact_id: ContactId | None = None
    """Whom it is about; None where it is about nobody."""
    contact_name: str = ""
    conversation_id: ConversationId | None = None
    channel: str = ""
    amount: Money | None = None
    """Of bookings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexState:
    """How the index is."""

    rebuilding: int | None = None
    """Per cent of a rebuild that is under way: until it is over, something may not be found. None: it is whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """One step of filling the index anew."""

    done: int
    """Entries that this step looked at."""
    next: str | None
    """For the next step; None where nothing is left."""
