"""Seats, and what follows from them. The seat list decides (compare and set on one document); a registration, its fee
and the word to the contact follow, in this order, each under an id that makes a repetition harmless. What a crash left
undone stands in the list and is settled at the next start."""

import asyncio
import hashlib
import hmac
from base64 import b32encode
from collections.abc import Callable
from dataclasses import replace
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

from hub.domain.contact import Contact
from hub.domain.errors import Conflict, NotFound
from hub.domain.ids import ContactId
from hub.domain.ledger import EntryDraft, EntryKind
from hub.domain.occasion import (
    Invitation,
    Occasion,
    OccasionState,
    Registration,
    RegistrationState,
    find_session,
    registration_id,
)
from hub.domain.people import system_actor
from hub.domain.seating import (
    Change,
    Seats,
    clear_seats,
    fit_rooms,
    leave_seat,
    settle_change,
    take_seat,
)
from hub.domain.views import FileData
from hub.ports.account_verbs import AccountVerbs
from hub.ports.clock import Clock
from hub.ports.kinds import CONTACTS, OCCASIONS, REGISTRATIONS, SEATS
from hub.ports.store import Exists, Store
from hub.services.correspondence import Correspondence
from hub.services.merged import find_survivor
from hub.services.occasions.files import calendar_file, code_picture
from hub.services.occasions.rooms import best_session, rooms_of, view_sessions
from hub.services.occasions.wording import facts_of, word

PATH = "/e/"
TOKEN_BYTES = 25
"""200 bits: 40 characters in base32."""
SWAPS = 200
"""Everybody who races for the seats of one event may be ahead of us."""
MOST_OPEN = 20
SEATED = (RegistrationState.REGISTERED, RegistrationState.ATTENDED, RegistrationState.MISSED)
SYSTEM = system_actor("occasions")


