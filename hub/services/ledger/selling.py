"""What a sale comes to on its customer's account, and the next entry that is lacking there: pure rules.

The account follows the facts as they stand, not the order in which they were told: charges, payments and refunds are
booked as the difference between what is booked already and what the facts come to. Every order arrives at the same
balance, to the cent. A sale without an invoice among its facts moves no money; its order is kept with its state.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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
REFUNDS = "refunds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the facts of a sale come to."""

    order: Booking
    state: str
    invoice: Booking | None
    """Without one no money moves."""
    payments: tuple[Booking, ...]
    refunds: dict[str, Decimal]
    """By currency; not more than came: a refund that is told before its payment waits for it."""
    last_refund: Booking | None

    @property
    def charges(self) -> dict[str, Decimal]:
        """What the customer is to bear, by currency: the invoice less what went back; nothing where it is
        cancelled."""
        cancelled = self.state == "cancelled"
        found = {code: ZERO if cancelled else -amount for code, amount in self.refunds.items()}
        if self.invoice is not None:
            code = self.invoice.currency
            found[code] = found.get(code, ZERO) + (ZERO if cancelled else self.invoice.amount)
        return found


def read_standing(sale: Sale) -> Standing | None:
    """None while no order is among the facts: what else was told waits for it."""
    orders = _of(sale, BookingKind.ORDER)
    if not orders:
        return None
    invoices, payments, refunds = (
        _of(sale, kind) for kind in (BookingKind.INVOICE, BookingKind.PAYMENT, BookingKind.REFUND)
    )
    came, back = _sums(payments), _sums(refunds)
    return Standing(
        order=orders[-1],
        state=_state(sale, orders[-1], payments, refunds),
        invoice=invoices[-1] if invoices else None,
        payments=payments,
        refunds={code: min(amount, came.get(code, ZERO)) for code, amount in back.items()},
        last_refund=refunds[-1] if refunds else None,
    )


def _sums(facts: tuple[Booking, ...]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for fact in facts:
        found[fact.currency] = found.get(fact.currency, ZERO) + fact.amount
    return found


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
        if standing.invoice is None:
            return
        for currency, amount in sorted(standing.charges.items()):
            yield from self._charge(standing, number, amount, currency)
        for fact in standing.payments:
            what = f"={fact.key.replace('#', '%23')}"
            stands = self._stands(what, fact.currency, EntryKind.PAYMENT)
            yield from self._move(fact, what, number, fact.amount - stands, EntryKind.PAYMENT, EntryKind.REFUND)
        for currency, amount in sorted(standing.refunds.items()):
            fact = replace(standing.last_refund or order, currency=currency)
            stands = self._stands(REFUNDS, currency, EntryKind.REFUND)
            yield from self._move(fact, REFUNDS, number, amount - stands, EntryKind.REFUND, EntryKind.PAYMENT)

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

    def _stands(self, what: str, currency: str, adds: EntryKind) -> Decimal:
        booked = self._booked(what, currency)
        return sum((it.amount if it.kind is adds else -it.amount for it in booked), ZERO)

    def _charge(self, standing: Standing, number: str, wanted: Decimal, currency: str) -> Iterator[LedgerEntry]:
        """Bring what is charged to what is wanted. What is about to go back is credited without settling anything, so
        that the refund has a credit to use; for this the charge may have to grow first."""
        day, stands = self.day(standing.order.at), self._stands("charge", currency, EntryKind.INVOICE)
        booked = self._stands(REFUNDS, currency, EntryKind.REFUND)
        pending = max(ZERO, standing.refunds.get(currency, ZERO) - booked)
        gap = stands - wanted
        if not gap:
            return
        if gap < 0 or (gap < pending and standing.state != "cancelled"):
            name = self._free(EntryKind.INVOICE, number, "/")
            yield self._entry(EntryKind.INVOICE, "charge", name, pending - gap, currency, day, due=day + DUE)
            return
        settles = self._settle(currency, max(ZERO, gap - pending))
        name = self._free(EntryKind.CREDIT_NOTE, f"{number}-C", "")
        yield self._entry(EntryKind.CREDIT_NOTE, "charge", name, gap, currency, day, allocations=settles)

    def _free(self, kind: EntryKind, number: str, joint: str) -> str:
        """The first of number, number/2, number/3, ... that this account has not used for such an entry."""
        names = (number if count == 1 and joint else f"{number}{joint}{count}" for count in range(1, 10_000))
        return next(name for name in names if (kind, name) not in self.account.numbers)

    def _settle(self, currency: str, amount: Decimal) -> tuple[Allocation, ...]:
        """How an amount settles what is open of this sale's invoices."""
        found: list[Allocation] = []
        for entry in self._booked("charge", currency):
            claim = self.account.invoices.get(entry.number) if entry.kind is EntryKind.INVOICE else None
            if claim is not None and claim.entry.id == entry.id and (used := min(amount, claim.open)) > 0:
                found.append(Allocation(number=entry.number, amount=used))
                amount -= used
        return tuple(found)

    def _move(
        self, fact: Booking, what: str, number: str, lacking: Decimal, more: EntryKind, less: EntryKind
    ) -> Iterator[LedgerEntry]:
        """What is lacking of a payment or of what went back; what was corrected downwards is booked the other way."""
        if not lacking:
            return
        kind, amount = more if lacking > 0 else less, abs(lacking)
        settles = self._settle(fact.currency, amount) if kind is EntryKind.PAYMENT else ()
        yield self._entry(
            kind, what, number, amount, fact.currency, self.day(fact.at), fact.reference, allocations=settles
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
