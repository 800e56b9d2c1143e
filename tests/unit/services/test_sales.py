"""What shops tell becomes the same account, to the cent, in whatever order and however often it is told."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.contact import Contact, ContactRole
from hub.domain.errors import Invalid
from hub.domain.facts import Booking, BookingKind
from hub.domain.ids import ContactId, InteractionId, derived_id
from hub.domain.interaction import Direction, Interaction, InteractionKind
from hub.domain.ledger import EntryKind, LedgerEntry, Side
from hub.domain.message import Message, Strength
from hub.domain.people import Actor
from hub.ports.kinds import AUDIT, CONTACTS, INTERACTIONS, LEDGER, SALES
from hub.services.audit import Audit
from hub.services.ledger.fold import Account
from hub.services.ledger.stream import Streams
from hub.services.sales import Sales
from tests.fake_connector import ManualClock
from tests.memory_store import Crash, MemoryStore

ADA = ContactId("c_ada")
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class Till:
    """Sales over a store of its own."""

    def __init__(self) -> None:
        self.clock, self.store = ManualClock(), MemoryStore()
        self.told: list[LedgerEntry] = []
        self.begin()

    def begin(self) -> None:
        """The objects of a fresh process."""
        self.sales = Sales(
            store=self.store,
            clock=self.clock,
            audit=Audit(self.store, self.clock),
            time_zone="Europe/Berlin",
            news=self._tell,
        )

    async def _tell(self, actor: Actor, entry: LedgerEntry, contact: Contact) -> None:
        self.told.append(entry)

    async def know(self, id: ContactId = ADA, **fields: object) -> Contact:
        contact = Contact(id=id, name="Ada", sort_name="ada", created_at=START)
        await self.store.documents(CONTACTS).insert(replace(contact, **fields))  # type: ignore[arg-type]
        return contact

    async def hear(self, *facts: Booking, contact: ContactId = ADA, marks: tuple[str, ...] = ()) -> None:
        name = "|".join(f"{fact.key}{fact.at}{fact.amount}{fact.state}" for fact in facts)
        entry = Interaction(
            id=InteractionId(derived_id("i", name)),
            contact_id=contact,
            at=START,
            kind=InteractionKind.ORDER,
            direction=Direction.INBOUND,
            account="northwind",
            marks=marks,
        )
        await self.sales.settle(entry, Message(channel="shop", bookings=facts, strength=Strength.AUTHENTICATED))

    async def account(self, contact: ContactId = ADA) -> Account:
        return await Streams(self.store).load(contact, Side.RECEIVABLE)

    async def summary(self, contact: ContactId = ADA) -> tuple[object, ...]:
        """Balances, what is open, the orders' states: what must not depend on the order of events."""
        account = await self.account(contact)
        open_by: dict[str, Decimal] = {}
        for item in account.open_items("", START.date()):
            open_by[item.currency] = open_by.get(item.currency, Decimal(0)) + item.open
        orders = sorted((it.number, it.state, it.amount, it.currency) for it in account.order_lines(""))
        balances = {money.currency: money.amount for money in account.sums()}
        return balances, {code: amount for code, amount in open_by.items() if amount}, orders


def fact(
    kind: BookingKind,
    id: str = "",
    amount: str = "0",
    *,
    minute: int = 0,
    state: str = "",
    sale: str = "4711",
    **more: str,
) -> Booking:
    return Booking(
        kind=kind,
        key=f"{sale}/{id or kind.value}",
        sale=sale,
        number=more.get("number", "1001"),
        at=START + timedelta(minutes=minute),
        amount=Decimal(amount),
        currency=more.get("currency", "EUR"),
        state=state,
        reference=more.get("reference", ""),
    )


def order(amount: str, state: str = "open", minute: int = 0, **more: str) -> tuple[Booking, Booking]:
    """The order, and that it is an invoice."""
    return (
        fact(BookingKind.ORDER, "", amount, minute=minute, state=state, **more),
        fact(BookingKind.INVOICE, "", amount, minute=minute, **more),
    )


