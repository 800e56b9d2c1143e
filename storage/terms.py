"""Search terms: folded, stemmed words, the same for what is indexed and for what is asked, in both engines.

One rule serves German and English without guessing a language: both stemmers in turn, until neither changes the word.
Two inflections that either language takes for one word then meet, whatever language the text around them has.
"""

import re
import threading
import unicodedata
from functools import cache
from typing import Any

import snowballstemmer

from hub.domain.folding import fold

MOST_TERMS = 2_000
LONGEST_TERM = 64
GENERATION = 30_000
"""Words in one generation of the stem cache; two are kept (about 10 MB when full)."""
_LONGEST_STEMMED = 40
_ROUNDS = 4
_WORD = re.compile("[\\w\\u0300-\\u036f]+")
"""Letters, digits, and the accents that NFKC could not join with their letter."""
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\"':*^(){}\[\],;<>\\|/`~!?#$%&=]+")


@cache
def _stemmers() -> tuple[Any, Any]:
    return snowballstemmer.stemmer("german"), snowballstemmer.stemmer("english")


# A stemmer keeps the word it works on in itself: one thread at a time.
_stemming = threading.Lock()


def stem(word: str) -> str:
    """The stem of a folded word. Words with digits, very short and very long ones are their own stem."""
    if not 4 <= len(word) <= _LONGEST_STEMMED or not word.isalpha():
        return word[:LONGEST_TERM]
    german, english = _stemmers()
    with _stemming:
        for _ in range(_ROUNDS):
            shorter = english.stemWord(german.stemWord(word))
            if shorter == word or len(shorter) < 2:
                break
            word = shorter
    return fold(word).replace(" ", "")


def normal_term(term: str) -> str:
    """A term as engines keep it: what `extract_terms` returns stays as it is; blanks and operators are removed from
    anything else, and it is cut to 64 characters."""
    return _UNSAFE.sub("", term.lower())[:LONGEST_TERM]


class _StemCache:
    """Word as written to its stems. Two generations: what was not asked for during a whole generation is forgotten,
    which costs a lookup nothing (an LRU list would cost more than the lookup)."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[str, tuple[str, ...]] = {}
        self._old: dict[str, tuple[str, ...]] = {}

    def stems(self, word: str) -> tuple[str, ...]:
        found = self._young.get(word)
        if found is None:
            found = self._old.get(word)
            if found is None:
                found = tuple(stem(part) for part in fold(word).split() if len(part) > 1)
            if len(word) <= LONGEST_TERM:
                self._keep(word, found)
        return found

    def _keep(self, word: str, found: tuple[str, ...]) -> None:
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
        self._young[word] = found

    def __len__(self) -> int:
        return len(self._young) + len(self._old)


_CACHE = _StemCache(GENERATION)


def extract_terms(text: str) -> tuple[str, ...]:
    """The `Terms` port: distinct terms in order of first occurrence, at most 2,000. Mail addresses stand whole, before
    their words; words of one letter are dropped."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    terms: dict[str, None] = {}
    if "@" in text:
        # An address holds no blank: only the words with an @ are searched, not the whole letter.
        addressed = (word for word in text.split() if "@" in word)
        terms = dict.fromkeys(normal_term(address) for word in addressed for address in _ADDRESS.findall(word))
    stems = _CACHE.stems
    for word in _WORD.findall(text):
        for term in stems(word):
            terms[term] = None
        if len(terms) >= MOST_TERMS:
            return tuple(terms)[:MOST_TERMS]
    return tuple(terms)


def trigrams(text: str) -> frozenset[str]:
    """The runs of three characters of each folded word with a blank before and after it."""
    return frozenset(
        padded[start : start + 3]
        for padded in (f" {word} " for word in fold(text).split())
        for start in range(len(padded) - 2)
    )
