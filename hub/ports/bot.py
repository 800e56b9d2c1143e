"""The staff bot as the hub sees it, and what its commands return."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from hub.domain.address import Address
from hub.domain.arrival import Arrival
from hub.domain.contact import Contact
from hub.domain.conversation import Conversation
from hub.domain.ids import ArrivalId
from hub.domain.interaction import Interaction
from hub.domain.message import Attachment
from hub.domain.people import Actor
from hub.domain.turn import Choice
from hub.domain.views import FileData


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
    files: tuple[FileData, ...] = ()
    """Pictures and documents that belong to the answer."""
    language: str = "en"


class StaffBot(Protocol):
    """Answers a colleague."""

    async def answer(
        self,
        actor: Actor,
        text: str,
        *,
        turn_id: str,
        at: datetime,
        files: Sequence[Attachment] = (),
        about: str = "",
    ) -> BotReply:
        """Never raises: a failure is an answer that says what failed, what was kept, and the error code. `files` came
        with the words, or without any. The same `turn_id` writes and sends at most once, however often it is answered
        (after a crash). Context is kept for each (actor, via). `about`: the entry of a contact's message whose notice
        the colleague directly answered; the words and files are then for that contact."""


class StaffDoor(Protocol):
    """Where chats of colleagues go instead of onto a customer's timeline (hub/services/turns.py)."""

    async def take(self, arrival: Arrival) -> bool:
        """True where the arrival was a colleague's chat or a `/link CODE`: it is durable as a bot turn. False: it is
        for intake. Called by the inlet for accounts that carry staff, before the arrival is kept."""

    async def refuse(self, account: str, address: Address, arrival_id: ArrivalId) -> None:
        """Answer a stranger with a polite refusal, at most once a day for each address."""

    async def ask(self, actor: Actor, text: str) -> BotReply:
        """A question from the console, the API or the terminal: a durable turn, then the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A new entry of a contact, for whoever is to be told."""

    interaction: Interaction
    conversation: Conversation
    contact: Contact


class Teller(Protocol):
    """Tells colleagues of new messages (hub/services/notices.py). Intake calls it after the entry is recorded and
    before the arrival is marked done, so that a crash between repeats it; notices have deterministic ids."""

    async def tell(self, recorded: Sequence[Recorded]) -> None: ...
