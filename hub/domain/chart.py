"""A chart as values: what is drawn, and the table that says the same in words. The renderers are in
hub/services/charts/."""

from dataclasses import dataclass
from enum import StrEnum


class ChartKind(StrEnum):
    """Lines for what goes on, bars for what is compared, heat for two dimensions."""

    LINES = "lines"
    BARS = "bars"
    HEAT = "heat"


class Stroke(StrEnum):
    """What a series is. SOLID: this time; DASHED: the time before; DOTTED: expected, with its band."""

    SOLID = "solid"
    DASHED = "dashed"
    DOTTED = "dotted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartSeries:
    """Values in the order of the chart's labels; None where there is none. `texts` are the values as they are told.
    `low` and `high` are a band (80 %) around them, empty for none."""

    label: str
    values: tuple[float | None, ...]
    texts: tuple[str, ...]
    stroke: Stroke = Stroke.SOLID
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """`labels` along the bottom (for heat: the columns); for heat each series is a row. `ticks` are the marks of the
    value axis, (value, as it is told), lowest first. `links` lead from each label to its entries, '' for none."""

    kind: ChartKind
    title: str
    description: str
    """What one sees, in a sentence: for whoever does not see it."""
    labels: tuple[str, ...]
    series: tuple[ChartSeries, ...]
    ticks: tuple[tuple[float, str], ...] = ()
    heading: str = ""
    """Of the labels' column in the table."""
    links: tuple[str, ...] = ()

    @property
    def table(self) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
        """(headings, rows): the same as the picture, label by label."""
        headings = (self.heading, *(series.label for series in self.series))
        rows = tuple(
            (label, *(series.texts[index] if index < len(series.texts) else "" for series in self.series))
            for index, label in enumerate(self.labels)
        )
        return headings, rows
