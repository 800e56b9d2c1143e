"""From a typed sentence to an intent with slots, by rules. Deterministic; about 0.1 ms, and 2 to 8 ms where no
template fits and signs and examples are asked.

Precedence: hard separators are believed before soft ones, exact words before misspelt ones; among phrases that fit,
the one with most words of its own (the most specific) wins; among languages, the one whose stop words the sentence
holds, then the one that was spoken last. A reading that needed a misspelt word to be guessed says so (`exact`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import islice, product

from bots.language.dates import read_when
from bots.language.pack import LanguagePack
from bots.language.reading import Reading as Reading
from bots.language.second_look import SecondLook, find_beginnings
from bots.language.signs import find_minutes
from bots.language.slots import ME as ME
from bots.language.slots import QUEUE as QUEUE
from bots.language.slots import SHOWN as SHOWN
from bots.language.slots import read_contact, read_words
from bots.language.template import FILLER, WHEN, Template, mark_words
from bots.language.time_spans import find_when, with_day
from bots.language.tokens import SEPARATOR, Sentence, read_sentence

MAX_COMMAND = 20
"""Words of a sentence in which slips are mended."""
MAX_WAYS = 8


class Recogniser:
    """Reads sentences in all the languages it was given."""

    def __init__(self, packs: Mapping[str, LanguagePack]) -> None:
        self._packs = packs
        self._known = frozenset().union(*(p.vocabulary | p.stop_words | p.fillers | p.titles for p in packs.values()))
        self._second_look = SecondLook(packs)
        self._by_first: dict[str, dict[str, list[Template]]] = {}
        self._anywhere: dict[str, list[Template]] = {}
        for code, pack in packs.items():
            index: dict[str, list[Template]] = {}
            for template in pack.templates:
                for word in template.first or ():
                    index.setdefault(word, []).append(template)
            self._by_first[code] = index
            self._anywhere[code] = [template for template in pack.templates if template.first is None]
        self._mend = lru_cache(maxsize=4_096)(self._nearest_words)

    def read(self, text: str, prefer: Sequence[str] = (), now: datetime | None = None) -> Reading | None:
        """The likeliest reading, or None. `prefer`: languages to believe where several fit. `now`: when it is said, in
        the zone of whoever speaks; without it no words are taken for times."""
        found = self._read(text, prefer, now)
        if found is not None and found.intent == "book_appointment" and not found.slots.get("minutes"):
            minutes = find_minutes(read_sentence(text, soft=False))
            return replace(found, slots={**found.slots, "minutes": minutes}) if minutes else found
        return found

    def _read(self, text: str, prefer: Sequence[str], now: datetime | None) -> Reading | None:
        plain = read_sentence(text, soft=False)
        soft = read_sentence(text, soft=True)
        attempts = [plain, soft] if SEPARATOR in plain.words else [soft, plain]
        if SEPARATOR in plain.words:
            attempts.append(_without_separators(plain))
        if plain.words == soft.words:
            attempts.remove(soft)
        for exact in (True, False):
            for sentence in attempts:
                found = self._best(sentence, prefer, exact, now)
                if found is not None and (sobered := self._second_look.sober(found, plain, prefer, now)) is not None:
                    return sobered
        return self._name_with_question_mark(plain, prefer) or self._second_look.read(plain, prefer, now)

    def read_when(self, text: str, language: str, now: datetime) -> dict[str, str]:
        """A whole text as a time, in that language or another; {} where it names none."""
        codes = sorted(self._packs, key=lambda code: code != language)
        for dates in (self._packs[code].dates for code in codes):
            found = read_when(text, dates, now) if dates else None
            if found:
                return found
        return {}

    def read_slot(self, name: str, text: str, language: str) -> str:
        """A whole text as the value of one slot: "mir" is the colleague, "Frau Müller" is "Müller"."""
        sentence = read_sentence(text, soft=False)
        if not sentence.words:
            return ""
        return read_words(name, sentence, sentence.words, 0, len(sentence.words), self._packs[language])[name]

    def language_of(self, text: str) -> str | None:
        """The language whose stop words the text holds most of; None where there are none or as many."""
        scores = self._second_look.stop_word_scores(read_sentence(text, soft=False).words)
        ranked = sorted(scores, key=lambda code: -scores[code])
        if not ranked or not scores[ranked[0]] or (len(ranked) > 1 and scores[ranked[0]] == scores[ranked[1]]):
            return None
        return ranked[0]

    def understood_words(self, text: str) -> list[str]:
        """The words of a text that are in some pack's phrases, as they were typed."""
        sentence = read_sentence(text, soft=False)
        fillers = frozenset().union(*(pack.fillers | pack.stop_words for pack in self._packs.values()))
        spans = zip(sentence.words, sentence.starts, sentence.ends, strict=True)
        return [text[a:b] for word, a, b in spans if word in self._known and word not in fillers and len(word) > 2]

    def _best(self, sentence: Sentence, prefer: Sequence[str], exact: bool, now: datetime | None) -> Reading | None:
        scores: dict[str, int] | None = None
        best: Reading | None = None
        best_rank: tuple[int, ...] = ()
        for code, pack in self._packs.items():
            time = _find_time(sentence, pack, now)
            for words, start, when in self._ways(sentence, pack, exact, time):
                reading = self._match(sentence, words, start, pack, exact, when)
                if reading is None:
                    continue
                scores = scores if scores is not None else self._second_look.stop_word_scores(sentence.words)
                preferred = len(prefer) - prefer.index(code) if code in prefer else 0
                rank = (reading.weight, scores[code], preferred, start)
                if best is None or rank > best_rank:
                    best, best_rank = reading, rank
        return best

    def _ways(
        self, sentence: Sentence, pack: LanguagePack, exact: bool, time: "Time | None"
    ) -> Iterator[tuple[tuple[str, ...], int, "Time | None"]]:
        """Each way to look at the sentence: words as typed or mended, where it begins, with the time taken out and
        without."""
        for words in (sentence.words,) if exact else self._mended(sentence.words, pack.code):
            for start in find_beginnings(words, pack):
                if time is not None and time.first >= start:
                    yield words, start, time
                yield words, start, None

    def _match(
        self,
        sentence: Sentence,
        words: tuple[str, ...],
        start: int,
        pack: LanguagePack,
        exact: bool,
        when: "Time | None" = None,
    ) -> Reading | None:
        if start >= len(words):
            return None
        line, offsets = _line(words, start, pack, when)
        best: Reading | None = None
        candidates = self._by_first[pack.code].get(words[start], ()) if when is None or when.first > start else ()
        for template in (*candidates, *self._anywhere[pack.code]):
            match = template.pattern.fullmatch(line)
            if match is None:
                continue
            taken = {name: span for name in match.re.groupindex if (span := match.span(name)) != (-1, -1)}
            weight = len(line) - line.count(FILLER) - sum(_letters(line, a, b) for a, b in taken.values())
            if best is not None and weight <= best.weight:
                continue
            slots = dict(template.preset)
            for name, (a, b) in taken.items():
                first, after = offsets[a], offsets.get(b, len(words))
                if name != "when" and (sentence.in_figure(first) or sentence.in_figure(after)):
                    # "1,200.50" is neither 200.50 nor the first of a list.
                    slots = {name: ""}
                    break
                if name == "when":
                    slots |= when.found if when else {}
                    continue
                slots |= read_words(name, sentence, words, first, after, pack)
            if all(slots.values()):
                best = Reading(intent=template.intent, slots=slots, language=pack.code, exact=exact, weight=weight)
        return best

    def _mended(self, words: tuple[str, ...], code: str) -> list[tuple[str, ...]]:
        """The sentence with misspelt words mended, in every way that is as near; none where nothing can be mended."""
        ways = [(word,) if word in self._known else self._mend(word, code) for word in words[:MAX_COMMAND]]
        if all(way == (word,) for way, word in zip(ways, words, strict=False)):
            return []
        rest = words[MAX_COMMAND:]
        return [(*way, *rest) for way in islice(product(*ways), MAX_WAYS)]

    def _nearest_words(self, word: str, code: str) -> tuple[str, ...]:
        """The pack's words that were probably meant: one slip in four letters or more, two in eight, and in fewer than
        four letters only two that changed places. The word itself where there are none."""
        if len(word) < 2 or not word.isalpha():
            return (word,)
        # Loaded on first use: the daemon starts and idles without it.
        from rapidfuzz.distance import OSA

        allowed = 2 if len(word) >= 8 else 1
        found: list[tuple[int, str]] = []
        for known in self._packs[code].vocabulary:
            if abs(len(known) - len(word)) > allowed:
                continue
            if min(len(word), len(known)) < 4 and sorted(word) != sorted(known):
                continue
            distance = OSA.distance(word, known, score_cutoff=allowed)
            if distance <= allowed:
                found.append((distance, known))
        if not found:
            return (word,)
        nearest = min(distance for distance, _ in found)
        return tuple(sorted(known for distance, known in found if distance == nearest)[:2])

    def _name_with_question_mark(self, sentence: Sentence, prefer: Sequence[str]) -> Reading | None:
        """ "Petra Müller?" asks who that is."""
        words = sentence.words
        if not sentence.question or not 1 <= len(words) <= 4 or all(word in self._known for word in words):
            return None
        code = next((code for code in prefer if code in self._packs), next(iter(self._packs)))
        value = read_contact(sentence, words, 0, len(words), self._packs[code])
        return Reading(intent="who", slots={"contact": value}, language=code) if value else None


