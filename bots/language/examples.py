"""How colleagues say things, by example: one language's examples.toml, stemmed and indexed.

A line is an example of its table key's intent; `{contact}`, `{when}`, `{amount}` ... stand for what is meant. After the
intent, a key may hold presets ("inbox box=mine"); any other word only tells two keys of one intent apart. "(a|b)" and
"[x]" are as in the templates. Words of one line of the table `same` are compared as if they were one.
"""

import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from bots.language.leanings import Leanings, count_leanings
from bots.language.pack import HERE, LanguagePack
from bots.language.sayings import Saying, read_saying
from bots.language.signs import load_signs
from bots.language.tokens import SEPARATOR
from bots.language.vocabulary import Vocabulary, read_vocabulary
from hub.domain.folding import fold

NAME, TEXT = "<name>", "<text>"
NAMED = frozenset({"contact", "user", "other", "tag", "template", "thing"})
"""Slots that take words the language does not know."""
BIGRAM = 0.5
"""What two words in their order count, beside the words themselves."""
LIGHT = 0.4
"""What a word counts that tells little ("the", "me")."""
_NO_PRESET = "order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """`slots`: in the order of the line. `features`: what it is compared by, and how much each counts."""

    intent: str
    preset: tuple[tuple[str, str], ...]
    slots: tuple[str, ...]
    features: Mapping[str, float]
    length: float
    """Of the features as a vector."""
    negated: bool
    glued: bool
    """A genitive's s hangs on a name: "{user}s Freitag"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """A language's. `index`: a feature -> the examples that have it. `heads`: words that stand before a free text;
    `tails`: that stand behind one."""

    examples: tuple[Example, ...]
    index: Mapping[str, tuple[int, ...]]
    weights: Mapping[str, float]
    leanings: Leanings
    vocabulary: Vocabulary
    excluded: Mapping[str, frozenset[str]]
    """An intent -> what no sentence of it is compared by."""
    heads: frozenset[str]
    tails: frozenset[str]
    slots: Mapping[str, frozenset[str]]
    """An intent -> every slot that one of its examples has."""
    vital: Mapping[str, frozenset[str]]
    """An intent -> the slots that all of its examples have."""


def slot_symbol(slot: str) -> str:
    """What a slot is compared by: names are alike, and so are free texts."""
    return NAME if slot in NAMED else TEXT if slot in ("text", "query") else f"<{slot}>"


def list_features(symbols: Sequence[str], weights: Mapping[str, float], unseen: float) -> dict[str, float]:
    """Words and pairs of words, each with its weight. `unseen`: the weight of a word that no example has."""
    found = {one: weights.get(one, unseen) for one in symbols}
    for pair in pairwise(symbols):
        both = " ".join(pair)
        if both in weights:
            found[both] = BIGRAM * weights[both]
    return found


@cache
def _load(path: Path) -> Mapping[str, Any] | None:
    return tomllib.loads(path.read_text("utf-8")) if path.exists() else None


def load_examples(pack: LanguagePack, root: Path = HERE, name: str = "examples.toml") -> Examples | None:
    """None where the language has no such file. Raises KeyError for a missing table. Read once: the examples of one
    file stay as they are while the process runs."""
    key = (root / pack.code / name, id(pack))
    if key not in _READ:
        _READ[key] = (pack, _read(pack, root, name))
    return _READ[key][1]


_READ: dict[tuple[Path, int], tuple[LanguagePack, "Examples | None"]] = {}


def _read(pack: LanguagePack, root: Path, name: str) -> Examples | None:
    table = _load(root / pack.code / name)
    if table is None:
        return None
    lines = [
        _Line(key, re.search(r"\}s\b", line) is not None, read_saying(line))
        for key, block in table["examples"].items()
        for line in block.strip().splitlines()
    ]
    words = {one for line in lines for pieces in line.saying.pieces() for one in pieces if _is_word(one)}
    vocabulary = read_vocabulary(table, words)
    symbols = _Symbols(pack, vocabulary)
    weights = _weigh(lines, symbols)
    negations = frozenset(load_signs(pack.code).negations)
    examples = tuple(one for line in lines for one in _examples(line, symbols, weights, negations))
    leanings = count_leanings([(line.intent, _shares(line.saying, symbols)) for line in lines])
    excluded = {
        intent: frozenset(symbols.one(fold(word)) for word in line.split())
        for intent, line in table.get("excluded", {}).items()
    }
    return _index(lines, examples, weights, leanings, vocabulary, excluded)


def _is_word(piece: str) -> bool:
    return piece != SEPARATOR and not piece.startswith("{")


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the file under its key."""

    key: str
    glued: bool
    saying: Saying

    @property
    def intent(self) -> str:
        return self.key.split()[0]


