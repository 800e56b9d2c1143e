"""What is left of a calendar message: an entry on the contact's timeline, and word to whose calendar it is in."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.domain.appointment import Appointment
from hub.domain.contact import Contact
from hub.domain.ids import InteractionId, derived_id
from hub.domain.interaction import Direction, Interaction, InteractionKind
from hub.domain.people import Right
from hub.ports.clock import Clock
from hub.ports.events import Event, Events, Topic
from hub.ports.kinds import CALENDARS, INTERACTIONS
from hub.ports.store import Store
from hub.services.alerts import Alerts
from hub.services.wording import one_line, say

Index = Callable[[Sequence[Appointment]], Awaitable[None]]
"""Makes appointments findable. Repeatable."""


class Traces:
    """Leaves them; leaving them twice is leaving them once."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        events: Events,
        alerts: Alerts,
        language: str,
        time_zone: str,
        index: Index | None = None,
    ) -> None:
        self._entries, self._calendars = store.documents(INTERACTIONS), store.documents(CALENDARS)
        self._clock, self._events, self._alerts, self._index = clock, events, alerts, index
        self._language, self._zone = language, ZoneInfo(time_zone)

    def when(self, moment: datetime, language: str) -> str:
        """In the company's zone."""
        local = moment.astimezone(self._zone)
        return f"{local:%d.%m.%Y %H:%M}" if language.startswith("de") else f"{local:%Y-%m-%d %H:%M}"

    async def note(
        self, appointment: Appointment, contact: Contact, mark: str, occasion: str, at: datetime | None = None
    ) -> None:
        """An internal entry on the timeline; `marks` says what happened, for edges that translate it. `at`: the time
        that it is about, if not the appointment's."""
        entry = Interaction(
            id=InteractionId(derived_id("i", "invitation", appointment.id, mark, occasion)),
            contact_id=contact.id,
            at=self._clock.now(),
            kind=InteractionKind.APPOINTMENT,
            direction=Direction.INTERNAL,
            subject=appointment.title,
            text=self.when(at or appointment.start, self._language),
            marks=(mark,),
        )
        await self._entries.insert(entry)
        if self._index is not None:
            await self._index([appointment])
        self._events.publish(Event(topic=Topic.TIMELINE, contact=contact.id, entry=entry.id))

    async def tell(
        self,
        appointment: Appointment,
        contact: Contact,
        story: str,
        key: str,
        *,
        at: datetime | None = None,
        proposed: datetime | None = None,
    ) -> None:
        """The colleagues in whose calendars it stands; of a room, whoever is in charge of the contact, else everybody
        who sees calendars. `at`: as in `note`."""
        calendars = await self._calendars.get_many(appointment.calendars) if appointment.calendars else {}
        users = [one.user_id for one in calendars.values() if one.user_id is not None]
        users = users or ([contact.owner] if contact.owner else self._alerts.everybody(Right.READ_CALENDARS))
        name, title = one_line(contact.name, 60), one_line(appointment.title) or "…"
        moment = at or appointment.start

        def text(language: str) -> str:
            when, then = self.when(moment, language), self.when(proposed or moment, language)
            return say(language, story, name=name, title=title, when=when, proposed=then)

        await self._alerts.tell("appointment", users, text, f"{story}|{key}")
