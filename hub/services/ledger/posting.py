"""What an entry moves between the books, and what may be booked: pure rules. Every entry balances."""

from decimal import Decimal

from hub.domain.errors import Conflict, Invalid
from hub.domain.ledger import Allocation, Book, EntryDraft, EntryKind, LedgerEntry, Posting, Side
from hub.domain.money import read_amount
from hub.services.ledger.fold import Account

MAX_TEXT = 200
_CREDITS = {
    Side.RECEIVABLE: {
        EntryKind.INVOICE: (Book.RECEIVABLES, Book.REVENUE),
        EntryKind.CREDIT_NOTE: (Book.REVENUE, Book.RECEIVABLES),
        EntryKind.PAYMENT: (Book.BANK, Book.RECEIVABLES),
        EntryKind.REFUND: (Book.RECEIVABLES, Book.BANK),
    },
    Side.PAYABLE: {
        EntryKind.INVOICE: (Book.EXPENSES, Book.PAYABLES),
        EntryKind.CREDIT_NOTE: (Book.PAYABLES, Book.EXPENSES),
        EntryKind.PAYMENT: (Book.PAYABLES, Book.BANK),
        EntryKind.REFUND: (Book.BANK, Book.PAYABLES),
    },
}
"""(debit, credit) of each kind."""
SETTLING = frozenset({EntryKind.PAYMENT, EntryKind.CREDIT_NOTE})
NUMBERED = frozenset({EntryKind.INVOICE, EntryKind.CREDIT_NOTE, EntryKind.ORDER})


def postings_of(kind: EntryKind, side: Side, amount: Decimal) -> tuple[Posting, ...]:
    """The lines of an entry; they sum to zero. Orders and allocations move no money."""
    books = _CREDITS[side].get(kind)
    if books is None:
        return ()
    return Posting(book=books[0], amount=amount), Posting(book=books[1], amount=-amount)


def reversed_postings(entry: LedgerEntry) -> tuple[Posting, ...]:
    """The lines that take an entry back."""
    return tuple(Posting(book=line.book, amount=-line.amount) for line in entry.postings)


def check_draft(draft: EntryDraft) -> Decimal:
    """The exact amount. Raises Invalid naming the field."""
    if draft.kind in (EntryKind.REVERSAL, EntryKind.ALLOCATION):
        raise Invalid("Reversals are made by taking an entry back.", field="kind")
    amount = read_amount(draft.amount, draft.currency)
    if amount <= 0:
        raise Invalid("The amount must be more than nothing.", field="amount")
    if draft.kind in NUMBERED and not draft.number.strip():
        raise Invalid("An invoice, credit note or order needs a number.", field="number")
    if len(draft.number) > MAX_TEXT or len(draft.reference) > MAX_TEXT:
        raise Invalid(f"Number and reference have at most {MAX_TEXT} characters.", field="number")
    if draft.due is not None and draft.due < draft.date:
        raise Invalid("It cannot be due before its own date.", field="due")
    return amount


def allocate(draft: EntryDraft, amount: Decimal, account: Account) -> tuple[Allocation, ...]:
    """Which invoices the entry settles: those that were named, else the oldest due first; what is left over stays in
    the contact's favour. Raises Conflict where more would be allocated than is open, Invalid for an unknown number."""
    if draft.kind not in SETTLING:
        return ()
    if draft.allocations is None:
        return account.oldest_first(amount, draft.currency)
    if sum((item.amount for item in draft.allocations), Decimal(0)) > amount:
        raise Conflict("More is allocated than was paid.", code="over-allocated")
    for item in draft.allocations:
        invoice = account.invoices.get(item.number)
        if invoice is None or invoice.currency != draft.currency:
            raise Invalid(
                f"There is no open invoice {item.number} in {draft.currency} on this account.", field="number"
            )
    # One who pays more than an invoice asks for has the rest in their favour; only two who race could over-allocate.
    return tuple(
        Allocation(number=item.number, amount=min(item.amount, account.invoices[item.number].open))
        for item in draft.allocations
        if account.invoices[item.number].open > 0
    )
