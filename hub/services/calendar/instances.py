"""Single instances of a series: what their organiser says of one of them, and what becomes of those that differ when
the whole series moves. Pure."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.domain.appointment import Appointment, Override
from hub.domain.itip import ItipMessage
from hub.services.calendar.recurrence import starts_of


def is_outdated(series: Appointment, message: ItipMessage) -> bool:
    """Whether something newer is known of the series, or of this instance (RFC 5546 §2.1.5: the higher SEQUENCE, then
    the later DTSTAMP)."""
    if message.sequence < series.sequence:
        return True
    known = next((one for one in series.overrides if one.original == message.instance), None)
    if known is None or message.stamp is None or known.stamp is None:
        return known is not None and message.sequence < known.sequence
    return (message.sequence, message.stamp) < (known.sequence, known.stamp)


def with_instance(series: Appointment, message: ItipMessage, *, gone: bool) -> Appointment | None:
    """The series after one of its instances was moved, or taken out (`gone`); None where it has no such instance. A
    message that is carried out already changes nothing."""
    if message.instance is None or message.instance not in starts_of(series):
        return None
    differs = Override(
        original=message.instance,
        start=None if gone else message.start,
        end=None if gone else message.end,
        sequence=message.sequence,
        stamp=message.stamp,
    )
    if differs in series.overrides:
        return series
    others = tuple(one for one in series.overrides if one.original != message.instance)
    return replace(series, overrides=(*others, differs))


def moved_series(series: Appointment, start: datetime) -> Appointment:
    """The whole series at another time. What was agreed of single instances stays agreed: each is found again by its
    number in the series; one that was left out stays out, one that was moved keeps its distance in wall time."""
    after = replace(series, start=start, end=start + (series.end - series.start), overrides=(), absences=())
    if not series.overrides and not series.absences:
        return after
    places = {one: place for place, one in enumerate(starts_of(series))}
    there, zone = starts_of(after), ZoneInfo(series.time_zone)
    kept = []
    for override in series.overrides:
        place = places.get(override.original)
        # A rule that ends on a day may have fewer instances at another time.
        if place is None or place >= len(there):
            continue
        kept.append(_shifted(override, there[place], zone))
    # What takes place once, and later now, has been missed by nobody; the timeline keeps what was.
    absent = [
        replace(one, start=there[place])
        for one in series.absences
        if series.recurrence and (place := places.get(one.start)) is not None and place < len(there)
    ]
    return replace(after, overrides=tuple(kept), absences=tuple(absent))


def _shifted(override: Override, original: datetime, zone: ZoneInfo) -> Override:
    by = _wall(original, zone) - _wall(override.original, zone)

    def shift(moment: datetime | None) -> datetime | None:
        return None if moment is None else (_wall(moment, zone) + by).replace(tzinfo=zone).astimezone(original.tzinfo)

    return replace(override, original=original, start=shift(override.start), end=shift(override.end))


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
