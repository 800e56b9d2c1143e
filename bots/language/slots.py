"""What the words of a slot mean: a name, a pronoun, a colleague, an amount, a free text."""

from bots.language.amounts import read_amount, read_minutes
from bots.language.likeness import Likeness
from bots.language.pack import LanguagePack
from bots.language.template import OPEN_SLOTS
from bots.language.tokens import Sentence

SHOWN, ME, QUEUE = "@shown", "@me", "@queue"
"""Slot values that are no names: what was just shown, the colleague who asks, the queue. `@2` is the second of a list,
`@last` its last."""
MAY_MISS = frozenset({"contact", "number", "minutes", "text", "when"})
"""Slots of an example that a sentence may leave open: the dialogue asks, or does without. Never a second person:
"assign Mark to Ben" must not become one of the two."""


def fill_slots(like: Likeness, sentence: Sentence, pack: LanguagePack) -> dict[str, str] | None:
    """The slots of the example that a sentence is like; None where nobody stands for somebody whom it needs."""
    slots = dict(like.preset) | like.found
    for name, (first, after) in like.spans:
        if name in OPEN_SLOTS and after < len(sentence.words):
            slots[name] = sentence.span(first, after).strip()
        elif name == "place":
            word = sentence.words[first]
            slots["number"] = pack.ordinals.get(word, word)
        else:
            slots |= read_words(name, sentence, sentence.words, first, after, pack)
            if like.glued and name in ("contact", "user"):
                slots[name] = slots[name].removesuffix("s")
    if set(like.missing) - MAY_MISS:
        return None
    if "contact" in like.missing:
        if not pack.pronouns & set(sentence.words):
            return None
        slots["contact"] = SHOWN
    return {name: value for name, value in slots.items() if value}


def read_words(
    name: str, sentence: Sentence, words: tuple[str, ...], first: int, after: int, pack: LanguagePack
) -> dict[str, str]:
    """The words first..after-1 as the value of that slot. `words` may be mended, the sentence is as typed."""
    original = sentence.words
    if name in OPEN_SLOTS:
        while name == "text" and first < after - 1 and original[first] in pack.connectives:
            first += 1
        if name == "query":
            while after > first + 1 and original[after - 1] in pack.fillers:
                after -= 1
            whole = sentence.rest(first) if after == len(original) else sentence.span(first, after)
            return {name: whole.rstrip("?!").strip()}
        return {name: sentence.rest(first)}
    if name == "pronoun":
        return {"contact": SHOWN}
    if name == "ordinal":
        return {"number": pack.ordinals[" ".join(words[first:after])]}
    if name == "span":
        return {"span": pack.spans[" ".join(words[first:after])]}
    if name == "contact":
        return {"contact": read_contact(sentence, original, first, after, pack)}
    if name in ("user", "me"):
        return {"user": _user(sentence, original, first, after, pack)}
    if name == "ref":
        return {"number": sentence.span(first, after)}
    if name == "amount":
        return read_amount(sentence, first, after)
    if name == "minutes":
        return {"minutes": read_minutes(words[first:after])}
    if name == "digits":
        return {"digits": "".join(words[first:after])}
    if name == "other":
        return {"other": read_contact(sentence, original, first, after, pack)}
    if name == "topic":
        return {"topic": " ".join(words[first:after])}
    return {name: sentence.span(first, after)}


def read_contact(sentence: Sentence, words: tuple[str, ...], first: int, after: int, pack: LanguagePack) -> str:
    """A name without titles and fillers, a pronoun or ordinal as what it points to; \'\' where it cannot be a name."""
    while after > first + 1 and words[after - 1] in pack.fillers:
        after -= 1
    while first < after - 1 and words[first] in pack.fillers:
        first += 1
    if " ".join(words[first:after]) in pack.pronouns:
        return SHOWN
    while first < after - 1 and words[first] in pack.titles:
        first += 1
    if words[first] in pack.not_names:
        return ""
    phrase = " ".join(words[first:after])
    if phrase in pack.ordinals:
        return f"@{pack.ordinals[phrase]}"
    if phrase in pack.pronouns:
        return SHOWN
    if phrase.isdigit() and len(phrase) <= 2:
        return f"@{int(phrase)}"
    return sentence.span(first, after)


def _user(sentence: Sentence, words: tuple[str, ...], first: int, after: int, pack: LanguagePack) -> str:
    while after > first + 1 and words[after - 1] in pack.fillers:
        after -= 1
    while first < after - 1 and words[first] in pack.titles:
        first += 1
    phrase = " ".join(words[first:after])
    if phrase in pack.me:
        return ME
    if phrase in pack.queue:
        return QUEUE
    return sentence.span(first, after).lstrip("@")
