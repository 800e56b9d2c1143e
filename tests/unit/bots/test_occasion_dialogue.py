"""The staff bot over real events: which there are, who comes, inviting, checking in; and what customers answer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bots.customer.recognition import CustomerRecogniser, load_customer_packs
from hub.domain.occasion import OccasionDraft, OccasionState, Session
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


async def seats(chat: Chat, title: str) -> tuple[int, int]:
    view = await chat.verbs.occasions.find(chat.office.anna, title)
    return view.taken, view.waiting


async def test_somebody_is_registered_once_after_a_yes_and_cancelled_again(chat: Chat) -> None:
    await chat.office.customer("Petra Müller", "petra@carpenter.example")
    await chat.office.customer("Jens Vogel", "jens@vogel.example")
    asked = await chat.say("melde Petra Müller zur Holzmesse an")
    assert "Petra Müller zu Holzmesse anmelden" in asked.text
    assert "0/1" in asked.text
    assert await seats(chat, "Holzmesse") == (0, 0)
    assert "Petra Müller ist zu Holzmesse angemeldet. Code: " in (await chat.say("ja")).text
    assert len(chat.office.world.rows) == 1
    # Once more is once, and a second yes is about nothing.
    await chat.say("melde Petra Müller zur Holzmesse an")
    await chat.say("ja")
    await chat.say("ja")
    assert await seats(chat, "Holzmesse") == (1, 0)
    assert len(chat.office.world.rows) == 1
    asked = await chat.say("register Jens Vogel for the Holzmesse")
    assert "Put Jens Vogel on the waiting list?" in asked.text
    assert "on the waiting list for Holzmesse, number 1" in (await chat.say("yes")).text
    asked = await chat.say("cancel Petra Müller's registration for the Holzmesse")
    assert "Cancel the registration of Petra Müller for Holzmesse" in asked.text
    assert await seats(chat, "Holzmesse") == (1, 1)
    assert "no longer registered" in (await chat.say("yes")).text
    assert await seats(chat, "Holzmesse") == (1, 0)
    assert "Jens Vogel" in (await chat.say("who is coming to the Holzmesse")).text


async def test_a_no_and_an_unknown_registration_change_nothing(chat: Chat) -> None:
    await chat.office.customer("Petra Müller", "petra@carpenter.example")
    await chat.say("melde Petra Müller zur Holzmesse an")
    await chat.say("nein")
    assert await seats(chat, "Holzmesse") == (0, 0)
    await chat.say("melde Petra Müller von der Holzmesse ab")
    assert (await chat.say("ja")).text == "Petra Müller ist zu Holzmesse gar nicht angemeldet."
    await chat.say("melde Niemand Bekannt zur Holzmesse an")
    await chat.say("ja")
    assert await seats(chat, "Holzmesse") == (0, 0)
    assert chat.office.world.rows == {}


async def test_an_event_that_nobody_knows_is_asked_for_and_a_number_goes_on(chat: Chat) -> None:
    await chat.office.customer("Petra Müller", "petra@carpenter.example")
    asked = await chat.say("melde Petra Müller zum Sommerfest an")
    assert "kenne ich nicht" in asked.text
    assert {choice.label.partition(",")[0] for choice in asked.choices} == {"Holzmesse", "Schulung Oberflächen"}
    number = 1 + [choice.label.startswith("Holzmesse") for choice in asked.choices].index(True)
    assert "Petra Müller zu Holzmesse anmelden" in (await chat.say(str(number))).text
    await chat.say("ja")
    assert await seats(chat, "Holzmesse") == (1, 0)


async def test_of_several_sessions_one_is_chosen_and_another_is_not_taken_for_it(chat: Chat) -> None:
    await chat.office.customer("Petra Müller", "petra@carpenter.example")
    known = (await chat.verbs.occasions.find(chat.who, "Holzmesse")).occasion
    parts = tuple(
        Session(id=id, title=title, start=known.start, end=known.end) for id, title in (("a", "Sägen"), ("b", "Ölen"))
    )
    draft = OccasionDraft(title="Werkstatttag", start=known.start, end=known.end, sessions=parts, fee=Decimal("49.90"))
    event = (await chat.verbs.occasions.create(chat.who, draft, key="workshop")).occasion
    asked = await chat.say("melde Petra Müller zum Werkstatttag an")
    assert [choice.label.partition(",")[0] for choice in asked.choices] == ["Sägen", "Ölen"]
    told = await chat.say("2")
    assert "Werkstatttag – Ölen anmelden" in told.text
    assert "49,90" in told.text
    await chat.say("ja")
    (one,) = (await chat.verbs.occasions.registrations(chat.who, event.id)).items
    assert one.registration.session == "b"
    assert "angemeldet, Ölen" in (await chat.say("wer kommt zum Werkstatttag")).text
    await chat.say("melde Petra Müller zum Werkstatttag an")
    await chat.say("1")
    assert "schon für einen anderen Programmpunkt" in (await chat.say("ja")).text


async def test_for_an_event_that_is_closed_nobody_is_proposed(chat: Chat) -> None:
    await chat.office.customer("Petra Müller", "petra@carpenter.example")
    event = (await chat.verbs.occasions.find(chat.who, "Holzmesse")).occasion
    await chat.verbs.occasions.set_state(chat.who, event.id, OccasionState.CLOSED)
    assert "ist geschlossen" in (await chat.say("melde Petra Müller zur Holzmesse an")).text
    await chat.say("ja")
    assert await seats(chat, "Holzmesse") == (0, 0)


@pytest.mark.parametrize("text", ["melde Petra Müller zur Holzmesse an", "melde Petra Müller von der Holzmesse ab"])
async def test_who_only_looks_registers_and_cancels_nobody(chat: Chat, text: str) -> None:
    petra = await chat.office.customer("Petra Müller", "petra@carpenter.example")
    if text.endswith(" ab"):
        event = (await chat.verbs.occasions.find(chat.who, "Holzmesse")).occasion
        await chat.verbs.occasions.register(chat.who, event.id, petra.id)
    before = await seats(chat, "Holzmesse")
    chat.who = replace(chat.office.anna, roles=(UserRole.READ_ONLY,))
    await chat.say(text)
    await chat.say("ja")
    assert await seats(chat, "Holzmesse") == before


@pytest.mark.parametrize(
    "text",
    [
        "melde Petra Müller nicht zur Holzmesse an",
        "trag Petra Müller für morgen 10 Uhr ein",
        "melde Petra Müller bei Anna an",
        "ist Petra Müller zur Holzmesse angemeldet?",
        "hat sich Petra Müller von der Holzmesse abgemeldet?",
        "do not register Petra Müller for the Holzmesse",
        "did Petra Müller cancel the registration for the Holzmesse?",
        "why did you register Petra Müller for the Holzmesse",
        "wann soll ich Petra Müller zur Holzmesse anmelden?",
    ],
)
async def test_what_is_asked_or_denied_registers_and_cancels_nobody(chat: Chat, text: str) -> None:
    await chat.office.customer("Petra Müller", "petra@carpenter.example")
    said = await chat.say(text)
    assert said.intent not in ("register_for_occasion", "cancel_registration", "invite_to_occasion"), said.text


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