@dataclass(frozen=True, slots=True)
class Time:
    """The words first..after-1 name a time: the slots it fills."""

    first: int
    after: int
    found: dict[str, str]


def _find_time(sentence: Sentence, pack: LanguagePack, now: datetime | None) -> Time | None:
    if now is None or pack.dates is None:
        return None
    found = find_when(sentence.raw, sentence.starts, sentence.ends, sentence.words, pack.dates, now)
    return Time(found[0], found[1], with_day(found[2], now)) if found else None


def _line(words: tuple[str, ...], start: int, pack: LanguagePack, when: Time | None) -> tuple[str, dict[int, int]]:
    """The line that phrases are matched with, and which word stands at which of its positions."""
    marked = list(enumerate(mark_words(words[start:], pack.fillers), start))
    if when is not None:
        marked = [(i, word) for i, word in marked if i < when.first or i >= when.after]
        marked.insert(when.first - start, (when.first, WHEN))
    offsets: dict[int, int] = {}
    position = 0
    for index, word in marked:
        offsets[position] = index
        position += len(word) + 1
    return " ".join(word for _, word in marked) + " ", offsets


def _letters(line: str, start: int, end: int) -> int:
    return end - start - line.count(FILLER, start, end)


def _without_separators(sentence: Sentence) -> Sentence:
    kept = [index for index, word in enumerate(sentence.words) if word != SEPARATOR]
    return Sentence(
        sentence.raw,
        tuple(sentence.words[i] for i in kept),
        tuple(sentence.starts[i] for i in kept),
        tuple(sentence.ends[i] for i in kept),
        sentence.question,
    )
