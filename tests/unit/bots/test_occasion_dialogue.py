"""The staff bot over real events: which there are, who comes, inviting, checking in; and what customers answer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bots.customer.recognition import CustomerRecogniser, load_customer_packs
from hub.domain.occasion import OccasionDraft
from hub.domain.people import UserRole
from tests.architecture.test_rights import bundle
from tests.unit.bots.test_business_dialogue import Chat

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
async def chat() -> Chat:
    office, verbs = await bundle()
    made = Chat(office, verbs)
    start = office.clock.now().replace(microsecond=0) + timedelta(days=9)
    draft = OccasionDraft(title="Holzmesse", start=start, end=start + timedelta(hours=2), capacity=1)
    await verbs.occasions.create(office.anna, draft, key="fair")
    await verbs.occasions.create(office.anna, replace(draft, title="Schulung Oberflächen"), key="training")
    return made


async def test_events_guests_and_check_in(chat: Chat) -> None:
    petra = await chat.office.customer("Petra Müller", "petra@carpenter.example")
    listed = await chat.say("welche Veranstaltungen gibt es")
    assert "Holzmesse" in listed.text
    assert "0/1" in listed.text
    event = (await chat.verbs.occasions.find(chat.who, "Holzmesse")).occasion
    done = await chat.verbs.occasions.register(chat.who, event.id, petra.id)
    guests = await chat.say("wer kommt zur Holzmesse?")
    assert "Petra Müller" in guests.text
    assert "noch niemand" in (await chat.say("wer kommt zur Schulung")).text
    assert "kenne ich nicht" in (await chat.say("wer kommt zum Sommerfest")).text
    assert "gibt es nicht" in (await chat.say("Einlass AAAAAAAAAA")).text
    assert (await chat.say(f"Einlass {done.registration.code}")).text == "Petra Müller ist da."
    assert (await chat.say(f"Einlass {done.registration.code}")).text == "Petra Müller ist da."


async def test_an_invitation_is_told_whole_and_sent_once_after_a_yes(chat: Chat) -> None:
    await chat.office.customer("Petra Müller", "petra@carpenter.example")
    asked = await chat.say("lade Müller zur Holzmesse ein")
    assert "Petra Müller zu Holzmesse einladen" in asked.text
    assert chat.office.world.rows == {}
    done = await chat.say("ja")
    assert done.text == "Petra Müller ist zu Holzmesse eingeladen."
    assert len(chat.office.world.rows) == 1


async def test_who_only_looks_invites_nobody(chat: Chat) -> None:
    chat.who = replace(chat.office.anna, roles=(UserRole.READ_ONLY,))
    await chat.office.customer("Petra Müller", "petra@carpenter.example")
    assert "Holzmesse" in (await chat.say("Veranstaltungen")).text
    await chat.say("lade Petra Müller zur Holzmesse ein")
    await chat.say("ja")
    assert chat.office.world.rows == {}


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("ich komme", "attend"),
        ("Ich komme gern!", "attend"),
        ("melde mich an", "attend"),
        ("Hiermit melde ich mich an.", "attend"),
        ("bin dabei", "attend"),
        ("Ich nehme teil", "attend"),
        ("yes I will attend", "attend"),
        ("Guten Tag, ich komme. Viele Grüße, Petra Müller", "attend"),
        ("absagen", "withdraw"),
        ("Ich muss leider absagen", "withdraw"),
        ("ich komme nicht", "withdraw"),
        ("cancel my registration", "withdraw"),
        ("I cannot come", "withdraw"),
        ("I can't make it", "withdraw"),
        # These mean something else, or are for a person.
        ("Ja", "confirm"),
        ("Nein", "decline"),
        ("Termin absagen", "cancel"),
        ("Stopp", "opt_out"),
        ("Kann ich noch jemanden mitbringen?", ""),
        ("wann geht es los?", ""),
        ("Was ist noch offen bei mir?", "my_balance"),
    ],
)
def test_answers_to_an_invitation_are_heard_only_where_one_is_open(text: str, intent: str) -> None:
    recogniser = CustomerRecogniser(load_customer_packs())
    assert recogniser.read(text, "de", NOW, invited=True).intent == intent
    assert recogniser.read(text, "de", NOW).intent not in ("attend", "withdraw")
