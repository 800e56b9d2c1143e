"""Reminders of appointments, to both sides: staff 15 minutes before, the contact a day before. Implements the
calendar's news (booked, moved, cancelled); every step may be repeated."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hub.domain.appointment import Appointment, AppointmentState
from hub.domain.contact import Contact
from hub.domain.ids import UserId, derived_id
from hub.domain.instant import to_utc_ms
from hub.domain.people import Actor
from hub.domain.reminder import Reminder, ReminderKind, ReminderState
from hub.ports.clock import Clock
from hub.ports.kinds import APPOINTMENTS, CALENDARS, CONTACTS, REMINDERS
from hub.ports.store import Replacement, Store
from hub.services.staff import Staff
from hub.services.wording import one_line, say

STAFF_BEFORE = timedelta(minutes=15)
CONTACT_BEFORE = timedelta(hours=24)
BEHIND = timedelta(days=1)
HORIZON = timedelta(days=60)
FURTHEST = timedelta(days=5 * 366)
MOST = 200
"""Occurrences that are planned ahead."""
PAGE = 500
KINDS: Final = (ReminderKind.APPOINTMENT_STAFF, ReminderKind.APPOINTMENT_CONTACT)

Expand = Callable[[Appointment, datetime, datetime], Iterable[tuple[datetime, datetime]]]
"""Start and end of each instance that takes place between two moments, in order, exceptions applied."""


class AppointmentReminders:
    """Plans. A recurring appointment is planned 60 days ahead, and again whenever one of its reminders was said."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        staff: Staff,
        expand: Expand,
        time_zone: str,
        language: str = "de",
        expect: Callable[[datetime], None] = lambda due_at: None,
    ) -> None:
        """`time_zone` of colleagues and appointments that name none; `language` of contacts who have none."""
        self._reminders = store.documents(REMINDERS)
        self._calendars = store.documents(CALENDARS)
        self._contacts = store.documents(CONTACTS)
        self._appointments = store.documents(APPOINTMENTS)
        self._clock, self._staff, self._expand = clock, staff, expand
        self._zone, self._language, self._expect = time_zone, language, expect

    async def booked(self, appointment: Appointment, actor: Actor) -> None:
        """Plan."""
        await self.plan(appointment)

    async def moved(self, appointment: Appointment, actor: Actor) -> None:
        """Plan anew."""
        await self.plan(appointment)

    async def cancelled(self, appointment: Appointment, actor: Actor) -> None:
        """Drop them all, or those of the instance that is left out."""
        await self.plan(appointment)

    async def continue_after(self, reminder: Reminder) -> None:
        """To be given to `Reminding.follow`: the window of a recurring appointment moves on."""
        if reminder.kind in KINDS:
            appointment = await self._appointments.get(reminder.subject_id)
            if appointment is not None and appointment.recurrence:
                await self.plan(appointment)

    async def plan(self, appointment: Appointment) -> None:
        """What is to be said of the appointment as it stands, and nothing else: first the new ones, then those of an
        older time go, so that a crash in between leaves one too many (dropped by the repetition), not one too few."""
        now = self._clock.now()
        wanted = {one.id: one for one in await self._wanted(appointment)}
        fresh = [one for one in wanted.values() if one.due_at > now]
        for start in range(0, len(fresh), PAGE):
            await self._reminders.insert_many(fresh[start : start + PAGE])
        cursor: str | None = None
        while True:
            page = await self._reminders.page("by_subject", appointment.id, after=cursor, limit=PAGE)
            stale = [one for one in page.items if one.id not in wanted and one.state is ReminderState.DUE]
            if stale:
                await self._reminders.replace_many(
                    [Replacement(replace(one, state=ReminderState.DROPPED), one.version) for one in stale]
                )
            if (cursor := page.next) is None:
                break
        for one in fresh:
            self._expect(one.due_at)

    async def _wanted(self, appointment: Appointment) -> list[Reminder]:
        if appointment.state is AppointmentState.CANCELLED:
            return []
        starts = self._starts(appointment)
        if not starts:
            return []
        contact = await self._contacts.get(appointment.contact_id) if appointment.contact_id else None
        calendars = await self._calendars.get_many(appointment.calendars) if appointment.calendars else {}
        users = sorted({one.user_id for one in calendars.values() if one.user_id is not None})
        found = [self._to_staff(appointment, start, user, contact) for start in starts for user in users]
        if contact is not None and appointment.state is AppointmentState.CONFIRMED:
            found.extend(self._to_contact(appointment, start, contact) for start in starts)
        return found

    def _starts(self, appointment: Appointment) -> Sequence[datetime]:
        """Within the horizon; else the next one at all, so that a yearly appointment is not forgotten. Those of the
        last day count too: their reminders may still have to be said, late."""
        since, now = self._clock.now() - BEHIND, self._clock.now()
        if not appointment.recurrence:
            return [appointment.start] if appointment.start > since else []
        for until in (now + HORIZON, now + FURTHEST):
            starts = [start for start, _ in self._expand(appointment, since, until)]
            if any(start > now for start in starts):
                first = sum(start <= now for start in starts) + 1
                return starts[:MOST] if until == now + HORIZON else starts[:first]
        return []

    def _to_staff(
        self, appointment: Appointment, start: datetime, user_id: UserId, contact: Contact | None
    ) -> Reminder:
        user = self._staff.known(user_id)
        language = user.language if user else self._language
        zone = ZoneInfo((user.time_zone if user else "") or self._zone)
        with_name = say(language, "reminder-with", name=one_line(contact.name, 60)) if contact else ""
        when, title = f"{start.astimezone(zone):%H:%M}", one_line(appointment.title)
        text = say(language, "reminder-staff", when=when, title=title, with_name=with_name)
        one = self._reminder(appointment, start, ReminderKind.APPOINTMENT_STAFF, start - STAFF_BEFORE, user_id)
        return replace(one, user_id=user_id, text=text)

    def _to_contact(self, appointment: Appointment, start: datetime, contact: Contact) -> Reminder:
        language = contact.language or self._language
        local = start.astimezone(ZoneInfo(appointment.time_zone or self._zone))
        day, when = f"{local:%d.%m.%Y}", f"{local:%H:%M}"
        place = f", {one_line(appointment.location)}" if appointment.location else ""
        text = say(language, "reminder-contact", day=day, when=when, title=one_line(appointment.title), place=place)
        one = self._reminder(appointment, start, ReminderKind.APPOINTMENT_CONTACT, start - CONTACT_BEFORE, "contact")
        return replace(one, text=text, subject=say(language, "reminder-contact-subject", day=day, when=when))

    def _reminder(
        self, appointment: Appointment, start: datetime, kind: ReminderKind, due_at: datetime, side: str
    ) -> Reminder:
        occurrence = to_utc_ms(start)
        return Reminder(
            id=derived_id("n", appointment.id, occurrence.isoformat(), side, str(appointment.sequence)),
            version=1,
            kind=kind,
            due_at=to_utc_ms(due_at),
            contact_id=appointment.contact_id,
            subject_id=appointment.id,
            occurrence=occurrence,
            created_at=self._clock.now(),
        )
