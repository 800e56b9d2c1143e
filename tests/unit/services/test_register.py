"""Merging and taking apart, duplicates, tags, import and export."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.email.address import EMAIL_FORM
from connectors.phone.address import PHONE_FORM
from connectors.xmpp.address import XMPP_FORM
from hub.domain.contact import Contact, ContactRole, CustomField, Identity, identity_id
from hub.domain.errors import Conflict, FernamtError, Invalid, NotFound, Refused
from hub.domain.exchange import ImportStep
from hub.domain.ledger import EntryDraft, EntryKind
from hub.domain.message import Strength
from hub.domain.people import RowScope
from hub.domain.views import ContactDraft
from hub.ports.kinds import CONTACTS, IDENTITIES, MERGES
from hub.services.forms import Forms
from hub.services.register.contact_csv import read_contacts, write_contacts
from hub.services.register.duplicates import find_duplicates
from hub.services.register.register import Register
from hub.services.register.vcard import read_cards, write_cards
from hub.services.rows import Rows
from tests.fake_connector import START
from tests.memory_points import Crash
from tests.office import Office, mail

FORMS = Forms([EMAIL_FORM, XMPP_FORM, PHONE_FORM])


class Desk:
    """An office with its register, Petra twice."""

    office: Office
    register: Register
    petra: Contact
    twin: Contact

    @classmethod
    async def open(cls) -> "Desk":
        self = cls()
        self.office = office = await Office.open()
        self.build()
        self.petra = await office.customer("Petra Müller", "petra@carpenter.example", organisation="Tischlerei")
        self.twin = await office.customer("P. Müller", "p.mueller@home.example")
        return self

    def build(self) -> None:
        office = self.office
        self.register = Register(
            store=office.store,
            clock=office.clock,
            audit=office.audit,
            events=office.events,
            forms=FORMS,
            rows=Rows(office.store, office.staff),
        )

    async def change(self, contact: Contact, **fields: Any) -> Contact:
        current = self.stored(contact.id)
        changed = replace(current, **fields)
        assert await self.office.store.documents(CONTACTS).replace(changed, current.version)
        return self.stored(contact.id)

    def stored(self, id: str) -> Contact:
        return self.office.store.documents(CONTACTS).rows[id]

    async def merge(self, *fields: str, key: str = "k", survivor: Contact | None = None) -> Contact:
        return await self.register.merge(
            self.office.anna, (survivor or self.petra).id, self.twin.id, fields=fields, key=key
        )


def bare(contact: Contact) -> Contact:
    return replace(contact, version=0)


# Merging (AC-23)


@pytest.mark.parametrize("swapped", [False, True])
async def test_ac_23_merge_in_either_direction_then_unmerge_restores_exactly(swapped: bool) -> None:
    desk = await Desk.open()
    await desk.change(desk.petra, tags=("stamm",), notes="ruft an")
    await desk.change(
        desk.twin, city="Köln", roles=(ContactRole.CUSTOMER,), custom=(CustomField(name="Rabatt", value="3 %"),)
    )
    before = {id: bare(desk.stored(id)) for id in (desk.petra.id, desk.twin.id)}
    survivor, member = (desk.twin, desk.petra) if swapped else (desk.petra, desk.twin)
    merged = await desk.register.merge(desk.office.anna, survivor.id, member.id, fields=["name"], key="k")
    assert merged.members == (member.id,)
    assert merged.name == member.name
    assert (merged.city, merged.notes, merged.tags) == ("Köln", "ruft an", ("stamm",))
    assert desk.stored(member.id).merged_into == survivor.id
    report = await desk.register.unmerge(desk.office.anna, survivor.id, member.id, key="u")
    assert {id: bare(desk.stored(id)) for id in before} == before
    assert report.kept == ()


async def test_both_timelines_are_one_while_merged_and_two_again_after() -> None:
    desk = await Desk.open()
    office = desk.office
    await office.message(desk.petra, "von Petra")
    await office.message(desk.twin, "vom Zwilling")
    await desk.merge()
    page = await office.timeline.page(office.anna, desk.petra.id)
    assert {entry.interaction.subject for entry in page.items} == {"von Petra", "vom Zwilling"}
    by_member = await office.timeline.page(office.anna, desk.twin.id)
    assert len(by_member.items) == 2
    await desk.register.unmerge(office.anna, desk.petra.id, desk.twin.id, key="u")
    page = await office.timeline.page(office.anna, desk.petra.id)
    assert [entry.interaction.subject for entry in page.items] == ["von Petra"]


async def test_entries_written_since_follow_their_address_and_hand_made_ones_are_listed() -> None:
    desk = await Desk.open()
    office = desk.office
    await desk.merge()
    office.clock.advance(5)
    await office.message(desk.twin, "danach vom Zwilling")
    note = await office.timeline.note(office.anna, desk.petra.id, "von Hand")
    report = await desk.register.unmerge(office.anna, desk.petra.id, desk.twin.id, key="u")
    assert report.kept == (note.id,)
    page = await office.timeline.page(office.anna, desk.twin.id)
    assert [entry.interaction.subject for entry in page.items] == ["danach vom Zwilling"]


async def test_a_member_is_found_by_its_address_and_its_id_as_the_survivor() -> None:
    desk = await Desk.open()
    office = desk.office
    await desk.merge()
    for text in ("p.mueller@home.example", desk.twin.id, "P. Müller"):
        assert (await office.contacts.resolve(office.anna, text)).id == desk.petra.id
    assert (await office.contacts.card(office.anna, desk.twin.id)).contact.id == desk.petra.id
    assert [one.id for one in (await office.contacts.page(office.anna)).items] == [desk.petra.id]
    card = await office.contacts.card(office.anna, desk.petra.id)
    assert {one.address.normal for one in card.identities} == {"petra@carpenter.example", "p.mueller@home.example"}


async def test_what_was_changed_since_stays_when_taken_apart() -> None:
    desk = await Desk.open()
    await desk.change(desk.twin, city="Köln")
    await desk.merge()
    await desk.change(desk.petra, city="Bonn")
    await desk.register.unmerge(desk.office.anna, desk.petra.id, desk.twin.id, key="u")
    assert desk.stored(desk.petra.id).city == "Bonn"
    assert desk.stored(desk.twin.id).city == "Köln"


async def test_accounts_are_told_together_and_never_fused() -> None:
    desk = await Desk.open()
    office, business = desk.office, desk.office.open_business()
    for contact, number in ((desk.petra, "R-1"), (desk.twin, "R-2")):
        draft = EntryDraft(
            contact_id=contact.id, kind=EntryKind.INVOICE, amount=Decimal(100), number=number, date=date(2026, 11, 1)
        )
        await business.accounts.post(office.anna, draft, key=number)
    await desk.merge()
    assert (await business.accounts.summary(office.anna, desk.petra.id)).balances[0].amount == 200
    await desk.register.unmerge(office.anna, desk.petra.id, desk.twin.id, key="u")
    assert (await business.accounts.summary(office.anna, desk.petra.id)).balances[0].amount == 100
    assert (await business.accounts.summary(office.anna, desk.twin.id)).balances[0].amount == 100


async def test_a_chain_of_merges_leads_to_the_last_survivor_and_comes_apart_in_order() -> None:
    desk = await Desk.open()
    third = await desk.office.customer("Petra M.")
    await desk.merge()
    top = await desk.register.merge(desk.office.anna, third.id, desk.petra.id, key="2")
    assert top.members == (desk.petra.id, desk.twin.id)
    assert (await desk.office.contacts.card(desk.office.anna, desk.twin.id)).contact.id == third.id
    await desk.register.unmerge(desk.office.anna, third.id, desk.petra.id, key="3")
    assert desk.stored(third.id).members == ()
    assert desk.stored(desk.petra.id).members == (desk.twin.id,)
    assert (await desk.office.contacts.card(desk.office.anna, desk.twin.id)).contact.id == desk.petra.id


async def test_the_same_key_merges_once_and_a_merge_can_be_done_again_after_an_unmerge() -> None:
    desk = await Desk.open()
    await desk.merge()
    await desk.merge()
    assert len(desk.office.store.documents(MERGES).rows) == 1
    await desk.register.unmerge(desk.office.anna, desk.petra.id, desk.twin.id, key="u")
    await desk.merge(key="again")
    assert desk.stored(desk.petra.id).members == (desk.twin.id,)


@pytest.mark.parametrize("case", ["same", "unknown", "field", "merged-already", "cycle", "not-merged"])
async def test_what_cannot_be_merged_is_refused(case: str) -> None:
    desk = await Desk.open()
    anna, register = desk.office.anna, desk.register
    third = await desk.office.customer("Nora")
    if case in ("merged-already", "cycle"):
        await desk.merge()
    calls: dict[str, Any] = {
        "same": lambda: register.merge(anna, desk.petra.id, desk.petra.id, key="x"),
        "unknown": lambda: register.merge(anna, desk.petra.id, "c_nobody", key="x"),  # type: ignore[arg-type]
        "field": lambda: register.merge(anna, desk.petra.id, desk.twin.id, fields=["id"], key="x"),
        "merged-already": lambda: register.merge(anna, third.id, desk.twin.id, key="x"),
        "cycle": lambda: register.merge(anna, desk.twin.id, desk.petra.id, key="x"),
        "not-merged": lambda: register.unmerge(anna, desk.petra.id, third.id, key="x"),
    }
    with pytest.raises((Invalid, NotFound, Conflict)):
        await calls[case]()


async def test_two_who_merge_crosswise_do_not_make_a_circle() -> None:
    desk = await Desk.open()
    results = await asyncio.gather(
        desk.register.merge(desk.office.anna, desk.petra.id, desk.twin.id, key="a"),
        desk.register.merge(desk.office.ben, desk.twin.id, desk.petra.id, key="b"),
        return_exceptions=True,
    )
    await desk.register.repair()
    merged_into = [desk.stored(id).merged_into for id in (desk.petra.id, desk.twin.id)]
    assert merged_into.count(None) >= 1, results


@pytest.mark.parametrize("step", range(1, 5))
@pytest.mark.parametrize("undo", [False, True])
async def test_a_crash_at_any_step_is_finished_at_the_next_start(step: int, undo: bool) -> None:
    desk = await Desk.open()
    before = {id: bare(desk.stored(id)) for id in (desk.petra.id, desk.twin.id)}
    if undo:
        await desk.merge()
    writes = 0
    for kind in (CONTACTS, MERGES):
        documents: Any = desk.office.store.documents(kind)
        for name in ("insert", "replace"):
            original = getattr(documents, name)

            async def counted(*args: Any, original: Any = original) -> Any:
                nonlocal writes
                writes += 1
                if writes > step:
                    raise RuntimeError("crash")
                return await original(*args)

            setattr(documents, name, counted)
    try:
        if undo:
            await desk.register.unmerge(desk.office.anna, desk.petra.id, desk.twin.id, key="u")
        else:
            await desk.merge()
    except RuntimeError:
        pass
    for kind in (CONTACTS, MERGES):
        documents = desk.office.store.documents(kind)
        for name in ("insert", "replace"):
            documents.__dict__.pop(name, None)
    desk.build()
    await desk.register.repair()
    assert all(one.open_since is None for one in desk.office.store.documents(MERGES).rows.values())
    if undo:
        assert {id: bare(desk.stored(id)) for id in before} == before
    else:
        assert desk.stored(desk.petra.id).members == (desk.twin.id,)
        assert desk.stored(desk.twin.id).merged_into == desk.petra.id


# Duplicates


async def test_duplicates_are_proposed_with_reasons_and_never_merged_by_themselves() -> None:
    desk = await Desk.open()
    other = await desk.office.customer("Petra Mueller", "petra@carpenter.example.org", organisation="Tischlerei")
    await desk.office.customer("Jens Holz", "jens@holz.example")
    found = await desk.register.duplicates(desk.office.anna)
    pair = found[0]
    assert {pair.first.id, pair.second.id} == {desk.petra.id, other.id}
    assert "same-organisation" in pair.reasons
    assert pair.score >= 70
    assert all("Jens Holz" not in (one.first.name, one.second.name) for one in found)
    assert desk.stored(desk.petra.id).members == ()


async def test_two_who_are_verified_on_different_addresses_are_marked() -> None:
    desk = await Desk.open()
    other = await desk.office.customer("Petra Müller ", "petra@other.example", organisation="Tischlerei")
    identities = desk.office.store.documents(IDENTITIES)
    for address in ("petra@carpenter.example", "petra@other.example"):
        known = identities.rows[identity_id(mail(address))]
        await identities.replace(replace(known, strength=Strength.VERIFIED), known.version)
    found = await desk.register.duplicates(desk.office.anna, other.id)
    assert found[0].blocked == "different-strong-addresses"


async def test_free_mail_domains_say_nothing() -> None:
    desk = await Desk.open()
    first = await desk.office.customer("Anna Berg", "anna@gmail.com")
    second = await desk.office.customer("Bernd Tal", "bernd@gmail.com")
    found = await desk.register.duplicates(desk.office.anna)
    assert all({one.first.id, one.second.id} != {first.id, second.id} for one in found)


async def test_ten_thousand_contacts_are_compared_in_blocks() -> None:
    contacts = [
        Contact(id=f"c_{n}", name=f"Name{n} Wort{n % 977}", sort_name=f"name{n} wort{n % 977}", created_at=START)  # type: ignore[arg-type]
        for n in range(10_000)
    ]
    assert isinstance(find_duplicates(contacts, {}), list)


# Tags


async def test_tags_are_set_once_and_taken_away() -> None:
    desk = await Desk.open()
    for tag in ("Messe", "#messe", " MESSE "):
        changed = await desk.register.tag(desk.office.anna, desk.petra.id, tag)
    assert [tag.lower() for tag in changed.tags] == ["messe"]
    assert (await desk.register.tag(desk.office.anna, desk.petra.id, "messe", on=False)).tags == ()
    with pytest.raises(Invalid):
        await desk.register.tag(desk.office.anna, desk.petra.id, "!!!")


# Import and export

FILE = """name;organisation;email;phone;role;city;language
Jens Holz;Holz GmbH;jens@holz.example;0221 / 97 30 45-0;customer|supplier;Köln;de
Nora Berg;;nora@berg.example;+49 30 901820;;Berlin;en
"""


async def test_a_csv_file_is_looked_at_then_taken_in_and_the_same_again_is_nothing_new() -> None:
    desk = await Desk.open()
    anna, data = desk.office.anna, FILE.encode("cp1252")
    looked = await desk.register.import_csv(anna, data, dry_run=True)
    assert (looked.rows, looked.new, looked.written) == (2, 2, False)
    assert looked.preview[1][:3] == ("Jens Holz", "Holz GmbH", "Köln")
    assert len(desk.office.store.documents(CONTACTS).rows) == 2
    taken = await desk.register.import_csv(anna, data, dry_run=False)
    assert taken.written
    jens = await desk.office.contacts.resolve(anna, "jens@holz.example")
    assert (jens.name, jens.city, jens.roles) == ("Jens Holz", "Köln", (ContactRole.CUSTOMER, ContactRole.SUPPLIER))
    identities = desk.office.store.documents(IDENTITIES).rows.values()
    assert "+49221973045" in {one.address.normal[:12] for one in identities}
    again = await desk.register.import_csv(anna, data, dry_run=False)
    assert (again.new, again.changed, again.same) == (0, 0, 2)


@pytest.mark.parametrize("points", [2, 3, 5, 8])
async def test_an_import_of_contacts_that_broke_off_is_finished_by_the_same_file(points: int) -> None:
    desk = await Desk.open()
    store, rows = desk.office.store, "".join(f"Kunde {n},k{n}@holz.example\n" for n in range(1_100))
    data, steps = f"name,email\n{rows}".encode(), list[ImportStep]()

    async def watch(step: ImportStep) -> None:
        steps.append(step)
        if (step.stage, step.done) == ("writing", 500):
            store.points.crash_after = store.points.passed + points

    before = len(store.documents(CONTACTS).rows)
    with pytest.raises(Crash):
        await desk.register.import_csv(desk.office.anna, data, dry_run=False, on_step=watch)
    assert [(step.stage, step.done) for step in steps] == [
        ("checking", 500),
        ("checking", 1_000),
        ("checking", 1_100),
        ("writing", 500),
    ]
    store.restart()
    again = await desk.register.import_csv(desk.office.anna, data, dry_run=False)
    assert (again.problems, again.written) == ((), True)
    assert len(store.documents(CONTACTS).rows) == before + 1_100
    assert (await desk.register.import_csv(desk.office.anna, data, dry_run=False)).same == 1_100
    found = await desk.office.contacts.resolve(desk.office.anna, "k1099@holz.example")
    assert found.name == "Kunde 1099"


async def test_a_row_with_a_known_address_fills_in_and_keeps_the_name() -> None:
    desk = await Desk.open()
    data = b"name,email,city\nMueller Petra,petra@carpenter.example,Bonn\n"
    report = await desk.register.import_csv(desk.office.anna, data, dry_run=False)
    assert (report.new, report.changed) == (0, 1)
    petra = desk.stored(desk.petra.id)
    assert (petra.name, petra.city) == ("Petra Müller", "Bonn")


async def test_other_headings_are_mapped() -> None:
    desk = await Desk.open()
    data = b"Firmenname\tE-Mail\nHolz GmbH\tinfo@holz.example\n"
    report = await desk.register.import_csv(
        desk.office.anna, data, mapping={"name": "Firmenname", "email": "E-Mail"}, dry_run=False
    )
    assert report.new == 1
    with pytest.raises(Invalid):
        await desk.register.import_csv(desk.office.anna, data, mapping={"nmae": "Firmenname"}, dry_run=True)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("X;;kein-at;;;;", "address"),
        ("X;;x@y.example;123;;;", "address"),
        ("X;;x@y.example;;king;;", "roles"),
        ("X;;x@y.example;;;;fr", "language"),
        (";;x@y.example;;;;", "name"),
        ("Jens;;jens@holz.example;;;;", "name"),
        ("X;;petra@carpenter.example|p.mueller@home.example;;;;", "email"),
    ],
)
async def test_one_bad_row_is_named_and_nothing_is_taken_in(row: str, field: str) -> None:
    desk = await Desk.open()
    report = await desk.register.import_csv(desk.office.anna, (FILE + row + "\n").encode(), dry_run=False)
    assert [problem.row for problem in report.problems] == [4]
    assert not report.written
    assert len(desk.office.store.documents(CONTACTS).rows) == 2


@pytest.mark.parametrize("data", [b"", b"email\nx@y.example\n", b"\x00\xff\xfe", b"name\n" + b"x" * 200_000])
async def test_what_is_no_table_of_contacts_is_told_so(data: bytes) -> None:
    desk = await Desk.open()
    with pytest.raises(Invalid):
        await desk.register.import_csv(desk.office.anna, data, dry_run=True)


CARD_3 = """BEGIN:VCARD\r
VERSION:3.0\r
item1.FN:Jens Holz\r
N:Holz;Jens;;;\r
ORG:Holz GmbH;Einkauf\r
EMAIL;TYPE=INTERNET,PREF:jens@holz.example\r
TEL;TYPE=WORK,VOICE:+49 221 9730450\r
ADR;TYPE=WORK:;;Weg 1;Köln;;50667;Deutschland\r
NOTE:Zeile eins\\nZeile zwei\\, und mehr\r
CATEGORIES:Messe,Stamm\\, gut\r
PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQ\r
 AAAQABAAD/2wBDAAEBAQEBAQEBAQEBAQEBAQE\r
