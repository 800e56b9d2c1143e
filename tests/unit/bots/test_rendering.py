"""Blocks as plain text."""

from bots.rendering import render
from hub.domain.turn import Choice
from hub.ports.bot import Confirm, Table, Text


def _choices(*labels: str) -> list[Choice]:
    return [Choice(kind="contact", id=str(number), label=label) for number, label in enumerate(labels)]


def test_few_choices_stand_in_one_line() -> None:
    assert render([Text(text="Zwei passen:")], _choices("A", "B")) == "Zwei passen: 1 A · 2 B"


def test_long_choices_stand_below_each_other_and_before_what_follows() -> None:
    said = render([Text(text="Zwei passen:"), Text(text="Oder?")], _choices("A" * 120, "B" * 120))
    assert said.splitlines() == ["Zwei passen:", "1 " + "A" * 120, "2 " + "B" * 120, "Oder?"]


def test_a_table_numbers_its_own_rows() -> None:
    table = Table(headings=("Nr.", "Wer", "Was"), rows=(("1", "Petra", ""), ("2", "Kunz", "Mail")))
    assert render([Text(text="Das wartet:"), table], _choices("A", "B")) == "Das wartet:\n1 Petra\n2 Kunz · Mail"


def test_a_question_ends_with_the_words_that_answer_it() -> None:
    assert render([Confirm(text="Senden?")], buttons=("ja", "nein")) == "Senden? ja / nein"
    assert render([Text(text="Gesendet.")], buttons=("zurück",)) == "Gesendet."


def test_nothing_is_nothing() -> None:
    assert render([]) == ""
