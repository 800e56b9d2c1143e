"""A sentence with what is named in it marked: people, times, amounts, numbers, free texts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from bots.language.amounts import CURRENCIES, read_amount, read_minutes
from bots.language.examples import NAME, TEXT, Examples
from bots.language.pack import LanguagePack
from bots.language.signs import DOCUMENTS, OF_LENGTH, has, is_document, load_signs
from bots.language.time_spans import find_when, with_day
from bots.language.tokens import MAX_TOKENS, SEPARATOR, Sentence
from bots.language.vocabulary import LONG

MOST_WORDS = 40
"""Words that are compared; a free text goes on behind them."""
MOST_WAYS = 8
LONGEST_NAME = 5
SHORTEST_PHONE = 5
SHORTEST_PROPER = 3
MOST_TAILS = 3
PARTICLES = frozenset(
    {
        "von",
        "van",
        "vom",
        "zu",
        "zum",
        "zur",
        "de",
        "del",
        "della",
        "der",
        "den",
        "di",
        "da",
        "du",
        "la",
        "le",
        "el",
        "al",
    }
    | {"of", "the", "am", "im", "bin", "ter", "st", "o", "y", "e", "co", "amp"}
)
"""Small words that may stand within a name."""
AND = frozenset({"und", "and", "u"})
"""Between two names, or within one ("Kunz und Söhne")."""
BEFORE_LABEL = frozenset({"als", "mit", "as", "with"})
ADDRESSES = frozenset({"frau", "herr", "herrn", "hr", "fr", "mr", "mrs", "ms", "miss", "mister", "familie"})
"""What is said before a name, and before nothing else."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something named: `symbol` stands for the words first..after-1."""

    symbol: str
    first: int
    after: int


@dataclass(frozen=True, slots=True)
class Way:
    """One way to look at a sentence. `mended`: how many words were taken for misspelt ones."""

    symbols: tuple[str, ...]
    names: tuple[Mark, ...]
    text: Mark | None
    mended: int = 0


def is_phone(digits: str) -> bool:
    """Whether digits without a currency are rather a number to call than an amount."""
    return digits.isdigit() and (digits.startswith("0") or len(digits) > SHORTEST_PHONE)


