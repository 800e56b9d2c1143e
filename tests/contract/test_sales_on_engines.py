"""Sales on SQLite and on MongoDB over the wire: tellers who race end in one account, and it outlives the process."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from hub.domain.contact import Contact
from hub.domain.facts import Booking, BookingKind
from hub.domain.ids import ContactId, InteractionId
from hub.domain.interaction import Direction, Interaction, InteractionKind
from hub.domain.ledger import Side
from hub.domain.message import Message, Strength
from hub.ports.kinds import ALL_KINDS, CONTACTS, SALES
from hub.ports.store import Store
from hub.services.audit import Audit
from hub.services.ledger.stream import Streams
from hub.services.sales import Sales
from tests.fake_connector import ManualClock
from tests.store_engines import ENGINES, WIRE

WHO = ContactId("c_petra")
START = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "mongodb"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    WIRE.serve(request.param, request)
    opened = await ENGINES[request.param](tmp_path / "data", clock=ManualClock(START), kinds=ALL_KINDS)
    await opened.documents(CONTACTS).insert(
        Contact(id=WHO, name="Petra Müller", sort_name="petra mueller", created_at=START)
    )
    yield opened
    await opened.close()


def fact(kind: BookingKind, id: str, amount: str, minute: int, currency: str = "EUR") -> Booking:
    return Booking(
        kind=kind,
        key=f"4711/{id}",
        sale="4711",
        number="1001",
        at=START + timedelta(minutes=minute),
        amount=Decimal(amount),
        currency=currency,
    )


TELLINGS = [
    (fact(BookingKind.ORDER, "order", "100", 1), fact(BookingKind.INVOICE, "invoice", "100", 1)),
    (fact(BookingKind.ORDER, "order", "90.10", 5), fact(BookingKind.INVOICE, "invoice", "90.10", 5)),
    (fact(BookingKind.PAYMENT, "p1", "60.05", 2),),
    (fact(BookingKind.PAYMENT, "p2", "30.05", 3),),
    (fact(BookingKind.REFUND, "r1", "10", 9),),
]


def entry() -> Interaction:
    return Interaction(
        id=InteractionId("i_order"),
        contact_id=WHO,
        at=START,
        kind=InteractionKind.ORDER,
        direction=Direction.INBOUND,
        account="northwind",
    )


@pytest.mark.parametrize("hubs", [1, 3])
async def test_ac32_tellers_who_race_end_in_one_account(store: Store, hubs: int) -> None:
    clock = ManualClock(START)
    tellers = [
        Sales(store=store, clock=clock, audit=Audit(store, clock), time_zone="Europe/Berlin") for _ in range(hubs)
    ]
    messages = [Message(channel="shop", bookings=facts, strength=Strength.AUTHENTICATED) for facts in TELLINGS]
    await asyncio.gather(*(teller.settle(entry(), message) for message in messages for teller in tellers * 3))
    account = await Streams(store).load(WHO, Side.RECEIVABLE)
    assert account.sums() == ()
    items = account.open_items("", START.date())
    assert sum(item.open for item in items) == 0
    # Within one hub nothing is even left to be set off.
    assert hubs > 1 or items == ()
    (line,) = account.order_lines("")
    assert (line.number, line.state, line.amount) == ("1001", "paid", Decimal("90.10"))
    (sale,) = await store.documents(SALES).scan("", 10)
    assert (sale.contact_id, len(sale.facts)) == (WHO, 5)
    assert {type(one.amount) for one in sale.facts} == {Decimal}
