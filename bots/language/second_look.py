"""The second look at a sentence, by signs and by likeness to examples: where the templates found nothing, or found
something that is hardly right. A template takes whatever stands in a name's place."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from bots.language.examples import Examples, load_examples
from bots.language.likeness import Likeness, read_by_likeness
from bots.language.marking import PARTICLES
from bots.language.pack import LanguagePack
from bots.language.reading import Reading
from bots.language.signs import clean_name, is_document, read_by_signs
from bots.language.slots import fill_slots
from bots.language.tokens import SEPARATOR, Sentence, read_sentence
from hub.domain.folding import fold

CHANGING = frozenset(
    {"reply", "note", "assign", "close", "reopen", "book_payment", "remind_payment", "book_appointment", "merge"}
    | {"move_appointment", "cancel_appointment", "snooze", "ask_colleague", "tag", "unmerge", "reply_template", "fax"}
    | {"missed_appointment"}
    | {"invite_to_occasion", "register_for_occasion", "cancel_registration"}
)
"""Intents that lead to writing; not `create`, whose name is new by nature."""
ACTING = CHANGING | {"create", "undo", "remind_me", "drop_reminder", "alert_on", "alert_off"}
"""Intents that a likeness is held to more strictly: all that lead to writing."""
ANSWERS = frozenset({"confirm", "decline", "choose"})
"""Intents that do something at once, where something was asked: nothing but such words may be taken for them."""
SURE, LIKELY = 0.7, 0.45
"""How like an example a sentence must be: to be believed before the signs; and, where the signs know nothing, after
them, for what only shows."""
LIKELY_NOBODY = 0.66
"""The same against a template whose name hardly is one."""
VERBATIM = 0.85
"""So like an example that a loose template is not believed against it, and that it may lead to a change."""
LOOSE = frozenset({"who", "assign", "search", "help"})
"""Intents whose templates fit many a sentence that means something else."""
SHORT = 4
"""Words of a sentence that a template reads as surely as any example."""
LEAD = 0.12
"""How much better than the next best intent a change must fit."""
NONE = "none"
"""The intent of examples that ask for nothing that the bot does."""
FOREIGN = 2
"""So many more stop words of one language than of another: the other is not asked."""


class SecondLook:
    """Over all languages."""

    def __init__(self, packs: Mapping[str, LanguagePack]) -> None:
        self._packs = packs
        self._last: tuple[object, tuple[float, Reading] | None] | None = None

    @cached_property
    def examples(self) -> dict[str, Examples]:
        """Of each language that has some; read when they are first needed."""
        read = {code: load_examples(pack) for code, pack in self._packs.items()}
        return {code: examples for code, examples in read.items() if examples is not None}

    def read(self, sentence: Sentence, prefer: Sequence[str], now: datetime | None) -> Reading | None:
        """By examples and by signs. Not exact: the dialogue says what it understood before anything is done."""
        like = self._by_likeness(sentence.raw, prefer, now)
        if like is not None and like[1].intent == NONE:
            return None
        if like is not None and like[0] >= SURE:
            return like[1]
        return self._by_signs(sentence, prefer, now) or (like[1] if like is not None else None)

    def sober(self, found: Reading, sentence: Sentence, prefer: Sequence[str], now: datetime | None) -> Reading | None:
        """Everyday words around a name are left away; where they are all of it, or signs of another request stand
        within it, the second look decides; None where that knows nothing better and something would be changed."""
        contact = found.slots.get("contact", "")
        if found.intent in ("remind_payment", "invoice", "order") and is_document(contact):
            kept = {name: value for name, value in found.slots.items() if name != "contact"}
            return replace(found, slots={**kept, "number": contact})
        if (said := self._said_otherwise(found, sentence, prefer, now)) is not None:
            return said
        if (user := found.slots.get("user", "")) and not user.startswith("@"):
            cleaned, _ = clean_name(user, self._packs[found.language])
            found = replace(found, slots={**found.slots, "user": cleaned or user})
        if contact:
            return self._sober_name(found, contact, sentence, prefer, now)
        if found.intent == "search" and (narrower := self._narrowed(found, sentence, prefer, now)) is not None:
            return narrower
        if found.intent == "search" and (other := self._by_signs(sentence, prefer, now)) is not None:
            return other if "number" in other.slots else found
        return found

    def _sober_name(
        self, found: Reading, contact: str, sentence: Sentence, prefer: Sequence[str], now: datetime | None
    ) -> Reading | None:
        cleaned, dubious = clean_name(contact, self._packs[found.language])
        dubious = dubious or self._sounds_like_request(cleaned, found.language) or _is_mixed(cleaned)
        dubious = dubious or (found.intent == "create" and self._is_a_noun(cleaned, found.language))
        dubious = dubious or (found.intent == "who" and self._is_taught(cleaned, found.language))
        if dubious and cleaned and all(word[0].isupper() for word in cleaned.split()):
            # "zahlung 120 von Anna Frei": one name, not a name and a word, where template and examples agree.
            like = self._by_likeness(sentence.raw, prefer, now, agreeing=True)
            if like is not None and like[1].intent == found.intent:
                return replace(found, slots={**found.slots, "contact": cleaned}, exact=False)
        if dubious and (other := self.read(sentence, prefer, now)) is not None:
            return other
        if dubious and found.intent in CHANGING | {"create"}:
            # Rather three suggestions than a proposal to change something for nobody.
            return None
        if _is_mixed(cleaned):
            cleaned = _capital_core(cleaned)
        return replace(found, slots={**found.slots, "contact": cleaned}) if cleaned else found

    def _said_otherwise(
        self, found: Reading, sentence: Sentence, prefer: Sequence[str], now: datetime | None
    ) -> Reading | None:
        """Another reading, where an example says almost word for word what a loose template took for something else,
        or where its "contact" is a document's number, its "user" words of the trade."""
        number = found.intent in ("who", "timeline") and is_document(found.slots.get("contact", ""))
        nobody = self._is_of_the_trade(found.slots.get("user", ""), found.language)
        plain = found.exact and len(sentence.words) <= SHORT
        if not number and not nobody and (plain or found.intent not in LOOSE):
            return None
        like = self._by_likeness(sentence.raw, prefer, now, agreeing=nobody)
        if like is None or like[1].intent in {found.intent, NONE, *ANSWERS}:
            return None
        return like[1] if like[0] >= (SURE if number else LIKELY_NOBODY if nobody else VERBATIM) else None

    def _narrowed(
        self, found: Reading, sentence: Sentence, prefer: Sequence[str], now: datetime | None
    ) -> Reading | None:
        """The search of an example that is about fewer words: "our messages for scaffolding" is about scaffolding."""
        query = found.slots.get("query", "")
        if len(query.split()) < 2:
            return None
        like = self._by_likeness(sentence.raw, prefer, now)
        if like is None or like[1].intent != "search" or like[0] < SURE:
            return None
        told = like[1].slots.get("query", "")
        left_out = {fold(word) for word in query.split()} - {fold(word) for word in told.split()}
        return like[1] if told and told in query and left_out - self._packs[found.language].titles else None

    def _is_of_the_trade(self, user: str, language: str) -> bool:
        """Whether a "colleague" is only words that the examples consist of, in small letters ("address book")."""
        examples = self.examples.get(language)
        words = [] if user.startswith("@") else user.split()
        return (
            examples is not None
            and bool(words)
            and all(word.islower() and examples.vocabulary.knows(fold(word)) for word in words)
        )

    def _is_a_noun(self, name: str, language: str) -> bool:
        """Whether a "new contact" is a word of the trade ("Termin", "Angebot")."""
        examples = self.examples.get(language)
        return examples is not None and fold(name) in examples.vocabulary.same

    def _is_taught(self, name: str, language: str) -> bool:
        """Whether "somebody" is a word of the examples ("who is calling")."""
        examples = self.examples.get(language)
        return examples is not None and " " not in name and examples.vocabulary.knows(fold(name))

    def _sounds_like_request(self, name: str, language: str) -> bool:
        """Whether words of the examples stand within a name of several words. Not capitalised ones and not a single
        one: people are called Mark, Lange and Ruf."""
        examples = self.examples.get(language)
        words = name.split()
        if examples is None or len(words) < 2:
            return False
        return any(word[:1].islower() and fold(word) in examples.vocabulary.words for word in words)

    def _by_likeness(
        self, text: str, prefer: Sequence[str], now: datetime | None, *, agreeing: bool = False
    ) -> tuple[float, Reading] | None:
        """The same sentence is looked at more than once: the last answer is kept. `agreeing`: a template has said the
        same already, so that less is enough."""
        asked = (text, tuple(prefer), now, agreeing)
        if self._last is None or self._last[0] != asked:
            self._last = (asked, self._compare(text, prefer, now, LIKELY_NOBODY if agreeing else VERBATIM))
        return self._last[1]

    def _compare(
        self, text: str, prefer: Sequence[str], now: datetime | None, bar: float
    ) -> tuple[float, Reading] | None:
        sentence = read_sentence(text, soft=True)
        found: list[tuple[float, bool, str, Likeness]] = []
        for code in self._spoken(sentence):
            start = find_beginnings(sentence.words, self._packs[code])[-1]
            like = read_by_likeness(sentence, start, self._packs[code], self.examples[code], now)
            if like is not None:
                found.append((like.score, code in prefer, code, like))
        if not found:
            return None
        score, _, code, like = max(found, key=lambda one: one[:3])
        if not _is_believed(score, like, bar):
            return None
        slots = fill_slots(like, sentence, self._packs[code])
        return None if slots is None else (score, Reading(intent=like.intent, slots=slots, language=code, exact=False))

    def _spoken(self, sentence: Sentence) -> list[str]:
        """The languages that it may be in."""
        scores = self.stop_word_scores(sentence.words)
        top = max((scores[code] for code in self.examples), default=0)
        return [code for code in self.examples if scores[code] > top - FOREIGN]

    def _by_signs(self, sentence: Sentence, prefer: Sequence[str], now: datetime | None) -> Reading | None:
        found = []
        for code, pack in self._packs.items():
            read = read_by_signs(sentence, pack, now)
            if read is not None:
                scores = self.stop_word_scores(sentence.words)
                found.append((read[0], scores[code], code in prefer, code, read))
        if not found:
            return None
        weight, _, _, code, (_, intent, slots) = max(found, key=lambda one: one[:4])
        return Reading(intent=intent, slots=slots, language=code, exact=False, weight=weight)

    def stop_word_scores(self, words: Sequence[str]) -> dict[str, int]:
        """How many different words of each language's everyday a sentence holds."""
        held = set(words)
        return {code: len(held & pack.stop_words) for code, pack in self._packs.items()}