def payment(amount: str, id: str = "payment", minute: int = 1, **more: str) -> Booking:
    return fact(BookingKind.PAYMENT, id, amount, minute=minute, **more)


def refund(amount: str, id: str = "refund-1", minute: int = 9, **more: str) -> Booking:
    return fact(BookingKind.REFUND, id, amount, minute=minute, **more)


@pytest.fixture
async def till() -> Till:
    made = Till()
    await made.know()
    return made


async def test_a_paid_order_is_an_invoice_that_is_settled(till: Till) -> None:
    await till.hear(*order("129.90", "paid"), payment("129.90"))
    assert await till.summary() == ({}, {}, [("1001", "paid", Decimal("129.90"), "EUR")])
    kinds = [entry.kind for entry in (await till.account()).entries.values()]
    assert kinds == [EntryKind.ORDER, EntryKind.INVOICE, EntryKind.PAYMENT]
    assert [entry.kind for entry in till.told] == [EntryKind.PAYMENT]


async def test_an_order_alone_moves_no_money_where_another_program_writes_invoices(till: Till) -> None:
    await till.hear(order("129.90", "paid")[0], payment("129.90"), refund("20"))
    assert await till.summary() == ({}, {}, [("1001", "paid", Decimal("129.90"), "EUR")])
    assert till.told == []


async def test_an_unpaid_order_is_owed_and_due_in_two_weeks(till: Till) -> None:
    await till.hear(*order("50"))
    (item,) = (await till.account()).open_items("", START.date())
    assert (item.open, item.due) == (Decimal("50.00"), START.date() + timedelta(days=14))


async def test_nothing_is_written_on_the_timeline_a_second_time(till: Till) -> None:
    await till.hear(*order("129.90", "paid"), payment("129.90"))
    assert till.store.documents(INTERACTIONS).rows == {}


async def test_every_booking_is_in_the_audit_log(till: Till) -> None:
    await till.hear(*order("10", "paid"), payment("10"))
    verbs = [(row.actor, row.verb, row.detail) for row in till.store.documents(AUDIT).rows.values()]
    assert verbs == [("system:shop", "sales.settle", "order, invoice, payment: 1001")]


async def test_a_payment_or_refund_waits_for_its_order(till: Till) -> None:
    await till.hear(payment("100"), contact=ContactId("c_nobody"))
    await till.hear(refund("30"), contact=ContactId("c_nobody"))
    assert till.store.documents(LEDGER).rows == {}
    await till.hear(*order("100", "paid"))
    assert await till.summary() == ({}, {}, [("1001", "paid", Decimal("100.00"), "EUR")])
    assert len(await _kinds(till)) == 5
    assert (await till.account(ContactId("c_nobody"))).entries == {}


async def _kinds(till: Till) -> list[EntryKind]:
    return [entry.kind for entry in (await till.account()).entries.values()]


async def test_a_cancelled_order_is_owed_no_more_and_what_was_paid_is_the_customers(till: Till) -> None:
    await till.hear(*order("80", "paid"), payment("80"))
    await till.hear(*order("80", "cancelled", minute=5))
    assert (await till.summary())[0] == {"EUR": Decimal("-80.00")}
    await till.hear(refund("80"))
    assert await till.summary() == ({}, {}, [("1001", "cancelled", Decimal("80.00"), "EUR")])


async def test_an_order_that_is_opened_again_is_owed_again(till: Till) -> None:
    await till.hear(*order("80"))
    await till.hear(*order("80", "cancelled", minute=5))
    await till.hear(*order("80", "open", minute=6))
    assert await till.summary() == (
        {"EUR": Decimal("80.00")},
        {"EUR": Decimal("80.00")},
        [("1001", "open", Decimal("80.00"), "EUR")],
    )


async def test_an_older_word_on_an_order_changes_nothing(till: Till) -> None:
    await till.hear(*order("90", "done", minute=30), payment("90"))
    await till.hear(*order("100", "open", minute=10))
    assert await till.summary() == ({}, {}, [("1001", "done", Decimal("90.00"), "EUR")])


