"""What a customer means. Customers do not learn commands: a request is recognised by its signs, words that occur
together in any order, from the data of a language's customer.toml.

The bot would rather understand nothing than the wrong thing: a long text, a negation that no sign expects, or two
requests at once of which one would change something are for a person.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from rapidfuzz.distance import OSA

from bots.customer.likeness import NONE, CustomerExamples, is_believed
from bots.language.pack import HERE, LanguagePack, load_packs
from bots.language.time_spans import find_when
from bots.language.tokens import SEPARATOR, read_sentence

MOST_WORDS = 60
MOST_MENDED = 10
"""Misspelt words that are looked at in one text."""
BESIDES_TIME = 3
"""Words that may stand beside a time that is meant as an answer."""
OPENED = "/start"
"""What a chat program says for somebody who opens a chat with us: no words of theirs, and no wish for messages."""
CONTEXTUAL = frozenset({"confirm", "decline", "choose", "code", "time", "thanks", "address"})
"""Intents that mean something only after a question."""
CHANGING = frozenset({"book", "move", "cancel", "opt_out", "opt_in"})
STRONG = 9
"""A sign of that weight is believed whatever the text is like: anger is for a person."""
SMALL_TALK = frozenset({"greeting", "thanks"})
_CODE = re.compile(r"(?<![\w-])([0-9]{3}[ \u00a0-]?[0-9]{3})(?![\w-])")
_NUMBER = re.compile(r"(?<![\w.:/-])((?:[A-Za-z]{1,4}-?)?[0-9]{3,10})(?![\w:/%]|[.,]\d)")
_MAIL = re.compile(r"[^\s<>,;:\"'()]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,20}")
_CHOICE = re.compile(r"^\D{0,30}?([1-9])\D{0,30}$")


@dataclass(frozen=True, slots=True)
class Sign:
    """One way to say an intent."""

    intent: str
    groups: tuple[tuple[str, ...], ...]
    excluded: tuple[str, ...]
    weight: int
    whole: bool
    negated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerPack:
    """One language for customers, over the pack that everybody shares."""

    pack: LanguagePack
    signs: tuple[Sign, ...]
    negations: tuple[str, ...]
    fillers: frozenset[str]
    known: frozenset[str]
    """Proper words that are never taken for misspelt ones."""
    ordinals: Mapping[str, int]
    stems: tuple[str, ...]
    """Beginnings of words of the signs."""
    vocabulary: tuple[str, ...]
    """Whole words of the signs, to mend misspelt ones by."""
    wording: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What was understood. `intent` is '' where nothing was; the slots are '' where nothing was said of them."""

    intent: str
    language: str
    when: str = ""
    when_problem: bool = False
    number: str = ""
    code: str = ""
    choice: int = 0
    address: str = ""
    alone: bool = False
    """Hardly anything but a time was said."""


def _sign(table: Mapping[str, Any]) -> Sign:
    groups = tuple(tuple(word.split("|")) for word in table["all"])
    return Sign(
        intent=table["intent"],
        groups=groups,
        excluded=tuple(table.get("not", ())),
        weight=table.get("weight", len(groups)),
        whole=table.get("whole", False),
        negated=table.get("negated", False),
    )


def load_customer_pack(folder: Path, pack: LanguagePack) -> CustomerPack:
    """Read a customer.toml. Raises KeyError for a missing table."""
    table = tomllib.loads((folder / "customer.toml").read_text("utf-8"))
    signs = tuple(_sign(one) for one in table["sign"])
    every = {word for sign in signs for group in sign.groups for word in group if "@" not in word}
    words = {word.rstrip("*") for word in every}
    return CustomerPack(
        pack=pack,
        signs=signs,
        negations=tuple(table["negations"]),
        fillers=frozenset(table["fillers"]),
        known=frozenset(table["known"]),
        ordinals=table["ordinals"],
        stems=tuple(sorted(word[:-1] for word in every if word.endswith("*"))),
        vocabulary=tuple(sorted(word for word in words if len(word) >= 5)),
        wording=table["say"],
    )


@cache
def load_customer_packs(root: Path = HERE) -> dict[str, CustomerPack]:
    """Of every language that speaks to customers, the fallback first."""
    return {
        code: load_customer_pack(root / code, pack)
        for code, pack in load_packs(root).items()
        if (root / code / "customer.toml").exists()
    }


