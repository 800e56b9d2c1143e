"""What was removed goes for good once its time is over, and nothing that somebody else still needs goes with it."""

import asyncio
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from typing import Any, get_args, get_type_hints

import pytest

from hub.archive import Filed
from hub.domain.arrival import ArrivalRecord, ArrivalState
from hub.domain.document import Document
from hub.domain.errors import NotFound, Refused
from hub.domain.ids import OutboxId
from hub.domain.interaction import Direction
from hub.domain.message import Attachment, Envelope
from hub.domain.outbox import OutboxItem, OutboxState, OutgoingContent, Purpose
from hub.domain.turn import BotContext, BotTurn
from hub.domain.views import FileData
from hub.ports.kinds import (
    ALL_KINDS,
    ARRIVALS,
    AUDIT,
    BOT_CONTEXTS,
    BOT_TURNS,
    DOCUMENTS,
    INTERACTIONS,
    OUTBOX,
    SHARES,
    VERDICTS,
)
from hub.services.documents.archive import digest
from hub.services.documents.purging import ROUND, SETTLING_SECONDS, Purged
from tests.memory_store import Crash
from tests.office import Office, mail

TEXT = FileData(name="Preisliste.txt", type="text/plain", data=b"Eiche 120 Euro je Meter")
LARGE = FileData(name="mail.eml", type="message/rfc822", data=b"Subject: x\r\n\r\n" + b"x" * 70_000)


class Scene:
    """An office with an archive, and a purge whose clock moves by itself."""

    def __init__(self, office: Office) -> None:
        self.office, self.store = office, office.store
        self.filed: Filed = office.open_archive()
        self.verbs, self.anna = self.filed.documents, office.anna

    @property
    def blobs(self) -> set[str]:
        return set(self.store.blobs.rows)

    async def removed(self, file: FileData = TEXT, key: str = "k", **more: object) -> Document:
        document = await self.verbs.upload(self.anna, file, key=key, **more)  # type: ignore[arg-type]
        await self.filed.digesting.digest_all()
        return await self.verbs.remove(self.anna, document.id)

    async def purge(self) -> Purged:
        """One round; whatever it waits for passes."""
        round = asyncio.ensure_future(self.filed.purging.purge_round())
        while not round.done():
            await asyncio.sleep(0)
            self.office.clock.advance(SETTLING_SECONDS)
        return round.result()

    async def purge_late(self, days: int = 31) -> Purged:
        self.office.later(days=days)
        return await self.purge()

    def rows(self) -> dict[str, Document]:
        return self.store.documents(DOCUMENTS).rows


@pytest.fixture
async def scene() -> Scene:
    return Scene(await Office.open())


def attached(file: FileData = TEXT, sha256: str | None = None) -> tuple[Attachment, ...]:
    name = digest(file.data) if sha256 is None else sha256
    return (Attachment(index=0, name=file.name, type=file.type, size=len(file.data), sha256=name),)


async def test_a_removed_document_goes_with_its_words_and_contents_once_its_time_is_over(scene: Scene) -> None:
    document = await scene.removed(folder="Angebote", tags=("geheim",))
    assert (await scene.purge_late(days=29)) == Purged()
    assert scene.blobs == {digest(TEXT.data)}
    assert (await scene.verbs.restore(scene.anna, document.id)).removed_at is None
    await scene.verbs.remove(scene.anna, document.id)
    assert (await scene.purge_late()) == Purged(documents=1, blobs=1)
    assert (scene.rows(), scene.blobs) == ({}, set())
    assert (await scene.verbs.search(scene.anna, "Eiche")).items == []
    assert document.id not in scene.store.search.entries
    with pytest.raises(NotFound):
        await scene.verbs.restore(scene.anna, document.id)


async def test_the_audit_tells_what_went(scene: Scene) -> None:
    document = await scene.removed()
    await scene.purge_late()
    [line] = [row for row in scene.store.documents(AUDIT).rows.values() if row.verb == "documents.purge"]
    assert (line.actor, line.subject, line.detail) == (
        "system:purge",
        document.id,
        "Preisliste.txt, 1 versions, 23 bytes",
    )


async def test_what_is_to_be_kept_stays_until_then(scene: Scene) -> None:
    document = await scene.removed()
    until = scene.office.clock.now() + timedelta(days=90)
    await scene.verbs.file(scene.anna, document.id, keep_until=until)
    assert await scene.purge_late() == Purged()
    assert await scene.purge_late() == Purged()
    assert (await scene.purge_late()).documents == 1


