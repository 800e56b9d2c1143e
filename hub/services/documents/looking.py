"""Looking at documents: the reading verbs."""

from hub.domain.document import GROUPS, Document, FileVersion, ScanState, fold_path, group_of, tidy_folder
from hub.domain.errors import Invalid, NotFound, Unreadable
from hub.domain.folding import fold
from hub.domain.ids import ContactId
from hub.domain.people import Actor
from hub.domain.views import FileData
from hub.ports.kinds import CONTACTS
from hub.ports.store import Page
from hub.services.documents.archive import place_of
from hub.services.documents.ground import READ, Ground
from hub.services.keyset import check_limit, merged_page
from hub.services.merged import find_survivor

MOST_DUPLICATES = 20
MOST_PAGES = 50


class Looking(Ground):
    """See DocumentVerbs."""

    __slots__ = ()

    async def page(
        self,
        actor: Actor,
        *,
        folder: str = "",
        tag: str = "",
        contact_id: ContactId | None = None,
        type: str = "",
        link: str = "",
        removed: bool = False,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[Document]:
        """See DocumentVerbs. The narrowest filter is read from the index, the others are applied to what it gives."""
        self.audit.permit(actor, READ, "documents.page", contact_id or "")
        check_limit(limit)
        if type and type not in GROUPS:
            raise Invalid(f"type is one of {', '.join(GROUPS)}.", field="type")
        place = place_of(folder=folder, tag=tag, contact=contact_id or "", type=type, link=link, removed=removed)
        places = [place] if not contact_id or link or removed else await self._contact_places(contact_id)

        def fits(document: Document) -> bool:
            inside = fold_path(document.folder) + "/"
            return (
                (not folder or inside.startswith(fold_path(tidy_folder(folder)) + "/"))
                and (not tag or fold(tag) in [fold(one) for one in document.tags])
                and (not type or group_of(document.current.type, document.current.name) == type)
            )

        kept: list[Document] = []
        for _ in range(MOST_PAGES):
            page = await merged_page(
                self.archive.documents,
                "by_place",
                [ContactId(place) for place in places],
                lambda one: one.at,
                after=after,
                limit=limit,
                newest_first=True,
            )
            kept, after = [one for one in page.items if fits(one)], page.next
            if kept or after is None:
                break
        await self.audit.seen(actor, "documents.page", contact_id or "")
        return Page(kept, after)

    async def _contact_places(self, contact_id: ContactId) -> list[str]:
        contact = await find_survivor(self.store.documents(CONTACTS), contact_id)
        if contact is None:
            raise NotFound("There is no such contact.", id=contact_id)
        return [f"contact:{one}" for one in (contact.id, *contact.members)]

    async def search(self, actor: Actor, text: str, after: str | None = None, limit: int = 20) -> Page[Document]:
        """See DocumentVerbs. The index holds entries of other kinds too: they are passed over."""
        self.audit.permit(actor, READ, "documents.search")
        check_limit(limit)
        terms = self.terms(text[:200])
        scope = ("all", actor.id, *actor.teams)
        found: list[Document] = []
        for _ in range(MOST_PAGES):
            page = await self.store.search.find(terms, scope=scope, after=after, limit=limit - len(found))
            ids = [id for id in page.ids if id.startswith("d_")]
            known = await self.archive.documents.get_many(ids) if ids else {}
            found += [known[id] for id in ids if id in known and known[id].removed_at is None]
            after = page.next
            if after is None or len(found) >= limit:
                break
        await self.audit.seen(actor, "documents.search")
        return Page(found, after)

    async def get(self, actor: Actor, document_id: str) -> Document:
        """Raises NotFound."""
        self.audit.permit(actor, READ, "documents.get", document_id)
        document = await self.archive.get(document_id)
        await self.audit.seen(actor, "documents.get", document_id)
        return document

    async def folders(self, actor: Actor) -> list[str]:
        """By name."""
        self.audit.permit(actor, READ, "documents.folders")
        await self.audit.seen(actor, "documents.folders")
        return await self.archive.shelves("folder")

    async def tags(self, actor: Actor) -> list[str]:
        """By name."""
        self.audit.permit(actor, READ, "documents.tags")
        await self.audit.seen(actor, "documents.tags")
        return await self.archive.shelves("tag")

    async def duplicates(self, actor: Actor, document_id: str) -> list[Document]:
        """See DocumentVerbs."""
        self.audit.permit(actor, READ, "documents.duplicates", document_id)
        document = await self.archive.get(document_id)
        place = f"sha:{document.current.sha256}"
        page = await self.archive.documents.page("by_place", place, limit=MOST_DUPLICATES + 1, newest_first=True)
        await self.audit.seen(actor, "documents.duplicates", document_id)
        return [one for one in page.items if one.id != document.id and one.removed_at is None][:MOST_DUPLICATES]

    async def download(self, actor: Actor, document_id: str, number: int = 0) -> FileData:
        """See DocumentVerbs."""
        self.audit.permit(actor, READ, "documents.download", document_id)
        document = await self.archive.get(document_id)
        file = _version(document, number)
        data = await self.archive.content(document, file)
        await self.refuse_infected(file.sha256, data)
        await self.audit.seen(actor, "documents.download", document_id)
        return FileData(name=file.name, type=file.type, data=data)

    async def preview(self, actor: Actor, document_id: str, width: int = 480) -> FileData:
        """See DocumentVerbs."""
        self.audit.permit(actor, READ, "documents.preview", document_id)
        document = await self.archive.get(document_id)
        if document.scan in (ScanState.INFECTED, ScanState.PENDING):
            raise NotFound("There is no picture of this file: the virus check has not called it clean.")
        file = document.current
        try:
            data = await self.archive.content(document, file)
            picture = await self.renderer.preview(data, file.type, file.name, max(16, min(width, 1_600)))
        except Unreadable as error:
            raise NotFound(f"There is no picture of this file. {error.sentence}") from error
        await self.audit.seen(actor, "documents.preview", document_id)
        return FileData(name=f"{document.id}.png", type="image/png", data=picture)


def _version(document: Document, number: int) -> FileVersion:
    if number == 0:
        return document.current
    for file in document.versions:
        if file.number == number:
            return file
    raise NotFound("There is no such version of this document.", id=document.id)
