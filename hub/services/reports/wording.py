"""What reports are called and how their numbers are told, in German and English: the same words in charts, pictures,
tables and files."""

from datetime import date
from decimal import Decimal

from hub.domain.report import Period, Step, Unit

SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "CHF": "CHF"}
MONTHS = {
    "de": ("Jan", "Feb", "März", "Apr", "Mai", "Juni", "Juli", "Aug", "Sep", "Okt", "Nov", "Dez"),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}
WEEKDAYS = {
    "de": ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
TEXTS: dict[str, dict[str, str]] = {
    "de": {
        "messages": "Nachrichten nach Kanal",
        "hours": "Eingang nach Wochentag und Stunde",
        "response": "Antwort- und Erledigungszeit",
        "waiting": "Wer wartet, nach Dauer",
        "revenue": "Umsatz",
        "open-items": "Offene Posten nach Alter",
        "customers": "Kundinnen und Kunden",
        "appointments": "Termine",
        "events": "Veranstaltungen",
        "bot": "Gespräche: Bot und Menschen",
        "messages-forecast": "Prognose: Nachrichten in den nächsten zwei Wochen",
        "revenue-forecast": "Prognose: Umsatz der nächsten Monate",
        "payments-forecast": "Prognose: Zahlungseingänge",
        "period": "Zeitraum",
        "age": "Alter",
        "hour": "Stunde",
        "before": "{label}, Zeit davor",
        "was": "{label}, bisher",
        "expected": "{label}, erwartet",
        "all": "Alle",
        "email": "Mail",
        "xmpp": "XMPP",
        "telegram": "Telegram",
        "fax": "Fax",
        "shop": "Shop",
        "phone": "Telefon",
        "chat": "Web-Chat",
        "answer": "Zeit bis zur ersten Antwort",
        "closing": "Zeit bis zur Erledigung",
        "answer-median": "Erste Antwort, Median",
        "answer-p90": "Erste Antwort, 90 %",
        "closing-median": "Erledigt, Median",
        "closing-p90": "Erledigt, 90 %",
        "active": "Aktiv",
        "new": "Neu",
        "lost": "Verloren",
        "kept": "Stattgefunden",
        "planned": "Geplant",
        "missed": "Nicht erschienen",
        "registered": "Angemeldet",
        "attended": "Teilgenommen",
        "event-open": "Anmeldung offen",
        "event-closed": "Anmeldung geschlossen",
        "event-cancelled": "Abgesagt",
        "event-done": "Vorbei",
        "cancelled": "Abgesagt",
        "begun": "Wartet",
        "handed-over": "Vom Bot übergeben",
        "person": "Von Menschen beantwortet",
        "unanswered": "Nicht beantwortet",
        "bot-row": "Vom Bot allein beantwortet",
        "under-1h": "unter 1 Std.",
        "under-4h": "bis 4 Std.",
        "under-1d": "bis 1 Tag",
        "under-3d": "bis 3 Tage",
        "over-3d": "länger",
        "not_due": "nicht fällig",
        "up_to_30": "bis 30 Tage",
        "up_to_60": "bis 60 Tage",
        "up_to_90": "bis 90 Tage",
        "older": "älter",
        "nothing": "Es gibt noch nichts zu zeigen.",
        "total": "Summe",
        "sum": "{label}: {value}",
        "compared": "{label}: {value}, davor {before}{change}",
        "change": " ({change})",
        "peak": "Höchster Wert: {value} ({where}).",
        "busiest": "Am meisten kommt {day} um {hour} Uhr: {value}.",
        "error": "{label}: Fehler im Rückvergleich {error}, Verfahren {model}.",
        "off": "{label}: lag im Rückvergleich meist um {off} Nachrichten am Tag daneben, Verfahren {model}.",
        "off-one": "{label}: lag im Rückvergleich meist um eine Nachricht am Tag daneben, Verfahren {model}.",
        "no-error": "{label}: im Rückvergleich kam nichts, ein Fehler lässt sich nicht sagen. Verfahren {model}.",
        "too-little": "{label}: zu wenig Daten für eine Prognose ({have} Werte, nötig sind {need}).",
        "band": "Das Band umfasst 80 %.",
        "pending": "Tage, die gerade neu gezählt werden: {count}.",
        "minutes": "{value} Min.",
        "hours-unit": "{value} Std.",
        "days-unit": "{value} Tage",
        "one-day": "1 Tag",
        "habits": "Zahlungsgewohnheiten",
        "seasonal-naive": "wie eine Saison zuvor",
        "seasonal-mean": "Mittel der Saisons",
        "level": "Niveau",
        "trend": "Trend",
        "theta": "Theta",
        "trend-multiplied": "Trend",
        "combined": "Mittel mehrerer Verfahren",
        "combined-multiplied": "Mittel mehrerer Verfahren",
        "channel": "Kanal",
        "revenue-row": "Umsatz",
        "payments-row": "Zahlungseingänge",
        "weekly": "Wochenbericht",
        "weekly-text": "Der Wochenbericht bis {day} ist da:",
        "weekly-subject": "Wochenbericht bis {day}",
        "weekly-attached": "Alle Diagramme liegen als PDF bei.",
        "weekly-link": "Mit allen Diagrammen als PDF (bis {until}): {address}",
        "forecast-of-year": "Prognose für das Jahr",
        "year": "Prognose für das Jahr: {value} (80 %: {low} bis {high}; Fehler im Rückvergleich {error}).",
    },
    "en": {
        "messages": "Messages by channel",
        "hours": "Arrivals by weekday and hour",
        "response": "Time to answer and to close",
        "waiting": "Who waits, by how long",
        "revenue": "Revenue",
        "open-items": "Open items by age",
        "customers": "Customers",
        "appointments": "Appointments",
        "events": "Events",
        "bot": "Conversations: bot and people",
        "messages-forecast": "Forecast: messages in the next two weeks",
        "revenue-forecast": "Forecast: revenue of the next months",
        "payments-forecast": "Forecast: incoming payments",
        "period": "Period",
        "age": "Age",
        "hour": "Hour",
        "before": "{label}, time before",
        "was": "{label}, so far",
        "expected": "{label}, expected",
        "all": "All",
        "email": "Mail",
        "xmpp": "XMPP",
        "telegram": "Telegram",
        "fax": "Fax",
        "shop": "Shop",
        "phone": "Telephone",
        "chat": "Web chat",
        "answer": "Time to the first answer",
        "closing": "Time to closing",
        "answer-median": "First answer, median",
        "answer-p90": "First answer, 90%",
        "closing-median": "Closed, median",
        "closing-p90": "Closed, 90%",
        "active": "Active",
        "new": "New",
        "lost": "Lost",
        "kept": "Kept",
        "planned": "Planned",
        "missed": "Missed",
        "registered": "Registered",
        "attended": "Attended",
        "event-open": "Open for registration",
        "event-closed": "Registration closed",
        "event-cancelled": "Cancelled",
        "event-done": "Over",
        "cancelled": "Cancelled",
        "begun": "Waiting",
        "handed-over": "Handed over by the bot",
        "person": "Answered by people",
        "unanswered": "Not answered",
        "bot-row": "Answered by the bot alone",
        "under-1h": "under 1 h",
        "under-4h": "up to 4 h",
        "under-1d": "up to 1 day",
        "under-3d": "up to 3 days",
        "over-3d": "longer",
        "not_due": "not due",
        "up_to_30": "up to 30 days",
        "up_to_60": "up to 60 days",
        "up_to_90": "up to 90 days",
        "older": "older",
        "nothing": "There is nothing to show yet.",
        "total": "Total",
        "sum": "{label}: {value}",
        "compared": "{label}: {value}, before {before}{change}",
        "change": " ({change})",
        "peak": "Highest: {value} ({where}).",
        "busiest": "Most arrives on {day} at {hour}:00: {value}.",
        "error": "{label}: backtest error {error}, model {model}.",
        "off": "{label}: usually off by {off} messages a day in the backtest, model {model}.",
        "off-one": "{label}: usually off by one message a day in the backtest, model {model}.",
        "no-error": "{label}: nothing came in the backtest, so no error can be told. Model {model}.",
        "too-little": "{label}: too little data for a forecast ({have} values, {need} are needed).",
        "band": "The band holds 80%.",
        "pending": "Days that are being counted anew: {count}.",
        "minutes": "{value} min",
        "hours-unit": "{value} h",
        "days-unit": "{value} days",
        "one-day": "1 day",
        "habits": "habits of paying",
        "seasonal-naive": "as a season ago",
        "seasonal-mean": "mean of the seasons",
        "level": "level",
        "trend": "trend",
        "theta": "theta",
        "trend-multiplied": "trend",
        "combined": "mean of several models",
        "combined-multiplied": "mean of several models",
        "channel": "Channel",
        "revenue-row": "Revenue",
        "payments-row": "Incoming payments",
        "weekly": "Weekly report",
        "weekly-text": "The weekly report up to {day} is here:",
        "weekly-subject": "Weekly report up to {day}",
        "weekly-attached": "All charts are attached as PDF.",
        "weekly-link": "With all charts, as PDF (until {until}): {address}",
        "forecast-of-year": "Forecast for the year",
        "year": "Forecast for the year: {value} (80%: {low} to {high}; backtest error {error}).",
    },
}


def language_of(text: str) -> str:
    """ "de" or "en"."""
    return text if text in TEXTS else "en"


def say(language: str, key: str, **fields: object) -> str:
    """The words of the key; the key itself where there are none (a channel of tomorrow)."""
    template = TEXTS[language_of(language)].get(key)
    return key if template is None else template.format_map(fields)


def tell_number(value: Decimal | int, language: str, places: int = 0) -> str:
    """ "1.234,5" or "1,234.5"."""
    plain = f"{value:,.{places}f}"
    return plain.translate({44: 46, 46: 44}) if language == "de" else plain


def tell_money(amount: Decimal, currency: str, language: str, places: int = 2) -> str:
    """ "1.234,50 €" or "€1,234.50", to the cent unless fewer places are asked for."""
    symbol, number = SYMBOLS.get(currency, currency), tell_number(abs(amount), language, places)
    sign = "−" if amount < 0 else ""
    if language == "de":
        return f"{sign}{number} {symbol}"
    return f"{sign}{symbol}{number}" if len(symbol) == 1 else f"{sign}{symbol} {number}"


def tell_minutes(value: Decimal, language: str) -> str:
    """Minutes under two hours, hours under two days, days above."""
    if value < 120:
        return say(language, "minutes", value=tell_number(value, language))
    if value < 48 * 60:
        return say(language, "hours-unit", value=tell_number(value / 60, language, 1))
    return say(language, "days-unit", value=tell_number(value / 1440, language, 1))


def tell_value(value: Decimal | None, unit: Unit, currency: str, language: str) -> str:
    """A value in its unit; "–" where there is none."""
    if value is None:
        return "–"
    if unit is Unit.MONEY:
        return tell_money(value, currency, language)
    return tell_minutes(value, language) if unit is Unit.MINUTES else tell_number(value, language)


def tell_tick(value: float, unit: Unit, currency: str, language: str) -> str:
    """A mark of the value axis, short."""
    exact = Decimal(str(value))
    if unit is Unit.MONEY:
        return tell_money(exact, currency, language, 0)
    return tell_number(exact, language, 0 if exact == exact.to_integral_value() else 1)


def tell_period(period: Period, step: Step, language: str) -> str:
    """ "24.11." or "24 Nov" for days and the first day of weeks, "Nov 26" for months."""
    day = period.first
    if step is Step.MONTH:
        return f"{MONTHS[language_of(language)][day.month - 1]} {day.year % 100:02}"
    return tell_short_day(day, language)


def tell_short_day(day: date, language: str) -> str:
    """Without its year."""
    return f"{day.day}.{day.month}." if language == "de" else f"{day.day} {MONTHS['en'][day.month - 1]}"


def tell_day(day: date, language: str) -> str:
    """ "24.11.2026" or "24 Nov 2026"."""
    return (
        f"{day.day}.{day.month}.{day.year}"
        if language == "de"
        else f"{day.day} {MONTHS['en'][day.month - 1]} {day.year}"
    )


def tell_days(first: date, last: date, language: str) -> str:
    """ "1.1. – 31.12.2026", "1 Dec 2025 – 30 Nov 2026", or the one day."""
    if first == last:
        return tell_day(first, language)
    begin = tell_short_day(first, language) if first.year == last.year else tell_day(first, language)
    return f"{begin} – {tell_day(last, language)}"


def tell_change(now: Decimal, before: Decimal, language: str) -> str:
    """ "+8 %", in English "+8%"; '' where there was nothing before."""
    if not before:
        return ""
    share = (now - before) / abs(before) * 100
    sign = "+" if share >= 0 else "−"
    return f"{sign}{_percent(tell_number(abs(share), language), language)}"


def tell_few(value: float, language: str) -> str:
    """A small mean: "2", "1", "0.6"."""
    exact = Decimal(str(round(value, 1)))
    return tell_number(exact, language, 0 if value >= 2 or exact == exact.to_integral_value() else 1)


def tell_share(share: float, language: str) -> str:
    """ "6 %" in German (with a space that does not break), "6%" in English."""
    return _percent(tell_number(Decimal(str(share)) * 100, language), language)


def _percent(number: str, language: str) -> str:
    return f"{number}\N{NO-BREAK SPACE}%" if language == "de" else f"{number}%"
