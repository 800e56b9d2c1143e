"""What a sale comes to on its customer's account, and the next entry that is lacking there: pure rules.

The account follows the facts as they stand, not the order in which they were told: charges, payments and refunds are
booked as the difference between what is booked already and what the facts come to. Every order arrives at the same
balance, to the cent. A sale without an invoice among its facts moves no money; its order is kept with its state.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from hub.domain.facts import Booking, BookingKind
from hub.domain.ids import ContactId
from hub.domain.ledger import Allocation, EntryKind, LedgerEntry, Side
from hub.domain.sale import Sale
from hub.services.ledger.fold import Account
from hub.services.ledger.posting import postings_of

ZERO = Decimal(0)
DUE = timedelta(days=14)
"""After the order, for those who are not paid at once."""
BOOKED_BY = "system:shop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the facts of a sale come to. Amounts by currency."""

    order: Booking
    state: str
    charges: dict[str, Decimal]
    """What the customer is to bear: the invoice less what was refunded; nothing where it is cancelled."""
    payments: tuple[Booking, ...]
    refunds: tuple[Booking, ...]
    moves_money: bool


def read_standing(sale: Sale) -> Standing | None:
    """None while no order is among the facts: what else was told waits for it."""
    orders = _of(sale, BookingKind.ORDER)
    if not orders:
        return None
    order = orders[-1]
    invoices, payments, refunds = (
        _of(sale, kind) for kind in (BookingKind.INVOICE, BookingKind.PAYMENT, BookingKind.REFUND)
    )
    state = _state(sale, order, payments, refunds)
    charges: dict[str, Decimal] = {}
    if invoices and state != "cancelled":
        charges[invoices[-1].currency] = invoices[-1].amount
    if state != "cancelled":
        for refund in refunds:
            charges[refund.currency] = charges.get(refund.currency, ZERO) - refund.amount
    elif invoices:
        charges[invoices[-1].currency] = ZERO
    return Standing(
        order=order,
        state=state,
        charges=charges,
        payments=payments,
        refunds=refunds,
        moves_money=bool(invoices),
    )


def _of(sale: Sale, kind: BookingKind) -> tuple[Booking, ...]:
    """The facts of that kind, oldest first."""
    return tuple(sorted((fact for fact in sale.facts if fact.kind is kind), key=lambda fact: (fact.at, fact.key)))


def _state(sale: Sale, order: Booking, payments: tuple[Booking, ...], refunds: tuple[Booking, ...]) -> str:
    """The order's own latest word, and what other messages told after it."""
    cancelled = [fact for fact in _of(sale, BookingKind.CANCELLATION) if fact.at > order.at]
    sent = [fact for fact in _of(sale, BookingKind.SHIPMENT) if fact.at > order.at]
    if order.state == "cancelled" or cancelled:
        return "cancelled"
    back = sum((fact.amount for fact in refunds if fact.currency == order.currency), ZERO)
    if order.state == "refunded" or (order.amount > 0 and back >= order.amount):
        return "refunded"
    came = sum((fact.amount for fact in payments if fact.currency == order.currency), ZERO)
    paid = order.state in ("paid", "done") or (order.amount > 0 and came >= order.amount)
    shipped = order.state in ("shipped", "done") or bool(sent)
    if shipped:
        return "done" if paid else "shipped"
    return "paid" if paid else "open"


