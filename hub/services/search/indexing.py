"""What goes into the index beside messages: appointments and bookings. Putting again is putting once."""

from collections.abc import Sequence
from datetime import UTC, datetime, time

from hub.domain.appointment import Appointment
from hub.domain.contact import Contact
from hub.domain.ledger import EntryKind, LedgerEntry
from hub.domain.people import Actor, Right
from hub.ports.kinds import CONTACTS
from hub.ports.search import SearchEntry, Terms
from hub.ports.store import Store
from hub.services.search.facets import facets_of, right_scope

KIND_OF = {
    EntryKind.ORDER: "order",
    EntryKind.INVOICE: "invoice",
    EntryKind.CREDIT_NOTE: "invoice",
    EntryKind.PAYMENT: "payment",
    EntryKind.REFUND: "payment",
}
"""Of bookings that are found; allocations and reversals are not."""
WORDS = {
    EntryKind.ORDER: "order Auftrag Bestellung",
    EntryKind.INVOICE: "invoice Rechnung",
    EntryKind.CREDIT_NOTE: "credit note Gutschrift",
    EntryKind.PAYMENT: "payment Zahlung",
    EntryKind.REFUND: "refund Erstattung",
}
MAX_WORDS, AT_ONCE = 20_000, 500


class Indexing:
    """Fills the index; also a listener of calendars (`booked`, `moved`, `cancelled`)."""

    def __init__(self, store: Store, terms: Terms) -> None:
        self._search, self._contacts, self._terms = store.search, store.documents(CONTACTS), terms

    # Appointments

    async def put_appointments(self, appointments: Sequence[Appointment]) -> None:
        """By title, place, notes and who takes part; found by whoever may read calendars."""
        names = await self._names([one.contact_id for one in appointments])
        await self._search.put_many([self._appointment(one, names.get(one.contact_id or "")) for one in appointments])

    def _appointment(self, one: Appointment, contact: Contact | None) -> SearchEntry:
        words = ["appointment Termin", one.title, one.location, one.notes, *_called(contact)]
        words += [f"{guest.name} {guest.address.normal}" for guest in one.attendees]
        return SearchEntry(
            id=one.id,
            at=one.start,
            scope=(right_scope(Right.READ_CALENDARS),),
            facets=facets_of("appointment", "", one.contact_id),
            terms=self._terms("\n".join(words)[:MAX_WORDS]),
        )

    async def booked(self, appointment: Appointment, actor: Actor) -> None:
        """See AppointmentNews."""
        await self.put_appointments([appointment])

    async def moved(self, appointment: Appointment, actor: Actor) -> None:
        """See AppointmentNews."""
        await self.put_appointments([appointment])

    async def cancelled(self, appointment: Appointment, actor: Actor) -> None:
        """See AppointmentNews. It stays findable: that it was cancelled is worth knowing."""
        await self.put_appointments([appointment])

    # Bookings

    async def put_bookings(self, entries: Sequence[LedgerEntry], since: int = 0) -> None:
        """Those of one account behind number `since`; `entries` are all of it. Of an order only its last state is
        found."""
        last = {one.number: one.id for one in entries if one.kind is EntryKind.ORDER}
        fresh = [one for one in entries if one.seq > since and one.kind in KIND_OF]
        orders = {one.number for one in fresh if one.kind is EntryKind.ORDER}
        names = await self._names([one.contact_id for one in fresh])
        kept = [one for one in fresh if one.kind is not EntryKind.ORDER or last[one.number] == one.id]
        for start in range(0, len(kept), AT_ONCE):
            batch = kept[start : start + AT_ONCE]
            await self._search.put_many([self._booking(one, names.get(one.contact_id)) for one in batch])
        await self._search.remove(
            [
                one.id
                for one in entries
                if one.kind is EntryKind.ORDER and one.number in orders and last[one.number] != one.id
            ]
        )

    def _booking(self, one: LedgerEntry, contact: Contact | None) -> SearchEntry:
        words = [WORDS[one.kind], one.number, one.reference, one.state, *_called(contact)]
        # A number like "R-1" has no word of two letters: it stands whole.
        whole = [one.number.lower()] if one.number else []
        return SearchEntry(
            id=one.id,
            at=moment_of(one),
            scope=(right_scope(Right.READ_ACCOUNTS),),
            facets=facets_of(KIND_OF[one.kind], "", one.contact_id),
            terms=(*whole, *self._terms("\n".join(words)[:MAX_WORDS])),
        )

    async def _names(self, ids: Sequence[str | None]) -> dict[str, Contact]:
        wanted = list(dict.fromkeys(id for id in ids if id))
        return dict(await self._contacts.get_many(wanted)) if wanted else {}


def moment_of(one: LedgerEntry) -> datetime:
    """When it was booked; where its day is another one (bookings that were imported), noon of that day."""
    if one.booked_at.date() == one.date:
        return one.booked_at
    return datetime.combine(one.date, time(12), tzinfo=UTC)


def _called(contact: Contact | None) -> tuple[str, ...]:
    return (contact.name, contact.organisation) if contact is not None else ()
