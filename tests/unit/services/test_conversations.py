import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.domain.contact import Contact
from hub.domain.conversation import Conversation, ConversationState
from hub.domain.errors import Conflict, Invalid, NotFound, Refused
from hub.domain.ids import ConversationId, OutboxId, UserId
from hub.domain.interaction import (
    Direction,
    Interaction,
    InteractionKind,
    MessageReference,
    Sighting,
    message_reference_id,
    sighting_id,
)
from hub.domain.message import Participant
from hub.domain.outbox import OutboxState
from hub.ports.events import Topic
from hub.ports.kinds import (
    ARRIVALS,
    CONVERSATIONS,
    INTERACTIONS,
    MESSAGE_REFERENCES,
    OUTBOX,
    PLACEMENTS,
    SIGHTINGS,
    TOMBSTONES,
)
from hub.services.chronicle import ASSIGNED, CLOSED, QUEUED, REOPENED
from hub.services.tombstones import tombstone_id
from tests.memory_store import Crash
from tests.office import SECRET, Office, mail
from tests.unit.services.test_timeline import item


@pytest.fixture
async def office() -> Office:
    return await Office.open()


@pytest.fixture
async def petra(office: Office) -> Contact:
    return await office.customer("Petra Müller", "petra@tischlerei.example")


async def subjects(office: Office, box: str) -> list[str]:
    return [line.conversation.subject for line in (await office.conversations.inbox(office.anna, box)).items]


async def test_the_inbox_holds_what_waits_longest_first(office: Office, petra: Contact) -> None:
    for name, owner in (("chairs", "queue"), ("table", office.anna.id), ("shelf", office.ben.id)):
        await office.conversation(petra, name, owner=owner)
        office.later(minutes=1)
    await office.conversation(petra, "answered", waiting=False)
    assert await subjects(office, "all") == ["chairs", "table", "shelf"]
    assert await subjects(office, "queue") == ["chairs"]
    assert await subjects(office, "mine") == ["table"]
    (line,) = (await office.conversations.inbox(office.ben, "mine")).items
    assert (line.contact_name, line.owner_name) == ("Petra Müller", "Ben Carter")
    first = await office.conversations.inbox(office.anna, limit=2)
    rest = await office.conversations.inbox(office.anna, after=first.next, limit=2)
    assert [line.conversation.subject for line in rest.items] == ["shelf"]
    with pytest.raises(Invalid):
        await office.conversations.inbox(office.anna, "theirs")


async def test_recent_ones_by_state(office: Office, petra: Contact) -> None:
    chairs = await office.conversation(petra, "chairs")
    office.later(minutes=1)
    await office.conversation(petra, "table")
    await office.conversations.close(office.anna, chairs.id)
    opened = (await office.conversations.recent(office.anna)).items
    closed = (await office.conversations.recent(office.anna, "closed")).items
    assert [line.conversation.subject for line in opened] == ["table"]
    assert [line.conversation.subject for line in closed] == ["chairs"]
    with pytest.raises(Invalid):
        await office.conversations.recent(office.anna, "lost")


async def test_entries_keep_their_order(office: Office, petra: Contact) -> None:
    chairs = await office.conversation(petra, "chairs")
    for name in ("second", "third"):
        office.later(minutes=1)
        await office.message(petra, name, chairs)
    newest = await office.conversations.entries(office.anna, chairs.id, limit=2)
    assert [line.interaction.subject for line in newest.items] == ["third", "second"]
    rest = await office.conversations.entries(office.anna, chairs.id, newest.next, limit=2)
    assert [line.interaction.subject for line in rest.items] == ["chairs"]
    oldest = await office.conversations.entries(office.anna, chairs.id, newest_first=False)
    assert [line.interaction.subject for line in oldest.items] == ["chairs", "second", "third"]
    assert {line.confidence for line in oldest.items} == {0.9}


async def marks(office: Office, conversation: Conversation) -> list[tuple[str, ...]]:
    page = await office.conversations.entries(office.anna, conversation.id, newest_first=False)
    return [line.interaction.marks for line in page.items if line.interaction.kind is InteractionKind.STATUS]


