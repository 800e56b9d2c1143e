"""Which messages the customer bot takes, what it answers, and when a person goes on."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.domain.address import Address
from hub.domain.contact import ContactRole
from hub.domain.conversation import BotStance
from hub.domain.errors import StoreUnavailable
from hub.domain.message import Strength
from hub.domain.outbox import OutboxState, Purpose
from hub.ports.customer_verbs import CustomerReply
from hub.ports.kinds import CONTACTS, CUSTOMER_TURNS
from hub.reception import CustomerBotRules
from hub.services.customers.reception import ReceptionRules
from tests.outbox_world import ANNA, actor
from tests.reception_world import PETRA_CHAT, PETRA_MAIL, CustomerOffice


async def test_the_bot_says_once_that_it_is_one() -> None:
    world = await CustomerOffice.open()
    (first,) = await world.chat("hallo")
    (second,) = await world.chat("was kannst du?")
    assert first.startswith("Guten Tag, hier schreibt der automatische Assistent von Tischlerei Nord.")
    assert "automatische Assistent" not in second


async def test_it_speaks_the_language_in_which_it_is_asked() -> None:
    world = await CustomerOffice.open()
    (answer,) = await world.chat("what are your opening hours?")
    assert "Open: Mo–Fr 09:00–17:00." in answer.replace("Mon", "Mo").replace("Fri", "Fr")
    assert "Somebody is there now." in answer


async def test_what_is_not_understood_at_first_goes_to_people() -> None:
    world = await CustomerOffice.open()
    assert await world.chat("Welche Holzarten haben Sie?") == []
    conversation = world.conversation()
    assert (conversation.owner, conversation.bot) == ("queue", BotStance.OPEN)
    assert conversation.waiting_since is not None
    assert any("Welche Holzarten" in notice for notice in world.notices())


async def test_a_question_that_waits_for_a_person_is_not_answered_over() -> None:
    """The bot's answer would make the conversation look answered."""
    world = await CustomerOffice.open()
    await world.chat("Welche Holzarten haben Sie?")
    assert await world.chat("Was ist noch offen bei mir?") == []
    assert world.conversation().owner == "queue"


async def test_two_misunderstandings_in_a_row_hand_over() -> None:
    world = await CustomerOffice.open()
    await world.chat("hallo")
    (first,) = await world.chat("blubb")
    (second,) = await world.chat("blabb")
    assert "nicht verstanden" in first
    assert second == "Ich gebe das an einen Menschen weiter; Sie bekommen hier Antwort."
    conversation = world.conversation()
    assert (conversation.owner, conversation.bot, conversation.queue) == ("queue", BotStance.SILENT, "queue")
    assert conversation.waiting_since is not None
    assert any("blabb" in notice for notice in world.notices())
    assert await world.chat("hallo?") == []


async def test_one_misunderstanding_between_understood_ones_does_not() -> None:
    world = await CustomerOffice.open()
    await world.chat("hallo")
    await world.chat("blubb")
    await world.chat("hilfe")
    (answer,) = await world.chat("blabb")
    assert "nicht verstanden" in answer
    assert world.conversation().owner == "bot"


async def test_whoever_wants_a_person_gets_one_at_once() -> None:
    world = await CustomerOffice.open()
    (answer,) = await world.chat("Mensch bitte")
    assert "Ich gebe das an einen Menschen weiter" in answer
    assert world.conversation().bot is BotStance.SILENT
    assert world.conversation().waiting_since is not None
    assert [entry.text for entry in world.entries if "conversation-queued" in entry.marks] == [
        "Zurück in die Warteschlange gegeben"
    ]


async def test_outside_business_hours_it_says_when_somebody_will_be_there() -> None:
    world = await CustomerOffice.open()
    world.clock.advance(12 * 3600)
    (answer,) = await world.chat("Mensch bitte")
    assert "Es ist wieder jemand da: Di 24. Nov., 09:00." in answer


async def test_ac_38_a_colleague_takes_over_and_the_bot_is_silent_until_they_close() -> None:
    world = await CustomerOffice.open()
    await world.chat("hallo")
    conversation = world.conversation()
    assert conversation.owner == "bot"
    await world.office.conversations.reply(actor(), conversation.id, "Hier ist Anna.")
    assert (world.conversation().owner, world.conversation().bot) == (ANNA.id, BotStance.SILENT)
    assert await world.chat("Was ist noch offen bei mir?") == []
    await world.office.conversations.close(actor(), conversation.id)
    world.clock.advance(1)
    (answer,) = await world.chat("Wann habt ihr offen?")
    assert "Geöffnet" in answer
    assert (world.conversation().owner, world.conversation().bot) == ("bot", BotStance.OPEN)


