"""Where everything of a chart stands, in units of a drawing of 720 by 320: shared by both renderers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hub.domain.chart import Chart, ChartKind

WIDTH, HEIGHT = 720.0, 320.0
LEFT, RIGHT, TOP, BOTTOM = 72.0, 16.0, 16.0, 56.0
MOST_LABELS = 13


@dataclass(frozen=True, slots=True)
class Plane:
    """Turns values into places. `least` and `most` are the ends of the value axis."""

    least: float
    most: float
    count: int

    def x(self, index: int) -> float:
        """The middle of a label's column."""
        return LEFT + (WIDTH - LEFT - RIGHT) * (index + 0.5) / max(1, self.count)

    def y(self, value: float) -> float:
        """The height of a value."""
        span = (self.most - self.least) or 1.0
        share = (min(max(value, self.least), self.most) - self.least) / span
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share

    @property
    def column(self) -> float:
        """The width of a label's column."""
        return (WIDTH - LEFT - RIGHT) / max(1, self.count)


def plane_of(chart: Chart) -> Plane:
    """The plane on which all values, bands and ticks of the chart fit; 0 is always on it."""
    found = [0.0, *(value for value, _ in chart.ticks)]
    for series in chart.series:
        found += [value for value in (*series.values, *series.low, *series.high) if value is not None]
    return Plane(min(found), max(found) or 1.0, len(chart.labels))


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


def shown_labels(labels: Sequence[str]) -> list[tuple[int, str]]:
    """At most 13 of the labels, evenly, the first one always."""
    every = max(1, math.ceil(len(labels) / MOST_LABELS))
    return [(index, label) for index, label in enumerate(labels) if index % every == 0]


def shade(value: float | None, most: float) -> int:
    """0 (nothing) to 5 (the most) for heat: by roots, so that small values can be told apart."""
    if not value or value <= 0 or most <= 0:
        return 0
    return max(1, min(5, math.ceil(5 * math.sqrt(value / most))))


def heat_size(chart: Chart) -> tuple[float, float]:
    """Width and height of one field."""
    assert chart.kind is ChartKind.HEAT
    return (WIDTH - LEFT - RIGHT) / max(1, len(chart.labels)), (HEIGHT - TOP - BOTTOM) / max(1, len(chart.series))
