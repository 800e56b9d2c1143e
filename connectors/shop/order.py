"""What a shop's system tells, in words that all of them share. Values only; made by connectors/shop/systems."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class What(StrEnum):
    """What a message is about."""

    ORDER = "order"
    INVOICE = "invoice"
    PAYMENT = "payment"
    REFUND = "refund"
    SHIPMENT = "shipment"
    CANCELLATION = "cancellation"
    CUSTOMER = "customer"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who bought. Without `id` a guest."""

    id: str = ""
    name: str = ""
    company: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A line of an order."""

    name: str
    quantity: str = "1"
    total: Decimal | None = None
    """Of the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A payment, refund, shipment or cancellation, named for ever by `id` within its order."""

    what: What
    id: str
    at: datetime
    amount: Decimal = Decimal(0)
    currency: str = ""
    """'' is the order's."""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One thing told. `has_order`: it holds the order itself (state, total, customer), not only what happened to it."""

    what: What
    order: str = ""
    """The order's id at the shop; '' where it is about none."""
    number: str = ""
    """As people write it."""
    at: datetime | None = None
    """As of when: the order's change. With `order` and the facts it names this state of it."""
    has_order: bool = False
    state: str = ""
    total: Decimal = Decimal(0)
    currency: str = ""
    customer: Customer = Customer()
    items: tuple[Item, ...] = ()
    movements: tuple[Movement, ...] = ()
    note: str = ""
    event_id: str = ""
    """The system's own id of the event, where the same event always has the same."""
    always_invoice: bool = False
    """It is about an invoice that the system itself wrote."""
