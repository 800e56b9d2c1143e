"""The staff bot over the real accounts, calendars and reminders: asked, confirmed, done once, taken back."""

from datetime import timedelta

import pytest

from bots.staff import Staff
from bots.staff.staff import StaffSettings
from hub.domain.contact import Contact
from hub.domain.ids import ContactId
from hub.domain.ledger import EntryKind
from hub.domain.people import Actor
from hub.ports.bot import BotReply
from hub.ports.kinds import APPOINTMENTS, CONTACTS, INVITES, LEDGER, OUTBOX
from hub.services.matching import name_entry
from hub.services.verbs import HubVerbs
from tests.architecture.test_rights import bundle
from tests.fake_connector import LinkConnector
from tests.office import Office

WHO = ContactId("c_petra")
LEDGER_FILE = """contact,kind,number,date,due,amount,currency,reference
Petra Müller,invoice,R-2001,2026-01-05,2026-01-20,1000.00,EUR,
Petra Müller,order,A-17,2026-01-02,,500.00,EUR,
"""


class Chat:
    """Anna talks."""

    def __init__(self, office: Office, verbs: HubVerbs) -> None:
        self.office, self.verbs, self.turn = office, verbs, 0
        self.bot = Staff(
            verbs=verbs, store=office.store, clock=office.clock, settings=StaffSettings(time_zone="Europe/Berlin")
        )
        self.who: Actor = office.anna

    async def say(self, text: str) -> BotReply:
        self.turn += 1
        self.office.clock.advance(1)
        return await self.bot.answer(self.who, text, turn_id=f"a_{self.turn}", at=self.office.clock.now())


@pytest.fixture
async def chat() -> Chat:
    office, verbs = await bundle()
    contact = Contact(
        id=WHO, name="Petra Müller", sort_name="petra mueller", language="de", created_at=office.clock.now()
    )
    await office.store.documents(CONTACTS).insert(contact)
    await office.store.search.put_names([name_entry(contact, [])])
    report = await verbs.accounts.import_csv(office.anna, LEDGER_FILE.encode(), dry_run=False)
    assert report.written, report.problems
    return Chat(office, verbs)


async def test_what_somebody_owes_a_payment_and_back(chat: Chat) -> None:
    said = await chat.say("was schuldet Petra Müller")
    assert "1.000,00 €" in said.text
    assert "R-2001" in said.text
    assert "überfällig" in said.text
    asked = await chat.say("zahlung 120 von petra müller für R-2001")
    assert "120,00 €" in asked.text
    assert asked.buttons == ("ja", "nein")
    assert len(chat.office.store.documents(LEDGER).rows) == 2
    done = await chat.say("ja")
    assert "880,00 €" in done.text
    assert "880,00 €" in (await chat.say("und ihr saldo?")).text
    back = await chat.say("zurück")
    assert "Storniert" in back.text
    assert "1.000,00 €" in (await chat.say("saldo von petra müller")).text
    assert len(chat.office.store.documents(LEDGER).rows) == 4


async def test_what_was_meant_is_looked_for_after_a_yes(chat: Chat) -> None:
    await chat.office.message(await chat.office.customer("Klaus Schreinermeister"), "Frage zur Treppe")
    assert "Meintest du" not in (await chat.say("suche Treppe Schreinemaista")).text
    note = await chat.say("notiz zu Petra Müller: Treppe für den Schreinermeister")
    assert note.buttons
    await chat.say("ja")
    asked = await chat.say("suche Treppe Schreinemaista")
    assert "Meintest du „Treppe Schreinermeister“?" in asked.text
    assert "Treppe für den Schreinermeister" in (await chat.say("ja")).text
    await chat.say("suche Treppe Schreinemaista")
    assert "Treppe für den Schreinermeister" in (await chat.say("1")).text


