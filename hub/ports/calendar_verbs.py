"""Verbs of calendars and appointments (hub/services/calendar/). Rights: READ_CALENDARS, BOOK_APPOINTMENTS."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from hub.domain.appointment import Appointment, AppointmentDraft, Calendar, Occurrence, Participation, Slot
from hub.domain.ids import ContactId, UserId
from hub.domain.people import Actor
from hub.domain.views import FileData


class CalendarVerbs(Protocol):
    """All moments are aware."""

    async def calendars(self, actor: Actor) -> list[Calendar]:
        """By name. A colleague's own is made at the first look."""

    async def save_calendar(self, actor: Actor, calendar: Calendar) -> Calendar:
        """One's own, or any by an admin; new where `version` is 0. Raises Invalid, Conflict."""

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
        """What takes place in between, in order; recurring ones expanded. At most 370 days. Without user, contact and
        calendar (a room's, for example): the actor's own."""

    async def next(self, actor: Actor, contact_id: ContactId | None = None) -> Occurrence | None:
        """The actor's next, or the next with that contact."""

    async def get(self, actor: Actor, appointment_id: str) -> Appointment: ...

    async def free(
        self,
        actor: Actor,
        since: datetime,
        until: datetime,
        minutes: int,
        calendars: Sequence[str] = (),
        limit: int = 20,
    ) -> list[Slot]:
        """Free times within working hours, holidays left out, in order. No calendars: the actor's own."""

    async def book(self, actor: Actor, draft: AppointmentDraft, *, key: str) -> Appointment:
        """The same key books once. Raises Conflict (fields["code"]: "taken", "outside-hours", "holiday";
        fields["slots"]: the next three free ones), Invalid (impossible or past)."""

    async def move(
        self, actor: Actor, appointment_id: str, start: datetime, *, occurrence: datetime | None = None, key: str
    ) -> Appointment:
        """The new time is held before the old one is freed. `occurrence`: only that instance."""

    async def cancel(
        self, actor: Actor, appointment_id: str, *, occurrence: datetime | None = None, key: str
    ) -> Appointment: ...

    async def invite(self, actor: Actor, appointment_id: str) -> Appointment:
        """Send its contact an invitation by mail (iMIP); later changes go to them by themselves. Raises Invalid,
        NotFound (no mail address that we may trust)."""

    async def answer(self, actor: Actor, appointment_id: str, participation: Participation, *, key: str) -> Appointment:
        """Answer an invitation from outside: accepting books the time, declining drops it. Raises Invalid, Conflict."""

    async def mark_missed(
        self, actor: Actor, appointment_id: str, *, missed: bool = True, occurrence: datetime | None = None
    ) -> Appointment:
        """The contact did not come, or did after all (`missed` False). Nobody is sent anything; it stands on the
        timeline. Saying it twice is saying it once. Raises Invalid, NotFound, Conflict (code "not-begun", "not-agreed",
        "no-contact")."""

    async def ics(self, actor: Actor, appointment_id: str) -> FileData:
        """As a calendar file."""

    async def open_feed(self, actor: Actor, calendar_id: str) -> str:
        """A new secret path (`/feeds/SECRET.ics`), shown once; an older one ends."""

    async def close_feed(self, actor: Actor, calendar_id: str) -> None: ...

    async def feed(self, secret: str) -> bytes | None:
        """The feed behind a secret; None for an unknown one (constant time). The secret is the right."""
