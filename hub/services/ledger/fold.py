"""The state of one account: a fold over its entries, in order. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from hub.domain.ids import ContactId
from hub.domain.ledger import Allocation, EntryKind, LedgerEntry, OpenItem, OrderLine, Side
from hub.domain.money import Money

ZERO = Decimal(0)


@dataclass(slots=True)
class Claim:
    """An invoice, or what a payment or credit note left in the contact's favour."""

    entry: LedgerEntry
    open: Decimal

    @property
    def currency(self) -> str:
        """Of the entry."""
        return self.entry.currency


@dataclass(slots=True)
class Account:
    """What the entries so far come to. `seq` is the last one's."""

    seq: int = 0
    balances: dict[str, Decimal] = field(default_factory=dict)
    invoices: dict[str, Claim] = field(default_factory=dict)
    credits: dict[str, Claim] = field(default_factory=dict)
    """By entry id."""
    orders: dict[str, LedgerEntry] = field(default_factory=dict)
    numbers: dict[tuple[EntryKind, str], str] = field(default_factory=dict)
    """(kind, number) -> entry id of invoices and credit notes that stand."""
    keys: dict[str, str] = field(default_factory=dict)
    reversed: dict[str, str] = field(default_factory=dict)
    entries: dict[str, LedgerEntry] = field(default_factory=dict)

    def apply(self, entry: LedgerEntry) -> None:
        """The next entry."""
        self.seq = entry.seq
        self.entries[entry.id] = entry
        if entry.key:
            self.keys[entry.key] = entry.id
        match entry.kind:
            case EntryKind.ORDER:
                self.orders[entry.number] = entry
            case EntryKind.INVOICE:
                self.invoices[entry.number] = Claim(entry, entry.amount)
                self.numbers[entry.kind, entry.number] = entry.id
                self._move(entry.currency, entry.amount)
            case EntryKind.PAYMENT | EntryKind.CREDIT_NOTE:
                if entry.kind is EntryKind.CREDIT_NOTE:
                    self.numbers[entry.kind, entry.number] = entry.id
                self._move(entry.currency, -entry.amount)
                self._settle(entry, 1)
            case EntryKind.REFUND:
                self._move(entry.currency, entry.amount)
                self._use_credit(entry.amount, entry.currency)
            case EntryKind.REVERSAL:
                self._reverse(self.entries[entry.reverses], entry)

    def _move(self, currency: str, amount: Decimal) -> None:
        self.balances[currency] = self.balances.get(currency, ZERO) + amount

    def _settle(self, entry: LedgerEntry, sign: int) -> None:
        left = entry.amount
        for item in entry.allocations:
            claim = self.invoices.get(item.number)
            if claim is not None:
                claim.open -= sign * item.amount
            left -= item.amount
        if sign > 0 and left:
            self.credits[entry.id] = Claim(entry, left)
        elif sign < 0:
            self.credits.pop(entry.id, None)

    def _use_credit(self, amount: Decimal, currency: str) -> None:
        for key, claim in list(self.credits.items()):
            if claim.currency == currency and amount > 0:
                used = min(amount, claim.open)
                claim.open -= used
                amount -= used
                if not claim.open:
                    del self.credits[key]

    def _reverse(self, taken: LedgerEntry, by: LedgerEntry) -> None:
        self.reversed[taken.id] = by.id
        if taken.kind is EntryKind.INVOICE:
            self.invoices.pop(taken.number, None)
            self._move(taken.currency, -taken.amount)
        elif taken.kind in (EntryKind.PAYMENT, EntryKind.CREDIT_NOTE):
            self._move(taken.currency, taken.amount)
            self._settle(taken, -1)
        elif taken.kind is EntryKind.REFUND:
            self._move(taken.currency, -taken.amount)
            self.credits[taken.id] = Claim(taken, taken.amount)
        self.numbers.pop((taken.kind, taken.number), None)

    # Questions

    def oldest_first(self, amount: Decimal, currency: str) -> tuple[Allocation, ...]:
        """How an amount settles the open invoices of its currency, oldest due first."""
        found: list[Allocation] = []
        claims = [it for it in self.invoices.values() if it.open > 0 and it.currency == currency]
        for claim in sorted(claims, key=lambda it: (it.entry.due or it.entry.date, it.entry.seq)):
            used = min(amount, claim.open)
            if used <= 0:
                break
            found.append(Allocation(number=claim.entry.number, amount=used))
            amount -= used
        return tuple(found)

    def sums(self) -> tuple[Money, ...]:
        """The balance in each currency that is not even."""
        return tuple(Money(amount=amount, currency=code) for code, amount in sorted(self.balances.items()) if amount)

    def open_items(self, name: str, today: date) -> tuple[OpenItem, ...]:
        """What is not settled, oldest due first; credit in the contact's favour last, negative."""
        invoices = [_item(claim, name, today, claim.open) for claim in self.invoices.values() if claim.open]
        credits = [_item(claim, name, today, -claim.open) for claim in self.credits.values() if claim.open]
        return tuple(sorted(invoices, key=lambda item: (item.due or item.date, item.number)) + credits)

    def overdue(self, today: date) -> tuple[Money, ...]:
        """What is past its day, by currency."""
        sums: dict[str, Decimal] = {}
        for item in self.open_items("", today):
            if item.days_overdue > 0:
                sums[item.currency] = sums.get(item.currency, ZERO) + item.open
        return tuple(Money(amount=amount, currency=code) for code, amount in sorted(sums.items()))

    def order_lines(self, name: str) -> list[OrderLine]:
        """The orders as they stand, newest first."""
        ordered = sorted(self.orders.values(), key=lambda entry: (entry.date, entry.seq), reverse=True)
        return [
            OrderLine(
                contact_id=entry.contact_id,
                contact_name=name,
                number=entry.number,
                date=entry.date,
                amount=entry.amount,
                currency=entry.currency,
                state=entry.state or "open",
                entry_id=entry.id,
            )
            for entry in ordered
            if entry.id not in self.reversed
        ]


def _item(claim: Claim, name: str, today: date, left: Decimal) -> OpenItem:
    entry = claim.entry
    invoice = entry.kind is EntryKind.INVOICE
    due = (entry.due or entry.date) if invoice else None
    return OpenItem(
        contact_id=entry.contact_id,
        contact_name=name,
        side=entry.side,
        kind=entry.kind,
        number=entry.number,
        date=entry.date,
        due=due,
        amount=entry.amount,
        open=left,
        currency=entry.currency,
        days_overdue=max(0, (today - due).days) if due is not None else 0,
        entry_id=entry.id,
    )


def fold(entries: Iterable[LedgerEntry]) -> Account:
    """The account after these entries, in order of `seq`."""
    account = Account()
    for entry in entries:
        account.apply(entry)
    return account


def account_id(contact_id: ContactId, side: Side) -> str:
    """The stream of a contact's side."""
    return f"{contact_id}/{side.value}"
