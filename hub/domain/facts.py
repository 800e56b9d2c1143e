"""What a message tells beside its words: a telephone call, something for the books. Values only; the services that act
on them are named in hub/ports/facts.py."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Relation(StrEnum):
    """What a message is to an earlier one of the same conversation."""

    REPLY = "reply"
    CORRECTION = "correction"
    RETRACTION = "retraction"
    REACTION = "reaction"


class Reach(StrEnum):
    """Whether somebody may be written to on the channel: they blocked us, or let us in again."""

    BLOCKED = "blocked"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that is over. `line` is our side as the exchange names it (extension, own number), for finding the
    colleague whose it is."""

    incoming: bool = True
    answered: bool = False
    seconds: int = 0
    """Of talking."""
    line: str = ""
    started_at: datetime


class BookingKind(StrEnum):
    """What a shop tells of."""

    ORDER = "order"
    INVOICE = "invoice"
    PAYMENT = "payment"
    REFUND = "refund"
    SHIPMENT = "shipment"
    CANCELLATION = "cancellation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """Something for the contact's account. `key` names the fact at its source for ever (shop, order, payment id): it
    is booked once, whichever messages tell of it, in whatever order they come. Told again with a later `at`, the later
    one counts: an order's state, a payment that grew."""

    kind: BookingKind
    key: str
    number: str
    """Of the order or invoice that it is about."""
    at: datetime
    amount: Decimal = Decimal(0)
    """Positive, with tax; 0 for shipments and cancellations of the whole."""
    currency: str = "EUR"
    reference: str = ""
    state: str = ""
    """The order's state as told: open, paid, shipped, done, cancelled, refunded."""
    sale: str = ""
    """What all facts of one order share (its id at the shop), where the source has orders."""
