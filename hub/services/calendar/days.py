"""The days of calendars, and booking on them: a slot is never sold twice. Algorithm:

1. Hold: in sorted order of day, each interval is put into its `CalendarDay` by compare and set, for two minutes.
2. Commit: one insert (a new appointment, under an id derived from the key) or one compare and set (a moved one).
3. The holds become permanent, and what was held before is freed.
A hold whose time is over counts as long as its appointment says so. Before anybody takes its place, the late comer is
fenced off: where there is no appointment, a cancelled one is put under its id, so that the insert fails; where there is
one, its version is raised, so that the compare and set fails. Whatever a crash leaves is therefore either finished by a
repeat, or given way to by the next who wants the time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from hub.domain.appointment import Appointment, AppointmentState, Busy, CalendarDay
from hub.domain.errors import Conflict, StoreUnavailable
from hub.ports.clock import Clock
from hub.ports.kinds import APPOINTMENTS, CALENDAR_DAYS
from hub.ports.store import Exists, Store
from hub.services.calendar.recurrence import expand

HOLD = timedelta(minutes=2)
TRIES = 300


@dataclass(frozen=True, slots=True)
class Interval:
    """A piece of time in one calendar on one UTC day."""

    calendar_id: str
    day: date
    start: datetime
    end: datetime

    @property
    def day_id(self) -> str:
        """The document it lies in."""
        return day_id(self.calendar_id, self.day)


def day_id(calendar_id: str, day: date) -> str:
    """The id of a calendar's day."""
    return f"{calendar_id}/{day.isoformat()}"


def intervals_of(appointment: Appointment) -> list[Interval]:
    """What the appointment occupies, in sorted order of day; cut at midnight UTC."""
    if appointment.state is AppointmentState.CANCELLED:
        return []
    found = []
    for start, end in expand(appointment):
        day = start.astimezone(UTC).date()
        while True:
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
            piece = (max(start, midnight - timedelta(days=1)), min(end, midnight))
            found += [Interval(calendar, day, *piece) for calendar in appointment.calendars]
            if end <= midnight:
                break
            day += timedelta(days=1)
    return sorted(found, key=lambda it: (it.day_id, it.start))


