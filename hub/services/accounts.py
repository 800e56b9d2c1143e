"""Accounts: what is owed, what is booked, and payment reminders. The rules are in hub/services/ledger."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from hub.domain.contact import Contact
from hub.domain.errors import Ambiguous, Conflict, NotFound
from hub.domain.exchange import ImportReport
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
from hub.services.ledger.fold import Account, account_id, fold
from hub.services.ledger.importing import import_rows
from hub.services.ledger.posting import allocate, check_draft, postings_of, reversed_postings
from hub.services.ledger.reminders import Letters, PaymentReminders
from hub.services.ledger.stream import Streams
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
    ) -> None:
        """`news`: awaited after each payment that somebody booked; told again under the same id by a repetition."""
        self._contacts, self._interactions = store.documents(CONTACTS), store.documents(INTERACTIONS)
        self._ledger, self._lines = store.documents(LEDGER), store.documents(LEDGER_ACCOUNTS)
        self._streams = Streams(store)
        self._clock, self._audit, self._events = clock, audit, events
        self._resolve, self._company, self._zone = resolve, company, ZoneInfo(time_zone)
        self._news = news
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
        for member in (contact.id, *contact.members):
            account = await self._streams.load(member, side)
            line = await self._lines.get(account_id(member, side))
            items += dunning.with_levels(account.open_items(contact.name, self._today()), line)
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
        await self._contact(contact_id)
        await self._audit.seen(actor, "accounts.entries", contact_id)
        return await self._ledger.page("by_contact", contact_id, after=after, limit=limit, newest_first=True)

    async def overdue(self, actor: Actor, limit: int = 50) -> list[OpenItem]:
        """See AccountVerbs."""
        self._audit.permit(actor, Right.READ_ACCOUNTS, "accounts.overdue")
        await self._audit.seen(actor, "accounts.overdue")
        found: list[OpenItem] = []
        for contact, account in await self._open(self._today()):
            found += [it for it in account.open_items(contact.name, self._today()) if it.days_overdue > 0]
        return sorted(found, key=lambda it: (-it.days_overdue, it.number))[:limit]

    async def _open(self, until: date | None) -> list[tuple[Contact, Account]]:
        lines = await self._streams.open_accounts(Side.RECEIVABLE, until, MAX_ACCOUNTS)
        contacts: dict[str, Contact] = {}
        for start in range(0, len(lines), 1_000):
            contacts |= await self._contacts.get_many([line.contact_id for line in lines[start : start + 1_000]])
        return [
            (contacts[line.contact_id], await self._streams.load(line.contact_id, line.side))
            for line in lines
            if line.contact_id in contacts
        ]

    async def ageing(self, actor: Actor) -> list[AgeingRow]:
        """See AccountVerbs."""
        self._audit.permit(actor, Right.READ_ACCOUNTS, "accounts.ageing")
        await self._audit.seen(actor, "accounts.ageing")
        rows = [
            row for contact, account in await self._open(None) for row in list_ageing(contact, account, self._today())
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
        found = [it for it in account.open_items(contact.name, self._today()) if it.entry_id == entry.id]
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
        for member in (contact.id, *contact.members):
            found += (await self._streams.load(member, Side.RECEIVABLE)).order_lines(contact.name)
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
        account = await self._streams.load(contact_id, Side.RECEIVABLE)
        last = until or self._today()
        booked = [it for it in account.entries.values() if (since is None or it.date >= since) and it.date <= last]
        # As of a day that is past: what stood open then, from the entries up to it.
        then = account if until is None else fold(it for it in account.entries.values() if it.date <= last)
        items = then.open_items(contact.name, last)
        data = await asyncio.to_thread(statement.compose, self._company, contact, booked, items, last)
        await self._audit.seen(actor, "accounts.statement", contact_id)
        return FileData(name=f"statement-{last.isoformat()}.pdf", type="application/pdf", data=data)

    # Booking

    async def post(self, actor: Actor, draft: EntryDraft, *, key: str) -> LedgerEntry:
        """See AccountVerbs."""
        self._audit.permit(actor, Right.BOOK, "accounts.post", draft.contact_id)
        contact = await self._contact(draft.contact_id)
        entry = await self._book(actor, draft, key)
        await self._audit.record(actor, "accounts.post", entry.id, detail=entry.kind.value)
        if self._news is not None and entry.kind is EntryKind.PAYMENT and entry.side is Side.RECEIVABLE:
            await self._news(actor, entry, contact)
        return entry

    async def _book(self, actor: Actor, draft: EntryDraft, key: str) -> LedgerEntry:
        amount = check_draft(draft)

        def decide(account: Account) -> LedgerEntry:
            if (booked := account.keys.get(key)) is not None:
                return account.entries[booked]
            taken = account.numbers.get((draft.kind, draft.number))
            if taken is not None:
                raise Conflict(f"{draft.number} is booked already.", code="booked-before", entry=taken)
            return LedgerEntry(
                id="",
                account="",
                seq=0,
                contact_id=draft.contact_id,
                side=draft.side,
                kind=draft.kind,
                number=draft.number.strip(),
                date=draft.date,
                due=draft.due,
                amount=amount,
                currency=draft.currency,
                reference=draft.reference,
                state=draft.state or ("open" if draft.kind is EntryKind.ORDER else ""),
                postings=postings_of(draft.kind, draft.side, amount),
                allocations=allocate(draft, amount, account),
                booked_at=self._clock.now(),
                booked_by=f"{actor.kind.value}:{actor.id}",
                key=key,
            )

        entry = await self._streams.append(draft.contact_id, draft.side, decide)
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
            if (booked := account.keys.get(key)) is not None:
                return account.entries[booked]
            if taken.id in account.reversed:
                raise Conflict("This booking was taken back already.", entry=account.reversed[taken.id])
            invoice = account.invoices.get(taken.number) if taken.kind is EntryKind.INVOICE else None
            if invoice is not None and invoice.open != taken.amount:
                raise Conflict("Payments are allocated to this invoice; take them back first.", code="allocated")
            if taken.kind in (EntryKind.PAYMENT, EntryKind.CREDIT_NOTE) and _used(account, taken):
                raise Conflict("What it left over was refunded; take the refund back first.", code="allocated")
            return replace(
                taken,
                id="",
                version=0,
                kind=EntryKind.REVERSAL,
                date=self._today(),
                due=None,
                reference=reason[:200],
                postings=reversed_postings(taken),
                allocations=(),
                reverses=taken.id,
                booked_at=self._clock.now(),
                booked_by=f"{actor.kind.value}:{actor.id}",
                key=key,
            )

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

    async def import_csv(self, actor: Actor, data: bytes, *, dry_run: bool) -> ImportReport:
        """See AccountVerbs."""
        self._audit.permit(actor, Right.BOOK, "accounts.import")

        async def resolve(text: str) -> ContactId:
            return (await self._resolve(actor, text)).id

        async def book(draft: EntryDraft, key: str) -> LedgerEntry:
            return await self._book(actor, draft, key)

        report = await import_rows(data, resolve, self._streams, book, self._clock.now(), dry_run=dry_run)
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
        await self._contact(contact_id)
        await self._dunning.note(contact_id, stopped=stopped)
        await self._audit.record(actor, "accounts.stop_reminders", contact_id, detail=str(stopped))

    async def repair(self) -> int:
        """For the start of the hub: summaries that a crash left behind."""
        return await self._streams.repair()


def _used(account: Account, taken: LedgerEntry) -> bool:
    left = taken.amount - sum((item.amount for item in taken.allocations), Decimal(0))
    claim = account.credits.get(taken.id)
    return left != (claim.open if claim else Decimal(0))


def _add(sums: dict[str, Decimal], more: Sequence[Money]) -> None:
    for money in more:
        sums[money.currency] = sums.get(money.currency, Decimal(0)) + money.amount


def _sums(sums: dict[str, Decimal]) -> tuple[Money, ...]:
    return tuple(Money(amount=amount, currency=code) for code, amount in sorted(sums.items()) if amount)
