"""Forecasts as reports. What takes the processor's time runs in a thread, one at a time, and is kept for the day."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TypeVar

from hub.domain.forecasting.forecast import Forecast, TooLittle, forecast
from hub.domain.ledger import LedgerEntry
from hub.domain.report import Bucket, Outlook, Period, Report, ReportName, Row, Step, Unit
from hub.services.reports.payments import LEAST_PAID, foretell, read_invoices
from hub.services.reports.periods import begin_of, end_of, shift

T = TypeVar("T")
KEPT = 64
DAYS_KNOWN, DAYS_AHEAD, WEEK = 400, 14, 7
DAYS_SHOWN = 42
MONTHS_KNOWN, MONTHS_AHEAD, YEAR = 60, 6, 12
MONTHS_SHOWN = 18
WEEKS_AHEAD = 8
MOST_SERIES = 6
RARE = 5.0
"""Where fewer come a step, the error is told as it is: "116 %" of two messages a day frightens and tells nothing."""
CENT = Decimal("0.01")


class Workshop:
    """Does one piece of work at a time in a thread, and remembers the last results by what they were made of."""

    def __init__(self) -> None:
        self._kept: OrderedDict[object, object] = OrderedDict()
        self._one = asyncio.Lock()

    async def make(self, key: object, work: Callable[[], T]) -> T:
        """The result of `work` for `key`, which names everything that it depends on."""
        async with self._one:
            if key not in self._kept:
                self._kept[key] = await asyncio.to_thread(work)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]  # type: ignore[return-value]


class Outlooks:
    """Makes forecasts of buckets."""

    def __init__(self) -> None:
        self._workshop = Workshop()

    async def messages(self, buckets: Sequence[Bucket], today: date, at: datetime) -> Report:
        """Messages in and out of each channel on each of the next 14 days, from today on."""
        series: defaultdict[str, dict[date, float]] = defaultdict(dict)
        for bucket in buckets:
            day = date.fromisoformat(bucket.day)
            for figure in bucket.figures:
                channel, _, way = figure.key.partition("/")
                if day < today and way in ("in", "out"):
                    series[channel][day] = series[channel].get(day, 0.0) + sum(figure.counts)
        first = min((min(found) for found in series.values()), default=today)
        known = [first + timedelta(days=n) for n in range((today - first).days)]
        begins = [today + timedelta(days=n) for n in range(-DAYS_SHOWN, DAYS_AHEAD)]
        busiest = sorted(series, key=lambda key: -sum(series[key].values()))[:MOST_SERIES]
        made = [await self._row(key, [series[key].get(day, 0.0) for day in known], WEEK, DAYS_AHEAD) for key in busiest]
        rows = [
            _with_past(row, [_whole(series[row.key].get(day, 0.0)) for day in begins[:DAYS_SHOWN]]) for row, _ in made
        ]
        return Report(
            name=ReportName.MESSAGES_FORECAST,
            step=Step.DAY,
            unit=Unit.COUNT,
            at=at,
            periods=tuple(Period(first=day, last=day, running=day == today) for day in begins),
            rows=tuple(rows),
            outlooks=tuple(outlook for _, outlook in made) or (_nothing("messages"),),
        )

    async def revenue(self, buckets: Sequence[Bucket], today: date, at: datetime) -> Report:
        """Revenue of each of the next six months, from the running one on."""
        months: defaultdict[str, dict[date, Decimal]] = defaultdict(dict)
        running = begin_of(today, Step.MONTH)
        for bucket in buckets:
            month = begin_of(date.fromisoformat(bucket.day), Step.MONTH)
            for figure in bucket.figures:
                kind, _, currency = figure.key.partition("/")
                if kind == "revenue" and month < running:
                    months[currency][month] = months[currency].get(month, Decimal()) + figure.amount
        begins = [shift(running, Step.MONTH, n) for n in range(-MONTHS_SHOWN, MONTHS_AHEAD)]
        rows, outlooks = [], []
        for currency in sorted(months, key=lambda key: -sum(months[key].values(), Decimal()))[:MOST_SERIES]:
            found = months[currency]
            known, month = [], min(found)
            while month < running:
                known.append(float(found.get(month, Decimal())))
                month = shift(month, Step.MONTH, 1)
            seasons = 2 * YEAR + MONTHS_AHEAD
            row, outlook = await self._row(
                currency, known, YEAR if len(known) >= seasons else 1, MONTHS_AHEAD, money=True
            )
            rows.append(
                _with_past(
                    row,
                    [found.get(month, Decimal()) if month >= min(found) else None for month in begins[:MONTHS_SHOWN]],
                )
            )
            outlooks.append(outlook)
        return Report(
            name=ReportName.REVENUE_FORECAST,
            step=Step.MONTH,
            unit=Unit.MONEY,
            at=at,
            periods=tuple(Period(first=one, last=end_of(one, Step.MONTH), running=one == running) for one in begins),
            rows=tuple(rows),
            outlooks=tuple(outlooks) or (_nothing("revenue"),),
        )

    async def payments(self, entries: Sequence[LedgerEntry], today: date, at: datetime) -> Report:
        """What will come in of what is open, in each of the next eight weeks, from tomorrow on."""
        invoices = read_invoices(entries)
        begins = [today + timedelta(days=1 + 7 * n) for n in range(WEEKS_AHEAD)]
        rows, outlooks = [], []
        for currency in sorted({one.currency for one in invoices})[:MOST_SERIES]:
            mine = [one for one in invoices if one.currency == currency]
            seal = hash(tuple((one.contact, one.due, one.amount, tuple(one.paid)) for one in mine))
            made = await self._workshop.make(
                ("payments", currency, today, seal), partial(foretell, mine, today, spans=WEEKS_AHEAD)
            )
            if not made.points:
                outlooks.append(Outlook(key=currency, have=made.have, need=LEAST_PAID))
                continue
            outlooks.append(Outlook(key=currency, model="habits", error=made.error))
            points = [_cents(value) for value in made.points]
            rows.append(
                Row(
                    key=currency,
                    currency=currency,
                    values=tuple(points),
                    low=tuple(_cents(value) for value in made.low),
                    high=tuple(_cents(value) for value in made.high),
                    total=sum(points, Decimal()),
                )
            )
        return Report(
            name=ReportName.PAYMENTS_FORECAST,
            step=Step.WEEK,
            unit=Unit.MONEY,
            at=at,
            periods=tuple(Period(first=one, last=one + timedelta(days=6)) for one in begins),
            rows=tuple(rows),
            outlooks=tuple(outlooks) or (_nothing("payments", LEAST_PAID),),
        )

    async def _row(
        self, key: str, known: Sequence[float], season: int, horizon: int, *, money: bool = False
    ) -> tuple[Row, Outlook]:
        values = tuple(known[-DAYS_KNOWN:])
        made: Forecast | TooLittle = await self._workshop.make(
            (key, values, season, horizon), lambda: forecast(values, season=season, horizon=horizon)
        )
        currency = key if money else ""
        if isinstance(made, TooLittle):
            nothing = (None,) * horizon
            row = Row(key=key, currency=currency, values=nothing, low=nothing, high=nothing)
            return row, Outlook(key=key, have=made.have, need=made.need)
        told = _cents if money else _whole
        points = tuple(told(value) for value in made.points)
        row = Row(
            key=key,
            currency=currency,
            values=points,
            low=tuple(told(value) for value in made.low),
            high=tuple(told(value) for value in made.high),
            total=sum(points, Decimal()),
        )
        rare = not money and made.came < RARE
        return row, Outlook(key=key, model=made.model, error=made.error, scaled=made.scaled, off=made.off, rare=rare)


def _with_past(row: Row, past: Sequence[Decimal | None]) -> Row:
    """What was, in `before`; what is expected, in `values`; each with None where the other stands."""
    gap, ahead = (None,) * len(past), (None,) * len(row.values)
    return Row(
        key=row.key,
        currency=row.currency,
        values=gap + row.values,
        before=(*past, *ahead),
        low=gap + row.low,
        high=gap + row.high,
        total=row.total,
    )


def _nothing(key: str, need: int = 8) -> Outlook:
    return Outlook(key=key, have=0, need=need)


def _cents(value: float) -> Decimal:
    return Decimal(value).quantize(CENT)


def _whole(value: float) -> Decimal:
    return Decimal(round(value))
