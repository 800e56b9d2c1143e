"""When open invoices will be paid: from what every customer's habit is (the median of the days between due day and
payment), and how far payments stray from such habits. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from statistics import median

from hub.domain.ledger import EntryKind, LedgerEntry, Side

LEAST_PAID = 8
"""So many paid invoices must be known."""
OWN_HABIT = 3
"""A customer has a habit of their own after so many; before, the company's median stands for it."""
Z80 = 1.2816
ORIGINS = 4


@dataclass(slots=True)
class Invoice:
    """What became of an invoice."""

    contact: str
    currency: str
    begun: date
    due: date
    amount: Decimal
    paid: list[tuple[date, Decimal]] = field(default_factory=list)

    def open_on(self, day: date) -> Decimal:
        """What was open at the end of that day."""
        return self.amount - sum((amount for when, amount in self.paid if when <= day), Decimal())

    def settled(self) -> date | None:
        """The day on which the last of it was paid."""
        last = max((when for when, _ in self.paid), default=None)
        return last if last is not None and self.open_on(last) <= 0 else None


@dataclass(frozen=True, slots=True)
class Habits:
    """Days after the due day: of each customer, of everybody, and how payments stray from that."""

    own: Mapping[str, float]
    common: float
    strays: tuple[float, ...]

    def of(self, contact: str) -> float:
        """The customer's, or everybody's."""
        return self.own.get(contact, self.common)


@dataclass(frozen=True, slots=True)
class Expected:
    """Money to come in each span of days, with its band (80 %)."""

    points: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    error: float | None
    have: int


def read_invoices(entries: Sequence[LedgerEntry]) -> list[Invoice]:
    """Receivable invoices and what settled them; what was taken back counts as if it had never been."""
    undone = {entry.reverses for entry in entries if entry.kind is EntryKind.REVERSAL}
    found: dict[tuple[str, str], Invoice] = {}
    for entry in entries:
        if entry.side is Side.RECEIVABLE and entry.kind is EntryKind.INVOICE and entry.id not in undone:
            found[entry.account, entry.number] = Invoice(
                entry.contact_id, entry.currency, entry.date, entry.due or entry.date, entry.amount
            )
    for entry in entries:
        if entry.id in undone:
            continue
        for part in entry.allocations:
            invoice = found.get((entry.account, part.number))
            if invoice is not None:
                invoice.paid.append((entry.date, part.amount))
    return list(found.values())


def learn(invoices: Sequence[Invoice], until: date) -> Habits | int:
    """What was known on that day; the number of paid invoices where they are too few."""
    delays: defaultdict[str, list[int]] = defaultdict(list)
    for one in invoices:
        settled = one.settled()
        if settled is not None and settled <= until:
            delays[one.contact].append((settled - one.due).days)
    every = [days for own in delays.values() for days in own]
    if len(every) < LEAST_PAID:
        return len(every)
    common = float(median(every))
    habits = {contact: float(median(own)) for contact, own in delays.items() if len(own) >= OWN_HABIT}
    strays = sorted(days - habits.get(contact, common) for contact, own in delays.items() for days in own)
    return Habits(habits, common, tuple(strays))


def expect(
    invoices: Sequence[Invoice], habits: Habits, today: date, days: int, spans: int
) -> list[tuple[float, float]]:
    """(mean, variance) of the money that comes in each of the next spans of so many days, from tomorrow on."""
    sums = [[0.0, 0.0] for _ in range(spans)]
    for one in invoices:
        left = float(one.open_on(today)) if one.begun <= today else 0.0
        if left <= 0:
            continue
        base = (one.due + timedelta(days=round(habits.of(one.contact))) - today).days
        # Whatever would have been paid by now has not been: only what lies ahead is possible.
        ahead = [base + stray for stray in habits.strays if base + stray >= 1]
        if not ahead:
            continue
        for span in range(spans):
            share = sum(span * days < when <= (span + 1) * days for when in ahead) / len(ahead)
            sums[span][0] += left * share
            sums[span][1] += left * left * share * (1 - share)
    return [(mean, variance) for mean, variance in sums]


def foretell(invoices: Sequence[Invoice], today: date, *, days: int = 7, spans: int = 8) -> Expected:
    """The next spans, and how far the same method was off before; no points where too little is known."""
    habits = learn(invoices, today)
    if isinstance(habits, int):
        return Expected((), (), (), None, habits)
    found = expect(invoices, habits, today, days, spans)
    low = tuple(max(0.0, mean - Z80 * float(variance**0.5)) for mean, variance in found)
    high = tuple(mean + Z80 * float(variance**0.5) for mean, variance in found)
    return Expected(
        tuple(mean for mean, _ in found), low, high, _backtest(invoices, today, days * 4), len(habits.strays)
    )


def _backtest(invoices: Sequence[Invoice], today: date, days: int) -> float | None:
    """The mean error over the last spans, as a share of what came."""
    missed, came = 0.0, 0.0
    for back in range(1, ORIGINS + 1):
        origin = today - timedelta(days=days * back)
        habits = learn(invoices, origin)
        if isinstance(habits, int):
            continue
        known = [one for one in invoices if one.begun <= origin]
        told = expect(known, habits, origin, days, 1)[0][0]
        end = origin + timedelta(days=days)
        actual = float(sum((one.open_on(origin) - one.open_on(end) for one in known), Decimal()))
        missed, came = missed + abs(told - actual), came + actual
    return missed / came if came > 0 else None