async def test_ac_38_a_bot_that_fails_hands_over_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await CustomerOffice.open()

    async def fail(*_: Any, **__: Any) -> CustomerReply:
        raise RuntimeError("a defect")

    monkeypatch.setattr("bots.customer.assistant.take_turn", fail)
    (answer,) = await world.chat("hallo")
    assert answer.startswith("Da ist bei mir etwas schiefgegangen.")
    conversation = world.conversation()
    assert (conversation.owner, conversation.bot) == ("queue", BotStance.SILENT)
    assert conversation.waiting_since is not None


async def test_ac_38_a_bot_that_hangs_hands_over(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await CustomerOffice.open()
    monkeypatch.setattr("hub.services.customers.reception.ANSWER_SECONDS", 0.01)

    async def hang(*_: Any, **__: Any) -> CustomerReply:
        await asyncio.sleep(60)
        raise AssertionError

    monkeypatch.setattr("bots.customer.assistant.take_turn", hang)
    await world.chat("hallo")
    assert world.conversation().owner == "queue"


async def test_assigning_a_conversation_of_the_bot_makes_it_silent() -> None:
    world = await CustomerOffice.open()
    await world.chat("hallo")
    await world.office.conversations.assign(actor(), world.conversation().id, ANNA.id)
    assert await world.chat("Was ist noch offen bei mir?") == []
    assert world.conversation().owner == ANNA.id


async def test_a_colleague_who_takes_over_before_the_answer_gets_the_message() -> None:
    world = await CustomerOffice.open()
    await world.chat("hallo", settle=False)
    await world.office.conversations.assign(actor(), world.conversation().id, ANNA.id)
    await world.reception.settle()
    assert world.said(PETRA_CHAT) == []
    assert any("hallo" in notice for notice in world.notices())
    assert world.conversation().waiting_since is not None


async def test_an_answer_of_the_bot_ends_the_waiting_and_is_on_the_timeline() -> None:
    world = await CustomerOffice.open()
    await world.chat("hallo")
    assert world.conversation().waiting_since is None
    (entry,) = [entry for entry in world.entries if entry.direction.value == "out"]
    assert entry.message_class.value == "auto-reply"
    assert entry.caused_by is not None


async def test_a_turn_is_there_only_once_the_conversation_is_the_bots(monkeypatch: pytest.MonkeyPatch) -> None:
    """The task that answers may wake up at once, between the two writes."""
    world = await CustomerOffice.open()
    owners: list[str] = []
    turns = world.store.documents(CUSTOMER_TURNS)
    insert = turns.insert

    async def watch(turn: Any) -> Any:
        owners.append(world.conversation().owner)
        return await insert(turn)

    monkeypatch.setattr(turns, "insert", watch)
    await world.chat("hallo")
    assert owners == ["bot"]


async def test_a_crash_between_the_two_writes_is_made_good_by_intake(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await CustomerOffice.open()
    turns = world.store.documents(CUSTOMER_TURNS)
    insert, failures = turns.insert, [StoreUnavailable("down")]

    async def fail_once(turn: Any) -> Any:
        if failures:
            raise failures.pop()
        return await insert(turn)

    monkeypatch.setattr(turns, "insert", fail_once)
    with pytest.raises(StoreUnavailable):
        await world.chat("hallo")
    world.build()
    await world.intake.drain()
    await world.reception.settle()
    assert len(world.said(PETRA_CHAT)) == 1


# After a crash


async def test_a_turn_that_a_crash_left_open_is_answered_once() -> None:
    world = await CustomerOffice.open()
    await world.chat("hallo", settle=False)
    world.build()
    await world.reception.settle()
    assert len(world.said(PETRA_CHAT)) == 1
    (turn,) = world.store.documents(CUSTOMER_TURNS).rows.values()
    assert (turn.outcome, turn.open_since) == ("greeting", None)


async def test_a_turn_that_was_answered_but_not_closed_is_not_answered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await CustomerOffice.open()
    await world.bookable()
    await world.verified_chat()
    await world.chat("Ich hätte gern einen Termin nächste Woche")
    original = world.reception._close

    async def crash(*_: Any) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(world.reception, "_close", crash)
    await world.chat("1", settle=False)
    with pytest.raises(asyncio.CancelledError):
        await world.reception.settle()
    monkeypatch.setattr(world.reception, "_close", original)
    before = [said.text for said in world.said(PETRA_CHAT)]
    world.build()
    await world.reception.settle()
    assert [said.text for said in world.said(PETRA_CHAT)] == before
    assert len(await world.business.calendar.agenda(
        world.office.anna, world.clock.now(), world.clock.now() + timedelta(days=30), contact_id=world.petra.id
    )) == 1  # fmt: skip


async def test_the_same_news_told_twice_is_one_turn() -> None:
    world = await CustomerOffice.open()
    await world.chat("hallo", settle=False)
    from hub.ports.bot import Recorded

    entry = next(entry for entry in world.entries if entry.text == "hallo")
    contact = world.store.documents(CONTACTS).rows[entry.contact_id]
    await world.reception.tell([Recorded(interaction=entry, conversation=world.conversation(), contact=contact)])
    await world.reception.settle()
    assert len(world.said(PETRA_CHAT)) == 1


async def test_turns_of_one_conversation_are_answered_in_order() -> None:
    world = await CustomerOffice.open()
    for text in ("hallo", "Wann habt ihr offen?", "bist du ein Bot?"):
        await world.chat(text, settle=False)
    await world.reception.settle()
    said = [one.text for one in world.said(PETRA_CHAT)]
    assert len(said) == 3
    assert "Was kann ich" in said[0]
    assert "Geöffnet" in said[1]
    assert "Ich bin ein Bot" in said[2]


# What is never answered by itself


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated"},
        {"Precedence": "bulk"},
        {"Precedence": "list"},
        {"List_Id": "<news.example>"},
        {"List_Unsubscribe": "<mailto:off@example.org>"},
        {"X_Auto_Response_Suppress": "All"},
        {"X_Autoreply": "yes"},
    ],
    ids=lambda headers: next(iter(headers)),
)
async def test_automatic_mail_is_not_answered(headers: dict[str, str]) -> None:
    world = await CustomerOffice.open()
    assert await world.mail("Was ist noch offen bei mir?", **headers) == []
    assert world.said() == []


