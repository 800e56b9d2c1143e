"""A colleague's chat with the bot: one document a command, and the context that "1" or "and her?" refers to."""

from dataclasses import dataclass
from datetime import datetime

from hub.domain.ids import UserId
from hub.domain.message import Attachment


@dataclass(frozen=True, slots=True, kw_only=True)
class BotTurn:
    """Durable before the answer; `reply` and `sent` are filled in after it. A turn left open by a crash is answered
    again under the same stanza id."""

    id: str
    """The arrival id, for chat; random for console and terminal."""
    version: int = 0
    user_id: UserId
    via: str
    account: str = ""
    """The channel to answer on; '' where the caller waits for the reply."""
    address: str = ""
    """The full native address to answer to (full JID)."""
    text: str
    files: tuple[Attachment, ...] = ()
    """What came with it; the bytes lie in the blob store."""
    at: datetime
    answers: tuple[str, ...] = ()
    """Names of the message that it directly answers (a swipe, a quoted reply), as the channel gives them."""
    reply: str = ""
    intent: str = ""
    answered: bool = False
    sent: bool = False
    open_since: datetime | None = None
    """Equal to `at` until sent; None after: the sparse index that recovery scans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of the numbered things last shown."""

    kind: str
    """"contact", "conversation", "entry", "user", "intent"."""
    id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BotContext:
    """What was just shown to this colleague on this door: id = `user|via`."""

    id: str
    version: int = 0
    choices: tuple[Choice, ...] = ()
    pending: str = ""
    """The command that waits for a choice or a yes, as JSON."""
    contact_id: str = ""
    conversation_id: str = ""
    undo: str = ""
    """What "back" would take back, as JSON."""
    files: tuple[Attachment, ...] = ()
    """The files last sent to the bot: what "this" means in "fax this to Müller"."""
    language: str = ""
    """What was spoken last: the language of a bare "1"."""
    turns: tuple[str, ...] = ()
    """Ids of the last turns that changed this context, newest last: none of them is carried out again."""
    reply: str = ""
    """The answer to the newest of `turns`, as JSON, for a turn that a crash left open."""
    updated_at: datetime
