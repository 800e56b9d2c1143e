"""What colleagues say about money and time."""

import pytest

from tests.unit.bots.phrases import NOW, Phrase, heldout_business, is_right, is_wrong_action, recogniser, tuned


@pytest.mark.parametrize(
    "phrase", [*tuned("business_german"), *tuned("business_english")], ids=lambda phrase: phrase.text
)
def test_a_phrase_is_understood(phrase: Phrase) -> None:
    reading = recogniser().read(phrase.text, (), NOW)
    assert is_right(phrase, reading), reading


def test_what_was_held_out_leads_to_no_wrong_action(capsys: pytest.CaptureFixture[str]) -> None:
    """The shares are reported as they are; the floor only keeps them from getting worse unnoticed."""
    phrases = heldout_business("staff")
    readings = [(phrase, recogniser().read(phrase.text, (), NOW)) for phrase in phrases]
    right = sum(is_right(phrase, reading) for phrase, reading in readings)
    intent = sum((reading.intent if reading else "unknown") == phrase.intent for phrase, reading in readings)
    wrong = sum(is_wrong_action(phrase, reading) and reading.intent != phrase.intent for phrase, reading in readings)
    with capsys.disabled():
        print(f"\nheld-out staff phrases: {len(phrases)}, right {right}, right intent {intent}, wrong action {wrong}")
    assert len(phrases) == 80
    assert wrong == 0


@pytest.mark.parametrize("phrase", tuned("sentences"), ids=lambda phrase: phrase.text)
def test_a_whole_sentence_is_understood(phrase: Phrase) -> None:
    reading = recogniser().read(phrase.text, (), NOW)
    assert is_right(phrase, reading), reading


def test_fresh_sentences_are_read_by_their_likeness_to_examples(capsys: pytest.CaptureFixture[str]) -> None:
    phrases = tuned("likenesses")
    readings = [(phrase, recogniser().read(phrase.text, (), NOW)) for phrase in phrases]
    right = sum(is_right(phrase, reading) for phrase, reading in readings)
    wrong = [
        phrase.text
        for phrase, reading in readings
        if reading is not None and is_wrong_action(phrase, reading) and reading.intent != phrase.intent
    ]
    with capsys.disabled():
        print(f"\nfresh staff phrases: {len(phrases)}, right {right}, wrong action {len(wrong)}")
    assert len(phrases) == 170
    assert right >= 150
    assert wrong == []


@pytest.mark.parametrize(
    ("file", "least"), [("fresh_staff", 215), ("fresh_staff_second", 115), ("fresh_staff_third", 92)]
)
def test_three_rounds_of_fresh_sentences_stay_understood(file: str, least: int) -> None:
    """Each was written before the change that it measured. "take the third one" may mean two things: it is proposed."""
    readings = [(phrase, recogniser().read(phrase.text, (), NOW)) for phrase in tuned(file)]
    wrong = [p.text for p, r in readings if r is not None and is_wrong_action(p, r) and r.intent != p.intent]
    assert sum(is_right(phrase, reading) for phrase, reading in readings) >= least
    assert set(wrong) <= {"nimm den dritten", "take the third one"}


def test_part_of_a_figure_is_no_amount() -> None:
    """ "1,200.50" is neither 200.50 nor the first of a list."""
    reading = recogniser().read("a payment of 1,200.50 came in from Ellis", (), NOW)
    assert reading is not None
    assert reading.slots["amount"] == "1200.50"


def test_a_negated_sentence_changes_nothing() -> None:
    for text in ("Gruber hat heute keine 480 Euro überwiesen", "do not hand Everett over to Ben"):
        reading = recogniser().read(text, (), NOW)
        assert reading is None or reading.intent not in ("book_payment", "assign"), reading


@pytest.mark.parametrize("name", ["Mark", "Hand", "Lange", "Ruf", "Haus Neu", "Anna Frei"])
def test_people_may_be_called_like_words_of_the_examples(name: str) -> None:
    for text in (f"antworte {name}: ja", f"zahlung 120 von {name}", f"öffne {name} wieder"):
        reading = recogniser().read(text, (), NOW)
        assert reading is not None, text
        assert reading.slots["contact"] == name


@pytest.mark.parametrize("name", ["Mark", "Hand", "Bill", "Will"])
def test_one_of_two_people_is_never_taken_for_the_other(name: str) -> None:
    reading = recogniser().read(f"assign {name} to Ben", (), NOW)
    assert reading is None or reading.slots.get("contact") == name


def test_a_long_text_is_kept_to_its_end() -> None:
    """Only the first words are compared, none of the text is lost."""
    for count in (5, 12, 30):
        said = "we deliver the stairs with the railing as agreed, " * count + "that is on Friday, regards Anna"
        reading = recogniser().read(f"drop Mrs Piper a quick line: {said}", ("en",), NOW)
        assert reading is not None
        assert (reading.intent, reading.exact) == ("reply", False), "a template reads it: the test needs another"
        assert reading.slots["text"] == said
