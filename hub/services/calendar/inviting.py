"""The verbs of calendars with invitations: what a colleague does about them, and what arrives by mail."""

import asyncio
from collections.abc import Sequence

import structlog

from hub.domain.appointment import Appointment, Participation
from hub.domain.errors import BlobMissing, Conflict, FernamtError, Invalid, NotFound, StoreUnavailable
from hub.domain.interaction import Interaction
from hub.domain.message import Strength
from hub.domain.people import Actor, Right
from hub.ports.bot import Recorded, Teller
from hub.services.audit import Audit
from hub.services.calendar.invitations import Invitations
from hub.services.calendar.itip import MAX_BYTES, read_itip
from hub.services.calendar.verbs import Calendars
from hub.services.notices import is_news
from hub.services.sources import Sources

log = structlog.get_logger()
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
