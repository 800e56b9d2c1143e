"""Days, weeks and months: the columns of a report, and the span before it to compare with."""

from datetime import date, timedelta

from hub.domain.errors import Invalid
from hub.domain.report import Period, Step

USUAL = {Step.DAY: 30, Step.WEEK: 26, Step.MONTH: 12}
"""So many periods where nothing else is asked."""
MOST_PERIODS = 400
EARLIEST = date(1990, 1, 1)


def read_step(text: str, usual: Step) -> Step:
    """Raises Invalid for a word that is no step."""
    if not text:
        return usual
    try:
        return Step(text)
    except ValueError as error:
        raise Invalid("A step is day, week or month.", field="step") from error


def begin_of(day: date, step: Step) -> date:
    """The first day of the period that the day lies in; weeks begin on Monday."""
    if step is Step.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step is Step.MONTH else day


def shift(begin: date, step: Step, by: int) -> date:
    """The first day of the period so many periods later (or earlier)."""
    if step is Step.DAY:
        return begin + timedelta(days=by)
    if step is Step.WEEK:
        return begin + timedelta(weeks=by)
    months = begin.year * 12 + begin.month - 1 + by
    return date(months // 12, months % 12 + 1, 1)


def end_of(begin: date, step: Step) -> date:
    """The last day of the period that begins then."""
    return shift(begin, step, 1) - timedelta(days=1)


def periods_of(step: Step, since: date | None, until: date | None, today: date, ahead: int = 0) -> tuple[Period, ...]:
    """Whole periods from `since` to `until`, oldest first; the usual span ends so many periods `ahead`. Raises Invalid
    where there are too many, or none."""
    last = begin_of(until, step) if until else shift(begin_of(today, step), step, ahead)
    first = begin_of(since, step) if since else shift(last, step, 1 - USUAL[step])
    if first > last:
        raise Invalid("The span ends before it begins.", field="until")
    if first < EARLIEST or last.year > today.year + 2:
        raise Invalid("A report looks from 1990 to the end of the year after next.", field="since")
    found: list[Period] = []
    while first <= last:
        end = end_of(first, step)
        found.append(Period(first=first, last=end, running=first <= today <= end))
        if len(found) > MOST_PERIODS:
            raise Invalid(f"At most {MOST_PERIODS} periods at once; take longer ones.", field="since")
        first = shift(first, step, 1)
    return tuple(found)


def before_of(periods: tuple[Period, ...], step: Step) -> tuple[Period, ...]:
    """The span of as many periods before. Spans of a year or more are compared with the same months a year earlier;
    the running period with as much of its counterpart as has passed."""
    count = len(periods)
    by = -12 if step is Step.MONTH and count <= 12 else -_whole(periods) if step is Step.DAY else -count
    found = []
    for one in periods:
        first = shift(one.first, step, by)
        found.append(Period(first=first, last=end_of(first, step)))
    return tuple(found)


def _whole(periods: tuple[Period, ...]) -> int:
    """Days to go back: a month's days are compared with those of the month before, so that the first meets the first;
    any other span with as many days before it."""
    first, last = periods[0].first, periods[-1].last
    if first.day == 1 and (first.year, first.month) == (last.year, last.month) and len(periods) <= 31:
        return (first - shift(first, Step.MONTH, -1)).days
    if first.weekday() == 0 and len(periods) < 7:
        return 7
    return len(periods)


def share_passed(period: Period, today: date) -> int:
    """How many days of a running period have begun."""
    return (today - period.first).days + 1


def same_length(period: Period, days: int) -> Period:
    """The first so many days of it."""
    last = min(period.last, period.first + timedelta(days=days - 1))
    return Period(first=period.first, last=last)


def span_of(name: str, today: date, whole: bool = False) -> tuple[Step, date, date]:
    """Step, first and last day of a span that has a name; up to today, or the `whole` of it. Raises Invalid."""
    if name == "today":
        return Step.DAY, today, today
    by, what = (-1, name.removeprefix("last-")) if name.startswith("last-") else (0, name)
    if what in ("week", "month"):
        long = Step(what)
        begin = shift(begin_of(today, long), long, by)
        return Step.DAY, begin, end_of(begin, long) if whole else min(today, end_of(begin, long))
    if what == "year":
        year = today.year + by
        return Step.MONTH, date(year, 1, 1), date(year, 12, 31) if whole else min(today, date(year, 12, 31))
    raise Invalid("A span is today, week, month, year, last-week, last-month or last-year.", field="span")
