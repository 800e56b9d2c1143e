"""What a channel needs on which contacts themselves have addresses, so that a colleague's own chat client is the desk:
who may talk to whom, and whose words go where. Everything is asked for a colleague's native account, which the channel
has authenticated; the same rights, rows and audit as everywhere stand behind it (hub/services/switchboard.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from hub.domain.address import Address
from hub.domain.ids import ContactId
from hub.domain.views import FileData
from hub.ports.bot import BotReply

MAX_CALLERS = 500
"""Contacts that are offered to one colleague."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A contact as it stands in a colleague's contact list. `status` is a line in the colleague's language."""

    contact_id: ContactId
    name: str
    organisation: str = ""
    city: str = ""
    waiting: bool = False
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relayed:
    """What became of a colleague's words. Not `accepted`: `sentence` says why, in the colleague's language."""

    accepted: bool
    sentence: str = ""
    forbidden: bool = False
    """The colleague may not; nothing was looked up."""


class Switchboard(Protocol):
    """See the module's text. Everything may raise StoreUnavailable."""

    def is_colleague(self, address: Address) -> bool:
        """Whether an active colleague has linked this account; from memory."""

    def admits(self, address: Address, text: str) -> bool:
        """Whether the bot hears it: a colleague, or somebody who shows a code from the console."""

    def colleagues(self, channel: str) -> list[Address]:
        """All linked accounts on the channel; from memory."""

    def language(self, address: Address) -> str:
        """The colleague's; 'en' for others."""

    async def knows(self, address: Address) -> bool:
        """Whether the account is a colleague's or bound to a contact."""

    async def callers(self, address: Address, limit: int = MAX_CALLERS) -> list[Caller]:
        """The contacts that wait for an answer or that the colleague looks after, as far as they see them; the longest
        waiting first. [] for whoever is no colleague."""

    async def caller(self, address: Address, contact_id: str) -> Caller | None:
        """One contact; None where there is none, or none that this account may see."""

    async def relay(
        self,
        address: Address,
        contact_id: str,
        text: str,
        *,
        key: str,
        files: Sequence[FileData] = (),
        answers: str = "",
    ) -> Relayed:
        """Answer the contact on the conversation that waits, else the one used last; where `answers` names the notice
        of a message (the outbox id under which it was told), on that message's. Durable when it returns. The same
        `key` is accepted once. What a colleague should look at first is refused with the reason; the same words again
        are then accepted."""

    async def take_back(self, address: Address, key: str) -> Relayed:
        """Hold back what was relayed under the key (the last one of the colleague where it is ''), while it has not
        left."""

    async def note(self, address: Address, contact_id: str, text: str, *, key: str) -> Relayed:
        """An internal note about the contact."""

    async def ask(self, address: Address, text: str) -> BotReply | None:
        """A colleague's question to the bot; None for whoever is no colleague."""


@runtime_checkable
class ShowsWriting(Protocol):
    """Optional for a connector on whose channel contacts have addresses."""

    async def show_writing(self, address: Address, contact_id: ContactId, *, writing: bool) -> None:
        """Let a colleague see that the contact is writing, or has stopped. Best effort; never raises."""
