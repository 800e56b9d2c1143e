"""The ledger on SQLite and on MongoDB over the wire: bookkeepers who race, and every question."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from hub.domain.address import Address
from hub.domain.contact import Contact
from hub.domain.errors import Conflict
from hub.domain.ids import ContactId
from hub.domain.ledger import EntryDraft, EntryKind, LedgerEntry
from hub.domain.people import Actor, system_actor
from hub.ports.kinds import ALL_KINDS, CONTACTS, LEDGER
from hub.ports.store import Store
from hub.services.accounts import Accounts
from hub.services.audit import Audit
from hub.services.broadcast import Broadcast
from tests.fake_connector import ManualClock
from tests.store_engines import ENGINES, WIRE

WHO = ContactId("c_petra")
BOSS = system_actor("test")


class NoLetters:
    async def find_way(self, contact_id: ContactId) -> tuple[str, Address] | None:
        return None

    async def say(self, contact_id: ContactId, text: str, *, subject: str, key: str) -> object | None:
        return None


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 24, 9, tzinfo=UTC))


@pytest.fixture(params=["sqlite", "mongodb"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    WIRE.serve(request.param, request)
    opened = await ENGINES[request.param](tmp_path / "data", clock=clock, kinds=ALL_KINDS)
    contact = Contact(id=WHO, name="Petra Müller", sort_name="petra mueller", created_at=clock.now())
    await opened.documents(CONTACTS).insert(contact)
    yield opened
    await opened.close()


def bookkeeper(store: Store, clock: ManualClock) -> Accounts:
    async def resolve(actor: Actor, text: str) -> Contact:
        found = await store.documents(CONTACTS).get(WHO)
        assert found is not None
        return found

    return Accounts(
        store=store,
        clock=clock,
        audit=Audit(store, clock),
        events=Broadcast(),
        resolve=resolve,
        letters=NoLetters(),
        company="X",
        time_zone="Europe/Berlin",
    )


async def test_ten_book_the_same_invoice_and_pay_it_at_once(store: Store, clock: ManualClock) -> None:
    desks = [bookkeeper(store, clock) for _ in range(2)]
    day = date(2026, 10, 1)

    async def post(number: int, kind: EntryKind) -> LedgerEntry:
        draft = EntryDraft(
            contact_id=WHO,
            kind=kind,
            amount=Decimal("100.00"),
            number="R-1" if kind is EntryKind.INVOICE else "",
            date=day,
            due=day if kind is EntryKind.INVOICE else None,
        )
        return await desks[number % 2].post(BOSS, draft, key=f"{kind}{number}")

    booked = await asyncio.gather(*(post(n, EntryKind.INVOICE) for n in range(10)), return_exceptions=True)
    assert sum(isinstance(result, LedgerEntry) for result in booked) == 1
    assert sum(isinstance(result, Conflict) for result in booked) == 9
    paid = await asyncio.gather(*(post(n, EntryKind.PAYMENT) for n in range(3)))
    assert sum((item.amount for entry in paid for item in entry.allocations), Decimal(0)) == Decimal("100.00")
    summary = await bookkeeper(store, clock).summary(BOSS, WHO)
    assert [money.amount for money in summary.balances] == [Decimal("-200.00")]
    assert sorted(entry.seq for entry in await store.documents(LEDGER).scan()) == [1, 2, 3, 4]


async def test_every_question_has_its_answer(store: Store, clock: ManualClock) -> None:
    data = (
        b"contact,kind,number,date,due,amount,currency,reference\n"
        b"Petra,invoice,R-1,2026-09-01,2026-09-15,1000,EUR,\nPetra,order,A-1,2026-09-01,,500,EUR,\n"
        b"Petra,payment,R-1,2026-10-01,,120,EUR,\n"
    )
    desk = bookkeeper(store, clock)
    assert (await desk.import_csv(BOSS, data, dry_run=False)).written
    desk = bookkeeper(store, clock)
    assert (await desk.invoice(BOSS, "R-1")).open == Decimal("880.00")
    assert (await desk.order(BOSS, "A-1")).state == "open"
    assert [item.number for item in await desk.overdue(BOSS)] == ["R-1"]
    assert [row.older + row.up_to_90 for row in await desk.ageing(BOSS)] == [Decimal("880.00")]
    assert len((await desk.entries(BOSS, WHO)).items) == 3
    assert len(await desk.orders(BOSS, WHO)) == 1
    assert (await desk.import_csv(BOSS, data, dry_run=True)).same == 3
