"""Money, days and appointments in words, and the moments that slots name."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from bots.staff.talk import Talk
from hub.domain.appointment import Occurrence, Slot
from hub.domain.ledger import OpenItem
from hub.domain.money import Money

SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}


def tell_money(talk: Talk, amount: Decimal, currency: str) -> str:
    """ "1.000,00 €" or "€1,000.00", as the language does."""
    formats = talk.pack.formats
    plain = f"{abs(amount):,f}".translate({44: "\0", 46: str(formats["decimal"])}).replace("\0", formats["thousands"])
    sign = "-" if amount < 0 else ""
    symbol = SYMBOLS.get(currency, currency)
    return str(formats["money" if currency in SYMBOLS else "money_code"]).format(sign=sign, amount=plain, symbol=symbol)


def tell_sums(talk: Talk, sums: Sequence[Money]) -> str:
    """Money by currency, one after the other."""
    return " + ".join(tell_money(talk, money.amount, money.currency) for money in sums)


def tell_day(talk: Talk, day: date) -> str:
    """ "Di 1. Dez. 2026" """
    formats = talk.pack.formats
    return str(formats["whole_day"]).format(
        weekday=formats["weekdays"][day.weekday()], day=day.day, month=formats["months"][day.month - 1], year=day.year
    )


def tell_span(talk: Talk, start: datetime, end: datetime) -> str:
    """ "Di 1. Dez. 2026, 10:00–11:00" in the colleague's zone: what is read back before anything is booked."""
    return f"{tell_day(talk, start.astimezone(talk.zone).date())}, {talk.time(start)}–{talk.time(end)}"


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
    today = talk.now.astimezone(talk.zone).date()
    first, days = today, 1
    if "-W" in when:
        year, week = when.split("-W")
        first, days = date.fromisocalendar(int(year), int(week), 1), 7
    elif len(when) == 7:
        first = date.fromisoformat(f"{when}-01")
        days = ((first + timedelta(days=32)).replace(day=1) - first).days
    elif when:
        first = date.fromisoformat(when[:10])
    start = datetime.combine(first, time(), tzinfo=talk.zone)
    # The day's end by the wall clock: a day of the change of clocks has 23 or 25 hours.
    return start, datetime.combine(first + timedelta(days=days), time(), tzinfo=talk.zone)


def moment_of(talk: Talk, when: str) -> datetime | None:
    """The moment where the slot names one; None where it is only a day (or less exact)."""
    if "T" not in when:
        return None
    parsed = datetime.fromisoformat(when)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=talk.zone)


def has_day(when: str) -> bool:
    """Whether the slot names one day."""
    return len(when) >= 10 and "-W" not in when


def same_time_on(talk: Talk, when: str, before: datetime) -> datetime:
    """The moment of `before` by the wall clock, on the day of the slot: "move it to Friday"."""
    clock = before.astimezone(talk.zone).time()
    return datetime.combine(date.fromisoformat(when[:10]), clock, tzinfo=talk.zone)
