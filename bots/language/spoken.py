"""Money, days and spans in words, by language; and the moments that a `when` slot names."""

from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal

from bots.language.moments import tell_time
from bots.language.pack import LanguagePack

SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}


def tell_money(pack: LanguagePack, amount: Decimal, currency: str) -> str:
    """ "1.000,00 €" or "€1,000.00", as the language does."""
    formats = pack.formats
    plain = f"{abs(amount):,f}".translate({44: "\0", 46: str(formats["decimal"])}).replace("\0", formats["thousands"])
    sign = "-" if amount < 0 else ""
    symbol = SYMBOLS.get(currency, currency)
    return str(formats["money" if currency in SYMBOLS else "money_code"]).format(sign=sign, amount=plain, symbol=symbol)


def tell_day(pack: LanguagePack, day: date) -> str:
    """ "Di 1. Dez. 2026" """
    formats = pack.formats
    return str(formats["whole_day"]).format(
        weekday=formats["weekdays"][day.weekday()], day=day.day, month=formats["months"][day.month - 1], year=day.year
    )


def tell_span(pack: LanguagePack, zone: tzinfo, start: datetime, end: datetime) -> str:
    """ "Di 1. Dez. 2026, 10:00–11:00": what is read back before anything is booked."""
    day = tell_day(pack, start.astimezone(zone).date())
    return f"{day}, {tell_time(start, pack, zone)}–{tell_time(end, pack, zone)}"


def span_of(now: datetime, zone: tzinfo, when: str) -> tuple[datetime, datetime]:
    """The span that a `when` slot names: a day, a moment's day, a week, a month; '' is today. Aware."""
    first, days = now.astimezone(zone).date(), 1
    if "-W" in when:
        year, week = when.split("-W")
        first, days = date.fromisocalendar(int(year), int(week), 1), 7
    elif len(when) == 7:
        first = date.fromisoformat(f"{when}-01")
        days = ((first + timedelta(days=32)).replace(day=1) - first).days
    elif when:
        first = date.fromisoformat(when[:10])
    start = datetime.combine(first, time(), tzinfo=zone)
    # The day's end by the wall clock: a day of the change of clocks has 23 or 25 hours.
    return start, datetime.combine(first + timedelta(days=days), time(), tzinfo=zone)


def moment_of(zone: tzinfo, when: str) -> datetime | None:
    """The moment where the slot names one; None where it is only a day (or less exact)."""
    if "T" not in when:
        return None
    parsed = datetime.fromisoformat(when)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)
