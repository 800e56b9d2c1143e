"""What the customer bot may do for whoever writes, and how the hub sees the bot (hub/services/customers/).

The first promise: nothing is told to someone who has not proved who they are. Each verb about a contact's own affairs
looks the identity up again and raises NotProved where it is not verified, or where this message was not authenticated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hub.domain.address import Address
from hub.domain.appointment import Appointment, Occurrence, Slot, WorkingHours
from hub.domain.ids import ContactId, ConversationId
from hub.domain.ledger import AccountSummary, OrderLine
from hub.domain.message import Strength
from hub.domain.occasion import Invitation
from hub.domain.sharing import Share
from hub.domain.views import FileData


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who writes, in one message. `bound`: how well the address is bound to the contact; `message`: how well this
    message is known to come from the address."""

    contact_id: ContactId
    conversation_id: ConversationId
    address: Address
    account: str
    bound: Strength = Strength.CLAIMED
    message: Strength = Strength.CLAIMED
    name: str = ""
    language: str = ""

    @property
    def proved(self) -> bool:
        """Verified identity and authenticated message."""
        return self.bound is Strength.VERIFIED and self.message is not Strength.CLAIMED

    @property
    def chats(self) -> bool:
        """Whether short lines are expected, and files have to take another way."""
        return self.address.channel != "email"


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFiles:
    """What is shared with a customer now, newest first; `address`: of their own page, where they fetch it ('' where
    there is nothing)."""

    files: tuple[Share, ...] = ()
    address: str = ""


class CustomerVerbs(Protocol):
    """All moments are aware. `key`: the turn's id; the same key acts once."""

    async def account(self, customer: Customer) -> AccountSummary:
        """Balance and open items. Raises NotProved."""

    async def orders(self, customer: Customer) -> list[OrderLine]:
        """Newest first. Raises NotProved."""

    async def shared(self, customer: Customer, *, key: str) -> SharedFiles:
        """With a link that is good for a week. Raises NotProved."""

    async def appointments(self, customer: Customer) -> list[Occurrence]:
        """Those to come, in order. Raises NotProved."""

    async def slots(
        self, customer: Customer, since: datetime, until: datetime, *, appointment_id: str = ""
    ) -> list[Slot]:
        """At most five free times that customers may book, at most two a day. Needs no proof: it tells of nobody. With
        an appointment: times that it can be moved to; raises NotProved, NotFound, Conflict (recurring)."""

    async def book(self, customer: Customer, slot: Slot, *, key: str) -> Appointment:
        """Raises NotProved, Conflict (taken meanwhile), TooMany."""

    async def move(self, customer: Customer, appointment_id: str, slot: Slot, *, key: str) -> Appointment:
        """Only their own. Raises NotProved, NotFound, Conflict."""

    async def cancel(self, customer: Customer, appointment_id: str, *, key: str) -> Appointment:
        """Only their own. Raises NotProved, NotFound."""

    async def calendar_file(self, customer: Customer, appointment_id: str) -> FileData:
        """Raises NotProved, NotFound."""

    async def mail_file(self, customer: Customer, text: str, subject: str, file: FileData, *, key: str) -> bool:
        """By mail, where the chat cannot carry it; False where we know no trusted mail address. Raises NotProved."""

    async def offer_code(self, customer: Customer) -> str:
        """The masked address to which a code would go; '' where none is known that we may trust."""

    async def send_code(self, customer: Customer, *, named: str = "", key: str) -> None:
        """To that address, or to a named one that is ours already. Says nothing of whether one was sent: the answer
        is the same whether or not the person exists. Raises TooMany for whoever asks too often."""

    async def redeem_code(self, customer: Customer, code: str) -> Customer | None:
        """Proved now, or None for a wrong, expired or used one."""

    async def invitations(self, customer: Customer) -> list[Invitation]:
        """Events to come that somebody was told of at the address from which they write now, soonest first; none for a
        message that nothing authenticates."""

    async def attend(self, customer: Customer, occasion_id: str, wanted: bool, *, session: str = "") -> Invitation:
        """Register (for a session) or cancel, silently: the answer tells. Only for one of `invitations`. Raises
        NotFound, Invalid, Conflict (code "closed", "waiting-full", "other-session")."""

    async def occasion_files(self, customer: Customer, occasion_id: str) -> Sequence[FileData]:
        """Calendar file and code of a registration, () without a seat. Raises NotFound."""

    async def set_consent(self, customer: Customer, wanted: bool) -> None:
        """Automatic messages, or none."""

    async def hours(self, customer: Customer) -> Sequence[WorkingHours]:
        """The weekly business hours of where the customer's messages go."""

    async def opens(self, customer: Customer) -> datetime:
        """When a person will be there: now, or the next opening."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerReply:
    """An answer. `hand_over`: a person has to go on; `text` says so. `receipt`: tells of something that was done."""

    text: str
    intent: str
    hand_over: bool = False
    receipt: bool = False
    language: str = ""
    files: Sequence[FileData] = ()
    choices: tuple[str, ...] = ()
    """Words to offer as buttons; the text names them too."""


class CustomerBot(Protocol):
    """Answers a customer (bots/customer/)."""

    def understands(self, text: str, language: str, now: datetime, *, invited: bool = False) -> str:
        """The intent, where it is a request that the bot knows without context; else ''. `invited`: an invitation to an
        event may be answered. Pure."""

    async def answer(
        self, customer: Customer, text: str, *, subject: str = "", turn_id: str, at: datetime
    ) -> CustomerReply:
        """The same turn acts once and is answered the same. Raises StoreUnavailable."""

    def say(self, key: str, language: str, **fields: object) -> str:
        """One of the bot's fixed sentences."""
