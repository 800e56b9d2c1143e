"""Filling the index anew, step by step from the documents: what was never in it, and terms that are made otherwise
now. Each step may be repeated; a place is written `phase:id`, the last id that was looked at."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from hub.domain.errors import Invalid
from hub.domain.finding import Rebuilt
from hub.domain.interaction import Interaction, InteractionKind
from hub.domain.ledger import LedgerAccount
from hub.ports.kinds import APPOINTMENTS, CONTACTS, DOCUMENTS, INTERACTIONS, LEDGER_ACCOUNTS, OCCASIONS
from hub.ports.search import SearchEntry, Terms
from hub.ports.store import Store
from hub.services.ledger.stream import Streams
from hub.services.search.facets import entry_facets
from hub.services.search.findable import Findable
from hub.services.search.indexing import Indexing

STEP, ACCOUNTS = 200, 50
MOST_TERMS, MOST_LETTERS = 2_000, 200_000
SHARES = {"contacts": 10, "entries": 60, "appointments": 5, "accounts": 15, "documents": 9, "events": 1}
"""The phases in order, and about how much of the work each is, in per cent."""
PHASES = tuple(SHARES)
SPOKEN = (InteractionKind.MESSAGE, InteractionKind.NOTE, InteractionKind.CALL, InteractionKind.FAX)
LAST = "\U0010ffff"
Put = Callable[[Sequence[str]], Awaitable[None]]
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


class Filling:
    """Knows how each phase is filled."""

    def __init__(self, store: Store, terms: Terms, findable: Findable) -> None:
        self._search, self._terms, self._findable = store.search, terms, findable
        self._contacts, self._interactions = store.documents(CONTACTS), store.documents(INTERACTIONS)
        self._appointments, self._accounts = store.documents(APPOINTMENTS), store.documents(LEDGER_ACCOUNTS)
        self._documents, self._occasions = store.documents(DOCUMENTS), store.documents(OCCASIONS)
        self._streams, self._indexing = Streams(store), Indexing(store, terms)

    async def step(self, after: str = "") -> Rebuilt:
        """One step from this place on; '' is the first. Raises Invalid."""
        phase, _, last = (after or f"{PHASES[0]}:").partition(":")
        if phase not in PHASES:
            raise Invalid("This is no place of the search index; begin anew without one.", field="after")
        done, last_id = await {
            "contacts": self._fill_contacts,
            "entries": self._fill_entries,
            "appointments": self._fill_appointments,
            "accounts": self._fill_accounts,
            "documents": self._fill_documents,
            "events": self._fill_events,
        }[phase](last)
        if last_id:
            return Rebuilt(done=done, next=f"{phase}:{last_id}")
        later = PHASES[PHASES.index(phase) + 1 :]
        return Rebuilt(done=done, next=f"{later[0]}:" if later else None)

    async def _fill_contacts(self, after: str) -> tuple[int, str]:
        return await self._put("c_", after, await self._contacts.scan(after, STEP), self._findable.put_contacts)

    async def _put(self, prefix: str, after: str, found: Sequence[Any], put: Put) -> tuple[int, str]:
        """These, and those between them that the index names and that are gone."""
        ids = [one.id for one in found]
        await put(ids)
        last, place = ids[-1] if ids else prefix + LAST, max(after, prefix)
        while names := await self._search.scan_names(place, STEP):
            between = [one.id for one in names if one.id.startswith(prefix) and one.id < last]
            await put(sorted({*between} - {*ids}))
            place = names[-1].id
            if len(between) < len(names):
                break
        return len(ids), ids[-1] if ids else ""

    async def _fill_entries(self, after: str) -> tuple[int, str]:
        """What was indexed keeps its terms (files were read for them); those of its words as they are made now join."""
        found = await self._interactions.scan(after, STEP)
        if not found:
            return 0, ""
        known = await self._indexed(found)
        # Entries that tell of bookings and appointments are found as these, by whoever has the right.
        wanted = [one for one in found if one.id in known or one.kind in SPOKEN]
        fresh = await asyncio.to_thread(lambda: [self._entry(one, known.get(one.id)) for one in wanted])
        await self._search.put_many(fresh)
        # What was deleted meanwhile is not put again.
        left = await self._interactions.get_many([one.id for one in found])
        await self._search.remove([one.id for one in found if one.id not in left])
        return len(found), found[-1].id

    async def _indexed(self, found: Sequence[Interaction]) -> dict[str, SearchEntry]:
        """What the index holds of these, which are in order of their ids."""
        ids, known = {one.id for one in found}, dict[str, SearchEntry]()
        after, last = found[0].id[:-1], found[-1].id
        while after < last and (page := await self._search.scan(after, STEP)):
            known |= {one.id: one for one in page if one.id in ids}
            after = page[-1].id
        return known

    def _entry(self, one: Interaction, known: SearchEntry | None) -> SearchEntry:
        words = [one.subject, one.text[:MOST_LETTERS], *(file.name for file in one.attachments)]
        people = one.recipients if one.sender is None else (one.sender, *one.recipients)
        words += [f"{person.name} {person.address.normal}" for person in people]
        terms, facets = self._terms("\n".join(words)), entry_facets(one)
        if known is None:
            return SearchEntry(id=one.id, at=one.at, facets=facets, terms=terms)
        joined = tuple(dict.fromkeys((*known.terms, *terms)))
        if len(joined) > MOST_TERMS:
            joined = tuple(dict.fromkeys((*terms, *known.terms)))[:MOST_TERMS]
        return replace(known, facets=facets, terms=joined)

    async def _fill_appointments(self, after: str) -> tuple[int, str]:
        found = await self._appointments.scan(after, STEP)
        await self._indexing.put_appointments(found)
        return len(found), found[-1].id if found else ""

    async def _fill_accounts(self, after: str) -> tuple[int, str]:
        found: list[LedgerAccount] = await self._accounts.scan(after, ACCOUNTS)
        for line in found:
            account = await self._streams.load(line.contact_id, line.side)
            await self._indexing.put_bookings(list(account.entries.values()))
        return len(found), found[-1].id if found else ""

    async def _fill_documents(self, after: str) -> tuple[int, str]:
        """Their names; their words are put when they are read."""
        return await self._put("d_", after, await self._documents.scan(after, STEP), self._findable.put_documents)

    async def _fill_events(self, after: str) -> tuple[int, str]:
        return await self._put("n_", after, await self._occasions.scan(after, STEP), self._findable.put_occasions)


def percent_at(place: str) -> int:
    """About how much lies behind a place: ids are spread evenly, so that nothing need be counted."""
    phase, _, last = place.partition(":")
    before = 0
    for name, share in SHARES.items():
        if name == phase:
            return before + round(share * _spread(last))
        before += share
    return 0


def _spread(id: str) -> float:
    letters = [_ALPHABET.find(letter) for letter in id.partition("_")[2][:2]]
    if len(letters) < 2 or min(letters) < 0:
        return 0.0
    # In order of ids, digits stand before letters.
    first, second = (letter - 26 if letter >= 26 else letter + 6 for letter in letters)
    return (first * 32 + second) / 1024
