"""The sentences that XMPP's forms say to the bot mean what their titles say."""

import pytest

from connectors.xmpp.commands import COMMANDS, Sentence
from tests.unit.bots.phrases import NOW, recogniser

INTENTS = {
    "inbox": "inbox",
    "who": "who",
    "timeline": "timeline",
    "reply": "reply",
    "note": "note",
    "balance": "balance",
    "overdue": "overdue",
    "agenda": "agenda",
    "book": "book_appointment",
    "remind": "remind_me",
    "close": "close",
    "briefing": "briefing",
    "status": "status",
}
FILLED = {
    "de": {"contact": "Petra Müller", "text": "das Angebot kommt heute", "when": "morgen 10 Uhr"},
    "en": {"contact": "Petra Müller", "text": "the offer comes today", "when": "tomorrow 10am"},
}
SAID = [(language, command) for language in FILLED for command in COMMANDS if command.node != "ask"]


@pytest.mark.parametrize(("language", "command"), SAID, ids=[f"{one}-{command.node}" for one, command in SAID])
def test_a_forms_sentence_is_understood(language: str, command: Sentence) -> None:
    phrase = command.say_german if language == "de" else command.say_english
    values = FILLED[language]
    reading = recogniser().read(phrase.format(**values), (language,), NOW)
    assert reading is not None
    assert reading.intent == INTENTS[command.node]
    if any(blank.name == "contact" for blank in command.blanks):
        assert reading.slots["contact"] == "Petra Müller"
    if command.node in ("reply", "note"):
        assert reading.slots["text"] == values["text"]
