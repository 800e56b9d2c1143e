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
from hub.domain.ids import derived_id
from hub.domain.interaction import Interaction
from hub.domain.itip import ItipMessage, ItipMethod
from hub.domain.people import Actor
from hub.domain.views import FileData
from hub.ports.clock import Clock
from hub.ports.connector import Accounts
from hub.ports.events import Events
from hub.ports.kinds import APPOINTMENTS, CONTACTS, CONVERSATIONS, INTERACTIONS, PLACEMENTS
from hub.ports.store import Exists, Store
from hub.services.alerts import Alerts
from hub.services.calendar.days import Days
from hub.services.calendar.instances import is_outdated, with_instance
from hub.services.calendar.itip import write_itip
from hub.services.calendar.shelf import calendar_of
from hub.services.calendar.traces import Index, Traces
from hub.services.correspondence import Correspondence
from hub.services.merged import find_survivor
from hub.services.wording import say

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
        index: Index | None = None,
    ) -> None:
        self._appointments, self._contacts = store.documents(APPOINTMENTS), store.documents(CONTACTS)
        self._entries, self._placements = store.documents(INTERACTIONS), store.documents(PLACEMENTS)
        self._conversations = store.documents(CONVERSATIONS)
        self._days = Days(store, clock)
        self._clock, self._letters, self._channels = clock, letters, channels
        self._traces = Traces(
            store=store, clock=clock, events=events, alerts=alerts,
            language=language, time_zone=time_zone, index=index,
        )  # fmt: skip
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
        when = self._traces.when(appointment.start, language)
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
            if message.instance is not None:
                # Of one instance: what was said of the series stands.
                await self._leave(appointment, contact, said, entry, message.instance)
                return said.value
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
        await self._traces.note(appointment, contact, MARKS.get(said, "invitation-answered"), f"{stamp.isoformat()}")
        await self._traces.tell(appointment, contact, f"answered-{said.value}", entry.id)
        return said.value

    async def _leave(
        self, appointment: Appointment, contact: Contact, said: Participation, entry: Interaction, instance: datetime
    ) -> None:
        mark = MARKS.get(said, "invitation-answered")
        await self._traces.note(appointment, contact, mark, f"{instance.isoformat()}|{entry.id}", at=instance)
        await self._traces.tell(appointment, contact, f"answered-{said.value}", entry.id, at=instance)

    async def _take_counter(self, entry: Interaction, message: ItipMessage, contact: Contact, sender: str) -> str:
        found = await self._ours(message, sender)
        if found is None or message.start is None:
            return "not-invited"
        appointment, _ = found
        await self._traces.note(
            appointment, contact, "invitation-countered", message.start.isoformat(), at=message.start
        )
        await self._traces.tell(appointment, contact, "answered-counter", entry.id, proposed=message.start)
        return "countered"

    async def _theirs(self, message: ItipMessage, sender: str) -> Appointment | None:
        """The appointment that it is about: an instance belongs to its series, or came alone."""
        found = await self._appointments.get(_invitation_id(sender, message.uid))
        if message.instance is not None and (found is None or not found.recurrence):
            return await self._appointments.get(_invitation_id(sender, message.uid, message.instance))
        return found

    async def _take_request(self, entry: Interaction, message: ItipMessage, contact: Contact, sender: str) -> str:
        if message.organiser != sender or message.start is None or message.end is None:
            return "not-the-organiser"
        if contact.owner is None:
            return "nobody-in-charge"
        if message.end <= self._clock.now():
            return "past"
        known = await self._theirs(message, sender)
        if known is not None and known.recurrence and message.instance is not None:
            return await self._take_instance(entry, message, contact, known, gone=False)
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
                overrides=message.exceptions, source_entry=entry.id, state=AppointmentState.TENTATIVE, key="",
            )  # fmt: skip
            # What was agreed holds no more: the new time waits for an answer, the old one is free again.
            released = await self._days.replace(known, replace(known, state=AppointmentState.CANCELLED))
            await self._appointments.replace(wanted, released.version)
            known, story = wanted, "invited-again"
        await self._traces.note(known, contact, "invitation-received", str(known.sequence))
        await self._traces.tell(known, contact, story, entry.id)
        return story

    def _compose(self, entry: Interaction, message: ItipMessage, contact: Contact, sender: str) -> Appointment:
        assert message.start is not None
        assert message.end is not None
        assert contact.owner is not None
        calendar_id = calendar_of(contact.owner)
        return Appointment(
            id=_invitation_id(sender, message.uid, message.instance),
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
            overrides=message.exceptions,
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
        if known.recurrence and message.instance is not None:
            return await self._take_instance(entry, message, contact, known, gone=True)
        if known.state is AppointmentState.CANCELLED or message.sequence < known.sequence:
            return "known"
        gone = replace(known, state=AppointmentState.CANCELLED, sequence=message.sequence)
        await self._days.replace(known, gone)
        await self._traces.note(gone, contact, "invitation-withdrawn", str(gone.sequence))
        await self._traces.tell(gone, contact, "invitation-gone", entry.id)
        return "cancelled"

    async def _take_instance(
        self, entry: Interaction, message: ItipMessage, contact: Contact, series: Appointment, *, gone: bool
    ) -> str:
        """One instance is elsewhere, or does not take place. Where its new time is taken nothing is changed, and the
        colleague decides."""
        instance = message.instance
        assert instance is not None
        for _ in range(TRIES):
            if series.state is AppointmentState.CANCELLED:
                return "declined-before"
            if is_outdated(series, message):
                return "outdated"
            changed = with_instance(series, message, gone=gone)
            if changed is None:
                return "no-such-instance"
            story = "instance-gone" if gone else "instance-moved"
            try:
                if changed != series and series.state is AppointmentState.CONFIRMED:
                    await self._days.replace(series, changed)
                elif changed != series and not await self._appointments.replace(changed, series.version):
                    series = await self._appointments.get(series.id) or series
                    continue
            except Conflict as error:
                if error.fields.get("code") != "taken":
                    series = await self._appointments.get(series.id) or series
                    continue
                story = "instance-taken"
            occasion = f"{instance.isoformat()}|{message.sequence}|{message.stamp}"
            mark = "invitation-withdrawn" if gone else "invitation-received"
            await self._traces.note(series, contact, mark, occasion, at=instance if gone else message.start)
            await self._traces.tell(series, contact, story, entry.id, at=instance, proposed=message.start)
            return story
        raise Conflict("The appointment changes all the time; try again.")


def _invitation_id(sender: str, uid: str, instance: datetime | None = None) -> str:
    """Of an appointment of theirs. An instance of a series that we do not know is one of its own."""
    return derived_id("p", "invitation", sender, uid, *([instance.isoformat()] if instance else []))
