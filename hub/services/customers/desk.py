"""What the customer bot may do: each verb about a contact's own affairs proves the identity anew, and is in the audit
log as the contact's act. Implements hub.ports.customer_verbs.CustomerVerbs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hub.domain.appointment import Appointment, AppointmentDraft, Calendar, Occurrence, Slot, WorkingHours
from hub.domain.contact import Contact, identity_id
from hub.domain.errors import Conflict, NotFound, NotProved, TooMany
from hub.domain.ids import UserId
from hub.domain.ledger import AccountSummary, OrderLine
from hub.domain.message import Strength
from hub.domain.occasion import Invitation, RegistrationState
from hub.domain.people import Right, system_actor
from hub.domain.views import FileData
from hub.ports.account_verbs import AccountVerbs
from hub.ports.calendar_verbs import CalendarVerbs
from hub.ports.clock import Clock
from hub.ports.customer_verbs import Customer, SharedFiles
from hub.ports.kinds import CONTACTS, IDENTITIES
from hub.ports.store import Store
from hub.services.alerts import Alerts
from hub.services.audit import Audit
from hub.services.correspondence import Correspondence
from hub.services.customers.budgets import DAY, Budgets
from hub.services.customers.proof import Proofs, customer_actor
from hub.services.desk.desk import Desk
from hub.services.documents.overviews import Overviews
from hub.services.merged import find_survivor
from hub.services.occasions.registering import Registering
from hub.services.wording import one_line, say

BOT = system_actor("customer-bot")
SHOWN_SLOTS, A_DAY = 5, 2
LEAD = timedelta(hours=2)
"""Nothing is offered sooner."""
AHEAD = timedelta(days=365)
BOOKINGS_A_DAY = 5
OVERVIEW_DAYS = 7
SWAPS = 10


class CustomerDesk:
    """The verbs of customers, over those of colleagues."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        audit: Audit,
        alerts: Alerts,
        accounts: AccountVerbs,
        calendar: CalendarVerbs,
        letters: Correspondence,
        proofs: Proofs,
        budgets: Budgets,
        desk: Desk,
        registering: Registering,
        overviews: Overviews,
        company: str,
        time_zone: str,
    ) -> None:
        self._identities, self._contacts = store.documents(IDENTITIES), store.documents(CONTACTS)
        self._clock, self._audit, self._alerts = clock, audit, alerts
        self._accounts, self._calendar, self._letters = accounts, calendar, letters
        self._proofs, self._budgets, self._desk = proofs, budgets, desk
        self._registering, self._overviews = registering, overviews
        self._company, self._zone = company, ZoneInfo(time_zone)

    async def _prove(self, customer: Customer, verb: str, subject: str = "") -> Contact:
        """What the caller holds may be older than what a colleague decided: the store is asked. Raises NotProved."""
        identity = await self._identities.get(identity_id(customer.address))
        held = identity is not None and identity.strength is Strength.VERIFIED
        same = identity is not None and identity.contact_id == customer.contact_id
        contact = await find_survivor(self._contacts, customer.contact_id)
        if not held or not same or customer.message is Strength.CLAIMED or contact is None:
            await self._audit.record(customer_actor(customer), verb, subject or customer.contact_id, outcome="refused")
            raise NotProved("The sender has not proved to be this contact.", contact=customer.contact_id)
        return contact

    # Reading

    async def account(self, customer: Customer) -> AccountSummary:
        """See CustomerVerbs."""
        await self._prove(customer, "customer.account")
        await self._audit.seen(customer_actor(customer), "customer.account", customer.contact_id)
        return await self._accounts.summary(BOT, customer.contact_id)

    async def orders(self, customer: Customer) -> list[OrderLine]:
        """See CustomerVerbs."""
        await self._prove(customer, "customer.orders")
        await self._audit.seen(customer_actor(customer), "customer.orders", customer.contact_id)
        return await self._accounts.orders(BOT, customer.contact_id)

    async def appointments(self, customer: Customer) -> list[Occurrence]:
        """See CustomerVerbs."""
        await self._prove(customer, "customer.appointments")
        await self._audit.seen(customer_actor(customer), "customer.appointments", customer.contact_id)
        now = self._clock.now()
        return await self._calendar.agenda(BOT, now, now + AHEAD, contact_id=customer.contact_id, limit=20)

    async def shared(self, customer: Customer, *, key: str) -> SharedFiles:
        """See CustomerVerbs. The link exists only where it leads to something."""
        contact = await self._prove(customer, "customer.shared")
        files = await self._overviews.shared_with(contact)
        address = ""
        if files:
            address, overview = await self._overviews.make(contact.id, days=OVERVIEW_DAYS, key=f"customer|{key}")
            await self._audit.record(customer_actor(customer), "customer.shared", contact.id, detail=overview.id)
        else:
            await self._audit.seen(customer_actor(customer), "customer.shared", contact.id)
        return SharedFiles(files=tuple(files), address=address)

    # Appointments

    async def slots(
        self, customer: Customer, since: datetime, until: datetime, *, appointment_id: str = ""
    ) -> list[Slot]:
        """See CustomerVerbs."""
        since = max(since, self._clock.now() + LEAD)
        until = min(until, since + AHEAD)
        if until <= since:
            return []
        calendars, minutes = await self._bookable(), 0
        if appointment_id:
            appointment = await self._own(customer, appointment_id)
            minutes = int((appointment.end - appointment.start).total_seconds() // 60)
            calendars = [one for one in calendars if one.id in appointment.calendars]
            if len(calendars) < len(appointment.calendars):
                return []
        found: dict[datetime, Slot] = {}
        for one in calendars:
            free = await self._calendar.free(BOT, since, until, minutes or one.slot_minutes, [one.id], limit=200)
            for slot in free:
                found.setdefault(slot.start, slot)
        return self._few([found[start] for start in sorted(found)])

    async def _bookable(self) -> list[Calendar]:
        return [one for one in await self._calendar.calendars(BOT) if one.bookable]

    def _few(self, slots: Sequence[Slot]) -> list[Slot]:
        """The day's first, and the first of its afternoon (else its next)."""
        days: dict[object, list[Slot]] = {}
        for slot in slots:
            days.setdefault(slot.start.astimezone(self._zone).date(), []).append(slot)
        chosen: list[Slot] = []
        for of_day in days.values():
            later = [slot for slot in of_day[1:] if slot.start.astimezone(self._zone).hour >= 12] or of_day[1:]
            chosen += [of_day[0], *later[: A_DAY - 1]]
        return chosen[:SHOWN_SLOTS]

    async def book(self, customer: Customer, slot: Slot, *, key: str) -> Appointment:
        """See CustomerVerbs."""
        contact = await self._prove(customer, "customer.book")
        calendar = next((one for one in await self._bookable() if one.id == slot.calendar_id), None)
        if calendar is None:
            raise NotFound("Customers cannot book here (any more).")
        if not await self._budgets.grant(f"bookings|{contact.id}", key, limit=BOOKINGS_A_DAY, window=DAY):
            raise TooMany("This contact has booked enough for today.", retry_after=DAY)
        draft = AppointmentDraft(
            start=slot.start,
            minutes=int((slot.end - slot.start).total_seconds() // 60),
            title=say(customer.language, "customer-title", company=self._company),
            contact_id=contact.id,
            calendars=(slot.calendar_id,),
            time_zone=calendar.time_zone,
        )
        booked = await self._calendar.book(BOT, draft, key=key)
        await self._audit.record(customer_actor(customer), "customer.book", booked.id)
        await self._tell("customer-booked", contact, booked, key)
        return booked

    async def move(self, customer: Customer, appointment_id: str, slot: Slot, *, key: str) -> Appointment:
        """See CustomerVerbs."""
        appointment = await self._own(customer, appointment_id)
        if slot.calendar_id not in appointment.calendars:
            raise NotFound("This time is not in the appointment's calendar.")
        moved = await self._calendar.move(BOT, appointment_id, slot.start, key=key)
        await self._audit.record(customer_actor(customer), "customer.move", appointment_id)
        await self._tell("customer-moved", await self._prove(customer, "customer.move"), moved, key)
        return moved

    async def cancel(self, customer: Customer, appointment_id: str, *, key: str) -> Appointment:
        """See CustomerVerbs."""
        await self._own(customer, appointment_id)
        cancelled = await self._calendar.cancel(BOT, appointment_id, key=key)
        await self._audit.record(customer_actor(customer), "customer.cancel", appointment_id)
        await self._tell("customer-cancelled", await self._prove(customer, "customer.cancel"), cancelled, key)
        return cancelled

    async def _own(self, customer: Customer, appointment_id: str) -> Appointment:
        """The customer's own, of those that a single message may change. Another's is not found, like none at all."""
        contact = await self._prove(customer, "customer.appointment", appointment_id)
        appointment = await self._calendar.get(BOT, appointment_id)
        if appointment.contact_id not in (contact.id, *contact.members):
            await self._audit.record(customer_actor(customer), "customer.appointment", appointment_id, "refused")
            raise NotFound("There is no such appointment.")
        if appointment.recurrence:
            raise Conflict("A recurring appointment is changed by a colleague.", code="recurring")
        return appointment

    async def _tell(self, story: str, contact: Contact, appointment: Appointment, key: str) -> None:
        """The colleagues in whose calendars it stands; of a room, whoever is in charge of the contact, else everybody
        who sees calendars."""
        known = {one.id: one.user_id for one in await self._calendar.calendars(BOT)}
        users: list[UserId] = [user for one in appointment.calendars if (user := known.get(one)) is not None]
        users = users or ([contact.owner] if contact.owner else self._alerts.everybody(Right.READ_CALENDARS))
        when = f"{appointment.start.astimezone(self._zone):%d.%m. %H:%M}"
        name = one_line(contact.name, 60)
        await self._alerts.tell(
            "appointment", users, lambda language: say(language, story, name=name, when=when), f"{story}|{key}"
        )

    async def calendar_file(self, customer: Customer, appointment_id: str) -> FileData:
        """See CustomerVerbs."""
        await self._own(customer, appointment_id)
        return await self._calendar.ics(BOT, appointment_id)

    async def mail_file(self, customer: Customer, text: str, subject: str, file: FileData, *, key: str) -> bool:
        """See CustomerVerbs."""
        contact = await self._prove(customer, "customer.file")
        item = await self._letters.say(
            contact.id, text, subject=subject, key=f"file|{key}", files=[file], mail_only=True
        )
        return item is not None

    # Events

    async def invitations(self, customer: Customer) -> list[Invitation]:
        """See CustomerVerbs."""
        if customer.message is Strength.CLAIMED:
            return []
        return await self._registering.open_for(customer.contact_id, customer.address.key)

    async def attend(self, customer: Customer, occasion_id: str, wanted: bool, *, session: str = "") -> Invitation:
        """See CustomerVerbs."""
        who = (await self._invitation(customer, occasion_id)).registration.contact_id
        if wanted:
            done = await self._registering.register(occasion_id, who, session=session, via="reply", quiet=True)
        else:
            done = await self._registering.cancel(occasion_id, who, via="reply", quiet=True)
        verb = "customer.attend" if wanted else "customer.withdraw"
        await self._audit.record(customer_actor(customer), verb, customer.contact_id, detail=occasion_id)
        return done

    async def occasion_files(self, customer: Customer, occasion_id: str) -> list[FileData]:
        """See CustomerVerbs."""
        one = await self._invitation(customer, occasion_id)
        if one.registration.state is not RegistrationState.REGISTERED:
            return []
        return await self._registering.files(one.occasion, one.registration)

    async def _invitation(self, customer: Customer, occasion_id: str) -> Invitation:
        for one in await self.invitations(customer):
            if one.occasion.id == occasion_id:
                return one
        await self._audit.record(customer_actor(customer), "customer.attend", occasion_id[:60], outcome="refused")
        raise NotFound("There is no such invitation.")

    # Proof and consent

    async def offer_code(self, customer: Customer) -> str:
        """See CustomerVerbs."""
        return await self._proofs.offer(customer)

    async def send_code(self, customer: Customer, *, named: str = "", key: str) -> None:
        """See CustomerVerbs."""
        await self._proofs.send(customer, named=named, key=key)

    async def redeem_code(self, customer: Customer, code: str) -> Customer | None:
        """See CustomerVerbs."""
        return await self._proofs.redeem(customer, code)

    async def set_consent(self, customer: Customer, wanted: bool) -> None:
        """See CustomerVerbs."""
        for _ in range(SWAPS):
            contact = await self._contacts.get(customer.contact_id)
            if contact is None or contact.automatic == wanted:
                return
            if await self._contacts.replace(replace(contact, automatic=wanted), contact.version):
                await self._audit.record(customer_actor(customer), "customer.consent", contact.id, detail=str(wanted))
                return
        raise Conflict("The contact changes all the time; try again.")

    async def hours(self, customer: Customer) -> Sequence[WorkingHours]:
        """See CustomerVerbs."""
        return await self._desk.hours(customer.account)

    async def opens(self, customer: Customer) -> datetime:
        """See CustomerVerbs."""
        return await self._desk.opens(customer.account)
