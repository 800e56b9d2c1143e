"""What a customer means by the likeness of a text to examples: the second look, after the signs. It speaks where the
signs know nothing, and against them only where an example says almost the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from bots.language.examples import Examples, load_examples
from bots.language.likeness import read_by_likeness
from bots.language.pack import HERE, LanguagePack
from bots.language.tokens import read_sentence

MOST_WORDS = 30
FILE = "customer_examples.toml"
NONE = "none"
"""The intent of examples that a person should answer."""
LIKELY, LIKELY_CHANGE, SURE, VERBATIM = 0.5, 0.68, 0.8, 0.9
"""How like an example a text must be: where the signs know nothing, to show or to change; and to be believed before
them, to show or to change."""
LEAD = 0.08
"""How much better than the next best intent it must fit, to change something or to be believed before the signs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resembling:
    """What a text is like. `negated`: it is, and the example is not."""

    intent: str
    language: str
    score: float
    lead: float
    negated: bool


class CustomerExamples:
    """Over all languages that speak to customers."""

    def __init__(self, packs: Mapping[str, LanguagePack], root: Path = HERE) -> None:
        self._packs, self._root = packs, root

    @cached_property
    def _examples(self) -> dict[str, Examples]:
        """Read when they are first needed."""
        read = {code: load_examples(pack, self._root, FILE) for code, pack in self._packs.items()}
        return {code: examples for code, examples in read.items() if examples is not None}

    def read(self, text: str, now: datetime) -> Resembling | None:
        """The example that is most like the text, in whichever language; None where nothing is alike, or it is long."""
        sentence = read_sentence(text, soft=True)
        if not sentence.words or len(sentence.words) > MOST_WORDS:
            return None
        found = []
        for code, examples in self._examples.items():
            like = read_by_likeness(sentence, 0, self._packs[code], examples, now)
            if like is not None:
                found.append(
                    Resembling(
                        intent=like.intent, language=code, score=like.score, lead=like.lead, negated=like.negated
                    )
                )
        return max(found, key=lambda one: one.score, default=None)


def is_believed(like: Resembling, *, changing: bool, known: bool) -> bool:
    """Whether to take it. `known`: the signs say something else."""
    if known:
        return like.score >= (VERBATIM if changing else SURE) and like.lead >= LEAD and not like.negated
    if changing:
        return like.score >= LIKELY_CHANGE and like.lead >= LEAD and not like.negated
    return like.score >= LIKELY and like.intent != NONE
