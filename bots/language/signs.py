"""Requests recognised by their signs: words that occur together, in any order. The second look, after the templates: it
takes what people say in whole sentences and colloquially, and it proposes; whatever writes is confirmed as ever.

A sign lists groups of words; from each one word must occur. "word*" is a beginning. What is left over, and is no word
of the language's everyday, is the name of whom it is about.
"""

import re
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from bots.language.amounts import read_amount, read_minutes
from bots.language.pack import HERE, LanguagePack
from bots.language.time_spans import find_when, with_day
from bots.language.tokens import SEPARATOR, Sentence
from hub.domain.folding import fold

LONGEST_NAME = 4
LONGEST_PREPOSITION = 2
OF_LENGTH = ("min*", "stunde*", "std", "hour*", "hrs", "h")
MOST_WORDS = 30
_DOCUMENT = re.compile(r"(?<![\w.,:])((?:[A-Za-z]{1,4}-)\d{2,10}|\d{3,10})(?![\w.,:]\d|\w)")


@dataclass(frozen=True, slots=True)
class StaffSign:
    """One way to say an intent. `needs`: slots that must be found ("contact", "when", "amount", "number", "text");
    `takes`: slots that are kept where they are found."""

    intent: str
    groups: tuple[tuple[str, ...], ...]
    excluded: tuple[str, ...]
    needs: tuple[str, ...]
    takes: tuple[str, ...]
    preset: tuple[tuple[str, str], ...] = ()
    negated: bool = False
    """A negation belongs to it; other signs do not fit a negated sentence."""


@dataclass(frozen=True, slots=True)
class Signs:
    """A language's."""

    signs: tuple[StaffSign, ...]
    everyday: frozenset[str]
    negations: frozenset[str]


@cache
def load_signs(code: str, root: Path = HERE) -> Signs:
    """Of one language; none where it has no signs.toml. Raises KeyError for a missing table."""
    path = root / code / "signs.toml"
    if not path.exists():
        return Signs((), frozenset(), frozenset())
    table = tomllib.loads(path.read_text("utf-8"))
    signs = tuple(
        StaffSign(
            intent=one["intent"],
            groups=tuple(tuple(words.split("|")) for words in one["all"]),
            excluded=tuple(one.get("not", ())),
            needs=tuple(one.get("needs", ())),
            takes=tuple(one.get("takes", ())),
            preset=tuple(one.get("preset", {}).items()),
            negated=one.get("negated", False),
        )
        for one in table["sign"]
    )
    return Signs(signs, frozenset(table["everyday"]), frozenset(table["negations"]))


def has(word: str, patterns: Collection[str]) -> bool:
    """Whether one of the patterns is the word, or its beginning."""
    return any(word.startswith(one[:-1]) if one.endswith("*") else word == one for one in patterns)


def read_by_signs(
    sentence: Sentence, pack: LanguagePack, now: datetime | None
) -> tuple[int, str, dict[str, str]] | None:
    """(weight, intent, slots) of the sign that fits best; None where none does."""
    signs = load_signs(pack.code)
    words = sentence.words[:MOST_WORDS]
    if not signs.signs or not words or len(sentence.words) > MOST_WORDS:
        return None
    negated = bool(signs.negations & set(words))
    found = _Found(sentence, words, pack, signs, now)
    best: tuple[int, str, dict[str, str]] | None = None
    for sign in signs.signs:
        slots = found.fit(sign) if sign.negated == negated else None
        weight = len(sign.groups) * 10 + len(sign.needs)
        if slots is not None and (best is None or weight > best[0]):
            best = (weight, sign.intent, slots)
    return best


def is_document(text: str) -> bool:
    """Whether a "name" is the number of an invoice or order."""
    return _DOCUMENT.fullmatch(text.strip()) is not None


def find_minutes(sentence: Sentence) -> str:
    """ "for 90 minutes" -> "90"; '' where no length is named."""
    for first in range(len(sentence.words) - 1):
        unit = sentence.words[first + 1]
        if not sentence.words[first].isdigit() or not has(unit, OF_LENGTH):
            continue
        if found := read_minutes(sentence.words[first : first + 2]):
            return found
    return ""


def clean_name(text: str, pack: LanguagePack) -> tuple[str, bool]:
    """A name without the everyday words around it, and whether what is left is hardly a name: nothing, or with the
    signs of a request within it. A pronoun is kept as it is."""
    signs = load_signs(pack.code)
    words = text.split()
    folded = [fold(word) for word in words]
    if len(words) == 1 and (folded[0] in pack.pronouns or folded[0].isdigit()):
        return text, False
    common = signs.everyday - pack.pronouns
    first, after = 0, len(words)
    while first < after and folded[first] in common:
        first += 1
    while after > first and folded[after - 1] in common:
        after -= 1
    if first < after:
        # "Carter's", "Hughes'"
        words[after - 1] = re.sub(r"(?<=\w)['\u2019]s?$", "", words[after - 1])
        folded[after - 1] = fold(words[after - 1])
    inner = folded[first:after]
    odd = any(word in common or any(has(word, group) for one in signs.signs for group in one.groups) for word in inner)
    return " ".join(words[first:after]), not inner or odd


