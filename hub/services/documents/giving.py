"""Giving documents out and asking for them: links, upload requests."""

from datetime import timedelta

from hub.domain.document import UploadRequest
from hub.domain.errors import Conflict, Invalid
from hub.domain.ids import ContactId
from hub.domain.people import Actor
from hub.domain.sharing import Share
from hub.ports.store import Page
from hub.services.documents.ground import EDIT, READ, Ground
from hub.services.keyset import check_limit


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
            addressed=contact_id is not None,
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
