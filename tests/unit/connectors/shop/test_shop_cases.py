"""Golden cases: tests/cases/shop/NAME.txt (as it is kept: a line that says how to read it, then the shop's own bytes)
is understood as NAME.expected.json says.

After an intended change: `FERNAMT_WRITE_CASES=1 python -m pytest tests/unit/connectors/shop/test_shop_cases.py`, then
read the difference.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.shop.parse import SHOP_PARSER
from connectors.shop.raw import SYSTEMS, Head, pack
from hub.domain.errors import NotFound, Unreadable
from hub.domain.message import Envelope, Message, Strength
from hub.ports.parser import ParseContext
from storage.codec import codec_for

CASES = Path(__file__).parents[3] / "cases" / "shop"
NAMES = sorted(path.stem for path in CASES.glob("*.txt"))
CONTEXT = ParseContext(account="northwind")
SIGNED = Envelope(authenticated=True)


def understood(raw: bytes) -> dict[str, Any]:
    try:
        message = SHOP_PARSER.parse(raw, SIGNED, CONTEXT)
    except Unreadable as error:
        return {"unreadable": error.sentence}
    assert message.sender is not None
    return {
        "sender": [message.sender.address.normal, message.sender.name],
        "aliases": [alias.address.key for alias in message.aliases],
        "kind": message.kind.value,
        "marks": list(message.marks),
        "message_id": message.message_id,
        "date": message.date.isoformat() if message.date else None,
        "subject": message.content.subject,
        "text": message.content.text.split("\n"),
        "bookings": [
            f"{one.kind.value} {one.key} of {one.sale}: {one.number} {one.amount} {one.currency} "
            f"{one.state}{one.reference} {one.at.isoformat()}"
            for one in message.bookings
        ],
        "problems": list(message.problems),
    }


def test_there_are_enough_cases() -> None:
    assert len(NAMES) >= 40
    assert {name.partition("-")[0] for name in NAMES} >= set(SYSTEMS)


@pytest.mark.parametrize("name", NAMES)
def test_a_shops_message_is_understood_as_the_case_says(name: str) -> None:
    expected = CASES / f"{name}.expected.json"
    found = understood((CASES / f"{name}.txt").read_bytes())
    if os.environ.get("FERNAMT_WRITE_CASES"):
        expected.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(expected.read_text(encoding="utf-8"))


def test_a_shop_proves_its_customers_only_by_its_signature() -> None:
    raw = (CASES / "shopify-order-paid.txt").read_bytes()
    assert SHOP_PARSER.parse(raw, SIGNED, CONTEXT).strength is Strength.AUTHENTICATED
    assert SHOP_PARSER.parse(raw, Envelope(), CONTEXT).strength is Strength.CLAIMED


def test_there_are_no_files_and_no_html() -> None:
    raw = (CASES / "shopify-order-paid.txt").read_bytes()
    assert SHOP_PARSER.render_html(raw) is None
    with pytest.raises(NotFound):
        SHOP_PARSER.extract(raw, 0)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("id", "name", "email", "customer", "currency", "total_price", "total", "line_items", "refunds"),
                    *("updated_at", "date_modified_gmt", "data", "object", "type", "created", "payload", "order"),
                    *("orderNumber", "amountTotal", "transactions", "fulfillments", "amount_total", "financial_status"),
                ]
            ),
            inner,
            max_size=8,
        )
    ),
    max_leaves=30,
)


@given(
    system=st.sampled_from(SYSTEMS),
    topic=st.sampled_from(["", "orders/paid", "refunds/create", "fulfillments/x", "order.updated", "order.read"]),
    body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()),
)
@settings(max_examples=150, deadline=None)
def test_whatever_a_shop_sends_is_read_or_refused(system: str, topic: str, body: bytes) -> None:
    mapping = {"order": "id", "total": "total", "email": "email", "items": "line_items", "at": "updated_at"}
    raw = pack(Head(system=system, topic=topic, invoices=True, mapping=mapping), body)
    try:
        message = SHOP_PARSER.parse(raw, SIGNED, CONTEXT)
    except Unreadable:
        return
    codec_for(Message).encode(message)


@given(st.binary(max_size=300))
def test_what_nobody_packed_is_refused(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        SHOP_PARSER.parse(raw, SIGNED, CONTEXT)
