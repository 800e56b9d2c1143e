"""How colleagues say things, by example: one language's examples.toml, stemmed and indexed.

A line is an example of its table key's intent; `{contact}`, `{when}`, `{amount}` ... stand for what is meant. After the
intent, a key may hold presets ("inbox box=mine"); any other word only tells two keys of one intent apart.
"""

import math
import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from bots.language.pack import HERE, LanguagePack
from bots.language.signs import load_signs
from bots.language.tokens import SEPARATOR
from hub.domain.folding import fold

NAME, TEXT = "<name>", "<text>"
NAMED = frozenset({"contact", "user", "other", "tag", "template"})
"""Slots that take words the language does not know."""
SHORTEST_STEM = 3
BIGRAM = 0.5
"""What two words in their order count, beside the words themselves."""
_PIECE = re.compile(r"\{(\w+)\}\w*|(:)|([^\s{}:]+)")
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


@dataclass(frozen=True, slots=True)
class Examples:
    """A language's. `index`: a feature -> the examples that have it. `heads`: words that stand before a free text;
    `tails`: that stand behind one."""

    examples: tuple[Example, ...]
    index: Mapping[str, tuple[int, ...]]
    weights: Mapping[str, float]
    suffixes: tuple[str, ...]
    words: frozenset[str]
    stems: frozenset[str]
    heads: frozenset[str]
    tails: frozenset[str]
    slots: Mapping[str, frozenset[str]]
    """An intent -> every slot that one of its examples has."""
    vital: Mapping[str, frozenset[str]]
    """An intent -> the slots that all of its examples have."""


def stem(word: str, suffixes: Sequence[str]) -> str:
    """The word without its ending; crude, and the same for both sides of a comparison."""
    for suffix in suffixes:
        if word.endswith(suffix) and len(word) - len(suffix) >= SHORTEST_STEM:
            return word[: -len(suffix)]
    return word


def list_features(symbols: Sequence[str], weights: Mapping[str, float], unseen: float) -> dict[str, float]:
    """Words and pairs of words, each with its weight. `unseen`: the weight of a word that no example has."""
    found = {one: weights.get(one, unseen) for one in symbols}
    for pair in pairwise(symbols):
        both = " ".join(pair)
        if both in weights:
            found[both] = BIGRAM * weights[both]
    return found


def slot_symbol(slot: str) -> str:
    """What a slot is compared by: names are alike, and so are free texts."""
    return NAME if slot in NAMED else TEXT if slot in ("text", "query") else f"<{slot}>"


@cache
def _load(code: str, root: Path) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]] | None:
    path = root / code / "examples.toml"
    if not path.exists():
        return None
    table = tomllib.loads(path.read_text("utf-8"))
    lines = tuple((key, tuple(block.strip().splitlines())) for key, block in table["examples"].items())
    return tuple(table["suffixes"]), lines


def _pieces(line: str) -> list[str]:
    """`"schreib {contact} : {text}"` -> `["schreib", "{contact}", ":", "{text}"]`, folded."""
    found: list[str] = []
    for slot, colon, words in _PIECE.findall(line):
        found += [f"{{{slot}}}"] if slot else [SEPARATOR] if colon else fold(words).split()
    return found


def load_examples(pack: LanguagePack, root: Path = HERE) -> Examples | None:
    """None where the language has no examples.toml. Raises KeyError for a missing table."""
    loaded = _load(pack.code, root)
    if loaded is None:
        return None
    suffixes, blocks = loaded
    lines = [(key, line, _pieces(line)) for key, block in blocks for line in block if line.strip()]
    sayings = [_symbols(pieces, pack, suffixes) for _, _, pieces in lines]
    weights = _weigh(sayings)
    negations = {stem(word, suffixes) for word in load_signs(pack.code).negations}
    examples = []
    for (key, line, pieces), symbols in zip(lines, sayings, strict=True):
        intent, *labels = key.split()
        preset = tuple((name, value) for name, _, value in (one.partition("=") for one in labels) if value)
        slots = tuple(one.strip("{}") for one in pieces if one.startswith("{"))
        kept = tuple(one for one in preset if one[0] != _NO_PRESET)
        features = list_features(symbols, weights, 0)
        glued = re.search(r"\}s\b", line) is not None
        examples.append(
            Example(
                intent=intent,
                preset=kept,
                slots=slots,
                features=features,
                length=math.hypot(*features.values()),
                negated=bool(negations & set(symbols)),
                glued=glued,
            )
        )
    return _index(tuple(examples), weights, suffixes, [pieces for _, _, pieces in lines])


def _symbols(pieces: Sequence[str], pack: LanguagePack, suffixes: Sequence[str]) -> list[str]:
    return [
        slot_symbol(one.strip("{}")) if one.startswith("{") else stem(one, suffixes)
        for one in pieces
        if one != SEPARATOR and one not in pack.fillers
    ]


def _weigh(sayings: Sequence[Sequence[str]]) -> dict[str, float]:
    """How telling each word and pair is: the rarer, the more (inverse document frequency)."""
    counts: Counter[str] = Counter()
    for one in sayings:
        counts.update(set(one) | {" ".join(pair) for pair in pairwise(one)})
    return {feature: math.log((len(sayings) + 1) / (count + 0.5)) for feature, count in counts.items()}


def _index(
    examples: tuple[Example, ...],
    weights: Mapping[str, float],
    suffixes: tuple[str, ...],
    lines: Sequence[Sequence[str]],
) -> Examples:
    index: dict[str, list[int]] = {}
    slots: dict[str, set[str]] = {}
    vital: dict[str, set[str]] = {}
    for at, example in enumerate(examples):
        slots.setdefault(example.intent, set()).update(example.slots)
        vital.setdefault(example.intent, set(example.slots)).intersection_update(example.slots)
        for feature in example.features:
            index.setdefault(feature, []).append(at)
    words = frozenset(one for pieces in lines for one in pieces if not one.startswith("{") and one != SEPARATOR)
    heads, tails = set(), set()
    for pieces in lines:
        for at, one in enumerate(pieces):
            if one not in ("{text}", "{query}"):
                continue
            if at and pieces[at - 1] in words:
                heads.add(pieces[at - 1])
            if at + 1 < len(pieces) and pieces[at + 1] in words:
                tails.add(pieces[at + 1])
    return Examples(
        examples=examples,
        index={feature: tuple(found) for feature, found in index.items()},
        weights=weights,
        suffixes=suffixes,
        words=words,
        stems=frozenset(stem(word, suffixes) for word in words),
        heads=frozenset(heads),
        tails=frozenset(tails),
        slots={intent: frozenset(names) for intent, names in slots.items()},
        vital={intent: frozenset(names) for intent, names in vital.items()},
    )
