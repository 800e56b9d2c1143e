"""A chart as PNG for chat and mail: light ground, the colours of Okabe and Ito (told apart by people who see colours
otherwise), a legend with strokes. Pillow loads on first use; call it in a thread or a worker."""

from functools import lru_cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

from hub.domain.chart import Chart, ChartKind, ChartSeries, Stroke
from hub.services.charts.geometry import (
    PICTURE,
    Frame,
    Plane,
    frame_for,
    heat_size,
    plane_of,
    shade,
    shown_labels,
    tints,
)

SCALE = 2
HEAD, FOOT = 40.0, 28.0
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
BANDS = ("#CCE3F0", "#F7DFCC", "#CCECE3", "#F5E4ED", "#FAECCC", "#DDF0FB")
HEAT = ("#F2F4F6", "#CCE3F0", "#99C7E0", "#4C9BC9", "#0072B2", "#004B76")
INK, QUIET, GRID = "#1B1F24", "#57606A", "#E1E4E8"


@lru_cache(maxsize=8)
def _font(size: int, bold: bool = False) -> Any:
    """Bitstream Vera, which reportlab brings: Pillow's own default font has no umlauts."""
    import reportlab
    from PIL import ImageFont

    name = "VeraBd.ttf" if bold else "Vera.ttf"
    return ImageFont.truetype(str(Path(reportlab.__file__).parent / "fonts" / name), size * SCALE)


class _Canvas:
    """Draws in the units of the geometry."""

    def __init__(self) -> None:
        from PIL import Image, ImageDraw

        self.image = Image.new(
            "RGB", (int(PICTURE.width * SCALE), int((PICTURE.height + HEAD + FOOT) * SCALE)), "white"
        )
        self._draw = ImageDraw.Draw(self.image)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return x * SCALE, (y + HEAD) * SCALE

    def text(self, x: float, y: float, text: str, *, size: int = 11, anchor: str = "mm", ink: str = QUIET) -> None:
        self._draw.text(self._at(x, y), text, font=_font(size), fill=ink, anchor=anchor)

    def title(self, text: str) -> None:
        shown = text
        while shown and self._draw.textlength(shown, font=_font(15, True)) > (PICTURE.width - 32) * SCALE:
            shown = shown[:-2] + "…"
        self._draw.text((16 * SCALE, 22 * SCALE), shown, font=_font(15, True), fill=INK, anchor="lm")

    def line(self, points: list[tuple[float, float]], colour: str, width: float, stroke: Stroke = Stroke.SOLID) -> None:
        if stroke is Stroke.SOLID:
            self._draw.line([self._at(x, y) for x, y in points], fill=colour, width=int(width * SCALE), joint="curve")
            return
        dash, gap = (7.0, 4.0) if stroke is Stroke.DASHED else (2.0, 3.0)
        for piece in _pieces(points, dash, gap):
            self._draw.line([self._at(x, y) for x, y in piece], fill=colour, width=int(width * SCALE))

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        left, top = self._at(x, y)
        right, bottom = self._at(x + width, y + height)
        self._draw.rectangle([left, top, max(left, right - 1), max(top, bottom - 1)], fill=colour)

    def area(self, points: list[tuple[float, float]], colour: str) -> None:
        self._draw.polygon([self._at(x, y) for x, y in points], fill=colour)

    def width_of(self, text: str) -> float:
        return float(self._draw.textlength(text, font=_font(11))) / SCALE


def draw_png(chart: Chart) -> bytes:
    """The picture, 1440 pixels wide."""
    canvas = _Canvas()
    canvas.title(chart.title)
    frame = frame_for(chart, PICTURE)
    if chart.kind is ChartKind.HEAT:
        _draw_heat(canvas, chart, frame)
    else:
        plane = plane_of(chart, frame)
        drawn = list(zip(chart.series, tints(chart), strict=True))
        for series, tint in drawn:
            _draw_band(canvas, series, plane, BANDS[tint % len(BANDS)])
        _draw_axes(canvas, chart, plane)
        for place, (series, tint) in enumerate(drawn):
            colour = COLOURS[tint % len(COLOURS)]
            if chart.kind is ChartKind.BARS:
                _draw_bars(canvas, series, plane, colour, place, len(chart.series))
            else:
                _draw_line(canvas, series, plane, colour)
        _draw_legend(canvas, chart)
    out = BytesIO()
    canvas.image.save(out, format="PNG", optimize=True)
    return out.getvalue()