async def test_owner_and_state_are_traceable(office: Office, petra: Contact) -> None:
    chairs = await office.conversation(petra, "chairs")
    office.later(minutes=1)
    async with office.events.subscribe([Topic.CONVERSATION]) as news:
        assigned = await office.conversations.assign(office.anna, chairs.id, office.user_id("ben"))
        assert (await anext(news)).conversation == chairs.id
    assert (assigned.owner, assigned.version) == (office.ben.id, 2)
    office.later(minutes=1)
    await office.conversations.assign(office.ben, chairs.id, None)
    office.later(minutes=1)
    closed = await office.conversations.close(office.ben, chairs.id)
    assert (closed.state, closed.waiting_since) == (ConversationState.CLOSED, None)
    assert closed.closed_at is not None
    office.later(minutes=1)
    opened = await office.conversations.reopen(office.ben, chairs.id)
    assert (opened.state, opened.closed_at, opened.waiting_since) == (
        ConversationState.OPEN,
        None,
        chairs.waiting_since,
    )
    assert await marks(office, chairs) == [(ASSIGNED,), (QUEUED,), (CLOSED,), (REOPENED,)]
    page = await office.conversations.entries(office.anna, chairs.id, newest_first=False)
    status = page.items[1].interaction
    assert (status.direction, status.text) == (Direction.INTERNAL, "Zugewiesen an Ben Carter")
    assert page.items[2].interaction.text == "Given back to the queue"
    # The last word stays the contact's: lists show messages, not housekeeping.
    assert opened.last_interaction == chairs.last_interaction
    assert [entry[1:] for entry in office.audited() if entry[1] == "conversations.close"] == [
        ("conversations.close", chairs.id, "ok")
    ]


async def test_what_changes_nothing_leaves_no_trace(office: Office, petra: Contact) -> None:
    chairs = await office.conversation(petra, "chairs")
    await office.conversations.assign(office.anna, chairs.id, None)
    await office.conversations.reopen(office.anna, chairs.id)
    await office.conversations.close(office.anna, chairs.id)
    await office.conversations.close(office.anna, chairs.id)
    assert await marks(office, chairs) == [(CLOSED,)]


async def test_after_our_own_last_word_nobody_waits_on_reopening(office: Office, petra: Contact) -> None:
    chairs = await office.conversation(petra, "chairs", waiting=False)
    office.later(minutes=1)
    answer = await office.message(petra, "answer", chairs, direction=Direction.OUTBOUND)
    await office.store.documents(CONVERSATIONS).replace(
        replace(chairs, last_interaction=answer.id, state=ConversationState.CLOSED), 1
    )
    assert (await office.conversations.reopen(office.anna, chairs.id)).waiting_since is None


