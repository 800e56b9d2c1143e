"""Contacts from a file, all rows or none: the whole file is checked first, and one row that cannot be taken stops it.

A row whose address belongs to a contact already is that contact, and fills in what the row says; a row of exactly the
same name and organisation without any address too. Everything else is new, under an id derived from what it says, so
that the same file twice makes nothing twice.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hub.domain.address import Address
from hub.domain.contact import Contact, Identity, identity_id
from hub.domain.errors import FernamtError, Invalid
from hub.domain.exchange import ImportReport, ImportStep, OnStep, RowProblem, no_step
from hub.domain.folding import fold
from hub.domain.ids import ContactId, derived_id
from hub.domain.message import Strength
from hub.ports.addresses import AddressForms
from hub.ports.clock import Clock
from hub.ports.kinds import CONTACTS, IDENTITIES
from hub.ports.store import Exists, Store
from hub.services.drafts import apply_draft
from hub.services.matching import name_entry
from hub.services.merged import find_survivor
from hub.services.register.contact_csv import ImportedContact

MAX_PROBLEMS = 100
PREVIEWED = 10
BATCH = 500
SOURCE = "import"
HEADINGS = ("name", "organisation", "city", "addresses", "")


@dataclass(slots=True)
class _Plan:
    """What becomes of one row. `before` None: a new contact."""

    contact: Contact
    before: Contact | None
    addresses: tuple[Address, ...]

    @property
    def news(self) -> str:
        if self.before is None:
            return "new"
        return "same" if self.contact == self.before and not self.addresses else "changed"


class Importing:
    """Plans and writes. Rights and audit are the caller's."""

    def __init__(self, store: Store, clock: Clock, forms: AddressForms) -> None:
        self._contacts, self._identities = store.documents(CONTACTS), store.documents(IDENTITIES)
        self._search, self._clock, self._forms = store.search, clock, forms

    async def take(self, rows: Sequence[ImportedContact], *, dry_run: bool, on_step: OnStep = no_step) -> ImportReport:
        """See RegisterVerbs.import_csv. Raises StoreUnavailable; what was written then is the same at the next try."""
        plans, problems = await self._plan(rows, on_step)
        counts = {name: sum(plan.news == name for plan in plans) for name in ("new", "changed", "same")}
        written = not dry_run and not problems
        if written:
            for start in range(0, len(plans), BATCH):
                await self._write(plans[start : start + BATCH])
                await on_step(ImportStep(stage="writing", done=min(start + BATCH, len(plans)), rows=len(plans)))
        shown = [
            (one.contact.name, one.contact.organisation, one.contact.city, ", ".join(a.normal for a in one.addresses),
             one.news)
            for one in plans[:PREVIEWED]
        ]  # fmt: skip
        return ImportReport(
            rows=len(rows),
            new=counts["new"],
            changed=counts["changed"],
            same=counts["same"],
            problems=tuple(problems[:MAX_PROBLEMS]),
            more_problems=max(0, len(problems) - MAX_PROBLEMS),
            preview=(HEADINGS, *shown),
            written=written,
        )

    async def _plan(self, rows: Sequence[ImportedContact], on_step: OnStep) -> tuple[list[_Plan], list[RowProblem]]:
        plans: list[_Plan] = []
        problems: list[RowProblem] = []
        claimed: dict[str, int] = {}
        for start in range(0, len(rows), BATCH):
            for row in rows[start : start + BATCH]:
                try:
                    plan = await self._plan_row(row)
                except FernamtError as error:
                    field = str(error.fields.get("field", ""))
                    problems.append(RowProblem(row=row.row, field=field, sentence=error.sentence))
                    continue
                twice = [key for key in (plan.contact.id, *(a.key for a in plan.addresses)) if key in claimed]
                if twice:
                    sentence = f"This is the same contact as in row {claimed[twice[0]]}."
                    problems.append(RowProblem(row=row.row, field="name", sentence=sentence))
                    continue
                claimed.update(dict.fromkeys((plan.contact.id, *(a.key for a in plan.addresses)), row.row))
                plans.append(plan)
            await on_step(ImportStep(stage="checking", done=min(start + BATCH, len(rows)), rows=len(rows)))
            await asyncio.sleep(0)
        return plans, problems

    def _address(self, form: str, text: str) -> Address:
        """Raises Invalid that names the column."""
        try:
            return self._forms.normalise(form, text)
        except Invalid as error:
            raise Invalid(error.sentence, field=form) from error

    async def _plan_row(self, row: ImportedContact) -> _Plan:
        draft = row.draft
        addresses = list(dict.fromkeys(self._address(form, text) for form, text in draft.addresses))
        held = await self._identities.get_many([identity_id(one) for one in addresses]) if addresses else {}
        holders = {identity.contact_id for identity in held.values()}
        if len(holders) > 1:
            raise Invalid("Its addresses belong to different contacts; merge them first.", field="email")
        known: Contact | None = None
        if holders:
            known = await find_survivor(self._contacts, holders.pop())
        elif not addresses:
            known = await self._same_name(draft.name or "", draft.organisation or "")
        if known is None:
            now = self._clock.now()
            said = [one.key for one in addresses] or [fold(draft.name or ""), fold(draft.organisation or "")]
            id = ContactId(derived_id("c", "import", *said))
            blank = Contact(id=id, name="", sort_name="", created_at=now)
            earlier = await self._contacts.get(id)
            return _Plan(apply_draft(earlier or blank, draft), earlier, tuple(addresses))
        fresh = tuple(one for one in addresses if identity_id(one) not in held)
        # A name that people know somebody by is not replaced by a file's spelling of it.
        changed = apply_draft(known, replace(draft, name=None if not known.provisional else draft.name, confirm=True))
        return _Plan(changed, known, fresh)

    async def _same_name(self, name: str, organisation: str) -> Contact | None:
        page = await self._contacts.page("by_name", fold(name), limit=50)
        for contact in page.items:
            if fold(contact.organisation) == fold(organisation) and contact.merged_into is None:
                return contact
        return None

    async def _write(self, plans: Sequence[_Plan]) -> None:
        """Contacts before their claims: a crash leaves contacts without addresses, never the other way about."""
        fresh = [plan.contact for plan in plans if plan.before is None]
        if fresh:
            await self._contacts.insert_many(fresh)
        for plan in plans:
            if plan.before is not None and plan.contact != plan.before:
                await self._contacts.replace(plan.contact, plan.before.version)
        claims = [self._claim(plan.contact.id, address) for plan in plans for address in plan.addresses]
        for start in range(0, len(claims), BATCH):
            for claim, result in zip(
                claims[start : start + BATCH],
                await self._identities.insert_many(claims[start : start + BATCH]),
                strict=True,
            ):
                # The contact's own address that only a message had claimed is ours now too.
                if isinstance(result, Exists) and result.current.contact_id == claim.contact_id:
                    await self._identities.replace(replace(claim, since=result.current.since), result.current.version)
        await self._search.put_names([name_entry(plan.contact, plan.addresses) for plan in plans])

    def _claim(self, contact_id: ContactId, address: Address) -> Identity:
        return Identity(
            id=identity_id(address),
            contact_id=contact_id,
            address=address,
            strength=Strength.CLAIMED,
            source=SOURCE,
            since=self._clock.now(),
        )
