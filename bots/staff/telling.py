"""Money, days and appointments in words, and the moments that slots name."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from bots.language import spoken
from bots.staff.talk import Talk
from hub.domain.appointment import Occurrence, Slot
from hub.domain.ledger import OpenItem
from hub.domain.money import Money


def tell_money(talk: Talk, amount: Decimal, currency: str) -> str:
    """ "1.000,00 €" or "€1,000.00", as the language does."""
    return spoken.tell_money(talk.pack, amount, currency)


def tell_sums(talk: Talk, sums: Sequence[Money]) -> str:
    """Money by currency, one after the other."""
    return " + ".join(tell_money(talk, money.amount, money.currency) for money in sums)


def tell_day(talk: Talk, day: date) -> str:
    """ "Di 1. Dez. 2026" """
    return spoken.tell_day(talk.pack, day)


def tell_span(talk: Talk, start: datetime, end: datetime) -> str:
    """ "Di 1. Dez. 2026, 10:00–11:00" in the colleague's zone: what is read back before anything is booked."""
    return spoken.tell_span(talk.pack, talk.zone, start, end)


def tell_occurrence(talk: Talk, occurrence: Occurrence) -> str:
    """When, with whom, what."""
    parts = [tell_span(talk, occurrence.start, occurrence.end), occurrence.contact_name, occurrence.appointment.title]
    return " · ".join(dict.fromkeys(part for part in parts if part))


def tell_slot(talk: Talk, slot: Slot) -> str:
    """A free time."""
    return tell_span(talk, slot.start, slot.end)


def tell_item(talk: Talk, item: OpenItem) -> str:
    """ "R-2001: 1.000,00 €, 45 Tage überfällig" """
    money = tell_money(talk, item.open, item.currency)
    if item.days_overdue > 0:
        return talk.say("accounts.item_overdue", number=item.number, money=money, days=talk.number(item.days_overdue))
    if item.due:
        return talk.say("accounts.item_due", number=item.number, money=money, day=tell_day(talk, item.due))
    return talk.say("accounts.item", number=item.number, money=money)


def span_of(talk: Talk, when: str) -> tuple[datetime, datetime]:
    """The span that a `when` slot names: a day, a moment's day, a week, a month; '' is today. Aware."""
    return spoken.span_of(talk.now, talk.zone, when)


def moment_of(talk: Talk, when: str) -> datetime | None:
    """The moment where the slot names one; None where it is only a day (or less exact)."""
    return spoken.moment_of(talk.zone, when)


def has_day(when: str) -> bool:
    """Whether the slot names one day."""
    return len(when) >= 10 and "-W" not in when


def same_time_on(talk: Talk, when: str, before: datetime) -> datetime:
    """The moment of `before` by the wall clock, on the day of the slot: "move it to Friday"."""
    clock = before.astimezone(talk.zone).time()
    return datetime.combine(date.fromisoformat(when[:10]), clock, tzinfo=talk.zone)