async def test_a_payment_that_grows_is_booked_by_its_difference(till: Till) -> None:
    await till.hear(*order("100"), payment("40"))
    await till.hear(payment("100", minute=2))
    paid = [it.amount for it in (await till.account()).entries.values() if it.kind is EntryKind.PAYMENT]
    assert paid == [Decimal("40.00"), Decimal("60.00")]
    assert (await till.summary())[0] == {}


async def test_each_currency_stands_by_itself(till: Till) -> None:
    await till.hear(*order("100", sale="1", number="A1"))
    await till.hear(*order("5000", sale="2", number="A2", currency="JPY"), payment("5000", sale="2", currency="JPY"))
    await till.hear(*order("70.125", sale="3", number="A3", currency="KWD"))
    assert (await till.summary())[0] == {"EUR": Decimal("100.00"), "KWD": Decimal("70.125")}


async def test_two_shops_may_use_the_same_number(till: Till) -> None:
    await till.hear(*order("10", sale="1"))
    await till.hear(*order("20", sale="2"))
    numbers = [line.number for line in (await till.account()).order_lines("")]
    assert sorted(numbers) == ["1001", "1001 (northwind)"]
    assert (await till.summary())[0] == {"EUR": Decimal("30.00")}


async def test_an_order_of_nothing_is_kept_and_owes_nothing(till: Till) -> None:
    await till.hear(fact(BookingKind.ORDER, "", "0", state="open"))
    assert await till.summary() == ({}, {}, [("1001", "open", Decimal("0.00"), "EUR")])


async def test_a_shipment_told_by_itself_counts_if_it_is_newer_than_the_order(till: Till) -> None:
    await till.hear(*order("10", "paid"), payment("10"))
    await till.hear(fact(BookingKind.SHIPMENT, "parcel-1", minute=20))
    assert (await till.summary())[2] == [("1001", "done", Decimal("10.00"), "EUR")]


async def test_a_merged_contacts_order_goes_to_the_survivor(till: Till) -> None:
    await till.know(ContactId("c_old"), merged_into=ADA)
    await till.hear(*order("10"), contact=ContactId("c_old"))
    assert (await till.summary(ADA))[0] == {"EUR": Decimal("10.00")}


async def test_an_order_that_was_begun_stays_on_its_account_after_a_merge(till: Till) -> None:
    await till.hear(*order("10"))
    contact = till.store.documents(CONTACTS).rows[ADA]
    await till.know(ContactId("c_new"))
    await till.store.documents(CONTACTS).replace(replace(contact, merged_into=ContactId("c_new")), contact.version)
    await till.hear(*order("10", "paid", minute=5), payment("10"))
    assert await till.summary(ADA) == ({}, {}, [("1001", "paid", Decimal("10.00"), "EUR")])
    assert (await till.account(ContactId("c_new"))).entries == {}


async def test_who_came_by_ordering_is_a_customer_and_a_supplier_stays_one(till: Till) -> None:
    await till.know(ContactId("c_guest"), provisional=True)
    await till.know(ContactId("c_mill"), roles=(ContactRole.SUPPLIER,))
    await till.hear(*order("10", sale="1"), contact=ContactId("c_guest"))
    await till.hear(*order("10", sale="2"), contact=ContactId("c_mill"))
    roles = {id: row.roles for id, row in till.store.documents(CONTACTS).rows.items()}
    assert roles == {ADA: (), "c_guest": (ContactRole.CUSTOMER,), "c_mill": (ContactRole.SUPPLIER,)}


async def test_nothing_is_told_of_history(till: Till) -> None:
    await till.hear(*order("10", "paid"), payment("10"), marks=("history",))
    assert till.told == []
    assert (await till.summary())[0] == {}


async def test_facts_of_somebody_who_did_not_prove_to_be_the_shop_are_not_booked(till: Till) -> None:
    entry = Interaction(
        id=InteractionId("i_x"),
        contact_id=ADA,
        at=START,
        kind=InteractionKind.ORDER,
        direction=Direction.INBOUND,
        account="northwind",
    )
    await till.sales.settle(entry, Message(channel="shop", bookings=order("10"), strength=Strength.CLAIMED))
    assert till.store.documents(SALES).rows == {}


