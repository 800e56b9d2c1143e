"""Shopware 6: app webhooks, `{data: {event, payload}, source, timestamp}`, and orders as its API returns them."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from connectors.shop.order import Customer, Item, Movement, Telling, What
from connectors.shop.payload import LONG_AGO, Payload

_CAME = ("paid", "refunded", "refunded_partially")


def read_shopware(topic: str, body: Payload) -> Telling:
    """A webhook, or an order of the search API (topic `order.read`)."""
    payload = body.at("data.payload")
    event = body.text("data.event") or topic
    event_id = body.text("source.eventId")
    order = body if topic == "order.read" else payload.at("order")
    if order.text("orderNumber"):
        return _read_order(order, event, body.moment("timestamp"))
    person = payload.at("customer")
    if person.text("id"):
        return Telling(
            what=What.CUSTOMER,
            at=person.moment("updatedAt", "createdAt"),
            customer=_customer(person, person.at("defaultBillingAddress"), person.text("id")),
            event_id=event_id,
        )
    return Telling(what=What.OTHER, order="", number=payload.text("0.primaryKey"), note=event, event_id=event_id)


def is_thin(body: Payload) -> bool:
    """Whether it only says that something was written (`order.written`): the API must be asked what."""
    return body.text("data.event").endswith((".written", ".deleted"))


def _read_order(order: Payload, event: str, told: datetime | None) -> Telling:
    currency = (order.text("currency.isoCode", "currency.shortName") or "EUR").upper()
    at = order.moment("updatedAt", "createdAt", "orderDateTime") or told or LONG_AGO
    buyer = order.at("orderCustomer")
    guest = buyer.at("customer.guest").value is True
    return Telling(
        what=What.ORDER,
        order=order.text("id"),
        number=order.text("orderNumber"),
        at=at,
        has_order=True,
        state=_state(order),
        total=order.amount("amountTotal", currency),
        currency=currency,
        customer=_customer(
            buyer, order.at("billingAddress") or order.at("addresses.0"), "" if guest else buyer.text("customerId")
        ),
        items=tuple(
            Item(
                name=line.text("label"),
                quantity=line.text("quantity") or "1",
                total=line.amount("totalPrice", currency),
            )
            for line in order.each("lineItems")
        ),
        movements=(*_money(order, currency, at), *_parcels(order, at)),
        note=order.text("customerComment"),
    )


def _states(order: Payload, path: str) -> list[str]:
    return [one.text("stateMachineState.technicalName") for one in order.each(path)]


def _state(order: Payload) -> str:
    own = order.text("stateMachineState.technicalName")
    money, goods = _states(order, "transactions"), _states(order, "deliveries")
    if own == "cancelled":
        return "cancelled"
    if "refunded" in money and not {"paid", "refunded_partially"} & set(money):
        return "refunded"
    paid, shipped = bool({"paid", "refunded_partially"} & set(money)), "shipped" in goods
    if own == "completed" or (shipped and paid):
        return "done"
    return "shipped" if shipped else "paid" if paid else "open"


def _money(order: Payload, currency: str, at: datetime) -> Iterator[Movement]:
    for one in order.each("transactions"):
        state, amount = one.text("stateMachineState.technicalName"), one.amount("amount.totalPrice", currency)
        if not one.text("id") or state not in _CAME or amount <= 0:
            continue
        moment = one.moment("updatedAt", "createdAt") or at
        method = one.text("paymentMethod.distinguishableName", "paymentMethod.name", limit=100)
        yield Movement(
            what=What.PAYMENT, id=f"transaction-{one.text('id')}", at=moment, amount=amount, reference=method
        )
        back = amount if state == "refunded" else _refunded(one, currency)
        if back > 0:
            yield Movement(what=What.REFUND, id=f"refund-{one.text('id')}", at=moment, amount=back)


def _refunded(transaction: Payload, currency: str) -> Decimal:
    """Of a partial refund, where the payment extension notes what went back."""
    amounts = [
        refund.amount("amount.totalPrice", currency)
        for capture in transaction.each("captures")
        for refund in capture.each("refunds")
        if refund.text("stateMachineState.technicalName") == "completed"
    ]
    return sum(amounts, Decimal(0))


def _parcels(order: Payload, at: datetime) -> Iterator[Movement]:
    for one in order.each("deliveries"):
        if one.text("id") and one.text("stateMachineState.technicalName") in ("shipped", "shipped_partially"):
            codes = ", ".join(code.text() for code in one.each("trackingCodes"))
            moment = one.moment("updatedAt", "createdAt") or at
            yield Movement(what=What.SHIPMENT, id=f"delivery-{one.text('id')}", at=moment, reference=codes[:100])


def _customer(person: Payload, address: Payload, id: str) -> Customer:
    return Customer(
        id=id,
        name=f"{person.text('firstName')} {person.text('lastName')}".strip(),
        company=person.text("company") or address.text("company"),
        email=person.text("email"),
        phone=address.text("phoneNumber"),
    )
