"""Templates of phrases: `(antworte|schreib) {contact} : {text}` becomes one regular expression.

`(a|b c)` one of these, `[x]` perhaps, `{slot}` what is wanted, `:` a separator. Words are folded, so that a pack may be
written as people write. The expression runs over folded words each followed by one blank.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hub.domain.folding import fold

OPEN_SLOTS = frozenset({"text", "query"})
"""They take everything to the end of the raw text."""
FILLER = "~"
"""Stands behind every filler word of a line, so that expressions need not list them: they compile five times faster."""
_FILLERS = r"(?:\w+~ )*"
WHEN = "§"
"""Stands in a line for the words that name a time; no other slot takes it."""
_LENGTHS = {"contact": 8, "other": 8, "user": 3, "topic": 3, "tag": 4, "template": 4, "occasion": 6, "code": 3}
_LENGTHS |= {"document": 6, "folder": 6}
_CLOSED = {
    "number": r"\d{1,3} ",
    "ref": r"(?:[a-z]{1,4} )?\d+ (?:\d+ )?",
    "amount": r"(?:\d+ ){1,4}(?:(?:euro|euros|eur|usd|dollar|dollars|chf|franken|gbp|pound|pounds) )?",
    "minutes": r"(?:\d+|ein|eine|einer|zwei|drei|halbe|one|two|three|an|a|half an|half a|ne|anderthalb) "
    r"(?:stunde|stunden|std|hour|hours|h|minuten|minute|min|minutes|mins) ",
    "digits": r"\d[\d ]{5,10} ",
    "when": f"{WHEN} ",
}
"""Slots of a fixed form."""
_SCAN = re.compile(r"\{(?P<slot>\w+)\}|(?P<mark>[()\[\]|:])|(?P<word>[^\s()\[\]|:{}]+)")


@dataclass(frozen=True, slots=True)
class Template:
    """One phrase. `first`: the words it can begin with, None where that is open."""

    intent: str
    expression: str
    first: frozenset[str] | None
    words: frozenset[str]
    preset: Mapping[str, str]

    @property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when it is first asked: few of a thousand are, for one sentence, and all at once delay a start."""
        return _compiled(self.expression)


@lru_cache(maxsize=10_000)
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression)


@dataclass(frozen=True, slots=True)
class _Node:
    expression: str
    first: frozenset[str] | None
    empty: bool
    words: frozenset[str]


class _Compiler:
    """Recursive descent over the marks of one template."""

    def __init__(self, source: str, slots: Mapping[str, Sequence[str]], fillers: Collection[str]) -> None:
        self._source = source
        self._marks = list(_SCAN.finditer(source))
        self._at = 0
        self._slots = slots
        self._fillers = fillers

    def compile(self) -> _Node:
        node = self._choice()
        if self._at < len(self._marks):
            raise ValueError(f"unbalanced brackets in the phrase {self._source!r}")
        return node

    def _choice(self) -> _Node:
        branches = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence())
        if len(branches) == 1:
            return branches[0]
        # The longer first: "phone number" before "phone".
        branches.sort(key=lambda branch: -len(branch.expression))
        firsts = [branch.first for branch in branches]
        return _Node(
            "(?:" + "|".join(branch.expression for branch in branches) + ")",
            None if any(first is None for first in firsts) else frozenset().union(*(f for f in firsts if f)),
            any(branch.empty for branch in branches),
            frozenset().union(*(branch.words for branch in branches)),
        )

    def _sequence(self) -> _Node:
        nodes: list[_Node] = []
        while self._peek() not in (None, "|", ")", "]"):
            nodes.append(self._item())
        first: frozenset[str] | None = frozenset()
        for node in nodes:
            first = None if first is None or node.first is None else first | node.first
            if not node.empty:
                break
        return _Node(
            "".join(node.expression for node in nodes),
            first,
            all(node.empty for node in nodes),
            frozenset().union(*(node.words for node in nodes)),
        )

    def _item(self) -> _Node:
        match = self._marks[self._at]
        self._at += 1
        if match["slot"]:
            return self._slot(match["slot"])
        if match["word"]:
            return self._literal(match["word"])
        if match["mark"] == ":":
            return _Node("(?:: )", frozenset({":"}), False, frozenset())
        inner = self._choice()
        if self._peek() != {"(": ")", "[": "]"}.get(match["mark"]):
            raise ValueError(f"unbalanced brackets in the phrase {self._source!r}")
        self._at += 1
        if match["mark"] == "(":
            return inner
        return _Node(f"(?:{inner.expression})?", inner.first, True, inner.words)

    def _literal(self, word: str) -> _Node:
        pieces = fold(word).split()
        expression = self._words(pieces)
        return _Node(f"{expression}{self._allowed_fillers()}", frozenset(pieces[:1]), False, frozenset(pieces))

    def _words(self, pieces: Sequence[str]) -> str:
        return "".join(f"{re.escape(piece)}{FILLER + '?' if piece in self._fillers else ''} " for piece in pieces)

    def _allowed_fillers(self) -> str:
        """None right before the text of a message: "bitte" may be its first word."""
        depth = 0
        for mark in self._marks[self._at :]:
            if mark["mark"] == "[":
                depth += 1
            elif mark["mark"] == "]":
                depth -= 1
            elif depth <= 0:
                return "" if mark["slot"] == "text" else _FILLERS
        return _FILLERS

    def _slot(self, name: str) -> _Node:
        if name in OPEN_SLOTS:
            return _Node(f"(?:: )?(?P<{name}>.+)", None, False, frozenset())
        if name in self._slots:
            words = sorted(self._slots[name], key=len, reverse=True)
            inner = "|".join(self._words(word.split()) for word in words)
            first = frozenset(word.split()[0] for word in words)
            return _Node(f"(?P<{name}>{inner}){self._allowed_fillers()}", first, False, frozenset())
        if name in _CLOSED:
            return _Node(f"(?P<{name}>{_CLOSED[name]})", None, False, frozenset())
        # As short as can be: what stands between two slots ("back to", "ab") belongs to the phrase where it may.
        return _Node(f"(?:: )?(?P<{name}>(?:[^: §]+ ){{1,{_LENGTHS[name]}}}?)", None, False, frozenset())

    def _peek(self) -> str | None:
        if self._at >= len(self._marks):
            return None
        return self._marks[self._at]["mark"] or ""


def compile_template(
    intent: str,
    source: str,
    *,
    slots: Mapping[str, Sequence[str]],
    fillers: Collection[str],
    preset: Mapping[str, str],
) -> Template:
    """Read one phrase. `slots` are closed lists of folded words (pronouns, ordinals); `fillers` are folded words
    that may stand after any word without changing anything, marked in the line that is matched (`mark_words`). Raises
    ValueError for a phrase that is not well formed."""
    node = _Compiler(source, slots, fillers).compile()
    return Template(intent, node.expression + "(?:: )?", node.first, node.words, dict(preset))


def mark_words(words: Sequence[str], fillers: Collection[str]) -> list[str]:
    """The words as templates expect them."""
    return [f"{word}{FILLER}" if word in fillers else word for word in words]
