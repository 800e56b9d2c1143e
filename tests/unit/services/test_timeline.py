from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.contact import Contact
from hub.domain.errors import Invalid, NotFound, Refused
from hub.domain.ids import ContactId, InteractionId, OutboxId
from hub.domain.interaction import Direction, Interaction, InteractionKind, Sighting, sighting_id
from hub.domain.message import Attachment, Participant
from hub.domain.outbox import OutboxItem, OutboxState, OutgoingContent, Purpose
from hub.ports.events import Topic
from hub.ports.kinds import ARRIVALS, CONTACTS, INTERACTIONS, OUTBOX, SIGHTINGS
from hub.services.keyset import timeline_page
from tests.fake_connector import START
from tests.memory_store import MemoryStore
from tests.office import CONTACT_ACTOR, Office, mail


@pytest.fixture
async def office() -> Office:
    return await Office.open()


@pytest.fixture
async def petra(office: Office) -> Contact:
    return await office.customer("Petra Müller", "petra@tischlerei.example")


async def all_pages(office: Office, contact: Contact, *, limit: int, newest_first: bool = True) -> list[str]:
    subjects: list[str] = []
    cursor: str | None = None
    while True:
        page = await office.timeline.page(office.anna, contact.id, cursor, limit, newest_first)
        subjects += [entry.interaction.subject for entry in page.items]
        if (cursor := page.next) is None:
            return subjects


async def test_pages_follow_one_another_in_both_directions(office: Office, petra: Contact) -> None:
    for number in range(7):
        await office.message(petra, str(number))
        office.later(minutes=1)
    assert await all_pages(office, petra, limit=3) == list("6543210")
    assert await all_pages(office, petra, limit=3, newest_first=False) == list("0123456")


async def test_a_merged_contact_shows_its_members_entries_in_one_order(office: Office, petra: Contact) -> None:
    other = await office.customer("P. Mueller")
    for number in range(12):
        await office.message(petra if number % 3 else other, f"{number:02}")
        office.later(minutes=1)
    merged = replace(petra, members=(other.id,))
    await office.store.documents(CONTACTS).replace(merged, 1)
    assert await all_pages(office, merged, limit=5) == [f"{number:02}" for number in reversed(range(12))]


@settings(max_examples=60, deadline=None)
@given(
    moments=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), max_size=40),
    limit=st.integers(1, 7),
    newest_first=st.booleans(),
)
async def test_pages_lose_and_repeat_nothing_however_many_share_a_moment(
    moments: list[tuple[int, int]], limit: int, newest_first: bool
) -> None:
    store = MemoryStore()
    contacts = [ContactId(f"c_{number}") for number in range(3)]
    entries = [
        Interaction(
            id=InteractionId(f"i_{number:02}"),
            contact_id=contacts[contact],
            at=START + timedelta(seconds=moment),
            kind=InteractionKind.NOTE,
            direction=Direction.INTERNAL,
        )
        for number, (contact, moment) in enumerate(moments)
    ]
    await store.documents(INTERACTIONS).insert_many(entries)
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await timeline_page(
            store.documents(INTERACTIONS), contacts, after=cursor, limit=limit, newest_first=newest_first
        )
        found += [entry.id for entry in page.items]
        assert len(page.items) == limit or page.next is None
        if (cursor := page.next) is None:
            break
    wanted = sorted(entries, key=lambda entry: (entry.at, entry.id), reverse=newest_first)
    assert found == [entry.id for entry in wanted]


async def test_cursors_and_limits_are_checked(office: Office, petra: Contact) -> None:
    for cursor in ("nonsense", "WzFd", "bnVsbA==", "WyJ4IiwieSJd"):
        with pytest.raises(Invalid):
            await office.timeline.page(office.anna, petra.id, cursor)
    for limit in (0, 201):
        with pytest.raises(Invalid):
            await office.timeline.page(office.anna, petra.id, limit=limit)
    with pytest.raises(NotFound):
        await office.timeline.page(office.anna, ContactId("c_nobody"))


