"""A contact's page of what is shared with them: what was made for them stands there, and nothing else is told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.archive import Filed
from hub.domain.contact import Contact
from hub.domain.document import Document, ScanState, Verdict
from hub.domain.errors import Invalid, NotFound
from hub.domain.people import RowScope
from hub.domain.views import FileData
from hub.ports.kinds import CONTACTS, OVERVIEWS, VERDICTS
from hub.services.documents.archive import digest
from hub.services.rows import Rows
from hub.services.scoped import scope_rows
from tests.architecture.test_rights import bundle
from tests.office import Office

GUESSED = "a" * 40


class Scene:
    """An office in which things are shared with two contacts."""

    def __init__(self, office: Office) -> None:
        self.office, self.store, self.anna = office, office.store, office.anna
        self.filed: Filed = office.open_archive()
        self.verbs, self.overviews = self.filed.documents, self.filed.overviews

    async def document(self, name: str, contact: Contact | None = None) -> Document:
        file = FileData(name=name, type="text/plain", data=name.encode())
        return await self.verbs.upload(self.anna, file, contact_id=contact.id if contact else None, key=name)

    async def share(self, document: Document, contact: Contact | None = None, **more: int) -> str:
        whom = contact.id if contact else None
        _, share = await self.verbs.share(self.anna, document.id, contact_id=whom, key=f"{document.id}{whom}", **more)
        return share.id

    async def link(self, contact: Contact, days: int = 30) -> str:
        """The secret."""
        address, _ = await self.verbs.share_overview(self.anna, contact.id, days=days, key=f"o{days}")
        assert address.startswith("https://hub.example/d/")
        return address.rpartition("/")[2]

    async def seen(self, secret: str) -> list[str]:
        return [share.name for share in (await self.overviews.look(secret, "192.0.2.1")).shares]


@pytest.fixture
async def scene() -> Scene:
    return Scene(await Office.open())


async def test_the_page_lists_what_was_shared_with_the_contact_and_nothing_else(scene: Scene) -> None:
    petra, kunz = await scene.office.customer("Petra Müller"), await scene.office.customer("Kunz")
    await scene.share(await scene.document("Preise.txt"), petra)
    await scene.share(await scene.document("Für Kunz.txt"), kunz)
    await scene.document("Nicht geteilt.txt", petra)
    # A link to her document that was made for somebody else, such as a tax adviser, is not hers.
    await scene.share(await scene.document("Über Petra.txt", petra))
    secret = await scene.link(petra)
    assert await scene.seen(secret) == ["Preise.txt"]
    view = await scene.overviews.look(secret, "192.0.2.1")
    assert {share.contact_id for share in view.shares} == {petra.id}
    assert [one.name for one in await scene.verbs.shared_with(scene.anna, petra.id)] == ["Preise.txt"]


async def test_a_file_of_the_page_is_fetched_under_its_own_links_limits_and_log(scene: Scene) -> None:
    petra, kunz = await scene.office.customer("Petra Müller"), await scene.office.customer("Kunz")
    share_id = await scene.share(await scene.document("Preise.txt"), petra, limit=1)
    other = await scene.share(await scene.document("Für Kunz.txt"), kunz)
    unaddressed = await scene.share(await scene.document("Über Petra.txt", petra))
    secret = await scene.link(petra)
    fetched = await scene.overviews.fetch(secret, share_id, "192.0.2.7")
    assert b"".join([piece async for piece in fetched.pieces]) == b"Preise.txt"
    kept = await scene.verbs.sharing.get(share_id)
    assert (kept.downloads, kept.log[0].client) == (1, "192.0.2.7")
    for id in (share_id, other, unaddressed, "f_none"):
        with pytest.raises(NotFound):
            await scene.overviews.fetch(secret, id, "192.0.2.7")
    assert await scene.seen(secret) == []


@pytest.mark.parametrize("how", ["revoked", "expired", "guessed", "contact gone"])
async def test_a_link_that_opens_nothing_tells_nothing(scene: Scene, how: str) -> None:
    petra = await scene.office.customer("Petra Müller")
    share_id = await scene.share(await scene.document("Preise.txt"), petra, days=365)
    secret = await scene.link(petra, 30)
    sentences = set()
    if how == "revoked":
        [overview] = await scene.verbs.overviews(scene.anna, petra.id)
        await scene.verbs.end_overview(scene.anna, overview.id)
    elif how == "expired":
        scene.office.later(days=31)
    elif how == "guessed":
        secret = GUESSED
    else:
        await scene.store.documents(CONTACTS).delete(petra.id)
    for act in (
        scene.overviews.look(secret, "192.0.2.1"),
        scene.overviews.fetch(secret, share_id, "192.0.2.1"),
        scene.overviews.take(secret, "w_x", FileData(name="x", type="", data=b"x"), "192.0.2.1"),
    ):
        with pytest.raises(NotFound) as refused:
            await act
        sentences.add((refused.value.sentence, tuple(refused.value.fields)))
    # The same words as for a link that never was.
    assert sentences == {("This link does not exist, or not any more. Please ask for a new one.", ())}
    assert all(row.visits == 0 for row in scene.store.documents(OVERVIEWS).rows.values())


async def test_visits_are_counted_and_the_secret_is_not_kept(scene: Scene) -> None:
    petra = await scene.office.customer("Petra Müller")
    secret = await scene.link(petra)
    for _ in range(3):
        await scene.seen(secret)
    [overview] = await scene.verbs.overviews(scene.anna, petra.id)
    assert (overview.visits, len(overview.log), overview.log[0].client) == (3, 3, "192.0.2.1")
    assert secret not in repr(scene.store.documents(OVERVIEWS).rows)
    assert ("documents.visit", petra.id) in [(verb, subject) for _, verb, subject, _ in scene.office.audited()]


async def test_what_is_over_is_not_on_the_page(scene: Scene) -> None:
    petra = await scene.office.customer("Petra Müller")
    ended = await scene.share(await scene.document("Beendet.txt"), petra)
    await scene.share(await scene.document("Kurz.txt"), petra, days=1)
    await scene.share(await scene.document("Lang.txt"), petra, days=100)
    await scene.share(await scene.document("Befallen.txt"), petra, days=100)
    await scene.verbs.revoke(scene.anna, ended)
    verdict = Verdict(id=digest(b"Befallen.txt"), state=ScanState.INFECTED, at=scene.office.clock.now())
    await scene.store.documents(VERDICTS).insert(verdict)
    secret = await scene.link(petra)
    scene.office.later(days=2)
    assert await scene.seen(secret) == ["Lang.txt"]


async def test_the_shares_of_a_merged_contact_are_one(scene: Scene) -> None:
    petra, twin = await scene.office.customer("Petra Müller"), await scene.office.customer("P. Müller")
    await scene.share(await scene.document("Alt.txt"), twin)
    scene.office.later(minutes=1)
    await scene.share(await scene.document("Neu.txt"), petra)
    old, new = await scene.link(twin), await scene.link(petra)
    assert (await scene.seen(old), await scene.seen(new)) == (["Alt.txt"], ["Neu.txt"])
    contacts = scene.store.documents(CONTACTS)
    await contacts.replace(replace(petra, members=(twin.id,)), 1)
    await contacts.replace(replace(twin, merged_into=petra.id), 1)
    assert await scene.seen(old) == await scene.seen(new) == ["Neu.txt", "Alt.txt"]
    assert len(await scene.verbs.overviews(scene.anna, petra.id)) == 2


async def test_what_we_ask_files_for_stands_there_too_and_takes_them(scene: Scene) -> None:
    petra, kunz = await scene.office.customer("Petra Müller"), await scene.office.customer("Kunz")
    plan = FileData(name="Plan.pdf", type="application/pdf", data=b"%PDF-1.4")
    for contact, text in ((petra, "Ihr Plan"), (kunz, "Ihr Aufmaß"), (None, "Allgemein")):
        whom = contact.id if contact else None
        await scene.verbs.request_upload(scene.anna, contact_id=whom, folder="Pläne", text=text, limit=1, key=text)
    secret = await scene.link(petra)
    view = await scene.overviews.look(secret, "192.0.2.1")
    assert [one.text for one in view.requests] == ["Ihr Plan"]
    taken = await scene.overviews.take(secret, view.requests[0].id, plan, "192.0.2.1")
    assert (taken.contact_id, taken.folder, taken.name) == (petra.id, "Pläne", "Plan.pdf")
    # Its number of files is used up; those of others are not hers.
    assert (await scene.overviews.look(secret, "192.0.2.1")).requests == ()
    others = [one.id for one in (await scene.verbs.upload_requests(scene.anna)).items]
    for id in others:
        with pytest.raises(NotFound):
            await scene.overviews.take(secret, id, plan, "192.0.2.1")


async def test_the_same_key_makes_one_and_the_days_are_bounded(scene: Scene) -> None:
    petra = await scene.office.customer("Petra Müller")
    assert await scene.link(petra) == await scene.link(petra)
    assert len(await scene.verbs.overviews(scene.anna, petra.id)) == 1
    for days in (0, 366, -1):
        with pytest.raises(Invalid):
            await scene.verbs.share_overview(scene.anna, petra.id, days=days, key="k")
    with pytest.raises(NotFound):
        await scene.verbs.share_overview(scene.anna, type(petra.id)("c_none"), key="k")


async def test_who_does_not_see_a_contact_makes_and_ends_no_link_of_theirs() -> None:
    office, verbs = await bundle()
    petra = await office.customer("Petra Müller")
    await office.store.documents(CONTACTS).replace(replace(petra, owner=office.user_id("anna")), 1)
    ben = await office.limit("ben", RowScope.OWN)
    seen = scope_rows(verbs, Rows(office.store, office.staff))
    _, overview = await seen.documents.share_overview(office.anna, petra.id, key="k")
    for act in (
        seen.documents.share_overview(ben, petra.id, key="k"),
        seen.documents.overviews(ben, petra.id),
        seen.documents.shared_with(ben, petra.id),
        seen.documents.end_overview(ben, overview.id),
    ):
        with pytest.raises(NotFound):
            await act
    [kept] = office.store.documents(OVERVIEWS).rows.values()
    assert kept.revoked_at is None
    assert kept.expires_at == office.clock.now() + timedelta(days=30)
