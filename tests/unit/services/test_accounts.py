"""Accounts: booking, balance, reversal, import, payment reminders, rights."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from hub.domain.address import Address
from hub.domain.contact import Contact
from hub.domain.errors import Conflict, Invalid, NotFound, Refused
from hub.domain.exchange import ImportStep
from hub.domain.ids import ContactId
from hub.domain.ledger import Allocation, EntryDraft, EntryKind, LedgerEntry
from hub.ports.kinds import CONTACTS, INTERACTIONS, LEDGER, LEDGER_ACCOUNTS
from hub.services.accounts import Accounts
from tests.memory_points import Crash
from tests.office import CONTACT_ACTOR, Office

WHO = ContactId("c_petra")


class Letterbox:
    """Keeps letters; `reachable` is whether there is a trusted address."""

    def __init__(self) -> None:
        self.letters: dict[str, tuple[str, str]] = {}
        self.reachable = True

    async def find_way(self, contact_id: ContactId) -> tuple[str, Address] | None:
        return ("office", Address(channel="email", normal="petra@carpenter.example")) if self.reachable else None

    async def say(self, contact_id: ContactId, text: str, *, subject: str, key: str) -> object | None:
        self.letters.setdefault(key, (subject, text))
        return object()


class Desk:
    """An office with a ledger."""

    def __init__(self, office: Office) -> None:
        self.office, self.box = office, Letterbox()
        self.accounts = self.open()
        self.today = office.clock.now().date()

    def open(self) -> Accounts:
        office = self.office
        return Accounts(
            store=office.store,
            clock=office.clock,
            audit=office.audit,
            events=office.events,
            resolve=office.contacts.resolve,
            letters=self.box,
            company="Tischlerei Nord",
            time_zone="Europe/Berlin",
        )

    async def post(self, kind: EntryKind, amount: str, number: str = "", key: str = "", **more: object) -> LedgerEntry:
        draft = EntryDraft(contact_id=WHO, kind=kind, amount=Decimal(amount), number=number, date=self.today)
        draft = replace(draft, **more)
        return await self.accounts.post(self.office.anna, draft, key=key or f"{kind}-{number}-{amount}")

    async def balance(self) -> list[tuple[Decimal, str]]:
        summary = await self.accounts.summary(self.office.anna, WHO)
        return [(money.amount, money.currency) for money in summary.balances]


@pytest.fixture
async def desk() -> Desk:
    office = await Office.open()
    contact = Contact(
        id=WHO, name="Petra Müller", sort_name="petra mueller", language="de", created_at=office.clock.now()
    )
    await office.store.documents(CONTACTS).insert(contact)
    return Desk(office)


async def test_a_payment_settles_the_oldest_and_the_rest_stays_in_favour(desk: Desk) -> None:
    await desk.post(EntryKind.INVOICE, "100.00", "R-2", due=desk.today + timedelta(days=20))
    await desk.post(EntryKind.INVOICE, "50.00", "R-1", due=desk.today + timedelta(days=5))
    payment = await desk.post(EntryKind.PAYMENT, "180.00")
    assert payment.allocations == (
        Allocation(number="R-1", amount=Decimal("50.00")),
        Allocation(number="R-2", amount=Decimal("100.00")),
    )
    summary = await desk.accounts.summary(desk.office.anna, WHO)
    assert [(item.kind, item.open) for item in summary.open_items] == [(EntryKind.PAYMENT, Decimal("-30.00"))]
    assert await desk.balance() == [(Decimal("-30.00"), "EUR")]


async def test_every_entry_balances_and_stands_on_the_timeline(desk: Desk) -> None:
    for kind in (EntryKind.INVOICE, EntryKind.CREDIT_NOTE, EntryKind.PAYMENT, EntryKind.REFUND):
        entry = await desk.post(kind, "10.00", "N-1" if kind is not EntryKind.PAYMENT else "")
        assert len(entry.postings) == 2
        assert sum(line.amount for line in entry.postings) == 0
    shown = [row for row in desk.office.store.documents(INTERACTIONS).rows.values() if row.contact_id == WHO]
    assert len(shown) == 4


async def test_the_same_key_books_once_and_a_number_only_once(desk: Desk) -> None:
    first = await desk.post(EntryKind.INVOICE, "100.00", "R-1", "k1")
    assert await desk.post(EntryKind.INVOICE, "100.00", "R-1", "k1") == first
    with pytest.raises(Conflict) as refused:
        await desk.post(EntryKind.INVOICE, "100.00", "R-1", "k2")
    assert refused.value.fields["code"] == "booked-before"
    assert await desk.balance() == [(Decimal("100.00"), "EUR")]


async def test_currencies_are_never_mixed(desk: Desk) -> None:
    await desk.post(EntryKind.INVOICE, "100.00", "R-1", currency="USD")
    await desk.post(EntryKind.PAYMENT, "100.00")
    assert await desk.balance() == [(Decimal("-100.00"), "EUR"), (Decimal("100.00"), "USD")]


async def test_a_reversal_names_its_entry_and_happens_once(desk: Desk) -> None:
    invoice = await desk.post(EntryKind.INVOICE, "100.00", "R-1")
    payment = await desk.post(EntryKind.PAYMENT, "40.00")
    anna = desk.office.anna
    with pytest.raises(Conflict, match="Payments are allocated"):
        await desk.accounts.reverse(anna, invoice.id, "wrong", key="r0")
    back = await desk.accounts.reverse(anna, payment.id, "bounced", key="r1")
    assert (back.kind, back.reverses) == (EntryKind.REVERSAL, payment.id)
    assert await desk.accounts.reverse(anna, payment.id, "bounced", key="r1") == back
    with pytest.raises(Conflict, match="taken back already"):
        await desk.accounts.reverse(anna, payment.id, "again", key="r2")
    assert await desk.balance() == [(Decimal("100.00"), "EUR")]
    await desk.accounts.reverse(anna, invoice.id, "wrong", key="r3")
    assert await desk.balance() == []
    await desk.post(EntryKind.INVOICE, "90.00", "R-1", "corrected")
    assert (await desk.accounts.invoice(anna, "R-1")).open == Decimal("90.00")


async def test_overdue_and_ageing_over_everybody(desk: Desk) -> None:
    for number, days in (("R-1", 95), ("R-2", 10), ("R-3", -5)):
        day = desk.today - timedelta(days=days)
        await desk.post(EntryKind.INVOICE, "10.00", number, date=min(day, desk.today), due=day)
    overdue = await desk.accounts.overdue(desk.office.anna)
    assert [(item.number, item.days_overdue) for item in overdue] == [("R-1", 95), ("R-2", 10)]
    (row,) = await desk.accounts.ageing(desk.office.anna)
    assert (row.not_due, row.up_to_30, row.older, row.total) == tuple(
        Decimal(v) for v in ("10.00", "10.00", "10.00", "30.00")
    )


async def test_an_order_moves_no_money_and_changes_its_state(desk: Desk) -> None:
    await desk.post(EntryKind.ORDER, "500.00", "A-1", "o1")
    await desk.post(EntryKind.ORDER, "500.00", "A-1", "o2", state="shipped")
    order = await desk.accounts.order(desk.office.anna, "A-1")
    assert (order.state, await desk.balance()) == ("shipped", [])
    with pytest.raises(NotFound):
        await desk.accounts.order(desk.office.anna, "A-9")


@pytest.mark.parametrize("amount", ["0", "-5", "1.234", "NaN", "1e20"])
async def test_what_is_no_amount_is_refused(desk: Desk, amount: str) -> None:
    with pytest.raises(Invalid):
        await desk.post(EntryKind.PAYMENT, amount)


async def test_rights_are_asked_and_reads_are_audited(desk: Desk) -> None:
    for call in (
        desk.accounts.summary(CONTACT_ACTOR, WHO),
        desk.accounts.overdue(CONTACT_ACTOR),
        desk.accounts.statement(CONTACT_ACTOR, WHO),
    ):
        with pytest.raises(Refused):
            await call
    await desk.accounts.summary(desk.office.anna, WHO)
    await desk.office.audit.flush()
    assert any(verb == "accounts.summary" and outcome == "ok" for _, verb, _, outcome in desk.office.audited())


async def test_a_statement_is_a_pdf_and_survives_markup_in_names(desk: Desk) -> None:
    contacts = desk.office.store.documents(CONTACTS)
    await contacts.replace(replace(contacts.rows[WHO], name="<b>Petra & Söhne"), 1)
    await desk.post(EntryKind.INVOICE, "1234.50", "R-1")
    data = await desk.accounts.statement(desk.office.anna, WHO)
    assert data.data.startswith(b"%PDF-")
    assert data.type == "application/pdf"


HEADER = "contact,kind,number,date,due,amount,currency,reference\n"


async def test_an_import_books_all_rows_once(desk: Desk) -> None:
    rows = (
        "Petra Müller;invoice;R-1;01.10.2026;15.10.2026;1.234,56;EUR;\n"
        "Petra Müller;payment;R-1;2026-10-20;;1000;EUR;\nPetra Müller;order;A-1;2026-10-01;;99;;\n"
    )
    data = (HEADER.replace(",", ";") + rows).encode("cp1252")
    looked = await desk.accounts.import_csv(desk.office.anna, data, dry_run=True)
    assert (looked.rows, looked.new, looked.written) == (3, 3, False)
    assert await desk.balance() == []
    done = await desk.accounts.import_csv(desk.office.anna, data, dry_run=False)
    assert (done.new, done.written) == (3, True)
    assert await desk.balance() == [(Decimal("234.56"), "EUR")]
    again = await desk.accounts.import_csv(desk.office.anna, data, dry_run=False)
    assert (again.new, again.same) == (0, 3)
    assert await desk.balance() == [(Decimal("234.56"), "EUR")]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("Petra Müller,invoice,R-2,2026-02-31,,10,EUR,", "date"),
        ("Petra Müller,invoice,R-2,2026-02-01,,ten,EUR,", "amount"),
        ("Petra Müller,gift,R-2,2026-02-01,,10,EUR,", "kind"),
        ("Nobody,invoice,R-2,2026-02-01,,10,EUR,", "contact"),
        ("Petra Müller,invoice,,2026-02-01,,10,EUR,", "number"),
        ("Petra Müller,payment,R-9,2026-02-01,,10,EUR,", "number"),
        ("Petra Müller,invoice,R-1,2026-02-01,,10,EUR,x", "number"),
    ],
)
async def test_a_bad_row_is_named_and_nothing_is_booked(desk: Desk, row: str, field: str) -> None:
    data = (HEADER + "Petra Müller,invoice,R-1,2026-02-01,,10,EUR,\n" + row + "\n").encode()
    report = await desk.accounts.import_csv(desk.office.anna, data, dry_run=False)
    assert not report.written
    assert [(problem.row, problem.field) for problem in report.problems] == [(3, field)]
    assert await desk.balance() == []


async def test_three_reminders_and_what_stops_them(desk: Desk) -> None:
    due = desk.today - timedelta(days=40)
    await desk.post(EntryKind.INVOICE, "100.00", "R-1", date=due, due=due)
    anna = desk.office.anna
    for level in (1, 2, 3):
        (draft,) = await desk.accounts.draft_reminders(anna, WHO)
        assert (draft.level, draft.problem) == (level, "")
        await desk.accounts.send_reminder(anna, WHO, level, key=f"d{level}")
        (soon,) = await desk.accounts.draft_reminders(anna, WHO)
        assert soon.problem == ("too-soon" if level < 3 else "last-level")
        with pytest.raises(Conflict):
            await desk.accounts.send_reminder(anna, WHO, level, key="again")
        desk.office.clock.advance(timedelta(days=11).total_seconds())
    assert [subject for subject, _ in desk.box.letters.values()] == [
        "Zahlungserinnerung",
        "Zweite Zahlungserinnerung",
        "Letzte Zahlungserinnerung",
    ]


async def test_payment_credit_a_stop_and_no_address_end_the_reminders(desk: Desk) -> None:
    due = desk.today - timedelta(days=40)
    anna = desk.office.anna
    await desk.post(EntryKind.INVOICE, "100.00", "R-1", date=due, due=due)
    await desk.accounts.stop_reminders(anna, WHO, True)
    assert (await desk.accounts.draft_reminders(anna, WHO))[0].problem == "stopped"
    await desk.accounts.stop_reminders(anna, WHO, False)
    desk.box.reachable = False
    assert (await desk.accounts.draft_reminders(anna, WHO))[0].problem == "no-address"
    desk.box.reachable = True
    await desk.post(EntryKind.PAYMENT, "100.00")
    assert (await desk.accounts.draft_reminders(anna, WHO))[0].problem == "nothing-overdue"


async def test_a_summary_that_a_crash_left_behind_is_repaired(desk: Desk) -> None:
    await desk.post(EntryKind.INVOICE, "100.00", "R-1", due=desk.today, date=desk.today - timedelta(days=1))
    await desk.office.store.documents(LEDGER_ACCOUNTS).delete(f"{WHO}/receivable")
    fresh = desk.open()
    assert await fresh.repair() == 1
    assert await fresh.repair() == 0
    assert len(await fresh.ageing(desk.office.anna)) == 1


def long_file(rows: int) -> bytes:
    return (HEADER + "".join(f"{WHO},invoice,R-{n},2026-11-01,,10,EUR,\n" for n in range(rows))).encode()


async def test_a_long_import_says_how_far_it_is(desk: Desk) -> None:
    steps: list[ImportStep] = []

    async def watch(step: ImportStep) -> None:
        steps.append(step)

    await desk.accounts.import_csv(desk.office.anna, long_file(1_200), dry_run=True, on_step=watch)
    assert {step.stage for step in steps} == {"reading", "checking"}
    steps.clear()
    await desk.accounts.import_csv(desk.office.anna, long_file(1_200), dry_run=False, on_step=watch)
    assert [(step.done, step.rows) for step in steps if step.stage == "writing"] == [
        (500, 1_200),
        (1_000, 1_200),
        (1_200, 1_200),
    ]


@pytest.mark.parametrize("points", [1, 61, 130])
async def test_an_import_that_broke_off_is_finished_by_the_same_file(desk: Desk, points: int) -> None:
    store, data = desk.office.store, long_file(40)

    async def watch(step: ImportStep) -> None:
        if step.stage == "checking":
            store.points.crash_after = store.points.passed + points

    with pytest.raises(Crash):
        await desk.accounts.import_csv(desk.office.anna, data, dry_run=False, on_step=watch)
    store.restart()
    booked = len(store.documents(LEDGER).rows)
    assert booked < 40
    again = await desk.open().import_csv(desk.office.anna, data, dry_run=False)
    assert (again.problems, again.new, again.same) == ((), 40 - booked, booked)
    assert await desk.balance() == [(Decimal("400.00"), "EUR")]