@pytest.mark.parametrize("local", ["no-reply", "noreply", "do-not-reply", "donotreply", "mailer-daemon", "bounces"])
async def test_addresses_that_nobody_reads_are_not_answered(local: str) -> None:
    world = await CustomerOffice.open()
    assert await world.mail("Wann habt ihr offen?", sender=f"{local}@shop.example") == []


async def test_ac_22_an_out_of_office_mail_neither_opens_nor_answers() -> None:
    world = await CustomerOffice.open()
    await world.mail("Wann habt ihr offen?")
    before = world.conversation(PETRA_MAIL)
    assert await world.mail("Ich bin bis Montag nicht im Büro.", Auto_Submitted="auto-replied") == []
    after = world.conversation(PETRA_MAIL)
    assert (after.state, after.owner, after.waiting_since) == (before.state, before.owner, before.waiting_since)


async def test_a_reply_goes_to_the_sender_and_never_to_reply_to() -> None:
    world = await CustomerOffice.open()
    await world.mail("Wann habt ihr offen?", Reply_To="somebody@else.example")
    (said,) = world.said()
    assert said.to == PETRA_MAIL
    assert said.item.content.in_reply_to
    assert said.item.content.subject == "AW: Anfrage"
    assert said.item.purpose is Purpose.AUTOMATIC


async def test_a_day_old_message_is_not_answered() -> None:
    world = await CustomerOffice.open()
    await world.chat("hallo", settle=False)
    world.clock.advance(25 * 3600)
    await world.reception.settle()
    assert world.said(PETRA_CHAT) == []
    assert world.conversation().owner == "queue"


async def test_a_supplier_is_not_answered() -> None:
    world = await CustomerOffice.open(roles=(ContactRole.SUPPLIER,))
    assert await world.mail("Wann habt ihr offen?") == []


async def test_a_supplier_who_is_a_customer_too_is() -> None:
    world = await CustomerOffice.open(roles=(ContactRole.SUPPLIER, ContactRole.CUSTOMER))
    assert len(await world.mail("Wann habt ihr offen?")) == 1


async def test_a_long_letter_is_for_a_person() -> None:
    world = await CustomerOffice.open()
    assert await world.mail("Wann habt ihr offen? " + "Holz " * 300) == []