async def test_an_amount_that_is_none_is_refused(till: Till) -> None:
    with pytest.raises(Invalid):
        await till.hear(fact(BookingKind.ORDER, "", "1.234"))
    with pytest.raises(Invalid):
        await till.hear(fact(BookingKind.PAYMENT, "", "-1"))


async def test_two_who_tell_at_once_arrive_at_one_account(till: Till) -> None:
    other = Sales(
        store=till.store, clock=till.clock, audit=Audit(till.store, till.clock), time_zone="Europe/Berlin", news=None
    )
    first, till.sales = till.sales, other
    tellings = [till.hear(*order("100", "paid", minute=3), payment("60", "a")), till.hear(payment("40", "b"))]
    till.sales = first
    tellings += [till.hear(*order("100")), till.hear(refund("10")), till.hear(payment("40", "b"))]
    await asyncio.gather(*tellings)
    assert await till.summary() == ({}, {}, [("1001", "paid", Decimal("100.00"), "EUR")])


HISTORIES: list[list[tuple[Booking, ...]]] = [
    [
        order("129.90"),
        (*order("129.90", "paid", minute=2), payment("129.90")),
        (fact(BookingKind.SHIPMENT, "f-1", minute=3),),
        (*order("129.90", "done", minute=4), payment("129.90", minute=4)),
        (refund("29.95"),),
    ],
    [
        order("100"),
        (payment("40", "p1"),),
        (payment("60", "p2", minute=2),),
        order("90", "paid", minute=3),
        (refund("10", "r1"),),
        (refund("5.50", "r2", minute=11),),
    ],
    [
        order("75.25"),
        (*order("75.25", "paid", minute=1), payment("75.25")),
        (*order("75.25", "cancelled", minute=5), refund("75.25")),
        (fact(BookingKind.CANCELLATION, "gone", minute=6),),
    ],
    [
        order("10", sale="1", number="1"),
        order("20.40", sale="2", number="2", currency="USD"),
        (payment("20.40", sale="2", currency="USD"),),
        (refund("3", sale="1", currency="USD"),),
        (payment("10", sale="1", minute=4),),
        (*order("12", sale="1", number="1", minute=7), refund("4", "r9", sale="1", minute=8)),
    ],
]


@given(
    st.sampled_from(range(len(HISTORIES))).flatmap(
        _shuffled := lambda which: st.tuples(
            st.just(which),
            st.permutations(range(len(HISTORIES[which]))),
            st.lists(st.integers(0, len(HISTORIES[which]) - 1), max_size=4),
        )
    )
)
@settings(max_examples=120, deadline=None)
def test_ac32_every_order_and_repetition_of_events_ends_in_the_same_account(
    case: tuple[int, Sequence[int], list[int]],
) -> None:
    which, permutation, again = case

    async def tell(numbers: Sequence[int]) -> tuple[object, ...]:
        till = Till()
        await till.know()
        for number in numbers:
            await till.hear(*HISTORIES[which][number])
        return await till.summary()

    async def both() -> tuple[object, object]:
        return await tell(range(len(HISTORIES[which]))), await tell([*permutation, *again])

    straight, shuffled = asyncio.run(both())
    assert straight == shuffled


async def test_a_crash_at_any_point_and_a_repetition_end_in_the_same_account() -> None:
    tellings = [order("100"), (*order("90", "paid", minute=3), payment("100")), (refund("10"),)]
    straight = Till()
    await straight.know()
    for facts in tellings:
        await straight.hear(*facts)
    crashes = before = 0
    for point in range(1, 400):
        till = Till()
        await till.know()
        till.store.restart(crash_after=point)
        for facts in tellings:
            try:
                await till.hear(*facts)
            except Crash:
                # The process ends; intake repeats what was not marked done.
                crashes += 1
                till.store.restart()
                till.begin()
                await till.hear(*facts)
        till.store.restart()
        assert await till.summary() == await straight.summary()
        if crashes == before:
            break
        before = crashes
    else:
        raise AssertionError("there is always one more point")
    assert crashes > 50
