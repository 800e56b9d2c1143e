"""Accounts: what is owed, what is booked, and payment reminders. The rules are in hub/services/ledger."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from hub.domain.contact import Contact
from hub.domain.errors import Ambiguous, Conflict, NotFound
from hub.domain.exchange import ImportReport, OnStep, no_step
from hub.domain.ids import ContactId, InteractionId, derived_id
from hub.domain.interaction import Direction, Interaction, InteractionKind
from hub.domain.ledger import (
    AccountSummary,
    AgeingRow,
    DunningDraft,
    EntryDraft,
    EntryKind,
    LedgerEntry,
    OpenItem,
    OrderLine,
    Side,
)
from hub.domain.money import Money
from hub.domain.people import Actor, Right
from hub.domain.views import FileData
from hub.ports.clock import Clock
from hub.ports.events import Event, Events, Topic
from hub.ports.kinds import CONTACTS, INTERACTIONS, LEDGER, LEDGER_ACCOUNTS
from hub.ports.store import Page, Store
from hub.services.audit import Audit
from hub.services.ledger import dunning, statement
from hub.services.ledger.ageing import list_ageing
from hub.services.ledger.booking import enter, take_back
from hub.services.ledger.bookings import page_bookings, sort_bookings
from hub.services.ledger.family import choose_account, load_family, open_items
from hub.services.ledger.fold import Account, account_id, fold
from hub.services.ledger.importing import import_rows
from hub.services.ledger.posting import check_draft
from hub.services.ledger.reminders import Letters, PaymentReminders
from hub.services.ledger.stream import Index, Streams
from hub.services.merged import find_survivor

MAX_ACCOUNTS, MAX_ITEMS, SHOWN_ORDERS = 2_000, 200, 100
TIMELINE = {
    EntryKind.ORDER: InteractionKind.ORDER,
    EntryKind.PAYMENT: InteractionKind.PAYMENT,
    EntryKind.REFUND: InteractionKind.PAYMENT,
}


class Accounts:
    """Implements hub.ports.account_verbs.AccountVerbs."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        audit: Audit,
        events: Events,
        resolve: Callable[[Actor, str], Awaitable[Contact]],
        letters: Letters,
        company: str,
        time_zone: str,
        rules: dunning.DunningRules | None = None,
        news: Callable[[Actor, LedgerEntry, Contact], Awaitable[object]] | None = None,
        index: Index | None = None,
    ) -> None:
        """`news`: awaited after each payment that somebody booked; told again under the same id by a repetition."""
        self._contacts, self._interactions = store.documents(CONTACTS), store.documents(INTERACTIONS)
        self._ledger, self._lines = store.documents(LEDGER), store.documents(LEDGER_ACCOUNTS)
        self._streams = Streams(store, index)
        self._clock, self._audit, self._events = clock, audit, events
        self._resolve, self._company, self._zone = resolve, company, ZoneInfo(time_zone)
        self._news, self._joint = news, asyncio.Lock()
        self._dunning = PaymentReminders(
            store=store, clock=clock, streams=self._streams, letters=letters, company=company, rules=rules
        )

    def _today(self) -> date:
        return self._clock.now().astimezone(self._zone).date()

    async def _contact(self, contact_id: ContactId) -> Contact:
        contact = await find_survivor(self._contacts, contact_id)
        if contact is None:
            raise NotFound("There is no such contact.", id=contact_id)
        return contact

    # Reading

    async def summary(self, actor: Actor, contact_id: ContactId, side: Side = Side.RECEIVABLE) -> AccountSummary:
        """See AccountVerbs."""
        self._audit.permit(actor, Right.READ_ACCOUNTS, "accounts.summary", contact_id)
        contact = await self._contact(contact_id)
        items: list[OpenItem] = []
        balances: dict[str, Decimal] = {}
        overdue: dict[str, Decimal] = {}
        for member, account in await load_family(self._streams, contact, side):
            line = await self._lines.get(account_id(member, side))
            items += dunning.with_levels(open_items(contact, account, self._today()), line)
            _add(balances, account.sums())
            _add(overdue, account.overdue(self._today()))
        await self._audit.seen(actor, "accounts.summary", contact_id)
        return AccountSummary(
            contact_id=contact.id,
            contact_name=contact.name,
            side=side,
            balances=_sums(balances),
            overdue=_sums(overdue),
            open_items=tuple(sorted(items, key=lambda it: (it.open < 0, it.due or it.date, it.number)))[:MAX_ITEMS],
        )

    async def entries(
        self, actor: Actor, contact_id: ContactId, after: str | None = None, limit: int = 50
    ) -> Page[LedgerEntry]:
        """See AccountVerbs."""
        self._audit.permit(actor, Right.READ_ACCOUNTS, "accounts.entries", contact_id)
        contact = await self._contact(contact_id)
        await self._audit.seen(actor, "accounts.entries", contact_id)
        booked = [
            entry
            for side in Side
            for _, account in await load_family(self._streams, contact, side)
            for entry in account.entries.values()
        ]
        return page_bookings(booked, after, limit)

    async def overdue(self, actor: Actor, limit: int = 50) -> list[OpenItem]:
        """See AccountVerbs."""
        self._audit.permit(actor, Right.READ_ACCOUNTS, "accounts.overdue")
        await self._audit.seen(actor, "accounts.overdue")
        today = self._today()
        found = [
            item
            for contact, accounts in await self._open(today)
            for account in accounts
            for item in open_items(contact, account, today)
            if item.days_overdue > 0
        ]
        return sorted(found, key=lambda it: (-it.days_overdue, it.number))[:limit]

    async def due_between(self, first: date, last: date) -> list[tuple[Contact, OpenItem]]:
        """Open invoices that were due from `first` to `last`, with whose they are. No verb: for the morning's news,
        which ask for the rights of whom they tell."""
        return [
            (contact, item)
            for contact, accounts in await self._open(last)
            for account in accounts
            for item in open_items(contact, account, self._today())
            if item.due is not None and first <= item.due <= last
        ]

    async def _open(self, until: date | None) -> list[tuple[Contact, list[Account]]]:
        """Who has open invoices, each with all their accounts; earliest due first."""
        lines = await self._streams.open_accounts(Side.RECEIVABLE, until, MAX_ACCOUNTS)
        contacts: dict[str, Contact] = {}
        for start in range(0, len(lines), 1_000):
            contacts |= await self._contacts.get_many([line.contact_id for line in lines[start : start + 1_000]])
        found: dict[str, tuple[Contact, list[Account]]] = {}
        for line in lines:
            contact = contacts.get(line.contact_id)
            if contact is not None and contact.merged_into is not None:
                contact = await find_survivor(self._contacts, contact.merged_into)
            if contact is not None and contact.id not in found:
                family = await load_family(self._streams, contact, line.side)
                found[contact.id] = contact, [account for _, account in family]
        return list(found.values())

    async def ageing(self, actor: Actor) -> list[AgeingRow]:
        """See AccountVerbs."""
        self._audit.permit(actor, Right.READ_ACCOUNTS, "accounts.ageing")
        await self._audit.seen(actor, "accounts.ageing")
        today = self._today()
        rows = [
            row
            for contact, accounts in await self._open(None)
            for row in list_ageing(contact, [it for one in accounts for it in open_items(contact, one, today)])
        ]
        return sorted(rows, key=lambda row: -row.total)

    async def invoice(self, actor: Actor, number: str) -> OpenItem:
        """See AccountVerbs."""
        self._audit.permit(actor, Right.READ_ACCOUNTS, "accounts.invoice", number)
        entry = await self._numbered(number, (EntryKind.INVOICE, EntryKind.CREDIT_NOTE), "invoice")
        contact = await self._contact(entry.contact_id)
        account = await self._streams.load(entry.contact_id, entry.side)
        await self._audit.seen(actor, "accounts.invoice", entry.contact_id)
        line = await self._lines.get(entry.account)
        found = [it for it in open_items(contact, account, self._today()) if it.entry_id == entry.id]
        if found:
            return dunning.with_levels(found, line)[0]
        return OpenItem(
            contact_id=contact.id,
            contact_name=contact.name,
            side=entry.side,
            kind=entry.kind,
            number=entry.number,
            date=entry.date,
            due=entry.due,
            amount=entry.amount,
            open=Decimal(0),
            currency=entry.currency,
            entry_id=entry.id,
        )

    async def _numbered(self, number: str, kinds: Sequence[EntryKind], what: str) -> LedgerEntry:
        page = await self._ledger.page("by_number", number.strip(), limit=100, newest_first=True)
        newest: dict[str, LedgerEntry] = {}
        for entry in page.items:
            if entry.kind in kinds:
                newest.setdefault(entry.account, entry)
        if not newest:
            raise NotFound(f"There is no {what} {number[:40]}.", number=number[:40])
        if len(newest) > 1:
            raise Ambiguous(f"Several contacts have the {what} {number[:40]}; name the contact.", number=number[:40])
        return next(iter(newest.values()))

    async def orders(self, actor: Actor, contact_id: ContactId) -> list[OrderLine]:
        """See AccountVerbs."""
        self._audit.permit(actor, Right.READ_ACCOUNTS, "accounts.orders", contact_id)
        contact = await self._contact(contact_id)
        await self._audit.seen(actor, "accounts.orders", contact_id)
        found: list[OrderLine] = []
        for _, account in await load_family(self._streams, contact, Side.RECEIVABLE):
            found += account.order_lines(contact.name)
        return sorted(found, key=lambda order: order.date, reverse=True)[:SHOWN_ORDERS]

    async def order(self, actor: Actor, number: str) -> OrderLine:
        """See AccountVerbs."""
        self._audit.permit(actor, Right.READ_ACCOUNTS, "accounts.order", number)
        entry = await self._numbered(number, (EntryKind.ORDER,), "order")
        contact = await self._contact(entry.contact_id)
        account = await self._streams.load(entry.contact_id, entry.side)
        await self._audit.seen(actor, "accounts.order", entry.contact_id)
        for line in account.order_lines(contact.name):
            if line.number == entry.number:
                return line
        raise NotFound(f"There is no order {number[:40]}.", number=number[:40])

    async def statement(
        self, actor: Actor, contact_id: ContactId, *, since: date | None = None, until: date | None = None
    ) -> FileData:
        """See AccountVerbs."""
        self._audit.permit(actor, Right.READ_ACCOUNTS, "accounts.statement", contact_id)
        contact = await self._contact(contact_id)
        last = until or self._today()
        booked: list[LedgerEntry] = []
        items: list[OpenItem] = []
        for _, account in await load_family(self._streams, contact, Side.RECEIVABLE):
            # As of a day that is past: what stood open then, from the entries up to it.
            then = account if until is None else fold(it for it in account.entries.values() if it.date <= last)
            booked += [it for it in account.entries.values() if (since is None or it.date >= since) and it.date <= last]
            items += open_items(contact, then, last)
        booked = sort_bookings(booked)
        if contact.members:
            items.sort(key=lambda it: (it.open < 0, it.due or it.date, it.number))
        data = await asyncio.to_thread(statement.compose, self._company, contact, booked, items, last)
        await self._audit.seen(actor, "accounts.statement", contact_id)
        return FileData(name=f"statement-{last.isoformat()}.pdf", type="application/pdf", data=data)

    # Booking

    async def post(self, actor: Actor, draft: EntryDraft, *, key: str) -> LedgerEntry:
        """See AccountVerbs."""
        self._audit.permit(actor, Right.BOOK, "accounts.post", draft.contact_id)
        contact = await self._contact(draft.contact_id)
        entry = await self._book(actor, draft, key, contact)
        await self._audit.record(actor, "accounts.post", entry.id, detail=entry.kind.value)
        if self._news is not None and entry.kind is EntryKind.PAYMENT and entry.side is Side.RECEIVABLE:
            await self._news(actor, entry, contact)
        return entry

    async def _book(self, actor: Actor, draft: EntryDraft, key: str, contact: Contact) -> LedgerEntry:
        check_draft(draft)
        if contact.members:
            # One at a time, so that the account is still the right one when the entry is appended. One hub holds a
            # store.
            async with self._joint:
                owner = choose_account(draft, key, await load_family(self._streams, contact, draft.side))
                return await self._append(actor, draft, key, owner)
        return await self._append(actor, draft, key, draft.contact_id)

    async def _append(self, actor: Actor, draft: EntryDraft, key: str, owner: ContactId) -> LedgerEntry:
        def decide(account: Account) -> LedgerEntry:
            return enter(draft, account, owner=owner, key=key, at=self._clock.now(), by=_name(actor))

        entry = await self._streams.append(owner, draft.side, decide)
        await self._show(entry)
        return entry

    async def reverse(self, actor: Actor, entry_id: str, reason: str, *, key: str) -> LedgerEntry:
        """See AccountVerbs."""
        self._audit.permit(actor, Right.BOOK, "accounts.reverse", entry_id)
        taken = await self._ledger.get(entry_id)
        if taken is None:
            raise NotFound("There is no such booking.", id=entry_id[:80])
        if taken.kind is EntryKind.REVERSAL:
            raise Conflict("A reversal cannot be taken back; book anew instead.")

        def decide(account: Account) -> LedgerEntry:
            at, by = self._clock.now(), _name(actor)
            return take_back(taken, account, reason, self._today(), key=key, at=at, by=by)

        entry = await self._streams.append(taken.contact_id, taken.side, decide)
        await self._show(entry)
        await self._audit.record(actor, "accounts.reverse", entry.id, detail=taken.id)
        return entry

    async def _show(self, entry: LedgerEntry) -> None:
        """The booking on the timeline, under an id derived from it."""
        shown = Interaction(
            id=InteractionId(derived_id("i", "ledger", entry.id)),
            contact_id=entry.contact_id,
            at=entry.booked_at,
            kind=TIMELINE.get(entry.kind, InteractionKind.INVOICE),
            direction=Direction.INTERNAL,
            subject=entry.number,
            text=f"{entry.kind.value} {entry.number} {entry.amount} {entry.currency}".replace("  ", " "),
            marks=(f"ledger-{entry.kind.value}",),
        )
        await self._interactions.insert(shown)
        self._events.publish(Event(topic=Topic.TIMELINE, contact=entry.contact_id, entry=shown.id))

    async def import_csv(self, actor: Actor, data: bytes, *, dry_run: bool, on_step: OnStep = no_step) -> ImportReport:
        """See AccountVerbs."""
        self._audit.permit(actor, Right.BOOK, "accounts.import")

        contacts: dict[ContactId, Contact] = {}

        async def resolve(text: str) -> ContactId:
            contact = await self._resolve(actor, text)
            contacts[contact.id] = contact
            return contact.id

        async def book(draft: EntryDraft, key: str) -> LedgerEntry:
            return await self._book(actor, draft, key, contacts[draft.contact_id])

        now = self._clock.now()
        report = await import_rows(data, resolve, contacts, self._streams, book, now, dry_run=dry_run, on_step=on_step)
        if report.written:
            await self._audit.record(actor, "accounts.import", detail=f"{report.new} of {report.rows} rows")
        else:
            await self._audit.seen(actor, "accounts.import", "dry-run")
        return report

    # Payment reminders

    async def draft_reminders(self, actor: Actor, contact_id: ContactId | None = None) -> list[DunningDraft]:
        """See AccountVerbs."""
        self._audit.permit(actor, Right.BOOK, "accounts.draft_reminders", contact_id or "")
        await self._audit.seen(actor, "accounts.draft_reminders", contact_id or "")
        if contact_id is not None:
            return [await self._dunning.draft(await self._contact(contact_id), self._today())]
        drafts = [await self._dunning.draft(contact, self._today()) for contact, _ in await self._open(self._today())]
        return [draft for draft in drafts if not draft.problem]

    async def send_reminder(self, actor: Actor, contact_id: ContactId, level: int, *, key: str) -> DunningDraft:
        """See AccountVerbs. The letter's id follows from contact, level and oldest item: it exists once."""
        self._audit.permit(actor, Right.BOOK, "accounts.send_reminder", contact_id)
        draft = await self._dunning.send(await self._contact(contact_id), level, self._today())
        await self._audit.record(actor, "accounts.send_reminder", contact_id, detail=f"level {level}")
        return draft

    async def stop_reminders(self, actor: Actor, contact_id: ContactId, stopped: bool) -> None:
        """See AccountVerbs."""
        self._audit.permit(actor, Right.BOOK, "accounts.stop_reminders", contact_id)
        await self._dunning.stop(await self._contact(contact_id), stopped)
        await self._audit.record(actor, "accounts.stop_reminders", contact_id, detail=str(stopped))

    async def repair(self) -> int:
        """For the start of the hub: summaries that a crash left behind."""
        return await self._streams.repair()


def _name(actor: Actor) -> str:
    return f"{actor.kind.value}:{actor.id}"


def _add(sums: dict[str, Decimal], more: Sequence[Money]) -> None:
    for money in more:
        sums[money.currency] = sums.get(money.currency, Decimal(0)) + money.amount


def _sums(sums: dict[str, Decimal]) -> tuple[Money, ...]:
    return tuple(Money(amount=amount, currency=code) for code, amount in sorted(sums.items()) if amount)
