"""The line of a text around the words that were looked for, and where they stand in it."""

import re
from collections.abc import Iterator, Sequence

from hub.domain.finding import Span
from hub.ports.search import Terms

LENGTH = 160
LEAD = 24
"""Characters before the first word that fits: on a telephone little more than 40 are seen."""
SCANNED = 20_000
MOST_SPANS = 20
_WORD = re.compile("[\\w\\u0300-\\u036f@.+-]+")
_PART = re.compile("[\\w\\u0300-\\u036f]+")


class Wanted:
    """The terms that were looked for; the last may be a beginning."""

    def __init__(self, wanted: Sequence[str], terms: Terms) -> None:
        self._wanted, self._terms = frozenset(wanted), terms
        self._beginning = wanted[-1] if wanted and len(wanted[-1]) >= 3 else ""

    def fits(self, word: str) -> bool:
        """Whether the word is one of them."""
        terms = (*self._terms(word), word.lower())
        if not self._wanted.isdisjoint(terms):
            return True
        return bool(self._beginning) and any(term.startswith(self._beginning) for term in terms)

    def spans(self, text: str) -> Iterator[Span]:
        """Where they stand, in order."""
        for found in _WORD.finditer(text):
            parts = list(_PART.finditer(text, *found.span()))
            fitting = [part.span() for part in parts if self.fits(part.group())]
            # A number with hyphens, an address: it stands whole in the index where none of its parts does.
            if not fitting and len(parts) > 1 and self.fits(found.group()):
                fitting = [found.span()]
            yield from fitting


def highlight(text: str, wanted: Wanted) -> tuple[Span, ...]:
    """The spans in a short text."""
    return tuple(span for span, _ in zip(wanted.spans(text), range(MOST_SPANS), strict=False))


def cut_snippet(text: str, wanted: Wanted) -> tuple[str, tuple[Span, ...]]:
    """At most `LENGTH` characters on one line, and the spans in it."""
    line = " ".join(text[:SCANNED].split())
    first = next(wanted.spans(line), None)
    start = 0
    if first is not None and first[0] > LEAD:
        start = max(0, first[0] - LEAD)
        start = line.rfind(" ", 0, start) + 1 if " " in line[max(0, start - LEAD) : start] else start
    snippet = line[start : start + LENGTH]
    if len(line) > start + LENGTH and " " in snippet:
        snippet = snippet.rpartition(" ")[0]
    lead, tail = "… " if start else "", " …" if len(line) > start + LENGTH else ""
    shown = f"{lead}{snippet.strip()}{tail}"
    return shown, highlight(shown, wanted)
