"""Requests recognised by their likeness to examples. The third look, where templates and signs do not reach: people
say one thing in a thousand ways, most of them like one that somebody wrote down. It proposes; whatever writes is
confirmed as ever.

What is named (a person, a time, an amount, a number, a free text) is first replaced by a mark; then the sentence is
compared with every example by the words both have, rare ones counting most (TF-IDF and the cosine).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bots.language.amounts import CURRENCIES, read_amount, read_minutes
from bots.language.examples import NAME, NAMED, TEXT, Example, Examples, list_features, stem
from bots.language.pack import LanguagePack
from bots.language.signs import DOCUMENTS, OF_LENGTH, has, is_document, load_signs
from bots.language.time_spans import find_when, with_day
from bots.language.tokens import MAX_TOKENS, SEPARATOR, Sentence

MOST_WORDS = 40
"""Words that are compared; a free text goes on behind them."""
MOST_WAYS = 8
LONGEST_NAME = 5
PLAIN, UNSEEN = 0.5, 2.0
"""What an everyday word, and a word nobody knows, count against the likeness where the example lacks them."""
MISSING, SPARE, SMALL = 0.6, 0.85, 0.8
"""What the likeness is multiplied by where a slot is not filled, for each name left over, and for a name in small
letters, which may as well be a word nobody taught the bot."""
SHORTEST_PHONE = 5


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


@dataclass(frozen=True, slots=True)
class _Mark:
    """Something named: `symbol` stands for the words first..after-1."""

    symbol: str
    first: int
    after: int


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to look at a sentence."""

    symbols: tuple[str, ...]
    names: tuple[_Mark, ...]
    text: _Mark | None


def read_by_likeness(
    sentence: Sentence, start: int, pack: LanguagePack, examples: Examples, now: datetime | None
) -> Likeness | None:
    """The example that is most like the sentence from its word `start` on; None where nothing is alike at all. The
    sentence holds its soft separators."""
    if not sentence.words[start:]:
        return None
    view = _View(sentence, start, pack, examples, now)
    negated = bool(load_signs(pack.code).negations & set(sentence.words))
    best: dict[str, tuple[float, Example, _Way]] = {}
    for way in view.ways():
        for score, example in _compare(way, examples):
            if way.text is not None and not {"text", "query"} & set(example.slots):
                continue
            if example.intent not in best or score > best[example.intent][0]:
                best[example.intent] = (score, example, way)
    if not best:
        return None
    ranked = sorted((_rank(*one, view, examples) for one in best.values()), key=lambda one: -one.score)
    first, second = ranked[0], ranked[1] if len(ranked) > 1 else None
    return replace(first, lead=first.score - (second.score if second else 0), negated=negated and not first.negated)


def _rank(score: float, example: Example, way: _Way, view: "_View", examples: Examples) -> Likeness:
    """Less alike where something the intent cannot do without is missing, or somebody is named for nothing."""
    spans, missing, spare = _fill(example, way, view)
    vital = [
        slot for slot in missing if slot in examples.vital[example.intent] and not (slot == "contact" and view.refers)
    ]
    score *= (MISSING if vital else 1) * SPARE**spare
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


def is_phone(digits: str) -> bool:
    """Whether digits without a currency are rather a number to call than an amount."""
    return digits.isdigit() and (digits.startswith("0") or len(digits) > SHORTEST_PHONE)


def _compare(way: _Way, examples: Examples) -> Iterator[tuple[float, Example]]:
    features = {
        one: PLAIN if one.startswith("~") else weight
        for one, weight in list_features(way.symbols, examples.weights, UNSEEN).items()
    }
    length = math.hypot(*features.values())
    shared: dict[int, float] = {}
    for feature, weight in features.items():
        for at in examples.index.get(feature, ()):
            shared[at] = shared.get(at, 0.0) + weight * examples.examples[at].features[feature]
    for at, product in shared.items():
        example = examples.examples[at]
        if length and example.length:
            yield product / (length * example.length), example


