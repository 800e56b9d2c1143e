"""The verbs of calendars. Booking is in days.py, working time in working.py, recurrence in recurrence.py."""

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from hub.domain.appointment import (
    Appointment,
    AppointmentDraft,
    AppointmentState,
    Calendar,
    Occurrence,
    Override,
    Slot,
)
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.ids import ContactId, InteractionId, UserId, derived_id
from hub.domain.interaction import Direction, Interaction, InteractionKind
from hub.domain.people import Actor, Right
from hub.domain.views import FileData
from hub.ports.clock import Clock
from hub.ports.events import Event, Events, Topic
from hub.ports.kinds import APPOINTMENTS, CALENDARS, CONTACTS, INTERACTIONS
from hub.ports.store import Store
from hub.services.audit import Audit
from hub.services.calendar.days import Days
from hub.services.calendar.files import write_calendar
from hub.services.calendar.instances import moved_series
from hub.services.calendar.recurrence import check_rule, expand
from hub.services.calendar.shelf import MAX_CALENDARS, Shelf, calendar_of, check_zone
from hub.services.calendar.working import free_slots, is_day_off, works
from hub.services.merged import find_survivor
from hub.services.staff import Staff

MAX_SERIES, MAX_LISTED = 500, 1_000
MAX_SPAN = timedelta(days=370)
LONGEST = timedelta(days=7)
AHEAD = timedelta(days=730)
OFFERED = 3
LOOK_FOR_OTHERS = timedelta(days=14)


class AppointmentNews(Protocol):
    """Who must hear of appointments: reminders, invitations. Repeatable."""

    async def booked(self, appointment: Appointment, actor: Actor) -> None: ...

    async def moved(self, appointment: Appointment, actor: Actor) -> None: ...

    async def cancelled(self, appointment: Appointment, actor: Actor) -> None: ...


