"""A chart as SVG for the console: with title and description, colours by class (the page's theme decides them), told
apart by stroke and mark as well as by colour. No script, no style attribute (the console's CSP forbids both)."""

from collections.abc import Callable
from html import escape

from hub.domain.chart import Chart, ChartKind, ChartSeries, Stroke
from hub.services.charts.geometry import (
    WIDE,
    Frame,
    Plane,
    frame_for,
    heat_size,
    label_rows,
    plane_of,
    shade,
    shown_labels,
    tints,
)

DASHES = {Stroke.SOLID: "", Stroke.DASHED: ' stroke-dasharray="7 4"', Stroke.DOTTED: ' stroke-dasharray="2 3"'}
MARKS_APART = 12.0
"""Marks stand on a line's points where those are at least so far apart."""


def draw_svg(chart: Chart, name: str, frame: Frame = WIDE, kind: str = "wide") -> str:
    """The picture. `name` makes the ids of title and description unique on the page (letters, digits, -); `kind` is a
    further class, by which the page shows the picture that fits its width."""
    plane = plane_of(chart, frame_for(chart, frame))
    parts = [_heat(chart, plane.frame)] if chart.kind is ChartKind.HEAT else [_axes(chart, plane)]
    drawn = [(series, f"c{tint + 1}") for series, tint in zip(chart.series, tints(chart), strict=True)]
    if chart.kind is ChartKind.BARS:
        parts += [_bars(series, tint, place, len(drawn), plane) for place, (series, tint) in enumerate(drawn)]
    elif chart.kind is ChartKind.LINES:
        parts += [_band(series, tint, plane) for series, tint in drawn]
        parts += [_line(series, tint, plane) for series, tint in drawn]
    return (
        f'<svg class="chart {kind}" viewBox="0 0 {frame.width:.0f} {frame.height:.0f}" role="img" '
        f'aria-labelledby="{name}-title {name}-text" focusable="false">'
        f'<title id="{name}-title">{escape(chart.title)}</title>'
        f'<desc id="{name}-text">{escape(chart.description)}</desc>{"".join(parts)}</svg>'
    )


def _axes(chart: Chart, plane: Plane) -> str:
    parts, frame = [], plane.frame
    for value, told in chart.ticks:
        y = plane.y(value)
        parts.append(f'<path class="grid" d="M{frame.left:.1f} {y:.1f}H{frame.width - frame.right:.1f}"/>')
        parts.append(_mark(frame, y, told))
    parts.append(_labels(chart, frame, plane.x))
    parts.append(f'<path class="axis" d="M{frame.left:.1f} {plane.y(0):.1f}H{frame.width - frame.right:.1f}"/>')
    return "".join(parts)


def _mark(frame: Frame, y: float, told: str) -> str:
    return f'<text class="tick" x="{frame.left - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{escape(told)}</text>'


def _labels(chart: Chart, frame: Frame, place: Callable[[int], float]) -> str:
    """Along the bottom; every other one lower where they would run into each other."""
    shown = shown_labels(chart.labels, frame.most_labels)
    rows = label_rows(shown, frame.inner_width)
    parts = []
    for order, (index, label) in enumerate(shown):
        y = frame.height - frame.bottom + 18 + 16 * (order % rows)
        parts.append(
            f'<text class="tick" x="{place(index):.1f}" y="{y:.1f}" text-anchor="middle">{escape(label)}</text>'
        )
    return "".join(parts)


def _bars(series: ChartSeries, tint: str, place: int, count: int, plane: Plane) -> str:
    width = plane.column * 0.7 / count
    parts = []
    for index, value in enumerate(series.values):
        if value is None:
            continue
        x = plane.x(index) - plane.column * 0.35 + place * width
        y, base = plane.y(max(value, 0.0)), plane.y(min(value, 0.0))
        kind = f"{tint} {series.stroke.value}"
        parts.append(_box(kind, x, y, max(1.0, width - 1), base - y, _told(series, index)))
    return "".join(parts)


def _box(kind: str, x: float, y: float, width: float, height: float, told: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{max(0.0, height):.1f}"'
    return f'<rect class="{kind}" {place}><title>{told}</title></rect>'


def _told(series: ChartSeries, index: int) -> str:
    return escape(f"{series.label}: {series.texts[index]}" if index < len(series.texts) else series.label)


def _line(series: ChartSeries, tint: str, plane: Plane) -> str:
    path, drawing = [], False
    marks = []
    for index, value in enumerate(series.values):
        if value is None:
            drawing = False
            continue
        x, y = plane.x(index), plane.y(value)
        path.append(f"{'L' if drawing else 'M'}{x:.1f} {y:.1f}")
        drawing = True
        told = _told(series, index)
        marks.append(f'<circle class="{tint} mark" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{told}</title></circle>')
    shown = marks if plane.column >= MARKS_APART else []
    return f'<path class="{tint} line" d="{"".join(path)}"{DASHES[series.stroke]}/>{"".join(shown)}'


def _band(series: ChartSeries, tint: str, plane: Plane) -> str:
    edges = [
        (plane.x(index), plane.y(low), plane.y(high))
        for index, (low, high) in enumerate(zip(series.low, series.high, strict=False))
        if low is not None and high is not None
    ]
    if not edges:
        return ""
    over = " ".join(f"{x:.1f},{high:.1f}" for x, _, high in edges)
    under = " ".join(f"{x:.1f},{low:.1f}" for x, low, _ in reversed(edges))
    return f'<polygon class="{tint} band" points="{over} {under}"/>'


def _heat(chart: Chart, frame: Frame) -> str:
    width, height = heat_size(chart, frame)
    most = max((value or 0.0 for series in chart.series for value in series.values), default=0.0)
    parts = []
    for row, series in enumerate(chart.series):
        y = frame.top + row * height
        parts.append(_mark(frame, y + height / 2, series.label))
        for column, value in enumerate(series.values):
            told = escape(f"{series.label}, {chart.labels[column]}: {series.texts[column]}")
            parts.append(_box(f"heat{shade(value, most)}", frame.left + column * width, y, width - 1, height - 1, told))
    parts.append(_labels(chart, frame, lambda index: frame.left + (index + 0.5) * width))
    return "".join(parts)
