"""From a found id to what it stands for. Each prefix of an id (what stands before the first "_") has its resolver."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from hub.domain.finding import Material
from hub.domain.money import Money
from hub.ports.kinds import APPOINTMENTS, DOCUMENTS, INTERACTIONS, LEDGER, OCCASIONS, PLACEMENTS
from hub.ports.store import Store
from hub.services.search.indexing import KIND_OF, moment_of

Resolver = Callable[[Sequence[str]], Awaitable[Mapping[str, Material]]]
"""Ids to what they stand for, in one round trip or two; those that are gone are left out (the index may be ahead of a
deletion)."""


class Resolvers:
    """By prefix: "i" entries of timelines, "p" appointments, "c" bookings (their id begins with the contact's)."""

    def __init__(self, store: Store) -> None:
        self._interactions, self._placements = store.documents(INTERACTIONS), store.documents(PLACEMENTS)
        self._appointments, self._ledger = store.documents(APPOINTMENTS), store.documents(LEDGER)
        self._documents, self._occasions = store.documents(DOCUMENTS), store.documents(OCCASIONS)
        self._by_prefix: dict[str, Resolver] = {
            "i": self._entries,
            "p": self._meetings,
            "c": self._bookings,
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
            sorted_out.setdefault(id.partition("_")[0], []).append(id)
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
