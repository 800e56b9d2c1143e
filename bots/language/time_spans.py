"""Where in a sentence a time is named."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bots.language.date_words import DateWords
from bots.language.dates import LONGEST, TIME_ONLY, read_when


def find_when(text: str, starts: Sequence[int], ends: Sequence[int], folded: Sequence[str], words: DateWords,
              now: datetime) -> tuple[int, int, dict[str, str]] | None:  # fmt: skip
    """The longest, then first, span of words (positions in `starts` and `ends`) that names a time."""
    likely = [i for i, word in enumerate(folded) if word in words.known or word[:1].isdigit()]
    if not likely:
        return None
    for length in range(min(LONGEST, len(folded)), 0, -1):
        for first in range(len(folded) - length + 1):
            if folded[first] not in words.known and not folded[first][:1].isdigit():
                continue
            after = first + length
            end = ends[after - 1]
            # "3.12." keeps its full stop.
            end += 1 if text[end : end + 1] == "." and folded[after - 1].isdigit() else 0
            span = text[starts[first] : end]
            if span.isdigit():
                continue
            found = read_when(span, words, now)
            if found is not None:
                while first and (folded[first - 1],) in words.words["article"]:
                    first -= 1
                return first, after, found
    return None


def with_day(found: dict[str, str], now: datetime) -> dict[str, str]:
    """A time without a day is today's, or tomorrow's where it is past; `time_only` says that no day was named."""
    when = found.get("when", "")
    if not when.startswith(TIME_ONLY):
        return found
    day = now.date()
    if when[1:] <= now.strftime("%H:%M"):
        day += timedelta(days=1)
    return {"when": f"{day.isoformat()}{when}", "time_only": "1"}