class Registering:
    """Takes and gives back seats. `base_url` is how people outside reach the hub."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        letters: Correspondence,
        accounts: AccountVerbs,
        secret: bytes,
        base_url: str,
        language: str,
    ) -> None:
        self._occasions, self._seats = store.documents(OCCASIONS), store.documents(SEATS)
        self._registrations, self._contacts = store.documents(REGISTRATIONS), store.documents(CONTACTS)
        self._clock, self._letters, self._accounts = clock, letters, accounts
        self._busy: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._secret, self._base_url, self._language = secret, base_url.rstrip("/"), language

    # Secrets

    def token(self, kind: str, id: str) -> str:
        """The secret of a link, the same for ever."""
        mac = hmac.new(self._secret, f"occasion|{kind}|{id}".encode(), hashlib.sha256).digest()
        return b32encode(mac[:TOKEN_BYTES]).decode("ascii").lower()

    def address(self, token: str) -> str:
        """Where the link leads."""
        return f"{self._base_url}{PATH}{token}"

    def _code(self, id: str) -> str:
        mac = hmac.new(self._secret, f"check-in|{id}".encode(), hashlib.sha256).digest()
        return b32encode(mac[:7]).decode("ascii")[:10]

    # Seats

    async def register(
        self, occasion_id: str, contact_id: ContactId, *, session: str = "", via: str, quiet: bool = False
    ) -> Invitation:
        """A seat or a place in the waiting list; once, whoever asks how often. `quiet`: the caller tells the contact.
        Raises NotFound, Invalid, Conflict (code "closed", "waiting-full", "other-session")."""
        occasion = await self.load(occasion_id)
        contact = await self._contact(contact_id)
        change = Change(contact_id=contact.id, via=via, quiet=quiet)

        def take(seats: Seats) -> Seats:
            held = seats.held_by(contact.id)
            if held is not None:
                _check_same(occasion, held.session, session)
                return seats
            self._check_open(occasion)
            wanted = session or best_session(occasion, seats)
            return take_seat(seats, contact.id, wanted, change, self._clock.now())

        await self._apply(occasion, take)
        return await self.standing(occasion, contact.id)

    async def cancel(self, occasion_id: str, contact_id: ContactId, *, via: str, quiet: bool = False) -> Invitation:
        """Give the seat back, or decline; the next moves up. Raises NotFound, Conflict once it took place."""
        occasion = await self.load(occasion_id)
        if occasion.state is OccasionState.DONE:
            raise Conflict("This event is over.", code="closed")
        contact = await self._contact(contact_id)
        change = Change(contact_id=contact.id, via=via, quiet=quiet)
        await self._apply(occasion, lambda seats: leave_seat(seats, contact.id, change, self._clock.now()))
        await self._decline(occasion, contact.id)
        return await self.standing(occasion, contact.id)

    async def clear(self, occasion: Occasion) -> None:
        """Of an event that is cancelled: everybody is told."""
        await self._apply(occasion, lambda seats: clear_seats(seats, self._clock.now()))

    async def fit(self, occasion: Occasion) -> None:
        """After a change of the capacity: who waits moves up."""
        await self._apply(occasion, lambda seats: seats)

    async def seats(self, occasion: Occasion) -> Seats:
        """As they stand now."""
        return await self._seats.get(occasion.id) or Seats(id=occasion.id, rooms=rooms_of(occasion))

    async def load(self, occasion_id: str) -> Occasion:
        """Raises NotFound."""
        occasion = await self._occasions.get(occasion_id)
        if occasion is None:
            raise NotFound("There is no such event.", id=occasion_id[:60])
        return occasion

    async def _contact(self, contact_id: str) -> Contact:
        contact = await find_survivor(self._contacts, contact_id)
        if contact is None:
            raise NotFound("There is no such contact.", id=contact_id[:60])
        return contact

    def _check_open(self, occasion: Occasion) -> None:
        now = self._clock.now()
        past = occasion.deadline is not None and now > occasion.deadline
        if occasion.state is not OccasionState.OPEN or past or now >= occasion.start:
            raise Conflict("Registration for this event is closed.", code="closed")

    async def _apply(self, occasion: Occasion, change: Callable[[Seats], Seats]) -> None:
        # One after the other within this process: racers would only undo each other's compare and set, and settle the
        # same changes. What keeps seats from being oversold is the compare and set, whoever else writes.
        async with self._busy.setdefault(occasion.id, asyncio.Lock()):
            await self._swap(occasion, change)
            await self.settle(occasion.id)

    async def _swap(self, occasion: Occasion, change: Callable[[Seats], Seats]) -> None:
        for _ in range(SWAPS):
            found = await self._seats.get(occasion.id)
            # Read after the seats, so that an older capacity never takes the place of a newer one.
            occasion = await self.load(occasion.id)
            seats = found or Seats(id=occasion.id, rooms=rooms_of(occasion))
            changed = change(self._fitted(seats, occasion))
            if found is None:
                if not isinstance(await self._seats.insert(changed), Exists):
                    return
            elif changed == found or await self._seats.replace(changed, found.version):
                return
        raise Conflict("Very many register right now; try again.", code="busy")

    def _fitted(self, seats: Seats, occasion: Occasion) -> Seats:
        try:
            return fit_rooms(seats, rooms_of(occasion), self._clock.now())
        except Conflict:
            # Somebody took a seat while the capacity was lowered: they keep it, nobody else gets one.
            return seats

    # What follows

    async def settle(self, occasion_id: str) -> None:
        """Write down and tell what has changed in the seat list."""
        while True:
            seats = await self._seats.get(occasion_id)
            if seats is None or not seats.changes:
                return
            change = seats.changes[0]
            occasion, contact = await self.load(occasion_id), await self._contact(change.contact_id)
            # The registration is read before the seats that decide: whoever wrote it after newer seats is not undone.
            id = registration_id(occasion_id, change.contact_id)
            known = await self._registrations.get(id)
            seats = await self._seats.get(occasion_id) or seats
            if change not in seats.changes:
                continue
            registration = await self._write(occasion, seats, change, known)
            if registration is None:
                continue
            registration = await self._charge(occasion, registration)
            await self._tell(occasion, contact, seats, change, registration)
            await self._seats.replace(settle_change(seats, change), seats.version)

    async def repair(self) -> int:
        """Settle what a crash left. Returns how many events had something."""
        found = (await self._seats.page("unsettled", limit=500)).items
        for seats in found:
            await self.settle(seats.id)
        return len(found)

    async def _write(
        self, occasion: Occasion, seats: Seats, change: Change, known: Registration | None
    ) -> Registration | None:
        """The registration as the seats say; None where somebody else wrote it meanwhile."""
        seat, held = seats.seat_of(change.contact_id), seats.held_by(change.contact_id)
        session = held.session if held else known.session if known else ""
        state = RegistrationState.CANCELLED
        if held:
            state = RegistrationState.REGISTERED if seat else RegistrationState.WAITING
        if (
            known is not None
            and known.session == session
            and (known.state is state or (seat and known.state in SEATED))
        ):
            return known
        fresh = known or self.fresh(occasion, ContactId(change.contact_id), change.via)
        wanted = replace(
            fresh, state=state, session=session, via=change.via, revision=fresh.revision + 1,
            changed_at=self._clock.now(),
        )  # fmt: skip
        return await self._save(wanted, known)

    def fresh(self, occasion: Occasion, contact_id: ContactId, via: str) -> Registration:
        """A registration that is not stored yet: INVITED."""
        id, now = registration_id(occasion.id, contact_id), self._clock.now()
        return Registration(
            id=id,
            occasion_id=occasion.id,
            contact_id=contact_id,
            state=RegistrationState.INVITED,
            code=self._code(id),
            link=hash_token(self.token("registration", id)),
            via=via,
            created_at=now,
            changed_at=now,
        )

    async def _save(self, wanted: Registration, known: Registration | None) -> Registration | None:
        if known is None:
            done = not isinstance(await self._registrations.insert(wanted), Exists)
        else:
            done = await self._registrations.replace(wanted, known.version)
        return replace(wanted, version=(known.version if known else 0) + 1) if done else None

    async def _decline(self, occasion: Occasion, contact_id: ContactId) -> None:
        """Who was only invited says no."""
        known = await self._registrations.get(registration_id(occasion.id, contact_id))
        if known is not None and known.state is RegistrationState.INVITED:
            await self._save(replace(known, state=RegistrationState.CANCELLED, changed_at=self._clock.now()), known)

    async def _charge(self, occasion: Occasion, registration: Registration) -> Registration:
        """The fee on the account of who has a seat, once; taken back where the seat was given back."""
        key = f"occasion|{registration.id}|{registration.revision}"
        if registration.state is RegistrationState.REGISTERED and occasion.fee > 0 and not registration.invoice:
            today = self._clock.now().astimezone(ZoneInfo(occasion.time_zone)).date()
            draft = EntryDraft(
                contact_id=registration.contact_id,
                kind=EntryKind.INVOICE,
                amount=occasion.fee,
                currency=occasion.currency,
                number=f"V-{registration.code}-{registration.revision}",
                date=today,
                due=max(today, occasion.start.astimezone(ZoneInfo(occasion.time_zone)).date()),
                reference=occasion.title[:100],
            )
            entry = await self._accounts.post(SYSTEM, draft, key=key)
            return await self._save(replace(registration, invoice=entry.id), registration) or registration
        if registration.state is RegistrationState.CANCELLED and registration.invoice:
            await self._accounts.reverse(SYSTEM, registration.invoice, occasion.title[:100], key=key)
            return await self._save(replace(registration, invoice=""), registration) or registration
        return registration

    async def _tell(
        self, occasion: Occasion, contact: Contact, seats: Seats, change: Change, registration: Registration
    ) -> None:
        if change.quiet:
            return
        language = contact.language or self._language
        key = registration.state.value
        if registration.state is RegistrationState.REGISTERED and change.via == "moved-up":
            key = "moved-up"
        if occasion.state is OccasionState.CANCELLED:
            key = "off"
        position = seats.position_of(change.contact_id)
        text = self.confirmation(occasion, registration, language, key, position)
        subject = word(language, "registered-subject", **facts_of(occasion, language, session=registration.session))
        files = await self.files(occasion, registration) if registration.state is RegistrationState.REGISTERED else []
        item = await self._letters.say(
            contact.id, text, subject=subject, key=f"occasion|{registration.id}|{registration.revision}", files=files
        )
        if item is not None:
            await self.note_address(registration, item.recipient.key)

    async def note_address(self, registration: Registration, key: str) -> None:
        """An answer from there is the contact's."""
        current = await self._registrations.get(registration.id)
        if current is not None and current.address != key:
            await self._registrations.replace(replace(current, address=key), current.version)

    def confirmation(
        self, occasion: Occasion, registration: Registration, language: str, key: str, position: int = 0
    ) -> str:
        """The sentence of this key."""
        fee = f"{occasion.fee} {occasion.currency}"
        return word(
            language,
            key,
            **facts_of(occasion, language, session=registration.session),
            code=registration.code,
            position=position,
            fee=word(language, "fee", fee=fee) if occasion.fee > 0 else "",
            link=self.address(self.token("registration", registration.id)),
        )

    async def files(self, occasion: Occasion, registration: Registration) -> list[FileData]:
        """Calendar file and QR code."""
        ics = calendar_file(occasion, self._clock.now(), session=registration.session)
        return [ics, await code_picture(registration)]

    # Who may answer

    async def standing(self, occasion: Occasion, contact_id: ContactId) -> Invitation:
        """How a contact stands with an event. Raises NotFound where they have nothing to do with it."""
        registration = await self._registrations.get(registration_id(occasion.id, contact_id))
        if registration is None:
            raise NotFound("This contact is not registered for the event.", contact=contact_id)
        seats = await self.seats(occasion)
        return Invitation(
            occasion=occasion,
            registration=registration,
            position=seats.position_of(contact_id),
            full=all(seats.free(room.session) <= 0 for room in seats.rooms),
            sessions=view_sessions(occasion, seats),
        )

    async def open_for(self, contact_id: ContactId, address_key: str) -> list[Invitation]:
        """What somebody who writes from this address may answer: to come, and told of there. Soonest first."""
        contact = await find_survivor(self._contacts, contact_id)
        found: list[Invitation] = []
        for member in (contact.id, *contact.members)[:50] if contact else ():
            page = await self._registrations.page("by_contact", member, limit=MOST_OPEN, newest_first=True)
            for registration in page.items:
                occasion = await self._occasions.get(registration.occasion_id)
                if occasion is None or occasion.start <= self._clock.now() or registration.address != address_key:
                    continue
                if occasion.state in (OccasionState.OPEN, OccasionState.CLOSED):
                    found.append(await self.standing(occasion, registration.contact_id))
        return sorted(found, key=lambda one: one.occasion.start)

    async def by_token(self, token: str) -> Invitation:
        """Of a registration's link. Raises NotFound."""
        page = await self._registrations.page("by_link", hash_token(token), limit=1)
        if not page.items:
            raise NotFound("This link does not exist, or not any more. Please ask for a new one.")
        return await self.standing(await self.load(page.items[0].occasion_id), page.items[0].contact_id)


def hash_token(token: str) -> str:
    """What is stored of a link's secret: whoever reads the store cannot use it."""
    return hashlib.sha256(token.encode()).hexdigest()


def _check_same(occasion: Occasion, held: str, wanted: str) -> None:
    if wanted and wanted != held:
        known = find_session(occasion.sessions, held)
        title = known.title if known else occasion.title
        raise Conflict(
            f'This contact is registered for "{title}" already; cancel that first.',
            code="other-session",
            field="session",
        )
