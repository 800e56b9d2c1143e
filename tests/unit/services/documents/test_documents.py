"""Documents: everything that came or went as a file is one, is read, found, filed, shared and removed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.archive import Filed
from hub.domain.document import Document, DocumentSource, DocumentTemplate, Reading, ScanState, tidy_folder, tidy_name
from hub.domain.errors import Conflict, Invalid, NotFound, Refused, ScannerAway
from hub.domain.interaction import Direction
from hub.domain.message import Attachment
from hub.domain.people import RowScope
from hub.domain.views import FileData
from hub.ports.events import Event, Topic
from hub.ports.kinds import CONTACTS, DOCUMENTS, SHARES, UPLOAD_REQUESTS
from hub.ports.scanner import Finding
from hub.services.documents.archive import digest
from tests.office import Office
from tests.office_files import pdf, png

PLAN = FileData(name="Plan Küche.pdf", type="application/pdf", data=pdf("Arbeitsplatte aus Kirschholz"))
LIST = FileData(name="Preisliste 2026.txt", type="text/plain", data=b"Eiche 120 Euro je Meter")


class Scanner:
    """The port's fake: what holds MARK is infected."""

    MARK = b"POISON"

    def __init__(self) -> None:
        self.away, self.asked = False, 0

    async def scan(self, data: bytes) -> Finding:
        self.asked += 1
        if self.away:
            raise ScannerAway("not there")
        infected = self.MARK in data
        return Finding(state=ScanState.INFECTED if infected else ScanState.CLEAN, detail="Test" if infected else "")


class Scene:
    """An office with an archive."""

    def __init__(self, office: Office, scanner: Scanner | None = None) -> None:
        self.office, self.store, self.clock = office, office.store, office.clock
        self.filed: Filed = office.open_archive(scanner=scanner)
        self.verbs, self.anna, self.ben = self.filed.documents, office.anna, office.ben

    async def upload(self, file: FileData = PLAN, key: str = "k", **more: object) -> Document:
        document = await self.verbs.upload(self.anna, file, key=key, **more)  # type: ignore[arg-type]
        await self.filed.digesting.digest_all()
        return await self.verbs.get(self.anna, document.id)

    async def names(self, **filters: object) -> list[str]:
        page = await self.verbs.page(self.anna, **filters)  # type: ignore[arg-type]
        return [one.name for one in page.items]

    async def found(self, words: str) -> list[str]:
        return [one.name for one in (await self.verbs.search(self.anna, words)).items]


@pytest.fixture
async def scene() -> Scene:
    return Scene(await Office.open())


async def test_an_upload_is_read_and_found_by_a_word_inside_it(scene: Scene) -> None:
    document = await scene.upload()
    assert (document.reading, document.pages, document.scan) == (Reading.DONE, 1, ScanState.UNCHECKED)
    assert "Kirschholz" in document.excerpt
    assert await scene.found("kirschholz") == [PLAN.name]
    assert await scene.found("Küche plan") == [PLAN.name]
    assert await scene.found("Mahagoni") == []
    assert (await scene.verbs.download(scene.anna, document.id)).data == PLAN.data


async def test_the_same_key_keeps_one(scene: Scene) -> None:
    first, second = await scene.upload(), await scene.upload()
    assert first.id == second.id
    assert await scene.names() == [PLAN.name]


async def test_files_of_an_incoming_message_become_documents_without_being_copied(scene: Scene) -> None:
    contact = await scene.office.customer("Petra Müller", "p@x.example")
    files = (
        Attachment(index=0, name="../../etc/erste.txt", type="text/plain", size=5, sha256=digest(b"first")),
        Attachment(index=1, name="logo.png", type="image/png", size=6, sha256="2" * 64, inline=True),
    )
    await scene.office.message(contact, "Anfrage", attachments=files)
    assert await scene.filed.following.catch_up() == 1
    await scene.filed.digesting.digest_all()
    [document] = (await scene.verbs.page(scene.anna, contact_id=contact.id)).items
    assert (document.name, document.source) == ("erste.txt", DocumentSource.RECEIVED)
    assert document.current.arrival_id is not None
    assert await scene.store.blobs.names() == []
    assert (await scene.verbs.download(scene.anna, document.id)).data == b"first"
    assert await scene.found("first") == ["erste.txt"]
    await scene.filed.following.catch_up()
    assert len(scene.store.documents(DOCUMENTS).rows) == 1


