"""When an appointment takes place: once, or by a bounded rule in wall time. A weekly ten o'clock stays ten o'clock
across the change of the clocks (RFC 5545 §3.8.5.3: the rule counts in the zone of its start)."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hub.domain.appointment import Appointment
from hub.domain.errors import Invalid

MAX_INSTANCES = 370
MAX_SPAN = timedelta(days=731)
_PART = re.compile(r"[A-Z]+=[A-Z0-9,+-]+")
_ALLOWED = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST", "BYSETPOS"})
_FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})


def check_rule(rule: str) -> None:
    """Raises Invalid for a rule that is not bounded or not of ours: an endless or secondly one would never end."""
    parts = rule.split(";") if rule else []
    if len(rule) > 200 or not all(_PART.fullmatch(part) for part in parts):
        raise Invalid("This recurrence cannot be read; write it as FREQ=WEEKLY;COUNT=10.", field="recurrence")
    fields = dict(part.split("=", 1) for part in parts)
    if parts and (not fields.keys() <= _ALLOWED or fields.get("FREQ") not in _FREQUENCIES):
        raise Invalid("An appointment recurs daily, weekly, monthly or yearly.", field="recurrence")
    count = fields.get("COUNT", "")
    if parts and not (count.isdigit() and 1 <= int(count[:6]) <= MAX_INSTANCES) and "UNTIL" not in fields:
        raise Invalid(f"A recurrence needs COUNT (at most {MAX_INSTANCES}) or UNTIL.", field="recurrence")


def expand(
    appointment: Appointment, since: datetime | None = None, until: datetime | None = None
) -> list[tuple[datetime, datetime]]:
    """(start, end) of each instance that touches the span, in order, with what was moved and left out."""
    length = appointment.end - appointment.start
    moved = {override.original: override for override in appointment.overrides}
    found = []
    for start in _starts(appointment.start, appointment.time_zone, appointment.recurrence):
        override = moved.get(start)
        if override is not None and override.start is None:
            continue
        begins = override.start if override is not None and override.start else start
        ends = (override.end or begins + length) if override is not None else start + length
        if (since is None or ends > since) and (until is None or begins < until):
            found.append((begins, ends))
    return sorted(found)


def starts_of(appointment: Appointment) -> tuple[datetime, ...]:
    """When each instance begins by the rule alone, in order, exceptions not applied. UTC."""
    return _starts(appointment.start, appointment.time_zone, appointment.recurrence)


@lru_cache(maxsize=4_096)
def _starts(start: datetime, zone: str, rule: str) -> tuple[datetime, ...]:
    return tuple(_walk(start, zone, rule))


def _walk(start: datetime, zone: str, rule: str) -> Iterator[datetime]:
    if not rule:
        yield start
        return
    from dateutil.rrule import rrulestr

    tz = ZoneInfo(zone)
    local = start.astimezone(tz).replace(tzinfo=None)
    # UNTIL in UTC with a local start is read as local: at worst one instance on the last day differs.
    plain = re.sub(r"(UNTIL=\d{8}T\d{6})Z", r"\1", rule)
    for number, wall in enumerate(rrulestr(plain, dtstart=local)):
        if number >= MAX_INSTANCES or wall - local > MAX_SPAN:
            return
        yield wall.replace(tzinfo=tz).astimezone(UTC)
