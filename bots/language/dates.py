"""Days and times in people's words, by the data of a language's dates.toml. Algorithm:

A span of words is read from left to right; every word must be taken by a rule (a weekday, a relative day, a date in
figures, a time, a part of the day, ...), else the span names no time. What was found is then put together: what the
day lacks follows from now; a time without morning or afternoon between 1 and 6 is in the afternoon, because people
make appointments in business hours. What names a time that does not exist (31.2., 25:00) is a problem, never another
date.
"""

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from bots.language.date_words import DateWords
from hub.domain.folding import fold

LONGEST = 10
"""Words of a span."""
AFTERNOON_FROM, AFTERNOON_TO = 1, 6
TIME_ONLY = "T"
"""What a `when` begins with that names a time without a day."""
_TOKEN = re.compile(
    r"(?P<iso>\d{4}-\d{2}-\d{2}(?!\d))"
    r"|(?P<dotted>\d{1,2}\.\s?\d{1,2}\.(?:\d{4}|\d{2})?)(?!\d)"
    r"|(?P<slashed>\d{1,2}/\d{1,2}(?:/\d{2,4})?)(?!\d)"
    r"|(?P<clock>\d{1,2}[:.]\d{2})\s?(?P<half_clock>[ap]\.?m\b\.?)?(?!\d)"
    r"|(?P<hour>\d{1,2})\s?(?P<half_hour>[ap]\.?m\b\.?|h\b|uhr\b|o.?clock\b)"
    r"|(?P<ordinal>\d{1,2})(?:\.|st\b|nd\b|rd\b|th\b)"
    r"|(?P<int>\d{1,4})"
    r"|(?P<word>[^\W\d_]+)",
    re.IGNORECASE,
)


class Impossible(ValueError):
    """A time that does not exist."""


def read_when(text: str, words: DateWords, now: datetime) -> dict[str, str] | None:
    """`{"when": "2026-12-01T10:00"}` where the whole text names a time, `{"when_problem": ...}` where it names one that
    does not exist, None where it names none. `when` is a moment, a day, `2026-W50`, `2026-12`, or `T10:00` for a time
    without a day. `now` is aware, in the zone of whoever speaks."""
    tokens = list(_TOKEN.finditer(text[:200]))
    if not tokens or _TOKEN.sub("", text[:200]).strip(" ,.;-–—?!'’"):
        return None
    reader = _Reader(tokens, words, now)
    try:
        return {"when": found} if (found := reader.read()) else None
    except Impossible as error:
        return {"when_problem": str(error)}


