"""Merging two contacts, and taking them apart again exactly.

The survivor lists its members; the member stays as a sign that leads to the survivor. Entries, addresses, conversations
and bookings keep the contact that they belong to, so that a merge moves nothing and an unmerge has nothing to move
back. What the merge changed are three documents, each by version: journal, survivor, member. The journal comes first,
and a crash in between is finished from it (`repair`).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import fields, replace

from hub.domain.contact import Contact
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.folding import fold
from hub.domain.ids import ContactId, derived_id
from hub.domain.interaction import Interaction, InteractionKind
from hub.domain.merging import Merge, MergeState, UnmergeReport
from hub.ports.clock import Clock
from hub.ports.kinds import CONTACTS, INTERACTIONS, MERGES
from hub.ports.store import Exists, Store

TRIES = 5
MOST_MEMBERS = 49
FIELDS = ("name", "kind", "organisation", "department", "city", "language", "owner", "notes", "preferred_channel")
LISTS = ("roles", "tags", "custom", "relations", "consents")
"""Fields that are joined where they are chosen; the others are taken."""
CHOOSABLE = (*FIELDS, *LISTS)
assert set(CHOOSABLE) <= {field.name for field in fields(Contact)}


class Merging:
    """Merges and unmerges; rights and audit are the caller's."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._contacts, self._journal = store.documents(CONTACTS), store.documents(MERGES)
        self._entries = store.documents(INTERACTIONS)
        self._clock, self._one = clock, asyncio.Lock()

    async def merge(
        self, survivor_id: ContactId, member_id: ContactId, chosen: Sequence[str], *, by: str, key: str
    ) -> Contact:
        """Raises Invalid, NotFound, Conflict. The same key merges once."""
        journal_id = derived_id("w", survivor_id, member_id, key)
        # One at a time: two merges crosswise would lead in a circle. One hub holds a store.
        async with self._one:
            known = await self._journal.get(journal_id)
            if known is None:
                known = await self._begin(journal_id, survivor_id, member_id, chosen, by)
            if known.state is MergeState.MERGING:
                await self._carry_out(known)
        survivor = await self._contacts.get(survivor_id)
        if survivor is None:
            raise NotFound("There is no such contact.")
        return survivor

    async def _begin(
        self, journal_id: str, survivor_id: ContactId, member_id: ContactId, chosen: Sequence[str], by: str
    ) -> Merge:
        survivor, member = await self._contacts.get(survivor_id), await self._contacts.get(member_id)
        if survivor is None or member is None:
            raise NotFound("There is no such contact.")
        if survivor.id == member.id:
            raise Invalid("These are the same contact.", field="member")
        if survivor.merged_into or member.merged_into:
            raise Conflict("One of these was merged into another contact already.", field="member")
        unknown = [name for name in chosen if name not in CHOOSABLE]
        if unknown:
            raise Invalid(f"Fields that can be taken: {', '.join(CHOOSABLE)}.", field="fields")
        if len(survivor.members) + len(member.members) + 1 > MOST_MEMBERS:
            raise Conflict(f"A contact has at most {MOST_MEMBERS} members.", field="member")
        taken = tuple(dict.fromkeys((*chosen, *_gaps(survivor, member))))
        now = self._clock.now()
        journal = Merge(
            id=journal_id,
            survivor_id=survivor.id,
            member_id=member.id,
            before_survivor=survivor,
            before_member=member,
            after_survivor=_merged(survivor, member, taken),
            chosen=taken,
            at=now,
            by=by,
            open_since=now,
        )
        match await self._journal.insert(journal):
            case Exists(current):
                return current
        return replace(journal, version=1)

    async def _carry_out(self, journal: Merge) -> None:
        """From the journal; each step may have been done already."""
        for _ in range(TRIES):
            survivor = await self._contacts.get(journal.survivor_id)
            if survivor is None or journal.member_id in survivor.members:
                break
            # What a colleague changed since the journal was written stays; the chosen fields follow the journal.
            merged = _merged(survivor, journal.before_member, journal.chosen)
            if await self._contacts.replace(merged, survivor.version):
                break
        else:
            raise Conflict("The contact changes all the time; try again.")
        await self._point(journal.member_id, journal.survivor_id)
        await self._settle(journal, MergeState.MERGED)

    async def _point(self, member_id: ContactId, survivor_id: ContactId | None) -> None:
        for _ in range(TRIES):
            member = await self._contacts.get(member_id)
            if member is None or member.merged_into == survivor_id:
                return
            if await self._contacts.replace(replace(member, merged_into=survivor_id), member.version):
                return
        raise Conflict("The contact changes all the time; try again.")

    async def _settle(self, journal: Merge, state: MergeState) -> None:
        undone = self._clock.now() if state is MergeState.UNDONE else journal.undone_at
        settled = replace(journal, state=state, open_since=None, undone_at=undone)
        await self._journal.replace(settled, journal.version)

    # Taking apart

    async def unmerge(self, survivor_id: ContactId, member_id: ContactId) -> UnmergeReport:
        """Raises NotFound where they are not merged, Conflict."""
        async with self._one:
            return await self._unmerge(survivor_id, member_id)

    async def _unmerge(self, survivor_id: ContactId, member_id: ContactId) -> UnmergeReport:
        journal = await self._last(survivor_id, member_id)
        if journal is None:
            raise NotFound("These contacts are not merged.")
        if journal.state is MergeState.MERGED:
            opened = replace(journal, state=MergeState.UNMERGING, open_since=self._clock.now())
            if not await self._journal.replace(opened, journal.version):
                raise Conflict("Somebody else takes this merge apart already.")
            journal = replace(opened, version=journal.version + 1)
        await self._take_apart(journal)
        survivor, member = await self._contacts.get(survivor_id), await self._contacts.get(member_id)
        if survivor is None or member is None:
            raise NotFound("There is no such contact.")
        return UnmergeReport(survivor=survivor, member=member, kept=await self._kept(journal))

    async def _last(self, survivor_id: ContactId, member_id: ContactId) -> Merge | None:
        page = await self._journal.page("by_member", member_id, limit=100, newest_first=True)
        for one in page.items:
            if one.survivor_id == survivor_id and one.state is not MergeState.UNDONE:
                return one
        return None

    async def _take_apart(self, journal: Merge) -> None:
        leaving = {journal.member_id, *journal.before_member.members}
        for _ in range(TRIES):
            survivor = await self._contacts.get(journal.survivor_id)
            if survivor is None or journal.member_id not in survivor.members:
                break
            restored = _restored(survivor, journal)
            restored = replace(restored, members=tuple(one for one in survivor.members if one not in leaving))
            if await self._contacts.replace(restored, survivor.version):
                break
        else:
            raise Conflict("The contact changes all the time; try again.")
        await self._point(journal.member_id, None)
        await self._settle(journal, MergeState.UNDONE)

    async def _kept(self, journal: Merge) -> tuple[str, ...]:
        """Entries written by hand on the survivor since the merge: whom they are about only a person can tell."""
        page = await self._entries.page("timeline", journal.survivor_id, since=journal.at, limit=200)
        return tuple(entry.id for entry in page.items if _by_hand(entry))

    # After a crash

    async def repair(self) -> int:
        """Finish what a crash left half done; how many."""
        count = 0
        for journal in (await self._journal.page("open", limit=500)).items:
            if journal.state is MergeState.MERGING:
                await self._carry_out(journal)
            elif journal.state is MergeState.UNMERGING:
                await self._take_apart(journal)
            count += 1
        return count


