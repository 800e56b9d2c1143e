"""What the verbs return to people: documents joined for reading. Values only; the edges render them."""

from dataclasses import dataclass
from datetime import datetime

from hub.domain.address import Address
from hub.domain.contact import Contact, Identity
from hub.domain.conversation import Conversation, Placement
from hub.domain.ids import ContactId, ConversationId, InteractionId, OutboxId, UserId
from hub.domain.interaction import Interaction, Sighting
from hub.domain.message import Participant
from hub.domain.outbox import OutboxItem, OutboxState
from hub.domain.people import RowScope, UserRole


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactMatch:
    """One answer to "who may that be": `score` 0 to 100, 100 is equality."""

    contact: Contact
    score: int
    address: Address | None = None
    """The address that fitted, where one did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCard:
    """Everything one wants to know of a contact at a glance."""

    contact: Contact
    identities: tuple[Identity, ...]
    conversations: tuple[Conversation, ...]
    """Newest first, at most 20."""
    last: Interaction | None
    waiting: Conversation | None
    """The one that has waited longest for our answer."""
    owner_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """An interaction as it stands on a page."""

    interaction: Interaction
    conversation_id: ConversationId | None = None
    confidence: float = 1.0
    delivery: OutboxState | None = None
    """Of outgoing entries; the worst of its recipients."""
    delivery_detail: str = ""
    contact_name: str = ""
    """Filled in search results."""
    author_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDetail:
    """Why an entry is where it is, and what became of it."""

    entry: TimelineEntry
    placement: Placement | None
    sightings: tuple[Sighting, ...]
    items: tuple[OutboxItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationLine:
    """A conversation in a list."""

    conversation: Conversation
    contact_name: str
    owner_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyDraft:
    """How an answer would go out, before anyone presses send. Recipients are computed from the answered message
    only; `added` and `dropped` are the difference to its own recipients."""

    conversation: Conversation
    contact_name: str
    channel: str
    account: str
    subject: str
    to: tuple[Participant, ...]
    cc: tuple[Participant, ...] = ()
    added: tuple[Address, ...] = ()
    dropped: tuple[Address, ...] = ()
    can_send: bool = True
    problem: str = ""
    """A message id that says why it cannot be sent now, or what else to mind (another colleague is answering)."""
    take_back_seconds: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyReceipt:
    """What was accepted for sending."""

    entry_id: InteractionId
    items: tuple[OutboxId, ...]
    leaves_at: datetime
    """Until then it can be taken back."""
    draft: ReplyDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDraft:
    """What a colleague enters for a new contact, or changes: None leaves a field as it is."""

    name: str | None = None
    organisation: str | None = None
    city: str | None = None
    language: str | None = None
    roles: tuple[str, ...] | None = None
    owner: UserId | None = None
    notes: str | None = None
    addresses: tuple[tuple[str, str], ...] = ()
    """(address form, text) pairs to bind, entered by a colleague."""
    department: str | None = None
    tags: tuple[str, ...] | None = None
    custom: tuple[tuple[str, str], ...] | None = None
    preferred_channel: str | None = None
    relations: tuple[tuple[str, ContactId], ...] | None = None
    """(what, other contact)."""
    consents: tuple[tuple[str, str], ...] | None = None
    """(purpose, how we know); those that stood before keep their day."""
    confirm: bool = False
    """A provisional contact becomes a real one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLine:
    """A channel with its link state."""

    name: str
    kind: str
    state: str
    detail: str
    since: datetime | None
    can_send: bool
    addresses: tuple[str, ...]
    seen: int
    done: int
    duplicates: int
    quarantined: int
    pending: int
    """seen = done + duplicates + quarantined + pending"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLine:
    """A colleague in a list."""

    id: UserId
    name: str
    display_name: str
    role: UserRole
    language: str
    active: bool
    links: tuple[Address, ...]
    own_role: str = ""
    rows: RowScope = RowScope.ALL
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HubStatus:
    """How the hub is."""

    version: str
    engine: str
    started_at: datetime
    now: datetime
    ready: bool
    channels: tuple[ChannelLine, ...]
    outbox: tuple[tuple[str, int], ...]
    """(state, count), counts capped at 10,000."""
    oldest_due: datetime | None
    waiting: int
    quarantined: int
    problems: tuple[str, ...]
    rebuilding: int | None = None
    """Per cent of a rebuild of the search index that is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineLine:
    """An arrival that could not be recorded. `raw` is behind a verb of its own."""

    id: str
    account: str
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    size: int
    stage: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileData:
    """An attachment's bytes with their name and type."""

    name: str
    type: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FaxDraft:
    """A fax before anyone presses send."""

    contact_id: ContactId
    contact_name: str
    account: str = ""
    number: Address | None = None
    pages: int = 0
    """With the cover sheet; 0 where the channel cannot tell beforehand."""
    cover: bool = False
    pictures: tuple[FileData, ...] = ()
    """PNG of the first pages."""
    repeated_at: datetime | None = None
    """The same went to this number then, less than an hour ago."""
    can_send: bool = False
    problem: str = ""
    """Why it cannot be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaxReceipt:
    """A fax that was accepted for sending."""

    entry_id: InteractionId
    items: tuple[OutboxId, ...]
    leaves_at: datetime
    """Until then it can be taken back."""
    number: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A fresh console session; the cookie is shown once and stored as its hash only."""

    cookie: str
    user: UserLine
    must_change_password: bool
