"""Intentions to send, their attempts, and the one table of states and legal transitions."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from hub.domain.address import Address
from hub.domain.ids import ContactId, ConversationId, InteractionId, OutboxId, UserId
from hub.domain.message import Attachment, Participant

WANTED_AGAIN = "again"
"""`OutboxItem.cause` of a repeat that a person asked for: the guard against sending the same twice lets it pass."""


class OutboxState(StrEnum):
    """Where an item is."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    HELD = "held"
    """Needs a person: nobody knows whether it was sent."""
    FAILED = "failed"
    BOUNCED = "bounced"
    CANCELLED = "cancelled"


TRANSITIONS: dict[OutboxState, frozenset[OutboxState]] = {
    OutboxState.QUEUED: frozenset({OutboxState.SENDING, OutboxState.CANCELLED, OutboxState.FAILED, OutboxState.HELD}),
    OutboxState.SENDING: frozenset({OutboxState.QUEUED, OutboxState.SENT, OutboxState.FAILED, OutboxState.HELD}),
    OutboxState.SENT: frozenset({OutboxState.DELIVERED, OutboxState.BOUNCED}),
    OutboxState.DELIVERED: frozenset({OutboxState.BOUNCED}),
    OutboxState.HELD: frozenset({OutboxState.QUEUED, OutboxState.SENT, OutboxState.CANCELLED, OutboxState.DELIVERED}),
    OutboxState.FAILED: frozenset({OutboxState.QUEUED, OutboxState.CANCELLED}),
    OutboxState.BOUNCED: frozenset({OutboxState.QUEUED}),
    OutboxState.CANCELLED: frozenset(),
}
"""Held to queued and failed to queued only by a person's verb."""


class AttemptOutcome(StrEnum):
    """How one attempt ended; OPEN is written before the network is touched."""

    OPEN = "open"
    SENT = "sent"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


class Purpose(StrEnum):
    """Why we send."""

    REPLY = "reply"
    """A colleague's words to a contact."""
    AUTOMATIC = "automatic"
    """An answer, reminder or acknowledgement that no person wrote."""
    NOTICE = "notice"
    """Word to a colleague; not on any timeline."""
    LETTER = "letter"
    """What the company sends by itself and wants bounces of: payment reminders, invitations, appointment reminders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try, written before the network is touched, its outcome after it."""

    number: int
    epoch: int
    """The hub's lease epoch: an open attempt of an older epoch is an unknown outcome."""
    started_at: datetime
    ended_at: datetime | None = None
    outcome: AttemptOutcome = AttemptOutcome.OPEN
    code: str = ""
    detail: str = ""
    """The peer's words, shortened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingContent:
    """What is to be said. Threading headers are fixed at submit, so that every attempt is the same message."""

    subject: str = ""
    text: str
    attachments: tuple[Attachment, ...] = ()
    message_id: str = ""
    """Ours, with the conversation token in it; for chat the stanza id."""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    to: tuple[Participant, ...] = ()
    cc: tuple[Participant, ...] = ()
    language: str = ""
    hidden: str = field(default="", repr=False)
    """What only the recipient may read, such as a one-time code: it stands in `text` as HIDDEN, for everybody else."""
    choices: tuple[str, ...] = ()
    """Words to offer for an answer: buttons where the channel has them. The text names them too."""


HIDDEN = "••••••"


def reveal(content: OutgoingContent) -> OutgoingContent:
    """As it is transmitted. For the transmission only: no view, log or timeline gets this."""
    return replace(content, text=content.text.replace(HIDDEN, content.hidden)) if content.hidden else content


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """An intention for one recipient. Mutable (by version), retired, kept."""

    id: OutboxId
    version: int = 0
    account: str
    channel: str
    recipient: Address
    lane: str
    """`account|recipient.key`: one in flight a lane, in order of `created_at`."""
    purpose: Purpose
    content: OutgoingContent
    state: OutboxState = OutboxState.QUEUED
    due_at: datetime
    created_at: datetime
    give_up_at: datetime
    contact_id: ContactId | None = None
    conversation_id: ConversationId | None = None
    entry_id: InteractionId | None = None
    """The timeline entry; several items (one a recipient) of one reply share it. None for notices."""
    author: UserId | None = None
    cause: str = ""
    """What made us send: an interaction, a bot turn, a reminder."""
    message_key: str = ""
    """H(message_id), for bounces and for our own mail found in Sent; '' for notices."""
    attempts: tuple[Attempt, ...] = ()
    reason: str = ""
    """Why it is held, failed or bounced: a stable code."""
    detail: str = ""
    native_ref: str = ""
    """The peer's name of what was sent."""
    native_refs: tuple[str, ...] = ()
    """That name and, where it left in several pieces, theirs: what answers and reactions refer to."""


def lane_of(account: str, recipient: Address) -> str:
    """The lane in which items of one account to one recipient queue up."""
    return f"{account}|{recipient.key}"
