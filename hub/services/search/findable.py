"""What contacts, documents and events are found by, kept equal to what is written: read again from the store after
each change, one change at a time, so that whoever was last in the store is last in the index."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from hub.domain.address import Address
from hub.domain.contact import Contact
from hub.ports.clock import Clock
from hub.ports.kinds import CONTACTS, DOCUMENTS, IDENTITIES, OCCASIONS
from hub.ports.search import NameEntry, SearchEntry, Terms
from hub.ports.store import Store
from hub.services.matching import name_entry
from hub.services.search.people import contact_entry, survivors_of
from hub.services.search.unsettled import Unsettled

AT_ONCE = 500
MOST_ADDRESSES = 100


class Findable:
    """Fills the index from documents that are already written. `store`: the plain one."""

    def __init__(self, store: Store, terms: Terms, clock: Clock) -> None:
        self._search, self._terms = store.search, terms
        self._contacts, self._identities = store.documents(CONTACTS), store.documents(IDENTITIES)
        self._documents, self._occasions = store.documents(DOCUMENTS), store.documents(OCCASIONS)
        self._one = asyncio.Lock()
        self.unsettled = Unsettled(store, clock)

    async def put_contacts(self, ids: Sequence[str]) -> None:
        """Those that there are, as they are now; those that are gone are forgotten. A merged one is found through its
        survivor."""
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), AT_ONCE):
            async with self._one:
                await self._put_contacts(wanted[start : start + AT_ONCE])

    async def _put_contacts(self, ids: Sequence[str]) -> None:
        known = await self._contacts.get_many(ids)
        if further := [id for id in survivors_of(known.values()) if id not in known]:
            known |= await self._contacts.get_many(further)
        if further := [id for one in known.values() for id in one.members if id not in known]:
            known |= await self._contacts.get_many(further)
        addresses = await self._addresses(list(known))
        alone = [one for one in known.values() if one.merged_into is None]
        await self._search.put_many([self._entry(one, known, addresses) for one in alone])
        await self._search.put_names([name_entry(one, addresses[one.id]) for one in known.values()])
        gone = [id for id in ids if id not in known]
        await self._search.remove([*gone, *(one.id for one in known.values() if one.merged_into is not None)])
        await self._search.remove_names(gone)

    def _entry(self, one: Contact, known: dict[str, Contact], addresses: dict[str, list[Address]]) -> SearchEntry:
        members = [known[id] for id in one.members if id in known]
        held = [address for id in (one.id, *one.members) for address in addresses[id]]
        return contact_entry(one, members, held, self._terms)

    async def _addresses(self, ids: Sequence[str]) -> dict[str, list[Address]]:
        found: dict[str, list[Address]] = defaultdict(list)
        pages = await asyncio.gather(*(self._identities.page("by_contact", id, limit=MOST_ADDRESSES) for id in ids))
        for id, page in zip(ids, pages, strict=True):
            found[id] = [identity.address for identity in page.items]
        return found

    async def put_documents(self, ids: Sequence[str]) -> None:
        """The names of documents; those in the bin, and those that are gone, are forgotten."""
        if not ids:
            return
        async with self._one:
            known = await self._documents.get_many(ids)
            names = {id: one.name for id, one in known.items() if one.removed_at is None}
            await self._put_names(ids, names)

    async def put_occasions(self, ids: Sequence[str]) -> None:
        """The titles of events."""
        if not ids:
            return
        async with self._one:
            known = await self._occasions.get_many(ids)
            await self._put_names(ids, {id: f"{one.title} {one.place}" for id, one in known.items()})

    async def _put_names(self, ids: Sequence[str], names: dict[str, str]) -> None:
        await self._search.put_names([NameEntry(id=id, text=text) for id, text in names.items()])
        await self._search.remove_names([id for id in ids if id not in names])

    async def drop_entries(self, ids: Sequence[str]) -> None:
        """Entries of timelines that are gone: whoever filled the index meanwhile may have put them again."""
        await self._search.remove(ids)