class _Symbols:
    """What pieces are compared by, looked up once."""

    def __init__(self, pack: LanguagePack, vocabulary: Vocabulary) -> None:
        self._pack, self._vocabulary = pack, vocabulary
        self.light = vocabulary.light
        self._known: dict[str, str] = {}

    def of(self, pieces: Sequence[str]) -> list[str]:
        return [found for one in pieces if (found := self.one(one))]

    def one(self, piece: str) -> str:
        """'' where it does not count."""
        if piece not in self._known:
            if piece.startswith("{"):
                found = slot_symbol(piece.strip("{}"))
            elif piece == SEPARATOR or piece in self._pack.fillers:
                found = ""
            else:
                found = self._vocabulary.symbol(piece)
            self._known[piece] = found
        return self._known[piece]


def _shares(saying: Saying, symbols: _Symbols) -> dict[str, float]:
    """A line's symbols; one of many alternatives counts less."""
    found: dict[str, float] = {}
    for part in saying.parts:
        share = 1 / math.sqrt(len(part))
        for pieces in part:
            for symbol in symbols.of(pieces):
                found[symbol] = max(found.get(symbol, 0.0), share)
    return found


def _pairs(saying: Saying, symbols: _Symbols) -> set[str]:
    return {f"{a} {b}" for one, two in saying.followers() if (a := symbols.one(one)) and (b := symbols.one(two))}


def _weigh(lines: Sequence[_Line], symbols: _Symbols) -> dict[str, float]:
    """How telling each word and pair is: the rarer, the more (inverse document frequency)."""
    counts: dict[str, float] = {}
    for line in lines:
        for symbol, share in _shares(line.saying, symbols).items():
            counts[symbol] = counts.get(symbol, 0.0) + share
        for pair in _pairs(line.saying, symbols):
            counts[pair] = counts.get(pair, 0.0) + 1 / 2
    light = symbols.light
    return {
        feature: math.log((len(lines) + 1) / (count + 0.5)) * (LIGHT if light & set(feature.split()) else 1)
        for feature, count in counts.items()
    }


def _examples(
    line: _Line, symbols: _Symbols, weights: Mapping[str, float], negations: frozenset[str]
) -> Iterator[Example]:
    intent, *labels = line.key.split()
    preset = tuple((name, value) for name, _, value in (one.partition("=") for one in labels) if value)
    for slots, negated, saying in line.saying.variants(negations):
        every = {symbol: weights[symbol] for symbol in _shares(saying, symbols)}
        every |= {pair: BIGRAM * weights[pair] for pair in _pairs(saying, symbols)}
        lengths = [
            math.hypot(*list_features(symbols.of(one), weights, 0).values()) for one in dict.fromkeys(saying.samples())
        ]
        if not every:
            continue
        yield Example(
            intent=intent,
            preset=tuple(one for one in preset if one[0] != _NO_PRESET),
            slots=slots,
            features=every,
            length=sum(lengths) / len(lengths),
            negated=negated,
            glued=line.glued,
        )


def _index(
    lines: Sequence[_Line],
    examples: tuple[Example, ...],
    weights: Mapping[str, float],
    leanings: Leanings,
    vocabulary: Vocabulary,
    excluded: Mapping[str, frozenset[str]],
) -> Examples:
    index: dict[str, list[int]] = {}
    slots: dict[str, set[str]] = {}
    vital: dict[str, set[str]] = {}
    for at, example in enumerate(examples):
        slots.setdefault(example.intent, set()).update(example.slots)
        vital.setdefault(example.intent, set(example.slots)).intersection_update(example.slots)
        for feature in example.features:
            index.setdefault(feature, []).append(at)
    heads, tails = _around_texts(lines)
    return Examples(
        examples=examples,
        index={feature: tuple(found) for feature, found in index.items()},
        weights=weights,
        leanings=leanings,
        vocabulary=vocabulary,
        excluded=excluded,
        heads=heads,
        tails=tails,
        slots={intent: frozenset(names) for intent, names in slots.items()},
        vital={intent: frozenset(names) for intent, names in vital.items()},
    )


def _around_texts(lines: Sequence[_Line]) -> tuple[frozenset[str], frozenset[str]]:
    heads, tails = set(), set()
    for line in lines:
        heads |= {one for one, two in line.saying.followers() if two in ("{text}", "{query}") and _is_word(one)}
        behind = False
        for part in line.saying.parts:
            for pieces in part:
                text = next((at for at, one in enumerate(pieces) if one in ("{text}", "{query}")), None)
                if text is not None:
                    behind = True
                    tails |= {one for one in pieces[text + 1 :] if _is_word(one)}
                elif behind:
                    tails |= {one for one in pieces if _is_word(one)}
    return frozenset(heads), frozenset(tails)
