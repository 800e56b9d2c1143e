"""What a command of the staff bot is: name, right, what it needs, and what it does. Commands know no language: they
say sentences by key (bots/language/*/wording.toml) and return blocks."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from bots.staff.memory import Pending, Undo
from bots.staff.talk import Talk
from hub.domain.people import Right
from hub.domain.turn import Choice
from hub.domain.views import FileData
from hub.ports.bot import Block

Slots = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command returns. `contact_id` and `conversation_id` become what "her" and "it" mean. `choices` are what
    numbers pick; None leaves them as they were, so that after "take 1" a "take 2" still means the same list. `pending`
    waits for the next turn; `undo` is what "back" would do."""

    blocks: tuple[Block, ...]
    slots: dict[str, str] = field(default_factory=dict)
    choices: tuple[Choice, ...] | None = None
    buttons: tuple[str, ...] = ()
    pending: Pending | None = None
    contact_id: str | None = None
    conversation_id: str | None = None
    undo: Undo | None = None
    files: tuple[FileData, ...] = ()
    """Pictures and documents that belong to it."""
    intent: str = ""
    """Where it differs from the command's own."""


Step = Callable[[Talk, Slots], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One thing the bot can do. `propose` answers, or tells the whole of what it would do and waits for a yes;
    `carry_out` does it after the yes, at most once for `talk.key`, and gives the receipt."""

    intent: str
    propose: Step
    carry_out: Step | None = None
    right: Right | None = None
    free_text: str = ""
    """The slot that a person writes in their own words and may change before the yes."""
    stands_alone: bool = False
    """Makes sense without saying about whom."""
    aside: bool = False
    """Leaves an open question open: help, thanks."""
