"""Where everything of a chart stands, in units of a drawing: shared by both renderers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hub.domain.chart import Chart, ChartKind, Stroke

CHARACTER = 7.2
"""Width of one in the font of marks and labels, generously."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Size and margins of a drawing. `most_labels` fit along its bottom."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    most_labels: int

    @property
    def inner_width(self) -> float:
        return self.width - self.left - self.right

    @property
    def inner_height(self) -> float:
        return self.height - self.top - self.bottom


WIDE = Frame(960.0, 320.0, 72.0, 16.0, 16.0, 32.0, 13)
"""On a page."""
NARROW = Frame(320.0, 240.0, 72.0, 8.0, 12.0, 44.0, 5)
"""On a telephone: the same text size on a third of the width."""
PICTURE = Frame(720.0, 320.0, 72.0, 16.0, 16.0, 56.0, 13)
"""In chat and mail; the legend stands in its bottom."""


def frame_for(chart: Chart, frame: Frame) -> Frame:
    """The frame with the left margin that the marks of the value axis (for heat: the rows' names) need."""
    heat = chart.kind is ChartKind.HEAT
    told = [series.label for series in chart.series] if heat else [text for _, text in chart.ticks]
    left = 12.0 + CHARACTER * max(map(len, told), default=0)
    return replace(frame, left=min(max(28.0, left), frame.width * 0.4))


@dataclass(frozen=True, slots=True)
class Plane:
    """Turns values into places. `least` and `most` are the ends of the value axis."""

    frame: Frame
    least: float
    most: float
    count: int

    def x(self, index: int) -> float:
        """The middle of a label's column."""
        return self.frame.left + self.frame.inner_width * (index + 0.5) / max(1, self.count)

    def y(self, value: float) -> float:
        """The height of a value."""
        span = (self.most - self.least) or 1.0
        share = (min(max(value, self.least), self.most) - self.least) / span
        return self.frame.height - self.frame.bottom - self.frame.inner_height * share

    @property
    def column(self) -> float:
        """The width of a label's column."""
        return self.frame.inner_width / max(1, self.count)


def plane_of(chart: Chart, frame: Frame) -> Plane:
    """The plane on which all values, bands and ticks of the chart fit; 0 is always on it."""
    found = [0.0, *(value for value, _ in chart.ticks)]
    for series in chart.series:
        found += [value for value in (*series.values, *series.low, *series.high) if value is not None]
    return Plane(frame, min(found), max(found) or 1.0, len(chart.labels))


def nice_ticks(least: float, most: float, wanted: int = 6) -> list[float]:
    """Round numbers from at or below `least` (at most 0) to at or above `most`: steps of 1, 2, 2.5 or 5 times a power
    of ten."""
    low, high = min(0.0, least), max(most, 0.0)
    if high <= low:
        high = low + 1.0
    rough = (high - low) / max(1, wanted - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough - 1e-12)
    first, last = math.floor(low / step), math.ceil(high / step - 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def shown_labels(labels: Sequence[str], most: int) -> list[tuple[int, str]]:
    """At most so many of the labels, evenly, the first one always."""
    every = max(1, math.ceil(len(labels) / most))
    return [(index, label) for index, label in enumerate(labels) if index % every == 0]


def label_rows(shown: Sequence[tuple[int, str]], width: float) -> int:
    """2 where the labels would run into each other on one row of that width, else 1."""
    longest = max((len(label) for _, label in shown), default=0)
    return 2 if shown and CHARACTER * longest > width / len(shown) else 1


def tints(chart: Chart) -> list[int]:
    """The colour of each series, from 0: what is expected has the colour of what was so far, whose line it goes on."""
    found: list[int] = []
    for place, series in enumerate(chart.series):
        goes_on = place > 0 and series.stroke is Stroke.DOTTED and chart.series[place - 1].stroke is Stroke.SOLID
        found.append(found[-1] if goes_on else max(found, default=-1) + 1)
    return found


def shade(value: float | None, most: float) -> int:
    """0 (nothing) to 5 (the most) for heat: by roots, so that small values can be told apart."""
    if not value or value <= 0 or most <= 0:
        return 0
    return max(1, min(5, math.ceil(5 * math.sqrt(value / most))))


def heat_size(chart: Chart, frame: Frame) -> tuple[float, float]:
    """Width and height of one field."""
    assert chart.kind is ChartKind.HEAT
    return frame.inner_width / max(1, len(chart.labels)), frame.inner_height / max(1, len(chart.series))