async def test_what_was_sent_is_a_document_too(scene: Scene) -> None:
    contact = await scene.office.customer("Petra Müller")
    sha256 = await scene.store.blobs.put(LIST.data)
    files = (Attachment(index=0, name=LIST.name, type=LIST.type, size=len(LIST.data), sha256=sha256),)
    entry = await scene.office.message(
        contact, "Preise", attachments=files, direction=Direction.OUTBOUND, arrival_id=None
    )
    [document] = await scene.filed.following.take(entry)
    assert document.source is DocumentSource.SENT
    assert (await scene.verbs.download(scene.anna, document.id)).data == LIST.data


async def test_a_document_whose_message_was_deleted_goes_with_it(scene: Scene) -> None:
    contact = await scene.office.customer("Petra Müller")
    conversation = await scene.office.conversation(contact, "Anfrage")
    files = (Attachment(index=0, name="a.txt", type="text/plain", size=5, sha256="1" * 64),)
    await scene.office.message(contact, "mit Anhang", conversation, attachments=files)
    await scene.filed.following.catch_up()
    await scene.filed.digesting.digest_all()
    assert await scene.found("first") == ["a.txt"]
    await scene.office.conversations.delete(scene.office.admin, conversation.id)
    assert await scene.found("first") == []
    assert scene.store.documents(DOCUMENTS).rows == {}


async def test_filing_moves_it_and_keeps_its_words(scene: Scene) -> None:
    contact = await scene.office.customer("Petra Müller")
    document = await scene.upload()
    filed = await scene.verbs.file(
        scene.anna,
        document.id,
        folder="Angebote/2026",
        tags=("Küche", "küche"),
        contact_id=contact.id,
        links=("order:R-2001",),
    )
    assert (filed.folder, filed.tags, filed.contact_id) == ("Angebote/2026", ("küche",), contact.id)
    await scene.filed.digesting.digest_all()
    for filters in (
        {"folder": "Angebote"},
        {"folder": "angebote/2026"},
        {"tag": "KÜCHE"},
        {"contact_id": contact.id},
        {"type": "pdf"},
        {"link": "order:R-2001"},
        {"contact_id": contact.id, "folder": "Angebote", "tag": "küche", "type": "pdf"},
    ):
        assert await scene.names(**filters) == [PLAN.name], filters
    for filters in ({"folder": "Angebot"}, {"folder": "2026"}, {"type": "text"}, {"link": "order:R-2002"}):
        assert await scene.names(**filters) == [], filters
    assert await scene.found("kirschholz angebote") == [PLAN.name]
    assert await scene.verbs.folders(scene.anna) == ["Angebote", "Angebote/2026"]
    assert await scene.verbs.tags(scene.anna) == ["küche"]


async def test_of_two_who_file_at_once_the_second_is_told(scene: Scene) -> None:
    document = await scene.upload()
    await scene.verbs.file(scene.anna, document.id, folder="A", version=document.version)
    with pytest.raises(Conflict):
        await scene.verbs.file(scene.ben, document.id, folder="B", version=document.version)


async def test_documents_of_a_merged_contact_stand_with_the_survivor(scene: Scene) -> None:
    one, other = await scene.office.customer("Petra Müller"), await scene.office.customer("P. Mueller")
    await scene.upload(contact_id=other.id)
    contacts = scene.store.documents(CONTACTS)
    await contacts.replace(replace(one, members=(other.id,)), 1)
    assert await scene.names(contact_id=one.id) == [PLAN.name]


