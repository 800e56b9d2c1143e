"""Words, dates and numbers in German and English."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.domain.contact import ContactRole
from hub.domain.conversation import Evidence
from hub.domain.errors import NotFound
from hub.domain.message import MessageClass, Strength
from hub.domain.outbox import AttemptOutcome, OutboxState
from hub.domain.people import UserRole
from hub.ports.connector import LinkState
from hub.web.formats import Reader
from hub.web.language import LANGUAGES, catalogue, preferred
from hub.web.messages import message_ids
from hub.web.sentences import SENTENCES, find_sentence
from hub.web.wording import WORDS, said

NOW = datetime(2026, 11, 23, 10, 42, 5, tzinfo=UTC)
HOLE = re.compile(r"%\((\w+)\)s|%%")


def reader(language: str) -> Reader:
    return Reader(language=language, zone=ZoneInfo("Europe/Berlin"), now=NOW)


def test_the_german_catalogue_is_complete_and_keeps_the_holes():
    plain, pairs = message_ids()
    german = catalogue("de")
    known: dict[object, str] = german._catalog  # type: ignore[attr-defined]
    for message in plain:
        assert known.get(message), f"script/catalogue: no German for {message!r}"
        assert sorted(HOLE.findall(message)) == sorted(HOLE.findall(known[message])), message
    for one, many in pairs:
        for form, source in ((0, one), (1, many)):
            found = known[one, form]
            assert set(HOLE.findall(source)) <= set(HOLE.findall(found)) | {""}, source
    ours = plain | {one for one, _ in pairs}
    gone = {key if isinstance(key, str) else key[0] for key in known} - ours - {""}
    assert not gone, f"script/catalogue drops {gone}"


def test_every_value_of_the_domain_has_words():
    tables = {
        "outbox": OutboxState,
        "outbox-tab": OutboxState,
        "outbox-empty": OutboxState,
        "link": LinkState,
        "outcome": AttemptOutcome,
        "evidence": Evidence,
        "strength": Strength,
        "strength-long": Strength,
        "role": ContactRole,
        "user-role": UserRole,
        "class": MessageClass,
    }
    for table, values in tables.items():
        assert {value.value for value in values} <= set(WORDS[table]), table


@pytest.mark.parametrize(
    ("language", "count", "expected"),
    [("de", 1, "1 Tag"), ("de", 3, "3 Tage"), ("en", 1, "1 day"), ("en", 2, "2 days")],
)
def test_plural_forms(language, count, expected):
    assert reader(language).span(NOW - timedelta(days=count)) == expected


def test_dates_and_numbers():
    de, en = reader("de"), reader("en")
    old = datetime(2025, 3, 1, 8, 5, tzinfo=UTC)
    assert (de.date(old), en.date(old)) == ("1. März 2025", "1 Mar 2025")
    assert de.full(NOW) == "Montag, 23. November 2026, 11:42:05 MEZ"
    assert en.long_date(date(2026, 11, 23)) == "Monday, 23 November 2026"
    assert (de.number(1234567), en.number(1234567), de.number(2.5)) == ("1.234.567", "1,234,567", "2,5")
    assert (de.size(5512), en.size(999), de.size(2_204_113)) == ("5,5 KB", "999 B", "2,2 MB")
    assert (de.day(NOW), en.day(NOW - timedelta(days=1))) == ("Heute", "Yesterday")
    assert de.ago(NOW - timedelta(minutes=5)) == "vor 5 Min."
    assert en.ago(NOW - timedelta(seconds=5)) == "just now"
    assert de.ago(NOW - timedelta(hours=3)) == "08:42"
    assert de.ago(NOW + timedelta(hours=3)) == "14:42"


def test_spans_within_sentences():
    de, en = reader("de"), reader("en")
    three = NOW - timedelta(days=3)
    assert (de.span(three), de.lasting(three), en.lasting(three)) == ("3 Tage", "seit 3 Tagen", "for 3 days")
    assert (de.lasting(NOW), de.lasting(NOW - timedelta(hours=2))) == ("seit 0 Min.", "seit 2 Std.")
    assert (de.minutes(2880), de.minutes(90), en.minutes(60)) == ("48 Stunden", "90 Minuten", "1 hour")


def test_weeks_and_debts():
    de, en = reader("de"), reader("en")
    week, across = date(2026, 11, 23), date(2026, 11, 30)
    assert (de.week(week), en.week(week)) == ("23.–29. November 2026", "23–29 November 2026")
    assert (de.week(across), en.week(across)) == ("30. November – 6. Dezember 2026", "30 November – 6 December 2026")
    assert (de.money(-5, "EUR"), en.money(-5, "EUR")) == ("\N{MINUS SIGN}5,00 €", "\N{MINUS SIGN}€5.00")


def test_the_day_is_the_readers():
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert reader("en").day(late) == "Today"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr,en-GB;q=0.7,de;q=0.6", "en"),
        ("fr", "de"),
        ("", "de"),
        ("de;q=x", "de"),
        ("en;q=0", "de"),
    ],
)
def test_preferred_language(header, expected):
    assert preferred(header, "de") == expected


def test_sentences_with_variable_parts():
    de = reader("de")
    assert de.say("The channel office is down.") == "Der Kanal office hat keine Verbindung."
    assert de.say("550 no such user") == "550 no such user"
    assert find_sentence("Messages in quarantine: 2.") == ("Messages in quarantine: %(count)s.", {"count": "2"})
    assert said(NotFound("Something new."), de) == "Das gibt es hier nicht. (Something new.)"
    assert len(set(SENTENCES)) == len(SENTENCES)


def test_languages():
    assert LANGUAGES == ("de", "en")
    assert catalogue("en").gettext("Inbox") == "Inbox"
