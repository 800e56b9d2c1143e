"""The ledger under two bookkeepers who race: every entry balances, nothing booked ever changes, an invoice is neither
booked twice nor settled with more than it asks for, and the balance is the sum of what was booked."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.domain.contact import Contact
from hub.domain.errors import Ambiguous, Conflict, Invalid, NotFound
from hub.domain.ids import ContactId
from hub.domain.ledger import Allocation, EntryDraft, EntryKind, LedgerEntry
from hub.ports.kinds import CONTACTS, LEDGER
from hub.services.accounts import Accounts
from hub.services.ledger.fold import fold
from hub.services.register.merging import Merging
from tests.office import Office
from tests.unit.services.test_accounts import Letterbox

WHO = ContactId("c_x")
KINDS = (EntryKind.INVOICE, EntryKind.PAYMENT, EntryKind.CREDIT_NOTE, EntryKind.REFUND, EntryKind.ORDER)
ACT = st.tuples(
    st.sampled_from(("post", "reverse")),
    st.sampled_from(KINDS),
    st.integers(1, 300),
    st.integers(1, 4),
    st.sampled_from(("EUR", "EUR", "USD")),
    st.integers(0, 6),
)


def two_bookkeepers(office: Office) -> list[Accounts]:
    return [
        Accounts(
            store=office.store,
            clock=office.clock,
            audit=office.audit,
            events=office.events,
            resolve=office.contacts.resolve,
            letters=Letterbox(),
            company="X",
            time_zone="Europe/Berlin",
        )
        for _ in range(2)
    ]


async def act(desk: Accounts, office: Office, step: tuple[str, EntryKind, int, int, str, int]) -> None:
    what, kind, cents, number, currency, key = step
    try:
        if what == "post":
            draft = EntryDraft(
                contact_id=WHO,
                kind=kind,
                amount=Decimal(cents) / 100,
                number=f"N-{number}" if kind is not EntryKind.PAYMENT else "",
                currency=currency,
                date=date(2026, 11, 24),
            )
            await desk.post(office.anna, draft, key=f"k{key}-{kind.value}-{number}-{cents}")
        else:
            await desk.reverse(office.anna, f"{WHO}/receivable/{number:08}", "x", key=f"r{key}-{number}")
    except (Conflict, Invalid, NotFound):
        pass  # Refused: nothing may have changed, which `check` sees.


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(ACT, ACT), min_size=1, max_size=12))
def test_whoever_races_whom(rounds: list[tuple[tuple, tuple]]) -> None:  # type: ignore[type-arg]
    async def play() -> None:
        office = await Office.open()
        contact = Contact(id=WHO, name="X", sort_name="x", created_at=office.clock.now())
        await office.store.documents(CONTACTS).insert(contact)
        desks = two_bookkeepers(office)
        before: dict[str, LedgerEntry] = {}
        for pair in rounds:
            await asyncio.gather(*(act(desk, office, step) for desk, step in zip(desks, pair, strict=True)))
            rows = office.store.documents(LEDGER).rows
            assert {id: rows[id] for id in before} == before
            before = dict(rows)
        check(list(before.values()))
        one, other = [await desk.summary(office.anna, WHO) for desk in desks]
        assert one == other

    asyncio.run(play())


MEMBER = ContactId("c_y")
PAID = st.tuples(st.integers(1, 300), st.integers(1, 4), st.booleans(), st.sampled_from(("EUR", "USD")))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.sampled_from((WHO, MEMBER)), st.integers(1, 4), st.integers(1, 300)), max_size=6),
    st.lists(st.tuples(PAID, PAID), min_size=1, max_size=8),
)
def test_payments_of_a_merged_contact(
    invoices: list[tuple[ContactId, int, int]], rounds: list[tuple[tuple, tuple]]  # type: ignore[type-arg]
) -> None:  # fmt: skip
    """Every account stays whole by itself, a key books once in all of them, and a payment that names an invoice stands
    on the account that has it."""

    async def play() -> None:
        office = await Office.open()
        for id in (WHO, MEMBER):
            contact = Contact(id=id, name=id, sort_name=id, created_at=office.clock.now())
            await office.store.documents(CONTACTS).insert(contact)
        desks = two_bookkeepers(office)
        for who, number, cents in invoices:
            await bill(desks[0], office, who, number, cents)
        await Merging(office.store, office.clock).merge(WHO, MEMBER, (), by="user:u_anna", key="k")
        for pair in rounds:
            for desk, paid in zip(desks, pair, strict=True):
                await asyncio.gather(pay(desk, office, paid), pay(desk, office, paid))
        rows = list(office.store.documents(LEDGER).rows.values())
        keys = [entry.key for entry in rows]
        assert len(keys) == len(set(keys))
        for who in (WHO, MEMBER):
            check([entry for entry in rows if entry.contact_id == who])
        held = {(entry.contact_id, entry.number) for entry in rows if entry.kind is EntryKind.INVOICE}
        assert all((entry.contact_id, item.number) in held for entry in rows for item in entry.allocations)
        summary = await desks[1].summary(office.anna, WHO)
        total = sum((it.amount * (1 if it.kind is EntryKind.INVOICE else -1) for it in rows), Decimal(0))
        assert sum((money.amount for money in summary.balances), Decimal(0)) == total

    asyncio.run(play())


async def bill(desk: Accounts, office: Office, who: ContactId, number: int, cents: int) -> None:
    draft = EntryDraft(
        contact_id=who,
        kind=EntryKind.INVOICE,
        amount=Decimal(cents) / 100,
        number=f"N-{number}",
        date=date(2026, 11, 24),
    )
    with suppress(Conflict):
        await desk.post(office.anna, draft, key=f"bill-{who}-{number}-{cents}")


async def pay(desk: Accounts, office: Office, paid: tuple[int, int, bool, str]) -> None:
    cents, number, named, currency = paid
    amount = Decimal(cents) / 100
    draft = EntryDraft(
        contact_id=WHO,
        kind=EntryKind.PAYMENT,
        amount=amount,
        currency=currency,
        date=date(2026, 11, 25),
        allocations=(Allocation(number=f"N-{number}", amount=amount),) if named else None,
    )
    with suppress(Conflict, Invalid, Ambiguous):
        await desk.post(office.anna, draft, key=f"pay-{paid}")


def check(rows: list[LedgerEntry]) -> None:
    entries = sorted(rows, key=lambda entry: entry.seq)
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    keys = [entry.key for entry in entries]
    assert len(keys) == len(set(keys))
    for entry in entries:
        assert sum((line.amount for line in entry.postings), Decimal(0)) == 0
        assert entry.amount > 0
    reversed_ids = [entry.reverses for entry in entries if entry.reverses]
    assert len(reversed_ids) == len(set(reversed_ids))
    standing: set[tuple[EntryKind, str]] = set()
    by_id = {entry.id: entry for entry in entries}
    for entry in entries:
        if entry.kind in (EntryKind.INVOICE, EntryKind.CREDIT_NOTE):
            assert (entry.kind, entry.number) not in standing
            standing.add((entry.kind, entry.number))
        elif entry.kind is EntryKind.REVERSAL:
            taken = by_id[entry.reverses]
            standing.discard((taken.kind, taken.number))
    account = fold([replace(entry) for entry in entries])
    for claim in account.invoices.values():
        assert 0 <= claim.open <= claim.entry.amount
    for currency, balance in account.balances.items():
        books = {"receivables": Decimal(0)}
        for entry in entries:
            for line in entry.postings:
                if entry.currency == currency and line.book.value in books:
                    books[line.book.value] += line.amount
        assert books["receivables"] == balance
        left = sum((c.open for c in account.invoices.values() if c.currency == currency), Decimal(0))
        credit = sum((c.open for c in account.credits.values() if c.currency == currency), Decimal(0))
        assert balance >= left - credit