@dataclass(frozen=True, slots=True)
class Books:
    """One sale in one account, as it stands."""

    sale: Sale
    account: Account
    contact_id: ContactId
    now: datetime
    day: Callable[[datetime], date]

    def lacking(self) -> LedgerEntry | None:
        """The next entry to append; None where the account says what the facts say."""
        standing = read_standing(self.sale)
        if standing is None:
            return None
        number = self._number(standing.order)
        return next(self._steps(standing, number), None)

    def _steps(self, standing: Standing, number: str) -> Iterator[LedgerEntry]:
        current, order = self.account.orders.get(number), standing.order
        wanted = (standing.state, order.amount, order.currency)
        if current is None or (current.state, current.amount, current.currency) != wanted:
            day = self.day(order.at) if current is None else current.date
            yield self._entry(EntryKind.ORDER, "order", number, order.amount, order.currency, day, state=standing.state)
        if not standing.moves_money:
            return
        for currency, amount in sorted(standing.charges.items()):
            yield from self._charge(number, amount, currency, self.day(order.at))
        for fact in standing.payments:
            yield from self._move(fact, number, EntryKind.PAYMENT, EntryKind.REFUND)
        for fact in standing.refunds:
            yield from self._move(fact, number, EntryKind.REFUND, EntryKind.PAYMENT)

    def _number(self, order: Booking) -> str:
        """The order's number; with the shop's name where another sale on this account has it."""
        taken = self.account.orders.get(order.number)
        if taken is None or taken.key.startswith(f"{self.sale.id}/"):
            return order.number
        return f"{order.number} ({self.sale.account})"

    def _booked(self, what: str, currency: str) -> Iterator[LedgerEntry]:
        """What this sale has booked under that heading, taken back or not: a person's reversal stays."""
        prefix = f"{self.sale.id}/{what}#"
        for key, id in self.account.keys.items():
            entry = self.account.entries[id]
            if key.startswith(prefix) and entry.currency == currency and entry.kind is not EntryKind.REVERSAL:
                yield entry

    def _charge(self, number: str, wanted: Decimal, currency: str, day: date) -> Iterator[LedgerEntry]:
        booked = list(self._booked("charge", currency))
        stands = sum((it.amount if it.kind is EntryKind.INVOICE else -it.amount for it in booked), ZERO)
        if wanted > stands:
            name = self._free(EntryKind.INVOICE, number, "/")
            yield self._entry(EntryKind.INVOICE, "charge", name, wanted - stands, currency, day, due=day + DUE)
        elif wanted < stands:
            name, amount = self._free(EntryKind.CREDIT_NOTE, f"{number}-C", ""), stands - wanted
            settles = self._settle(booked, amount)
            yield self._entry(EntryKind.CREDIT_NOTE, "charge", name, amount, currency, day, allocations=settles)

    def _free(self, kind: EntryKind, number: str, joint: str) -> str:
        """The first of number, number/2, number/3, ... that this account has not used for such an entry."""
        names = (number if count == 1 and joint else f"{number}{joint}{count}" for count in range(1, 10_000))
        return next(name for name in names if (kind, name) not in self.account.numbers)

    def _settle(self, booked: list[LedgerEntry], amount: Decimal) -> tuple[Allocation, ...]:
        """How an amount settles what is open of this sale's invoices."""
        found: list[Allocation] = []
        for entry in booked:
            claim = self.account.invoices.get(entry.number) if entry.kind is EntryKind.INVOICE else None
            if claim is not None and claim.entry.id == entry.id and (used := min(amount, claim.open)) > 0:
                found.append(Allocation(number=entry.number, amount=used))
                amount -= used
        return tuple(found)

    def _move(self, fact: Booking, number: str, more: EntryKind, less: EntryKind) -> Iterator[LedgerEntry]:
        """A payment or refund, by its difference; one that was corrected downwards is booked the other way."""
        stands = ZERO
        for entry in self._booked(fact.key, fact.currency):
            stands += entry.amount if entry.kind is more else -entry.amount
        if fact.amount == stands:
            return
        kind = more if fact.amount > stands else less
        amount = abs(fact.amount - stands)
        settles: tuple[Allocation, ...] = ()
        if kind is EntryKind.PAYMENT:
            settles = self._settle(list(self._booked("charge", fact.currency)), amount)
        yield self._entry(
            kind, fact.key, number, amount, fact.currency, self.day(fact.at), fact.reference, allocations=settles
        )

    def _entry(
        self,
        kind: EntryKind,
        what: str,
        number: str,
        amount: Decimal,
        currency: str,
        day: date,
        reference: str = "",
        *,
        due: date | None = None,
        state: str = "",
        allocations: tuple[Allocation, ...] = (),
    ) -> LedgerEntry:
        prefix = f"{self.sale.id}/{what}#"
        count = sum(1 for key in self.account.keys if key.startswith(prefix)) + 1
        return LedgerEntry(
            id="",
            account="",
            seq=0,
            contact_id=self.contact_id,
            side=Side.RECEIVABLE,
            kind=kind,
            number=number,
            date=day,
            due=due,
            amount=amount,
            currency=currency,
            reference=reference or self.sale.account,
            state=state,
            postings=postings_of(kind, Side.RECEIVABLE, amount),
            allocations=allocations,
            booked_at=self.now,
            booked_by=BOOKED_BY,
            key=f"{prefix}{count}",
        )
