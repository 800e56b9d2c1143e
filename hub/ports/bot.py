"""The staff bot as the hub sees it, and what its commands return."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from hub.domain.people import Actor
from hub.domain.turn import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under headings; chat shows them as lines, the console as a table."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """Something that writes or sends, told whole; waits for yes, no or change."""

    text: str


Block = Text | Table | Confirm


@dataclass(frozen=True, slots=True, kw_only=True)
class BotReply:
    """An answer. `text` is the whole of it for a plain channel; `blocks` for those that can show more. `choices` are
    what numbers (or buttons) would pick; `buttons` are the words to offer, e.g. ("ja", "nein")."""

    text: str
    intent: str
    slots: dict[str, str] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    buttons: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    language: str = "en"


class StaffBot(Protocol):
    """Answers a colleague."""

    async def answer(self, actor: Actor, text: str, *, turn_id: str, at: datetime) -> BotReply:
        """Never raises: a failure is an answer that says what failed, what was kept, and the error code. The same
        `turn_id` writes and sends at most once, however often it is answered (after a crash). Context is kept for
        each (actor, via)."""
