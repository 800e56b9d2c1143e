"""Which way a message went, which of our mailboxes it is for, and which address is the contact's side of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache

from hub.domain.address import Address
from hub.domain.arrival import ArrivalRecord
from hub.domain.contact import identity_id
from hub.domain.errors import Invalid
from hub.domain.interaction import Direction
from hub.domain.message import Message, MessageClass, Participant, ParticipantRole, Strength
from hub.ports.addresses import AddressForms
from hub.ports.connector import Account, Accounts

MAX_ALIASES = 10
SHOP = "shop"
ADDRESSED = frozenset({"email"})
"""Channels on which one account receives for many addresses; chats come over the stream of the address itself."""


class Patterns:
    """Patterns of our own addresses: `info@example.org`, `*@example.org`, `sales+*@example.org`."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._exact: set[str] = set()
        self._domains: set[str] = set()
        self._other: list[str] = []
        for pattern in patterns:
            lowered = pattern.lower()
            if lowered.startswith("*@") and not any(sign in lowered[2:] for sign in "*?["):
                self._domains.add(lowered[2:])
            elif any(sign in lowered for sign in "*?["):
                self._other.append(lowered)
            else:
                self._exact.add(lowered)

    def match(self, address: Address) -> bool:
        """True where one of the patterns fits."""
        normal = address.normal.lower()
        if normal in self._exact or (self._domains and normal.rpartition("@")[2] in self._domains):
            return True
        return any(fnmatchcase(normal, pattern) for pattern in self._other)


@lru_cache(maxsize=256)
def _compile(patterns: tuple[str, ...]) -> Patterns:
    return Patterns(patterns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a message belongs. `problem` is set where it belongs nowhere."""

    direction: Direction = Direction.INBOUND
    person: Participant | None = None
    """The contact's side: who wrote to us, or to whom we wrote."""
    claim: str = ""
    """`identity_id` of that address."""
    others: tuple[Participant, ...] = ()
    """Further contact sides of what we sent, or further addresses of who wrote: the first known one is it."""
    problem: str = ""


class Router:
    """Knows our own addresses on all accounts."""

    def __init__(self, accounts: Accounts, forms: AddressForms) -> None:
        self._accounts = accounts
        self._forms = forms

    def owns(self, address: Address) -> bool:
        """True where the address is one of ours, on any account."""
        return any(
            account.channel == address.channel
            and (_compile(account.own_addresses).match(address) or account.sender_address.lower() == address.normal)
            for account in self._accounts.all()
        )

    def route(self, record: ArrivalRecord, message: Message, account: Account) -> Route:
        """Decide. Only a signed header, the Sent folder, or an authenticated address of ours that writes to others
        make a message outgoing: anybody can write our address into From."""
        foreign = tuple(person for person in message.recipients if not self.owns(person.address))
        if self._is_outgoing(record, message, foreign):
            foreign = tuple(sorted(foreign, key=lambda person: person.role is not ParticipantRole.TO))
            person = foreign[0] if foreign else None
            return Route(direction=Direction.OUTBOUND, person=person, claim=_claim_of(person), others=foreign[1:])
        addressed = message.channel in ADDRESSED and bool(account.own_addresses)
        if addressed and not any(self.owns(address) for address in message.delivered_to):
            return Route(
                problem="None of our addresses is among its recipients; add the address to the channel, then replay."
            )
        sender = message.sender or self._envelope_sender(record, account)
        nameless = message.call is not None or message.message_class in (MessageClass.BOUNCE, MessageClass.AUTO_REPLY)
        if sender is None and not nameless:
            return Route(problem="It names no sender that can be read.")
        return Route(person=sender, claim=_claim_of(sender), others=self._aliases(message))

    def _aliases(self, message: Message) -> tuple[Participant, ...]:
        """In normal form, which parsers of other channels cannot make; what is no address is left out."""
        found = []
        for alias in message.aliases[:MAX_ALIASES]:
            try:
                address = self._forms.normalise(alias.address.channel, alias.address.normal)
            except Invalid:
                continue
            if not self.owns(address):
                found.append(replace(alias, address=address))
        return tuple(found)

    def shops(self) -> list[str]:
        """The channels whose orders a mail may name."""
        return [account.name for account in self._accounts.all() if account.channel == SHOP]

    def _is_outgoing(self, record: ArrivalRecord, message: Message, foreign: tuple[Participant, ...]) -> bool:
        if record.envelope.outgoing or message.message_class is MessageClass.OWN:
            return True
        proven = message.strength is not Strength.CLAIMED and message.sender is not None
        return bool(foreign) and proven and message.sender is not None and self.owns(message.sender.address)

    def _envelope_sender(self, record: ArrivalRecord, account: Account) -> Participant | None:
        try:
            address = self._forms.normalise(account.channel, record.envelope.sender)
        except Invalid:
            return None
        return Participant(address=address, role=ParticipantRole.FROM)


def _claim_of(person: Participant | None) -> str:
    return identity_id(person.address) if person is not None else ""