def _draw_axes(canvas: _Canvas, chart: Chart, plane: Plane) -> None:
    left, right = plane.frame.left, plane.frame.width - plane.frame.right
    for value, told in chart.ticks:
        canvas.line([(left, plane.y(value)), (right, plane.y(value))], GRID, 1)
        canvas.text(left - 8, plane.y(value), told, anchor="rm")
    for index, label in shown_labels(chart.labels, plane.frame.most_labels):
        canvas.text(plane.x(index), plane.y(plane.least) + 16, label)
    canvas.line([(left, plane.y(0)), (right, plane.y(0))], QUIET, 1)


def _draw_bars(canvas: _Canvas, series: ChartSeries, plane: Plane, colour: str, place: int, count: int) -> None:
    width = plane.column * 0.7 / count
    for index, value in enumerate(series.values):
        if value is not None:
            top, base = plane.y(max(value, 0.0)), plane.y(min(value, 0.0))
            x = plane.x(index) - plane.column * 0.35 + place * width
            canvas.box(x, top, max(1.0, width - 1), base - top, colour)


def _draw_line(canvas: _Canvas, series: ChartSeries, plane: Plane, colour: str) -> None:
    run: list[tuple[float, float]] = []
    for index, value in enumerate((*series.values, None)):
        if value is not None:
            run.append((plane.x(index), plane.y(value)))
            continue
        if len(run) > 1:
            canvas.line(run, colour, 2, series.stroke)
        for x, y in run if len(series.values) <= 40 else ():
            canvas.box(x - 2.5, y - 2.5, 5, 5, colour)
        run = []


def _draw_band(canvas: _Canvas, series: ChartSeries, plane: Plane, colour: str) -> None:
    edges = [
        (plane.x(index), plane.y(low), plane.y(high))
        for index, (low, high) in enumerate(zip(series.low, series.high, strict=False))
        if low is not None and high is not None
    ]
    if len(edges) > 1:
        canvas.area([(x, high) for x, _, high in edges] + [(x, low) for x, low, _ in reversed(edges)], colour)


def _draw_heat(canvas: _Canvas, chart: Chart, frame: Frame) -> None:
    width, height = heat_size(chart, frame)
    most = max((value or 0.0 for series in chart.series for value in series.values), default=0.0)
    for row, series in enumerate(chart.series):
        y = frame.top + row * height
        canvas.text(frame.left - 8, y + height / 2, series.label, anchor="rm")
        for column, value in enumerate(series.values):
            canvas.box(frame.left + column * width, y, width - 1, height - 1, HEAT[shade(value, most)])
    for index, label in shown_labels(chart.labels, frame.most_labels):
        canvas.text(frame.left + (index + 0.5) * width, frame.top + len(chart.series) * height + 14, label)


def _draw_legend(canvas: _Canvas, chart: Chart) -> None:
    x, y = PICTURE.left, PICTURE.height - 4
    for series, tint in zip(chart.series, tints(chart), strict=True):
        colour = COLOURS[tint % len(COLOURS)]
        if chart.kind is ChartKind.BARS:
            canvas.box(x, y - 5, 14, 10, colour)
        else:
            canvas.line([(x, y), (x + 22, y)], colour, 2, series.stroke)
        canvas.text(x + 28, y, series.label, anchor="lm", ink=INK)
        x += 28 + canvas.width_of(series.label) + 22


def _pieces(points: list[tuple[float, float]], dash: float, gap: float) -> list[list[tuple[float, float]]]:
    """The dashes of a line."""
    pieces: list[list[tuple[float, float]]] = []
    left, drawing, current = dash, True, [points[0]]
    for start, end in pairwise(points):
        length = ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
        gone = 0.0
        while length - gone > left:
            gone += left
            share = gone / length
            at = (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
            if drawing:
                pieces.append([*current, at])
            current, drawing = [at], not drawing
            left = dash if drawing else gap
        left -= length - gone
        if drawing:
            current.append(end)
    if drawing and len(current) > 1:
        pieces.append(current)
    return pieces
