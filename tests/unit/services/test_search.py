"""The one search over people, messages, appointments and bookings."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub.business import Business
from hub.domain.appointment import AppointmentDraft
from hub.domain.contact import Contact
from hub.domain.errors import Invalid, NotFound, Refused
from hub.domain.finding import Hit, Material
from hub.domain.ids import ContactId
from hub.domain.ledger import EntryDraft, EntryKind
from hub.domain.money import Money
from hub.domain.occasion import OccasionDraft
from hub.domain.people import Actor, Right
from hub.domain.views import FileData
from hub.ports.kinds import LEDGER_ACCOUNTS
from hub.ports.search import SearchEntry
from hub.services.search.snippets import Wanted, cut_snippet, highlight
from storage.terms import extract_terms
from tests.fake_connector import START
from tests.office import Office


class Scene:
    """Petra, who ordered oak; Jens, who wrote of oak."""

    office: Office
    business: Business
    petra: Contact
    jens: Contact

    @classmethod
    async def open(cls) -> "Scene":
        self = cls()
        self.office = office = await Office.open()
        self.business = office.open_business()
        self.petra = await office.customer("Petra Müller", "petra@mueller.example", organisation="Eiche & Söhne")
        self.jens = await office.customer("Jens Peters", "jens@peters.example")
        return self

    async def post(self, contact: Contact, kind: EntryKind, number: str, **more: Any) -> None:
        draft = EntryDraft(
            contact_id=contact.id, kind=kind, amount=Decimal("500"), number=number, date=date(2026, 9, 1), **more
        )
        await self.business.accounts.post(self.office.anna, draft, key=f"{number}{more}")

    async def book(self, title: str, contact: Contact | None = None, days: int = 1) -> str:
        draft = AppointmentDraft(
            start=START + timedelta(days=days), title=title, contact_id=contact.id if contact else None
        )
        return (await self.business.calendar.book(self.office.anna, draft, key=title)).id

    async def find(self, words: str, actor: Actor | None = None, **more: Any) -> list[Hit]:
        return (await self.business.search.find(actor or self.office.anna, words, **more)).items


def kinds(hits: list[Hit]) -> list[str]:
    return [hit.kind for hit in hits]


async def test_people_come_first_then_the_newest() -> None:
    world = await Scene.open()
    await world.office.message(world.jens, "Müller alt")
    world.office.later(minutes=5)
    await world.office.message(world.jens, "Müller neu")
    hits = await world.find("Müllers")
    assert [(hit.kind, hit.title) for hit in hits] == [
        ("contact", "Petra Müller"), ("message", "Müller neu"), ("message", "Müller alt"),
    ]  # fmt: skip
    assert hits[1].contact_name == "Jens Peters"


async def test_names_are_found_with_typing_errors_and_words_are_not_taken_for_names() -> None:
    world = await Scene.open()
    assert [hit.title for hit in await world.find("Mueler")] == ["Petra Müller"]
    assert [hit.title for hit in await world.find("Petra Müler")] == ["Petra Müller"]
    assert await world.find("Petra Angebot") == []
    assert await world.find("") == []


async def test_a_page_ends_and_goes_on_without_people() -> None:
    world = await Scene.open()
    for number in range(5):
        world.office.later(minutes=1)
        await world.office.message(world.jens, f"Eiche {number}")
    first = await world.business.search.find(world.office.anna, "eiche", limit=3)
    assert [hit.title for hit in first.items] == ["Petra Müller", "Eiche 4", "Eiche 3", "Eiche 2"]
    second = await world.business.search.find(world.office.anna, "eiche", limit=3, after=first.next)
    assert ([hit.title for hit in second.items], second.next) == (["Eiche 1", "Eiche 0"], None)


async def test_appointments_orders_and_invoices_are_found() -> None:
    world = await Scene.open()
    appointment = await world.book("Aufmaß Treppe", world.petra)
    await world.post(world.petra, EntryKind.INVOICE, "R-1", reference="Treppe", due=date(2026, 10, 1))
    await world.post(world.petra, EntryKind.ORDER, "A-77", state="open")
    (meeting,) = await world.find("aufmass")
    assert (meeting.kind, meeting.id, meeting.contact_name) == ("appointment", appointment, "Petra Müller")
    assert set(kinds(await world.find("Treppen"))) == {"appointment", "invoice"}
    (invoice,) = await world.find("R-1")
    assert (invoice.kind, invoice.title, invoice.snippet) == ("invoice", "R-1", "Treppe")
    assert invoice.amount == Money(amount=Decimal("500"), currency="EUR")
    assert invoice.at.date() == date(2026, 9, 1)
    assert invoice.title_highlights == ((0, 3),)
    assert kinds(await world.find("Rechnung Müller")) == ["invoice"]
    assert kinds(await world.find("77")) == ["order"]


async def test_an_order_is_found_once_in_its_last_state() -> None:
    world = await Scene.open()
    await world.post(world.petra, EntryKind.ORDER, "A-77", state="open")
    await world.post(world.petra, EntryKind.ORDER, "A-78", state="open")
    await world.post(world.petra, EntryKind.ORDER, "A-77", state="shipped")
    (found,) = await world.find("A-77")
    assert "shipped" in found.snippet
    assert kinds(await world.find("Auftrag")) == ["order", "order"]


async def test_a_moved_appointment_is_found_once_where_it_is_now() -> None:
    world = await Scene.open()
    appointment = await world.book("Aufmaß", world.petra)
    start = START + timedelta(days=3)
    await world.business.calendar.move(world.office.anna, appointment, start, key="m")
    (found,) = await world.find("Aufmaß")
    assert found.at == start


async def test_filters_narrow_by_kind_channel_contact_and_day() -> None:
    world = await Scene.open()
    await world.office.message(world.petra, "Eiche 1")
    await world.office.message(world.jens, "Eiche 2", channel="xmpp")
    await world.business.timeline.note(world.office.anna, world.jens.id, "Eiche mag er")
    assert kinds(await world.find("eiche", kinds=["note"])) == ["note"]
    assert sorted(kinds(await world.find("eiche", kinds=["note", "message"]))) == ["message", "message", "note"]
    assert kinds(await world.find("eiche", kinds=["contact"])) == ["contact"]
    assert kinds(await world.find("eiche", kinds=["contact", "note"])) == ["contact", "note"]
    assert [hit.title for hit in await world.find("eiche", channel="xmpp")] == ["Eiche 2"]
    assert [hit.title for hit in await world.find("eiche", contact_id=world.petra.id)] == ["Petra Müller", "Eiche 1"]
    tomorrow = world.office.clock.now() + timedelta(days=1)
    assert await world.find("eiche", since=tomorrow) == []
    assert len(await world.find("eiche", until=tomorrow)) == 3
    with pytest.raises(Invalid):
        await world.find("eiche", kinds=["nonsense"])
    with pytest.raises(NotFound):
        await world.find("eiche", contact_id=ContactId("c_nobody"))


async def test_what_a_merged_member_wrote_is_the_survivors() -> None:
    world = await Scene.open()
    await world.office.message(world.jens, "Eiche 1")
    await world.business.register.merge(world.office.anna, world.petra.id, world.jens.id, key="m")
    found = await world.find("eiche", contact_id=world.petra.id)
    assert [(hit.kind, hit.contact_name) for hit in found] == [("contact", "Petra Müller"), ("message", "Petra Müller")]


@pytest.mark.parametrize("right", [Right.READ_ACCOUNTS, Right.READ_CALENDARS])
async def test_money_and_appointments_need_their_right(right: Right) -> None:
    world = await Scene.open()
    await world.book("Treppe", world.petra)
    await world.post(world.petra, EntryKind.INVOICE, "R-1", reference="Treppe", due=date(2026, 10, 1))
    actor = replace(world.office.anna, granted=world.office.anna.rights - {right}, teams=(f"right:{right.value}",))
    left = {Right.READ_ACCOUNTS: "appointment", Right.READ_CALENDARS: "invoice"}[right]
    page = await world.business.search.find(actor, "Treppe", limit=1)
    assert (kinds(page.items), page.next) == ([left], None)


async def test_an_index_without_filters_is_filled_step_by_step() -> None:
    world = await Scene.open()
    entry = await world.office.message(world.petra, "Eiche")
    await world.book("Treppe", world.petra)
    await world.post(world.petra, EntryKind.ORDER, "A-1", state="open")
    await world.post(world.petra, EntryKind.ORDER, "A-1", state="done")
    index: Any = world.office.store.search
    index.entries.clear()
    await index.put_many([SearchEntry(id=entry.id, at=entry.at, terms=(*extract_terms(entry.text), "anhang"))])
    assert await world.find("anhang", kinds=["message"]) == []
    after: str | None = ""
    done = 0
    while after is not None:
        step = await world.business.search.rebuild(world.office.admin, after)
        after, done = step.next, done + step.done
    # Two contacts, the message, three entries that tell of bookings and the appointment, these two themselves.
    assert done == 8
    assert kinds(await world.find("anhang", kinds=["message"])) == ["message"]
    assert kinds(await world.find("Treppe", kinds=["appointment"])) == ["appointment"]
    assert ["done" in hit.snippet for hit in await world.find("A-1")] == [True]
    rightless = replace(world.office.anna, granted=frozenset({Right.READ_CONTACTS}))
    assert await world.find("Treppe", rightless) == []
    with pytest.raises(Refused):
        await world.business.search.rebuild(world.office.anna)
    with pytest.raises(Invalid):
        await world.business.search.rebuild(world.office.admin, "elsewhere:1")


async def test_a_crash_before_indexing_is_made_up_for() -> None:
    world = await Scene.open()
    await world.post(world.petra, EntryKind.INVOICE, "R-1", due=date(2026, 10, 1))
    index: Any = world.office.store.search
    index.entries.clear()
    lines: Any = world.office.store
    lines.documents(LEDGER_ACCOUNTS).rows.clear()
    assert await world.business.accounts.repair() == 1
    assert kinds(await world.find("R-1")) == ["invoice"]


async def test_others_add_their_kinds_by_prefix_and_what_is_gone_is_left_out() -> None:
    world = await Scene.open()
    at = world.office.clock.now()

    async def documents(ids: Any) -> dict[str, Material]:
        return {id: Material(kind="document", title="Preisliste", at=at) for id in ids if id != "x_gone"}

    world.business.search.resolvers.add("x", documents)
    await world.office.store.search.put_many(
        [SearchEntry(id=id, at=at, facets=("kind:document",), terms=("preislist",)) for id in ("x_1", "x_gone", "z_1")]
    )
    assert [hit.id for hit in await world.find("preislist")] == ["x_1"]


async def test_documents_and_events_are_found_too() -> None:
    world = await Scene.open()
    anna, filed = world.office.anna, world.office.open_archive(world.business)
    list_of_prices = FileData(name="Preisliste.txt", type="text/plain", data="Eiche geölt 48 Euro".encode())
    kept = await filed.documents.upload(anna, list_of_prices, contact_id=world.petra.id, key="k")
    draft = OccasionDraft(
        title="Tag der Eiche", start=START + timedelta(days=9), end=START + timedelta(days=9, hours=2)
    )
    event = (await world.business.gatherings.verbs.create(world.office.admin, draft, key="k")).occasion
    assert [hit.id for hit in await world.find("Preisliste", kinds=["document"])] == [kept.id]
    assert [(hit.id, hit.kind) for hit in await world.find("Tag der Eiche")] == [(event.id, "event")]
    assert await world.find("Preisliste", kinds=["event"]) == []
    await filed.documents.remove(anna, kept.id)
    assert await world.find("Preisliste") == []


def test_a_snippet_is_cut_around_the_words() -> None:
    text = "Vorab viel Text. " * 20 + "Die Bremsscheiben\nsind da. " + "Danach noch mehr. " * 20
    snippet, spans = cut_snippet(text, Wanted(extract_terms("bremsscheibe"), extract_terms))
    assert [snippet[start:end] for start, end in spans] == ["Bremsscheiben"]
    assert snippet.startswith("… ")
    assert snippet.endswith(" …")
    assert len(snippet) < 170


def test_beginnings_and_addresses_are_marked() -> None:
    text = "Schrank von p.mueller@example.org, Müller"
    assert [text[a:b] for a, b in highlight(text, Wanted(extract_terms("Müller"), extract_terms))] == [
        "mueller",
        "Müller",
    ]
    assert [text[a:b] for a, b in highlight(text, Wanted(("schr",), extract_terms))] == ["Schrank"]
    assert cut_snippet("x" * 50_000, Wanted(("abc",), extract_terms))[1] == ()
    assert cut_snippet("", Wanted((), extract_terms)) == ("", ())
