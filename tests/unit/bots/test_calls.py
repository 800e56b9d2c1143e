"""Calls that a colleague tells of: confirmed first, written once."""

import pytest

from tests.unit.bots.fake_desk import actor
from tests.unit.bots.test_staff_turns import Chat


async def test_a_call_is_read_back_and_recorded_after_a_yes() -> None:
    chat = Chat()
    asked = await chat.say("Petra Müller angerufen, 10 Minuten, will ein Angebot")
    assert asked.text.startswith("Anruf bei Petra Müller, 10 Minuten: „will ein Angebot“")
    assert chat.desk.calls == []
    done = await chat.say("ja")
    assert done.text == "Anruf mit Petra Müller festgehalten."
    assert chat.desk.calls == [("will ein Angebot", 10, False)]


async def test_the_same_turn_records_once_and_back_says_that_it_stays() -> None:
    chat = Chat()
    await chat.say("Anruf von Petra Müller: kommt morgen")
    for _ in range(2):
        await chat.say("ja", turn="a_yes")
    assert chat.desk.calls == [("kommt morgen", 0, True)]
    assert "bleibt stehen" in (await chat.say("zurück")).text


@pytest.mark.parametrize(
    ("text", "length", "incoming"),
    [
        ("called Petra Müller, 10 minutes, wants a quote", 10, False),
        ("Petra Müller called, 2 min, wants a quote", 2, True),
        ("called Petra Müller: wants a quote", 0, False),
    ],
)
async def test_in_english(text: str, length: int, incoming: bool) -> None:
    chat, ben = Chat(), actor(language="en")
    asked = await chat.say(text, who=ben)
    assert asked.text.startswith(("Call to Petra Müller", "Call from Petra Müller"))
    await chat.say("yes", who=ben)
    assert chat.desk.calls == [("wants a quote", length, incoming)]


async def test_without_words_it_asks_what_it_was_about() -> None:
    chat = Chat()
    assert (await chat.say("halte einen Anruf mit Petra Müller fest")).text == (
        "Worum ging es bei dem Anruf mit Petra Müller?"
    )
    assert "„Angebot besprochen“" in (await chat.say("Angebot besprochen")).text
    await chat.say("ja")
    assert chat.desk.calls == [("Angebot besprochen", 0, False)]
