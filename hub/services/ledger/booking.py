"""The entry that a draft or a reversal becomes on an account as it stands: pure, asked again by whoever lost a race."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from hub.domain.errors import Conflict
from hub.domain.ids import ContactId
from hub.domain.ledger import EntryDraft, EntryKind, LedgerEntry
from hub.services.ledger.fold import Account
from hub.services.ledger.posting import allocate, check_draft, postings_of, reversed_postings


def enter(draft: EntryDraft, account: Account, *, owner: ContactId, key: str, at: datetime, by: str) -> LedgerEntry:
    """The entry, or the one that this key booked before. `owner`: whose account it is. Raises Invalid, Conflict."""
    if (booked := account.keys.get(key)) is not None:
        return account.entries[booked]
    number = draft.number.strip()
    taken = account.numbers.get((draft.kind, number))
    if taken is not None:
        raise Conflict(f"{number} is booked already.", code="booked-before", field="number", entry=taken)
    amount = check_draft(draft)
    return LedgerEntry(
        id="",
        account="",
        seq=0,
        contact_id=owner,
        side=draft.side,
        kind=draft.kind,
        number=number,
        date=draft.date,
        due=draft.due,
        amount=amount,
        currency=draft.currency,
        reference=draft.reference,
        state=draft.state or ("open" if draft.kind is EntryKind.ORDER else ""),
        postings=postings_of(draft.kind, draft.side, amount),
        allocations=allocate(draft, amount, account),
        booked_at=at,
        booked_by=by,
        key=key,
    )


def take_back(
    taken: LedgerEntry, account: Account, reason: str, today: date, *, key: str, at: datetime, by: str
) -> LedgerEntry:
    """The entry that takes `taken` back, or the one that this key booked before. Raises Conflict."""
    if (booked := account.keys.get(key)) is not None:
        return account.entries[booked]
    if taken.id in account.reversed:
        raise Conflict("This booking was taken back already.", entry=account.reversed[taken.id])
    invoice = account.invoices.get(taken.number) if taken.kind is EntryKind.INVOICE else None
    if invoice is not None and invoice.open != taken.amount:
        raise Conflict("Payments are allocated to this invoice; take them back first.", code="allocated")
    if taken.kind in (EntryKind.PAYMENT, EntryKind.CREDIT_NOTE) and _used(account, taken):
        raise Conflict("What it left over was refunded; take the refund back first.", code="allocated")
    return replace(
        taken,
        id="",
        version=0,
        kind=EntryKind.REVERSAL,
        date=today,
        due=None,
        reference=reason[:200],
        postings=reversed_postings(taken),
        allocations=(),
        reverses=taken.id,
        booked_at=at,
        booked_by=by,
        key=key,
    )


def _used(account: Account, taken: LedgerEntry) -> bool:
    left = taken.amount - sum((item.amount for item in taken.allocations), Decimal(0))
    claim = account.credits.get(taken.id)
    return left != (claim.open if claim else Decimal(0))