def item(entry: Interaction, number: int, state: OutboxState, detail: str = "") -> OutboxItem:
    recipient = mail(f"r{number}@customer.example")
    return OutboxItem(
        id=OutboxId(f"o_{number}"),
        account="office",
        channel="email",
        recipient=recipient,
        lane=f"office|{recipient.key}",
        purpose=Purpose.REPLY,
        content=OutgoingContent(text="words"),
        state=state,
        due_at=entry.at,
        created_at=entry.at,
        give_up_at=entry.at + timedelta(days=1),
        entry_id=entry.id,
        detail=detail,
    )


async def outgoing(office: Office, contact: Contact, name: str, recipients: int) -> Interaction:
    return await office.message(
        contact,
        name,
        direction=Direction.OUTBOUND,
        arrival_id=None,
        outbox_id=OutboxId("o_1"),
        author=office.user_id("anna"),
        recipients=tuple(Participant(address=mail(f"r{n}@customer.example")) for n in range(recipients)),
    )


async def test_delivery_is_the_worst_of_the_recipients(office: Office, petra: Contact) -> None:
    entry = await outgoing(office, petra, "offer", 2)
    items = office.store.documents(OUTBOX)
    await items.insert_many([item(entry, 1, OutboxState.DELIVERED), item(entry, 2, OutboxState.BOUNCED, "550 no user")])
    (line,) = (await office.timeline.page(office.anna, petra.id)).items
    assert (line.delivery, line.delivery_detail, line.author_name) == (
        OutboxState.BOUNCED,
        "550 no user",
        "Anna Seidel",
    )


async def test_a_single_recipients_delivery_costs_no_further_round_trip(office: Office, petra: Contact) -> None:
    entry = await outgoing(office, petra, "offer", 1)
    await office.store.documents(OUTBOX).insert(item(entry, 1, OutboxState.SENT))
    await office.message(petra, "answer", at=entry.at + timedelta(minutes=1))
    del office.store.points.log[:]
    lines = (await office.timeline.page(office.anna, petra.id)).items
    assert [line.delivery for line in lines] == [None, OutboxState.SENT]
    assert sorted(office.store.points.log) == [
        "contacts.get:before",
        "interactions.page:before",
        "outbox.get_many:before",
        "placements.get_many:before",
    ]


async def test_search_finds_by_every_word_and_names_the_contact(office: Office, petra: Contact) -> None:
    await office.message(petra, "one", text="Angebot für zwölf Stühle in Eiche")
    office.later(minutes=1)
    await office.message(petra, "two", text="Angebot für einen Tisch in Eiche")
    found = await office.timeline.search(office.anna, "Eiche Angebote")
    assert [line.interaction.subject for line in found.items] == ["two", "one"]
    assert {line.contact_name for line in found.items} == {"Petra Müller"}
    assert [line.interaction.subject for line in (await office.timeline.search(office.anna, "stuhl")).items] == ["one"]
    assert (await office.timeline.search(office.anna, "Eiche Buche")).items == []
    assert (await office.timeline.search(office.anna, "")).items == []
    first = await office.timeline.search(office.anna, "eiche", limit=1)
    second = await office.timeline.search(office.anna, "eiche", first.next, limit=1)
    assert [line.interaction.subject for line in (*first.items, *second.items)] == ["two", "one"]
    await office.store.documents(INTERACTIONS).delete(first.items[0].interaction.id)
    assert len((await office.timeline.search(office.anna, "eiche")).items) == 1


async def test_detail_says_why_it_is_here(office: Office, petra: Contact) -> None:
    conversation = await office.conversation(petra, "chairs")
    id = conversation.last_interaction
    entry = office.store.documents(INTERACTIONS).rows[id]
    assert entry.arrival_id is not None
    await office.store.documents(SIGHTINGS).insert(
        Sighting(
            id=sighting_id(id, "sales"), interaction_id=id, account="sales", arrival_id=entry.arrival_id, at=entry.at
        )
    )
    detail = await office.timeline.entry(office.anna, id)
    assert detail.placement is not None
    assert (detail.placement.confidence, detail.entry.conversation_id) == (0.9, conversation.id)
    assert [sighting.account for sighting in detail.sightings] == ["sales"]
    assert detail.entry.contact_name == "Petra Müller"
    with pytest.raises(NotFound):
        await office.timeline.entry(office.anna, InteractionId("i_nothing"))


