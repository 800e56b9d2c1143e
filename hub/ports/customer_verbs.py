"""What a customer may ask for through the customer bot (hub/services/customers/). The actor is a contact; every verb
about account data, appointments or documents asks for a *verified* identity and an *authenticated* message inside, and
raises NotProved where one of them lacks. Enumeration: the answer is the same whether or not anybody is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hub.domain.address import Address
from hub.domain.appointment import Appointment, Occurrence, Slot
from hub.domain.ids import ContactId, ConversationId
from hub.domain.ledger import AccountSummary, OrderLine
from hub.domain.message import Strength
from hub.domain.views import FileData


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who writes: the contact that holds the address, how strongly it is bound, and how well this message is
    authenticated."""

    contact_id: ContactId
    conversation_id: ConversationId
    address: Address
    account: str
    bound: Strength
    message: Strength
    name: str = ""
    language: str = "de"

    @property
    def proved(self) -> bool:
        """Verified identity *and* authenticated message: both, or nothing is told."""
        return self.bound is Strength.VERIFIED and self.message in (Strength.AUTHENTICATED, Strength.VERIFIED)


class CustomerVerbs(Protocol):
    """Audited as the contact."""

    async def account(self, customer: Customer) -> AccountSummary: ...

    async def orders(self, customer: Customer) -> Sequence[OrderLine]: ...

    async def appointments(self, customer: Customer) -> Sequence[Occurrence]:
        """Future ones."""

    async def slots(self, customer: Customer, since: datetime | None = None, limit: int = 5) -> Sequence[Slot]:
        """Free slots of bookable calendars; not account data, but only for proved customers too."""

    async def book(self, customer: Customer, slot: Slot, *, key: str) -> Appointment: ...

    async def move(self, customer: Customer, appointment_id: str, slot: Slot, *, key: str) -> Appointment: ...

    async def cancel(self, customer: Customer, appointment_id: str, *, key: str) -> Appointment: ...

    async def calendar_file(self, customer: Customer, appointment_id: str) -> FileData: ...

    async def offer_code(self, customer: Customer) -> str:
        """The masked address to which a code would go; the same form of words for everybody ('' where none may be
        used: then a colleague must help)."""

    async def send_code(self, customer: Customer, *, key: str) -> None:
        """6 digits, 10 minutes, 5 tries, 3 codes a contact a day. Silent about whether anything was sent."""

    async def redeem_code(self, customer: Customer, digits: str) -> bool:
        """True: the identity of this address is verified from now on."""

    async def hand_over(self, customer: Customer, reason: str) -> None:
        """To the queue at once."""

    async def set_consent(self, customer: Customer, on: bool) -> None: ...

    async def open_now(self) -> tuple[bool, datetime | None]:
        """Whether somebody is there now, and when next."""