async def test_a_long_letter_in_a_dialogue_hands_over() -> None:
    world = await CustomerOffice.open()
    await world.chat("hallo")
    assert await world.chat("Holz " * 300) == []
    assert (world.conversation().owner, world.conversation().bot) == ("queue", BotStance.SILENT)


async def test_switched_off_it_says_nothing() -> None:
    world = await CustomerOffice.open(CustomerBotRules(reception=ReceptionRules(enabled=False)))
    assert await world.chat("hallo") == []
    assert world.conversation().owner == "queue"


# Consent


async def test_opt_out_is_kept_and_opt_in_ends_it() -> None:
    world = await CustomerOffice.open()
    (answer,) = await world.chat("stopp")
    assert "keine automatischen Nachrichten mehr" in answer
    assert await world.chat("Wann habt ihr offen?") == []
    conversation = world.conversation()
    assert conversation.owner == "queue"
    await world.office.conversations.close(actor(), conversation.id)
    assert await world.chat("hallo") == []
    await world.office.conversations.close(actor(), conversation.id)
    (again,) = await world.chat("start")
    assert "wieder erlaubt" in again
    assert len(await world.chat("Wann habt ihr offen?")) == 1


# Acknowledgements


async def test_an_acknowledgement_says_that_it_arrived_and_when_somebody_is_there() -> None:
    rules = CustomerBotRules(reception=ReceptionRules(acknowledge="closed", language="de"))
    world = await CustomerOffice.open(rules)
    assert await world.mail("Welche Holzarten haben Sie?") == []
    world.clock.advance(12 * 3600)
    (answer,) = await world.mail("Und welche Farben?", subject="Farben")
    assert answer == "Vielen Dank, Ihre Nachricht ist angekommen. Es ist wieder jemand da: Di 24. Nov., 09:00."
    conversation = world.conversation(PETRA_MAIL)
    assert conversation.waiting_since is not None
    assert conversation.owner == "queue"


async def test_a_thread_is_acknowledged_once_a_day() -> None:
    rules = CustomerBotRules(reception=ReceptionRules(acknowledge="always", language="de"))
    world = await CustomerOffice.open(rules)
    assert len(await world.mail("Welche Holzarten haben Sie?")) == 1
    assert await world.mail("Und Eiche?") == []


async def test_forged_mail_is_not_acknowledged() -> None:
    rules = CustomerBotRules(reception=ReceptionRules(acknowledge="always", language="de"))
    world = await CustomerOffice.open(rules)
    assert await world.mail("Welche Holzarten haben Sie?", authentic=False) == []


# Appointments


async def test_a_customer_books_moves_and_cancels_in_chat_and_the_colleagues_hear_of_it() -> None:
    world = await CustomerOffice.open()
    await world.bookable()
    await world.verified_chat()
    (offer,) = await world.chat("Ich hätte gern einen Termin nächste Woche")
    assert "1 Mo 30. Nov., 09:00 · 2 Mo 30. Nov., 13:00 · 3 Di 1. Dez., 09:00" in offer
    (booked,) = await world.chat("2")
    assert "Gebucht: Mo 30. Nov. 2026, 13:00–14:00." in booked
    assert "Kalenderdatei kommt per Mail" in booked
    letter = world.said(PETRA_MAIL, Purpose.LETTER)[-1].item
    assert letter.content.attachments[0].name.endswith(".ics")
    await world.chat("verschieben Sie den Termin bitte auf Freitag um 14 Uhr")
    (moved,) = await world.chat("1")
    assert "Verlegt auf: Fr 27. Nov. 2026, 14:00–15:00." in moved
    (asked,) = await world.chat("ich muss den termin absagen")
    assert asked.endswith("wirklich absagen? (Ja / Nein)")
    (gone,) = await world.chat("ja")
    assert "Abgesagt" in gone
    (nothing,) = await world.chat("Wann ist mein nächster Termin?")
    assert "keinen Termin" in nothing


@pytest.mark.parametrize("owned", [True, False])
async def test_a_booking_in_a_room_is_told_to_whoever_is_in_charge_else_to_everybody(owned: bool) -> None:
    world = await CustomerOffice.open()
    office = world.office
    for name in ("anna", "ben"):
        code = await office.users.link_code(office.admin, office.user_id(name))
        await office.users.bind(Address(channel="xmpp", normal=f"{name}@joinery.example"), code)
    if not owned:
        contacts = world.store.documents(CONTACTS)
        petra = contacts.rows[world.petra.id]
        await contacts.replace(replace(petra, owner=None), petra.version)
    await world.bookable()
    await world.verified_chat()
    await world.chat("Ich hätte gern einen Termin nächste Woche")
    await world.chat("2")
    told = {said.to for said in world.said("", Purpose.NOTICE) if "30.11. 13:00" in said.text}
    assert told == ({"anna@joinery.example"} if owned else {"anna@joinery.example", "ben@joinery.example"})