class CustomerRecogniser:
    """Reads what customers write; pure."""

    def __init__(self, packs: Mapping[str, CustomerPack]) -> None:
        self._packs = packs
        self._examples = CustomerExamples({code: one.pack for code, one in packs.items()})

    def read(self, text: str, prefer: str, now: datetime) -> Heard:
        """In whichever language it fits best, at equal weight the preferred one. `now`: aware, in the zone of the
        company."""
        if text.split(maxsplit=1)[:1] == [OPENED]:
            return Heard(intent="greeting", language=prefer if prefer in self._packs else next(iter(self._packs)))
        weight, heard = self._by_signs(text, prefer, now)
        if heard.intent in CONTEXTUAL - {"time"} or weight >= STRONG:
            return heard
        like = self._examples.read(text, now)
        known = heard.intent not in ("", "time")
        if like is None or like.intent == heard.intent:
            return heard
        if not is_believed(like, changing=like.intent in CHANGING, known=known):
            # Rather nothing than the wrong change, where signs and examples do not agree.
            doubtful = heard.intent in CHANGING and is_believed(like, changing=True, known=False)
            return replace(heard, intent="") if doubtful else heard
        intent = "" if like.intent == NONE else like.intent
        if not intent and heard.intent not in CHANGING:
            return heard
        other = self._slots_of(text, like.language, now)
        return replace(heard, intent=intent, language=like.language, **other)

    def _slots_of(self, text: str, language: str, now: datetime) -> dict[str, Any]:
        words = [word for word in read_sentence(text, soft=False).words if word != SEPARATOR]
        return self._slots(text, words, self._packs[language], now)

    def _by_signs(self, text: str, prefer: str, now: datetime) -> tuple[int, Heard]:
        order = sorted(self._packs, key=lambda code: code != prefer)
        found = [self._read(text, self._packs[code], now) for code in order]
        weight, heard = max(found, key=lambda one: one[0])
        if weight[0]:
            return weight[0], heard
        return 0, next((one for _, one in found if one.intent), found[0][1])

    def _read(self, text: str, pack: CustomerPack, now: datetime) -> tuple[tuple[int, int], Heard]:
        """The weight, less what had to be mended; and what was heard."""
        sentence = read_sentence(text, soft=False)
        words = [word for word in sentence.words if word != SEPARATOR]
        slots = self._slots(text, words, pack, now)
        if not words or len(words) > MOST_WORDS:
            return (0, 0), Heard(intent="", language=pack.pack.code, **slots)
        marks = {"@when"} if slots.get("when") else set()
        marks |= {"@number"} if slots.get("number") else set()
        mended = [self._mend(word, pack) for word in words[:MOST_MENDED]] + words[MOST_MENDED:]
        best = self._best(set(mended) | marks, words, mended, pack)
        if best is not None:
            changed = sum(one != other for one, other in zip(words, mended, strict=True))
            return (best.weight, -changed), Heard(intent=best.intent, language=pack.pack.code, **slots)
        return (0, 0), Heard(intent=self._bare(slots), language=pack.pack.code, **slots)

    def _best(self, present: set[str], words: Sequence[str], mended: Sequence[str], pack: CustomerPack) -> Sign | None:
        negated = any(_has(word, pack.negations) for word in words)
        fitting = [sign for sign in pack.signs if self._fits(sign, present, mended, pack)]
        top = max((sign.weight for sign in fitting if not negated or sign.negated), default=0)
        if not top:
            return None
        best = [sign for sign in fitting if sign.weight == top and (not negated or sign.negated)]
        changing = {sign.intent for sign in best} & CHANGING
        if len(changing) > 1:
            return None
        return best[0]

    @staticmethod
    def _fits(sign: Sign, present: set[str], mended: Sequence[str], pack: CustomerPack) -> bool:
        if any(_has(word, sign.excluded) for word in present):
            return False
        if not all(any(_has(word, group) for word in present) for group in sign.groups):
            return False
        if not sign.whole:
            return True
        return len(mended) <= 8 and all(word in pack.fillers or _has(word, sign.groups[0]) for word in mended)

    @staticmethod
    def _mend(word: str, pack: CustomerPack) -> str:
        """A misspelt word as the one word of the vocabulary that is near enough; else as it is."""
        if len(word) < 5 or word.isdigit() or word in pack.vocabulary or word in pack.known or word in pack.fillers:
            return word
        if word.startswith(pack.stems):
            return word
        allowed = 2 if len(word) >= 8 else 1
        near = [(OSA.distance(word, known, score_cutoff=allowed), known) for known in pack.vocabulary]
        near = sorted(one for one in near if one[0] <= allowed)
        return near[0][1] if near and (len(near) == 1 or near[0][0] < near[1][0]) else word

    @staticmethod
    def _slots(text: str, words: Sequence[str], pack: CustomerPack, now: datetime) -> dict[str, Any]:
        slots: dict[str, Any] = {}
        head = text[:1_000]
        if match := _CODE.search(head):
            slots["code"] = "".join(filter(str.isdigit, match[1]))
        if match := _MAIL.search(head):
            slots["address"] = match[0].rstrip(".")
        if match := _NUMBER.search(head):
            slots["number"] = match[1].strip()
        if match := _CHOICE.match(head.strip()):
            slots["choice"] = int(match[1])
        elif len(words) <= 6:
            named = {pack.ordinals[word] for word in words if word in pack.ordinals}
            slots["choice"] = named.pop() if len(named) == 1 else 0
        sentence = read_sentence(head, soft=False)
        if pack.pack.dates is not None:
            found = find_when(head, sentence.starts, sentence.ends, sentence.words, pack.pack.dates, now)
            if found is not None:
                slots["when"] = found[2].get("when", "")
                slots["when_problem"] = "when_problem" in found[2]
                # "Do you deliver?" names no Thursday ("Do" in German).
                slots["alone"] = len(words) - (found[1] - found[0]) <= BESIDES_TIME
        return slots

    @staticmethod
    def _bare(slots: Mapping[str, Any]) -> str:
        """What stands alone: an answer to a question."""
        for name, intent in (("address", "address"), ("choice", "choose"), ("code", "code"), ("when", "time")):
            if slots.get(name) and (name != "when" or slots["alone"]):
                return intent
        return "time" if slots.get("when_problem") and slots["alone"] else ""


def _has(word: str, patterns: Sequence[str]) -> bool:
    return any(word.startswith(one[:-1]) if one.endswith("*") else word == one for one in patterns)
