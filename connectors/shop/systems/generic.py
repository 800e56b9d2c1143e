"""Any other shop: where in its JSON to find what is configured as dotted paths (`mapping`)."""

from collections.abc import Mapping
from decimal import Decimal

from connectors.shop.order import Customer, Item, Movement, Telling, What
from connectors.shop.payload import LONG_AGO, Payload

FIELDS = (
    "event",
    "event_id",
    "order",
    "number",
    "at",
    "total",
    "currency",
    "state",
    "customer",
    "name",
    "company",
    "email",
    "phone",
    "note",
    "items",
    "item_name",
    "item_quantity",
    "item_total",
    "paid",
    "payment",
    "refund",
    "refunded",
    "shipment",
    "tracking",
)
"""What can be mapped. `items` names a list, the `item_` paths lie within its members."""
STATES = {
    **dict.fromkeys(("open", "new", "pending", "created", "placed", "on-hold", "unpaid", "offen", "neu"), "open"),
    **dict.fromkeys(("paid", "processing", "captured", "bezahlt"), "paid"),
    **dict.fromkeys(("shipped", "fulfilled", "sent", "delivered", "versandt", "verschickt"), "shipped"),
    **dict.fromkeys(("done", "completed", "complete", "closed", "abgeschlossen"), "done"),
    **dict.fromkeys(("cancelled", "canceled", "failed", "void", "deleted", "storniert"), "cancelled"),
    **dict.fromkeys(("refunded", "erstattet"), "refunded"),
}
"""Words of shops for the states; `states` of the channel adds to them."""


def read_generic(body: Payload, mapping: Mapping[str, str], states: Mapping[str, str], *, minor: bool) -> Telling:
    """By the mapping. Without an order's id it is something to read, and nothing to book."""

    def text(name: str) -> str:
        return body.text(mapping[name]) if mapping.get(name) else ""

    def amount(name: str, source: Payload = body) -> Decimal:
        if not mapping.get(name):
            return Decimal(0)
        return source.minor(mapping[name], currency) if minor else source.amount(mapping[name], currency)

    currency = (text("currency") or "EUR").upper()
    said = text("state").casefold()
    state = states.get(said) or STATES.get(said, "")
    at = (body.moment(mapping["at"]) if mapping.get("at") else None) or LONG_AGO
    order, total = text("order") or text("number"), amount("total")
    movements = []
    paid = amount("paid") or (total if state in ("paid", "done", "refunded") else Decimal(0))
    if paid > 0:
        movements.append(Movement(what=What.PAYMENT, id=f"payment-{text('payment')}", at=at, amount=paid))
    back = amount("refunded") or (total if state == "refunded" else Decimal(0))
    if back > 0:
        movements.append(Movement(what=What.REFUND, id=f"refund-{text('refund')}", at=at, amount=back))
    if text("shipment") or text("tracking"):
        parcel = f"shipment-{text('shipment') or text('tracking')}"
        movements.append(Movement(what=What.SHIPMENT, id=parcel, at=at, reference=text("tracking")))
    return Telling(
        what=What.ORDER if order else What.OTHER,
        order=order,
        number=(text("number") or order).lstrip("#"),
        at=at,
        has_order=bool(order) and bool(mapping.get("total")) and bool(body.at(mapping["total"])),
        state=state or ("open" if order else ""),
        total=total,
        currency=currency,
        customer=Customer(
            id=text("customer"), name=text("name"), company=text("company"), email=text("email"), phone=text("phone")
        ),
        items=tuple(
            Item(
                name=line.text(mapping.get("item_name") or "name"),
                quantity=line.text(mapping.get("item_quantity") or "quantity") or "1",
                total=amount("item_total", line) if mapping.get("item_total") else None,
            )
            for line in (body.each(mapping["items"]) if mapping.get("items") else ())
        ),
        movements=tuple(movements),
        note=text("note") or text("event"),
        event_id=text("event_id"),
    )