def _by_hand(entry: Interaction) -> bool:
    return entry.kind in (InteractionKind.NOTE, InteractionKind.CALL)


def _gaps(survivor: Contact, member: Contact) -> list[str]:
    """Fields that only the member has, and lists of which it has more."""
    missing = [name for name in FIELDS if not getattr(survivor, name) and getattr(member, name)]
    return missing + [name for name in LISTS if set(getattr(member, name)) - set(getattr(survivor, name))]


def _merged(survivor: Contact, member: Contact, chosen: Sequence[str]) -> Contact:
    values: dict[str, object] = {}
    for name in chosen:
        own, other = getattr(survivor, name), getattr(member, name)
        if name == "custom":
            values[name] = (*own, *(one for one in other if one.name not in {it.name for it in own}))
        else:
            values[name] = tuple(dict.fromkeys((*own, *other))) if name in LISTS else other
    members = tuple(dict.fromkeys((*survivor.members, member.id, *member.members)))
    merged = replace(survivor, members=members, **values)  # type: ignore[arg-type]
    return replace(merged, sort_name=fold(merged.name), provisional=survivor.provisional and member.provisional)


def _restored(survivor: Contact, journal: Merge) -> Contact:
    """Each field that the merge changed, as it was before, unless somebody has changed it since."""
    values: dict[str, object] = {}
    for name in (*journal.chosen, "provisional"):
        if getattr(survivor, name) == getattr(journal.after_survivor, name):
            values[name] = getattr(journal.before_survivor, name)
    restored = replace(survivor, **values)  # type: ignore[arg-type]
    return replace(restored, sort_name=fold(restored.name))