END:VCARD\r
"""
CARD_21 = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=BCrgen;;;
EMAIL:juergen@mueller.example
END:VCARD
"""


async def test_vcards_of_all_versions_are_taken_in() -> None:
    desk = await Desk.open()
    report = await desk.register.import_vcard(desk.office.anna, (CARD_3 + CARD_21).encode(), dry_run=False)
    assert (report.new, report.problems) == (2, ())
    jens = await desk.office.contacts.resolve(desk.office.anna, "jens@holz.example")
    assert (jens.organisation, jens.department, jens.city) == ("Holz GmbH", "Einkauf", "Köln")
    assert jens.notes == "Zeile eins\nZeile zwei, und mehr"
    assert jens.tags == ("Messe", "Stamm, gut")
    assert (await desk.office.contacts.resolve(desk.office.anna, "juergen@mueller.example")).name == "Jürgen Müller"


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN:VCARD\nFN:X\n",
        "BEGIN:VCARD\nBEGIN:VCARD\nEND:VCARD\nEND:VCARD",
        "END:VCARD",
        "FN:X",
        "",
        "BEGIN:VCARD\nEMAIL:x@y.example",
    ],
)
async def test_broken_vcards_are_told_so(text: str) -> None:
    desk = await Desk.open()
    with pytest.raises(Invalid):
        await desk.register.import_vcard(desk.office.anna, text.encode(), dry_run=True)


