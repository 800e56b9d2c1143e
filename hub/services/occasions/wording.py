"""What contacts read about events, in German and English."""

from datetime import datetime
from zoneinfo import ZoneInfo

from hub.domain.occasion import Occasion, find_session
from hub.domain.template import check_fields, fill_fields
from hub.services.wording import one_line

FIELDS = ("name", "first_name", "company", "title", "when", "place", "link")
DAYS = ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So")
TEXTS: dict[str, dict[str, str]] = {
    "de": {
        "invite-subject": "Einladung: {title}",
        "invite": "Guten Tag {name},\n\nwir laden Sie herzlich ein: {title}, {when}{place}.\n\nKommen Sie? Antworten "
        "Sie einfach „Ich komme“ oder „Absagen“, oder öffnen Sie: {link}\n\n{company}",
        "registered-subject": "Anmeldung: {title}",
        "registered": "Sie sind angemeldet: {title}, {when}{place}.{fee} Ihr Code für den Einlass: {code}. Die "
        "Kalenderdatei hängt an. Ändern oder absagen: {link} – oder antworten Sie „Absagen“.",
        "moved-up": "Gute Nachricht: Für {title}, {when}{place}, ist ein Platz frei geworden. Sie sind jetzt "
        "angemeldet.{fee} Ihr Code für den Einlass: {code}. Die Kalenderdatei hängt an. Absagen: {link} – oder "
        "antworten Sie „Absagen“.",
        "waiting": "{title}, {when}, ist leider ausgebucht. Sie stehen auf der Warteliste, Platz {position}. Wird "
        "etwas frei, melden wir uns. Von der Liste nehmen: {link} – oder antworten Sie „Absagen“.",
        "cancelled": "Sie sind abgemeldet: {title}, {when}. Schade! Doch kommen: {link}",
        "off": "{title}, {when}, findet leider nicht statt. Bitte entschuldigen Sie.",
        "reminder": "Zur Erinnerung: {title}, {when}{place}. Ihr Code für den Einlass: {code}. Verhindert? {link} – "
        "oder antworten Sie „Absagen“.",
        "moved": "Geändert: {title} ist jetzt {when}{place}. Ihr Platz und Ihr Code bleiben: {code}. Die neue "
        "Kalenderdatei hängt an. Passt es nicht? {link} – oder antworten Sie „Absagen“.",
        "fee": " Der Preis beträgt {fee}; er steht auf Ihrem Konto.",
        "place": ", {place}",
        "opt-out": "\n\n--\nKeine solchen Nachrichten mehr: {link} – oder antworten Sie „Stopp“.",
    },
    "en": {
        "invite-subject": "Invitation: {title}",
        "invite": "Dear {name},\n\nyou are invited: {title}, {when}{place}.\n\nWill you come? Just answer “yes, I will "
        "attend” or “cancel”, or open: {link}\n\n{company}",
        "registered-subject": "Registration: {title}",
        "registered": "You are registered: {title}, {when}{place}.{fee} Your code for the entrance: {code}. The "
        "calendar file is attached. Change or cancel: {link} – or answer “cancel”.",
        "moved-up": "Good news: a seat has come free for {title}, {when}{place}. You are registered now.{fee} Your "
        "code for the entrance: {code}. The calendar file is attached. Cancel: {link} – or answer “cancel”.",
        "waiting": "{title}, {when}, is fully booked. You are on the waiting list, number {position}. We tell you when "
        "a seat comes free. Leave the list: {link} – or answer “cancel”.",
        "cancelled": "You are no longer registered: {title}, {when}. To come after all: {link}",
        "off": "{title}, {when}, will not take place. We are sorry.",
        "reminder": "A reminder: {title}, {when}{place}. Your code for the entrance: {code}. Cannot come? {link} – or "
        "answer “cancel”.",
        "moved": "Changed: {title} is now {when}{place}. Your seat and your code stay: {code}. The new calendar file "
        "is attached. It does not suit you? {link} – or answer “cancel”.",
        "fee": " The price is {fee}; it is on your account.",
        "place": ", {place}",
        "opt-out": "\n\n--\nNo more such messages: {link} – or answer “stop”.",
    },
}


def tongue(language: str) -> str:
    """ "de" or "en"."""
    return "de" if language.startswith("de") else "en"


def word(language: str, key: str, **values: object) -> str:
    """The sentence. Raises KeyError for an unknown key."""
    return TEXTS[tongue(language)][key].format(**values)


def facts_of(occasion: Occasion, language: str, *, session: str = "") -> dict[str, str]:
    """Title, when and place, as sentences take them."""
    part = find_session(occasion.sessions, session)
    title = f"{occasion.title} – {part.title}" if part else occasion.title
    place = word(language, "place", place=one_line(occasion.place, 200)) if occasion.place else ""
    return {
        "title": one_line(title, 200),
        "when": tell_when(part.start if part else occasion.start, occasion.time_zone, language),
        "place": place,
    }


def tell_when(moment: datetime, zone: str, language: str) -> str:
    """ "Di 24.11.2026, 10:00" or "Tue 24 Nov 2026, 10:00", in the event's own zone."""
    local = moment.astimezone(ZoneInfo(zone))
    if tongue(language) == "de":
        return f"{DAYS[local.weekday()]} {local:%d.%m.%Y, %H:%M}"
    return f"{local:%a %-d %b %Y, %H:%M}"


def check_template(text: str, field: str) -> None:
    """Raises Invalid for an unknown {field}."""
    check_fields(text, FIELDS, field)


def fill_template(text: str, values: dict[str, str]) -> str:
    """Empty where a value is missing."""
    return fill_fields(text, lambda field: values.get(field, ""))
