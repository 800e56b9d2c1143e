"""Contacts: finding whom somebody means, reading them, entering them, and binding addresses to them."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from hub.domain.address import Address
from hub.domain.contact import Contact, Identity, identity_id
from hub.domain.conversation import Conversation
from hub.domain.errors import Ambiguous, Conflict, Invalid, NotFound
from hub.domain.folding import fold
from hub.domain.ids import ContactId, random_id
from hub.domain.interaction import Interaction
from hub.domain.message import Strength
from hub.domain.people import Actor, Right
from hub.domain.views import ContactCard, ContactDraft, ContactMatch
from hub.ports.addresses import AddressForms
from hub.ports.clock import Clock
from hub.ports.events import Event, Events, Topic
from hub.ports.kinds import CONTACTS, CONVERSATIONS, IDENTITIES, INTERACTIONS
from hub.ports.store import Exists, Page, Store
from hub.services.audit import Audit
from hub.services.drafts import apply_draft
from hub.services.matching import EQUAL, EVERY_WORD, likeness, name_entry
from hub.services.merged import find_survivor
from hub.services.staff import Staff

MAX_TEXT = 200
MAX_MATCHES = 100
SUGGESTIONS = 50
CARD_CONVERSATIONS = 20
NEAREST = 3


class Contacts:
    """Implements hub.ports.verbs.ContactVerbs."""

    def __init__(
        self, *, store: Store, clock: Clock, audit: Audit, events: Events, forms: AddressForms, staff: Staff
    ) -> None:
        self._contacts = store.documents(CONTACTS)
        self._identities = store.documents(IDENTITIES)
        self._conversations = store.documents(CONVERSATIONS)
        self._interactions = store.documents(INTERACTIONS)
        self._search = store.search
        self._clock, self._audit, self._events, self._forms, self._staff = clock, audit, events, forms, staff

    # Finding

    async def find(self, actor: Actor, text: str, limit: int = 10) -> list[ContactMatch]:
        """By id, address, whole name, then similar names; best first."""
        self._audit.permit(actor, Right.READ_CONTACTS, "contacts.find")
        matches = await self._matches(text, limit)
        await self._audit.seen(actor, "contacts.find")
        return matches

    async def resolve(self, actor: Actor, text: str) -> Contact:
        """The one contact meant by a name, an address or an id. Raises Ambiguous (fields["choices"]) or NotFound
        (fields["nearest"])."""
        self._audit.permit(actor, Right.READ_CONTACTS, "contacts.resolve")
        text = text.strip()[:MAX_TEXT]
        matches = await self._exact(text) or await self._called(text) or await self._matches(text, 10)
        meant = _meant(text, matches)
        await self._audit.seen(actor, "contacts.resolve", meant[0].contact.id if len(meant) == 1 else "")
        if len(meant) > 1:
            raise Ambiguous(f'"{text[:60]}" fits {len(meant)} contacts; say which.', choices=meant)
        if not meant:
            raise NotFound(f'No contact is called "{text[:60]}".', nearest=matches[:NEAREST])
        return meant[0].contact

    async def _exact(self, text: str) -> list[ContactMatch]:
        """By id or address alone: then likeness need not be asked."""
        addresses = {identity_id(address): address for address in self._forms.recognise(text)}
        if not addresses and not text.startswith("c_"):
            return []
        identities = await self._identities.get_many(list(addresses)) if addresses else {}
        by_contact = {identity.contact_id: identity.address for identity in identities.values()}
        found = await self._contacts.get_many([*by_contact] or [ContactId(text)])
        return [
            ContactMatch(contact=survivor, score=EQUAL, address=by_contact.get(contact.id))
            for contact, survivor in (await self._survivors(list(found.values()))).values()
        ]

    async def _called(self, text: str) -> list[ContactMatch]:
        """By exactly this name of several words: that decides, and likeness, which costs most in a large register,
        need not be asked."""
        name = fold(text)
        if " " not in name:
            return []
        page = await self._contacts.page("by_name", name, limit=10)
        if any(contact.merged_into is not None for contact in page.items):
            return []
        return [ContactMatch(contact=contact, score=EQUAL) for contact in page.items]

    async def _survivors(self, contacts: Sequence[Contact]) -> dict[str, tuple[Contact, Contact]]:
        """Each contact with whom it was merged into (else itself); each survivor once."""
        pairs: dict[str, tuple[Contact, Contact]] = {}
        for contact in contacts:
            survivor = contact if contact.merged_into is None else await self._get(contact.id)
            if survivor.id not in pairs or survivor is contact:
                pairs[survivor.id] = (contact, survivor)
        return pairs

    async def _matches(self, text: str, limit: int) -> list[ContactMatch]:
        text = text.strip()[:MAX_TEXT]
        if not 1 <= limit <= MAX_MATCHES:
            raise Invalid(f"Between 1 and {MAX_MATCHES} matches.", limit=limit)
        if not fold(text):
            return []
        asked = {identity_id(address): address for address in self._forms.recognise(text)}
        identities, named, similar = await asyncio.gather(
            self._identities.get_many(list(asked)),
            self._contacts.page("by_name", fold(text), limit=limit),
            self._search.suggest(text, prefix="c_", limit=max(SUGGESTIONS, limit)),
        )
        by_address = {identity.contact_id: identity.address for identity in identities.values()}
        ids = dict.fromkeys([text, *by_address, *similar])
        found = await self._contacts.get_many(list(ids))
        found.update((contact.id, contact) for contact in named.items)
        best: dict[str, ContactMatch] = {}
        for id, contact in found.items():
            match = ContactMatch(
                contact=contact if contact.merged_into is None else await self._get(contact.id),
                score=EQUAL if id == text or id in by_address else likeness(text, contact),
                address=by_address.get(contact.id),
            )
            known = best.get(match.contact.id)
            if known is None or match.score > known.score:
                best[match.contact.id] = match
        matches = list(best.values())
        return sorted(matches, key=lambda match: (-match.score, match.contact.sort_name, match.contact.id))[:limit]

    # Reading

    async def page(self, actor: Actor, after: str | None = None, limit: int = 50) -> Page[Contact]:
        """By name."""
        self._audit.permit(actor, Right.READ_CONTACTS, "contacts.page")
        page = await self._contacts.page("by_name", after=after, limit=limit)
        await self._audit.seen(actor, "contacts.page")
        # Members of others are part of them; a page may be that much shorter.
        return Page([contact for contact in page.items if contact.merged_into is None], page.next)

    async def card(self, actor: Actor, contact_id: ContactId) -> ContactCard:
        """Everything one wants to know of a contact at a glance."""
        self._audit.permit(actor, Right.READ_CONTACTS, "contacts.card", contact_id)
        contact = await self._get(contact_id)
        ids = (contact.id, *contact.members)
        identities, conversations, last = await asyncio.gather(
            self._bound_to(ids), self._conversations_of(ids), self._last_of(ids)
        )
        await self._audit.seen(actor, "contacts.card", contact_id)
        waiting = [one for one in conversations if one.waiting_since is not None]
        return ContactCard(
            contact=contact,
            identities=tuple(identities),
            conversations=tuple(conversations[:CARD_CONVERSATIONS]),
            last=last,
            waiting=min(waiting, key=lambda one: (one.waiting_since, one.id), default=None),
            owner_name=self._staff.name_of(contact.owner),
        )

    async def _get(self, contact_id: ContactId) -> Contact:
        contact = await find_survivor(self._contacts, contact_id)
        if contact is None:
            raise NotFound("There is no such contact.")
        return contact

    async def _bound_to(self, ids: tuple[ContactId, ...]) -> list[Identity]:
        pages = await asyncio.gather(*(self._identities.page("by_contact", id, limit=100) for id in ids))
        return [identity for page in pages for identity in page.items]

    async def _conversations_of(self, ids: tuple[ContactId, ...]) -> list[Conversation]:
        pages = await asyncio.gather(
            *(self._conversations.page("by_contact", id, limit=100, newest_first=True) for id in ids)
        )
        alive = [one for page in pages for one in page.items if not one.deleted]
        return sorted(alive, key=lambda one: (one.last_at, one.id), reverse=True)

    async def _last_of(self, ids: tuple[ContactId, ...]) -> Interaction | None:
        pages = await asyncio.gather(
            *(self._interactions.page("timeline", id, limit=1, newest_first=True) for id in ids)
        )
        newest = [entry for page in pages for entry in page.items]
        return max(newest, key=lambda entry: (entry.at, entry.id), default=None)

    # Entering

    async def create(self, actor: Actor, draft: ContactDraft) -> Contact:
        """Raises Invalid, or Conflict where an address belongs to somebody else."""
        self._audit.permit(actor, Right.EDIT_CONTACTS, "contacts.create")
        now = self._clock.now()
        contact = apply_draft(
            Contact(id=ContactId(random_id("c")), version=1, name="", sort_name="", created_at=now), draft, now
        )
        self._check_owner(contact)
        addresses = self._read_addresses(draft)
        await self._refuse_taken(contact.id, addresses)
        # The owner before its claims: a crash leaves a contact without an address, never an address without one.
        await self._contacts.insert(contact)
        try:
            await self._bind(actor, contact.id, addresses)
        except Conflict:
            await self._contacts.delete(contact.id)
            raise
        await self._told(actor, "contacts.create", contact, addresses)
        return contact

    async def edit(self, actor: Actor, contact_id: ContactId, draft: ContactDraft, version: int) -> Contact:
        """Raises Conflict where somebody else was quicker, or where an address belongs to somebody else; Invalid."""
        self._audit.permit(actor, Right.EDIT_CONTACTS, "contacts.edit", contact_id)
        contact = await self._get(contact_id)
        contact_id = contact.id
        if contact.version != version:
            raise Conflict("Somebody else changed this contact first; load it again.", version=contact.version)
        changed = apply_draft(contact, draft, self._clock.now())
        await self._check_relations(changed)
        self._check_owner(changed)
        addresses = self._read_addresses(draft)
        await self._refuse_taken(contact_id, addresses)
        if not await self._contacts.replace(changed, version):
            raise Conflict("Somebody else changed this contact first; load it again.")
        await self._bind(actor, contact_id, addresses)
        changed = replace(changed, version=version + 1)
        bound = [identity.address for identity in await self._bound_to((contact_id,))]
        await self._told(actor, "contacts.edit", changed, bound)
        return changed

    async def _check_relations(self, contact: Contact) -> None:
        ids = [relation.contact_id for relation in contact.relations]
        if ids and len(await self._contacts.get_many(ids)) < len(set(ids)):
            raise Invalid("A relation is to a contact that there is.", field="relations")

    def _check_owner(self, contact: Contact) -> None:
        if contact.owner and self._staff.known(contact.owner) is None:
            raise Invalid("There is no such colleague to own the contact.", field="owner")

    def _read_addresses(self, draft: ContactDraft) -> list[Address]:
        try:
            return list(dict.fromkeys(self._forms.normalise(form, text) for form, text in draft.addresses))
        except Invalid as error:
            raise Invalid(error.sentence, **{**error.fields, "field": "addresses"}) from error

    async def _refuse_taken(self, contact_id: ContactId, addresses: list[Address]) -> None:
        held = await self._identities.get_many([identity_id(address) for address in addresses]) if addresses else {}
        for identity in held.values():
            if identity.contact_id != contact_id:
                raise await self._taken(identity)

    async def _taken(self, identity: Identity) -> Conflict:
        holder = await self._contacts.get(identity.contact_id)
        name = holder.name if holder else identity.contact_id
        sentence = f"{identity.address.normal} belongs to {name}; edit that contact instead."
        return Conflict(sentence, field="addresses", contact=identity.contact_id)

    async def _bind(self, actor: Actor, contact_id: ContactId, addresses: list[Address]) -> None:
        """A colleague's word verifies an address. All or none of the new ones: a claim lost on the way frees those
        that were made."""
        made: list[str] = []
        for address in addresses:
            identity = Identity(
                id=identity_id(address),
                contact_id=contact_id,
                address=address,
                strength=Strength.VERIFIED,
                source=f"user:{actor.id}",
                since=self._clock.now(),
            )
            match await self._identities.insert(identity):
                case Exists(current) if current.contact_id != contact_id:
                    for id in made:
                        await self._identities.delete(id)
                    raise await self._taken(current)
                case Exists(current):
                    if current.strength is not Strength.VERIFIED:
                        await self._identities.replace(replace(identity, since=current.since), current.version)
                case _:
                    made.append(identity.id)

    async def _told(self, actor: Actor, verb: str, contact: Contact, addresses: list[Address]) -> None:
        await self._search.put_names([name_entry(contact, addresses)])
        await self._audit.record(actor, verb, contact.id)
        self._events.publish(Event(topic=Topic.CONTACT, id=contact.id, contact=contact.id))


def _meant(text: str, matches: list[ContactMatch]) -> list[ContactMatch]:
    """Equality of an id, an address or a name of several words decides. A single word does not, even where somebody
    is called just that: "Müller" may be any Müller."""
    equal = [match for match in matches if match.score == EQUAL]
    by_key = [match for match in equal if match.address is not None or match.contact.id == text.strip()]
    if by_key:
        return by_key
    if equal and " " in fold(text):
        return equal
    return [match for match in matches if match.score >= EVERY_WORD]