async def test_a_new_version_is_the_one_that_counts_and_the_old_one_stays(scene: Scene) -> None:
    document = await scene.upload(LIST)
    fresh = FileData(name="Preisliste 2027.txt", type="text/plain", data=b"Eiche 140 Euro je Meter")
    await scene.verbs.add_version(scene.anna, document.id, fresh, document.version)
    await scene.filed.digesting.digest_all()
    changed = await scene.verbs.get(scene.anna, document.id)
    assert [file.number for file in changed.versions] == [1, 2]
    assert await scene.found("140") == [LIST.name]
    assert await scene.found("120") == []
    assert (await scene.verbs.download(scene.anna, document.id)).data == fresh.data
    assert (await scene.verbs.download(scene.anna, document.id, 1)).data == LIST.data
    with pytest.raises(Conflict):
        await scene.verbs.add_version(scene.ben, document.id, PLAN, document.version)


async def test_the_same_content_twice_is_shown_as_a_duplicate(scene: Scene) -> None:
    first, second = await scene.upload(key="1"), await scene.upload(replace(PLAN, name="Kopie.pdf"), key="2")
    assert [one.name for one in await scene.verbs.duplicates(scene.anna, first.id)] == ["Kopie.pdf"]
    await scene.verbs.remove(scene.anna, second.id)
    assert await scene.verbs.duplicates(scene.anna, first.id) == []


async def test_what_is_removed_is_in_no_list_until_it_is_restored(scene: Scene) -> None:
    document = await scene.upload(folder="A")
    await scene.verbs.remove(scene.anna, document.id)
    await scene.filed.digesting.digest_all()
    assert (await scene.names(), await scene.names(folder="A"), await scene.found("kirschholz")) == ([], [], [])
    assert await scene.names(removed=True) == [PLAN.name]
    await scene.verbs.restore(scene.anna, document.id)
    await scene.filed.digesting.digest_all()
    assert (await scene.names(folder="A"), await scene.found("kirschholz")) == ([PLAN.name], [PLAN.name])


async def test_what_must_be_kept_cannot_be_removed_before(scene: Scene) -> None:
    document = await scene.upload()
    await scene.verbs.file(scene.anna, document.id, keep_until=scene.clock.now() + timedelta(days=10))
    with pytest.raises(Conflict):
        await scene.verbs.remove(scene.anna, document.id)
    scene.office.later(days=11)
    assert (await scene.verbs.remove(scene.anna, document.id)).removed_at is not None


async def test_a_preview_of_a_page_and_none_of_what_has_none(scene: Scene) -> None:
    assert (await scene.verbs.preview(scene.anna, (await scene.upload()).id)).data.startswith(b"\x89PNG")
    picture = FileData(name="a.png", type="image/png", data=png())
    assert (await scene.verbs.preview(scene.anna, (await scene.upload(picture, "p")).id, 64)).data.startswith(b"\x89P")
    with pytest.raises(NotFound):
        await scene.verbs.preview(scene.anna, (await scene.upload(LIST, "l")).id)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\plan.pdf", "plan.pdf"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("x\0\r\n.pdf", "x.pdf"),
        ("...", "file"),
        ("", "file"),
        ("<script>.html", "script.html"),
    ],
)
def test_names_lose_what_could_do_harm(given: str, kept: str) -> None:
    assert tidy_name(given) == kept


def test_long_names_keep_their_ending_and_folders_their_bounds() -> None:
    assert tidy_name("x" * 500 + ".pdf").endswith(".pdf")
    assert len(tidy_name("x" * 500 + ".pdf")) <= 200
    assert tidy_folder(" /../a//./b/ ") == "a/b"
    assert tidy_folder("/".join("abcdefghij")).count("/") == 5


async def test_an_empty_and_an_oversized_file_are_refused(scene: Scene) -> None:
    for data in (b"", b"x" * 5_000_001):
        with pytest.raises(Invalid):
            await scene.upload(FileData(name="a", type="", data=data))


# Links


async def test_a_shared_document_is_fetched_by_its_link_until_it_is_revoked(scene: Scene) -> None:
    document = await scene.upload()
    address, share = await scene.verbs.share(scene.anna, document.id, limit=5, key="s")
    assert (await scene.verbs.share(scene.anna, document.id, limit=5, key="s"))[0] == address
    token = address.rpartition("/")[2]
    fetched = await scene.verbs.sharing.fetch(token, "192.0.2.9")
    assert b"".join([piece async for piece in fetched.pieces]) == PLAN.data
    [listed] = (await scene.verbs.shares(scene.anna, document.id)).items
    assert (listed.downloads, listed.log[0].client, listed.limit) == (1, "192.0.2.9", 5)
    await scene.verbs.revoke(scene.anna, share.id)
    with pytest.raises(NotFound):
        await scene.verbs.sharing.fetch(token, "192.0.2.9")