async def test_the_same_content_in_another_document_stays(scene: Scene) -> None:
    await scene.removed()
    other = await scene.verbs.upload(scene.anna, replace(TEXT, name="Kopie.txt"), key="other")
    assert await scene.purge_late() == Purged(documents=1)
    assert (await scene.verbs.download(scene.anna, other.id)).data == TEXT.data
    # The last one takes it along.
    await scene.verbs.remove(scene.anna, other.id)
    assert await scene.purge_late() == Purged(documents=1, blobs=1)
    assert scene.blobs == set()


async def test_a_content_that_is_an_older_version_of_another_document_stays(scene: Scene) -> None:
    await scene.removed()
    other = await scene.verbs.upload(scene.anna, TEXT, key="other")
    await scene.verbs.add_version(scene.anna, other.id, replace(TEXT, data=b"newer"), other.version)
    assert await scene.purge_late() == Purged(documents=1)
    assert (await scene.verbs.download(scene.anna, other.id, 1)).data == TEXT.data


async def test_all_versions_of_a_document_go(scene: Scene) -> None:
    document = await scene.verbs.upload(scene.anna, TEXT, key="k")
    await scene.verbs.add_version(scene.anna, document.id, replace(TEXT, data=b"newer"), document.version)
    await scene.verbs.remove(scene.anna, document.id)
    assert await scene.purge_late() == Purged(documents=1, blobs=2)
    assert scene.blobs == set()


async def test_two_documents_of_one_content_that_go_together(scene: Scene) -> None:
    await scene.removed(key="one")
    await scene.removed(key="two")
    assert await scene.purge_late() == Purged(documents=2, blobs=1)
    assert (scene.rows(), scene.blobs) == ({}, set())


async def test_a_content_that_a_message_of_ours_carries_stays(scene: Scene) -> None:
    contact = await scene.office.customer("Petra Müller")
    await scene.removed()
    sent = {"direction": Direction.OUTBOUND, "arrival_id": None}
    await scene.office.message(contact, "Preise", attachments=attached(), **sent)
    assert await scene.purge_late() == Purged(documents=1)
    assert (scene.rows(), scene.blobs) == ({}, {digest(TEXT.data)})


async def test_the_file_of_a_sent_message_leaves_the_archive_but_not_the_message(scene: Scene) -> None:
    contact = await scene.office.customer("Petra Müller")
    await scene.store.blobs.put(TEXT.data)
    sent = {"direction": Direction.OUTBOUND, "arrival_id": None}
    entry = await scene.office.message(contact, "Preise", attachments=attached(), **sent)
    [document] = await scene.filed.following.take(entry)
    await scene.verbs.remove(scene.anna, document.id)
    assert await scene.purge_late() == Purged(documents=1)
    assert await scene.store.blobs.get(digest(TEXT.data)) == TEXT.data
    # It is not filed anew when the timeline is followed again, and it is in no list.
    await scene.filed.following.take(entry)
    assert (await scene.verbs.page(scene.anna)).items == []
    assert (await scene.verbs.page(scene.anna, removed=True)).items == []
    with pytest.raises(NotFound):
        await scene.verbs.get(scene.anna, document.id)
    [husk] = scene.rows().values()
    assert (husk.name, husk.contact_id, husk.excerpt, husk.places) == ("", None, "", ())
    assert await scene.purge() == Purged()


async def test_the_file_of_a_mail_that_came_in_stays_in_the_mail(scene: Scene) -> None:
    contact = await scene.office.customer("Petra Müller")
    entry = await scene.office.message(contact, "Anfrage", attachments=attached(replace(TEXT, data=b"first")))
    [document] = await scene.filed.following.take(entry)
    await scene.verbs.share(scene.anna, document.id, key="s", days=1)
    assert scene.blobs == {digest(b"first")}
    await scene.verbs.remove(scene.anna, document.id)
    # The copy that was made for the link goes; the mail itself holds the bytes.
    assert await scene.purge_late() == Purged(documents=1, blobs=1)
    assert (await scene.filed.documents.archive._sources.attachment(entry, 0)).data == b"first"


@pytest.mark.parametrize("state", list(OutboxState))
async def test_a_content_in_an_outbox_item_stays_whatever_became_of_it(scene: Scene, state: OutboxState) -> None:
    await scene.removed()
    await scene.store.documents(OUTBOX).insert(replace(outgoing(scene), state=state))
    assert await scene.purge_late() == Purged(documents=1)
    assert await scene.store.blobs.get(digest(TEXT.data)) == TEXT.data


