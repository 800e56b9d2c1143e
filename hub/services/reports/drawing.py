"""A report as charts, in a language: one for each currency where money is told, else one. Pure."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from hub.domain.chart import Chart, ChartKind, ChartSeries, Stroke
from hub.domain.report import FORECASTS, Outlook, Period, Report, ReportName, Row, Unit
from hub.services.charts.geometry import nice_ticks
from hub.services.reports.wording import (
    WEEKDAYS,
    language_of,
    say,
    tell_change,
    tell_days,
    tell_few,
    tell_period,
    tell_share,
    tell_tick,
    tell_value,
)

KINDS = {
    ReportName.HOURS: ChartKind.HEAT,
    ReportName.REVENUE: ChartKind.BARS,
    ReportName.OPEN_ITEMS: ChartKind.BARS,
    ReportName.WAITING: ChartKind.BARS,
    ReportName.APPOINTMENTS: ChartKind.BARS,
    ReportName.EVENTS: ChartKind.BARS,
    ReportName.BOT: ChartKind.BARS,
    ReportName.PAYMENTS_FORECAST: ChartKind.LINES,
}
"""All others are lines."""
MOST_SERIES = 6
MOST_BARS = 60
"""More are too thin to be seen on a telephone: lines then."""
Link = Callable[[Period], str]


def draw_charts(report: Report, language: str, link: Link | None = None) -> list[Chart]:
    """The charts; empty where there is nothing to show."""
    language = language_of(language)
    if report.unit is Unit.MONEY:
        return [_chart(report, [row], language, link) for row in report.rows]
    if report.name is ReportName.RESPONSE:
        # Hours and days on one axis would hide the hours.
        parts = ([row for row in report.rows if row.key.startswith(kind)] for kind in ("answer-", "closing-"))
        return [
            _chart(report, rows, language, link) for rows in parts if any(v is not None for r in rows for v in r.values)
        ]
    shown = report.rows if report.name is ReportName.HOURS else report.rows[:MOST_SERIES]
    return [_chart(report, list(shown), language, link)] if shown else []


def _chart(report: Report, rows: list[Row], language: str, link: Link | None) -> Chart:
    heat = report.name is ReportName.HOURS
    labels = tuple(_labels(report, language))
    series = _heat(rows, language) if heat else _series(report, rows, language)
    currency = rows[0].currency
    title = say(language, report.name.value)
    if currency:
        title = f"{title} ({currency})"
    if report.name is ReportName.RESPONSE:
        title = say(language, rows[0].key.partition("-")[0])
    return Chart(
        kind=_kind(report, series),
        title=title,
        description=" ".join(tell_lines(report, language, currency=currency)),
        labels=labels,
        series=tuple(series),
        ticks=() if heat else tuple(_ticks(report, series, currency, language)),
        heading=say(language, "hour" if heat else "age" if report.labels else "period"),
        links=tuple(link(period) for period in report.periods) if link and not heat and not report.labels else (),
    )


def _kind(report: Report, series: Sequence[ChartSeries]) -> ChartKind:
    kind = KINDS.get(report.name, ChartKind.LINES)
    crowded = sum(len(one.values) for one in series) > MOST_BARS
    return ChartKind.LINES if kind is ChartKind.BARS and crowded else kind


def _labels(report: Report, language: str) -> list[str]:
    if report.name is ReportName.HOURS:
        return [str(hour) for hour in range(24)]
    if report.labels:
        return [say(language, label) for label in report.labels]
    return [tell_period(period, report.step, language) for period in report.periods]


def _heat(rows: Sequence[Row], language: str) -> list[ChartSeries]:
    return [
        ChartSeries(
            label=WEEKDAYS[language][int(row.key)],
            values=tuple(float(value) if value is not None else None for value in row.values),
            texts=tuple(tell_value(value, Unit.COUNT, "", language) for value in row.values),
        )
        for row in rows
    ]


def _series(report: Report, rows: Sequence[Row], language: str) -> list[ChartSeries]:
    if report.name in FORECASTS:
        return [one for row in rows for one in _expected(report, row, language)]
    found = [_one(report, row, row.values, label_of(report, row, language), language) for row in rows]
    # One series more can be told apart; the time before of every one of several cannot.
    if len(rows) == 1 and rows[0].before:
        label = say(language, "before", label=label_of(report, rows[0], language))
        found.append(_one(report, rows[0], rows[0].before, label, language, Stroke.DASHED))
    return found


def _one(
    report: Report,
    row: Row,
    values: Sequence[Decimal | None],
    label: str,
    language: str,
    stroke: Stroke = Stroke.SOLID,
) -> ChartSeries:
    return ChartSeries(
        label=label,
        values=_floats(values),
        texts=tuple(tell_value(value, report.unit, row.currency, language) for value in values),
        stroke=stroke,
    )


def _expected(report: Report, row: Row, language: str) -> list[ChartSeries]:
    label = label_of(report, row, language)
    found = []
    if row.before:
        found.append(_one(report, row, row.before, say(language, "was", label=label), language))
    texts = []
    for value, low, high in zip(row.values, row.low, row.high, strict=True):
        told = [tell_value(one, report.unit, row.currency, language) for one in (value, low, high)]
        texts.append("–" if value is None else f"{told[0]} ({told[1]} – {told[2]})")
    found.append(
        ChartSeries(
            label=say(language, "expected", label=label),
            values=_floats(row.values),
            texts=tuple(texts),
            stroke=Stroke.DOTTED,
            low=_floats(row.low),
            high=_floats(row.high),
        )
    )
    return found


def _floats(values: Sequence[Decimal | None]) -> tuple[float | None, ...]:
    return tuple(None if value is None else float(value) for value in values)


def _ticks(report: Report, series: Sequence[ChartSeries], currency: str, language: str) -> list[tuple[float, str]]:
    values = [value for one in series for value in (*one.values, *one.low, *one.high) if value is not None]
    least, most = min(values, default=0.0), max(values, default=1.0)
    if report.unit is Unit.MINUTES:
        # Round hours, or round days, not round minutes that make crooked ones.
        scale, unit = (1, "minutes") if most < 120 else (60, "hours-unit") if most < 48 * 60 else (1_440, "days-unit")
        return [
            (
                tick * scale,
                say(
                    language,
                    "one-day" if unit == "days-unit" and tick == 1 else unit,
                    value=tell_tick(tick, Unit.COUNT, "", language),
                ),
            )
            for tick in nice_ticks(0.0, most / scale)
        ]
    ticks = nice_ticks(least, most)
    if report.unit is Unit.COUNT:
        # Half a message is none.
        ticks = [tick for tick in ticks if tick == int(tick)]
    return [(tick, tell_tick(tick, report.unit, currency, language)) for tick in ticks]


def label_of(report: Report, row: Row, language: str) -> str:
    """What a row is called."""
    if report.name is ReportName.HOURS:
        return WEEKDAYS[language][int(row.key)]
    if report.name is ReportName.BOT and row.key == "bot":
        return say(language, "bot-row")
    if row.currency:
        kind = "payments-row" if report.name is ReportName.PAYMENTS_FORECAST else "revenue-row"
        return f"{say(language, 'total' if report.name is ReportName.OPEN_ITEMS else kind)} {row.currency}"
    return say(language, row.key)


def tell_lines(report: Report, language: str, *, currency: str = "") -> list[str]:
    """The report in sentences: totals with the time before, the highest value, and what a forecast is worth."""
    language = language_of(language)
    rows = [row for row in report.rows if not currency or row.currency == currency]
    if report.name is ReportName.HOURS:
        return _busiest(rows, language)
    lines = [line for row in rows[:MOST_SERIES] if (line := _total(report, row, language))]
    if len(rows) == 1 and (peak := _peak(report, rows[0], language)):
        lines.append(peak)
    for outlook in report.outlooks:
        if currency and outlook.key != currency:
            continue
        label = say(language, outlook.key)
        if outlook.need:
            lines.append(say(language, "too-little", label=label, have=outlook.have, need=outlook.need))
        else:
            model = say(language, outlook.model)
            lines.append(_tell_error(outlook, label, model, language))
    if any(not outlook.need for outlook in report.outlooks):
        lines.append(say(language, "band"))
    if report.pending:
        lines.append(say(language, "pending", count=report.pending))
    return lines or [say(language, "nothing")]


def _tell_error(outlook: Outlook, label: str, model: str, language: str) -> str:
    if outlook.error is None:
        return say(language, "no-error", label=label, model=model)
    if outlook.rare and outlook.off is not None:
        off = tell_few(outlook.off, language)
        return say(language, "off-one" if off == "1" else "off", label=label, off=off, model=model)
    return say(language, "error", label=label, error=tell_share(outlook.error, language), model=model)


def _total(report: Report, row: Row, language: str) -> str:
    if row.total is None:
        return ""
    label = label_of(report, row, language)
    value = tell_value(row.total, report.unit, row.currency, language)
    if report.name in FORECASTS:
        label = say(language, "expected", label=label)
    if row.total_before is None or report.name in FORECASTS:
        return say(language, "sum", label=label, value=value) + "."
    before = tell_value(row.total_before, report.unit, row.currency, language)
    change = tell_change(row.total, row.total_before, language)
    told = say(language, "change", change=change) if change else ""
    return say(language, "compared", label=label, value=value, before=before, change=told) + "."


def _peak(report: Report, row: Row, language: str) -> str:
    known = [(value, place) for place, value in enumerate(row.values) if value is not None]
    if report.labels or not known or report.name in FORECASTS:
        return ""
    value, place = max(known, key=lambda one: one[0])
    if value <= 0:
        return ""
    where = tell_period(report.periods[place], report.step, language)
    return say(language, "peak", value=tell_value(value, report.unit, row.currency, language), where=where)


def _busiest(rows: Sequence[Row], language: str) -> list[str]:
    found = [(value or Decimal(), row.key, hour) for row in rows for hour, value in enumerate(row.values)]
    most = max(found, default=(Decimal(), "0", 0))
    if not most[0]:
        return [say(language, "nothing")]
    day = WEEKDAYS[language][int(most[1])]
    return [say(language, "busiest", day=day, hour=most[2], value=tell_value(most[0], Unit.COUNT, "", language))]


def tell_span(report: Report, language: str) -> str:
    """ "1.1. – 31.12.2026"; '' where it is of now."""
    return tell_days(report.periods[0].first, report.periods[-1].last, language) if report.periods else ""
