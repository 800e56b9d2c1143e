"""Shopify's payloads (REST order resource, as its webhooks carry it): orders, refunds, fulfilments, customers."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from connectors.shop.order import Customer, Item, Movement, Telling, What
from connectors.shop.payload import LONG_AGO, Payload

_PAID = ("paid", "partially_refunded", "refunded")


def read_shopify(topic: str, body: Payload, received: datetime) -> Telling:
    """By topic, such as `orders/paid`; what it does not know is told as such. What was deleted names no time:
    `received` stands in."""
    resource = topic.partition("/")[0]
    if resource == "orders" and topic != "orders/delete":
        return _read_order(topic, body)
    if resource == "orders":
        gone = Movement(what=What.CANCELLATION, id="deleted", at=received)
        return Telling(what=What.CANCELLATION, order=body.text("id"), number=body.text("id"), movements=(gone,))
    if resource == "refunds":
        return _read_refund_alone(body)
    if resource == "fulfillments":
        return _read_fulfilment_alone(body)
    if resource == "customers":
        return Telling(
            what=What.CUSTOMER,
            at=body.moment("updated_at", "created_at"),
            customer=_customer(body, body),
            note=body.text("note"),
        )
    return Telling(what=What.OTHER, order=body.text("order_id"), number=body.text("name", "id"), note=topic)


def _read_order(topic: str, body: Payload) -> Telling:
    currency = body.text("currency").upper()
    at = body.moment("updated_at", "created_at") or LONG_AGO
    cancelled = topic == "orders/cancelled" or bool(body.at("cancelled_at"))
    return Telling(
        what=What.ORDER,
        order=body.text("id"),
        number=body.text("name", "order_number", "id").lstrip("#"),
        at=at,
        has_order=True,
        state="cancelled" if cancelled else _state(body),
        total=body.amount("total_price", currency),
        currency=currency,
        customer=_customer(body.at("customer"), body),
        items=tuple(_item(line, currency) for line in body.each("line_items")),
        movements=(*_payment(body, currency, at), *_refunds(body, currency, at), *_fulfilments(body, at)),
        note=body.text("note"),
    )


def _state(body: Payload) -> str:
    money, goods = body.text("financial_status"), body.text("fulfillment_status")
    if money == "refunded":
        return "refunded"
    if money == "voided":
        return "cancelled"
    if goods == "fulfilled":
        return "done" if money in _PAID else "shipped"
    return "paid" if money in _PAID else "open"


def _payment(body: Payload, currency: str, at: datetime) -> Iterator[Movement]:
    """What came in so far; Shopify tells the sum, so that it grows under one name."""
    total, status = body.amount("total_price", currency), body.text("financial_status")
    paid = total if status in _PAID else Decimal(0)
    if status == "partially_paid" and body.at("total_outstanding"):
        paid = total - body.amount("total_outstanding", currency)
    if paid > 0:
        gateways = [one.text() for one in body.each("payment_gateway_names")]
        yield Movement(what=What.PAYMENT, id="payment", at=at, amount=paid, reference=", ".join(gateways)[:100])


def _refunds(body: Payload, currency: str, at: datetime) -> Iterator[Movement]:
    for refund in body.each("refunds"):
        amount = _refunded(refund, currency)
        if amount > 0 and refund.text("id"):
            moment = refund.moment("processed_at", "created_at") or at
            yield Movement(what=What.REFUND, id=f"refund-{refund.text('id')}", at=moment, amount=amount)


def _refunded(refund: Payload, currency: str) -> Decimal:
    """Only money that went back: goods may be taken back without."""
    amounts = [
        one.amount("amount", currency)
        for one in refund.each("transactions")
        if one.text("kind") == "refund" and one.text("status") in ("success", "")
    ]
    return sum(amounts, Decimal(0))


def _fulfilments(body: Payload, at: datetime) -> Iterator[Movement]:
    for one in body.each("fulfillments"):
        if one.text("id") and one.text("status") not in ("cancelled", "error", "failure"):
            yield _fulfilment(one, at)


def _fulfilment(body: Payload, at: datetime) -> Movement:
    tracking = f"{body.text('tracking_company')} {body.text('tracking_number', 'tracking_numbers.0')}".strip()
    moment = body.moment("created_at") or at
    return Movement(what=What.SHIPMENT, id=f"fulfillment-{body.text('id')}", at=moment, reference=tracking)


def _read_refund_alone(body: Payload) -> Telling:
    """`refunds/create` names the order by its id only, and no customer."""
    at = body.moment("processed_at", "created_at") or LONG_AGO
    currency = body.text("transactions.0.currency", "refund_line_items.0.subtotal_set.shop_money.currency_code").upper()
    amount = _refunded(body, currency)
    back = Movement(what=What.REFUND, id=f"refund-{body.text('id')}", at=at, amount=amount, currency=currency)
    return Telling(
        what=What.REFUND,
        order=body.text("order_id"),
        number=body.text("order_id"),
        at=at,
        total=amount,
        currency=currency,
        items=tuple(_item(line.at("line_item"), currency) for line in body.each("refund_line_items")),
        movements=(back,) if amount > 0 else (),
        note=body.text("note"),
    )


def _read_fulfilment_alone(body: Payload) -> Telling:
    at = body.moment("updated_at", "created_at") or LONG_AGO
    failed = body.text("status") in ("cancelled", "error", "failure")
    return Telling(
        what=What.SHIPMENT,
        order=body.text("order_id"),
        number=body.text("name", "order_id").lstrip("#").partition(".")[0],
        at=at,
        customer=Customer(email=body.text("email"), name=body.text("destination.name")),
        items=tuple(_item(line, "") for line in body.each("line_items")),
        movements=() if failed else (_fulfilment(body, at),),
        state=body.text("shipment_status", "status"),
        note=body.text("tracking_url"),
    )


def _item(line: Payload, currency: str) -> Item:
    total = line.amount("price", currency) * _count(line) if currency and line.at("price") else None
    return Item(name=line.text("title", "name"), quantity=line.text("quantity") or "1", total=total)


def _count(line: Payload) -> int:
    value = line.at("quantity").value
    return value if isinstance(value, int) and 0 < value < 10**6 else 1


def _customer(person: Payload, order: Payload) -> Customer:
    address = order.at("billing_address") or order.at("shipping_address") or order.at("default_address")
    name = f"{person.text('first_name')} {person.text('last_name')}".strip()
    return Customer(
        id=person.text("id"),
        name=name or address.text("name"),
        company=address.text("company"),
        email=order.text("email", "contact_email") or person.text("email"),
        phone=order.text("phone") or person.text("phone") or address.text("phone"),
    )
