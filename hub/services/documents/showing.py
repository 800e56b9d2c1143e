"""Overviews of what is shared with a contact: the verbs of colleagues."""

from hub.domain.errors import NotFound
from hub.domain.ids import ContactId
from hub.domain.people import Actor
from hub.domain.sharing import Overview, Share
from hub.ports.kinds import CONTACTS
from hub.services.documents.ground import EDIT, READ, Ground
from hub.services.merged import find_survivor


class Showing(Ground):
    """See DocumentVerbs."""

    __slots__ = ()

    async def share_overview(
        self, actor: Actor, contact_id: ContactId, *, days: int = 30, key: str
    ) -> tuple[str, Overview]:
        """See DocumentVerbs."""
        self.audit.permit(actor, EDIT, "documents.share_overview", contact_id)
        contact_id = await self.known_contact(contact_id)
        address, overview = await self.overviews_kept.make(
            contact_id, days=days, key=f"{actor.id}|{key}", created_by=actor.user_id
        )
        await self.audit.record(actor, "documents.share_overview", contact_id, detail=overview.id)
        return address, overview

    async def overviews(self, actor: Actor, contact_id: ContactId) -> list[Overview]:
        """See DocumentVerbs."""
        self.audit.permit(actor, READ, "documents.overviews", contact_id)
        contact = await find_survivor(self.store.documents(CONTACTS), contact_id)
        if contact is None:
            raise NotFound("There is no such contact.", id=contact_id[:60])
        await self.audit.seen(actor, "documents.overviews", contact_id)
        return await self.overviews_kept.of(contact)

    async def shared_with(self, actor: Actor, contact_id: ContactId) -> list[Share]:
        """See DocumentVerbs."""
        self.audit.permit(actor, READ, "documents.shared_with", contact_id)
        contact = await find_survivor(self.store.documents(CONTACTS), contact_id)
        if contact is None:
            raise NotFound("There is no such contact.", id=contact_id[:60])
        await self.audit.seen(actor, "documents.shared_with", contact_id)
        return await self.overviews_kept.shared_with(contact)

    async def end_overview(self, actor: Actor, overview_id: str) -> Overview:
        """See DocumentVerbs."""
        self.audit.permit(actor, EDIT, "documents.end_overview", overview_id)
        overview = await self.overviews_kept.end(overview_id)
        await self.audit.record(actor, "documents.end_overview", overview_id)
        return overview
