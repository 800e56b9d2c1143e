"""A sale of a shop: all that was told of one order so far. The newest word on each fact counts, whatever order they
come in, so that the account follows from the set alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from hub.domain.facts import Booking
from hub.domain.ids import ContactId, derived_id

_RANK = {"": 0, "open": 1, "paid": 2, "shipped": 3, "done": 4, "refunded": 5, "cancelled": 6}
"""Which of two states told for one moment counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """One order of one shop: id = H(channel, order's id there)."""

    id: str
    version: int = 0
    account: str
    """The shop's channel."""
    name: str
    """The order's id at the shop."""
    contact_id: ContactId | None = None
    """On whose account it is booked; None until a message names the customer."""
    facts: tuple[Booking, ...] = ()
    """The newest of each key, sorted by key."""


def sale_id(account: str, name: str) -> str:
    """The key of a sale."""
    return derived_id("s", account, name)


def sale_reference_id(account: str, name: str) -> str:
    """The key under which the conversation of a shop's order is found, by its id there."""
    return derived_id("m", "sale", account, name)


def order_reference_id(account: str, number: str) -> str:
    """The same by the number that people write; upper and lower case are one."""
    return derived_id("m", "order", account, number.lstrip("#").casefold())


def newness(fact: Booking) -> tuple[object, ...]:
    """Orders the tellings of one fact: by time, then by whatever else differs, so that any two can be told apart."""
    return fact.at, _RANK.get(fact.state, 0), fact.amount, fact.currency, fact.state, fact.number, fact.reference


def newest_facts(*told: Iterable[Booking]) -> tuple[Booking, ...]:
    """The newest of each key. The same for any order and any repetition of what was told."""
    found: dict[str, Booking] = {}
    for facts in told:
        for fact in facts:
            known = found.get(fact.key)
            if known is None or newness(fact) > newness(known):
                found[fact.key] = fact
    return tuple(found[key] for key in sorted(found))
