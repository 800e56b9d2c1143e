"""Verbs of the ledger (hub/services/accounts.py). Rights: READ_ACCOUNTS, BOOK."""

from datetime import date
from typing import Protocol

from hub.domain.exchange import ImportReport, OnStep, no_step
from hub.domain.ids import ContactId
from hub.domain.ledger import (
    AccountSummary,
    AgeingRow,
    DunningDraft,
    EntryDraft,
    LedgerEntry,
    OpenItem,
    OrderLine,
    Side,
)
from hub.domain.people import Actor
from hub.domain.views import FileData
from hub.ports.store import Page


class AccountVerbs(Protocol):
    """Reading is audited by contact; booking by entry."""

    async def summary(self, actor: Actor, contact_id: ContactId, side: Side = Side.RECEIVABLE) -> AccountSummary:
        """Balance and open items; empty where nothing was ever booked. Of a merged contact: all members' accounts."""

    async def entries(
        self, actor: Actor, contact_id: ContactId, after: str | None = None, limit: int = 50
    ) -> Page[LedgerEntry]:
        """By the day that they are of, newest first; of one day those booked last first."""

    async def overdue(self, actor: Actor, limit: int = 50) -> list[OpenItem]:
        """Of everybody the actor may see, longest overdue first."""

    async def ageing(self, actor: Actor) -> list[AgeingRow]:
        """Largest total first."""

    async def invoice(self, actor: Actor, number: str) -> OpenItem:
        """The invoice (or credit note) of that number as it stands. Raises NotFound, Ambiguous."""

    async def orders(self, actor: Actor, contact_id: ContactId) -> list[OrderLine]:
        """Newest first, at most 100."""

    async def order(self, actor: Actor, number: str) -> OrderLine:
        """Raises NotFound, Ambiguous."""

    async def post(self, actor: Actor, draft: EntryDraft, *, key: str) -> LedgerEntry:
        """Book. The same key books once, and so does the same invoice number of one contact and side. On a merged
        contact it goes to the account that it is about (hub/services/ledger/family.py). Raises Invalid, Ambiguous,
        Conflict (fields["code"]: "over-allocated", "booked-before", "several-accounts")."""

    async def reverse(self, actor: Actor, entry_id: str, reason: str, *, key: str) -> LedgerEntry:
        """Take an entry back by a new one that names it; once. Raises NotFound, Conflict."""

    async def import_csv(self, actor: Actor, data: bytes, *, dry_run: bool, on_step: OnStep = no_step) -> ImportReport:
        """`contact,kind,number,date,due,amount,currency,reference`. All rows or none; the same file twice books
        nothing twice, also one that was cut off. `on_step`: see ImportStep."""

    async def statement(
        self, actor: Actor, contact_id: ContactId, *, since: date | None = None, until: date | None = None
    ) -> FileData:
        """A PDF in the contact's language."""

    async def draft_reminders(self, actor: Actor, contact_id: ContactId | None = None) -> list[DunningDraft]:
        """The next payment reminder for each contact with overdue items (or for this one)."""

    async def send_reminder(self, actor: Actor, contact_id: ContactId, level: int, *, key: str) -> DunningDraft:
        """Submit it through the outbox. Raises Conflict where it is not what `draft_reminders` would propose now."""

    async def stop_reminders(self, actor: Actor, contact_id: ContactId, stopped: bool) -> None:
        """A colleague's stop condition (dispute, agreement)."""
