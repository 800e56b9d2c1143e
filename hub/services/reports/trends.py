"""Reports of what was, made of buckets: pure. Every value of a running period is compared with as many days of the
period before."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import chain

from hub.domain.report import Area, Bucket, Period, ReportName, Row, Step, Unit, unpack_minutes
from hub.services.reports.gathering import QUARTERS
from hub.services.reports.periods import before_of, same_length, share_passed

HOURS = 24
YEAR_DAYS = 365
AHEAD = {Step.DAY: 14, Step.WEEK: 4, Step.MONTH: 2}
Pick = Callable[[Bucket], Iterable[tuple[str, Decimal]]]
"""What of a bucket is counted: (key, value)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """How a report is made: of which buckets, in which unit."""

    area: Area
    unit: Unit
    rows: "Callable[[Split], list[Row]]"
    step: Step = Step.DAY
    ahead: Mapping[Step, int] | None = None
    """It tells of what is to come too: so many periods of it, where nothing else is asked."""


class Split:
    """Buckets sorted into the periods asked for, and into those before. One pass each."""

    def __init__(
        self,
        buckets: Sequence[Bucket],
        periods: tuple[Period, ...],
        step: Step,
        today: date,
        begun: date | None = None,
        quarter: int = QUARTERS,
    ) -> None:
        """`begun`: the first day on record. Nothing can be compared with the time before it. `quarter`: so many
        quarters of an hour of today have begun."""
        self.periods, self.step, self.today, self.quarter = periods, step, today, quarter
        earlier = before_of(periods, step)
        self.before_periods = tuple(
            same_length(old, share_passed(now, today)) if now.running else old
            for now, old in zip(periods, earlier, strict=True)
        )
        self.comparable = begun is not None and begun <= self.before_periods[0].last
        self.buckets = list(buckets)
        self.now = _sorted_into(self.buckets, periods)
        self.before = [
            # What is still to come has nothing to be compared with.
            [] if period.first > today else part
            for period, part in zip(periods, _sorted_into(self.buckets, self.before_periods), strict=True)
        ]

    def rows_by_key(self, pick: Pick, currency: bool = False, ahead: Collection[str] = ()) -> list[Row]:
        """A row for each key, most first; 0 where nothing happened. `ahead`: keys that are known of what is to come."""
        now, before = _sums(self.now, pick), _sums(self.before, pick)
        keys = sorted(
            {*now, *(before if self.comparable else ())},
            key=lambda key: (-sum(now.get(key, {}).values(), Decimal()), key),
        )
        rows = []
        for key in keys:
            values = self.values(now.get(key, {}), key in ahead)
            old: tuple[Decimal | None, ...] = ()
            if self.comparable:
                old = self.values(before.get(key, {}))
            rows.append(
                Row(
                    key=key,
                    values=values,
                    before=old,
                    currency=key if currency else "",
                    total=sum((value for value in values if value is not None), Decimal()),
                    total_before=sum(before.get(key, {}).values(), Decimal()) if self.comparable else None,
                )
            )
        return rows

    def values(self, found: Mapping[int, Decimal], ahead: bool = False) -> tuple[Decimal | None, ...]:
        """One for each period; None for what is to come, unless that is known."""
        return tuple(
            None if period.first > self.today and not ahead else found.get(place, Decimal())
            for place, period in enumerate(self.periods)
        )


def _sorted_into(buckets: Sequence[Bucket], periods: tuple[Period, ...]) -> list[list[Bucket]]:
    found: list[list[Bucket]] = [[] for _ in periods]
    place = 0
    ends = [(one.first.isoformat(), one.last.isoformat()) for one in periods]
    for bucket in buckets:
        while place < len(ends) and bucket.day > ends[place][1]:
            place += 1
        if place == len(ends):
            break
        if bucket.day >= ends[place][0]:
            found[place].append(bucket)
    return found