class Days:
    """Reads and books days."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._days, self._appointments = store.documents(CALENDAR_DAYS), store.documents(APPOINTMENTS)
        self._clock = clock

    async def busy(self, calendars: Sequence[str], first: date, last: date) -> dict[str, list[Busy]]:
        """What is taken in each calendar on those days; a hold counts while it lasts, and after it as long as nobody
        has looked whether it stands."""
        ids = [
            day_id(calendar, first + timedelta(days=n))
            for calendar in calendars
            for n in range((last - first).days + 1)
        ]
        found: dict[str, list[Busy]] = {calendar: [] for calendar in calendars}
        for start in range(0, len(ids), 1_000):
            for day in (await self._days.get_many(ids[start : start + 1_000])).values():
                found[day.calendar_id] += day.busy
        return found

    async def insert(self, appointment: Appointment) -> Appointment:
        """Book a new one. Raises Conflict (code "taken") where one of its times is; a repeat finds what it booked."""
        held = await self._hold(appointment, intervals_of(appointment))
        result = await self._appointments.insert(appointment)
        if isinstance(result, Exists) and result.current.state is AppointmentState.CANCELLED:
            await self._free(appointment.id, held)
            raise Conflict("This took too long and somebody else was quicker.", code="taken")
        stored = result.current if isinstance(result, Exists) else replace(appointment, version=1)
        await self._settle(stored, held)
        return stored

    async def replace(self, before: Appointment, after: Appointment) -> Appointment:
        """Move or cancel: the new times are held before the old ones are freed. Raises Conflict."""
        held = await self._hold(after, intervals_of(after))
        if not await self._appointments.replace(after, before.version):
            await self._settle(await self._current(after.id), held)
            raise Conflict("Somebody else changed this appointment first; look again.", code="changed")
        stored = replace(after, version=before.version + 1)
        await self._settle(stored, [*held, *intervals_of(before)])
        return stored

    async def settle(self, appointment: Appointment, other: Iterable[Interval] = ()) -> None:
        """Make the days say what the appointment says; `other` times that it may have left."""
        await self._settle(appointment, [*intervals_of(appointment), *other])

    async def _current(self, appointment_id: str) -> Appointment:
        found = await self._appointments.get(appointment_id)
        if found is None:
            raise Conflict("This appointment is gone.", code="changed")
        return found

    # One day

    async def _hold(self, appointment: Appointment, wanted: Sequence[Interval]) -> list[Interval]:
        held: list[Interval] = []
        until = self._clock.now() + HOLD
        try:
            for interval in wanted:
                await self._hold_one(appointment, interval, until)
                held.append(interval)
        except Conflict:
            current = await self._appointments.get(appointment.id)
            if current is None or current.state is AppointmentState.CANCELLED:
                await self._free(appointment.id, held)
            else:
                await self._settle(current, held)
            raise
        return held

    async def _hold_one(self, appointment: Appointment, interval: Interval, until: datetime) -> None:
        for _ in range(TRIES):
            day = await self._days.get(interval.day_id)
            kept = []
            for busy in day.busy if day else ():
                if busy.appointment_id == appointment.id and (busy.start, busy.end) == (interval.start, interval.end):
                    continue
                overlaps = busy.start < interval.end and interval.start < busy.end
                if overlaps and busy.appointment_id != appointment.id:
                    if await self._stands(busy, interval):
                        raise Conflict("This time is taken.", code="taken", start=interval.start)
                    continue
                kept.append(busy)
            mine = Busy(appointment_id=appointment.id, start=interval.start, end=interval.end, hold_until=until)
            if await self._write(interval, day, (*kept, mine)):
                return
        raise StoreUnavailable("Others book in this calendar all the time; try again.", tries=TRIES)

    async def _stands(self, busy: Busy, interval: Interval) -> bool:
        """Whether the time is really taken; where it is not, whoever held it cannot commit any more."""
        for _ in range(TRIES):
            found = await self._appointments.get(busy.appointment_id)
            if found is not None and any(
                (it.start, it.end, it.calendar_id) == (busy.start, busy.end, interval.calendar_id)
                for it in intervals_of(found)
            ):
                return True
            if busy.hold_until is not None and self._clock.now() < busy.hold_until:
                return True
            if found is None:
                fence = Appointment(
                    id=busy.appointment_id,
                    uid=busy.appointment_id,
                    state=AppointmentState.CANCELLED,
                    calendars=(),
                    title="",
                    start=busy.start,
                    end=busy.end,
                    time_zone="UTC",
                    created_by="system:calendar",
                    created_at=self._clock.now(),
                )
                if not isinstance(await self._appointments.insert(fence), Exists):
                    return False
            elif found.state is AppointmentState.CANCELLED or await self._appointments.replace(found, found.version):
                return False
        raise StoreUnavailable("Others book in this calendar all the time; try again.", tries=TRIES)

    async def _write(self, interval: Interval, day: CalendarDay | None, busy: tuple[Busy, ...]) -> bool:
        changed = CalendarDay(
            id=interval.day_id,
            calendar_id=interval.calendar_id,
            day=interval.day,
            busy=tuple(sorted(busy, key=lambda it: it.start)),
        )
        if day is None:
            return not isinstance(await self._days.insert(changed), Exists)
        return await self._days.replace(changed, day.version)

    async def _free(self, appointment_id: str, intervals: Iterable[Interval]) -> None:
        await self._rewrite(appointment_id, {it.day_id: it for it in intervals}, [])

    async def _settle(self, appointment: Appointment, touched: Iterable[Interval]) -> None:
        """On every touched day exactly the appointment's own intervals remain, permanent."""
        stands = intervals_of(appointment)
        days = {it.day_id: it for it in (*touched, *stands)}
        await self._rewrite(appointment.id, days, stands)

    async def _rewrite(self, appointment_id: str, days: dict[str, Interval], stands: Sequence[Interval]) -> None:
        for key in sorted(days):
            mine = tuple(
                Busy(appointment_id=appointment_id, start=it.start, end=it.end) for it in stands if it.day_id == key
            )
            for _ in range(TRIES):
                day = await self._days.get(key)
                others = tuple(busy for busy in (day.busy if day else ()) if busy.appointment_id != appointment_id)
                wanted = tuple(sorted((*others, *mine), key=lambda it: it.start))
                if (day is None and not wanted) or (day is not None and day.busy == wanted):
                    break
                if await self._write(days[key], day, wanted):
                    break
            else:
                raise StoreUnavailable("Others book in this calendar all the time; try again.", tries=TRIES)
