"""From a found id to what it stands for. Each prefix of an id (what stands before the first "_") has its resolver."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from hub.domain.address import Address
from hub.domain.finding import Material
from hub.domain.money import Money
from hub.ports.kinds import (
    APPOINTMENTS,
    CONTACTS,
    DOCUMENTS,
    IDENTITIES,
    INTERACTIONS,
    LEDGER,
    OCCASIONS,
    PLACEMENTS,
)
from hub.ports.store import Store
from hub.services.search.indexing import KIND_OF, moment_of
from hub.services.search.people import text_of

SHOWN_ADDRESSES = 50
Resolver = Callable[[Sequence[str]], Awaitable[Mapping[str, Material]]]
"""Ids to what they stand for, in one round trip or two; those that are gone are left out (the index may be ahead of a
deletion)."""


class Resolvers:
    """By prefix: "i" entries of timelines, "p" appointments, "c" contacts, "c/" bookings (their id is the contact's
    and more behind a "/"), "d" documents, "n" events."""

    def __init__(self, store: Store) -> None:
        self._interactions, self._placements = store.documents(INTERACTIONS), store.documents(PLACEMENTS)
        self._appointments, self._ledger = store.documents(APPOINTMENTS), store.documents(LEDGER)
        self._documents, self._occasions = store.documents(DOCUMENTS), store.documents(OCCASIONS)
        self._contacts, self._identities = store.documents(CONTACTS), store.documents(IDENTITIES)
        self._by_prefix: dict[str, Resolver] = {
            "i": self._entries,
            "p": self._meetings,
            "c": self._people,
            "c/": self._bookings,
            "d": self._files,
            "n": self._gatherings,
        }

    def add(self, prefix: str, resolver: Resolver) -> None:
        """Ids with this prefix are found too."""
        assert prefix not in self._by_prefix, prefix
        self._by_prefix[prefix] = resolver

    async def resolve(self, ids: Sequence[str]) -> dict[str, Material]:
        """Those that there are."""
        sorted_out: dict[str, list[str]] = {}
        for id in ids:
            prefix = id.partition("_")[0]
            sorted_out.setdefault(f"{prefix}/" if prefix == "c" and "/" in id else prefix, []).append(id)
        found: dict[str, Material] = {}
        for prefix, some in sorted_out.items():
            if (resolver := self._by_prefix.get(prefix)) is not None:
                found.update(await resolver(some))
        return found

    async def _entries(self, ids: Sequence[str]) -> Mapping[str, Material]:
        entries, placements = await self._interactions.get_many(ids), await self._placements.get_many(ids)
        return {
            id: Material(
                kind=one.kind.value,
                title=one.subject,
                at=one.at,
                text=one.text,
                contact_id=one.contact_id,
                conversation_id=placements[id].conversation_id if id in placements else None,
                channel=one.channel,
            )
            for id, one in entries.items()
        }

    async def _people(self, ids: Sequence[str]) -> Mapping[str, Material]:
        known = {id: one for id, one in (await self._contacts.get_many(ids)).items() if one.merged_into is None}
        pages = await asyncio.gather(
            *(
                self._identities.page("by_contact", member, limit=SHOWN_ADDRESSES)
                for one in known.values()
                for member in (one.id, *one.members)
            )
        )
        held: dict[str, list[Address]] = {}
        for identity in (identity for page in pages for identity in page.items):
            held.setdefault(identity.contact_id, []).append(identity.address)
        return {
            id: Material(
                kind="contact",
                title=one.name,
                at=one.created_at,
                text=text_of(one, [address for member in (one.id, *one.members) for address in held.get(member, [])]),
                contact_id=one.id,
            )
            for id, one in known.items()
        }

    async def _files(self, ids: Sequence[str]) -> Mapping[str, Material]:
        found = await self._documents.get_many(ids)
        return {
            id: Material(kind="document", title=one.name, at=one.at, text=one.excerpt, contact_id=one.contact_id)
            for id, one in found.items()
            if one.removed_at is None
        }

    async def _gatherings(self, ids: Sequence[str]) -> Mapping[str, Material]:
        found = await self._occasions.get_many(ids)
        return {
            id: Material(kind="event", title=one.title, at=one.start, text=f"{one.place}\n{one.description}".strip())
            for id, one in found.items()
        }

    async def _meetings(self, ids: Sequence[str]) -> Mapping[str, Material]:
        return {
            id: Material(
                kind="appointment",
                title=one.title,
                at=one.start,
                text=" · ".join(part for part in (one.location, one.notes) if part),
                contact_id=one.contact_id,
            )
            for id, one in (await self._appointments.get_many(ids)).items()
        }

    async def _bookings(self, ids: Sequence[str]) -> Mapping[str, Material]:
        return {
            id: Material(
                kind=KIND_OF[one.kind],
                title=one.number or one.reference,
                at=moment_of(one),
                text=" · ".join(part for part in (one.state, one.reference if one.number else "") if part),
                contact_id=one.contact_id,
                amount=Money(amount=one.amount, currency=one.currency),
            )
            for id, one in (await self._ledger.get_many(ids)).items()
            if one.kind in KIND_OF
        }