async def test_vcards_from_hell_are_bounded() -> None:
    bomb = "BEGIN:VCARD\nFN:X\nNOTE:" + "A" * 5_000_000 + "\nPHOTO:" + "\n ".join("B" * 70 for _ in range(50_000))
    bomb += "\nEND:VCARD\n"
    (card,) = read_cards(bomb)
    assert len(card.draft.notes or "") <= 10_000
    many = "BEGIN:VCARD\n" + "EMAIL:x@y.example\n" * 5_000 + "FN:late\nEND:VCARD"
    assert len(read_cards(many)[0].draft.addresses) <= 20
    (quoted,) = read_cards("BEGIN:VCARD\nFN;ENCODING=QUOTED-PRINTABLE:" + "=\n" * 100_000 + "\nEND:VCARD")
    assert quoted.draft.name == ""


async def test_an_export_is_for_those_with_the_right_and_holds_what_they_see() -> None:
    desk = await Desk.open()
    office = desk.office
    with pytest.raises(Refused):
        await desk.register.export(office.anna, "csv")
    await desk.change(desk.twin, owner=office.user_id("anna"))
    file = await desk.register.export(office.admin, "csv")
    assert "P. Müller" in file.data.decode("utf-8-sig")
    limited = replace(office.admin, rows=RowScope.OWN)
    assert "P. Müller" not in (await desk.register.export(limited, "csv")).data.decode("utf-8-sig")
    with pytest.raises(Invalid):
        await desk.register.export(office.admin, "xlsx")


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+49", "-1+1", "@SUM(A1)", "\tx", "=HYPERLINK(1)"])
def test_no_cell_is_a_formula_and_it_comes_back_as_it_was(name: str) -> None:
    contact = Contact(id="c_x", name=name, sort_name="x", created_at=START)  # type: ignore[arg-type]
    data = write_contacts([(contact, ())]).decode("utf-8-sig")
    assert not data.splitlines()[1].lstrip('"').startswith(("=", "+", "-", "@", "\t"))
    (back,) = read_contacts(data, None)
    assert back.draft.name == name.strip() or back.draft.name == name


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=120)


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS, st.sampled_from(["3.0", "4.0"]))
def test_a_card_that_we_write_is_read_as_it_was(name: str, organisation: str, version: str) -> None:
    contact = Contact(
        id="c_x",  # type: ignore[arg-type]
        name=name,
        sort_name="x",
        organisation=organisation,
        notes=f"{name}\n{organisation}; , \\",
        created_at=START,
    )
    identity = Identity(id="d", contact_id=contact.id, address=mail("x@y.example"), source="import", since=START)
    data = write_cards([(contact, [identity])], version)
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    (card,) = read_cards(data.decode())
    assert card.draft.name == name
    assert card.draft.organisation == organisation
    assert card.draft.notes == contact.notes.strip()
    assert card.draft.addresses == (("email", "x@y.example"),)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=400))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (read_cards, lambda one: read_contacts(one, None)):
        with contextlib.suppress(FernamtError):
            read(f"BEGIN:VCARD\n{text}\nEND:VCARD" if read is read_cards else text)


