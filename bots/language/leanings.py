"""Which intents each word of a language leans to, counted over all examples: beside the one example that is most like
a sentence, the whole of an intent's examples has a say (naive Bayes, every intent equally likely beforehand)."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SMOOTHING = 0.1
BLUNT = 0.5
"""What the evidence is multiplied by: words of one sentence are not independent of each other."""
STRONGEST = 4.0
"""No single word says more than that for or against an intent."""


@dataclass(frozen=True, slots=True)
class Leanings:
    """`words`: a word -> (how much it speaks for each intent, as a natural logarithm; what an intent gets for it
    that has it in none of its examples)."""

    words: Mapping[str, tuple[Mapping[str, float], float]]
    intents: tuple[str, ...]

    def shares(self, symbols: Iterable[str]) -> dict[str, float]:
        """How likely each intent is, by its words alone; together 1."""
        sums = dict.fromkeys(self.intents, 0.0)
        for symbol in set(symbols):
            if symbol not in self.words:
                continue
            known, least = self.words[symbol]
            for intent in sums:
                sums[intent] += known.get(intent, least)
        top = max(sums.values(), default=0.0)
        powers = {intent: math.exp(BLUNT * (value - top)) for intent, value in sums.items()}
        total = sum(powers.values()) or 1.0
        return {intent: power / total for intent, power in powers.items()}


def count_leanings(sayings: Sequence[tuple[str, Mapping[str, float]]]) -> Leanings:
    """Of (intent, words and how much each counts)."""
    counts: dict[str, dict[str, float]] = {}
    lines: dict[str, float] = {}
    for intent, symbols in sayings:
        held = counts.setdefault(intent, {})
        for symbol, share in symbols.items():
            held[symbol] = held.get(symbol, 0.0) + share
        lines[intent] = lines.get(intent, 0.0) + 1
    words = sorted({word for one in counts.values() for word in one})
    found: dict[str, tuple[dict[str, float], float]] = {}
    for word in words:
        # The share of an intent's lines that hold the word, against the mean share of all intents.
        shares = {i: (counts[i].get(word, 0.0) + SMOOTHING) / (lines[i] + 2 * SMOOTHING) for i in counts}
        mean = sum(shares.values()) / len(shares)
        floor = SMOOTHING / (max(lines.values()) + 2 * SMOOTHING)
        told = {i: _bound(math.log(value / mean)) for i, value in shares.items() if word in counts[i]}
        found[word] = (told, _bound(math.log(floor / mean)))
    return Leanings(found, tuple(counts))


def _bound(value: float) -> float:
    return max(-STRONGEST, min(STRONGEST, value))
