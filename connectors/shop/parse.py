"""From what a shop told to a Message. Pure."""

import hashlib
from collections.abc import Iterator
from decimal import Decimal

from connectors.shop.address import SHOP_FORM
from connectors.shop.order import Customer, Item, Movement, Telling, What
from connectors.shop.payload import LONG_AGO
from connectors.shop.raw import name_telling, read_telling, unpack
from hub.domain.address import Address
from hub.domain.errors import Invalid, NotFound, Unreadable
from hub.domain.facts import Booking, BookingKind
from hub.domain.message import (
    Content,
    Envelope,
    InteractionKind,
    Message,
    MessageClass,
    Participant,
    ParticipantRole,
    Strength,
)
from hub.ports.parser import ParseContext

SHOWN_ITEMS, SHOWN_MOVEMENTS, MAX_BOOKINGS = 20, 20, 200
WORDS = {
    "order": "Order / Bestellung",
    "invoice": "Invoice / Rechnung",
    "payment": "Payment / Zahlung",
    "refund": "Refund / Erstattung",
    "shipment": "Shipment / Versand",
    "cancellation": "Cancellation / Storno",
    "customer": "Customer / Kunde",
    "other": "Shop",
    "open": "open / offen",
    "paid": "paid / bezahlt",
    "shipped": "shipped / versandt",
    "done": "completed / abgeschlossen",
    "cancelled": "cancelled / storniert",
    "refunded": "refunded / erstattet",
}
KINDS = {
    What.ORDER: InteractionKind.ORDER,
    What.SHIPMENT: InteractionKind.ORDER,
    What.CANCELLATION: InteractionKind.ORDER,
    What.INVOICE: InteractionKind.INVOICE,
    What.PAYMENT: InteractionKind.PAYMENT,
    What.REFUND: InteractionKind.PAYMENT,
}
STATES = ("open", "paid", "shipped", "done", "cancelled", "refunded")


class ShopParser:
    """hub.ports.parser.Parser for what connectors/shop keeps."""

    def parse(self, raw: bytes, envelope: Envelope, context: ParseContext) -> Message:
        """Raises Unreadable for what is no JSON, or tells of nothing and nobody."""
        head, body = unpack(raw)
        telling = read_telling(head, body)
        name = name_telling(telling, body)
        bookings, problems = list_bookings(telling, invoices=head.invoices)
        mark = f"order-{telling.state}" if telling.state in STATES else f"shop-{telling.what.value}"
        text = _text(telling)
        return Message(
            channel=SHOP_FORM.name,
            sender=Participant(
                address=_sender(context.account, telling), name=_name(telling), role=ParticipantRole.FROM
            ),
            message_id=f"shop:{context.account}:{name}",
            date=telling.at if telling.at and telling.at != LONG_AGO else None,
            content=Content(subject=_subject(telling), text=text, reply_text=text),
            message_class=MessageClass.HUMAN,
            strength=Strength.AUTHENTICATED if envelope.authenticated else Strength.CLAIMED,
            fingerprint=hashlib.sha256(f"{context.account}\n{name}".encode("utf-8", "replace")).hexdigest(),
            kind=KINDS.get(telling.what, InteractionKind.EVENT),
            aliases=_aliases(telling.customer),
            bookings=bookings,
            marks=(mark,),
            problems=problems,
        )

    def extract(self, raw: bytes, index: int) -> bytes:
        """Shops send no files."""
        raise NotFound("A shop's message carries no files.", index=index)

    def render_html(self, raw: bytes) -> str | None:
        """There is no HTML."""
        return None


SHOP_PARSER = ShopParser()


def _sender(account: str, telling: Telling) -> Address:
    """The customer; a guest by the mail address; where no customer is named, the order."""
    person = telling.customer
    names = [person.id, person.email.lower()] if telling.has_order or person.id else []
    if telling.what is What.CUSTOMER:
        names.append(person.email.lower())
    for name in (*names, f"order-{telling.order}" if telling.order else "", person.email.lower(), "unknown"):
        try:
            if name:
                return SHOP_FORM.normalise(f"{account}:{name}")
        except Invalid:
            continue
    raise Unreadable("Neither a customer nor an order can be read from it.")


