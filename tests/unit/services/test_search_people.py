"""What is written on contacts' pages, by the one search; typing errors; what may have been meant."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hub.domain.address import Address
from hub.domain.contact import Contact, Identity, identity_id
from hub.domain.finding import Hit
from hub.domain.occasion import OccasionDraft
from hub.domain.people import Actor, RowScope
from hub.domain.views import ContactDraft, FileData
from hub.ports.kinds import CONTACTS, IDENTITIES
from hub.services.rows import Rows
from hub.services.scoped import RULES, Scoped
from hub.services.search.people import number_terms, read_number
from tests.fake_connector import START
from tests.office import Office


class Scene:
    """Petra, of whom much is known; Jens."""

    @classmethod
    async def open(cls) -> "Scene":
        self = cls()
        self.office = office = await Office.open()
        self.business = office.open_business()
        self.petra = await office.customer("Petra Müller", "petra@mueller.example", organisation="Holz & Söhne")
        self.jens = await office.customer("Jens Peters", "jens@peters.example")
        return self

    async def edit(self, contact: Contact, **fields: Any) -> Contact:
        known = (await self.office.contacts.card(self.office.anna, contact.id)).contact
        return await self.office.contacts.edit(self.office.anna, contact.id, ContactDraft(**fields), known.version)

    async def find(self, words: str, actor: Actor | None = None, **more: Any) -> list[Hit]:
        return (await self.business.search.find(actor or self.office.anna, words, **more)).items

    def scoped(self) -> Any:
        rows = Rows(self.office.store, self.office.staff)
        return Scoped(self.business.search, RULES["search"], rows)


def marked(hit: Hit) -> list[str]:
    return [hit.snippet[start:end] for start, end in hit.highlights]


async def test_notes_tags_and_own_fields_are_found_and_marked_until_they_change() -> None:
    world = await Scene.open()
    await world.edit(
        world.petra, notes="Allergisch gegen Nüsse", tags=("VIP",), custom=(("Vertrag", "Wartung Gold"),), city="Kiel"
    )
    for words, shown in (("Nüsse", "Nüsse"), ("#vip", "VIP"), ("Wartungen gold", "Gold"), ("kiel", "Kiel")):
        (hit,) = await world.find(words)
        assert (hit.kind, hit.id) == ("contact", world.petra.id)
        assert shown in marked(hit), words
    assert [hit.title for hit in await world.find("Müller VIP")] == ["Petra Müller"]
    await world.edit(world.petra, notes="", custom=())
    assert await world.find("Nüsse") == []
    assert await world.find("Wartung") == []
    await world.business.register.tag(world.office.anna, world.petra.id, "VIP", on=False)
    assert await world.find("vip") == []
    await world.business.register.tag(world.office.anna, world.jens.id, "Presse")
    assert [hit.title for hit in await world.find("presse")] == ["Jens Peters"]


async def test_what_is_forgotten_is_found_no_more() -> None:
    world = await Scene.open()
    await world.edit(world.petra, notes="Allergisch gegen Nüsse")
    await world.office.store.documents(CONTACTS).delete(world.petra.id)
    assert await world.find("Nüsse") == []
    assert await world.office.store.search.suggest("Petra Müller") == []


async def test_numbers_are_found_however_they_are_spaced() -> None:
    world = await Scene.open()
    address = Address(channel="phone", normal="+494012345678", display="040 / 12 34 56-78")
    identity = Identity(
        id=identity_id(address), contact_id=world.jens.id, address=address, source="import", since=START
    )
    await world.office.store.documents(IDENTITIES).insert(identity)
    for words in ("040 12345678", "+49 40 1234 5678", "0049 40 12345678", "+49 (0)40 12345678", "040/1234"):
        assert [hit.title for hit in await world.find(words)] == ["Jens Peters"], words
    assert await world.find("040 99999999") == []


def test_only_numbers_are_read_as_numbers() -> None:
    assert read_number("+49 40 123-456") == "4940123456"
    assert [read_number(words) for words in ("12345", "R-2026-17", "Müller", "")] == [""] * 4
    assert number_terms("petra@mueller.example") == ()
    assert "040123456" in number_terms("+4940123456")


async def test_contacts_alone_are_paged_and_each_stands_once() -> None:
    world = await Scene.open()
    people = [await world.office.customer(f"Kunde Nummer{number}") for number in range(9)]
    for one in [*people, world.petra]:
        await world.business.register.tag(world.office.anna, one.id, "Petra")
    everywhere = await world.find("petra")
    assert [hit.kind for hit in everywhere] == ["contact"] * 6
    assert everywhere[0].title == "Petra Müller"
    seen: list[str] = []
    after: str | None = None
    while True:
        page = await world.business.search.find(world.office.anna, "petra", kinds=["contact"], limit=4, after=after)
        seen += [hit.id for hit in page.items]
        after = page.next
        if after is None:
            break
    assert sorted(seen) == sorted([*(one.id for one in people), world.petra.id])
    assert await world.find("petra", kinds=["contact"], channel="email") == []


async def test_notes_of_hidden_contacts_are_not_in_the_index_of_others() -> None:
    world = await Scene.open()
    office = world.office
    await office.users.change(office.admin, office.user_id("anna"), teams=("werkstatt",))
    for contact, owner in ((world.petra, "anna"), (world.jens, "ben")):
        await world.edit(contact, notes="Allergisch gegen Nüsse", owner=office.user_id(owner))
    nora = await world.edit(await office.customer("Nora Niemand"), notes="Nüsse")
    ben = await office.limit("ben", RowScope.OWN)
    # Without the rules in front: what is hidden is no part of what ben asks.
    assert {hit.title for hit in await world.find("Nüsse", ben)} == {"Jens Peters", nora.name}
    assert {hit.title for hit in await world.find("Nüsse", ben, kinds=["contact"])} == {"Jens Peters", nora.name}
    ben = await office.limit("ben", RowScope.TEAM, "werkstatt")
    assert len(await world.find("Nüsse", ben)) == 3
    await world.edit(world.petra, notes="Nüsse", owner=office.user_id("admin"))
    assert len(await world.find("Nüsse", ben)) == 2


async def test_a_page_of_contacts_is_no_longer_for_who_sees_less() -> None:
    world = await Scene.open()
    for number in range(9):
        one = await world.office.customer(f"Kunde Nummer{number}")
        await world.edit(one, notes="Nüsse", owner=world.office.user_id("ben" if number % 2 else "anna"))
    ben = await world.office.limit("ben", RowScope.OWN)
    page = await world.scoped().find(ben, "Nüsse", kinds=["contact"], limit=3)
    more = await world.scoped().find(ben, "Nüsse", kinds=["contact"], limit=3, after=page.next)
    assert [len(page.items), len(more.items), more.next] == [3, 1, None]


async def test_documents_and_events_are_found_with_typing_errors() -> None:
    world = await Scene.open()
    anna, filed = world.office.anna, world.office.open_archive(world.business)
    data = FileData(name="Preisliste_Eiche.txt", type="text/plain", data=b"48 Euro")
    kept = await filed.documents.upload(anna, data, contact_id=world.petra.id, key="k")
    draft = OccasionDraft(title="Sommerfest", start=START + timedelta(days=9), end=START + timedelta(days=9, hours=2))
    event = (await world.business.gatherings.verbs.create(world.office.admin, draft, key="k")).occasion
    assert [hit.id for hit in await world.find("Preislsite")] == [kept.id]
    assert [hit.id for hit in await world.find("Preislsite", kinds=["document"])] == [kept.id]
    assert [hit.id for hit in await world.find("Somerfest")] == [event.id]
    assert await world.find("Somerfest", kinds=["document"]) == []
    assert await world.find("Preislsite Nashorn") == []
    ben = await world.office.limit("ben", RowScope.OWN)
    await world.edit(world.petra, owner=world.office.user_id("anna"))
    assert (await world.scoped().find(ben, "Preislsite")).items == []
    await filed.documents.remove(anna, kept.id)
    assert await world.find("Preislsite") == []


async def test_what_was_meant_is_proposed_where_it_finds_something() -> None:
    world = await Scene.open()
    await world.office.message(world.jens, "Frage an Schreinermeister")
    await world.office.customer("Klaus Schreinermeister")
    search, anna = world.business.search, world.office.anna
    assert await search.meant(anna, "Frage Schreinemaister") == "Frage Schreinermeister"
    assert await search.meant(anna, "Angebot Schreinemaister") == ""
    assert await search.meant(anna, "Schreinermeister") == ""
    assert await search.meant(anna, "") == ""


async def test_names_of_hidden_contacts_are_not_proposed() -> None:
    world = await Scene.open()
    ben = await world.office.limit("ben", RowScope.OWN)
    hidden = replace(await world.office.customer("Klaus Schreinermeister"), owner=world.office.user_id("anna"))
    await world.office.store.documents(CONTACTS).replace(hidden, 1)
    assert await world.business.search.meant(world.office.anna, "Schreinemaista") == "Schreinermeister"
    assert await world.scoped().meant(ben, "Schreinemaista") == ""


async def test_the_contacts_page_of_somebody_else_is_not_searched_within_one() -> None:
    world = await Scene.open()
    await world.edit(world.petra, notes="Nüsse")
    await world.edit(world.jens, notes="Nüsse")
    assert [hit.title for hit in await world.find("Nüsse", contact_id=world.jens.id)] == ["Jens Peters"]
