"""Timeline entries."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.domain.facts import Call
from hub.domain.ids import (
    ArrivalId,
    ContactId,
    ConversationId,
    InteractionId,
    OutboxId,
    UserId,
    derived_id,
)
from hub.domain.message import Attachment, MessageClass, Participant, Strength
from hub.domain.message import InteractionKind as InteractionKind


class Direction(StrEnum):
    """From the contact, to the contact, or among ourselves (never visible to the contact)."""

    INBOUND = "in"
    OUTBOUND = "out"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One entry, append-only: corrections are new entries. Clustered by (contact, at, id)."""

    id: InteractionId
    version: int = 0
    contact_id: ContactId
    at: datetime
    kind: InteractionKind
    direction: Direction
    channel: str = ""
    """The address form ("email", "xmpp"); '' for notes."""
    account: str = ""
    subject: str = ""
    text: str = ""
    """What is new, at most 32 Ki characters; the whole is in the arrival."""
    sender: Participant | None = None
    reply_to: Participant | None = None
    """Where the sender wants answers, if not at `sender`."""
    recipients: tuple[Participant, ...] = ()
    message_id: str = ""
    attachments: tuple[Attachment, ...] = ()
    has_html: bool = False
    message_class: MessageClass = MessageClass.HUMAN
    strength: Strength = Strength.CLAIMED
    marks: tuple[str, ...] = ()
    """Facts to show beside it: `reused-id`, `first-contact`, `cut`, `history`, `sent-elsewhere`;
    what it is to an earlier entry (`caused_by`): `reply`, `correction`, `retraction`, `reaction`; `missed` calls."""
    problems: tuple[str, ...] = ()
    arrival_id: ArrivalId | None = None
    outbox_id: OutboxId | None = None
    author: UserId | None = None
    caused_by: InteractionId | None = None
    call: Call | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A second mailbox in which the same message lay: id = H(interaction, account)."""

    id: str
    version: int = 0
    interaction_id: InteractionId
    account: str
    arrival_id: ArrivalId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReference:
    """What is known of a Message-ID: id = H(message id). `interactions` is empty while it was only ever mentioned."""

    id: str
    version: int = 0
    message_id: str
    conversation_id: ConversationId
    interactions: tuple[InteractionId, ...] = ()


def message_reference_id(message_id: str) -> str:
    """The key of a normalised Message-ID."""
    return derived_id("m", message_id)


def message_interaction_id(message_id: str, fingerprint: str) -> InteractionId:
    """The entry of a mail: same Message-ID and fp1 are the same mail, whichever mailbox it lay in."""
    return InteractionId(derived_id("i", message_id, fingerprint))


def sighting_id(interaction_id: InteractionId, account: str) -> str:
    """The key of a sighting."""
    return derived_id("g", interaction_id, account)
