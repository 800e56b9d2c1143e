"""The facts behind the numbers of a report, for whoever asks where a number comes from."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from hub.domain.appointment import Appointment
from hub.domain.conversation import Conversation
from hub.domain.interaction import Interaction
from hub.domain.ledger import Book, LedgerEntry
from hub.domain.occasion import Occasion
from hub.domain.report import Area, ReportEntry
from hub.ports.kinds import APPOINTMENTS, CONTACTS, CONVERSATIONS, INTERACTIONS, LEDGER, OCCASIONS
from hub.ports.store import Page, Store
from hub.services.reports.gathering import Gathering, state_of


class Facts:
    """Lists them."""

    def __init__(self, store: Store, gathering: Gathering) -> None:
        self._interactions, self._conversations = store.documents(INTERACTIONS), store.documents(CONVERSATIONS)
        self._ledger, self._appointments = store.documents(LEDGER), store.documents(APPOINTMENTS)
        self._contacts, self._occasions = store.documents(CONTACTS), store.documents(OCCASIONS)
        self._gathering = gathering

    async def page(
        self, area: Area, first: date, last: date, after: str | None, limit: int, now: datetime
    ) -> Page[ReportEntry]:
        """Oldest first. A page may hold fewer than `limit`, as not every fact moves a number."""
        begin, end = self._gathering.span(first, last)
        found: list[ReportEntry]
        if area is Area.MONEY:
            entries = await self._ledger.page("by_date", since=first, until=last, after=after, limit=limit)
            found, more = [one for it in entries.items for one in _booked(it)], entries.next
        elif area is Area.MESSAGES:
            messages = await self._interactions.page("by_time", since=begin, until=end, after=after, limit=limit)
            found, more = [_message(it) for it in messages.items if it.channel], messages.next
        elif area is Area.CONVERSATIONS:
            begun = await self._conversations.page("by_creation", since=begin, until=end, after=after, limit=limit)
            found, more = [_begun(it) for it in begun.items], begun.next
        elif area is Area.OCCASIONS:
            events = await self._occasions.page("by_start", since=begin, until=end, after=after, limit=limit)
            found, more = [await self._event(it) for it in events.items], events.next
        else:
            dates = await self._appointments.page("by_start", since=begin, until=end, after=after, limit=limit)
            found = [_appointed(it, now) for it in dates.items if state_of(it)]
            more = dates.next
        return Page(await self._named(found), more)

    async def _event(self, one: Occasion) -> ReportEntry:
        counts = await self._gathering.attendance(one.id)
        return ReportEntry(
            id=one.id, kind=one.state.value, at=one.start.isoformat(), title=one.title, counts=tuple(counts.items())
        )

    async def _named(self, found: Sequence[ReportEntry]) -> list[ReportEntry]:
        ids = sorted({one.contact_id for one in found if one.contact_id})
        contacts = await self._contacts.get_many(ids)
        return [
            replace(one, contact_name=contacts[one.contact_id].name) if one.contact_id in contacts else one
            for one in found
        ]


def _booked(entry: LedgerEntry) -> list[ReportEntry]:
    revenue = -sum((line.amount for line in entry.postings if line.book is Book.REVENUE), Decimal())
    if not revenue:
        return []
    return [
        ReportEntry(
            id=entry.id,
            kind=entry.kind.value,
            at=entry.date.isoformat(),
            contact_id=entry.contact_id,
            title=entry.number or entry.reference,
            amount=revenue,
            currency=entry.currency,
        )
    ]


def _message(entry: Interaction) -> ReportEntry:
    return ReportEntry(
        id=entry.id,
        kind=f"{entry.channel}/{entry.direction.value}",
        at=entry.at.isoformat(),
        contact_id=entry.contact_id,
        title=entry.subject or " ".join(entry.text.split())[:120],
    )


def _begun(one: Conversation) -> ReportEntry:
    title = one.subject or one.last_text[:120]
    return ReportEntry(
        id=one.id, kind="conversation", at=one.created_at.isoformat(), contact_id=one.contact_id, title=title
    )


def _appointed(one: Appointment, now: datetime) -> ReportEntry:
    """`kind`: the row that it is counted in."""
    state = state_of(one)
    kind = state if state != "agreed" else "planned" if one.start > now else "kept"
    return ReportEntry(id=one.id, kind=kind, at=one.start.isoformat(), contact_id=one.contact_id, title=one.title)
