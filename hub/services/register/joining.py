"""A provisional contact joins the contact that its writer has proved to be. The one merge that needs no person: what
makes them one is the equality of a verified address (docs/messages.md). It is journalled and undone like any other."""

from collections.abc import Callable

import structlog

from hub.domain.address import Address
from hub.domain.contact import Contact, identity_id
from hub.domain.errors import Conflict, Invalid, NotFound, StoreUnavailable
from hub.domain.ids import ContactId
from hub.domain.message import Strength
from hub.domain.people import Actor
from hub.ports.kinds import CONTACTS, IDENTITIES
from hub.ports.store import Store
from hub.services.audit import Audit
from hub.services.merged import find_survivor
from hub.services.register.merging import Merging

log = structlog.get_logger()
LOOKED_AT = 10
"""Addresses of a provisional contact; it has one, and each further one stops the joining."""


class Joining:
    """Decides and merges. `told`: hears of the contacts that changed."""

    def __init__(
        self, *, store: Store, audit: Audit, merging: Merging, told: Callable[[ContactId, ContactId], None]
    ) -> None:
        self._contacts, self._identities = store.documents(CONTACTS), store.documents(IDENTITIES)
        self._audit, self._merging, self._told = audit, merging, told

    async def join(self, actor: Actor, provisional_id: ContactId, proved: Address, *, key: str) -> bool:
        """Merge the provisional contact into whoever holds the proved address; once for each key. False where they are
        the same, or must stay apart: it has an address of its own besides, or somebody has looked after it. What the
        proof gave stands in any case; a store that is down is logged."""
        try:
            survivor = await self._survivor(proved)
            if survivor is None or not await self._may_join(provisional_id, survivor, proved):
                return False
            await self._merging.merge(survivor.id, provisional_id, (), by=f"{actor.kind.value}:{actor.id}", key=key)
            await self._audit.record(actor, "register.join", survivor.id, detail=provisional_id)
        except (Conflict, Invalid, NotFound, StoreUnavailable) as error:
            log.warning("provisional_contact_not_joined", contact=provisional_id, code=error.code)
            return False
        self._told(survivor.id, provisional_id)
        return True

    async def _survivor(self, proved: Address) -> Contact | None:
        identity = await self._identities.get(identity_id(proved))
        if identity is None or identity.strength is not Strength.VERIFIED:
            return None
        return await find_survivor(self._contacts, identity.contact_id)

    async def _may_join(self, provisional_id: ContactId, survivor: Contact, proved: Address) -> bool:
        contact = await self._contacts.get(provisional_id)
        if contact is None or contact.id == survivor.id or survivor.provisional:
            return False
        if not contact.provisional or contact.members or contact.merged_into is not None:
            return False
        page = await self._identities.page("by_contact", contact.id, limit=LOOKED_AT)
        return all(identity.address == proved for identity in page.items)
