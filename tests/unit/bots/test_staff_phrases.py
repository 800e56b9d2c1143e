"""What single sentences mean: tests/cases/bot/*.toml."""

import time

import pytest

from bots.language.recognition import Reading
from tests.unit.bots.phrases import Phrase, heldout, is_right, is_wrong_action, recogniser, tuned

HELDOUT_RIGHT = 0.9
TUNED = [(language, phrase) for language in ("german", "english") for phrase in tuned(language)]


def read(language: str, phrase: Phrase) -> Reading | None:
    return recogniser().read(phrase.text, ("de" if language == "german" else "en",))


@pytest.mark.parametrize(("language", "phrase"), TUNED, ids=[phrase.text for _, phrase in TUNED])
def test_phrase(language: str, phrase: Phrase) -> None:
    reading = read(language, phrase)
    assert is_right(phrase, reading), reading


def test_there_are_enough_phrases_in_both_languages() -> None:
    assert len(tuned("german")) >= 75
    assert len(tuned("english")) >= 75


def test_phrases_are_read_in_their_own_language() -> None:
    """Whoever asks: the pattern decides, but for words that both languages have."""
    shared = {"status", "queue", "hilfe antworten", "hello"}
    for language, phrase in TUNED:
        code, other = ("de", "en") if language == "german" else ("en", "de")
        reading = recogniser().read(phrase.text, (other,))
        if reading and phrase.text.lower() not in shared and len(phrase.text.split()) > 2:
            assert reading.language == code or not is_right(phrase, reading), phrase.text


def test_misspelt_words_are_marked_as_guessed() -> None:
    assert recogniser().read("wer ist Kunz").exact  # type: ignore[union-attr]
    assert not recogniser().read("wre ist Kunz").exact  # type: ignore[union-attr]
    assert not recogniser().read("zurükc").exact  # type: ignore[union-attr]


def test_held_out_phrases() -> None:
    """Written before the rules, never used to tune them. A wrong action is worse than not understanding."""
    results = [(phrase, recogniser().read(phrase.text, ("de", "en"))) for phrase in heldout()]
    assert not [(p.text, r) for p, r in results if is_wrong_action(p, r)]
    assert sum(is_right(p, r) for p, r in results) / len(results) >= HELDOUT_RIGHT


@pytest.mark.parametrize("text", ["a " * 5_000, "antworte " * 200, ": " * 500, "gib x an " * 60, "((((", "{contact}"])
def test_hostile_length_is_read_in_bounded_time(text: str) -> None:
    started = time.process_time()
    recogniser().read(text)
    assert time.process_time() - started < 0.25
