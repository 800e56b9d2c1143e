"""Verbs of the contact register beyond the single card: duplicates, merging, tags, import and export
(hub/services/register/)."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from hub.domain.contact import Contact
from hub.domain.exchange import ImportReport, OnStep, no_step
from hub.domain.ids import ContactId
from hub.domain.invite import ContactInvite
from hub.domain.merging import DuplicateProposal, UnmergeReport
from hub.domain.people import Actor
from hub.domain.views import FileData


class RegisterVerbs(Protocol):
    """Rights: READ_CONTACTS, EDIT_CONTACTS, MERGE_CONTACTS, EXPORT_CONTACTS."""

    async def duplicates(
        self, actor: Actor, contact_id: ContactId | None = None, limit: int = 20
    ) -> list[DuplicateProposal]:
        """Pairs that may be one, best first; of one contact, or of all (the first 20,000)."""

    async def merge(
        self, actor: Actor, survivor_id: ContactId, member_id: ContactId, *, fields: Sequence[str] = (), key: str
    ) -> Contact:
        """`fields` are taken from the member; what only the member has is too. Entries, addresses and bookings keep the
        contact that they belong to; the survivor lists its members. The same key merges once. Raises Invalid,
        Conflict, NotFound."""

    async def unmerge(self, actor: Actor, survivor_id: ContactId, member_id: ContactId, *, key: str) -> UnmergeReport:
        """Exactly as before the merge; fields changed since then keep the newer value."""

    async def tag(self, actor: Actor, contact_id: ContactId, tag: str, on: bool = True) -> Contact: ...

    async def invite(self, actor: Actor, contact_id: ContactId, *, vouched: bool = False) -> ContactInvite:
        """A link that the contact opens to be known by their chat account; a week, one use, shown once. `vouched`: the
        colleague hands it to the contact and nobody else, so that the account counts as verified; else a code proves
        it before anything is told. Right: EDIT_CONTACTS."""

    async def import_csv(
        self,
        actor: Actor,
        data: bytes,
        *,
        mapping: Mapping[str, str] | None = None,
        dry_run: bool,
        on_step: OnStep = no_step,
    ) -> ImportReport:
        """`name,organisation,email,phone,role,city,language`, or other columns by `mapping` (ours -> theirs). UTF-8 or
        cp1252; comma, semicolon or tab. All rows or none; the same file twice makes nothing twice,
        also one that was cut off. `on_step`: see ImportStep."""

    async def import_vcard(
        self, actor: Actor, data: bytes, *, dry_run: bool, on_step: OnStep = no_step
    ) -> ImportReport:
        """vCard 2.1 (read tolerantly), 3.0 and 4.0."""

    async def export(self, actor: Actor, form: str) -> FileData:
        """`csv`, `vcard3` or `vcard4`; the contacts that the actor may see. Cells that a spreadsheet would take for a
        formula are defused."""
