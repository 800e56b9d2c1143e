"""Putting documents in and in order: the writing verbs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from hub.domain.document import (
    MAX_LINKS,
    MAX_VERSIONS,
    Document,
    DocumentSource,
    FileVersion,
    FilingProposal,
    Reading,
    document_id,
    tidy_name,
)
from hub.domain.errors import Conflict, Invalid
from hub.domain.ids import ContactId
from hub.domain.people import Actor, Right
from hub.domain.views import FileData
from hub.services.documents.archive import check_document_tags, check_folder
from hub.services.documents.ground import EDIT, READ, Ground
from hub.services.documents.requests import check_size, make_document, type_of


class Keeping(Ground):
    """See DocumentVerbs."""

    __slots__ = ()

    async def upload(
        self,
        actor: Actor,
        file: FileData,
        *,
        folder: str = "",
        tags: tuple[str, ...] = (),
        contact_id: ContactId | None = None,
        links: tuple[str, ...] = (),
        key: str,
    ) -> Document:
        """See DocumentVerbs."""
        self.audit.permit(actor, EDIT, "documents.upload", contact_id or "")
        check_size(file, self.max_bytes)
        folder, tags, links = check_folder(folder), check_document_tags(tags), _checked_links(links)
        if contact_id:
            contact_id = await self.known_contact(contact_id)
        document = await self.archive.keep(
            await make_document(
                self.archive,
                self.checking,
                file,
                id=document_id(actor.id, key),
                source=DocumentSource.BOT if key.startswith("bot:") else DocumentSource.UPLOADED,
                clock=self.clock,
                contact_id=contact_id,
                folder=folder,
                tags=tags,
                links=links,
                by=actor.user_id,
            )
        )
        await self.audit.record(actor, "documents.upload", document.id, detail=contact_id or "")
        return document

    async def add_version(self, actor: Actor, document_id: str, file: FileData, version: int) -> Document:
        """See DocumentVerbs."""
        self.audit.permit(actor, EDIT, "documents.add_version", document_id)
        check_size(file, self.max_bytes)
        await self.archive.get(document_id)
        sha256 = await self.archive.blobs.put(file.data)

        def change(current: Document) -> Document:
            if len(current.versions) >= MAX_VERSIONS:
                raise Invalid(f"A document has at most {MAX_VERSIONS} versions.", field="file")
            if current.current.sha256 == sha256:
                return current
            fresh = FileVersion(
                number=current.current.number + 1,
                name=tidy_name(file.name),
                type=type_of(file),
                size=len(file.data),
                sha256=sha256,
                at=self.clock.now(),
                by=actor.user_id,
                scan=self.checking.first_state,
            )
            return replace(current, versions=(*current.versions, fresh), reading=Reading.WAITING, excerpt="")

        changed = await self.archive.change(document_id, change, version)
        await self.audit.record(actor, "documents.add_version", document_id, detail=str(changed.current.number))
        return changed

    async def file(
        self,
        actor: Actor,
        document_id: str,
        *,
        name: str | None = None,
        folder: str | None = None,
        tags: tuple[str, ...] | None = None,
        contact_id: ContactId | None = None,
        links: tuple[str, ...] | None = None,
        keep_until: datetime | None = None,
        version: int | None = None,
    ) -> Document:
        """See DocumentVerbs. Its words are indexed anew."""
        self.audit.permit(actor, EDIT, "documents.file", document_id)
        changes: dict[str, object] = {}
        if name is not None:
            changes["name"] = tidy_name(name)
        if folder is not None:
            changes["folder"] = check_folder(folder)
        if tags is not None:
            changes["tags"] = check_document_tags(tags)
        if links is not None:
            changes["links"] = _checked_links(links)
        if contact_id:
            changes["contact_id"] = await self.known_contact(contact_id)
        if keep_until is not None:
            changes["keep_until"] = keep_until
        if {"name", "folder", "tags", "links"} & set(changes):
            changes["reading"] = Reading.WAITING

        changed = await self.archive.change(
            document_id,
            lambda current: replace(current, **changes),  # type: ignore[arg-type]
            version,
        )
        await self.audit.record(actor, "documents.file", document_id, detail=", ".join(sorted(changes)))
        return changed

    async def remove(self, actor: Actor, document_id: str) -> Document:
        """See DocumentVerbs."""
        self.audit.permit(actor, EDIT, "documents.remove", document_id)
        now = self.clock.now()

        def change(current: Document) -> Document:
            if current.keep_until is not None and current.keep_until > now:
                raise Conflict(f"This document is to be kept until {current.keep_until:%Y-%m-%d}.", id=document_id)
            return current if current.removed_at else replace(current, removed_at=now)

        changed = await self.archive.change(document_id, change)
        await self.archive.unindex(document_id)
        await self.audit.record(actor, "documents.remove", document_id)
        return changed

    async def restore(self, actor: Actor, document_id: str) -> Document:
        """See DocumentVerbs."""
        self.audit.permit(actor, EDIT, "documents.restore", document_id)
        changed = await self.archive.change(
            document_id, lambda current: replace(current, removed_at=None, reading=Reading.WAITING)
        )
        await self.archive.index(changed, "")
        await self.audit.record(actor, "documents.restore", document_id)
        return changed

    async def purgeable(self, actor: Actor) -> list[Document]:
        """See DocumentVerbs."""
        self.audit.permit(actor, Right.DELETE_CONVERSATIONS, "documents.purgeable")
        await self.audit.seen(actor, "documents.purgeable")
        return await self.purging.due()

    async def purge(self, actor: Actor) -> int:
        """See DocumentVerbs."""
        self.audit.permit(actor, Right.DELETE_CONVERSATIONS, "documents.purge")
        due = await self.purging.due()
        await self.audit.record(actor, "documents.purge", detail=f"{len(due)} due")
        self.purging.hurry()
        return len(due)

    async def propose(self, actor: Actor, file: FileData) -> FilingProposal:
        """See DocumentVerbs."""
        self.audit.permit(actor, READ, "documents.propose")
        check_size(file, self.max_bytes)
        await self.audit.seen(actor, "documents.propose")
        return await self.filing.propose(actor, file)


def _checked_links(links: Sequence[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(link.strip() for link in links if link.strip()))
    kinds = ("order", "invoice", "appointment", "occasion")
    if len(found) > MAX_LINKS or any(
        link.partition(":")[0] not in kinds or not 0 < len(link.partition(":")[2]) <= 80 for link in found
    ):
        raise Invalid(f"A link is one of {', '.join(kinds)} with a colon and a number or an id.", field="links")
    return found