async def test_a_change_survives_what_intake_writes_meanwhile(
    office: Office, petra: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    chairs = await office.conversation(petra, "chairs")
    conversations = office.store.documents(CONVERSATIONS)
    real, races = conversations.replace, [3]

    async def raced(document: Conversation, version: int) -> bool:
        if races[0]:
            races[0] -= 1
            current = conversations.rows[chairs.id]
            await real(replace(current, last_text=f"new words {races[0]}"), current.version)
        return await real(document, version)

    monkeypatch.setattr(conversations, "replace", raced)
    changed = await office.conversations.assign(office.anna, chairs.id, office.user_id("ben"))
    assert (changed.owner, changed.last_text) == (office.ben.id, "new words 0")
    assert changed == conversations.rows[chairs.id]
    races[0] = 100
    with pytest.raises(Conflict):
        await office.conversations.close(office.anna, chairs.id)


async def test_unknown_things_are_not_found(office: Office, petra: Contact) -> None:
    chairs = await office.conversation(petra, "chairs")
    nowhere = ConversationId("v_nowhere")
    for verb in (
        office.conversations.get(office.anna, nowhere),
        office.conversations.entries(office.anna, nowhere),
        office.conversations.close(office.anna, nowhere),
        office.conversations.delete(office.admin, nowhere),
        office.conversations.assign(office.anna, chairs.id, UserId("u_nobody")),
    ):
        with pytest.raises(NotFound):
            await verb


# Deleting


async def deep_conversation(office: Office, petra: Contact) -> tuple[Conversation, list[Interaction]]:
    """Two mails, one of them seen in a second mailbox, our answer and a note."""
    chairs = await office.conversation(petra, "chairs")
    office.later(minutes=1)
    second = await office.message(petra, "second", chairs, text="a secret about oak")
    copy = await office.message(await office.customer("elsewhere"), "copy")
    await office.store.documents(INTERACTIONS).delete(copy.id)
    assert copy.arrival_id is not None
    sighting = Sighting(
        id=sighting_id(second.id, "sales"),
        interaction_id=second.id,
        account="sales",
        arrival_id=copy.arrival_id,
        at=second.at,
    )
    await office.store.documents(SIGHTINGS).insert(sighting)
    await office.store.documents(MESSAGE_REFERENCES).insert(
        MessageReference(
            id=message_reference_id(second.message_id),
            message_id=second.message_id,
            conversation_id=chairs.id,
            interactions=(second.id,),
        )
    )
    answer = await office.message(
        petra,
        "answer",
        chairs,
        direction=Direction.OUTBOUND,
        arrival_id=None,
        outbox_id=OutboxId("o_1"),
        recipients=(Participant(address=mail("r1@customer.example")),),
    )
    await office.store.documents(OUTBOX).insert(item(answer, 1, OutboxState.SENT))
    note = await office.timeline.note(office.anna, petra.id, "note", chairs.id)
    first = office.store.documents(INTERACTIONS).rows[chairs.last_interaction]
    return chairs, [first, second, answer, note]


def assert_gone(office: Office, chairs: Conversation, entries: list[Interaction]) -> None:
    rows = office.store.documents
    for entry in entries:
        assert entry.id not in rows(INTERACTIONS).rows
        assert entry.id not in rows(PLACEMENTS).rows
        assert tombstone_id(SECRET, entry.id) in rows(TOMBSTONES).rows
    assert not rows(SIGHTINGS).rows
    assert not rows(MESSAGE_REFERENCES).rows
    assert {record.raw for record in rows(ARRIVALS).rows.values()} == {b""}
    assert [one.content.text for one in rows(OUTBOX).rows.values()] == [""]
    wiped = rows(CONVERSATIONS).rows[chairs.id]
    assert wiped.deleted
    assert (wiped.subject, wiped.peer_key, wiped.waiting_since) == ("", "", None)
    assert "secret" not in str([kind.rows for kind in office.store._documents.values()])


async def test_ac11_a_deleted_conversation_leaves_only_tombstones(office: Office, petra: Contact) -> None:
    chairs, entries = await deep_conversation(office, petra)
    assert await office.conversations.delete(office.admin, chairs.id) == 4
    assert_gone(office, chairs, entries)
    assert (await office.timeline.search(office.anna, "oak")).items == []
    assert (await office.timeline.page(office.anna, petra.id)).items == []
    assert (await office.contacts.card(office.anna, petra.id)).conversations == ()
    assert (await office.conversations.recent(office.anna, "closed")).items == []
    with pytest.raises(NotFound):
        await office.conversations.get(office.anna, chairs.id)
    with pytest.raises(NotFound):
        await office.timeline.raw(office.anna, entries[0].id)
    # The arrivals still count, so that seen = done + duplicates + quarantined + pending.
    assert len(office.store.documents(ARRIVALS).rows) == 3
    assert (f"user:{office.admin.id}", "conversations.delete", chairs.id, "ok") in office.audited()


async def test_ac11_deleting_resumes_after_a_crash_at_any_point() -> None:
    point = 1
    while True:
        office = await Office.open()
        petra = await office.customer("Petra Müller")
        chairs, entries = await deep_conversation(office, petra)
        office.store.restart(crash_after=point)
        try:
            await office.conversations.delete(office.admin, chairs.id)
            break
        except Crash:
            await asyncio.sleep(0)
        office.store.restart()
        await office.conversations.delete(office.admin, chairs.id)
        assert_gone(office, chairs, entries)
        point += 1
    assert point > 30


async def test_what_may_still_leave_is_not_deleted(office: Office, petra: Contact) -> None:
    chairs, entries = await deep_conversation(office, petra)
    items = office.store.documents(OUTBOX)
    for state in (OutboxState.QUEUED, OutboxState.SENDING, OutboxState.HELD):
        current = items.rows["o_1"]
        await items.replace(replace(current, state=state), current.version)
        with pytest.raises(Conflict):
            await office.conversations.delete(office.admin, chairs.id)
    assert {entry.id for entry in entries} <= set(office.store.documents(INTERACTIONS).rows)
    assert not office.store.documents(TOMBSTONES).rows


async def test_a_reused_message_id_keeps_pointing_at_the_other_mail(office: Office, petra: Contact) -> None:
    chairs = await office.conversation(petra, "chairs")
    table = await office.conversation(petra, "table")
    twin = await office.message(petra, "twin", table)
    mine = office.store.documents(INTERACTIONS).rows[chairs.last_interaction]
    references = office.store.documents(MESSAGE_REFERENCES)
    id = message_reference_id(mine.message_id)
    await references.insert(
        MessageReference(id=id, message_id=mine.message_id, conversation_id=chairs.id, interactions=(mine.id, twin.id))
    )
    await office.conversations.delete(office.admin, chairs.id)
    assert references.rows[id].interactions == (twin.id,)


async def test_large_sources_leave_the_blob_store(office: Office, petra: Contact) -> None:
    chairs = await office.conversation(petra, "chairs")
    entry = office.store.documents(INTERACTIONS).rows[chairs.last_interaction]
    blob = await office.store.blobs.put(b"large")
    arrivals = office.store.documents(ARRIVALS)
    await arrivals.replace(replace(arrivals.rows[str(entry.arrival_id)], raw=None, blob=blob), 1)
    await office.conversations.delete(office.admin, chairs.id)
    assert not office.store.blobs.rows


async def test_only_admins_delete(office: Office, petra: Contact) -> None:
    chairs = await office.conversation(petra, "chairs")
    with pytest.raises(Refused):
        await office.conversations.delete(office.anna, chairs.id)


async def test_more_entries_than_a_batch_go_too(office: Office, petra: Contact) -> None:
    chairs = await office.conversation(petra, "chairs")
    for number in range(230):
        await office.message(petra, str(number), chairs, at=chairs.last_at + timedelta(seconds=number))
    assert await office.conversations.delete(office.admin, chairs.id) == 231
    assert not office.store.documents(INTERACTIONS).rows