class _Found:
    """What stands in one sentence beside its signs."""

    def __init__(
        self, sentence: Sentence, words: Sequence[str], pack: LanguagePack, signs: Signs, now: datetime | None
    ) -> None:
        self._sentence, self._words, self._pack, self._signs = sentence, words, pack, signs
        self._taken: set[int] = set()
        self.when = self._find_when(now)
        self.number = self._find_number()
        self.amount = self._find_amount()

    def _find_when(self, now: datetime | None) -> dict[str, str]:
        if now is None or self._pack.dates is None:
            return {}
        it = self._sentence
        found = find_when(it.raw, it.starts, it.ends, it.words, self._pack.dates, now)
        if found is None:
            return {}
        self._taken |= set(range(found[0], found[1]))
        return with_day(found[2], now)

    def _find_number(self) -> str:
        for match in _DOCUMENT.finditer(self._sentence.raw[:500]):
            spans = [n for n in range(len(self._words)) if match.start() <= self._sentence.starts[n] < match.end()]
            if spans and not self._taken & set(spans) and (not match[1].isdigit() or self._after_document(spans[0])):
                self._taken |= set(spans)
                return match[1]
        return ""

    def _after_document(self, first: int) -> bool:
        before = self._words[max(0, first - 2) : first]
        return any(has(word, DOCUMENTS) for word in before)

    def _find_amount(self) -> dict[str, str]:
        for first, word in enumerate(self._words):
            if first in self._taken or not word[:1].isdigit():
                continue
            for after in range(min(first + 4, len(self._words)), first, -1):
                if self._taken & set(range(first, after)):
                    continue
                read = read_amount(self._sentence, first, after)
                if read.get("amount"):
                    self._taken |= set(range(first, after))
                    return read
        return {}

    def fit(self, sign: StaffSign) -> dict[str, str] | None:
        """The slots where the sign fits."""
        if any(has(word, sign.excluded) for word in self._words):
            return None
        used: set[int] = set()
        for group in sign.groups:
            # Nouns of a time may be signs too ("my *day* today"), its prepositions not.
            hits = {
                n
                for n, word in enumerate(self._words)
                if has(word, group) and (n not in self._taken or len(word) > LONGEST_PREPOSITION)
            }
            if not hits:
                return None
            used |= hits
        slots: dict[str, str] = dict(sign.preset)
        for name in (*sign.needs, *sign.takes):
            slots |= self._slot(name, used)
        if any(not slots.get("number" if name == "place" else name) for name in sign.needs):
            return None
        if not {"contact", "number", "user", "text"} & {*sign.needs, *sign.takes} and self._names_somebody(used):
            # Somebody is named whom this request has no place for.
            return None
        return {name: value for name, value in slots.items() if value}

    def _slot(self, name: str, used: set[int]) -> dict[str, str]:
        match name:
            case "contact":
                return {"contact": self._name(used)}
            case "when":
                return self.when
            case "amount":
                return self.amount
            case "number":
                return {"number": self.number}
            case "user":
                return {"user": self._name(used)}
            case "place":
                return {"number": self._place()}
            case "text":
                return {"text": self._text(used)}
        return {}

    def _place(self) -> str:
        """ "the second one", "number 2" -> "2"."""
        for word in self._words:
            if word in self._pack.ordinals or (word.isdigit() and len(word) == 1):
                return self._pack.ordinals.get(word, word)
        return ""

    def _text(self, used: set[int]) -> str:
        """What stands behind "of", "about", "to": to the end, or to the next sign or time."""
        for n, word in enumerate(self._words[:-1]):
            if n in self._taken or word not in BEFORE_TEXT:
                continue
            after = n + 1
            while after < len(self._words) and after not in self._taken and after not in used:
                after += 1
            if after > n + 1:
                return self._sentence.span(n + 1, after)
        return ""

    def _name(self, used: set[int]) -> str:
        """The longest run of words that are none of the everyday; a pronoun where there is none."""
        best: tuple[int, int, int] = (0, 0, 0)
        start = 0
        while start < len(self._words):
            after = start
            while after < len(self._words) and after - start < LONGEST_NAME and self._may_name(after, used):
                after += 1
            if after > start:
                capital = sum(self._sentence.raw[self._sentence.starts[n]].isupper() for n in range(start, after))
                best = max(best, (capital, after - start, -start))
            start = max(after, start + 1)
        if best[1]:
            first = -best[2]
            return self._sentence.span(first, first + best[1])
        pronouns = [word for n, word in enumerate(self._words) if n not in used and word in self._pack.pronouns]
        return pronouns[-1] if pronouns else ""

    def _names_somebody(self, used: set[int]) -> bool:
        """A capital within the sentence; in German that may be any noun of the trade, which `everyday` then holds."""
        sentence = self._sentence
        return any(
            self._may_name(n, used) and sentence.raw[sentence.starts[n]].isupper() for n in range(1, len(self._words))
        )

    def _may_name(self, at: int, used: set[int]) -> bool:
        word, pack = self._words[at], self._pack
        if at in used or at in self._taken or word == SEPARATOR or len(word) < 3 or not word.isalpha():
            return False
        common = pack.stop_words | pack.fillers | pack.titles | pack.pronouns | pack.connectives | self._signs.everyday
        return word not in common and not any(has(word, group) for sign in self._signs.signs for group in sign.groups)


BEFORE_TEXT = frozenset({"an", "daran", "about", "of", "to"})
DOCUMENTS = frozenset(
    fold(word) for word in ("Rechnung", "Rechnungsnummer", "Auftrag", "Bestellung", "Nummer", "Nr", "invoice", "order")
) | {"bill", "number", "no", "beleg"}
