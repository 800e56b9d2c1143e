"""Invitations of contacts. Algorithm:

1. A colleague makes one for a contact and gets its code once, as a link; the store keeps the hash. 100 bits, a week.
2. Whoever opens the link sends the code with their first message. Before that message is kept, the invitation is marked
   as used by that address, so that only one address ever gets it, and a repetition after a crash goes on.
3. The address is bound to the contact. Where it was only a provisional contact's, that one is merged into the contact
   (which can be undone); where it is another contact's, nothing happens: two known contacts are never made one by a
   code.
"""

from dataclasses import replace
from datetime import timedelta

import structlog

from hub.domain.address import Address
from hub.domain.arrival import Arrival
from hub.domain.contact import Identity, identity_id
from hub.domain.errors import Conflict, FernamtError, Invalid, NotFound, StoreUnavailable, TooMany
from hub.domain.ids import ContactId, UserId, derived_id
from hub.domain.invite import ContactInvite, Invite
from hub.domain.message import Strength
from hub.domain.people import Actor, Right, system_actor
from hub.ports.addresses import AddressForms
from hub.ports.clock import Clock
from hub.ports.connector import Accounts
from hub.ports.kinds import CONTACTS, IDENTITIES, INVITES
from hub.ports.store import Exists, Store
from hub.services.alerts import Alerts
from hub.services.audit import Audit
from hub.services.deep_links import CONTACT_PAYLOAD, find_links
from hub.services.merged import find_survivor
from hub.services.passwords import UNAMBIGUOUS, spell
from hub.services.ratelimit import RateLimit
from hub.services.register.merging import Merging
from hub.services.wording import one_line, say

log = structlog.get_logger()
LENGTH = 20
LIFETIME = timedelta(days=7)
TRIES, WINDOW = 5, timedelta(hours=1)
SWAPS = 10
SOURCE = "invite:"
"""Source of an identity that was bound by an invitation."""
DOOR = system_actor("invite")


class Invites:
    """Makes invitations, and takes them back from whoever presents one."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        audit: Audit,
        alerts: Alerts,
        accounts: Accounts,
        forms: AddressForms,
        merging: Merging,
    ) -> None:
        self._invites, self._contacts = store.documents(INVITES), store.documents(CONTACTS)
        self._identities = store.documents(IDENTITIES)
        self._clock, self._audit, self._alerts = clock, audit, alerts
        self._accounts, self._forms, self._merging = accounts, forms, merging
        self._tries = RateLimit(clock, limit=TRIES, window=WINDOW)

    # Making

    async def make(self, actor: Actor, contact_id: ContactId, *, vouched: bool = False) -> ContactInvite:
        """See RegisterVerbs.invite."""
        self._audit.permit(actor, Right.EDIT_CONTACTS, "register.invite", contact_id)
        contact = await find_survivor(self._contacts, contact_id)
        if contact is None:
            raise NotFound("There is no such contact.", id=contact_id)
        await self._sweep()
        code = spell(LENGTH)
        expires_at = self._clock.now() + LIFETIME
        invite = Invite(
            id=_key(code),
            contact_id=contact.id,
            made_by=f"{actor.kind.value}:{actor.id}",
            expires_at=expires_at,
            vouched=vouched,
        )
        if isinstance(await self._invites.insert(invite), Exists):
            raise Conflict("This code exists already; try again.")
        await self._audit.record(actor, "register.invite", contact.id, detail="vouched" if vouched else "")
        links = find_links(self._accounts, f"{CONTACT_PAYLOAD}{code}")
        return ContactInvite(code=code, links=links, expires_at=expires_at)

    async def _sweep(self) -> None:
        for old in (await self._invites.page("by_expiry", until=self._clock.now(), limit=100)).items:
            await self._invites.delete(old.id)

    # Redeeming

    async def introduce(self, arrival: Arrival) -> None:
        """Called before an arrival that presents a code is kept. Raises StoreUnavailable: then it comes again."""
        account = self._accounts.get(arrival.account)
        if account is None:
            return
        try:
            address = self._forms.normalise(account.channel, arrival.envelope.sender)
            await self._redeem(address, arrival.invite)
        except StoreUnavailable:
            raise
        except FernamtError as error:
            log.warning("invite_not_redeemed", account=arrival.account, code=error.code)

    async def _redeem(self, address: Address, code: str) -> None:
        invite = await self._claim(address, code)
        contact = await find_survivor(self._contacts, invite.contact_id) if invite else None
        if invite is None or contact is None:
            await self._audit.record(DOOR, "invites.redeem", address.key, outcome="refused")
            return
        if not await self._bind(invite, contact.id, address):
            await self._audit.record(DOOR, "invites.redeem", contact.id, outcome="refused", detail=address.key)
            await self._tell(invite, contact.owner, "invite-taken", contact.name, address)
            return
        await self._audit.record(DOOR, "invites.redeem", contact.id, detail=address.key)
        await self._tell(invite, contact.owner, "invite-used", contact.name, address)

    async def _claim(self, address: Address, code: str) -> Invite | None:
        """The invitation, if it is this address's now."""
        try:
            self._tries.take(address.key)
        except TooMany:
            return None
        if len(code) != LENGTH or not set(code) <= set(UNAMBIGUOUS):
            return None
        for _ in range(SWAPS):
            invite = await self._invites.get(_key(code))
            if invite is None or invite.used_by == address.key:
                return invite
            if invite.used_by or invite.expires_at <= self._clock.now():
                return None
            if await self._invites.replace(replace(invite, used_by=address.key), invite.version):
                return invite
        return None

    async def _bind(self, invite: Invite, contact_id: ContactId, address: Address) -> bool:
        """Whether the address is the contact's now."""
        bound = Identity(
            id=identity_id(address),
            contact_id=contact_id,
            address=address,
            strength=Strength.VERIFIED if invite.vouched else Strength.AUTHENTICATED,
            source=f"{SOURCE}{invite.id}",
            since=self._clock.now(),
        )
        result = await self._identities.insert(bound)
        if not isinstance(result, Exists):
            return True
        held = result.current
        holder = await find_survivor(self._contacts, held.contact_id)
        if holder is not None and holder.id != contact_id:
            if not holder.provisional:
                return False
            await self._merging.merge(contact_id, holder.id, (), by=invite.made_by, key=invite.id)
        # What was known better before stays known so.
        strength = Strength.VERIFIED if held.strength is Strength.VERIFIED else bound.strength
        stronger = replace(held, strength=strength, source=bound.source)
        if held.source != stronger.source and not await self._identities.replace(stronger, held.version):
            raise Invalid("This address changes all the time; the next message tries again.")
        return True

    async def _tell(self, invite: Invite, owner: UserId | None, story: str, name: str, address: Address) -> None:
        kind, _, maker = invite.made_by.partition(":")
        users = [UserId(maker)] if kind == "user" else []
        users += [owner] if owner is not None else []
        shown = one_line(address.display or address.normal, 80)
        await self._alerts.tell_all(
            users,
            lambda language: say(language, story, name=one_line(name, 60), address=shown),
            f"{story}|{invite.id}",
        )


def _key(code: str) -> str:
    return derived_id("k", "invite", code)