def _is_believed(score: float, like: Likeness, bar: float) -> bool:
    if like.intent in ANSWERS:
        return score >= VERBATIM and not like.negated
    if like.intent in ACTING:
        # A likeness that is less than plain becomes three suggestions to choose from, never a proposal.
        return score >= bar and not like.negated and like.lead >= LEAD
    return score >= (SURE if like.intent == NONE or like.negated else LIKELY)


def _is_mixed(name: str) -> bool:
    """Whether words in small letters stand around capitalised ones ("Ritter einplanen"), or a figure before a name: no
    name is written so, but for the small words within one."""
    words = name.split()
    if len(words) < 2:
        return False
    if words[0][0].isdigit() and any(word[0].isalpha() for word in words):
        return True
    small = [word[:1].islower() and word not in PARTICLES for word in words]
    return any(small) and any(word[:1].isupper() for word in words)


def _capital_core(name: str) -> str:
    """The part of a name from its first capitalised word to its last."""
    words = name.split()
    capital = [at for at, word in enumerate(words) if word[:1].isupper()]
    return " ".join(words[capital[0] : capital[-1] + 1]) if capital else name


def find_beginnings(words: Sequence[str], pack: LanguagePack) -> list[int]:
    """Where the request may begin: at the first word, and after each opener ("hey bot, could you please ...")."""
    starts = [0]
    at = 0
    for _ in range(4):
        for opener in pack.openers:
            if tuple(words[at : at + len(opener)]) == opener:
                at += len(opener)
                if at < len(words) and words[at] == SEPARATOR:
                    at += 1
                starts.append(at)
                break
        else:
            break
    return starts
