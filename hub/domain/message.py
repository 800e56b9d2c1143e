"""What arrives: the envelope (what the transport said), the content (what the person said), and the pair."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.domain.address import Address
from hub.domain.facts import Booking, Call, Reach, Relation


class MessageClass(StrEnum):
    """How a message came to be (RFC 3834 and neighbours). Only HUMAN may be answered automatically."""

    HUMAN = "human"
    AUTO_REPLY = "auto-reply"
    BULK = "bulk"
    BOUNCE = "bounce"
    OWN = "own"


class InteractionKind(StrEnum):
    """What a timeline entry is."""

    MESSAGE = "message"
    NOTE = "note"
    STATUS = "status"
    CALL = "call"
    FAX = "fax"
    ORDER = "order"
    INVOICE = "invoice"
    PAYMENT = "payment"
    APPOINTMENT = "appointment"
    DOCUMENT = "document"
    EVENT = "event"


class Strength(StrEnum):
    """How well an address is known to belong to whom it claims."""

    CLAIMED = "claimed"
    AUTHENTICATED = "authenticated"
    VERIFIED = "verified"


class ParticipantRole(StrEnum):
    """Where an address stood in the message."""

    FROM = "from"
    TO = "to"
    CC = "cc"
    BCC = "bcc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """An address in a message, with the name written beside it."""

    address: Address
    name: str = ""
    role: ParticipantRole = ParticipantRole.TO


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came or goes with a message. Incoming bytes stay in the raw arrival and are cut out again by
    `Parser.extract(raw, index)`; outgoing files lie in the blob store under `sha256`."""

    index: int
    name: str
    type: str
    size: int
    sha256: str
    inline: bool = False
    content_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the transport said, not what the message says of itself. Every field may be empty."""

    sender: str = ""
    recipients: tuple[str, ...] = ()
    client: str = ""
    """Who handed it over: IP address, server name."""
    tls: bool = False
    authenticated: bool = False
    """The transport proved the sender (XMPP server of the sender over an authenticated stream, SMTP AUTH)."""
    folder: str = ""
    """Where it lay (IMAP folder)."""
    outgoing: bool = False
    """It lay in the Sent folder, or is a carbon copy of what a colleague sent."""
    native_ref: str = ""
    """The channel's own name of the message, for receipts (XMPP stanza id, UID)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the person said. No channel vocabulary."""

    subject: str = ""
    text: str = ""
    """The whole readable text."""
    reply_text: str = ""
    """`text` without quotes and signature: what is new."""
    has_html: bool = False
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientStatus:
    """One recipient's fate in a bounce (RFC 3464): `action` failed, delayed, delivered; `status` as in 5.1.1."""

    recipient: str
    action: str
    status: str
    diagnostic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A parsed arrival. Made by a Parser (pure); bounded: at most 50 recipients kept of each kind in `recipients`,
    200 attachments, 64 Ki characters of text; what was cut is said in `problems`."""

    channel: str
    """The address form of `sender`: "email", "xmpp"."""
    sender: Participant | None = None
    reply_to: Participant | None = None
    recipients: tuple[Participant, ...] = ()
    delivered_to: tuple[Address, ...] = ()
    """Every address that tells which of our mailboxes it is for: To, Cc, Delivered-To, X-Original-To, envelope."""
    message_id: str = ""
    """Normalised (no angle brackets, no blanks); '' where the message has none."""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    """Oldest first, as written; at most 50."""
    date: datetime | None = None
    """What the sender claims."""
    content: Content = Content()
    message_class: MessageClass = MessageClass.HUMAN
    strength: Strength = Strength.CLAIMED
    """Of the sender's address in this message."""
    forwarded: bool = False
    fingerprint: str = ""
    """fp1, 64 hex digits."""
    quoted_ids: tuple[str, ...] = ()
    """Message-IDs and tokens of ours found in the quoted body."""
    bounced: tuple[RecipientStatus, ...] = ()
    bounced_message_id: str = ""
    kind: InteractionKind = InteractionKind.MESSAGE
    """What its timeline entry will be."""
    aliases: tuple[Participant, ...] = ()
    """Other addresses that the message says are the sender's (a shop order's mail address, a shared contact): used for
    filing, in order, where the sender's own is unknown; never for proof."""
    relation: Relation | None = None
    related_to: tuple[str, ...] = ()
    """The names by which the earlier message that `relation` is to may be known: its `message_id` as its arrival had
    it, or the id under which we sent it; at most 5."""
    call: Call | None = None
    bookings: tuple[Booking, ...] = ()
    reach: Reach | None = None
    """The sender blocked us on this channel, or lets us in again."""
    marks: tuple[str, ...] = ()
    """Facts to show beside the entry, such as `missed`, `voice`; at most 10."""
    problems: tuple[str, ...] = ()
    """Plain English, for a colleague: what could not be read, what was cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What comes back from the parse worker for one arrival: a message, or why it cannot be read."""

    message: Message | None
    terms: tuple[str, ...] = ()
    """Folded, stemmed search terms of subject, text, names and addresses."""
    reason: str = ""
    """Set where `message` is None: the sentence for the quarantine."""