class _Reader:
    """One span."""

    def __init__(self, tokens: Sequence[re.Match[str]], words: DateWords, now: datetime) -> None:
        self.tokens, self.words, self.now, self.at = tokens, words, now, 0
        self.day: date | None = None
        self.week = self.month = self.moment = ""
        self.clock: tuple[int, int] | None = None
        self.clock_sure = False
        self.part = ""
        self.following = False
        self.weekday: int | None = None

    def read(self) -> str:
        """The value, or ''."""
        while self.at < len(self.tokens):
            before = self.at
            for rule in (self._figures, self._relative_day, self._span, self._weekday, self._named_month, self._week,
                         self._end, self._spoken_time, self._part_of_day, self._joint):  # fmt: skip
                if rule():
                    break
            if self.at == before:
                return ""
        return self._value()

    # Tokens

    def _word(self, ahead: int = 0) -> str:
        index = self.at + ahead
        if index >= len(self.tokens):
            return ""
        word = self.tokens[index]["word"]
        return fold(word) if word else ""

    def _phrase(self, name: str) -> bool:
        """Take the longest phrase of that name, if one stands here."""
        return self._take(self.words.words[name])

    def _take(self, phrases: Any) -> bool:
        for phrase in sorted(phrases, key=len, reverse=True):
            if all(self._word(i) == part for i, part in enumerate(phrase)):
                self.at += len(phrase)
                return True
        return False

    def _number(self, ahead: int = 0) -> int | None:
        index = self.at + ahead
        if index >= len(self.tokens):
            return None
        plain = self.tokens[index]["int"] or self.tokens[index]["ordinal"]
        return int(plain) if plain else self.words.numbers.get(self._word(ahead))

    # Rules

    def _figures(self) -> bool:
        token = self.tokens[self.at]
        if token["iso"]:
            year, month, day = (int(part) for part in token["iso"].split("-"))
            self.day = _day(year, month, day)
        elif token["dotted"]:
            self.day = self._dated(re.split(r"\.\s?", token["dotted"]))
        elif token["slashed"]:
            self.day = self._dated(token["slashed"].split("/"))
        elif token["clock"]:
            hour, minute = re.split(r"[:.]", token["clock"])
            self._set_clock(int(hour), int(minute), token["half_clock"] or "", exact=len(hour) == 2)
        elif token["hour"]:
            half = token["half_hour"]
            self._set_clock(int(token["hour"]), 0, half if half[0] in "aApP" else "")
            after = self._number(1)
            if half[:1] in "uU" and after is not None and after < 60 and self.tokens[self.at + 1]["int"]:
                self._set_clock(int(token["hour"]), after, "")
                self.at += 1
        else:
            return False
        self.at += 1
        return True

    def _dated(self, parts: list[str]) -> date:
        numbers = [int(part) for part in parts if part]
        day, month = numbers[0], numbers[1]
        if len(numbers) > 2:
            return _day(numbers[2] + (2000 if numbers[2] < 100 else 0), month, day)
        return self._coming(month, day)

    def _coming(self, month: int, day: int) -> date:
        """Without a year: this year's, or the next where that is past."""
        today = self.now.date()
        if month == 2 and day == 29:
            return next(_day(y, 2, 29) for y in range(today.year, today.year + 9) if monthrange(y, 2)[1] == 29)
        found = _day(today.year, month, day)
        return found if found >= today else _day(today.year + 1, month, day)

    def _set_clock(self, hour: int, minute: int, half: str, *, exact: bool = False) -> None:
        if hour > 24 or minute > 59 or (hour == 24 and minute) or (half and not 1 <= hour <= 12):
            raise Impossible(f"{hour}:{minute:02}")
        if half:
            hour = hour % 12 + (12 if half.lower().startswith("p") else 0)
        self.clock = (hour % 24, minute)
        self.clock_sure = bool(half) or (exact and hour < 10)

    def _relative_day(self) -> bool:
        if self.day is not None or self.weekday is not None:
            return False
        for phrase in sorted(self.words.relative, key=len, reverse=True):
            if all(self._word(i) == part for i, part in enumerate(phrase)):
                self.at += len(phrase)
                self.day = self.now.date() + timedelta(days=self.words.relative[phrase])
                return True
        return False

    def _span(self) -> bool:
        """ "in 3 Tagen", "in einer Stunde"; "Montag in einer Woche" adds to the weekday."""
        if (self._word(),) not in self.words.words["in"]:
            return False
        number, unit = self._number(1), self.words.units.get(self._word(2), "")
        if number is None or not unit or number > 500:
            return False
        self.at += 3
        today = self.now.date()
        if unit in ("minute", "hour"):
            later = self.now + timedelta(minutes=number * (60 if unit == "hour" else 1))
            self.moment = later.strftime("%Y-%m-%dT%H:%M")
        elif unit == "month":
            total = today.month - 1 + number
            year, month = today.year + total // 12, total % 12 + 1
            self.day = date(year, month, min(today.day, monthrange(year, month)[1]))
        else:
            days = number * (7 if unit == "week" else 1)
            self.day = (self._weekday_date() if self.weekday is not None else today) + timedelta(days=days)
            self.weekday = None
        return True

    def _weekday(self) -> bool:
        ahead = 0
        following = False
        while (self._word(ahead),) in self.words.words["next"] | self.words.words["this"]:
            following = following or (self._word(ahead),) in self.words.words["next"]
            ahead += 1
        index = self.words.weekdays.get(self._word(ahead))
        if index is None or self.day is not None or self.weekday is not None or (self.week and ahead == 0):
            return False
        self.at += ahead + 1
        self.weekday, self.following = index, following
        return True

    def _weekday_date(self) -> date:
        today = self.now.date()
        days = ((self.weekday or 0) - today.weekday()) % 7 or 7
        # Whoever says "next" does not mean tomorrow.
        return today + timedelta(days=days + 7 if self.following and days == 1 else days)

    def _named_month(self) -> bool:
        """ "3. Dezember 2026", "Dec 3rd", "im Dezember"."""
        number = self._number()
        joined = 2 if (self._word(1),) in self.words.words["on"] else 1
        if number is not None and self._word(joined) in self.words.months and 1 <= number <= 31:
            month = self.words.months[self._word(joined)]
            self.at += 1 + joined
        elif self._word() in self.words.months:
            month = self.words.months[self._word()]
            number = self._number(1)
            self.at += 1 if number is None or number > 31 else 2
        else:
            return False
        year = self._number()
        year = year if year is not None and 2000 <= year <= 2100 else None
        if year:
            self.at += 1
        if number is None or number > 31:
            self.month = f"{year or self.now.year + (month < self.now.month)}-{month:02}"
        else:
            self.day = _day(year, month, number) if year else self._coming(month, number)
            self.weekday = None
        return True

    def _week(self) -> bool:
        """ "KW 50", "nächste Woche", "next month"."""
        today = self.now.date()
        if (self._word(),) in self.words.words["week"] and (number := self._number(1)) is not None:
            if not 1 <= number <= 53:
                raise Impossible(f"KW {number}")
            self.at += 2
            year = today.year + (number < today.isocalendar().week)
            try:
                date.fromisocalendar(year, number, 1)
            except ValueError as error:
                raise Impossible(f"KW {number}") from error
            self.week = f"{year}-W{number:02}"
            return True
        if self._phrase("after_next"):
            year, week, _ = (today + timedelta(days=14)).isocalendar()
            self.week = f"{year}-W{week:02}"
            return True
        steps = 1 if (self._word(),) in self.words.words["next"] else 0
        if not steps and (self._word(),) not in self.words.words["this"]:
            return False
        if (self._word(1),) in self.words.words["week_unit"]:
            year, week, _ = (today + timedelta(days=7 * steps)).isocalendar()
            self.week = f"{year}-W{week:02}"
        elif (self._word(1),) in self.words.words["month_unit"]:
            first = (today.replace(day=1) + timedelta(days=32 * steps)).replace(day=1)
            self.month = f"{first.year}-{first.month:02}"
        else:
            return False
        self.at += 2
        return True

    def _end(self) -> bool:
        """ "Ende des Monats", "end of the week"."""
        start = self.at
        if not self._phrase("end"):
            return False
        while (self._word(),) in self.words.words["next"] | self.words.words["this"]:
            self.at += 1
        today = self.now.date()
        if (self._word(),) in self.words.words["month_unit"]:
            self.day = today.replace(day=monthrange(today.year, today.month)[1])
        elif (self._word(),) in self.words.words["week_unit"]:
            self.day = today + timedelta(days=(4 - today.weekday()) % 7)
        elif self._word() in self.words.months:
            month = self.words.months[self._word()]
            year = today.year + (month < today.month)
            self.day = date(year, month, monthrange(year, month)[1])
        else:
            self.at = start
            return False
        self.at += 1
        return True

    def _spoken_time(self) -> bool:
        """ "um 10", "halb vier", "viertel nach drei", "quarter past three", "noon", and a bare hour after a day."""
        start = self.at
        at = self._phrase("at")
        if self._phrase("noon"):
            self.clock, self.clock_sure = (12, 0), True
            return True
        if self._phrase("half_past") and (hour := self._number()) is not None and 1 <= hour <= 12:
            self.at += 1
            self._set_clock(hour, 30, "")
            return True
        if self._phrase("three_quarters") and (hour := self._number()) is not None and 1 <= hour <= 12:
            self.at += 1
            self._set_clock(hour - 1 or 12, 45, "")
            return True
        if self._phrase("half") and (hour := self._number()) is not None and 1 <= hour <= 12:
            self.at += 1
            self._set_clock(hour - 1 or 12, 30, "")
            return True
        if self._phrase("quarter") and self._word():
            later = (self._word(),) in self.words.words["past"]
            hour = self._number(1)
            if (later or (self._word(),) in self.words.words["to"]) and hour is not None and 1 <= hour <= 12:
                self.at += 2
                self._set_clock(hour if later else hour - 1 or 12, 15 if later else 45, "")
                return True
        number = self._number()
        dated = self.day is not None or self.weekday is not None
        if number is not None and self._word(1) in self.words.months:
            # "ab 1. Dezember": a day, not an hour.
            self.at = start
            return False
        if number is not None and number <= 24 and self.clock is None and (at or dated):
            self.at += 1
            self._phrase("day_words")
            self._set_clock(number, 0, "")
            return True
        # "um 10 Uhr": the figure is a token of its own, and the word before it belongs to it.
        if at and self.at < len(self.tokens) and (self.tokens[self.at]["clock"] or self.tokens[self.at]["hour"]):
            return True
        self.at = start
        return False

    def _part_of_day(self) -> bool:
        for name in ("morning", "afternoon"):
            if self._phrase(name):
                self.part = name
                if self.day is None and self.weekday is None and not self.week and not self.clock:
                    self.day = self.now.date()
                return True
        return False

    def _joint(self) -> bool:
        """A word that only joins: "am", "on the"."""
        return (self.at + 1 < len(self.tokens) or self.at == 0) and self._phrase("on")

    # Putting together

    def _value(self) -> str:
        if self.moment:
            return self.moment
        if self.weekday is not None and self.day is None:
            self.day = self._weekday_date()
        if self.day is None:
            if self.week or self.month:
                return self.week or self.month
            return f"T{self._hour():02}:{self._minute():02}" if self.clock else ""
        if self.clock is None:
            return self.day.isoformat()
        return f"{self.day.isoformat()}T{self._hour():02}:{self._minute():02}"

    def _hour(self) -> int:
        assert self.clock is not None
        hour = self.clock[0]
        if self.part == "afternoon" and 1 <= hour < 12:
            return hour + 12
        if self.part != "morning" and not self.clock_sure and AFTERNOON_FROM <= hour <= AFTERNOON_TO:
            return hour + 12
        return hour

    def _minute(self) -> int:
        return self.clock[1] if self.clock else 0


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise Impossible(f"{day}.{month}.") from error
