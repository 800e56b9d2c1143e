"""Implements hub.ports.register_verbs.RegisterVerbs."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from hub.domain.contact import Contact, Identity
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.exchange import ImportReport, OnStep, no_step
from hub.domain.folding import fold
from hub.domain.ids import ContactId
from hub.domain.invite import ContactInvite
from hub.domain.merging import DuplicateProposal, UnmergeReport
from hub.domain.people import Actor, Right
from hub.domain.views import FileData
from hub.ports.addresses import AddressForms
from hub.ports.clock import Clock
from hub.ports.events import Event, Events, Topic
from hub.ports.kinds import CONTACTS, IDENTITIES
from hub.ports.store import Store
from hub.services.audit import Audit
from hub.services.drafts import check_tags
from hub.services.invites import Invites
from hub.services.ledger.csv_import import decode
from hub.services.merged import find_survivor
from hub.services.register.contact_csv import read_contacts, write_contacts
from hub.services.register.duplicates import find_duplicates
from hub.services.register.importing import Importing
from hub.services.register.joining import Joining
from hub.services.register.merging import Merging
from hub.services.register.vcard import read_cards, write_cards
from hub.services.rows import Rows

SWEPT = 20_000
"""Contacts that are compared with each other at once."""
MAX_EXPORT = 200_000
PAGE = 500
TRIES = 5
FORMS = {"csv": ("text/csv", "csv"), "vcard3": ("text/vcard", "vcf"), "vcard4": ("text/vcard", "vcf")}


class Register:
    """The verbs. `rows`: whose contacts an export holds. `merging` where others merge too: one at a time."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        audit: Audit,
        events: Events,
        forms: AddressForms,
        rows: Rows,
        merging: Merging | None = None,
        invites: Invites | None = None,
    ) -> None:
        self._contacts, self._identities = store.documents(CONTACTS), store.documents(IDENTITIES)
        self._audit, self._events, self._rows = audit, events, rows
        self._merging, self._invites = merging or Merging(store, clock), invites
        self.joining = Joining(store=store, audit=audit, merging=self._merging, told=self._told)
        self._importing = Importing(store, clock, forms)
        self.repair = self._merging.repair

    # Duplicates and merging

    async def duplicates(
        self, actor: Actor, contact_id: ContactId | None = None, limit: int = 20
    ) -> list[DuplicateProposal]:
        """See RegisterVerbs."""
        self._audit.permit(actor, Right.READ_CONTACTS, "register.duplicates", contact_id or "")
        if not 1 <= limit <= 200:
            raise Invalid("Between 1 and 200 proposals.", limit=limit)
        contacts = [contact async for contact in self._all(actor, SWEPT)]
        identities = await self._addresses([contact.id for contact in contacts])
        found = await asyncio.to_thread(find_duplicates, contacts, identities, contact_id or "")
        await self._audit.seen(actor, "register.duplicates", contact_id or "")
        return found[:limit]

    async def _all(self, actor: Actor, most: int) -> AsyncIterator[Contact]:
        """Those that the actor sees, by id; members of others are part of them."""
        after, count = "", 0
        while count < most:
            batch = await self._contacts.scan(after, PAGE)
            if not batch:
                return
            after = batch[-1].id
            count += len(batch)
            for contact in batch:
                if contact.merged_into is None and self._rows.shows(actor, contact):
                    yield contact

    async def _addresses(self, ids: Sequence[ContactId]) -> dict[str, list[Identity]]:
        """Of many contacts: one walk through the identities costs less than a question for each."""
        wanted, found = set(ids), defaultdict[str, list[Identity]](list)
        after = ""
        while batch := await self._identities.scan(after, 1_000):
            after = batch[-1].id
            for identity in batch:
                if identity.contact_id in wanted:
                    found[identity.contact_id].append(identity)
        return found

    async def merge(
        self, actor: Actor, survivor_id: ContactId, member_id: ContactId, *, fields: Sequence[str] = (), key: str
    ) -> Contact:
        """See RegisterVerbs."""
        self._audit.permit(actor, Right.MERGE_CONTACTS, "register.merge", survivor_id)
        merged = await self._merging.merge(
            survivor_id, member_id, fields, by=f"{actor.kind.value}:{actor.id}", key=f"{actor.id}|{key}"
        )
        await self._audit.record(actor, "register.merge", survivor_id, detail=member_id)
        self._told(survivor_id, member_id)
        return merged

    async def unmerge(self, actor: Actor, survivor_id: ContactId, member_id: ContactId, *, key: str) -> UnmergeReport:
        """See RegisterVerbs."""
        self._audit.permit(actor, Right.MERGE_CONTACTS, "register.unmerge", survivor_id)
        report = await self._merging.unmerge(survivor_id, member_id)
        await self._audit.record(actor, "register.unmerge", survivor_id, detail=member_id)
        self._told(survivor_id, member_id)
        return report

    def _told(self, *ids: ContactId) -> None:
        for id in ids:
            self._events.publish(Event(topic=Topic.CONTACT, id=id, contact=id))

    async def invite(self, actor: Actor, contact_id: ContactId, *, vouched: bool = False) -> ContactInvite:
        """See RegisterVerbs."""
        if self._invites is None:
            raise NotFound("Nobody can be invited here.")
        return await self._invites.make(actor, contact_id, vouched=vouched)

    # Tags

    async def tag(self, actor: Actor, contact_id: ContactId, tag: str, on: bool = True) -> Contact:
        """See RegisterVerbs."""
        self._audit.permit(actor, Right.EDIT_CONTACTS, "register.tag", contact_id)
        (wanted,) = check_tags((tag,)) or ("",)
        if not wanted:
            raise Invalid("A tag has letters or digits.", field="tag")
        for _ in range(TRIES):
            contact = await find_survivor(self._contacts, contact_id)
            if contact is None:
                raise NotFound("There is no such contact.")
            others = tuple(one for one in contact.tags if fold(one) != fold(wanted))
            tags = check_tags((*others, wanted)) if on else others
            if tags == contact.tags:
                return contact
            if await self._contacts.replace(replace(contact, tags=tags), contact.version):
                await self._audit.record(actor, "register.tag", contact.id, detail=f"{wanted} {on}")
                self._told(contact.id)
                return replace(contact, tags=tags, version=contact.version + 1)
        raise Conflict("The contact changes all the time; try again.")

    # Files

    async def import_csv(
        self,
        actor: Actor,
        data: bytes,
        *,
        mapping: Mapping[str, str] | None = None,
        dry_run: bool,
        on_step: OnStep = no_step,
    ) -> ImportReport:
        """See RegisterVerbs."""
        self._audit.permit(actor, Right.EDIT_CONTACTS, "register.import")
        rows = await asyncio.to_thread(lambda: read_contacts(decode(data), mapping))
        return await self._reported(actor, await self._importing.take(rows, dry_run=dry_run, on_step=on_step))

    async def import_vcard(
        self, actor: Actor, data: bytes, *, dry_run: bool, on_step: OnStep = no_step
    ) -> ImportReport:
        """See RegisterVerbs."""
        self._audit.permit(actor, Right.EDIT_CONTACTS, "register.import")
        rows = await asyncio.to_thread(lambda: read_cards(decode(data)))
        return await self._reported(actor, await self._importing.take(rows, dry_run=dry_run, on_step=on_step))

    async def _reported(self, actor: Actor, report: ImportReport) -> ImportReport:
        if report.written:
            await self._audit.record(actor, "register.import", detail=f"{report.new} new of {report.rows}")
        else:
            await self._audit.seen(actor, "register.import", "dry-run")
        return report

    async def export(self, actor: Actor, form: str) -> FileData:
        """See RegisterVerbs."""
        self._audit.permit(actor, Right.EXPORT_CONTACTS, "register.export", form)
        if form not in FORMS:
            raise Invalid(f"The forms are {', '.join(FORMS)}.", field="form")
        contacts = [contact async for contact in self._all(actor, MAX_EXPORT)]
        identities = await self._addresses([contact.id for contact in contacts])
        pairs = [(one, identities.get(one.id, [])) for one in sorted(contacts, key=lambda one: (one.sort_name, one.id))]
        if form == "csv":
            data = await asyncio.to_thread(write_contacts, pairs)
        else:
            data = await asyncio.to_thread(write_cards, pairs, "3.0" if form == "vcard3" else "4.0")
        await self._audit.record(actor, "register.export", detail=f"{len(pairs)} contacts as {form}")
        media, ending = FORMS[form]
        return FileData(name=f"contacts.{ending}", type=media, data=data)
