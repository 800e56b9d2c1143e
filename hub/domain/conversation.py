"""Conversations, and which entry belongs to which, with evidence."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.domain.address import Address
from hub.domain.ids import ContactId, ConversationId, InteractionId, UserId


class ConversationState(StrEnum):
    """OPEN until a colleague closes it."""

    OPEN = "open"
    CLOSED = "closed"


class OwnerKind(StrEnum):
    """Who is in charge of the next answer."""

    BOT = "bot"
    QUEUE = "queue"
    USER = "user"


QUEUE_OWNER = "queue"
BOT_OWNER = "bot"


class BotStance(StrEnum):
    """Whether the customer bot may speak here."""

    OPEN = "open"
    SILENT = "silent"
    """A person has taken over, or is asked for: only closing lets the bot speak again."""
    RESUME = "resume"
    """Closed since; what comes next the bot may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """The one grouping of messages. Mail: one a thread; chat: one for our account and the peer."""

    id: ConversationId
    version: int = 0
    contact_id: ContactId
    channel: str
    account: str
    peer: Address
    peer_key: str
    """`peer.key`, for the index."""
    subject: str = ""
    normal_subject: str = ""
    number: str = ""
    """Eight digits that people may quote as `[#12345678]`."""
    state: ConversationState = ConversationState.OPEN
    owner: str = QUEUE_OWNER
    """"bot", "queue", or a UserId."""
    waiting_since: datetime | None = None
    """Since when the contact waits for an answer; None where nobody waits."""
    created_at: datetime
    last_at: datetime
    last_interaction: InteractionId
    last_text: str = ""
    """First 200 characters of the last entry, for lists."""
    participants: tuple[str, ...] = ()
    """Address keys seen in it, at most 100."""
    closed_at: datetime | None = None
    deleted: bool = False
    queue: str = ""
    """Id of the queue that it came to (hub/domain/desk.py); '' until it is placed."""
    snoozed_until: datetime | None = None
    """Out of the inbox until then, or until the contact writes; `waiting_since` is None meanwhile."""
    bot: BotStance = BotStance.OPEN
    first_answer_at: datetime | None = None
    """When the contact was first answered, by whomever; None where that was before this was kept."""
    bot_answered: bool = False
    person_answered: bool = False

    @property
    def owner_kind(self) -> OwnerKind:
        """Which kind of owner `owner` names."""
        return OwnerKind(self.owner) if self.owner in ("bot", "queue") else OwnerKind.USER

    @property
    def owner_user(self) -> UserId | None:
        """The colleague in charge, if one is."""
        return UserId(self.owner) if self.owner_kind is OwnerKind.USER else None


class Evidence(StrEnum):
    """Why an entry is in a conversation, strongest first; the table is in docs/architecture.md."""

    TOKEN = "token"
    TOKEN_IN_BODY = "token-in-body"
    REFERENCES = "references"
    FOREIGN_REFERENCE = "foreign-reference"
    NUMBER = "number"
    SUBJECT = "subject"
    CHAT = "chat"
    REPLY = "reply"
    """We wrote it as an answer here."""
    PERSON = "person"
    NONE = "none"
    """It opened the conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Which conversation an interaction belongs to. Its id is the interaction's; mutable and journalled."""

    id: InteractionId
    version: int = 0
    conversation_id: ConversationId
    at: datetime
    evidence: Evidence
    confidence: float
    """1.0 certain; 0.8 and more joined; 0.5 to 0.8 joined with "please check"; below: own conversation."""
    detail: str = ""
    """What exactly was found, for "why is this here"."""
    suggestion: ConversationId | None = None
    """A conversation that it may belong to, where the evidence was too weak to join."""


def conversation_number(conversation_id: ConversationId) -> str:
    """The eight digits of a conversation: the same for ever; two may share them, so a number alone proves nothing."""
    return f"{int.from_bytes(hashlib.sha256(conversation_id.encode()).digest()[:8], 'big') % 100_000_000:08}"
