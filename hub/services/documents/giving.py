"""Giving documents out, asking for them, and making them: links, upload requests, templates."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from hub.domain.document import Document, DocumentSource, DocumentTemplate, UploadRequest, document_id
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.ids import ContactId
from hub.domain.people import Actor, Right
from hub.domain.sharing import Share
from hub.domain.views import FileData
from hub.ports.kinds import CONTACTS
from hub.ports.renderer import Paper
from hub.ports.store import Page
from hub.services.documents.archive import check_folder
from hub.services.documents.ground import EDIT, READ, Ground
from hub.services.documents.letters import fill, values_of
from hub.services.documents.requests import make_document
from hub.services.keyset import check_limit
from hub.services.merged import find_survivor


class Giving(Ground):
    """See DocumentVerbs."""

    __slots__ = ()

    async def share(
        self,
        actor: Actor,
        document_id: str,
        *,
        contact_id: ContactId | None = None,
        days: int = 30,
        limit: int = 0,
        key: str,
    ) -> tuple[str, Share]:
        """See DocumentVerbs."""
        self.audit.permit(actor, EDIT, "documents.share", document_id)
        if not 1 <= days <= 365 or not 0 <= limit <= 10_000:
            raise Invalid("A link lasts 1 to 365 days and 0 (any number) to 10,000 downloads.", field="days")
        document = await self.archive.get(document_id)
        if document.removed_at is not None:
            raise Conflict("This document was removed; restore it first.", id=document_id)
        document = await self.archive.store(document)
        file = document.current
        await self.refuse_infected(file.sha256, await self.archive.content(document, file))
        address, share = await self.sharing.publish(
            name=file.name,
            type=file.type,
            size=file.size,
            sha256=file.sha256,
            key=f"document|{document.id}|{actor.id}|{key}",
            contact_id=contact_id or document.contact_id,
            subject=document.id,
            created_by=actor.user_id,
            lifetime=timedelta(days=days),
            limit=limit,
        )
        await self.audit.record(actor, "documents.share", document.id, detail=share.id)
        return address, share

    async def shares(
        self, actor: Actor, document_id: str = "", after: str | None = None, limit: int = 50
    ) -> Page[Share]:
        """See DocumentVerbs."""
        self.audit.permit(actor, READ, "documents.shares", document_id)
        check_limit(limit)
        await self.audit.seen(actor, "documents.shares", document_id)
        return await self.sharing.page(document_id, after, limit)

    async def revoke(self, actor: Actor, share_id: str) -> Share:
        """See DocumentVerbs."""
        self.audit.permit(actor, EDIT, "documents.revoke", share_id)
        share = await self.sharing.revoke(share_id)
        await self.audit.record(actor, "documents.revoke", share_id)
        return share

    async def request_upload(
        self,
        actor: Actor,
        *,
        contact_id: ContactId | None = None,
        folder: str = "",
        text: str = "",
        days: int = 14,
        limit: int = 10,
        key: str,
    ) -> tuple[str, UploadRequest]:
        """See DocumentVerbs."""
        self.audit.permit(actor, EDIT, "documents.request_upload", contact_id or "")
        if contact_id:
            contact_id = await self.known_contact(contact_id)
        address, request = await self.requests.make(
            contact_id=contact_id,
            folder=folder,
            text=text,
            days=days,
            limit=limit,
            key=f"{actor.id}|{key}",
            created_by=actor.user_id,
        )
        await self.audit.record(actor, "documents.request_upload", request.id, detail=contact_id or "")
        return address, request

    async def upload_requests(self, actor: Actor, after: str | None = None, limit: int = 50) -> Page[UploadRequest]:
        """See DocumentVerbs."""
        self.audit.permit(actor, READ, "documents.upload_requests")
        check_limit(limit)
        await self.audit.seen(actor, "documents.upload_requests")
        return await self.requests.page(after, limit)

    async def end_request(self, actor: Actor, request_id: str) -> UploadRequest:
        """See DocumentVerbs."""
        self.audit.permit(actor, EDIT, "documents.end_request", request_id)
        request = await self.requests.end(request_id)
        await self.audit.record(actor, "documents.end_request", request_id)
        return request

    # Templates

    async def templates(self, actor: Actor) -> list[DocumentTemplate]:
        """By name."""
        self.audit.permit(actor, READ, "documents.templates")
        await self.audit.seen(actor, "documents.templates")
        return await self.letters.all()

    async def save_template(self, actor: Actor, template: DocumentTemplate) -> DocumentTemplate:
        """See DocumentVerbs."""
        self.audit.permit(actor, Right.RUN_QUEUES, "documents.save_template", template.id)
        saved = await self.letters.save(replace(template, folder=check_folder(template.folder)))
        await self.audit.record(actor, "documents.save_template", saved.id)
        return saved

    async def delete_template(self, actor: Actor, name: str) -> None:
        """See DocumentVerbs."""
        self.audit.permit(actor, Right.RUN_QUEUES, "documents.delete_template", name[:60])
        await self.letters.delete(name)
        await self.audit.record(actor, "documents.delete_template", name[:60])

    async def fill_template(
        self, actor: Actor, name: str, contact_id: ContactId, *, appointment_id: str = "", key: str
    ) -> Document:
        """See DocumentVerbs. Money is read only for a template that names it, under the actor's own rights."""
        self.audit.permit(actor, EDIT, "documents.fill_template", contact_id)
        template = await self.letters.get(name)
        contact = await find_survivor(self.store.documents(CONTACTS), contact_id)
        if contact is None:
            raise NotFound("There is no such contact.", id=contact_id[:60])
        wants_money = "{balance}" in template.text or "{open_items}" in template.text
        summary = await self.accounts.summary(actor, contact.id) if wants_money else None
        appointment = await self.calendar.get(actor, appointment_id) if appointment_id else None
        zone = ZoneInfo(self.time_zone)
        today = f"{self.clock.now().astimezone(zone):%d.%m.%Y}"
        values = values_of(contact, summary, appointment, company=self.company, user=actor.name, today=today, zone=zone)
        title = fill(template.title, values)
        paper = Paper(company=self.company, title=title, text=fill(template.text, values), date=today)
        data = await self.renderer.make_pdf(paper)
        links = (f"appointment:{appointment.id}",) if appointment else ()
        document = await self.archive.keep(
            await make_document(
                self.archive,
                self.checking,
                FileData(name=f"{title[:120]}.pdf", type="application/pdf", data=data),
                id=document_id(actor.id, "template", key),
                source=DocumentSource.MADE,
                clock=self.clock,
                contact_id=contact.id,
                folder=template.folder,
                links=links,
                by=actor.user_id,
            )
        )
        await self.audit.record(actor, "documents.fill_template", document.id, detail=template.id)
        return document