FILES = (
    Attachment(index=0, name="a.txt", type="text/plain", size=5, sha256="", inline=False),
    Attachment(index=1, name="b.txt", type="text/plain", size=6, sha256="", inline=False),
)


async def test_the_source_and_its_parts(office: Office, petra: Contact) -> None:
    entry = await office.message(petra, "with files", attachments=FILES, has_html=True)
    raw = await office.timeline.raw(office.anna, entry.id)
    assert (raw.data, raw.type, raw.name) == (b"first|second", "message/rfc822", f"{entry.id}.eml")
    file = await office.timeline.attachment(office.anna, entry.id, 1)
    assert (file.name, file.data) == ("b.txt", b"second")
    assert await office.timeline.html(office.anna, entry.id) == "<p>email: first|second</p>"
    with pytest.raises(NotFound):
        await office.timeline.attachment(office.anna, entry.id, 2)
    for forbidden in (office.timeline.raw, office.timeline.html):
        with pytest.raises(Refused):
            await forbidden(CONTACT_ACTOR, entry.id)


async def test_a_large_source_lies_in_the_blob_store(office: Office, petra: Contact) -> None:
    entry = await office.message(petra, "large", has_html=True)
    blob = await office.store.blobs.put(b"large|bytes")
    arrivals = office.store.documents(ARRIVALS)
    record = arrivals.rows[str(entry.arrival_id)]
    await arrivals.replace(replace(record, raw=None, blob=blob), record.version)
    assert (await office.timeline.raw(office.anna, entry.id)).data == b"large|bytes"


async def test_what_was_written_here_has_files_but_no_source(office: Office, petra: Contact) -> None:
    blob = await office.store.blobs.put(b"drawing")
    file = Attachment(index=0, name="d.pdf", type="application/pdf", size=7, sha256=blob)
    entry = await office.message(petra, "offer", direction=Direction.OUTBOUND, arrival_id=None, attachments=(file,))
    assert (await office.timeline.attachment(office.anna, entry.id, 0)).data == b"drawing"
    assert await office.timeline.html(office.anna, entry.id) is None
    with pytest.raises(NotFound):
        await office.timeline.raw(office.anna, entry.id)


async def test_a_note_stands_on_the_timeline_once_and_is_found(office: Office, petra: Contact) -> None:
    conversation = await office.conversation(petra, "chairs")
    office.later(minutes=1)
    async with office.events.subscribe([Topic.TIMELINE]) as news:
        note = await office.timeline.note(office.anna, petra.id, " prefers oak ", conversation.id, key="turn-1")
        assert (await anext(news)).entry == note.id
    again = await office.timeline.note(office.anna, petra.id, "prefers oak", conversation.id, key="turn-1")
    assert again == note
    assert (note.direction, note.kind, note.text) == (Direction.INTERNAL, InteractionKind.NOTE, "prefers oak")
    lines = (await office.timeline.page(office.anna, petra.id)).items
    assert [line.interaction.id for line in lines] == [note.id, conversation.last_interaction]
    assert (lines[0].author_name, lines[0].conversation_id) == ("Anna Seidel", conversation.id)
    assert [line.interaction.id for line in (await office.timeline.search(office.ben, "oak")).items] == [note.id]
    other = await office.timeline.note(office.ben, petra.id, "prefers oak", key="turn-1")
    assert other.id != note.id


async def test_notes_are_checked(office: Office, petra: Contact) -> None:
    jens = await office.customer("Jens Müller")
    conversation = await office.conversation(jens, "wood")
    for text in ("", "   ", "x" * 32_769):
        with pytest.raises(Invalid):
            await office.timeline.note(office.anna, petra.id, text)
    with pytest.raises(Invalid):
        await office.timeline.note(office.anna, petra.id, "text", conversation.id)
    with pytest.raises(NotFound):
        await office.timeline.note(office.anna, ContactId("c_nobody"), "text")