async def test_booking_by_mail_comes_with_a_calendar_file() -> None:
    world = await CustomerOffice.open()
    await world.bookable()
    await world.know(world.petra, "petra@home.example", source="user:u_anna", strength=Strength.VERIFIED)
    (offer,) = await world.mail("Can we meet next week to measure the kitchen?", "petra@home.example")
    assert "Free (Berlin): 1 Mon" in offer
    (booked,) = await world.mail("1", "petra@home.example", subject="Re: Anfrage")
    assert "Booked" in booked
    said = world.said("petra@home.example")[-1]
    assert said.item.content.attachments[0].name.endswith(".ics")


async def test_ac_34_a_slot_that_was_taken_meanwhile_brings_the_next_ones() -> None:
    world = await CustomerOffice.open()
    await world.bookable()
    await world.verified_chat()
    jens = await world.customer("Jens Holz", "jens@holz.example")
    await world.verified_chat(jens, "jens@chat.example")
    await world.chat("Ich hätte gern einen Termin am Freitag")
    await world.chat("Ich hätte gern einen Termin am Freitag", "jens@chat.example")
    (first,) = await world.chat("1")
    (second,) = await world.chat("1", "jens@chat.example")
    assert "Gebucht: Fr 27. Nov. 2026, 09:00–10:00." in first
    assert second.startswith("Diese Zeit ist inzwischen leider vergeben. Frei ist (Berlin): 1 Fr 27. Nov., 10:00")
    (third,) = await world.chat("1", "jens@chat.example")
    assert "Gebucht: Fr 27. Nov. 2026, 10:00–11:00." in third


async def test_a_number_that_was_not_offered_is_asked_again() -> None:
    world = await CustomerOffice.open()
    await world.bookable()
    await world.verified_chat()
    await world.chat("Ich hätte gern einen Termin am Freitag")
    assert await world.chat("9") == ["Bitte eine der Nummern 1 bis 2."]


@pytest.mark.parametrize("when", ["am 31.2.", "am 32.1.", "am 1.1.2020"])
async def test_a_time_that_does_not_exist_or_is_past_brings_times_that_are_free(when: str) -> None:
    world = await CustomerOffice.open()
    await world.bookable()
    await world.verified_chat()
    (answer,) = await world.chat(f"Ich hätte gern einen Termin {when}")
    assert "Diese Zeit gibt es nicht oder sie ist vorbei. Frei ist" in answer


async def test_without_a_bookable_calendar_a_person_goes_on() -> None:
    world = await CustomerOffice.open()
    await world.bookable(bookable=False)
    (answer,) = await world.chat("Ich hätte gern einen Termin am Freitag")
    assert "Online ist gerade nichts frei. Ich gebe das an einen Menschen weiter." in answer
    assert world.conversation().owner == "queue"


async def test_a_series_is_changed_by_a_person() -> None:
    world = await CustomerOffice.open()
    await world.bookable()
    await world.verified_chat()
    start = world.clock.now().replace(hour=9) + timedelta(days=1)
    await world.appointment(start, recurrence="FREQ=WEEKLY;COUNT=3")
    await world.chat("Termin absagen")
    (answer,) = await world.chat("1")
    assert "Serientermin" in answer
    assert world.conversation().owner == "queue"


async def test_an_outgoing_answer_that_cannot_be_sent_hands_over() -> None:
    world = await CustomerOffice.open()
    world.office.accounts.change("chat", can_send=False)
    assert await world.chat("hallo") == []
    assert world.conversation().owner == "queue"
    assert all(item.state is not OutboxState.SENT for item in world.world.rows.values())


async def test_whoever_wants_no_automatic_messages_is_not_reminded_either() -> None:
    world = await CustomerOffice.open()
    await world.chat("stopp", PETRA_CHAT)
    letters = world.business.letters
    contact_id = world.conversation().contact_id
    said = await letters.say(contact_id, "Ihr Termin", subject="Termin", key="k", if_wanted=True)
    assert said is None