def _aliases(person: Customer) -> tuple[Participant, ...]:
    """As the shop wrote them: intake brings them into normal form."""
    written = (("email", person.email.lower()), ("phone", person.phone))
    return tuple(
        Participant(address=Address(channel=channel, normal=text), name=_full_name(person), role=ParticipantRole.FROM)
        for channel, text in written
        if text
    )


def _full_name(person: Customer) -> str:
    return person.name or person.company


def _name(telling: Telling) -> str:
    person = telling.customer
    if telling.what is What.OTHER and not person.email:
        return _full_name(person)
    return _full_name(person) or person.email or (f"{WORDS['order']} {telling.number}" if telling.number else "")


# For people


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:f} {currency}".strip()


def _subject(telling: Telling) -> str:
    state = WORDS.get(telling.state, telling.state)
    title = f"{WORDS[telling.what.value]} {telling.number or telling.customer.id}".strip()
    if telling.what is What.OTHER:
        return f"{title} {telling.note}".strip()[:300]
    return f"{title}: {state}" if state else title


def _text(telling: Telling) -> str:
    lines = [_subject(telling)]
    if telling.currency and telling.total >= 0 and (telling.total or telling.has_order):
        lines.append(_money(telling.total, telling.currency))
    person = telling.customer
    lines += [", ".join(dict.fromkeys(part for part in (person.name, person.company) if part))]
    lines += [" · ".join(part for part in (person.email, person.phone) if part)]
    lines += [_line(item, telling.currency) for item in telling.items[:SHOWN_ITEMS]]
    if len(telling.items) > SHOWN_ITEMS:
        lines.append(f"… +{len(telling.items) - SHOWN_ITEMS}")
    lines += [_movement(one, telling) for one in telling.movements[:SHOWN_MOVEMENTS]]
    if telling.note and telling.what is not What.OTHER:
        lines.append(f"“{telling.note}”")
    return "\n".join(line for line in lines if line)


def _line(item: Item, currency: str) -> str:
    priced = f": {_money(item.total, currency)}" if item.total is not None else ""
    return f"{item.quantity} × {item.name}{priced}"


def _movement(one: Movement, telling: Telling) -> str:
    title = f"→ {WORDS[one.what.value]}"
    amount = _money(one.amount, one.currency or telling.currency) if one.amount else ""
    return " ".join(part for part in (title, amount, one.reference) if part)


# For the books


def list_bookings(telling: Telling, *, invoices: bool) -> tuple[tuple[Booking, ...], tuple[str, ...]]:
    """The facts, and what could not be made one. An order is an invoice too where `invoices` is set; Stripe's own
    invoices always are."""
    if not telling.order:
        return (), ()
    facts = list(_facts(telling, invoices=invoices))
    sound = [fact for fact in facts if _is_currency(fact.currency) and fact.amount >= 0]
    problems = []
    if len(sound) < len(facts):
        problems.append("Its currency or amount cannot be read: it is not booked.")
    if len(sound) > MAX_BOOKINGS:
        problems.append(f"Only {MAX_BOOKINGS} of its {len(sound)} payments and shipments are booked.")
    return tuple(sound[:MAX_BOOKINGS]), tuple(problems)


def _is_currency(text: str) -> bool:
    return len(text) == 3 and text.isascii() and text.isalpha() and text.isupper()


def _facts(telling: Telling, *, invoices: bool) -> Iterator[Booking]:
    sale, at = telling.order, telling.at or LONG_AGO
    if telling.has_order:
        kinds = [BookingKind.ORDER]
        if (invoices or telling.always_invoice) and telling.total > 0:
            kinds.append(BookingKind.INVOICE)
        for kind in kinds:
            yield Booking(
                kind=kind,
                key=f"{sale}/{kind.value}",
                sale=sale,
                number=telling.number[:100],
                at=at,
                amount=telling.total,
                currency=telling.currency,
                state=telling.state,
            )
    for one in telling.movements:
        yield Booking(
            kind=BookingKind(one.what.value),
            key=f"{sale}/{one.id}",
            sale=sale,
            number=telling.number[:100],
            at=one.at,
            amount=one.amount,
            currency=one.currency or telling.currency or "EUR",
            reference=one.reference[:150],
        )
