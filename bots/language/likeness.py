"""Requests recognised by their likeness to examples. The third look, where templates and signs do not reach: people
say one thing in a thousand ways, most of them like one that somebody wrote down. It proposes; whatever writes is
confirmed as ever.

What is named (a person, a time, an amount, a number, a free text) is first replaced by a mark; then the sentence is
compared with every example by the words both have, rare ones counting most (TF-IDF and the cosine).
"""

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from bots.language.examples import NAMED, Example, Examples, list_features
from bots.language.marking import View, Way
from bots.language.pack import LanguagePack
from bots.language.signs import load_signs
from bots.language.tokens import Sentence

PLAIN, UNSEEN = 0.5, 2.0
"""What an everyday word, and a word nobody knows, count against the likeness where the example lacks them."""
MISSING, SPARE, SMALL, MENDED = 0.6, 0.85, 0.85, 0.97
"""What the likeness is multiplied by where a slot is not filled, for each name left over, for a name in small letters,
which may as well be a word nobody taught the bot, and for each word that was mended."""
WHOLE = 0.25
"""The share that all of an intent's examples together have in the likeness, beside the one that is most like."""
NOTHING: frozenset[str] = frozenset()
CLEAR = 0.8
"""So like a negated example that a negated sentence may mean it."""
SOME, MOST_COMPARED = 150, 40
"""Examples that a feature alone may bring into the comparison (commoner features only count), and how many of those so
found are looked at closely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """`score`: 0 to 1. `lead`: how far the next best intent is behind. `spans`: the words first..after-1 that stand for
    each slot. `found`: slots that were read (times, amounts, numbers). `negated`: the sentence is, the example is not.
    `glued`: a genitive's s hangs on the name."""

    intent: str
    score: float
    lead: float = 0.0
    preset: tuple[tuple[str, str], ...]
    spans: tuple[tuple[str, tuple[int, int]], ...]
    missing: tuple[str, ...]
    found: dict[str, str]
    negated: bool
    glued: bool


def read_by_likeness(
    sentence: Sentence, start: int, pack: LanguagePack, examples: Examples, now: datetime | None
) -> Likeness | None:
    """The example that is most like the sentence from its word `start` on; None where nothing is alike at all. The
    sentence holds its soft separators."""
    if not sentence.words[start:]:
        return None
    view = View(sentence, start, pack, examples, now)
    negated = bool(load_signs(pack.code).negations & set(sentence.words))
    best: dict[str, Likeness] = {}
    for way in view.ways():
        if way.text is not None and not _says_something(way, examples):
            continue
        nearest: dict[str, tuple[float, Example]] = {}
        for score, example in _compare(way, examples):
            if (way.text is not None) != bool({"text", "query"} & set(example.slots)) and way.text is not None:
                continue
            if examples.excluded.get(example.intent, NOTHING) & set(way.symbols):
                continue
            if example.intent not in nearest or score > nearest[example.intent][0]:
                nearest[example.intent] = (score, example)
        shares = examples.leanings.shares(way.symbols) if nearest else {}
        for intent, (score, example) in nearest.items():
            likeness = _rank(score, shares[intent], example, way, view, examples)
            if intent not in best or likeness.score > best[intent].score:
                best[intent] = likeness
    if not best:
        return None
    ranked = sorted(best.values(), key=lambda one: -one.score)
    first, second = ranked[0], ranked[1] if len(ranked) > 1 else None
    return replace(
        first,
        lead=first.score - (second.score if second else 0),
        negated=negated and (not first.negated or first.score < CLEAR),
    )


def _says_something(way: Way, examples: Examples) -> bool:
    """Whether beside a free text any word stands that tells what is wanted."""
    return any(one[0] not in "<~?" and one not in examples.vocabulary.light for one in way.symbols)


def _rank(score: float, share: float, example: Example, way: Way, view: View, examples: Examples) -> Likeness:
    """Less alike where something the intent cannot do without is missing, or somebody is named for nothing."""
    spans, missing, spare = _fill(example, way, view)
    vital = [
        slot for slot in missing if slot in examples.vital[example.intent] and not (slot == "contact" and view.refers)
    ]
    score = (1 - WHOLE) * score + WHOLE * share
    score *= (MISSING if vital else 1) * SPARE**spare * MENDED**way.mended
    score *= SMALL if way.names and not any(view.is_capital(mark) for mark in way.names) else 1
    wanted = examples.slots[example.intent]
    found = {name: value for slot, values in view.found.items() if slot in wanted for name, value in values.items()}
    return Likeness(
        intent=example.intent,
        score=score,
        preset=example.preset,
        spans=spans,
        missing=missing,
        found=found,
        glued=example.glued,
        negated=example.negated,
    )


def _compare(way: Way, examples: Examples) -> Iterator[tuple[float, Example]]:
    features = {
        one: PLAIN if one.startswith("~") else weight
        for one, weight in list_features(way.symbols, examples.weights, UNSEEN).items()
    }
    length = math.hypot(*features.values())
    if not length:
        return
    shared: dict[int, float] = {}
    every = examples.examples
    known = sorted((one for one in features if one in examples.index), key=lambda one: len(examples.index[one]))
    for feature in known:
        weight, holders = features[feature], examples.index[feature]
        if not shared or len(holders) <= SOME:
            for at in holders:
                shared[at] = shared.get(at, 0.0) + weight * every[at].features[feature]
        else:
            for at in shared:
                shared[at] += weight * every[at].features.get(feature, 0.0)
    nearest = heapq.nlargest(MOST_COMPARED, ((product / every[at].length, at) for at, product in shared.items()))
    for product, at in nearest:
        # A line with alternatives may share more with a sentence than one of its own has.
        yield min(1.0, product / length), every[at]


def _fill(
    example: Example, way: Way, view: "View"
) -> tuple[tuple[tuple[str, tuple[int, int]], ...], tuple[str, ...], int]:
    """(slot -> words, slots that nothing stands for, names left over)."""
    names = list(way.names)
    spans: list[tuple[str, tuple[int, int]]] = []
    missing: list[str] = []
    for slot in example.slots:
        if slot in NAMED and names:
            mark = names.pop(0)
            spans.append((slot, (mark.first, mark.after)))
        elif slot in ("text", "query") and way.text is not None:
            spans.append((slot, (way.text.first, way.text.after)))
        elif slot == "place" and view.place is not None:
            spans.append((slot, (view.place, view.place + 1)))
        elif slot in ("tag", "template") and (at := view.find_label()) is not None:
            spans.append((slot, (at, at + 1)))
        elif slot not in view.found:
            missing.append(slot)
    return tuple(spans), tuple(missing), len(names)
