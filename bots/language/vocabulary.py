"""The words of one language's examples: their stems, which of them mean the same, and what a misspelt or compound word
was probably meant to be."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hub.domain.folding import fold

SHORTEST_STEM = 3
SHORTEST_PART, SHORTEST_MENDED, LONG = 4, 4, 8
"""Letters: of a part of a compound, of a word that is mended, of one that may have two slips."""
SAME_START, MOST_ENDING = 5, 3
JOINTS = ("", "s", "n", "en", "es")


def stem(word: str, suffixes: Sequence[str]) -> str:
    """The word without its ending; crude, and the same for both sides of a comparison."""
    for suffix in suffixes:
        if word.endswith(suffix) and len(word) - len(suffix) >= SHORTEST_STEM:
            return word[: -len(suffix)]
    return word


@dataclass(frozen=True, slots=True, eq=False)
class Mendable:
    """Words that a misspelt one may have meant; compared by identity, because they are many."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`words`: all that occur, folded. `same`: a word -> the group of words that it is compared as. `common`: words
    that are nobody's name, though no example has them."""

    words: frozenset[str]
    suffixes: tuple[str, ...]
    stems: frozenset[str]
    same: Mapping[str, str]
    common: frozenset[str]
    mendable: Mendable
    light: frozenset[str]
    """Symbols of words that tell little, however rare they are."""
    small: bool
    """Whether only names are capitalised within a sentence."""
    compounds: bool
    """Whether the language writes words together."""

    def symbol(self, word: str) -> str:
        """What a word is compared by."""
        return self.same.get(word) or stem(word, self.suffixes)

    def knows(self, word: str) -> bool:
        """Whether an example has the word, or one of the same stem."""
        return word in self.same or stem(word, self.suffixes) in self.stems

    def parts(self, word: str) -> tuple[str, ...]:
        """The two known words that a compound consists of ("zahlungsmeldungen"); () where it is none."""
        if not self.compounds or len(word) < 2 * SHORTEST_PART:
            return ()
        for at in range(len(word) - SHORTEST_PART, SHORTEST_PART - 1, -1):
            tail = word[at:]
            if tail not in self.words:
                continue
            for joint in JOINTS:
                head = word[:at].removesuffix(joint) if joint else word[:at]
                if len(head) >= SHORTEST_PART and head in self.words:
                    return head, tail
        return ()

    def mend(self, word: str) -> str:
        """The one word that was probably meant: one slip, in long words two; the word itself where there is none."""
        if len(word) < SHORTEST_MENDED or not word.isalpha() or word in self.common:
            return word
        return _mend(self.mendable, word)


@lru_cache(maxsize=4_096)
def _mend(mendable: Mendable, word: str) -> str:
    # Loaded on first use: the daemon starts and idles without it.
    from rapidfuzz.distance import OSA

    allowed = 2 if len(word) >= LONG else 1
    found: list[tuple[int, bool, str]] = []
    for known in mendable.words:
        if abs(len(known) - len(word)) > allowed:
            continue
        distance = OSA.distance(word, known, score_cutoff=allowed)
        if distance <= allowed:
            found.append((distance, known[0] != word[0], known))
    if found:
        return min(found)[2]
    # "blocke" for "blockier": of one stem, though no ending of the list tells.
    alike = [known for known in mendable.words if len(known) > SAME_START and known[:SAME_START] == word[:SAME_START]]
    near = [known for known in alike if abs(len(known) - len(word)) <= MOST_ENDING]
    return min(near, key=lambda known: (abs(len(known) - len(word)), known)) if near else word


def read_vocabulary(table: Mapping[str, Any], words: Iterable[str]) -> Vocabulary:
    """From the tables `suffixes`, `same`, `common` of a file of examples and the words of its examples."""
    suffixes = tuple(table["suffixes"])
    same = {fold(word): f"={group}" for group, line in table.get("same", {}).items() for word in line.split()}
    every = frozenset(words) | same.keys()
    common = frozenset(fold(word) for line in table.get("common", ()) for word in line.split())
    return Vocabulary(
        words=every,
        suffixes=suffixes,
        stems=frozenset(stem(word, suffixes) for word in every),
        same=same,
        common=common,
        mendable=Mendable(tuple(sorted(word for word in every | common if len(word) >= SHORTEST_MENDED))),
        light=frozenset(stem(fold(word), suffixes) for line in table.get("light", ()) for word in line.split()),
        small=bool(table.get("small", False)),
        compounds=bool(table.get("compounds", False)),
    )
