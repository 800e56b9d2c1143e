"""Lines of examples written short: "(show|give) me [the] card" stands for each of its four sentences. They are not
written out one by one (a line may stand for thousands), but kept as parts with their alternatives."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product

from bots.language.tokens import SEPARATOR
from hub.domain.folding import fold

SAMPLES = 12
"""Sentences of a line by which its usual length is told."""
_PART = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|([^()\[\]]+)")
_PIECE = re.compile(r"\{(\w+)\}\w*|(:)|([^\s{}:]+)")

Pieces = tuple[str, ...]
"""`("schreib", "{contact}", ":", "{text}")`: words folded, slots in braces, ":" a separator."""


@dataclass(frozen=True, slots=True)
class Saying:
    """One line: `parts` hold each its alternatives; one of them is said."""

    parts: tuple[tuple[Pieces, ...], ...]

    def pieces(self) -> Iterator[Pieces]:
        """Every alternative of every part."""
        for part in self.parts:
            yield from part

    def followers(self) -> Iterator[tuple[str, str]]:
        """Each pair of pieces that may stand one behind the other."""
        before: set[str] = set()
        for part in self.parts:
            last: set[str] = set()
            for pieces in part:
                if not pieces:
                    last |= before
                    continue
                yield from ((one, pieces[0]) for one in sorted(before))
                yield from pairwise(pieces)
                last.add(pieces[-1])
            before = last

    def samples(self) -> Iterator[Pieces]:
        """Some of its sentences, such that most alternatives occur."""
        for turn in range(SAMPLES):
            chosen = [part[(turn + at * (turn // len(part))) % len(part)] for at, part in enumerate(self.parts)]
            yield tuple(piece for pieces in chosen for piece in pieces)

    def variants(self, negations: frozenset[str]) -> Iterator[tuple[tuple[str, ...], bool, "Saying"]]:
        """(slots in their order, whether it is negated, the part of the saying for which that holds)."""
        sorted_parts: list[list[tuple[tuple[str, ...], bool, tuple[Pieces, ...]]]] = []
        for part in self.parts:
            kinds: dict[tuple[tuple[str, ...], bool], list[Pieces]] = {}
            for pieces in part:
                slots = tuple(one.strip("{}") for one in pieces if one.startswith("{"))
                kinds.setdefault((slots, bool(negations & set(pieces))), []).append(pieces)
            sorted_parts.append([(*kind, tuple(found)) for kind, found in kinds.items()])
        for chosen in product(*sorted_parts):
            slots = tuple(slot for one, _, _ in chosen for slot in one)
            yield slots, any(negated for _, negated, _ in chosen), Saying(tuple(found for _, _, found in chosen))


def read_saying(line: str) -> Saying:
    """Parse one line. Brackets do not nest."""
    parts: list[tuple[Pieces, ...]] = []
    for needed, optional, plain in _PART.findall(line):
        if plain:
            parts.append((_pieces(plain),))
        elif needed:
            parts.append(tuple(dict.fromkeys(_pieces(one) for one in needed.split("|"))))
        else:
            parts.append(tuple(dict.fromkeys([*(_pieces(one) for one in optional.split("|")), ()])))
    return Saying(tuple(part for part in parts if part != ((),)))


def _pieces(text: str) -> Pieces:
    found: list[str] = []
    for slot, colon, words in _PIECE.findall(text):
        found += [f"{{{slot}}}"] if slot else [SEPARATOR] if colon else fold(words).split()
    return tuple(found)