@pytest.mark.parametrize(
    ("written", "normal"),
    [("0221 / 97 30 450", "+492219730450"), ("+49 (0)221 9730450", "+492219730450"), ("tel:+43 1 58858", "+43158858"),
     ("0049 221 9730450", "+492219730450")],
)  # fmt: skip
def test_telephone_numbers_have_one_form(written: str, normal: str) -> None:
    address = PHONE_FORM.normalise(written)
    assert address.normal == normal
    assert PHONE_FORM.normalise(address.normal) == address


@pytest.mark.parametrize("written", ["1042", "R-1001", "", "abc", "0", "+49", "12345678"])
def test_what_is_no_telephone_number_is_none(written: str) -> None:
    with pytest.raises(Invalid):
        PHONE_FORM.normalise(written)


async def test_a_contact_has_tags_own_fields_a_department_and_a_preferred_channel() -> None:
    desk = await Desk.open()
    draft = ContactDraft(
        department="Einkauf", tags=("Messe", "messe"), custom=(("Rabatt", "3 %"),), preferred_channel="xmpp"
    )
    changed = await desk.office.contacts.edit(desk.office.anna, desk.petra.id, draft, 1)
    assert (changed.department, changed.tags, changed.custom) == (
        "Einkauf",
        ("messe",),
        (CustomField(name="Rabatt", value="3 %"),),
    )
    with pytest.raises(Invalid):
        await desk.office.contacts.edit(desk.office.anna, desk.petra.id, ContactDraft(preferred_channel="pigeon"), 2)