async def merge_lisa(chat: Chat) -> ContactId:
    """Lisa Berg, who owes M-7 and is merged into Petra Müller."""
    lisa = ContactId("c_lisa")
    contact = Contact(id=lisa, name="Lisa Berg", sort_name="lisa berg", created_at=chat.office.clock.now())
    await chat.office.store.documents(CONTACTS).insert(contact)
    rows = f"contact,kind,number,date,due,amount,currency,reference\n{lisa},invoice,M-7,2026-01-07,,300,EUR,\n"
    assert (await chat.verbs.accounts.import_csv(chat.office.anna, rows.encode(), dry_run=False)).written
    await chat.verbs.register.merge(chat.office.admin, WHO, lisa, key="m")
    return lisa


@pytest.mark.parametrize("words", ["zahlung 300 von petra müller für M-7", "rechnung M-7 ist bezahlt mit 300"])
async def test_a_payment_for_an_invoice_of_a_merged_contact(chat: Chat, words: str) -> None:
    lisa = await merge_lisa(chat)
    assert "1.300,00 €" in (await chat.say("saldo von petra müller")).text
    assert "300,00 €" in (await chat.say(words)).text
    assert "Gebucht" in (await chat.say("ja")).text
    assert "1.000,00 €" in (await chat.say("saldo von petra müller")).text
    assert "M-7" not in (await chat.say("offene rechnungen von petra müller")).text
    (paid,) = [one for one in chat.office.store.documents(LEDGER).rows.values() if one.kind is EntryKind.PAYMENT]
    assert (paid.contact_id, [one.number for one in paid.allocations]) == (lisa, ["M-7"])


async def test_lists_of_what_is_open(chat: Chat) -> None:
    assert "R-2001" in (await chat.say("was ist überfällig")).text
    assert "Petra Müller" in (await chat.say("altersliste")).text
    assert "R-2001" in (await chat.say("offene rechnungen von petra müller")).text
    assert "500,00 €" in (await chat.say("auftrag A-17")).text
    assert "1.000,00 €" in (await chat.say("rechnung R-2001")).text
    unknown = await chat.say("rechnung R-9999")
    assert "R-9999" in unknown.text or unknown.text


async def test_an_amount_that_lacks_is_asked_for(chat: Chat) -> None:
    assert "Wie viel" in (await chat.say("zahlung von petra müller buchen")).text
    assert "250,00 €" in (await chat.say("250")).text
    await chat.say("nein")
    assert len(chat.office.store.documents(LEDGER).rows) == 2


async def test_book_move_and_cancel_an_appointment(chat: Chat) -> None:
    asked = await chat.say("termin mit petra müller nächsten mittwoch um 10")
    assert "10:00–11:00" in asked.text
    booked = await chat.say("ja")
    assert "Gebucht" in booked.text
    moved = await chat.say("verschieb ihn auf donnerstag")
    assert "10:00–11:00" in moved.text
    assert "Verschoben" in (await chat.say("ja")).text
    assert "Petra Müller" in (await chat.say("nächster termin mit petra müller")).text
    assert "absagen?" in (await chat.say("sag den termin mit petra müller ab")).text
    assert "Abgesagt" in (await chat.say("ja")).text
    assert "kein Termin" in (await chat.say("nächster termin mit petra müller")).text


async def test_who_did_not_come_is_noted_after_a_yes_and_taken_back(chat: Chat) -> None:
    await chat.say("termin mit petra müller nächsten mittwoch um 10")
    await chat.say("ja")
    (made,) = chat.office.store.documents(APPOINTMENTS).rows.values()

    def missed() -> bool:
        return bool(chat.office.store.documents(APPOINTMENTS).rows[made.id].missed(made.start))

    assert "keinen Termin" in (await chat.say("Petra Müller ist nicht gekommen")).text
    chat.office.clock.advance((made.start - chat.office.clock.now()).total_seconds() + 1_200)
    asked = await chat.say("Petra Müller ist nicht gekommen")
    assert "als nicht erschienen vermerken?" in asked.text
    assert not missed()
    assert "niemandem etwas geschickt" in (await chat.say("ja")).text
    assert missed()
    assert "stattgefunden" in (await chat.say("zurück")).text
    assert not missed()
    await chat.say("mark the appointment with Petra as missed")
    assert "Nobody was sent anything" in (await chat.say("yes")).text
    assert missed()
    assert "kept after all" in (await chat.say("Petra Müller came after all")).text
    assert "took place" in (await chat.say("yes")).text
    assert not missed()