async def test_an_incoming_file_can_be_shared_although_it_lay_in_its_message(scene: Scene) -> None:
    contact = await scene.office.customer("Petra Müller")
    files = (Attachment(index=1, name="b.txt", type="text/plain", size=6, sha256=digest(b"second")),)
    entry = await scene.office.message(contact, "Anfrage", attachments=files)
    [document] = await scene.filed.following.take(entry)
    address, share = await scene.verbs.share(scene.anna, document.id, key="s")
    fetched = await scene.verbs.sharing.fetch(address.rpartition("/")[2], "192.0.2.9")
    assert b"".join([piece async for piece in fetched.pieces]) == b"second"
    assert share.contact_id == contact.id


async def test_an_upload_link_takes_files_into_its_folder_until_it_is_full_or_ended(scene: Scene) -> None:
    contact = await scene.office.customer("Petra Müller")
    address, request = await scene.verbs.request_upload(
        scene.anna, contact_id=contact.id, folder="Pläne", text="Ihr Plan", limit=2, key="r"
    )
    token = address.rpartition("/")[2]
    assert token not in repr(scene.store.documents(UPLOAD_REQUESTS).rows)
    first = await scene.filed.requests.take(token, PLAN, "192.0.2.1")
    assert (first.contact_id, first.folder, first.source) == (contact.id, "Pläne", DocumentSource.REQUESTED)
    await scene.filed.requests.take(token, PLAN, "192.0.2.1")
    with pytest.raises(NotFound):
        await scene.filed.requests.take(token, PLAN, "192.0.2.1")
    assert len(await scene.names(folder="Pläne")) == 2
    address, other = await scene.verbs.request_upload(scene.anna, key="r2")
    await scene.verbs.end_request(scene.anna, other.id)
    with pytest.raises(NotFound):
        await scene.filed.requests.open(address.rpartition("/")[2])
    assert {one.id for one in (await scene.verbs.upload_requests(scene.anna)).items} == {request.id, other.id}


async def test_an_upload_link_expires(scene: Scene) -> None:
    address, _ = await scene.verbs.request_upload(scene.anna, days=1, key="r")
    scene.office.later(days=2)
    with pytest.raises(NotFound):
        await scene.filed.requests.open(address.rpartition("/")[2])


# Virus check


async def test_what_is_infected_is_neither_read_nor_given_out() -> None:
    scanner = Scanner()
    scene = Scene(await Office.open(), scanner)
    bad = FileData(name="bad.txt", type="text/plain", data=b"Nussbaum POISON")
    document = await scene.upload(bad)
    assert (document.scan, document.reading) == (ScanState.INFECTED, Reading.UNREADABLE)
    assert await scene.found("nussbaum") == []
    with pytest.raises(Refused):
        await scene.verbs.download(scene.anna, document.id)
    with pytest.raises(Refused):
        await scene.verbs.share(scene.anna, document.id, key="s")
    with pytest.raises(NotFound):
        await scene.verbs.preview(scene.anna, document.id)
    assert scene.store.documents(SHARES).rows == {}


async def test_a_link_made_before_the_verdict_gives_nothing_infected_out() -> None:
    scene = Scene(await Office.open(), Scanner())
    data = b"POISON"
    sha256 = await scene.store.blobs.put(data)
    address, _ = await scene.verbs.sharing.publish(name="x", type="x/y", size=6, sha256=sha256, key="k")
    with pytest.raises(NotFound):
        await scene.verbs.sharing.fetch(address.rpartition("/")[2], "192.0.2.1")


