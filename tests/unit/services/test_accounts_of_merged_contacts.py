"""The accounts of a contact into whom others were merged: never fused, always shown and settled together."""

from datetime import timedelta
from decimal import Decimal

import pytest

from hub.domain.contact import Contact
from hub.domain.errors import Ambiguous, Conflict
from hub.domain.ids import ContactId
from hub.domain.ledger import Allocation, EntryKind, LedgerEntry
from hub.ports.kinds import CONTACTS, LEDGER_ACCOUNTS
from hub.services.register.merging import Merging
from tests.office import Office
from tests.unit.services.test_accounts import HEADER, WHO, Desk

OTHER = ContactId("c_mueller_gmbh")


@pytest.fixture
async def desk() -> Desk:
    """Petra has R-1 of 50; what was Müller GmbH, merged into her, has M-1 of 100, which is overdue."""
    office = await Office.open()
    contacts = office.store.documents(CONTACTS)
    for id, name in ((WHO, "Petra Müller"), (OTHER, "Müller GmbH")):
        await contacts.insert(
            Contact(id=id, name=name, sort_name=name.lower(), language="de", created_at=office.clock.now())
        )
    desk = Desk(office)
    old = desk.today - timedelta(days=40)
    await desk.post(EntryKind.INVOICE, "50.00", "R-1", due=desk.today + timedelta(days=9))
    await desk.post(EntryKind.INVOICE, "100.00", "M-1", contact_id=OTHER, date=old, due=old)
    await Merging(office.store, office.clock).merge(WHO, OTHER, (), by="user:u_anna", key="k")
    return desk


async def settle(desk: Desk, amount: str, *numbers: str, key: str = "") -> LedgerEntry:
    share = Decimal(amount) / max(1, len(numbers))
    named = tuple(Allocation(number=number, amount=share) for number in numbers) or None
    return await desk.post(EntryKind.PAYMENT, amount, key=key or f"p{amount}{numbers}", allocations=named)


async def open_of(desk: Desk) -> dict[str, Decimal]:
    summary = await desk.accounts.summary(desk.office.anna, WHO)
    assert {item.contact_id for item in summary.open_items} <= {WHO}
    return {item.number or item.kind.value: item.open for item in summary.open_items}


async def test_a_payment_on_the_survivor_settles_the_invoice_of_a_member(desk: Desk) -> None:
    paid = await settle(desk, "100.00", "M-1")
    assert (paid.contact_id, paid.account) == (OTHER, f"{OTHER}/receivable")
    assert await open_of(desk) == {"R-1": Decimal("50.00")}
    assert await desk.balance() == [(Decimal("50.00"), "EUR")]
    assert (await desk.accounts.invoice(desk.office.anna, "M-1")).open == 0


async def test_a_payment_that_names_nothing_goes_where_the_oldest_invoice_is(desk: Desk) -> None:
    assert (await desk.post(EntryKind.PAYMENT, "30.00", key="p1")).contact_id == OTHER
    assert (await desk.post(EntryKind.PAYMENT, "70.00", key="p2")).contact_id == OTHER
    assert (await desk.post(EntryKind.PAYMENT, "50.00", key="p3")).contact_id == WHO
    assert await open_of(desk) == {}
    assert (await desk.post(EntryKind.PAYMENT, "5.00", key="p4")).contact_id == WHO


async def test_the_same_key_books_once_whichever_account_it_went_to(desk: Desk) -> None:
    first = await settle(desk, "100.00", "M-1", key="once")
    assert await settle(desk, "100.00", "M-1", key="once") == first
    taken_back = await desk.accounts.reverse(desk.office.anna, first.id, "wrong", key="back")
    assert taken_back.contact_id == OTHER
    assert await open_of(desk) == {"M-1": Decimal("100.00"), "R-1": Decimal("50.00")}


async def test_a_number_of_the_member_is_not_booked_again_on_the_survivor(desk: Desk) -> None:
    with pytest.raises(Conflict) as refused:
        await desk.post(EntryKind.INVOICE, "100.00", "M-1", "again")
    assert refused.value.fields["code"] == "booked-before"


async def test_invoices_of_two_accounts_need_a_payment_each(desk: Desk) -> None:
    with pytest.raises(Conflict, match="a payment for each"):
        await settle(desk, "150.00", "M-1", "R-1")
    assert await desk.balance() == [(Decimal("150.00"), "EUR")]


async def test_a_number_that_two_members_have_is_asked_about(desk: Desk) -> None:
    third = ContactId("c_third")
    contact = Contact(id=third, name="Third", sort_name="third", created_at=desk.office.clock.now())
    await desk.office.store.documents(CONTACTS).insert(contact)
    await desk.post(EntryKind.INVOICE, "70.00", "M-1", "m-1-third", contact_id=third)
    await Merging(desk.office.store, desk.office.clock).merge(WHO, third, (), by="user:u_anna", key="k")
    with pytest.raises(Ambiguous):
        await settle(desk, "70.00", "M-1")
    named = (Allocation(number="M-1", amount=Decimal("70.00")),)
    paid = await desk.post(EntryKind.PAYMENT, "70.00", key="third", contact_id=third, allocations=named)
    assert paid.contact_id == third


