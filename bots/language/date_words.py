"""The words of one language for days and times, from its dates.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.domain.folding import fold


@dataclass(frozen=True, slots=True, kw_only=True)
class DateWords:
    """One language's words, folded. Phrases of several words are tuples."""

    words: Mapping[str, frozenset[tuple[str, ...]]]
    weekdays: Mapping[str, int]
    months: Mapping[str, int]
    relative: Mapping[tuple[str, ...], int]
    units: Mapping[str, str]
    numbers: Mapping[str, int]
    known: frozenset[str]
    """Words that a span may begin or end with, and that make looking worth while."""


def load_date_words(path: Path) -> DateWords:
    """Read a dates.toml. Raises KeyError for a missing table."""
    table: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    phrases = {
        name: frozenset(tuple(fold(item).split()) for item in value)
        for name, value in table.items()
        if isinstance(value, list) and name not in ("weekdays", "months")
    }
    weekdays = {fold(word): index for index, words in enumerate(table["weekdays"]) for word in words}
    months = {fold(word): index for index, words in enumerate(table["months"], 1) for word in words}
    relative = {tuple(fold(word).split()): days for word, days in table["relative"].items()}
    units = {fold(word): unit for word, unit in table["units"].items()}
    names = (
        "next",
        "this",
        "week",
        "half",
        "quarter",
        "noon",
        "morning",
        "afternoon",
        "end",
        "at",
        "in",
        "half_past",
        "three_quarters",
        "after_next",
    )
    firsts = {phrase[0] for name in names for phrase in phrases[name]} | {phrase[0] for phrase in relative}
    return DateWords(
        words=phrases,
        weekdays=weekdays,
        months=months,
        relative=relative,
        units=units,
        numbers={fold(word): number for word, number in table["numbers"].items()},
        known=frozenset(firsts | weekdays.keys() | months.keys()),
    )