async def test_while_the_scanner_is_away_files_wait_and_are_checked_once_when_it_is_back() -> None:
    scanner = Scanner()
    scanner.away = True
    scene = Scene(await Office.open(), scanner)
    document = await scene.verbs.upload(scene.anna, PLAN, key="k")
    with pytest.raises(ScannerAway):
        await scene.filed.digesting.digest_all()
    assert (await scene.verbs.get(scene.anna, document.id)).scan is ScanState.PENDING
    with pytest.raises(ScannerAway):
        await scene.verbs.download(scene.anna, document.id)
    scanner.away, scanner.asked = False, 0
    assert await scene.filed.digesting.digest_all() == 1
    await scene.verbs.download(scene.anna, document.id)
    assert scanner.asked == 1
    assert await scene.found("kirschholz") == [PLAN.name]


# Proposals, templates


async def test_a_file_is_proposed_for_whoever_its_name_or_an_address_in_it_names(scene: Scene) -> None:
    petra = await scene.office.customer("Petra Müller", "petra@mueller.example")
    await scene.office.customer("Jens Kunz", "jens@kunz.example")
    by_name = await scene.verbs.propose(scene.anna, replace(LIST, name="Angebot Petra Müller.txt"))
    assert (by_name.contact_id, by_name.folder, by_name.reason) == (petra.id, "Angebote", "name")
    file = FileData(name="scan.txt", type="text/plain", data=b"Vertrag mit petra@mueller.example")
    by_address = await scene.verbs.propose(scene.anna, file)
    assert (by_address.contact_id, by_address.folder, by_address.reason) == (petra.id, "Verträge", "address")
    nobody = await scene.verbs.propose(scene.anna, FileData(name="x.bin", type="", data=b"\0\1"))
    assert nobody.contact_id is None


async def test_nobody_is_proposed_whom_the_colleague_does_not_see(scene: Scene) -> None:
    petra = await scene.office.customer("Petra Müller", "petra@mueller.example")
    contacts = scene.store.documents(CONTACTS)
    await contacts.replace(replace(petra, owner=scene.office.user_id("anna")), 1)
    ben = await scene.office.limit("ben", RowScope.OWN)
    file = FileData(name="Petra Müller.txt", type="text/plain", data=b"petra@mueller.example")
    assert (await scene.verbs.propose(ben, file)).contact_id is None
    assert (await scene.verbs.propose(scene.anna, file)).contact_id == petra.id


async def test_a_template_is_filled_and_filed(scene: Scene) -> None:
    contact = await scene.office.customer("Petra Müller")
    template = DocumentTemplate(
        id="", name="Brief", title="Saldo {name}", text="Guten Tag {first_name},\n\nSaldo {balance}.", folder="Briefe"
    )
    await scene.verbs.save_template(scene.office.admin, template)
    document = await scene.verbs.fill_template(scene.anna, "brief", contact.id, key="t")
    await scene.filed.digesting.digest_all()
    document = await scene.verbs.get(scene.anna, document.id)
    assert (document.name, document.folder, document.source) == (
        "Saldo Petra Müller.pdf",
        "Briefe",
        DocumentSource.MADE,
    )
    assert "Guten Tag Petra" in document.excerpt
    assert "0,00 EUR" in document.excerpt
    with pytest.raises(Invalid):
        await scene.verbs.save_template(scene.office.admin, replace(template, name="x", text="{password}"))
    with pytest.raises(Refused):
        await scene.verbs.save_template(scene.anna, replace(template, name="y"))


def test_a_value_that_looks_like_a_field_is_not_filled_again() -> None:
    from hub.services.documents.letters import fill

    assert fill("Hallo {name}", {"name": "{balance}", "balance": "1"}) == "Hallo {balance}"


async def test_new_entries_are_followed_by_themselves(scene: Scene) -> None:
    import asyncio

    contact = await scene.office.customer("Petra Müller")
    kept = asyncio.Event()
    scene.verbs.archive.listen(kept.set)
    task = asyncio.create_task(scene.filed.following.run())
    try:
        await scene.office.world.settle()
        files = (Attachment(index=0, name="a.txt", type="text/plain", size=5, sha256="1" * 64),)
        entry = await scene.office.message(contact, "neu", attachments=files)
        scene.office.events.publish(Event(topic=Topic.TIMELINE, contact=contact.id, entry=entry.id))
        await asyncio.wait_for(kept.wait(), 5)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await scene.names(contact_id=contact.id) == ["a.txt"]