async def test_a_refund_finds_the_account_that_has_something_left(desk: Desk) -> None:
    await desk.post(
        EntryKind.PAYMENT, "120.00", key="more", allocations=(Allocation(number="M-1", amount=Decimal(100)),)
    )
    refund = await desk.post(EntryKind.REFUND, "20.00", key="refund")
    assert refund.contact_id == OTHER
    assert await open_of(desk) == {"R-1": Decimal("50.00")}


async def test_statement_overdue_ageing_and_bookings_show_every_account(desk: Desk) -> None:
    anna = desk.office.anna
    await settle(desk, "40.00", "M-1")
    (row,) = await desk.accounts.ageing(anna)
    assert (row.contact_id, row.contact_name, row.total, row.not_due) == (WHO, "Petra Müller", 110, 50)
    (late,) = await desk.accounts.overdue(anna)
    assert (late.contact_id, late.contact_name, late.number) == (WHO, "Petra Müller", "M-1")
    first = await desk.accounts.entries(anna, WHO, limit=2)
    rest = await desk.accounts.entries(anna, WHO, after=first.next, limit=2)
    assert len({entry.id for entry in (*first.items, *rest.items)}) == 3
    assert {entry.contact_id for entry in (*first.items, *rest.items)} == {WHO, OTHER}
    assert (await desk.accounts.statement(anna, WHO)).data.startswith(b"%PDF-")


async def test_a_file_settles_the_invoice_of_a_member_and_books_once(desk: Desk) -> None:
    rows = f"{WHO},payment,M-1,2026-11-20,,60,EUR,\n{WHO},payment,M-1,2026-11-21,,40,EUR,\n"
    data = (HEADER + rows).encode()
    done = await desk.accounts.import_csv(desk.office.anna, data, dry_run=False)
    assert (done.problems, done.new) == ((), 2)
    assert await open_of(desk) == {"R-1": Decimal("50.00")}
    again = await desk.accounts.import_csv(desk.office.anna, data, dry_run=False)
    assert (again.new, again.same) == (0, 2)


async def test_a_file_that_was_booked_before_the_merge_is_known_after_it(desk: Desk) -> None:
    third = ContactId("c_third")
    contact = Contact(id=third, name="Third", sort_name="third", created_at=desk.office.clock.now())
    await desk.office.store.documents(CONTACTS).insert(contact)
    data = (HEADER + f"{third},invoice,T-1,2026-11-01,,10,EUR,\n{third},payment,T-1,2026-11-02,,10,EUR,\n").encode()
    assert (await desk.accounts.import_csv(desk.office.anna, data, dry_run=False)).new == 2
    await Merging(desk.office.store, desk.office.clock).merge(WHO, third, (), by="user:u_anna", key="k")
    again = await desk.accounts.import_csv(desk.office.anna, data, dry_run=False)
    assert (again.problems, again.new, again.same) == ((), 0, 2)


async def test_one_reminder_is_about_all_accounts_and_is_kept_where_the_invoice_is(desk: Desk) -> None:
    anna = desk.office.anna
    (draft,) = await desk.accounts.draft_reminders(anna)
    assert (draft.contact_id, draft.level, [item.number for item in draft.items]) == (WHO, 1, ["M-1"])
    await desk.accounts.send_reminder(anna, WHO, 1, key="d")
    line = desk.office.store.documents(LEDGER_ACCOUNTS).rows[f"{OTHER}/receivable"]
    assert [reminder.numbers for reminder in line.reminders] == [("M-1",)]
    assert (await desk.accounts.draft_reminders(anna, WHO))[0].problem == "too-soon"
    await desk.accounts.stop_reminders(anna, WHO, True)
    assert (await desk.accounts.draft_reminders(anna, WHO))[0].problem == "stopped"
    await desk.accounts.stop_reminders(anna, WHO, False)
    await settle(desk, "100.00", "M-1")
    assert (await desk.accounts.draft_reminders(anna, WHO))[0].problem == "nothing-overdue"


async def test_what_was_booked_on_the_member_is_the_members_again_after_an_unmerge(desk: Desk) -> None:
    await settle(desk, "100.00", "M-1")
    await Merging(desk.office.store, desk.office.clock).unmerge(WHO, OTHER)
    member = await desk.accounts.summary(desk.office.anna, OTHER)
    assert (member.open_items, member.balances) == ((), ())
    assert await open_of(desk) == {"R-1": Decimal("50.00")}