class Calendars:
    """Implements hub.ports.calendar_verbs.CalendarVerbs."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        audit: Audit,
        events: Events,
        staff: Staff,
        time_zone: str,
        news: Sequence[AppointmentNews] = (),
    ) -> None:
        self._calendars, self._appointments = store.documents(CALENDARS), store.documents(APPOINTMENTS)
        self._contacts, self._interactions = store.documents(CONTACTS), store.documents(INTERACTIONS)
        self._days = Days(store, clock)
        self._shelf = Shelf(store=store, audit=audit, staff=staff, time_zone=time_zone)
        self._clock, self._audit, self._events, self._news = clock, audit, events, tuple(news)

    # Calendars

    async def calendars(self, actor: Actor) -> list[Calendar]:
        """See CalendarVerbs."""
        self._audit.permit(actor, Right.READ_CALENDARS, "calendar.calendars")
        await self._shelf.own(actor)
        await self._audit.seen(actor, "calendar.calendars")
        return (await self._calendars.page("by_name", limit=MAX_CALENDARS)).items

    async def save_calendar(self, actor: Actor, calendar: Calendar) -> Calendar:
        """See CalendarVerbs."""
        return await self._shelf.save(actor, calendar)

    # Reading

    async def agenda(
        self,
        actor: Actor,
        since: datetime,
        until: datetime,
        *,
        user_id: UserId | None = None,
        contact_id: ContactId | None = None,
        calendar_id: str = "",
        limit: int = 200,
    ) -> list[Occurrence]:
        """See CalendarVerbs."""
        whose = contact_id or user_id or calendar_id
        self._audit.permit(actor, Right.READ_CALENDARS, "calendar.agenda", whose)
        if until - since > MAX_SPAN or until <= since:
            raise Invalid("An agenda covers at most 370 days.", field="until")
        if contact_id is not None:
            found = await self._of_contact(contact_id)
        else:
            owner = user_id or actor.user_id
            calendar = calendar_id or (calendar_of(owner) if owner else "")
            found = await self._of_calendar(calendar, since, until) if calendar else []
        await self._audit.seen(actor, "calendar.agenda", whose)
        return (await self._occurrences(found, since, until))[:limit]

    async def _of_contact(self, contact_id: ContactId) -> list[Appointment]:
        contact = await find_survivor(self._contacts, contact_id)
        if contact is None:
            raise NotFound("There is no such contact.", id=contact_id)
        found: list[Appointment] = []
        for member in (contact.id, *contact.members):
            page = await self._appointments.page("by_contact", member, limit=MAX_LISTED, newest_first=True)
            found += page.items
        return found

    async def _of_calendar(self, calendar_id: str, since: datetime, until: datetime) -> list[Appointment]:
        once, series = await asyncio.gather(
            self._appointments.page("by_calendar", calendar_id, since=since - LONGEST, until=until, limit=MAX_LISTED),
            self._appointments.page("by_series", calendar_id, limit=MAX_SERIES, newest_first=True),
        )
        return [it for it in once.items if not it.recurrence] + series.items

    async def _occurrences(self, found: Sequence[Appointment], since: datetime, until: datetime) -> list[Occurrence]:
        alive = [it for it in found if it.state is not AppointmentState.CANCELLED]
        ids = [str(it.contact_id) for it in alive if it.contact_id][:1_000]
        contacts = await self._contacts.get_many(list(dict.fromkeys(ids))) if ids else {}
        names = {it.id: it.name for it in (await self._calendars.page("by_name", limit=MAX_CALENDARS)).items}
        listed = [
            Occurrence(
                appointment=it,
                start=start,
                end=end,
                contact_name=contacts[it.contact_id].name if it.contact_id in contacts else "",
                calendar_names=tuple(names[key] for key in it.calendars if key in names),
            )
            for it in alive
            for start, end in expand(it, since, until)
        ]
        return sorted(listed, key=lambda it: (it.start, it.appointment.id))

    async def next(self, actor: Actor, contact_id: ContactId | None = None) -> Occurrence | None:
        """See CalendarVerbs."""
        now = self._clock.now()
        found = await self.agenda(actor, now, now + MAX_SPAN, contact_id=contact_id, limit=1)
        return found[0] if found else None

    async def get(self, actor: Actor, appointment_id: str) -> Appointment:
        """See CalendarVerbs."""
        self._audit.permit(actor, Right.READ_CALENDARS, "calendar.get", appointment_id)
        found = await self._load(appointment_id)
        await self._audit.seen(actor, "calendar.get", appointment_id)
        return found

    async def _load(self, appointment_id: str) -> Appointment:
        found = await self._appointments.get(appointment_id)
        if found is None or not found.calendars:
            raise NotFound("There is no such appointment.", id=appointment_id[:60])
        return found

    async def free(
        self,
        actor: Actor,
        since: datetime,
        until: datetime,
        minutes: int,
        calendars: Sequence[str] = (),
        limit: int = 20,
    ) -> list[Slot]:
        """See CalendarVerbs."""
        self._audit.permit(actor, Right.READ_CALENDARS, "calendar.free")
        if not 5 <= minutes <= 1_440 or until - since > MAX_SPAN or len(calendars) > 100:
            raise Invalid("Free times can be asked for 5 to 1440 minutes within 370 days.", field="minutes")
        chosen = await self._shelf.choose(actor, calendars)
        await self._audit.seen(actor, "calendar.free")
        return await self._slots(chosen, since, until, minutes, limit)

    async def _slots(
        self, chosen: Sequence[Calendar], since: datetime, until: datetime, minutes: int, limit: int
    ) -> list[Slot]:
        first, last = since.astimezone(UTC).date() - timedelta(days=1), until.astimezone(UTC).date() + timedelta(days=1)
        busy = await self._days.busy([it.id for it in chosen], first, last)
        found = [slot for it in chosen for slot in free_slots(it, busy[it.id], since, until, minutes, limit)]
        return sorted(found, key=lambda slot: (slot.start, slot.calendar_name))[:limit]

    # Booking

    async def book(self, actor: Actor, draft: AppointmentDraft, *, key: str) -> Appointment:
        """See CalendarVerbs."""
        self._audit.permit(actor, Right.BOOK_APPOINTMENTS, "calendar.book", draft.contact_id or "")
        appointment_id = derived_id("p", actor.id, key)
        earlier = await self._appointments.get(appointment_id)
        if earlier is not None and earlier.calendars:
            await self._days.settle(earlier)
            await self._tell("booked", earlier, actor)
            return earlier
        chosen = await self._shelf.choose(actor, draft.calendars)
        fresh = self._compose(actor, draft, chosen, appointment_id, key)
        await self._check_contact(draft)
        await self._check_hours(chosen, fresh, insist=draft.outside_hours)
        try:
            made = await self._days.insert(fresh)
        except Conflict as error:
            raise await self._with_slots(error, chosen, fresh) from error
        await self._audit.record(actor, "calendar.book", made.id)
        await self._tell("booked", made, actor)
        return made

    def _compose(
        self, actor: Actor, draft: AppointmentDraft, chosen: Sequence[Calendar], appointment_id: str, key: str
    ) -> Appointment:
        now, start = self._clock.now(), draft.start.astimezone(UTC)
        if not 5 <= draft.minutes <= LONGEST.total_seconds() / 60:
            raise Invalid("An appointment takes between five minutes and a week.", field="minutes")
        if draft.afterwards and not now - AHEAD <= start <= now:
            raise Invalid("What is noted afterwards has begun, at most two years ago.", field="start")
        if not draft.afterwards and not now < start <= now + AHEAD:
            raise Invalid("An appointment lies in the future, at most two years ahead.", field="start")
        check_rule(draft.recurrence)
        zone = draft.time_zone or chosen[0].time_zone
        check_zone(zone)
        calendars = tuple(sorted({it.id for it in chosen}))
        return Appointment(
            id=appointment_id,
            uid=f"{appointment_id}@fernamt",
            calendars=calendars,
            repeats=calendars if draft.recurrence else (),
            contact_id=draft.contact_id,
            title=draft.title[:200],
            location=draft.location[:200],
            notes=draft.notes[:10_000],
            start=start,
            end=start + timedelta(minutes=draft.minutes),
            time_zone=zone,
            recurrence=draft.recurrence,
            created_by=f"{actor.kind.value}:{actor.id}",
            created_at=now,
            key=key,
        )

    async def _check_contact(self, draft: AppointmentDraft) -> None:
        if draft.contact_id is not None and await self._contacts.get(draft.contact_id) is None:
            raise NotFound("There is no such contact.", id=draft.contact_id)

    async def _check_hours(self, chosen: Sequence[Calendar], wanted: Appointment, *, insist: bool) -> None:
        if insist:
            return
        for calendar in chosen:
            if works(calendar, wanted.start, wanted.end):
                continue
            day = wanted.start.astimezone(ZoneInfo(calendar.time_zone)).date()
            code = "holiday" if is_day_off(calendar, day) else "outside-hours"
            sentence = f"{calendar.name} does not work then; insist with outside_hours, or take a free time."
            raise await self._with_slots(Conflict(sentence, code=code), chosen, wanted)

    async def _with_slots(self, error: Conflict, chosen: Sequence[Calendar], wanted: Appointment) -> Conflict:
        """The same refusal with the next free times that suit every calendar."""
        minutes = int((wanted.end - wanted.start).total_seconds() // 60)
        since = max(wanted.start - timedelta(hours=2), self._clock.now())
        slots = await self._slots(chosen[:1], since, since + LOOK_FOR_OTHERS, min(1_440, max(5, minutes)), 30)
        for calendar in chosen[1:]:
            others = await self._slots([calendar], since, since + LOOK_FOR_OTHERS, min(1_440, minutes), 1_000)
            starts = {slot.start for slot in others}
            slots = [slot for slot in slots if slot.start in starts]
        return Conflict(error.sentence, **{**error.fields, "slots": slots[:OFFERED]})

    async def move(
        self, actor: Actor, appointment_id: str, start: datetime, *, occurrence: datetime | None = None, key: str
    ) -> Appointment:
        """See CalendarVerbs."""
        self._audit.permit(actor, Right.BOOK_APPOINTMENTS, "calendar.move", appointment_id)
        before = await self._load(appointment_id)
        if before.key == key and before.sequence:
            await self._days.settle(before)
            await self._tell("moved", before, actor)
            return before
        start = start.astimezone(UTC)
        if before.state is AppointmentState.CANCELLED or start <= self._clock.now():
            raise Invalid("Only an appointment that stands can be moved, and only into the future.", field="start")
        after = _moved(before, start, occurrence, key)
        chosen = await self._shelf.choose(actor, before.calendars)
        try:
            stored = await self._days.replace(before, after)
        except Conflict as error:
            wanted = replace(before, start=start, end=start + (before.end - before.start), recurrence="")
            raise await self._with_slots(error, chosen, wanted) from error
        await self._audit.record(actor, "calendar.move", appointment_id)
        await self._tell("moved", stored, actor)
        return stored

    async def cancel(
        self, actor: Actor, appointment_id: str, *, occurrence: datetime | None = None, key: str
    ) -> Appointment:
        """See CalendarVerbs."""
        self._audit.permit(actor, Right.BOOK_APPOINTMENTS, "calendar.cancel", appointment_id)
        before = await self._load(appointment_id)
        if before.state is AppointmentState.CANCELLED or (before.key == key and before.sequence):
            await self._days.settle(before)
            await self._tell("cancelled" if occurrence is None else "moved", before, actor)
            return before
        if occurrence is None:
            after = replace(before, state=AppointmentState.CANCELLED, sequence=before.sequence + 1, key=key)
        else:
            after = _overridden(before, occurrence, Override(original=_original(before, occurrence)), key)
        stored = await self._days.replace(before, after)
        await self._audit.record(actor, "calendar.cancel", appointment_id)
        await self._tell("cancelled" if occurrence is None else "moved", stored, actor)
        return stored

    async def _tell(self, what: str, appointment: Appointment, actor: Actor) -> None:
        """The timeline, open pages, reminders and invitations; each of them may be told twice."""
        if appointment.contact_id is not None:
            entry = Interaction(
                id=InteractionId(derived_id("i", "appointment", appointment.id, str(appointment.sequence))),
                contact_id=appointment.contact_id,
                # What was noted afterwards stands where it was, not on top of what came since.
                at=min(self._clock.now(), appointment.start) if what == "booked" else self._clock.now(),
                kind=InteractionKind.APPOINTMENT,
                direction=Direction.INTERNAL,
                subject=appointment.title,
                text=f"{appointment.start.astimezone(ZoneInfo(appointment.time_zone)):%Y-%m-%d %H:%M}",
                marks=(f"appointment-{what}",),
                author=actor.user_id,
            )
            await self._interactions.insert(entry)
            self._events.publish(Event(topic=Topic.TIMELINE, contact=appointment.contact_id, entry=entry.id))
        for listener in self._news:
            await getattr(listener, what)(appointment, actor)

    # Files and feeds

    async def ics(self, actor: Actor, appointment_id: str) -> FileData:
        """See CalendarVerbs."""
        self._audit.permit(actor, Right.READ_CALENDARS, "calendar.ics", appointment_id)
        found = await self._load(appointment_id)
        await self._audit.seen(actor, "calendar.ics", appointment_id)
        data = write_calendar([found], self._clock.now(), method="PUBLISH")
        return FileData(name="appointment.ics", type="text/calendar", data=data)

    async def open_feed(self, actor: Actor, calendar_id: str) -> str:
        """See CalendarVerbs."""
        secret = secrets.token_urlsafe(32)
        await self._shelf.set_feed(
            actor, calendar_id, "calendar.open_feed", hashlib.sha256(secret.encode()).hexdigest()
        )
        return f"/feeds/{secret}.ics"

    async def close_feed(self, actor: Actor, calendar_id: str) -> None:
        """See CalendarVerbs."""
        await self._shelf.set_feed(actor, calendar_id, "calendar.close_feed", "")

    async def feed(self, secret: str) -> bytes | None:
        """See CalendarVerbs. Looked up by the secret's hash: what is compared tells nothing of the secret."""
        if not 20 <= len(secret) <= 100:
            return None
        page = await self._calendars.page("by_feed", hashlib.sha256(secret.encode()).hexdigest(), limit=1)
        if not page.items:
            return None
        calendar, now = page.items[0], self._clock.now()
        found = await self._of_calendar(calendar.id, now - timedelta(days=90), now + MAX_SPAN)
        return await asyncio.to_thread(write_calendar, found, now, name=calendar.name)


def _original(before: Appointment, occurrence: datetime) -> datetime:
    """The original start of the instance that now begins at `occurrence`. Raises NotFound."""
    for override in before.overrides:
        if override.start == occurrence:
            return override.original
    if any(start == occurrence for start, _ in expand(before)):
        return occurrence
    raise NotFound("There is no such instance of this appointment.")


def _overridden(before: Appointment, occurrence: datetime, override: Override, key: str) -> Appointment:
    kept = tuple(it for it in before.overrides if it.original != override.original)
    return replace(before, overrides=(*kept, override), sequence=before.sequence + 1, key=key)


def _moved(before: Appointment, start: datetime, occurrence: datetime | None, key: str) -> Appointment:
    length = before.end - before.start
    if occurrence is not None and before.recurrence:
        original = _original(before, occurrence)
        return _overridden(before, occurrence, Override(original=original, start=start, end=start + length), key)
    return replace(moved_series(before, start), sequence=before.sequence + 1, key=key)
