"""The verbs of calendars with invitations: what a colleague does about them, and what arrives by mail."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from hub.domain.appointment import Absence, Appointment, Participation
from hub.domain.errors import BlobMissing, Conflict, FernamtError, Invalid, NotFound, StoreUnavailable
from hub.domain.instant import to_utc_ms
from hub.domain.interaction import Interaction
from hub.domain.message import Strength
from hub.domain.people import Actor, Right
from hub.ports.bot import Recorded, Teller
from hub.ports.events import Event, Topic
from hub.services.audit import Audit
from hub.services.calendar.absences import instance_of, trace_of, with_word, word_on
from hub.services.calendar.invitations import Invitations
from hub.services.calendar.itip import MAX_BYTES, read_itip
from hub.services.calendar.verbs import Calendars
from hub.services.notices import is_news
from hub.services.sources import Sources

log = structlog.get_logger()
TRIES = 5
TYPES = ("text/calendar", "application/ics")


class InvitingCalendars(Calendars):
    """Calendars that invite and answer. `invitations` is one of the news' listeners too."""

    invitations: Invitations
    _audit: Audit

    async def invite(self, actor: Actor, appointment_id: str) -> Appointment:
        """See CalendarVerbs."""
        self._audit.permit(actor, Right.BOOK_APPOINTMENTS, "calendar.invite", appointment_id)
        invited = await self.invitations.invite(await self._load(appointment_id))
        await self._audit.record(actor, "calendar.invite", appointment_id)
        return invited

    async def answer(self, actor: Actor, appointment_id: str, participation: Participation, *, key: str) -> Appointment:
        """See CalendarVerbs."""
        self._audit.permit(actor, Right.BOOK_APPOINTMENTS, "calendar.answer", appointment_id)
        answered = await self.invitations.answer(await self._load(appointment_id), participation, key)
        await self._audit.record(actor, "calendar.answer", appointment_id, detail=participation.value)
        return answered

    async def mark_missed(
        self, actor: Actor, appointment_id: str, *, missed: bool = True, occurrence: datetime | None = None
    ) -> Appointment:
        """See CalendarVerbs."""
        self._audit.permit(actor, Right.BOOK_APPOINTMENTS, "calendar.mark_missed", appointment_id)
        for _ in range(TRIES):
            before = await self._load(appointment_id)
            original = instance_of(before, occurrence, self._clock.now())
            word = word_on(before.absences, original)
            if missed is (word is not None and word.missed):
                if word is not None:
                    # A crash may have come between the word and its entry.
                    await self._leave_trace(before, word, occurrence, actor)
                return before
            word = Absence(start=original, missed=missed, at=to_utc_ms(self._clock.now()), by=actor.id)
            after = with_word(before, word)
            if await self._appointments.replace(after, before.version):
                await self._audit.record(actor, "calendar.mark_missed", appointment_id, detail=str(missed).lower())
                await self._leave_trace(after, word, occurrence, actor)
                return replace(after, version=before.version + 1)
        raise Conflict("Somebody else changes this appointment right now; try again.", code="busy")

    async def _leave_trace(
        self, appointment: Appointment, word: Absence, occurrence: datetime | None, actor: Actor
    ) -> None:
        entry = trace_of(appointment, word, occurrence or appointment.start, actor)
        await self._interactions.insert(entry)
        self._events.publish(Event(topic=Topic.TIMELINE, contact=entry.contact_id, entry=entry.id))


class Postbox:
    """Implements Teller in front of `then`: acts on the calendar messages among what has arrived."""

    def __init__(self, *, sources: Sources, invitations: Invitations, then: Teller) -> None:
        self._sources, self._invitations, self._then = sources, invitations, then

    async def tell(self, recorded: Sequence[Recorded]) -> None:
        """See Teller. Raises StoreUnavailable; a message that cannot be read or acted on is only filed."""
        for news in recorded:
            if is_news(news.interaction) and news.interaction.channel == "email":
                await self._look(news)
        await self._then.tell(recorded)

    async def _look(self, news: Recorded) -> None:
        entry = news.interaction
        index = _calendar_file(entry)
        if index is None:
            return
        if entry.strength is Strength.CLAIMED:
            # Anybody could have written it: a colleague sees it and decides.
            log.info("itip_not_authenticated", entry=entry.id)
            return
        try:
            file = await self._sources.attachment(entry, index)
            message = await asyncio.to_thread(read_itip, file.data)
            if message is not None:
                outcome = await self._invitations.receive(entry, message, news.contact)
                log.info("itip_received", entry=entry.id, method=message.method.value, outcome=outcome)
        except StoreUnavailable:
            raise
        except (Invalid, NotFound, Conflict, BlobMissing) as error:
            log.info("itip_not_acted_on", entry=entry.id, code=error.code)
        except FernamtError as error:
            log.warning("itip_failed", entry=entry.id, code=error.code)


def _calendar_file(entry: Interaction) -> int | None:
    for file in entry.attachments:
        named = file.name.lower().endswith(".ics")
        if (file.type.lower().startswith(TYPES) or named) and file.size <= MAX_BYTES:
            return file.index
    return None
