"""When somebody works, and what of it is free. Pure, but for the table of public holidays, which is
loaded on first use."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hub.domain.appointment import Busy, Calendar, Slot, WorkingHours

OFFICE_HOURS = tuple(WorkingHours(weekday=day, start=9 * 60, end=17 * 60) for day in range(5))


@lru_cache(maxsize=512)
def holiday(country: str, subdivision: str, year: int) -> frozenset[date]:
    """The public holidays of a year; none for a country that is not known."""
    import holidays

    try:
        return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
    except NotImplementedError:
        return frozenset()


def is_day_off(calendar: Calendar, day: date) -> bool:
    """A public holiday or one of the calendar's own days off."""
    return day in calendar.days_off or day in holiday(calendar.country, calendar.subdivision, day.year)


def windows(calendar: Calendar, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Working time in the span, in UTC, in order."""
    zone = ZoneInfo(calendar.time_zone)
    day, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    while day <= last:
        if not is_day_off(calendar, day):
            for hours in calendar.hours:
                if hours.weekday == day.weekday():
                    yield _at(day, hours.start, zone), _at(day, hours.end, zone)
        day += timedelta(days=1)


def _at(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    days, minutes = divmod(minutes, 1_440)
    wall = datetime.combine(day + timedelta(days=days), time(minutes // 60, minutes % 60), tzinfo=zone)
    return wall.astimezone(UTC)


def works(calendar: Calendar, start: datetime, end: datetime) -> bool:
    """Whether the whole of it lies in working time."""
    return any(first <= start and end <= last for first, last in windows(calendar, start, end))


def free_slots(
    calendar: Calendar, taken: Sequence[Busy], since: datetime, until: datetime, minutes: int, limit: int
) -> list[Slot]:
    """Free times of that length within working time, on the calendar's grid, in order."""
    length, step = timedelta(minutes=minutes), timedelta(minutes=max(5, calendar.slot_minutes))
    buffer = timedelta(minutes=calendar.buffer_minutes)
    busy = sorted((it.start - buffer, it.end + buffer) for it in taken)
    ends = _running_ends(busy)
    found: list[Slot] = []
    for first, last in windows(calendar, since, until):
        start = first
        while start + length <= last and len(found) < limit:
            end = start + length
            if start >= since and end <= until:
                # The first that could overlap is the first whose running end lies behind the start.
                index = bisect_left(ends, start + timedelta(microseconds=1))
                if index == len(busy) or busy[index][0] >= end:
                    found.append(Slot(calendar_id=calendar.id, calendar_name=calendar.name, start=start, end=end))
            start += step
    return found


def _running_ends(busy: Sequence[tuple[datetime, datetime]]) -> list[datetime]:
    ends: list[datetime] = []
    for _, end in busy:
        ends.append(max(end, ends[-1]) if ends else end)
    return ends
