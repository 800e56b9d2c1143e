"""Sales: what shops tell of orders, payments, refunds, shipments and cancellations becomes the customer's account.

All facts of an order are kept in one document first, the newest of each; the account is then brought to what they come
to (hub/services/ledger/selling.py). Facts that come before the order wait in the document. The shop's own entries stand
on the timeline already, so nothing is entered there a second time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

import structlog

from hub.domain.contact import Contact, ContactRole
from hub.domain.errors import Conflict, Invalid, StoreUnavailable
from hub.domain.facts import Booking, BookingKind
from hub.domain.ids import ContactId
from hub.domain.interaction import Interaction
from hub.domain.ledger import EntryKind, LedgerEntry, Side
from hub.domain.message import Message, Strength
from hub.domain.money import read_amount
from hub.domain.people import Actor, system_actor
from hub.domain.sale import Sale, newest_facts, sale_id
from hub.ports.clock import Clock
from hub.ports.kinds import CONTACTS, SALES
from hub.ports.store import Exists, Store
from hub.services.audit import Audit
from hub.services.ledger.fold import Account
from hub.services.ledger.selling import Books
from hub.services.ledger.stream import Index, Streams
from hub.services.merged import find_survivor

log = structlog.get_logger()
SHOP = system_actor("shop")
MAX_FACTS, MAX_ENTRIES, TRIES = 500, 2_000, 50
HISTORY = "history"
News = Callable[[Actor, LedgerEntry, Contact], Awaitable[object]]


class _Even(Exception):
    """The account says what the facts say."""


class Sales:
    """Implements hub.ports.facts.Facts for messages with bookings. `news`: awaited after each payment that came."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        audit: Audit,
        time_zone: str,
        news: News | None = None,
        index: Index | None = None,
    ) -> None:
        self._sales, self._contacts = store.documents(SALES), store.documents(CONTACTS)
        self._streams = Streams(store, index)
        self._clock, self._audit, self._news = clock, audit, news
        self._zone = ZoneInfo(time_zone)
        self._busy: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def settle(self, entry: Interaction, message: Message) -> None:
        """See Facts. Raises Invalid for facts that cannot be booked; those of other orders are booked all the same."""
        if message.strength is Strength.CLAIMED:
            return  # whoever tells of money must have proved to be the shop
        orders: dict[str, list[Booking]] = {}
        for fact in message.bookings:
            orders.setdefault(fact.sale or fact.key, []).append(_checked(fact))
        for name, facts in orders.items():
            # One after the other for each order: who books by facts that are outdated takes a way round, by an invoice
            # and a credit note that nobody needed.
            async with self._busy.setdefault(sale_id(entry.account, name), asyncio.Lock()):
                sale = await self._keep(entry, name, facts)
                if sale.contact_id is not None:
                    await self._book(sale, quiet=HISTORY in entry.marks)

    async def _keep(self, entry: Interaction, name: str, facts: Sequence[Booking]) -> Sale:
        """The sale with these facts too. Only a message that holds the order names the customer: others may know no
        more of it than a number."""
        contact_id: ContactId | None = None
        if any(fact.kind is BookingKind.ORDER for fact in facts):
            contact_id = await self._account_of(entry.contact_id)
        fresh = Sale(
            id=sale_id(entry.account, name),
            account=entry.account,
            name=name,
            contact_id=contact_id,
            facts=newest_facts(facts),
        )
        for _ in range(TRIES):
            result = await self._sales.insert(fresh)
            if not isinstance(result, Exists):
                return replace(fresh, version=1)
            known = result.current
            # An order that was begun stays on its account, also where its customer was merged since: accounts are
            # never fused, and the survivor's summary counts its members'.
            merged = replace(known, contact_id=known.contact_id or contact_id, facts=newest_facts(known.facts, facts))
            if len(merged.facts) > MAX_FACTS:
                raise Invalid(f"An order has at most {MAX_FACTS} facts.", sale=known.id)
            if replace(merged, version=known.version) == known:
                return known
            if await self._sales.replace(merged, known.version):
                return replace(merged, version=known.version + 1)
        raise StoreUnavailable("This order is being changed all the time; it is tried again.", sale=fresh.id)

    async def _account_of(self, contact_id: ContactId) -> ContactId:
        """The contact, or whom it was merged into. One who just came by ordering is a customer; somebody whom a
        colleague knows as something else, such as a supplier, does not become one by this."""
        contact = await find_survivor(self._contacts, contact_id)
        if contact is None:
            return contact_id
        if contact.provisional and not contact.roles:
            # Another's change in between wins; the role is a convenience.
            await self._contacts.replace(replace(contact, roles=(ContactRole.CUSTOMER,)), contact.version)
        return contact.id

    async def _book(self, sale: Sale, *, quiet: bool) -> None:
        """Append what is lacking, then look whether somebody told more meanwhile."""
        for _ in range(TRIES):
            await self._append(sale, quiet=quiet)
            current = await self._sales.get(sale.id)
            if current is None or current.version == sale.version:
                return
            sale = current
        raise StoreUnavailable("This order is being changed all the time; it is tried again.", sale=sale.id)

    async def _append(self, sale: Sale, *, quiet: bool) -> None:
        contact_id = sale.contact_id
        assert contact_id is not None
        now = self._clock.now()

        def decide(account: Account) -> LedgerEntry:
            lacking = Books(sale, account, contact_id, now, self._day).lacking()
            if lacking is None:
                raise _Even
            return lacking

        booked: list[LedgerEntry] = []
        while len(booked) < MAX_ENTRIES:
            try:
                booked.append(await self._streams.append(contact_id, Side.RECEIVABLE, decide, summarised=False))
            except _Even:
                break
        else:
            raise Conflict("This order's account does not come to rest.", sale=sale.id)
        if booked:
            await self._streams.summarise(contact_id, Side.RECEIVABLE)
            kinds = ", ".join(entry.kind.value for entry in booked)
            await self._audit.record(SHOP, "sales.settle", contact_id, detail=f"{kinds}: {booked[0].number}"[:500])
        for entry in booked if not quiet else ():
            if entry.kind is EntryKind.PAYMENT:
                await self._tell(entry)

    async def _tell(self, booked: LedgerEntry) -> None:
        contact = await find_survivor(self._contacts, booked.contact_id)
        if contact is not None and self._news is not None:
            await self._news(SHOP, booked, contact)

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()


def _checked(fact: Booking) -> Booking:
    """With an exact amount. Raises Invalid."""
    amount = read_amount(fact.amount, fact.currency)
    if amount < 0:
        raise Invalid("An amount that a shop tells is not negative.", field="amount")
    return replace(fact, amount=amount)
