"""The calendars themselves: each colleague's own, rooms, their working hours and the secrets of their feeds."""

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.domain.appointment import Calendar
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.folding import fold
from hub.domain.ids import UserId, derived_id, random_id
from hub.domain.people import Actor, Right
from hub.ports.kinds import CALENDARS
from hub.ports.store import Exists, Store
from hub.services.audit import Audit
from hub.services.calendar.working import OFFICE_HOURS
from hub.services.staff import Staff

MAX_CALENDARS = 500
TRIES = 20


def calendar_of(user_id: UserId) -> str:
    """The id of a colleague's own calendar."""
    return derived_id("k", user_id)


class Shelf:
    """Keeps them."""

    def __init__(self, *, store: Store, audit: Audit, staff: Staff, time_zone: str) -> None:
        self._calendars = store.documents(CALENDARS)
        self._audit, self._staff, self._time_zone = audit, staff, time_zone

    async def own(self, actor: Actor) -> Calendar | None:
        """A colleague's own, made at the first look; None for others."""
        user_id = actor.user_id
        if user_id is None:
            return None
        found = await self._calendars.get(calendar_of(user_id))
        if found is not None:
            return found
        line = self._staff.known(user_id)
        name = (line.display_name or line.name) if line else actor.name
        fresh = Calendar(
            id=calendar_of(user_id),
            name=name,
            sort_name=fold(name),
            user_id=user_id,
            time_zone=actor.time_zone or self._time_zone,
            hours=OFFICE_HOURS,
        )
        result = await self._calendars.insert(fresh)
        return result.current if isinstance(result, Exists) else replace(fresh, version=1)

    async def choose(self, actor: Actor, calendars: Sequence[str]) -> list[Calendar]:
        """Those of the ids, by id; without any the actor's own. Raises NotFound, Invalid."""
        if not calendars:
            own = await self.own(actor)
            if own is None:
                raise Invalid("Say whose calendar is meant.", field="calendars")
            return [own]
        found = await self._calendars.get_many(list(calendars))
        for key in calendars:
            if key not in found:
                raise NotFound("There is no such calendar.", id=key[:60])
        return [found[key] for key in sorted(set(calendars))]

    async def save(self, actor: Actor, calendar: Calendar) -> Calendar:
        """See CalendarVerbs.save_calendar."""
        own = actor.user_id is not None and calendar.id == calendar_of(actor.user_id)
        right = Right.BOOK_APPOINTMENTS if own else Right.RUN_USERS
        self._audit.permit(actor, right, "calendar.save_calendar", calendar.id)
        check_calendar(calendar)
        if calendar.version == 0 and not calendar.id:
            calendar = replace(calendar, id=random_id("k"))
        changed = replace(calendar, sort_name=fold(calendar.name))
        if calendar.version == 0:
            if isinstance(await self._calendars.insert(changed), Exists):
                raise Conflict("There is such a calendar already.")
        else:
            current = await self._calendars.get(calendar.id)
            # The feed's secret is set by its own verbs only.
            changed = replace(
                changed, feed=current.feed if current else "", user_id=current.user_id if current else None
            )
            if not await self._calendars.replace(changed, calendar.version):
                raise Conflict("Somebody else changed this calendar first; load it again.")
        await self._audit.record(actor, "calendar.save_calendar", calendar.id)
        return replace(changed, version=calendar.version + 1)

    async def set_feed(self, actor: Actor, calendar_id: str, verb: str, feed: str) -> None:
        """`feed` is the hash of the secret, '' for none."""
        own = actor.user_id is not None and calendar_id == calendar_of(actor.user_id)
        self._audit.permit(actor, Right.READ_CALENDARS if own else Right.RUN_USERS, verb, calendar_id)
        for _ in range(TRIES):
            calendar = await self.own(actor) if own else await self._calendars.get(calendar_id)
            if calendar is None:
                raise NotFound("There is no such calendar.", id=calendar_id[:60])
            if await self._calendars.replace(replace(calendar, feed=feed), calendar.version):
                await self._audit.record(actor, verb, calendar_id)
                return
        raise Conflict("Somebody else changes this calendar all the time; try again.")


def check_zone(name: str) -> None:
    """Raises Invalid for a zone that does not exist."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid("There is no such time zone; write it as Europe/Berlin.", field="time_zone") from error


def check_calendar(calendar: Calendar) -> None:
    """Raises Invalid naming the field."""
    check_zone(calendar.time_zone)
    if not calendar.name.strip() or len(calendar.name) > 200:
        raise Invalid("A calendar needs a name of at most 200 characters.", field="name")
    if len(calendar.hours) > 50 or any(
        not (0 <= it.weekday <= 6 and 0 <= it.start < it.end <= 1_440) for it in calendar.hours
    ):
        raise Invalid("Working hours begin before they end, within one day.", field="hours")
    if not 5 <= calendar.slot_minutes <= 1_440 or not 0 <= calendar.buffer_minutes <= 480:
        raise Invalid("Slots take 5 to 1440 minutes, the pause between them at most 480.", field="slot_minutes")
