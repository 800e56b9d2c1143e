"""Tries to learn of contacts that are hidden by one's rows: through search, lists, counts, names, numbers, files and
errors. What is hidden is answered like what does not exist."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub.domain.appointment import AppointmentDraft
from hub.domain.contact import Contact
from hub.domain.errors import Ambiguous, FernamtError, NotFound, Refused
from hub.domain.ids import ContactId, InteractionId
from hub.domain.ledger import EntryDraft, EntryKind
from hub.domain.people import Actor, RowScope
from hub.domain.views import ContactDraft
from hub.ports.kinds import CONTACTS
from hub.services.rows import Rows
from hub.services.scoped import OPEN, RULES, WITHHELD, scope_rows
from hub.services.verbs import HubVerbs
from tests.architecture.test_rights import ALL, DOORS, bundle
from tests.fake_connector import START
from tests.office import Office

HIDDEN = "Petra Geheim"
WORD = "Kirschholz"


class Scene:
    """Ben sees only his own contacts: Jens is his, Petra is Anna's, Nora is nobody's."""

    office: Office
    verbs: HubVerbs
    ben: Actor
    petra: Contact
    jens: Contact
    nora: Contact

    @classmethod
    async def open(cls, rows: RowScope = RowScope.OWN, *teams: str) -> "Scene":
        self = cls()
        self.office, plain = await bundle()
        office = self.office
        self.plain, self.verbs = plain, scope_rows(plain, Rows(office.store, office.staff))
        self.petra = await self.owned(HIDDEN, "anna", "petra@geheim.example")
        self.jens = await self.owned("Jens Offen", "ben", "jens@offen.example")
        self.nora = await office.customer("Nora Niemand", "nora@niemand.example")
        self.conversation = await office.conversation(self.petra, f"Angebot {WORD}")
        self.entry = await office.message(self.petra, f"Frage {WORD}", self.conversation)
        await office.conversation(self.jens, "Angebot Eiche")
        for contact, number in ((self.petra, "R-1"), (self.jens, "R-2")):
            await plain.accounts.post(
                office.anna,
                EntryDraft(
                    contact_id=contact.id,
                    kind=EntryKind.INVOICE,
                    amount=Decimal("500"),
                    number=number,
                    date=date(2026, 9, 1),
                    due=date(2026, 10, 1),
                ),
                key=number,
            )
        self.booking = (await plain.accounts.entries(office.anna, self.petra.id)).items[0]
        self.appointment = await plain.calendar.book(
            office.anna,
            AppointmentDraft(start=START + timedelta(days=1), title="Aufmaß Geheim", contact_id=self.petra.id),
            key="a",
        )
        self.ben = await office.limit("ben", rows, *teams)
        return self

    async def owned(self, name: str, owner: str, address: str) -> Contact:
        contact = await self.office.customer(name, address)
        owned = replace(contact, owner=self.office.user_id(owner))
        assert await self.office.store.documents(CONTACTS).replace(owned, 1)
        return replace(owned, version=2)


async def scene() -> Scene:
    return await Scene.open()


def test_every_verb_has_its_rule() -> None:
    """A new verb must say how it keeps hidden contacts hidden."""
    for group, name in ALL:
        if group in OPEN or (group, name) in DOORS:
            continue
        withheld = name in WITHHELD.get(group, ())
        assert withheld != (name in RULES.get(group, {})), f"{group}.{name}"
    known = {(group, name) for group, rules in RULES.items() for name in rules}
    assert known <= set(ALL)


async def test_what_is_withheld_is_refused() -> None:
    world = await scene()
    for group, names in WITHHELD.items():
        for name in names:
            method = getattr(getattr(world.verbs, group), name)
            plain = getattr(getattr(world.plain, group), name)
            values = {
                key: b"" if value.annotation is bytes else True if key == "dry_run" else "x"
                for key, value in inspect.signature(plain).parameters.items()
                if key != "actor" and value.default is inspect.Parameter.empty
            }
            with pytest.raises(Refused):
                await method(world.ben, **values)


async def test_own_and_unowned_contacts_are_seen() -> None:
    world = await scene()
    assert (await world.verbs.contacts.card(world.ben, world.jens.id)).contact.name == "Jens Offen"
    assert (await world.verbs.contacts.card(world.ben, world.nora.id)).contact.name == "Nora Niemand"


async def test_whoever_sees_everything_passes_straight_through() -> None:
    world = await scene()
    assert (await world.verbs.contacts.card(world.office.anna, world.petra.id)).contact.name == HIDDEN
    assert [row.contact_name for row in await world.verbs.accounts.ageing(world.office.admin)]


async def test_a_team_shares_its_contacts() -> None:
    world = await Scene.open(RowScope.TEAM, "Werkstatt")
    with pytest.raises(NotFound):
        await world.verbs.contacts.card(world.ben, world.petra.id)
    await world.office.users.change(world.office.admin, world.office.user_id("anna"), teams=["werkstatt"])
    assert (await world.verbs.contacts.card(world.ben, world.petra.id)).contact.name == HIDDEN


def contact_verbs(world: Scene, contact_id: Any) -> dict[str, Callable[[], Awaitable[object]]]:
    verbs, ben = world.verbs, world.ben
    draft = EntryDraft(
        contact_id=contact_id, kind=EntryKind.PAYMENT, amount=Decimal(1), date=date(2026, 11, 1), number="Z"
    )
    return {
        "card": lambda: verbs.contacts.card(ben, contact_id),
        "edit": lambda: verbs.contacts.edit(ben, contact_id, ContactDraft(name="x"), 2),
        "timeline": lambda: verbs.timeline.page(ben, contact_id),
        "note": lambda: verbs.timeline.note(ben, contact_id, "x"),
        "answerable": lambda: verbs.conversations.answerable(ben, contact_id),
        "summary": lambda: verbs.accounts.summary(ben, contact_id),
        "entries": lambda: verbs.accounts.entries(ben, contact_id),
        "orders": lambda: verbs.accounts.orders(ben, contact_id),
        "statement": lambda: verbs.accounts.statement(ben, contact_id),
        "payment_reminder": lambda: verbs.accounts.send_reminder(ben, contact_id, 1, key="k"),
        "stop_reminders": lambda: verbs.accounts.stop_reminders(ben, contact_id, True),
        "post": lambda: verbs.accounts.post(ben, draft, key="k"),
        "agenda": lambda: verbs.calendar.agenda(ben, START, START + timedelta(days=7), contact_id=contact_id),
        "next": lambda: verbs.calendar.next(ben, contact_id),
        "book": lambda: verbs.calendar.book(
            ben, AppointmentDraft(start=START + timedelta(days=2), contact_id=contact_id), key="k"
        ),
        "remind": lambda: verbs.reminders.remind(ben, START + timedelta(days=1), "x", contact_id=contact_id, key="k"),
        "ask_colleague": lambda: verbs.desk.ask_colleague(ben, contact_id, world.office.user_id("anna"), "x", key="k"),
    }


@pytest.mark.parametrize(
    "verb",
    ["card", "edit", "timeline", "note", "answerable", "summary", "entries", "orders", "statement", "payment_reminder",
     "stop_reminders", "post", "agenda", "next", "book", "remind", "ask_colleague"],
)  # fmt: skip
async def test_a_hidden_contact_is_answered_like_none(verb: str) -> None:
    world = await scene()
    with pytest.raises(NotFound) as hidden:
        await contact_verbs(world, world.petra.id)[verb]()
    with pytest.raises(NotFound) as none:
        await contact_verbs(world, "c_nobody")[verb]()
    assert hidden.value.sentence == none.value.sentence
    assert hidden.value.code == none.value.code


@pytest.mark.parametrize("verb", ["get", "entries", "draft", "reply", "assign", "close", "reopen", "snooze", "look"])
async def test_a_hidden_conversation_is_answered_like_none(verb: str) -> None:
    world = await scene()
    talk, desk, ben = world.verbs.conversations, world.verbs.desk, world.ben
    calls: dict[str, Callable[[Any], Awaitable[object]]] = {
        "get": lambda id: talk.get(ben, id),
        "entries": lambda id: talk.entries(ben, id),
        "draft": lambda id: talk.draft(ben, id),
        "reply": lambda id: talk.reply(ben, id, "x"),
        "assign": lambda id: talk.assign(ben, id, None),
        "close": lambda id: talk.close(ben, id),
        "reopen": lambda id: talk.reopen(ben, id),
        "snooze": lambda id: desk.snooze(ben, id, START + timedelta(days=1)),
        "look": lambda id: desk.look(ben, id, False),
    }
    for id in (world.conversation.id, "v_nothing"):
        with pytest.raises(NotFound) as raised:
            await calls[verb](id)
        assert raised.value.sentence == "There is no such conversation."


@pytest.mark.parametrize("verb", ["entry", "raw", "attachment", "html"])
async def test_a_hidden_entry_is_answered_like_none(verb: str) -> None:
    world = await scene()
    for id in (world.entry.id, InteractionId("i_nothing")):
        arguments = (id, 0) if verb == "attachment" else (id,)
        with pytest.raises(NotFound) as raised:
            await getattr(world.verbs.timeline, verb)(world.ben, *arguments)
        assert raised.value.sentence == "There is no such entry."


@pytest.mark.parametrize("verb", ["get", "ics", "move", "cancel"])
async def test_a_hidden_appointment_is_answered_like_none(verb: str) -> None:
    world = await scene()
    more: dict[str, Any] = {"key": "k"} if verb in ("move", "cancel") else {}
    if verb == "move":
        more["start"] = START + timedelta(days=3)
    for id in (world.appointment.id, "p_nothing"):
        with pytest.raises(NotFound) as raised:
            await getattr(world.verbs.calendar, verb)(world.ben, id, **more)
        assert raised.value.sentence == "There is no such appointment."


async def test_search_finds_nothing_of_what_is_hidden() -> None:
    world = await scene()
    page = await world.verbs.timeline.search(world.ben, WORD)
    assert (page.items, page.next) == ([], None)
    assert len((await world.verbs.timeline.search(world.office.anna, WORD)).items) == 2


@pytest.mark.parametrize(
    "words",
    [WORD, "Geheim", HIDDEN, "Gehaim", "R-1", "Aufmaß", "Angebot", "petra@geheim.example", "Rechnung", "Termin"],
)
async def test_the_one_search_finds_nothing_of_what_is_hidden(words: str) -> None:
    world = await scene()
    await world.plain.timeline.note(world.office.anna, world.petra.id, f"Notiz {WORD} Angebot")
    everything = await world.verbs.search.find(world.office.anna, words)
    assert any(hit.contact_id == world.petra.id for hit in everything.items)
    for limit in (1, 2, 50):
        page = await world.verbs.search.find(world.ben, words, limit=limit)
        assert all(hit.contact_id == world.jens.id for hit in page.items), page.items
        # Neither a short page nor a next one tells that something was left out.
        expected = [hit.id for hit in everything.items if hit.contact_id == world.jens.id]
        assert [hit.id for hit in page.items] == expected[:limit]
        assert page.next is None or len(expected) > limit


async def test_a_search_page_is_as_full_as_if_nothing_were_hidden() -> None:
    world = await scene()
    for number in range(12):
        world.office.later(minutes=1)
        await world.office.message(world.petra if number % 3 else world.jens, f"Ahorn {number}")
    seen: list[str] = []
    after: str | None = None
    for size in (3, 1):
        page = await world.verbs.search.find(world.ben, "Ahorn", limit=3, after=after)
        assert len(page.items) == size
        seen, after = [*seen, *(hit.title for hit in page.items)], page.next
    assert (seen, after) == (["Ahorn 9", "Ahorn 6", "Ahorn 3", "Ahorn 0"], None)


async def test_a_hidden_contact_is_no_filter() -> None:
    world = await scene()
    for id in (world.petra.id, ContactId("c_nobody")):
        with pytest.raises(NotFound) as raised:
            await world.verbs.search.find(world.ben, WORD, contact_id=id)
        assert raised.value.sentence == "There is no such contact."


@pytest.mark.parametrize("text", [HIDDEN, "petra", "Geheim", "petra@geheim.example", "Petra Gehaim"])
async def test_finding_by_name_finds_nothing_of_what_is_hidden(text: str) -> None:
    world = await scene()
    assert all(match.contact.id != world.petra.id for match in await world.verbs.contacts.find(world.ben, text))
    with pytest.raises((NotFound, Ambiguous)) as raised:
        await world.verbs.contacts.resolve(world.ben, text)
    assert "Geheim" not in str(raised.value.fields).replace(text, "")


async def test_a_name_that_fits_two_of_which_one_is_hidden_is_no_question() -> None:
    world = await scene()
    twin = await world.office.customer(HIDDEN + " ", "other@geheim.example")
    found = await world.verbs.contacts.resolve(world.ben, HIDDEN)
    assert found.id in (twin.id, world.nora.id, world.jens.id) or found.owner != world.petra.owner


async def test_lists_leave_out_what_is_hidden() -> None:
    world = await scene()
    verbs, ben = world.verbs, world.ben
    names = [contact.name for contact in (await verbs.contacts.page(ben)).items]
    assert names == ["Jens Offen", "Nora Niemand"]
    inbox = await verbs.conversations.inbox(ben)
    assert [line.contact_name for line in inbox.items] == ["Jens Offen"]
    recent = await verbs.conversations.recent(ben)
    assert [line.contact_name for line in recent.items] == ["Jens Offen"]
    assert [item.number for item in await verbs.accounts.overdue(ben)] == ["R-2"]
    assert [row.contact_name for row in await verbs.accounts.ageing(ben)] == ["Jens Offen"]
    assert [draft.contact_name for draft in await verbs.accounts.draft_reminders(ben)] == ["Jens Offen"]


async def test_a_list_that_is_cut_is_cut_after_filtering() -> None:
    world = await scene()
    assert [item.number for item in await world.verbs.accounts.overdue(world.ben, limit=1)] == ["R-2"]
    page = await world.verbs.contacts.page(world.ben, limit=1)
    seen = [contact.name for contact in page.items]
    while page.next:
        page = await world.verbs.contacts.page(world.ben, page.next, 1)
        assert page.items or page.next is None
        seen += [contact.name for contact in page.items]
    assert seen == ["Jens Offen", "Nora Niemand"]


async def test_an_invoice_number_tells_nothing() -> None:
    world = await scene()
    sentences = set()
    for number in ("R-1", "R-9"):
        with pytest.raises(NotFound) as raised:
            await world.verbs.accounts.invoice(world.ben, number)
        sentences.add(raised.value.sentence.replace(number, "N"))
    assert len(sentences) == 1
    assert (await world.verbs.accounts.invoice(world.ben, "R-2")).contact_name == "Jens Offen"


async def test_a_booking_of_somebody_hidden_cannot_be_taken_back() -> None:
    world = await scene()
    with pytest.raises(NotFound):
        await world.verbs.accounts.reverse(world.ben, world.booking.id, "x", key="k")


async def test_an_address_of_somebody_hidden_does_not_say_whose_it_is() -> None:
    world = await scene()
    with pytest.raises(FernamtError) as raised:
        await world.verbs.contacts.create(
            world.ben, ContactDraft(name="X", addresses=(("email", "petra@geheim.example"),))
        )
    assert HIDDEN not in raised.value.sentence
    assert world.petra.id not in str(raised.value.fields)
    assert raised.value.__cause__ is None


async def test_in_another_calendar_only_that_somebody_is_busy_is_seen() -> None:
    world = await scene()
    found = await world.verbs.calendar.agenda(
        world.ben, START, START + timedelta(days=7), user_id=world.office.user_id("anna")
    )
    assert len(found) == 1
    assert (found[0].contact_name, found[0].appointment.title, found[0].appointment.contact_id) == ("", "", None)


async def test_the_briefing_names_nobody_hidden() -> None:
    world = await scene()
    briefing = await world.verbs.reminders.briefing(world.ben)
    assert HIDDEN not in str(briefing)
    assert "R-1" not in str(briefing)


async def test_notices_of_hidden_contacts_are_not_sent() -> None:
    from hub.ports.bot import Recorded

    world = await scene()
    notices = world.office.world.notices
    notices._staff = world.office.users.staff
    for name in ("anna", "ben"):
        from tests.outbox_world import ANNA, BEN

        address = (ANNA if name == "anna" else BEN).links[0]
        code = await world.office.users.link_code(world.office.admin, world.office.user_id(name))
        await world.office.users.bind(address, code)
    await notices.tell([Recorded(interaction=world.entry, conversation=world.conversation, contact=world.petra)])
    told = {item.recipient.normal for item in world.office.world.rows.values()}
    assert told == {"anna@joinery.example"}
