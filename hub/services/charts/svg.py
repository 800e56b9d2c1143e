"""A chart as SVG for the console: with title and description, colours by class (the page's theme decides them), told
apart by stroke and mark as well as by colour. No script, no style attribute (the console's CSP forbids both)."""

from html import escape

from hub.domain.chart import Chart, ChartKind, ChartSeries, Stroke
from hub.services.charts.geometry import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Plane,
    heat_size,
    plane_of,
    shade,
    shown_labels,
)

DASHES = {Stroke.SOLID: "", Stroke.DASHED: ' stroke-dasharray="7 4"', Stroke.DOTTED: ' stroke-dasharray="2 3"'}


def draw_svg(chart: Chart, name: str) -> str:
    """The picture. `name` makes the ids of title and description unique on the page (letters, digits, -)."""
    plane = plane_of(chart)
    parts = [_heat(chart)] if chart.kind is ChartKind.HEAT else [_axes(chart, plane)]
    if chart.kind is ChartKind.BARS:
        parts += [_bars(series, place, len(chart.series), plane) for place, series in enumerate(chart.series)]
    elif chart.kind is ChartKind.LINES:
        parts += [_band(series, place, plane) for place, series in enumerate(chart.series)]
        parts += [_line(series, place, plane) for place, series in enumerate(chart.series)]
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" '
        f'aria-labelledby="{name}-title {name}-text" focusable="false">'
        f'<title id="{name}-title">{escape(chart.title)}</title>'
        f'<desc id="{name}-text">{escape(chart.description)}</desc>{"".join(parts)}</svg>'
    )


def _axes(chart: Chart, plane: Plane) -> str:
    parts = []
    for value, told in chart.ticks:
        y = plane.y(value)
        parts.append(f'<path class="grid" d="M{LEFT:.1f} {y:.1f}H{WIDTH - RIGHT:.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{escape(told)}</text>')
    for index, label in shown_labels(chart.labels):
        parts.append(_label(plane.x(index), label))
    parts.append(f'<path class="axis" d="M{LEFT:.1f} {plane.y(0):.1f}H{WIDTH - RIGHT:.1f}"/>')
    return "".join(parts)


def _label(x: float, text: str) -> str:
    y = HEIGHT - BOTTOM + 20
    return f'<text class="tick" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{escape(text)}</text>'


def _bars(series: ChartSeries, place: int, count: int, plane: Plane) -> str:
    width = plane.column * 0.7 / count
    parts = []
    for index, value in enumerate(series.values):
        if value is None:
            continue
        x = plane.x(index) - plane.column * 0.35 + place * width
        y, base = plane.y(max(value, 0.0)), plane.y(min(value, 0.0))
        parts.append(
            _box(f"c{place + 1} {series.stroke.value}", x, y, max(1.0, width - 1), base - y, _told(series, index))
        )
    return "".join(parts)


def _box(kind: str, x: float, y: float, width: float, height: float, told: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{max(0.0, height):.1f}"'
    return f'<rect class="{kind}" {place}><title>{told}</title></rect>'


def _told(series: ChartSeries, index: int) -> str:
    return escape(f"{series.label}: {series.texts[index]}" if index < len(series.texts) else series.label)


def _line(series: ChartSeries, place: int, plane: Plane) -> str:
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
        marks.append(
            f'<circle class="c{place + 1} mark" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{told}</title></circle>'
        )
    shown = marks if len(series.values) <= 40 else []
    return f'<path class="c{place + 1} line" d="{"".join(path)}"{DASHES[series.stroke]}/>{"".join(shown)}'


def _band(series: ChartSeries, place: int, plane: Plane) -> str:
    edges = [
        (plane.x(index), plane.y(low), plane.y(high))
        for index, (low, high) in enumerate(zip(series.low, series.high, strict=False))
        if low is not None and high is not None
    ]
    if not edges:
        return ""
    over = " ".join(f"{x:.1f},{high:.1f}" for x, _, high in edges)
    under = " ".join(f"{x:.1f},{low:.1f}" for x, low, _ in reversed(edges))
    return f'<polygon class="c{place + 1} band" points="{over} {under}"/>'


def _heat(chart: Chart) -> str:
    width, height = heat_size(chart)
    most = max((value or 0.0 for series in chart.series for value in series.values), default=0.0)
    parts = []
    for row, series in enumerate(chart.series):
        y = TOP + row * height
        middle = f'x="{LEFT - 8:.1f}" y="{y + height / 2 + 4:.1f}"'
        parts.append(f'<text class="tick" {middle} text-anchor="end">{escape(series.label)}</text>')
        for column, value in enumerate(series.values):
            told = escape(f"{series.label}, {chart.labels[column]}: {series.texts[column]}")
            parts.append(_box(f"heat{shade(value, most)}", LEFT + column * width, y, width - 1, height - 1, told))
    parts += [_label(LEFT + (index + 0.5) * width, label) for index, label in shown_labels(chart.labels)]
    return "".join(parts)
