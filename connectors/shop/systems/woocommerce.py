"""WooCommerce's payloads (REST API v3, as its webhooks carry them): orders, customers; the deleted are only an id."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from connectors.shop.order import Customer, Item, Movement, Telling, What
from connectors.shop.payload import LONG_AGO, Payload

_GONE = ("cancelled", "failed", "trash")


def read_woocommerce(topic: str, body: Payload, received: datetime) -> Telling:
    """By topic, such as `order.updated`. What was deleted names no time: `received` stands in."""
    resource, _, event = topic.partition(".")
    if resource == "order" and event == "deleted":
        number = body.text("number", "id")
        gone = Movement(what=What.CANCELLATION, id="deleted", at=received)
        return Telling(what=What.CANCELLATION, order=body.text("id"), number=number, movements=(gone,))
    if resource == "order":
        return _read_order(body)
    if resource == "customer":
        return Telling(
            what=What.CUSTOMER,
            at=body.moment("date_modified_gmt", "date_created_gmt"),
            customer=_customer(body.text("id"), body, body.at("billing")),
        )
    return Telling(what=What.OTHER, number=body.text("number", "id"), note=topic)


def _read_order(body: Payload) -> Telling:
    currency = body.text("currency").upper()
    at = body.moment("date_modified_gmt", "date_created_gmt", "date_modified", "date_created") or LONG_AGO
    return Telling(
        what=What.ORDER,
        order=body.text("id"),
        number=body.text("number", "id").lstrip("#"),
        at=at,
        has_order=True,
        state=_state(body),
        total=body.amount("total", currency),
        currency=currency,
        customer=_customer(body.text("customer_id"), body, body.at("billing")),
        items=tuple(
            Item(name=line.text("name"), quantity=line.text("quantity") or "1", total=line.amount("total", currency))
            for line in body.each("line_items")
        ),
        movements=tuple(_money(body, currency, at)),
        note=body.text("customer_note"),
    )


def _paid(body: Payload) -> bool:
    return bool(body.at("date_paid_gmt") or body.at("date_paid"))


def _state(body: Payload) -> str:
    status = body.text("status").removeprefix("wc-")
    if status in _GONE:
        return "cancelled"
    if status == "refunded":
        return "refunded"
    if status == "completed":
        return "done" if _paid(body) else "shipped"
    return "paid" if _paid(body) else "open"


def _money(body: Payload, currency: str, at: datetime) -> Iterator[Movement]:
    refunds = [(one.text("id"), abs(one.amount("total", currency))) for one in body.each("refunds")]
    back = sum((amount for _, amount in refunds), Decimal(0))
    paid = body.amount("total", currency) if _paid(body) else Decimal(0)
    if not paid and back:
        paid += back  # what goes back had come, though nobody noted when
    if paid > 0:
        moment = body.moment("date_paid_gmt", "date_paid") or at
        yield Movement(
            what=What.PAYMENT,
            id="payment",
            at=moment,
            amount=paid,
            reference=body.text("transaction_id", "payment_method", limit=100),
        )
    for id, amount in refunds:
        if id and amount > 0:
            yield Movement(what=What.REFUND, id=f"refund-{id}", at=at, amount=amount)


def _customer(id: str, person: Payload, address: Payload) -> Customer:
    name = f"{person.text('first_name')} {person.text('last_name')}".strip()
    billed = f"{address.text('first_name')} {address.text('last_name')}".strip()
    return Customer(
        # WooCommerce gives guests the customer 0.
        id="" if id == "0" else id,
        name=name or billed,
        company=address.text("company"),
        email=address.text("email") or person.text("email"),
        phone=address.text("phone"),
    )
