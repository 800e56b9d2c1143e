"""What somebody outside may do with the secret link of their invitation, registration or campaign message."""

from dataclasses import dataclass

from hub.domain.errors import Invalid, NotFound
from hub.domain.ids import ContactId
from hub.domain.occasion import Invitation, Mailing
from hub.domain.people import system_actor
from hub.ports.kinds import CONTACTS
from hub.ports.store import Store
from hub.services.audit import Audit
from hub.services.merged import find_survivor
from hub.services.occasions.campaigns import Campaigns
from hub.services.occasions.registering import Registering

VISITOR = system_actor("visitor")


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestView:
    """Behind a link: an event and how one stands with it, or a campaign to be left. `language`: the contact's."""

    invitation: Invitation | None = None
    mailing: Mailing | None = None
    language: str = ""
    wanted: bool = True
    """Automatic messages."""


class Guests:
    """The secret is the right."""

    def __init__(self, *, store: Store, audit: Audit, registering: Registering, campaigns: Campaigns) -> None:
        self._contacts, self._audit = store.documents(CONTACTS), audit
        self._registering, self._campaigns = registering, campaigns

    async def look(self, token: str) -> GuestView:
        """Raises NotFound, the same for every link that is not one."""
        try:
            invitation = await self._registering.by_token(token)
        except NotFound:
            mailing = await self._campaigns.by_token(token)
            language, wanted = await self._of(mailing.contact_id)
            return GuestView(mailing=mailing, language=language, wanted=wanted)
        language, wanted = await self._of(invitation.registration.contact_id)
        return GuestView(invitation=invitation, language=language, wanted=wanted)

    async def _of(self, contact_id: ContactId) -> tuple[str, bool]:
        contact = await find_survivor(self._contacts, contact_id)
        return (contact.language, contact.automatic) if contact else ("", False)

    async def act(self, token: str, act: str, *, session: str = "") -> GuestView:
        """`act`: "register" (for a session), "cancel" or "unsubscribe". Raises NotFound, Invalid, Conflict (code
        "closed", "waiting-full", "other-session")."""
        view = await self.look(token)
        if view.mailing is not None and act == "unsubscribe":
            contact = await self._campaigns.opt_out(view.mailing)
            await self._audit.record(VISITOR, "occasions.unsubscribe", contact, detail=view.mailing.campaign_id)
        elif view.invitation is not None and act in ("register", "cancel"):
            occasion, contact = view.invitation.occasion, view.invitation.registration.contact_id
            if act == "register":
                await self._registering.register(occasion.id, contact, session=session, via="link")
            else:
                await self._registering.cancel(occasion.id, contact, via="link")
            await self._audit.record(VISITOR, f"occasions.{act}", contact, detail=occasion.id)
        else:
            raise Invalid("This cannot be done here.")
        return await self.look(token)