async def test_the_weekly_report_by_mail_says_where_it_goes_or_what_lacks(chat: Chat) -> None:
    assert "fehlt noch deine Mail-Adresse" in (await chat.say("Wochenbericht per Mail an")).text
    assert "weekly-mail" in (await chat.verbs.reminders.alerts(chat.who)).topics
    await chat.verbs.reminders.ask_mail(chat.who, "anna@privat.example")
    (item,) = [one for one in chat.office.store.documents(OUTBOX).rows.values() if one.channel == "email"]
    await chat.verbs.reminders.set_mail(chat.who, "anna@privat.example", item.content.hidden)
    assert "It goes to anna@privat.example" in (await chat.say("weekly report by mail on")).text
    await chat.say("weekly report by mail off")
    assert "weekly-mail" not in (await chat.verbs.reminders.alerts(chat.who)).topics


async def test_a_time_that_lacks_or_cannot_be_is_asked_for(chat: Chat) -> None:
    assert "Wann" in (await chat.say("termin mit petra müller am 31.2. um 10")).text
    assert "wie viel Uhr" in (await chat.say("nächsten mittwoch")).text
    assert "11:00–12:00" in (await chat.say("um 11")).text


async def test_a_taken_time_offers_free_ones_as_numbers(chat: Chat) -> None:
    await chat.say("termin mit petra müller nächsten mittwoch um 10")
    await chat.say("ja")
    await chat.say("termin mit petra müller nächsten mittwoch um 10")
    offered = await chat.say("ja")
    assert len(offered.choices) == 3
    picked = await chat.say("1")
    assert "Buchen?" in picked.text
    assert "Gebucht" in (await chat.say("ja")).text


async def test_reminders_are_kept_listed_and_dropped(chat: Chat) -> None:
    asked = await chat.say("erinner mich morgen um 9 an den Rückruf")
    assert "den Rückruf" in asked.text
    await chat.say("ja")
    assert "den Rückruf" in (await chat.say("meine erinnerungen")).text
    assert "den Rückruf" in (await chat.say("lösch erinnerung 1")).text
    assert "Keine Erinnerungen" in (await chat.say("meine erinnerungen")).text


async def test_my_day_tells_all_of_it(chat: Chat) -> None:
    said = (await chat.say("mein tag")).text
    assert "Keine Termine" in said
    assert "Überfällig" in said


async def test_the_same_turn_books_once_though_it_is_answered_twice(chat: Chat) -> None:
    await chat.say("zahlung 120 von petra müller")
    for _ in range(2):
        await chat.bot.answer(chat.who, "ja", turn_id="a_yes", at=chat.office.clock.now() + timedelta(seconds=2))
    assert len(chat.office.store.documents(LEDGER).rows) == 3


async def test_an_invitation_is_asked_first_and_tells_a_link(chat: Chat) -> None:
    asked = await chat.say("lade Petra Müller zum Chat ein")
    assert "Petra Müller" in asked.text
    assert asked.buttons == ("ja", "nein")
    assert chat.office.store.documents(INVITES).rows == {}
    assert "kein Kanal" in (await chat.say("ja")).text
    chat.office.accounts._connectors["chat"] = LinkConnector()
    await chat.say("Einladungslink für Petra Müller")
    told = await chat.say("ja")
    assert "https://t.me/joinery_bot?start=c_" in told.text
    assert WHO in {invite.contact_id for invite in chat.office.store.documents(INVITES).rows.values()}
