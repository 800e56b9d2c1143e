"""What the customer bot remembers: what it has to answer, what was last shown, and the proofs and budgets behind it."""

from dataclasses import dataclass
from datetime import datetime

from hub.domain.ids import ContactId, ConversationId, InteractionId
from hub.domain.turn import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerTurn:
    """One message that the bot has taken: durable before it answers. Its id shares 26 characters with the entry's."""

    id: str
    version: int = 0
    interaction_id: InteractionId
    conversation_id: ConversationId
    at: datetime
    acknowledge: bool = False
    """Only say that it has arrived."""
    outcome: str = ""
    """The intent that was answered, "handed-over", or why nothing was said."""
    open_since: datetime | None = None
    """Equal to `at` until done: the sparse index that recovery scans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerContext:
    """What was last said in a conversation with the bot: id = the conversation's."""

    id: str
    version: int = 0
    pending: str = ""
    """What a bare answer means: "offer" (may a code be sent), "address" (which known address), "code", "slot", "move",
    "cancel"; '' where nothing was asked."""
    subject_id: str = ""
    """The appointment that "move" and "cancel" are about."""
    wanted: str = ""
    """The request that waits for the proof, as JSON."""
    choices: tuple[Choice, ...] = ()
    misunderstood: int = 0
    """How often in a row."""
    language: str = ""
    greeted: bool = False
    turns: tuple[str, ...] = ()
    """Ids of the last turns that changed this, newest last."""
    reply: str = ""
    """The answer to the newest of `turns`, as JSON, for a turn that a crash left open."""
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A one-time code under way: id derived from the conversation, so that there is one at a time. The code is not
    kept: it is an HMAC of id and nonce."""

    id: str
    version: int = 0
    contact_id: ContactId | None
    """Whom the code proves one to be; None where nobody fits, which nobody is told."""
    nonce: str
    """The key of the request that made it."""
    tries: int = 0
    used: bool = False
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One use of a budget. `text`: a hash of what was said, '' where that does not matter."""

    key: str
    at: datetime
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticBudget:
    """How much was said by itself: id = what is counted. Either single grants, or a count for the hour `since`."""

    id: str
    version: int = 0
    grants: tuple[Grant, ...] = ()
    count: int = 0
    since: datetime | None = None
