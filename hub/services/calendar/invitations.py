"""Invitations by mail (iMIP, RFC 6047), both ways.

Out: a colleague invites the contact of an appointment; whoever was invited hears of every later change, under the
appointment's growing SEQUENCE. In: the contact's answer or counter-proposal, and invitations, changes and cancellations
of theirs. A message from outside counts only where it is authenticated and its sender is who the calendar file says:
the attendee who answers, the organiser who invites (RFC 5546 §6.1). What is older than what we know changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from hub.domain.address import Address
from hub.domain.appointment import Appointment, AppointmentState, Attendee, Participation
from hub.domain.contact import Contact
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.ids import InteractionId, derived_id
from hub.domain.interaction import Direction, Interaction, InteractionKind
from hub.domain.itip import ItipMessage, ItipMethod
from hub.domain.people import Actor
from hub.domain.views import FileData
from hub.ports.clock import Clock
from hub.ports.connector import Accounts
from hub.ports.events import Event, Events, Topic
from hub.ports.kinds import APPOINTMENTS, CALENDARS, CONTACTS, CONVERSATIONS, INTERACTIONS, PLACEMENTS
from hub.ports.store import Exists, Store
from hub.services.alerts import Alerts
from hub.services.calendar.days import Days
from hub.services.calendar.itip import write_itip
from hub.services.calendar.shelf import calendar_of
from hub.services.correspondence import Correspondence
from hub.services.merged import find_survivor
from hub.services.wording import one_line, say

log = structlog.get_logger()
TRIES = 5
ANSWERS = {
    Participation.ACCEPTED: AppointmentState.CONFIRMED,
    Participation.TENTATIVE: AppointmentState.TENTATIVE,
    Participation.DECLINED: AppointmentState.CANCELLED,
}
MARKS = {
    Participation.ACCEPTED: "invitation-accepted",
    Participation.DECLINED: "invitation-declined",
    Participation.TENTATIVE: "invitation-tentative",
}


class Invitations:
    """Implements AppointmentNews (`booked`, `moved`, `cancelled`); `invite`, `answer` and `receive` for the others."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        events: Events,
        alerts: Alerts,
        letters: Correspondence,
        channels: Accounts,
        company: str,
        language: str,
        time_zone: str,
    ) -> None:
        self._appointments, self._contacts = store.documents(APPOINTMENTS), store.documents(CONTACTS)
        self._entries, self._placements = store.documents(INTERACTIONS), store.documents(PLACEMENTS)
        self._conversations, self._calendars = store.documents(CONVERSATIONS), store.documents(CALENDARS)
        self._days = Days(store, clock)
        self._clock, self._events, self._alerts, self._letters, self._channels = (
            clock,
            events,
            alerts,
            letters,
            channels,
        )
        self._company, self._language, self._zone = company, language, time_zone

    # Ours

    async def invite(self, appointment: Appointment) -> Appointment:
        """Send the contact a REQUEST. Raises Invalid where there is no contact to invite, or it was cancelled; NotFound
        where we know no mail address of theirs that we may trust."""
        if appointment.contact_id is None or appointment.organiser is not None:
            raise Invalid("Only an appointment of ours with a contact can be an invitation.", field="contact")
        if appointment.state is AppointmentState.CANCELLED:
            raise Invalid("This appointment was cancelled.", field="state")
        contact = await self._contact(appointment)
        way = await self._letters.find_way(contact.id, mail_only=True)
        if way is None:
            raise NotFound("There is no mail address of this contact that we may write to by ourselves.")
        for _ in range(TRIES):
            known = next((one for one in appointment.attendees if one.address == way[1]), None)
            if known is not None:
                break
            attendee = Attendee(address=way[1], name=contact.name, contact_id=contact.id)
            invited = replace(appointment, attendees=(*appointment.attendees, attendee))
            if await self._appointments.replace(invited, appointment.version):
                appointment = replace(invited, version=appointment.version + 1)
                break
            appointment = await self._appointments.get(appointment.id) or appointment
        await self._send(appointment, ItipMethod.REQUEST)
        return appointment

    async def booked(self, appointment: Appointment, actor: Actor) -> None:
        """Nothing: only a person invites."""

    async def moved(self, appointment: Appointment, actor: Actor) -> None:
        """Whoever was invited hears of it."""
        if appointment.attendees and appointment.organiser is None:
            await self._send(appointment, ItipMethod.REQUEST)

    async def cancelled(self, appointment: Appointment, actor: Actor) -> None:
        """Whoever was invited hears of it."""
        if appointment.attendees and appointment.organiser is None:
            await self._send(appointment, ItipMethod.CANCEL)

    async def _send(self, appointment: Appointment, method: ItipMethod) -> None:
        contact = await self._contact(appointment)
        way = await self._letters.find_way(contact.id, mail_only=True)
        account = self._channels.get(way[0]) if way else None
        if account is None:
            log.warning("invitation_without_a_way", appointment=appointment.id, method=method.value)
            return
        data = await asyncio.to_thread(
            write_itip,
            appointment,
            method,
            self._clock.now(),
            organiser=account.sender_address,
            organiser_name=self._company,
            attendees=appointment.attendees,
        )
        language = contact.language or self._language
        gone, first = method is ItipMethod.CANCEL, appointment.sequence == 0
        story = "invitation-cancelled" if gone else "invitation" if first else "invitation-changed"
        when = self._when(appointment.start, language)
        subject = say(language, f"{story}-subject", title=appointment.title, when=when)
        text = say(language, story, title=appointment.title, when=when, company=self._company)
        file = FileData(name="invite.ics", type=f"text/calendar; method={method.value}", data=data)
        await self._letters.say(
            contact.id,
            text,
            subject=subject,
            key=f"itip|{appointment.id}|{appointment.sequence}|{method.value}",
            files=[file],
            mail_only=True,
        )

    def _when(self, moment: datetime, language: str) -> str:
        from zoneinfo import ZoneInfo

        local = moment.astimezone(ZoneInfo(self._zone))
        return f"{local:%d.%m.%Y %H:%M}" if language.startswith("de") else f"{local:%Y-%m-%d %H:%M}"

    async def _contact(self, appointment: Appointment) -> Contact:
        found = await find_survivor(self._contacts, appointment.contact_id or "")
        if found is None:
            raise NotFound("There is no such contact.", id=appointment.contact_id)
        return found

    # Theirs

    async def answer(self, appointment: Appointment, participation: Participation, key: str) -> Appointment:
        """Accept, decline, or say perhaps; the organiser gets a REPLY. Accepting books the time. Raises Invalid,
        Conflict (taken)."""
        if appointment.organiser is None or participation not in ANSWERS:
            raise Invalid("Only an invitation from outside can be answered: accepted, tentative or declined.")
        state = ANSWERS[participation]
        if appointment.key != key:
            wanted = replace(appointment, state=state, key=key)
            appointment = await self._days.replace(appointment, wanted)
        await self._reply(appointment, participation)
        return appointment

    async def _reply(self, appointment: Appointment, participation: Participation) -> None:
        entry = await self._entries.get(appointment.source_entry)
        placement = await self._placements.get(appointment.source_entry)
        conversation = await self._conversations.get(placement.conversation_id) if placement else None
        if entry is None or conversation is None or appointment.organiser is None:
            log.warning("invitation_without_its_message", appointment=appointment.id)
            return
        contact = await self._contact(appointment)
        account = self._channels.get(conversation.account)
        own = account.sender_address if account else ""
        mine = next((one for one in appointment.attendees if one.address.normal == own.lower()), None)
        me = Attendee(
            address=Address(channel="email", normal=own), name=mine.name if mine else self._company,
            participation=participation,
        )  # fmt: skip
        data = await asyncio.to_thread(
            write_itip,
            appointment,
            ItipMethod.REPLY,
            self._clock.now(),
            organiser=appointment.organiser.normal,
            attendees=[me],
        )
        language = contact.language or self._language
        text = say(language, f"reply-{participation.value}", title=appointment.title)
        file = FileData(name="reply.ics", type="text/calendar; method=REPLY", data=data)
        await self._letters.answer(
            entry,
            conversation,
            contact,
            text,
            reason=f"itip-{appointment.sequence}-{participation.value}",
            language=language,
            files=[file],
        )

    async def receive(self, entry: Interaction, message: ItipMessage, contact: Contact) -> str:
        """Act on a message whose sender is authenticated. Returns what became of it, for the log. May be repeated."""
        sender = entry.sender.address.normal if entry.sender else ""
        handler: Callable[[Interaction, ItipMessage, Contact, str], Awaitable[str]] | None = {
            ItipMethod.REPLY: self._take_reply,
            ItipMethod.COUNTER: self._take_counter,
            ItipMethod.REQUEST: self._take_request,
            ItipMethod.CANCEL: self._take_cancel,
        }.get(message.method)
        return await handler(entry, message, contact, sender) if handler else "not-acted-on"

    async def _ours(self, message: ItipMessage, sender: str) -> tuple[Appointment, Attendee] | None:
        """Our appointment that the sender was invited to."""
        for appointment in (await self._appointments.page("by_uid", message.uid, limit=10)).items:
            if appointment.organiser is not None:
                continue
            for attendee in appointment.attendees:
                if attendee.address.normal == sender and any(one.address == sender for one in message.attendees):
                    return appointment, attendee
        return None

    async def _take_reply(self, entry: Interaction, message: ItipMessage, contact: Contact, sender: str) -> str:
        stamp = message.stamp or entry.at
        said = next((one.participation for one in message.attendees if one.address == sender), None)
        for _ in range(TRIES):
            found = await self._ours(message, sender)
            if found is None or said is None:
                return "not-invited"
            appointment, attendee = found
            # RFC 5546 §2.1.5: an answer to an older form, or older than the last answer, is over.
            if message.sequence < appointment.sequence or (attendee.answered_at and stamp < attendee.answered_at):
                return "outdated"
            if attendee.participation is said and attendee.answered_at == stamp:
                break
            changed = replace(attendee, participation=said, answered_at=stamp)
            others = tuple(changed if one.address == attendee.address else one for one in appointment.attendees)
            if await self._appointments.replace(replace(appointment, attendees=others), appointment.version):
                break
        else:
            raise Conflict("The appointment changes all the time; try again.")
        await self._note(appointment, contact, MARKS.get(said, "invitation-answered"), f"{stamp.isoformat()}")
        await self._tell(appointment, contact, f"answered-{said.value}", entry.id)
        return said.value

    async def _take_counter(self, entry: Interaction, message: ItipMessage, contact: Contact, sender: str) -> str:
        found = await self._ours(message, sender)
        if found is None or message.start is None:
            return "not-invited"
        appointment, _ = found
        await self._note(appointment, contact, "invitation-countered", message.start.isoformat(), at=message.start)
        await self._tell(appointment, contact, "answered-counter", entry.id, proposed=message.start)
        return "countered"

    async def _theirs(self, message: ItipMessage, sender: str) -> Appointment | None:
        for appointment in (await self._appointments.page("by_uid", message.uid, limit=10)).items:
            if appointment.organiser is not None and appointment.organiser.normal == sender:
                return appointment
        return None

    async def _take_request(self, entry: Interaction, message: ItipMessage, contact: Contact, sender: str) -> str:
        if message.organiser != sender or message.start is None or message.end is None:
            return "not-the-organiser"
        if contact.owner is None:
            return "nobody-in-charge"
        if message.end <= self._clock.now():
            return "past"
        known = await self._theirs(message, sender)
        if known is None:
            fresh = self._compose(entry, message, contact, sender)
            result = await self._appointments.insert(fresh)
            known = result.current if isinstance(result, Exists) else fresh
            story = "invited"
        elif message.sequence <= known.sequence and known.start == message.start:
            return "known"
        elif message.sequence < known.sequence:
            return "outdated"
        else:
            wanted = replace(
                known, start=message.start, end=message.end, title=message.title or known.title,
                location=message.location, sequence=message.sequence, recurrence=message.recurrence,
                source_entry=entry.id, state=AppointmentState.TENTATIVE, key="",
            )  # fmt: skip
            # What was agreed holds no more: the new time waits for an answer, the old one is free again.
            released = await self._days.replace(known, replace(known, state=AppointmentState.CANCELLED))
            await self._appointments.replace(wanted, released.version)
            known, story = wanted, "invited-again"
        await self._note(known, contact, "invitation-received", str(known.sequence))
        await self._tell(known, contact, story, entry.id)
        return story

    def _compose(self, entry: Interaction, message: ItipMessage, contact: Contact, sender: str) -> Appointment:
        assert message.start is not None
        assert message.end is not None
        assert contact.owner is not None
        calendar_id = calendar_of(contact.owner)
        return Appointment(
            id=derived_id("p", "invitation", sender, message.uid),
            uid=message.uid,
            sequence=message.sequence,
            state=AppointmentState.TENTATIVE,
            calendars=(calendar_id,),
            contact_id=contact.id,
            title=message.title or entry.subject[:200],
            location=message.location,
            start=message.start,
            end=message.end,
            time_zone=message.time_zone or self._zone,
            recurrence=message.recurrence,
            repeats=(calendar_id,) if message.recurrence else (),
            organiser=Address(channel="email", normal=sender),
            attendees=tuple(
                Attendee(address=Address(channel="email", normal=one.address), name=one.name)
                for one in message.attendees
                if "@" in one.address
            ),
            created_by=f"contact:{contact.id}",
            created_at=self._clock.now().astimezone(UTC),
            source_entry=entry.id,
        )

    async def _take_cancel(self, entry: Interaction, message: ItipMessage, contact: Contact, sender: str) -> str:
        known = await self._theirs(message, sender)
        if known is None or message.organiser != sender:
            return "not-the-organiser"
        if known.state is AppointmentState.CANCELLED or message.sequence < known.sequence:
            return "known"
        if message.instance is not None:
            return "not-acted-on"
        gone = replace(known, state=AppointmentState.CANCELLED, sequence=message.sequence)
        await self._days.replace(known, gone)
        await self._note(gone, contact, "invitation-withdrawn", str(gone.sequence))
        await self._tell(gone, contact, "invitation-gone", entry.id)
        return "cancelled"

    # Traces

    async def _note(
        self, appointment: Appointment, contact: Contact, mark: str, occasion: str, at: datetime | None = None
    ) -> None:
        """An internal entry on the timeline; `marks` says what happened, for edges that translate it."""
        entry = Interaction(
            id=InteractionId(derived_id("i", "invitation", appointment.id, mark, occasion)),
            contact_id=contact.id,
            at=self._clock.now(),
            kind=InteractionKind.APPOINTMENT,
            direction=Direction.INTERNAL,
            subject=appointment.title,
            text=self._when(at or appointment.start, self._language),
            marks=(mark,),
        )
        await self._entries.insert(entry)
        self._events.publish(Event(topic=Topic.TIMELINE, contact=contact.id, entry=entry.id))

    async def _tell(
        self, appointment: Appointment, contact: Contact, story: str, key: str, proposed: datetime | None = None
    ) -> None:
        """The colleagues in whose calendars it stands; of a room, whoever is in charge of the contact."""
        calendars = await self._calendars.get_many(appointment.calendars) if appointment.calendars else {}
        users = [one.user_id for one in calendars.values() if one.user_id is not None]
        if not users and contact.owner:
            users = [contact.owner]
        name = one_line(contact.name, 60)
        title = one_line(appointment.title) or "…"
        await self._alerts.tell(
            "appointment",
            users,
            lambda language: say(
                language,
                story,
                name=name,
                title=title,
                when=self._when(appointment.start, language),
                proposed=self._when(proposed or appointment.start, language),
            ),
            f"{story}|{key}",
        )
