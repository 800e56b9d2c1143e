"""The ledger: one append-only stream for each contact and side. An entry's id is `account/seq`, so that its insert is
the optimistic append; balance and open items are a fold over the stream."""

from dataclasses import dataclass
from datetime import date as Day  # noqa: N812
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from hub.domain.ids import ContactId
from hub.domain.money import Money


class Side(StrEnum):
    """RECEIVABLE: what a customer owes us. PAYABLE: what we owe a supplier."""

    RECEIVABLE = "receivable"
    PAYABLE = "payable"


class EntryKind(StrEnum):
    """What was booked. ORDER and its states move no money."""

    ORDER = "order"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"
    REFUND = "refund"
    ALLOCATION = "allocation"
    """A payment or credit note set against an invoice, later than its booking."""
    REVERSAL = "reversal"
    """Takes back exactly the entry that `reverses` names."""


class Book(StrEnum):
    """The accounts between which an entry moves money."""

    RECEIVABLES = "receivables"
    PAYABLES = "payables"
    REVENUE = "revenue"
    EXPENSES = "expenses"
    BANK = "bank"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One line of an entry: positive is debit, negative is credit. The lines of an entry sum to zero."""

    book: Book
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """So much of this entry settles the invoice of that number."""

    number: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One booking; never changed after it."""

    id: str
    """`c_.../receivable/00000042`"""
    version: int = 0
    account: str
    """`c_.../receivable`"""
    seq: int
    contact_id: ContactId
    side: Side
    kind: EntryKind
    number: str = ""
    """Of the invoice, credit note or order; of a payment where it has one."""
    date: Day
    due: Day | None = None
    amount: Decimal
    """Always positive; what it means follows from `kind`."""
    currency: str = "EUR"
    reference: str = ""
    state: str = ""
    """Of an order: "open", "shipped", "done", "cancelled"."""
    postings: tuple[Posting, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    reverses: str = ""
    """Id of the entry that a reversal takes back."""
    booked_at: datetime
    booked_by: str
    """`user:u_...`, `system:import`."""
    key: str = ""
    """Idempotency: the same key books once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReminder:
    """A payment reminder that went out."""

    level: int
    at: datetime
    numbers: tuple[str, ...]
    """Invoices that it was about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerAccount:
    """One account's line in the list of open ones, recomputed from its stream: id = the account."""

    id: str
    version: int = 0
    contact_id: ContactId
    side: Side
    seq: int
    """The last entry that is counted."""
    next_due: str | None = None
    """The earliest due day of an open invoice, as 2026-11-24; None where nothing is open."""
    reminders: tuple[PaymentReminder, ...] = ()
    stopped: bool = False
    """A colleague lets payment reminders rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDraft:
    """What somebody wants to book. A payment without allocations is set against the open items, oldest due first."""

    contact_id: ContactId
    kind: EntryKind
    amount: Decimal
    currency: str = "EUR"
    number: str = ""
    date: Day
    due: Day | None = None
    reference: str = ""
    side: Side = Side.RECEIVABLE
    state: str = ""
    allocations: tuple[Allocation, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItem:
    """An invoice (or credit note, or payment left over) that is not settled. `open` is what is left; negative where
    it is in favour of the contact."""

    contact_id: ContactId
    contact_name: str = ""
    side: Side = Side.RECEIVABLE
    kind: EntryKind
    number: str
    date: Day
    due: Day | None
    amount: Decimal
    open: Decimal
    currency: str
    days_overdue: int = 0
    """0 while not due."""
    reminder_level: int = 0
    """How many payment reminders went out for it: 0 to 3."""
    entry_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSummary:
    """A contact's account at a glance; money by currency."""

    contact_id: ContactId
    contact_name: str
    side: Side
    balances: tuple[Money, ...]
    """Positive: owed to us (RECEIVABLE), owed by us (PAYABLE)."""
    overdue: tuple[Money, ...]
    open_items: tuple[OpenItem, ...]
    """Oldest due first, at most 200."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeingRow:
    """What somebody owes by age: not due, up to 30, 60, 90 days, older."""

    contact_id: ContactId
    contact_name: str
    currency: str
    not_due: Decimal
    up_to_30: Decimal
    up_to_60: Decimal
    up_to_90: Decimal
    older: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """An order as it stands now."""

    contact_id: ContactId
    contact_name: str
    number: str
    date: Day
    amount: Decimal
    currency: str
    state: str
    entry_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DunningDraft:
    """A payment reminder as it would go out; `problem` says why it cannot."""

    contact_id: ContactId
    contact_name: str
    level: int
    """1 friendly, 2 firm, 3 last."""
    items: tuple[OpenItem, ...]
    recipient: str = ""
    """Masked address."""
    channel: str = ""
    subject: str = ""
    text: str = ""
    problem: str = ""
    """"" or a stable code: "nothing-overdue", "no-address", "too-soon", "stopped", "last-level"."""
