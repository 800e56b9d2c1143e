"""Stripe's events: checkout sessions, payment intents, charges, invoices, customers. What belongs together is known by
the payment intent, or by the invoice where there is one."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from connectors.shop.order import Customer, Item, Movement, Telling, What
from connectors.shop.payload import LONG_AGO, Payload

_BILLING = ("Subscription ", "Payment for Invoice", "Invoice ")
"""How Stripe describes payments of its own invoices, where it does not name them."""


def read_stripe(topic: str, event: Payload) -> Telling:
    """One event, whichever way it came."""
    kind = event.text("type") or topic
    thing, at = event.at("data.object"), event.moment("created") or LONG_AGO
    for prefix, read in _READERS.items():
        if kind.startswith(prefix) and (telling := read(kind, thing, at, event.text("id"))) is not None:
            return telling
    return Telling(what=What.OTHER, number=thing.text("number", "id"), note=kind, event_id=event.text("id"), at=at)


def _read_session(kind: str, thing: Payload, at: datetime, event_id: str) -> Telling | None:
    currency = thing.text("currency").upper()
    total = thing.minor("amount_total", currency)
    paid = thing.text("payment_status") == "paid"
    if kind.endswith(("expired", "async_payment_failed")):
        state = "cancelled"
    else:
        state = "paid" if paid or thing.text("payment_status") == "no_payment_required" else "open"
    details = thing.at("customer_details")
    return Telling(
        what=What.ORDER,
        order=thing.text("payment_intent", "invoice", "id"),
        number=thing.text("client_reference_id", "metadata.order_number", "metadata.order_id") or _short(thing),
        at=at,
        has_order=True,
        state=state,
        total=total,
        currency=currency,
        customer=Customer(
            id=thing.text("customer", "customer.id"),
            name=details.text("name"),
            company=details.text("business_name"),
            email=details.text("email") or thing.text("customer_email"),
            phone=details.text("phone"),
        ),
        items=_lines(thing.at("line_items"), currency),
        movements=(_payment(at, total, thing),) if paid and total > 0 else (),
        event_id=event_id,
    )


def _read_intent(kind: str, thing: Payload, at: datetime, event_id: str) -> Telling | None:
    if kind != "payment_intent.succeeded":
        return None
    currency = thing.text("currency").upper()
    amount = thing.minor("amount_received", currency)
    invoice = thing.text("invoice", "payment_details.order_reference")
    billed = invoice.startswith("in_") or thing.text("description").startswith(_BILLING)
    return Telling(
        what=What.PAYMENT,
        order=invoice if invoice.startswith("in_") else thing.text("id"),
        number=thing.text("metadata.order_number", "metadata.order_id") or _short(thing),
        at=at,
        # The payment of an invoice is no order of its own.
        has_order=not billed,
        state="paid",
        total=amount,
        currency=currency,
        customer=Customer(
            id=thing.text("customer", "customer.id"),
            name=thing.text("shipping.name"),
            email=thing.text("receipt_email"),
            phone=thing.text("shipping.phone"),
        ),
        movements=(_payment(at, amount, thing),) if amount > 0 else (),
        note=thing.text("description"),
        event_id=event_id,
    )


def _read_charge(kind: str, thing: Payload, at: datetime, event_id: str) -> Telling | None:
    if kind not in ("charge.refunded", "charge.succeeded"):
        return None
    currency = thing.text("currency").upper()
    back = kind == "charge.refunded"
    amount = thing.minor("amount_refunded" if back else "amount", currency)
    # The sum of what went back so far grows under one name.
    moved = (
        Movement(what=What.REFUND, id=f"refund-{thing.text('id')}", at=at, amount=amount)
        if back
        else _payment(at, amount, thing)
    )
    details = thing.at("billing_details")
    return Telling(
        what=What.REFUND if back else What.PAYMENT,
        order=thing.text("invoice", "payment_intent", "id"),
        number=thing.text("metadata.order_number", "metadata.order_id", "receipt_number") or _short(thing),
        at=at,
        state="refunded" if back and thing.at("refunded").value is True else "",
        total=amount,
        currency=currency,
        customer=Customer(
            id=thing.text("customer", "customer.id"),
            name=details.text("name"),
            email=details.text("email") or thing.text("receipt_email"),
            phone=details.text("phone"),
        ),
        movements=(moved,) if amount > 0 else (),
        event_id=event_id,
    )


def _read_invoice(kind: str, thing: Payload, at: datetime, event_id: str) -> Telling | None:
    status = thing.text("status")
    if status in ("draft", "") or kind.startswith(("invoice.upcoming", "invoiceitem")):
        return None
    currency = thing.text("currency").upper()
    paid = thing.minor("amount_paid", currency)
    return Telling(
        what=What.INVOICE,
        order=thing.text("id"),
        number=thing.text("number") or _short(thing),
        at=at,
        has_order=True,
        always_invoice=True,
        state={"paid": "paid", "void": "cancelled", "uncollectible": "open"}.get(status, "open"),
        total=thing.minor("total", currency) if thing.at("total") else thing.minor("amount_due", currency),
        currency=currency,
        customer=Customer(
            id=thing.text("customer", "customer.id"),
            name=thing.text("customer_name"),
            email=thing.text("customer_email"),
            phone=thing.text("customer_phone"),
        ),
        items=_lines(thing.at("lines"), currency),
        movements=(_payment(at, paid, thing),) if paid > 0 else (),
        event_id=event_id,
    )


def _read_customer(kind: str, thing: Payload, at: datetime, event_id: str) -> Telling | None:
    if thing.text("object") not in ("customer", ""):
        return None
    person = Customer(
        id=thing.text("id"), name=thing.text("name"), email=thing.text("email"), phone=thing.text("phone")
    )
    return Telling(what=What.CUSTOMER, at=at, customer=person, event_id=event_id, note=thing.text("description"))


_READERS: dict[str, Callable[[str, Payload, datetime, str], Telling | None]] = {
    "checkout.session.": _read_session,
    "payment_intent.": _read_intent,
    "charge.": _read_charge,
    "invoice": _read_invoice,
    "customer.": _read_customer,
}


def _payment(at: datetime, amount: Decimal, thing: Payload) -> Movement:
    reference = thing.text("payment_intent", "id", limit=100)
    return Movement(what=What.PAYMENT, id="payment", at=at, amount=amount, reference=reference)


def _short(thing: Payload) -> str:
    """Stripe's ids are long; people compare their ends."""
    return thing.text("id")[-8:]


def _lines(lines: Payload, currency: str) -> tuple[Item, ...]:
    return tuple(
        Item(
            name=line.text("description"),
            quantity=line.text("quantity") or "1",
            total=line.minor("amount_total" if line.at("amount_total") else "amount", currency),
        )
        for line in lines.each("data")
    )