def outgoing(scene: Scene) -> OutboxItem:
    now, to = scene.office.clock.now(), mail("p@x.example")
    return OutboxItem(
        id=OutboxId("o_waiting"),
        account="office",
        channel="email",
        recipient=to,
        lane=f"office|{to.key}",
        purpose=Purpose.REPLY,
        content=OutgoingContent(text="Anbei", attachments=attached()),
        due_at=now,
        created_at=now,
        give_up_at=now + timedelta(days=2),
    )


async def test_a_content_that_is_a_raw_mail_stays(scene: Scene) -> None:
    await scene.removed(LARGE)
    record = ArrivalRecord(
        id=digest(b"a")[:20],  # type: ignore[arg-type]
        account="office",
        native_id="n",
        envelope=Envelope(),
        received_at=scene.office.clock.now(),
        raw=None,
        blob=digest(LARGE.data),
        size=len(LARGE.data),
        state=ArrivalState.QUARANTINED,
    )
    await scene.store.documents(ARRIVALS).insert(record)
    assert await scene.purge_late() == Purged(documents=1)
    assert await scene.store.blobs.get(digest(LARGE.data)) == LARGE.data


async def test_a_content_that_the_bot_was_just_given_stays(scene: Scene) -> None:
    await scene.removed()
    scene.office.later(days=31)
    now = scene.office.clock.now()
    turn = BotTurn(id="t", user_id=scene.office.user_id("anna"), via="xmpp", text="", files=attached(), at=now)
    await scene.store.documents(BOT_TURNS).insert(replace(turn, open_since=now))
    assert await scene.purge() == Purged(documents=1)
    assert scene.blobs == {digest(TEXT.data)}


@pytest.mark.parametrize(("age", "stays"), [(timedelta(hours=1), True), (timedelta(days=2), False)])
async def test_this_in_a_chat_means_a_file_for_a_day(scene: Scene, age: timedelta, stays: bool) -> None:
    await scene.removed()
    scene.office.later(days=31)
    context = BotContext(id="u|xmpp", files=attached(), updated_at=scene.office.clock.now() - age)
    await scene.store.documents(BOT_CONTEXTS).insert(context)
    await scene.purge()
    assert scene.blobs == ({digest(TEXT.data)} if stays else set())


async def test_an_open_link_keeps_the_content_until_it_ends(scene: Scene) -> None:
    document = await scene.verbs.upload(scene.anna, TEXT, key="k")
    address, share = await scene.verbs.share(scene.anna, document.id, key="s", days=90)
    await scene.verbs.remove(scene.anna, document.id)
    assert await scene.purge_late() == Purged(documents=1)
    fetched = await scene.verbs.sharing.fetch(address.rpartition("/")[2], "192.0.2.1")
    assert b"".join([piece async for piece in fetched.pieces]) == TEXT.data
    assert await scene.purge() == Purged()
    await scene.verbs.revoke(scene.anna, share.id)
    # Whoever began to read it a moment ago reads on.
    assert await scene.purge() == Purged()
    assert await scene.purge_late(days=2) == Purged(blobs=1)
    assert (scene.rows(), scene.blobs) == ({}, set())
    assert len(scene.store.documents(SHARES).rows) == 1


@pytest.mark.parametrize("ended", ["expired", "used up"])
async def test_an_ended_link_keeps_nothing(scene: Scene, ended: str) -> None:
    document = await scene.verbs.upload(scene.anna, TEXT, key="k")
    limit, days = (1, 365) if ended == "used up" else (0, 5)
    address, _ = await scene.verbs.share(scene.anna, document.id, key="s", days=days, limit=limit)
    if limit:
        await scene.verbs.sharing.fetch(address.rpartition("/")[2], "192.0.2.1")
    await scene.verbs.remove(scene.anna, document.id)
    assert await scene.purge_late() == Purged(documents=1, blobs=1)


async def test_who_puts_the_same_bytes_while_the_purge_looks_keeps_them(scene: Scene) -> None:
    await scene.removed()
    scene.office.later(days=31)
    round = asyncio.ensure_future(scene.filed.purging.purge_round())
    for _ in range(200):
        # Until it waits for what was put a moment ago to be written down.
        await asyncio.sleep(0)
    assert scene.blobs == {digest(TEXT.data)}
    await scene.store.blobs.put(TEXT.data)
    while not round.done():
        scene.office.clock.advance(SETTLING_SECONDS)
        await asyncio.sleep(0)
    assert round.result() == Purged(documents=1)
    assert scene.blobs == {digest(TEXT.data)}
    # Nobody wrote down that it is needed: the next round takes it.
    assert await scene.purge() == Purged(blobs=1)
    assert scene.rows() == {}