class View:
    """A sentence with what is named in it marked."""

    def __init__(
        self, sentence: Sentence, start: int, pack: LanguagePack, examples: Examples, now: datetime | None
    ) -> None:
        self._sentence, self._start, self._pack, self._examples = sentence, start, pack, examples
        self._words = sentence.words[: start + MOST_WORDS]
        self._is_whole = len(self._words) == len(sentence.words) < MAX_TOKENS
        self._known = examples.vocabulary
        everyday = load_signs(pack.code).everyday
        self._common = everyday | pack.stop_words | pack.fillers | pack.titles | pack.connectives | self._known.common
        self.marks: dict[int, Mark] = {}
        self.found: dict[str, dict[str, str]] = {}
        self.place: int | None = None
        self.refers = bool(pack.pronouns & set(self._words))
        self._today = ""
        self._mark_when(now)
        self._mark_lengths()
        self._mark_places()
        self._mark_numbers()
        self._joining = PARTICLES
        self._capital = any(self._is_capital(at) for at in range(start, len(self._words)) if self._unknown(at))

    def __len__(self) -> int:
        return len(self._words)

    def _take(self, slot: str, first: int, after: int, values: dict[str, str]) -> None:
        self.found[slot] = values
        for at in range(first, after):
            self.marks[at] = Mark(f"<{slot}>", first, after)

    def _free(self, first: int, after: int) -> bool:
        return not any(at in self.marks for at in range(first, after))

    def _mark_when(self, now: datetime | None) -> None:
        if now is None or self._pack.dates is None:
            return
        it = self._sentence
        found = find_when(it.raw, it.starts, it.ends, it.words, self._pack.dates, now)
        if found is not None and found[0] >= self._start and "when" in found[2]:
            self._take("when", found[0], found[1], with_day(found[2], now))
            if found[2]["when"] == now.date().isoformat():
                self._today = self._known.symbol(self._words[found[1] - 1])

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
                self.marks[at] = Mark("<place>", at, at + 1)
                return

    def _in_number(self, at: int) -> bool:
        """Whether these digits are part of a longer figure ("1,200.50")."""
        raw, first, after = self._sentence.raw, self._sentence.starts[at], self._sentence.ends[at]
        behind = raw[after : after + 1] in (".", ",", ":", "/") and raw[after + 1 : after + 2].isdigit()
        return behind or (raw[first - 1 : first] in (".", ",", ":", "/") and raw[first - 2 : first - 1].isdigit())

    def find_label(self) -> int | None:
        """Where a tag or template is named that is a word of everyday: "tag Sawyer as regular"."""
        behind = [at + 1 for at in range(self._start, len(self) - 1) if self._words[at] in BEFORE_LABEL]
        at = behind[-1] if behind else len(self) - 1
        return None if at in self.marks or self._words[at] == SEPARATOR else at

    def ways(self) -> Iterator[Way]:
        """As it is, with misspelt words mended, and with the words behind each colon, comma or introducing word as one
        free text."""
        end = len(self._words)
        plain = self._way(end, end, mend=False)
        yield plain
        if AND & set(self._words):
            self._joining = PARTICLES | AND
            yield self._way(end, end, mend=False)
            self._joining = PARTICLES
        mended = self._way(end, end, mend=True)
        if mended.mended:
            yield mended
        for first, after in islice(self._texts(), MOST_WAYS):
            yield self._way(first, after, mend=False)
            if mended.mended:
                yield self._way(first, after, mend=True)

    def _texts(self) -> Iterator[tuple[int, int]]:
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
            yield from ((first, after) for first, after in spans if first < after)

    def _text_from(self, first: int, after: int) -> tuple[int, int]:
        """A free text runs to the end, but for a time that it begins with and words that close the request."""
        tails = 0
        while (
            self._is_whole
            and tails < MOST_TAILS
            and after > first + 1
            and self._words[after - 1] in self._examples.tails
        ):
            after -= 1
            tails += 1
        if first in self.marks and self.marks[first].symbol == "<when>":
            first = self.marks[first].after
        while first < after and self._words[first] == SEPARATOR:
            first += 1
        return first, after

    def _way(self, text_first: int, text_after: int, *, mend: bool) -> Way:
        symbols: list[str] = []
        names: list[Mark] = []
        end = len(self._sentence.words) if text_after == len(self._words) else text_after
        text = Mark(TEXT, text_first, end) if text_first < text_after else None
        at, mended = self._start, 0
        while at < len(self._words):
            if text is not None and at == text_first:
                symbols.append(TEXT)
                at = text_after
            elif at in self.marks:
                symbols.append(self.marks[at].symbol)
                at = self.marks[at].after
            elif self._unknown(at):
                found = self._read_unknown(at, text_first, mend=mend)
                if isinstance(found, Mark):
                    names.append(found)
                    symbols.append(NAME)
                    at = found.after
                else:
                    symbols += found
                    mended += not found[0].startswith("?")
                    at += 1
            else:
                symbols += self._symbol(at)
                at += 1
        if self._today and "<when>" in symbols:
            # Today is a time, and a word of its own: "what is on today" asks for the whole day.
            symbols.append(self._today)
        return Way(tuple(symbols), tuple(names), text, mended)

    def _symbol(self, at: int) -> list[str]:
        word = self._words[at]
        if word == SEPARATOR or word in self._pack.fillers or self._addresses(at):
            return []
        return [self._known.symbol(word) if self._known.knows(word) else f"~{word}"]

    def _read_unknown(self, at: int, limit: int, *, mend: bool) -> "Mark | list[str]":
        """A name from there on; or else what a word that was never taught is compared by."""
        word = self._words[at]
        parts = self._known.parts(word)
        if parts and not self._common & set(parts):
            return [self._known.symbol(part) for part in parts]
        proper = self._is_capital(at) and len(word) < LONG
        if mend and not proper and not self._addresses(at - 1) and (meant := self._known.mend(word)) != word:
            return [self._known.symbol(meant)]
        if self._capital and not self._is_capital(at):
            # Where some unknown words are capitalised, the others are no names but words nobody taught the bot.
            return [f"?{word}"]
        return self._name_from(at, limit)

    def _addresses(self, at: int) -> bool:
        """ "Frau", "Mr" before a word."""
        return self._start <= at < len(self._words) - 1 and self._words[at] in ADDRESSES

    def _unknown(self, at: int) -> bool:
        word = self._words[at]
        if word == SEPARATOR or at in self.marks:
            return False
        if (self._addresses(at - 1) and word not in ADDRESSES) or self._is_proper(at):
            return True
        return word not in self._common and word not in self._pack.pronouns and not self._known.knows(word)

    def _is_proper(self, at: int) -> bool:
        """In a language that writes only names with a capital: a name that is a word as well ("assign Will to Ben")."""
        if (
            not self._known.small
            or at <= self._start
            or len(self._words[at]) < SHORTEST_PROPER
            or self._words[at] in ADDRESSES
        ):
            return False
        raw, first, after = self._sentence.raw, self._sentence.starts[at], self._sentence.ends[at]
        return raw[first].isupper() and raw[first + 1 : after].islower() and self._words[at - 1] != SEPARATOR

    def _name_from(self, at: int, limit: int) -> Mark:
        bound = min(len(self._words), max(limit, at + 1), at + LONGEST_NAME)
        after = at + 1
        while after < bound:
            known = not self._unknown(after) and not self._is_surname(after)
            if not known and (self._is_capital(after) or not self._capital):
                after += 1
            elif self._capital and self._joins(after, bound):
                after += 2
            else:
                break
        return Mark(NAME, at, after)

    def _is_surname(self, at: int) -> bool:
        """A capitalised word behind a name that only has the stem of a word that was taught ("Heike Stamm")."""
        word = self._words[at]
        apart = word not in self._known.words and word not in self._common and at not in self.marks
        return apart and word != SEPARATOR and self._is_capital(at) and not self._known.parts(word)

    def _joins(self, at: int, bound: int) -> bool:
        """A particle between two capitalised words of a name."""
        if (
            self._words[at] not in self._joining
            or at + 1 >= bound
            or self._sentence.raw[self._sentence.starts[at]].isupper()
        ):
            return False
        return self._words[at - 1] not in self._common and self._unknown(at + 1) and self._is_capital(at + 1)

    def _is_capital(self, at: int) -> bool:
        return not self._sentence.raw[self._sentence.starts[at]].islower()

    def is_capital(self, mark: Mark) -> bool:
        """Whether a word of it is written as names are, or is a number."""
        return any(self._is_capital(at) for at in range(mark.first, mark.after))