def _fill(
    example: Example, way: _Way, view: "_View"
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
        elif slot in ("tag", "template") and len(view) - 1 not in view.marks:
            # "tag Sawyer as regular": a word of everyday may be a tag.
            spans.append((slot, (len(view) - 1, len(view))))
        elif slot not in view.found:
            missing.append(slot)
    return tuple(spans), tuple(missing), len(names)


class _View:
    """A sentence with what is named in it marked."""

    def __init__(
        self, sentence: Sentence, start: int, pack: LanguagePack, examples: Examples, now: datetime | None
    ) -> None:
        self._sentence, self._start, self._pack, self._examples = sentence, start, pack, examples
        self._words = sentence.words[: start + MOST_WORDS]
        self._is_whole = len(self._words) == len(sentence.words) < MAX_TOKENS
        self._signs = load_signs(pack.code)
        self._common = self._signs.everyday | pack.stop_words | pack.fillers | pack.titles | pack.connectives
        self.marks: dict[int, _Mark] = {}
        self.found: dict[str, dict[str, str]] = {}
        self.place: int | None = None
        self.refers = bool(pack.pronouns & set(self._words))
        self._mark_when(now)
        self._mark_lengths()
        self._mark_places()
        self._mark_numbers()

    def __len__(self) -> int:
        return len(self._words)

    def _take(self, slot: str, first: int, after: int, values: dict[str, str]) -> None:
        self.found[slot] = values
        for at in range(first, after):
            self.marks[at] = _Mark(f"<{slot}>", first, after)

    def _free(self, first: int, after: int) -> bool:
        return not any(at in self.marks for at in range(first, after))

    def _mark_when(self, now: datetime | None) -> None:
        if now is None or self._pack.dates is None:
            return
        it = self._sentence
        found = find_when(it.raw, it.starts, it.ends, it.words, self._pack.dates, now)
        if found is not None and found[0] >= self._start and "when" in found[2]:
            self._take("when", found[0], found[1], with_day(found[2], now))

    def _mark_lengths(self) -> None:
        for at in range(self._start, len(self._words) - 1):
            pair = self._words[at : at + 2]
            if has(pair[1], OF_LENGTH) and self._free(at, at + 2) and (minutes := read_minutes(pair)):
                self._take("minutes", at, at + 2, {"minutes": minutes})
                return

    def _mark_numbers(self) -> None:
        at = self._start
        while at < len(self._words):
            after = self._number_from(at) if self._free(at, at + 1) else at
            at = max(after, at + 1)

    def _number_from(self, at: int) -> int:
        """Mark the document number or amount that begins here; the word after it."""
        words, sentence = self._words, self._sentence
        for after in (at + 2, at + 1):
            if after > len(words) or not self._free(at, after) or "number" in self.found:
                continue
            span = sentence.span(at, after)
            named = any(has(word, DOCUMENTS) for word in words[max(0, at - 2) : at])
            if is_document(span) and (named or not span.isdigit()):
                self._take("number", at, after, {"number": span})
                return after
        if not words[at][:1].isdigit() or "amount" in self.found:
            return at
        for after in range(min(at + 4, len(words)), at, -1):
            if not self._free(at, after) or not all(w.isdigit() or w in CURRENCIES for w in words[at:after]):
                continue
            if "." not in sentence.span(at, after).replace(",", ".") and is_phone("".join(words[at:after])):
                return at
            read = read_amount(sentence, at, after)
            if read.get("amount"):
                self._take("amount", at, after, read)
                return after
        return at

    def _mark_places(self) -> None:
        """ "the second one", "reminder 2"."""
        for at in range(self._start, len(self._words)):
            word = self._words[at]
            single = word.isdigit() and len(word) == 1 and not self._in_number(at)
            if self._free(at, at + 1) and (word in self._pack.ordinals or single):
                self.place = at
                self.marks[at] = _Mark("<place>", at, at + 1)
                return

    def _in_number(self, at: int) -> bool:
        """Whether these digits are part of a longer figure ("1,200.50")."""
        raw, first, after = self._sentence.raw, self._sentence.starts[at], self._sentence.ends[at]
        behind = raw[after : after + 1] in (".", ",", ":", "/") and raw[after + 1 : after + 2].isdigit()
        return behind or (raw[first - 1 : first] in (".", ",", ":", "/") and raw[first - 2 : first - 1].isdigit())

    def ways(self) -> Iterator[_Way]:
        """As it is, and with the words behind each colon, comma or introducing word as one free text."""
        yield self._way(len(self._words), len(self._words))
        given = 0
        for at in range(self._start, len(self._words) - 1):
            if self._words[at] != SEPARATOR and self._words[at] not in self._examples.heads:
                continue
            if at in self.marks:
                continue
            whole = self._text_from(at + 1, len(self._words))
            last = self.marks.get(whole[1] - 1) if self._is_whole else None
            spans = [whole]
            if last is not None and last.symbol == "<when>":
                spans.append(self._text_from(at + 1, last.first))
            for first, after in spans:
                if first < after:
                    yield self._way(first, after)
                    given += 1
            if given >= MOST_WAYS:
                return

    def _text_from(self, first: int, after: int) -> tuple[int, int]:
        """A free text runs to the end, but for a time that it begins with and a word that closes the request."""
        if self._is_whole and after > first + 1 and self._words[after - 1] in self._examples.tails:
            after -= 1
        if first in self.marks and self.marks[first].symbol == "<when>":
            first = self.marks[first].after
        while first < after and self._words[first] == SEPARATOR:
            first += 1
        return first, after

    def _way(self, text_first: int, text_after: int) -> _Way:
        symbols: list[str] = []
        names: list[_Mark] = []
        end = len(self._sentence.words) if text_after == len(self._words) else text_after
        text = _Mark(TEXT, text_first, end) if text_first < text_after else None
        at = self._start
        while at < len(self._words):
            if text is not None and at == text_first:
                symbols.append(TEXT)
                at = text_after
            elif at in self.marks:
                symbols.append(self.marks[at].symbol)
                at = self.marks[at].after
            elif self._unknown(at):
                mark = self._name_from(at, text_first)
                names.append(mark)
                symbols.append(NAME)
                at = mark.after
            else:
                symbols += self._symbol(at)
                at += 1
        return self._prefer_capitals(symbols, names, text)

    def _symbol(self, at: int) -> list[str]:
        word = self._words[at]
        if word == SEPARATOR or word in self._pack.fillers:
            return []
        stemmed = stem(word, self._examples.suffixes)
        return [stemmed if stemmed in self._examples.stems else f"~{stemmed}"]

    def _unknown(self, at: int) -> bool:
        word = self._words[at]
        if word == SEPARATOR or at in self.marks or word in self._common or word in self._pack.pronouns:
            return False
        return stem(word, self._examples.suffixes) not in self._examples.stems

    def _name_from(self, at: int, limit: int) -> _Mark:
        after = at + 1
        while after < min(len(self._words), max(limit, at + 1)) and after - at < LONGEST_NAME and self._unknown(after):
            after += 1
        return _Mark(NAME, at, after)

    def _prefer_capitals(self, symbols: list[str], names: list[_Mark], text: _Mark | None) -> _Way:
        """Where some unknown words are capitalised, the others are no names but words nobody taught the bot."""
        capital = [mark for mark in names if self.is_capital(mark)]
        if not capital or len(capital) == len(names):
            return _Way(tuple(symbols), tuple(names), text)
        kept: list[str] = []
        left: Sequence[_Mark] = names
        for symbol in symbols:
            if symbol == NAME:
                mark, *left = left
                symbol = NAME if mark in capital else f"?{self._words[mark.first]}"
            kept.append(symbol)
        return _Way(tuple(kept), tuple(capital), text)

    def is_capital(self, mark: _Mark) -> bool:
        """Whether a word of it is written as names are, or is a number."""
        raw, starts = self._sentence.raw, self._sentence.starts
        return any(not raw[starts[at]].islower() for at in range(mark.first, mark.after))