def _sums(split: Sequence[Sequence[Bucket]], pick: Pick) -> dict[str, dict[int, Decimal]]:
    sums: defaultdict[str, dict[int, Decimal]] = defaultdict(dict)
    for place, buckets in enumerate(split):
        for bucket in buckets:
            for key, value in pick(bucket):
                sums[key][place] = sums[key].get(place, Decimal()) + value
    return dict(sums)


def _volume(split: Split) -> list[Row]:
    """Messages by channel, in and out together."""

    def pick(bucket: Bucket) -> Iterable[tuple[str, Decimal]]:
        for figure in bucket.figures:
            channel, _, way = figure.key.partition("/")
            if way in ("in", "out"):
                yield channel, Decimal(sum(figure.counts))

    return split.rows_by_key(pick)


def _hours(split: Split) -> list[Row]:
    """What came in by weekday (rows, Monday first) and hour (columns)."""
    grid = [[0] * HOURS for _ in range(7)]
    for buckets in split.now:
        for bucket in buckets:
            weekday = date.fromisoformat(bucket.day).weekday()
            for figure in bucket.figures:
                if figure.key.endswith("/in"):
                    grid[weekday] = [a + b for a, b in zip(grid[weekday], figure.counts, strict=False)]
    return [
        Row(key=str(day), values=tuple(Decimal(number) for number in hours), total=Decimal(sum(hours)))
        for day, hours in enumerate(grid)
    ]


def _response(split: Split) -> list[Row]:
    """Median and 90th percentile of the minutes to the first answer and to closing, of what began then."""
    rows = []
    for key, kind in (("answer", "answer-minutes"), ("closing", "closing-minutes")):
        now = [_durations(part, kind) for part in split.now]
        before = [_durations(part, kind) for part in split.before] if split.comparable else []
        # Sorting what consists of sorted runs is merging them.
        all_now, all_before = sorted(chain.from_iterable(now)), sorted(chain.from_iterable(before))
        for name, share in (("median", 0.5), ("p90", 0.9)):
            rows.append(
                Row(
                    key=f"{key}-{name}",
                    values=tuple(_quantile(found, share) for found in now),
                    before=tuple(_quantile(found, share) for found in before),
                    total=_quantile(all_now, share),
                    total_before=_quantile(all_before, share),
                )
            )
    return rows


def _durations(buckets: Sequence[Bucket], key: str) -> list[int]:
    parts = (unpack_minutes(figure.minutes) for bucket in buckets for figure in bucket.figures if figure.key == key)
    return sorted(chain.from_iterable(parts))


def _quantile(found: Sequence[int], share: float) -> Decimal | None:
    if not found:
        return None
    return Decimal(found[min(len(found) - 1, int(share * len(found)))])


def _revenue(split: Split) -> list[Row]:
    """By currency: invoices less credit notes, what was taken back taken off."""

    def pick(bucket: Bucket) -> Iterable[tuple[str, Decimal]]:
        for figure in bucket.figures:
            kind, _, currency = figure.key.partition("/")
            if kind == "revenue":
                yield currency, figure.amount

    return split.rows_by_key(pick, currency=True)


def _counted(*keys: str, ahead: Collection[str] = ()) -> Callable[[Split], list[Row]]:
    def rows(split: Split) -> list[Row]:
        def pick(bucket: Bucket) -> Iterable[tuple[str, Decimal]]:
            return ((figure.key, Decimal(sum(figure.counts))) for figure in bucket.figures if figure.key in keys)

        return _each_of(keys, split, pick, ahead)

    return rows


def _each_of(keys: Sequence[str], split: Split, pick: Pick, ahead: Collection[str]) -> list[Row]:
    """A row for each key, in that order, of zeros where nothing happened."""
    found = {row.key: row for row in split.rows_by_key(pick, ahead=ahead)}
    empty = split.values({}) if split.comparable else ()
    nothing = Decimal() if split.comparable else None
    return [
        found.get(key)
        or Row(key=key, values=split.values({}, key in ahead), before=empty, total=Decimal(), total_before=nothing)
        for key in keys
    ]


