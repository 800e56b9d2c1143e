"""Small things of XMPP: addresses of a component, words to stanzas, sessions of forms, settings."""

import pytest
from pydantic import ValidationError

from config.fields import Secret
from connectors.xmpp.card import bot_card, draw_disc
from connectors.xmpp.commands import COMMANDS, MAX_SESSIONS, Sessions
from connectors.xmpp.compose import speakable
from connectors.xmpp.delivery import offer
from connectors.xmpp.jids import Jids
from connectors.xmpp.settings import XmppSettings
from hub.domain.ids import random_id

JIDS = Jids(domain="crm.example", bot="hub@crm.example", public="info@crm.example")


def test_a_contacts_address_names_it_and_nothing_else_does() -> None:
    contact = random_id("c")
    assert JIDS.contact_of(JIDS.contact(contact)) == contact
    for other in ("hub@crm.example", "c-short@crm.example", f"c-{contact[2:]}@evil.example", "crm.example", ""):
        assert JIDS.contact_of(other) is None


def test_words_hold_nothing_that_would_end_the_stream() -> None:
    assert speakable("a\x00b\x0bc\ud800d\ufffee\tf\ng 🌳 ä") == "abcde\tf\ng 🌳 ä"


def test_choices_are_named_unless_the_words_name_them() -> None:
    assert offer("Senden?", ("ja", "nein")) == "Senden?\n→ ja / nein"
    assert offer("Senden? ja / nein", ("ja", "nein")) == "Senden? ja / nein"
    assert offer("Text", ()) == "Text"


def test_forms_that_are_done_are_forgotten_and_the_others_are_bounded() -> None:
    sessions = Sessions()
    for number in range(MAX_SESSIONS + 5):
        sessions[str(number)] = {"next": print}
    assert len(sessions) == MAX_SESSIONS
    sessions["504"] = {"next": None}
    assert "504" not in sessions


def test_every_command_says_something_in_both_languages() -> None:
    assert len({command.node for command in COMMANDS}) == len(COMMANDS) >= 10
    for command in COMMANDS:
        for phrase in (command.say_german, command.say_english):
            assert all(f"{{{blank.name}}}" in phrase for blank in command.blanks)


def test_the_bots_card_has_a_name_and_a_picture() -> None:
    card = bot_card()
    assert card.findtext("{vcard-temp}FN") == "Fernamt"
    assert draw_disc((1, 2, 3)).startswith(b"\x89PNG\r\n\x1a\n")
    assert len(draw_disc((1, 2, 3))) < 8_000


def settings(**changes: object) -> XmppSettings:
    values = {"jid": "hub@crm.example", "password": Secret.parse("x")}
    return XmppSettings.model_validate(values | changes)


def test_each_mode_has_its_port_and_its_way_with_strangers() -> None:
    component = settings(mode="component", host="127.0.0.1")
    assert (settings().server_port, component.server_port) == (5222, 5347)
    assert (settings().welcomes, component.welcomes) == (False, True)
    assert not settings(mode="component", host="127.0.0.1", strangers="refuse").welcomes
    assert settings(strangers="welcome").welcomes
    assert (settings().writes_from, component.writes_from) == ("hub@crm.example", "info@crm.example")


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": "component"},
        {"mode": "component", "host": "127.0.0.1", "public": "hub"},
        {"public": "c-abc"},
        {"public": "info@x"},
        {"jid": "@x"},
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**changes)
