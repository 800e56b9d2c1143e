"""The phrase files of tests/cases/bot, and what counts as right and as a wrong action."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from bots.language.pack import load_packs
from bots.language.recognition import Reading, Recogniser

CASES = Path(__file__).parents[2] / "cases" / "bot"
NOW = datetime(2026, 11, 24, 10, tzinfo=ZoneInfo("Europe/Berlin"))
"""A Tuesday: when all business phrases are said."""
ACTING = frozenset(
    {"reply", "note", "assign", "close", "reopen", "create", "undo", "confirm", "book_payment", "remind_payment"}
    | {
        "book_appointment",
        "move_appointment",
        "cancel_appointment",
        "missed_appointment",
        "remind_me",
        "drop_reminder",
        "alert_on",
    }
    | {
        "alert_off",
        "snooze",
        "reply_template",
        "ask_colleague",
        "tag",
        "merge",
        "unmerge",
        "invite",
        "invite_to_occasion",
        "register_for_occasion",
        "cancel_registration",
        "check_in",
    }
)
"""Intents that write, or lead to writing."""


@dataclass(frozen=True)
class Phrase:
    text: str
    intent: str
    slots: Mapping[str, str]


@cache
def recogniser() -> Recogniser:
    return Recogniser(load_packs())


def tuned(language: str) -> list[Phrase]:
    table = tomllib.loads((CASES / f"{language}.toml").read_text("utf-8"))
    return [Phrase(case[0], case[1], case[2] if len(case) > 2 else {}) for case in table["cases"]]


def heldout() -> list[Phrase]:
    table = tomllib.loads((CASES / "heldout.toml").read_text("utf-8"))
    return [Phrase(case["text"], case["intent"], case.get("slots", {})) for case in table["case"]]


def heldout_business(audience: str) -> list[Phrase]:
    """Written from docs/abilities.md alone, before any rule; never used to tune."""
    table = tomllib.loads((CASES / "heldout_business.toml").read_text("utf-8"))
    cases = [case for case in table["case"] if case["audience"] == audience]
    return [Phrase(case["text"], case["intent"], case.get("slots", {})) for case in cases]


def is_right(phrase: Phrase, reading: Reading | None) -> bool:
    if reading is None:
        return phrase.intent == "unknown"
    return reading.intent == phrase.intent and all(reading.slots.get(k) == v for k, v in phrase.slots.items())


def is_wrong_action(phrase: Phrase, reading: Reading | None) -> bool:
    """Something would be proposed, or done, that was not asked for."""
    return reading is not None and reading.intent in ACTING and not is_right(phrase, reading)