def _appointments(split: Split) -> list[Row]:
    """Kept: agreed, begun, and nobody said that it was missed. Planned: agreed and still to come."""
    today = split.today.isoformat()

    def pick(bucket: Bucket) -> Iterable[tuple[str, Decimal]]:
        for figure in bucket.figures:
            if figure.key != "agreed":
                yield figure.key, Decimal(sum(figure.counts))
                continue
            begun = len(figure.counts) if bucket.day < today else split.quarter if bucket.day == today else 0
            yield "kept", Decimal(sum(figure.counts[:begun]))
            yield "planned", Decimal(sum(figure.counts[begun:]))

    kept, planned, missed, cancelled = _each_of(
        ("kept", "planned", "missed", "cancelled"), split, pick, ("planned", "cancelled")
    )
    # What was planned before has long been kept or not.
    return [kept, replace(planned, before=(), total_before=None), missed, cancelled]


def _customers(split: Split) -> list[Row]:
    """New: invoiced for the first time. Active: invoiced within the year up to then. Lost: their year ran out."""
    last_seen: dict[str, date] = {}
    active, new, lost = [], [], []
    feed = iter(split.buckets)
    bucket = next(feed, None)
    for period in split.periods:
        fresh, end = 0, min(period.last, split.today)
        while bucket is not None and bucket.day <= end.isoformat():
            day = date.fromisoformat(bucket.day)
            fresh += sum(name not in last_seen for name in bucket.names) if day >= period.first else 0
            last_seen.update(dict.fromkeys(bucket.names, day))
            bucket = next(feed, None)
        ages = [(end - day).days for day in last_seen.values()]
        active.append(sum(age <= YEAR_DAYS for age in ages))
        lost.append(sum(YEAR_DAYS < age <= YEAR_DAYS + (end - period.first).days + 1 for age in ages))
        new.append(fresh)
    future = [period.first > split.today for period in split.periods]

    def row(key: str, numbers: Sequence[int], total: Decimal | None) -> Row:
        values = tuple(None if ahead else Decimal(n) for n, ahead in zip(numbers, future, strict=True))
        return Row(key=key, values=values, total=total)

    return [
        row("active", active, None),
        row("new", new, Decimal(sum(new))),
        row("lost", lost, Decimal(sum(lost))),
    ]


TRENDS: Mapping[ReportName, Trend] = {
    ReportName.MESSAGES: Trend(area=Area.MESSAGES, unit=Unit.COUNT, rows=_volume),
    ReportName.HOURS: Trend(area=Area.MESSAGES, unit=Unit.COUNT, rows=_hours),
    ReportName.RESPONSE: Trend(area=Area.CONVERSATIONS, unit=Unit.MINUTES, rows=_response, step=Step.WEEK),
    ReportName.REVENUE: Trend(area=Area.MONEY, unit=Unit.MONEY, rows=_revenue, step=Step.MONTH),
    ReportName.CUSTOMERS: Trend(area=Area.MONEY, unit=Unit.COUNT, rows=_customers, step=Step.MONTH),
    ReportName.APPOINTMENTS: Trend(
        area=Area.APPOINTMENTS, unit=Unit.COUNT, rows=_appointments, step=Step.WEEK, ahead=AHEAD
    ),
    ReportName.EVENTS: Trend(
        area=Area.OCCASIONS,
        unit=Unit.COUNT,
        rows=_counted("registered", "cancelled", "attended", "missed", ahead=("registered", "cancelled")),
        step=Step.MONTH,
        ahead=AHEAD,
    ),
    ReportName.BOT: Trend(
        area=Area.CONVERSATIONS,
        unit=Unit.COUNT,
        rows=_counted("bot", "handed-over", "person", "unanswered"),
        step=Step.WEEK,
    ),
}
