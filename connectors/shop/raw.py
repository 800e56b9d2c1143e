"""A kept arrival of a shop: one line of JSON that says how to read it, a newline, then what the shop sent, byte for
byte. So it can be read again later without the settings of that day; written by the connector, read by the parser."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from connectors.shop.order import Telling
from connectors.shop.payload import LONG_AGO, Payload, read_json
from connectors.shop.systems.generic import FIELDS, read_generic
from connectors.shop.systems.shopify import read_shopify
from connectors.shop.systems.shopware import read_shopware
from connectors.shop.systems.stripe import read_stripe
from connectors.shop.systems.woocommerce import read_woocommerce
from hub.domain.errors import Unreadable

MAX_HEAD = 32_768
SYSTEMS = ("shopify", "woocommerce", "shopware", "stripe", "generic")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How to read what follows."""

    system: str
    topic: str = ""
    """What the message is about, where the shop says so outside of it (a header)."""
    invoices: bool = False
    """Whether an order is booked as an invoice too."""
    received: datetime = LONG_AGO
    mapping: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    minor: bool = False


def pack(head: Head, body: bytes) -> bytes:
    """The bytes to keep."""
    plain = {**asdict(head), "received": head.received.isoformat()}
    written = {name: value for name, value in plain.items() if value not in ("", False, {})}
    return json.dumps(written, ensure_ascii=True, sort_keys=True).encode("ascii") + b"\n" + body


def unpack(raw: bytes) -> tuple[Head, bytes]:
    """Raises Unreadable."""
    line, newline, body = raw.partition(b"\n")
    if not newline or len(line) > MAX_HEAD:
        raise Unreadable("The kept message does not say which shop's it is.")
    plain = Payload(read_json(line))
    if plain.text("system") not in SYSTEMS:
        raise Unreadable("The kept message names a shop system that nobody here can read.")
    return (
        Head(
            system=plain.text("system"),
            topic=plain.text("topic"),
            invoices=plain.at("invoices").value is True,
            received=plain.moment("received") or LONG_AGO,
            mapping={name: path for name, path in _texts(plain.at("mapping").value).items() if name in FIELDS},
            states=_texts(plain.at("states").value),
            minor=plain.at("minor").value is True,
        ),
        body,
    )


def _texts(value: Any) -> dict[str, str]:
    pairs = list(value.items())[:100] if isinstance(value, dict) else []
    return {name: text for name, text in pairs if isinstance(text, str) and len(text) <= 200}


def read_telling(head: Head, body: bytes) -> Telling:
    """What was told. Raises Unreadable for what is no JSON object."""
    payload = Payload(read_json(body))
    if not isinstance(payload.value, dict):
        raise Unreadable("What the shop sent is no JSON object.")
    match head.system:
        case "shopify":
            return read_shopify(head.topic, payload, head.received)
        case "woocommerce":
            return read_woocommerce(head.topic, payload, head.received)
        case "shopware":
            return read_shopware(head.topic, payload)
        case "stripe":
            return read_stripe(head.topic, payload)
        case _:
            return read_generic(payload, head.mapping, head.states, minor=head.minor)


def name_telling(telling: Telling, body: bytes) -> str:
    """The arrival's native id: the same for one state of one thing, whether a webhook brought it, again or under
    another topic, or the API was asked. Two states within one second differ in what they tell."""
    if telling.event_id:
        return f"event:{telling.event_id}"
    subject = telling.order or telling.customer.id
    dated = telling.at is not None and telling.at != LONG_AGO
    if not subject or not (dated or telling.movements):
        return f"body:{hashlib.sha256(body).hexdigest()}"
    facts = [telling.state, str(telling.total), telling.currency]
    facts += sorted(f"{one.what.value} {one.id} {one.amount}" for one in telling.movements)
    digest = hashlib.sha256("\n".join(facts).encode("utf-8", "replace")).hexdigest()[:16]
    sort = "customer" if not telling.order else "order" if telling.has_order else telling.what.value
    moment = telling.at.isoformat() if telling.at is not None and dated else ""
    return f"{sort}:{subject}:{moment}:{digest}"[:900]