async def test_a_document_that_is_restored_in_between_is_not_touched(scene: Scene) -> None:
    document = await scene.removed()
    scene.office.later(days=31)
    [seen] = await scene.filed.purging.due()
    await scene.verbs.restore(scene.anna, document.id)
    assert seen.id == document.id
    assert await scene.purge() == Purged()
    assert (await scene.verbs.download(scene.anna, document.id)).data == TEXT.data


async def test_a_round_is_bounded_and_says_that_more_wait(scene: Scene) -> None:
    for number in range(ROUND + 3):
        await scene.verbs.upload(scene.anna, replace(TEXT, data=str(number).encode()), key=str(number))
    for id in list(scene.rows()):
        await scene.verbs.remove(scene.anna, id)
    assert await scene.purge_late() == Purged(documents=ROUND, blobs=ROUND, more=True)
    assert await scene.purge() == Purged(documents=3, blobs=3)
    assert (scene.rows(), scene.blobs) == ({}, set())


async def test_a_crash_at_any_write_loses_nothing_and_the_next_round_finishes(scene: Scene) -> None:
    """At each point of the store in turn: the purge dies there, and a fresh one does what was left."""
    crashes = 0
    for stop in range(1, 200):
        office = await Office.open()
        fresh = Scene(office)
        await fresh.removed()
        other = await fresh.verbs.upload(fresh.anna, replace(TEXT, data=b"needed"), key="needed")
        await fresh.removed(replace(TEXT, data=b"needed"), key="twin")
        office.later(days=31)
        office.store.restart(crash_after=stop)
        try:
            await fresh.purge()
        except Crash:
            crashes += 1
        else:
            break
        office.store.restart()
        fresh = Scene(office)
        await fresh.purge()
        assert set(fresh.rows()) == {other.id}
        assert (await fresh.verbs.download(fresh.anna, other.id)).data == b"needed"
        assert fresh.blobs == {digest(b"needed")}
        told = {row.subject for row in fresh.store.documents(AUDIT).rows.values() if row.verb == "documents.purge"}
        assert len(told) == 2
    assert crashes > 10


async def test_who_may_not_delete_may_not_purge(scene: Scene) -> None:
    await scene.removed()
    scene.office.later(days=31)
    for verb in (scene.verbs.purgeable, scene.verbs.purge):
        with pytest.raises(Refused):
            await verb(scene.anna)
    assert [one.name for one in await scene.verbs.purgeable(scene.office.admin)] == [TEXT.name]
    assert await scene.verbs.purge(scene.office.admin) == 1


async def test_the_task_purges_at_start_and_when_told_to_hurry(scene: Scene) -> None:
    await scene.removed()
    scene.office.later(days=31)
    task = asyncio.ensure_future(scene.filed.purging.run())
    try:
        await settle(scene)
        assert scene.rows() == {}
        await scene.removed(key="again")
        scene.filed.purging.retention = timedelta(0)
        await settle(scene)
        assert len(scene.rows()) == 1
        assert await scene.verbs.purge(scene.office.admin) == 1
        await settle(scene)
        assert scene.rows() == {}
    finally:
        task.cancel()


async def settle(scene: Scene) -> None:
    """The settling time passes a few times; six hours do not."""
    for _ in range(300):
        await asyncio.sleep(0)
    scene.office.clock.advance(SETTLING_SECONDS + 1)
    for _ in range(300):
        await asyncio.sleep(0)


NAMES_A_BLOB = {DOCUMENTS, SHARES, OUTBOX, INTERACTIONS, BOT_CONTEXTS, BOT_TURNS, ARRIVALS}
"""What hub/services/documents/holders.py asks."""


def test_no_kind_that_can_name_a_blob_is_forgotten() -> None:
    found = {kind.name for kind in ALL_KINDS if {"sha256", "blob"} & set(field_names(kind.type, set()))}
    assert found == {kind.name for kind in NAMES_A_BLOB}
    assert VERDICTS.name not in found


def field_names(type: Any, seen: set[Any]) -> Iterator[str]:
    if is_dataclass(type) and type not in seen:
        seen.add(type)
        hints = get_type_hints(type)
        for field in fields(type):
            yield field.name
            yield from field_names(hints[field.name], seen)
    for inner in get_args(type):
        yield from field_names(inner, seen)
