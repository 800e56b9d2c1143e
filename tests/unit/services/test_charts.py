"""Charts: the same values as picture and table, for eyes and for screen readers."""

import xml.etree.ElementTree as ElementTree
from io import BytesIO

import pytest
from PIL import Image

from hub.domain.chart import Chart, ChartKind, ChartSeries, Stroke
from hub.services.charts.geometry import (
    NARROW,
    PICTURE,
    WIDE,
    frame_for,
    label_rows,
    nice_ticks,
    plane_of,
    shade,
    shown_labels,
    tints,
)
from hub.services.charts.png import COLOURS, HEAD, SCALE, draw_png
from hub.services.charts.svg import draw_svg

SVG = "{http://www.w3.org/2000/svg}"


def series(label: str, *values: float | None, **more: object) -> ChartSeries:
    texts = tuple("" if value is None else f"{value:g} €" for value in values)
    return ChartSeries(label=label, values=values, texts=texts, **more)  # type: ignore[arg-type]


def chart(kind: ChartKind = ChartKind.BARS, *parts: ChartSeries, labels: tuple[str, ...] = ("Jan", "Feb")) -> Chart:
    ticks = tuple((value, f"{value:g}") for value in nice_ticks(0, 30))
    return Chart(
        kind=kind,
        title="Umsatz <2026> & „mehr“",
        description="Von 10 auf 30 €.",
        labels=labels,
        series=parts or (series("2026", 10.0, 30.0),),
        ticks=ticks,
        heading="Monat",
    )


@pytest.mark.parametrize("kind", list(ChartKind))
def test_a_picture_for_pages_has_title_and_description_and_no_style(kind: ChartKind) -> None:
    drawn = draw_svg(chart(kind), "c1")
    root = ElementTree.fromstring(drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))
    assert root.get("role") == "img"
    title = root.find(f"{SVG}title")
    assert title is not None
    assert title.text == "Umsatz <2026> & „mehr“"
    assert root.get("aria-labelledby") == f"{title.get('id')} c1-text"
    assert "style=" not in drawn
    assert "<script" not in drawn


def test_the_table_says_the_same_as_the_picture() -> None:
    headings, rows = chart(ChartKind.LINES, series("2026", 10.0, None), series("2025", 5.0, 7.5)).table
    assert headings == ("Monat", "2026", "2025")
    assert rows == (("Jan", "10 €", "5 €"), ("Feb", "", "7.5 €"))


def test_a_bar_is_as_high_as_its_value() -> None:
    drawn = draw_svg(chart(), "c")
    root = ElementTree.fromstring(drawn)
    low, high = (float(bar.get("height", "0")) for bar in root.iter("rect"))
    assert high == pytest.approx(3 * low, abs=0.2)
    image = Image.open(BytesIO(draw_png(chart())))
    assert image.size == (PICTURE.width * SCALE, (PICTURE.height + HEAD + 28) * SCALE)
    blue = tuple(int(COLOURS[0][at : at + 2], 16) for at in (1, 3, 5))
    plane = plane_of(chart(), frame_for(chart(), PICTURE))
    column = [image.getpixel((plane.x(1) * SCALE - 20, y)) for y in range(int(HEAD * SCALE), int(image.height - 100))]
    assert column.count(blue) == pytest.approx((plane.y(0) - plane.y(30)) * SCALE, abs=4)


def test_what_is_not_known_is_not_drawn_as_nothing() -> None:
    drawn = draw_svg(chart(ChartKind.LINES, series("2026", 10.0, None, 20.0), labels=("a", "b", "c")), "c")
    root = ElementTree.fromstring(drawn)
    line = next(path for path in root.iter("path") if "line" in path.get("class", ""))
    assert line.get("d", "").count("M") == 2


def test_an_expectation_is_told_apart_by_its_stroke_and_band() -> None:
    expected = series("soon", 20.0, 25.0, stroke=Stroke.DOTTED, low=(18.0, 19.0), high=(22.0, 30.0))
    drawn = draw_svg(chart(ChartKind.LINES, expected), "c")
    assert 'stroke-dasharray="2 3"' in drawn
    assert "<polygon" in drawn
    assert draw_png(chart(ChartKind.LINES, expected)).startswith(b"\x89PNG")


def test_heat_has_a_field_for_each_value_and_shades_by_amount() -> None:
    heat = chart(ChartKind.HEAT, series("Mo", 0.0, 4.0), series("Di", 100.0, None))
    drawn = draw_svg(heat, "c")
    assert [drawn.count(f'class="heat{level}"') for level in range(6)] == [2, 1, 0, 0, 0, 1]
    assert (shade(None, 5), shade(0, 5), shade(5, 5), shade(1, 0)) == (0, 0, 5, 0)


@pytest.mark.parametrize("most", [0.0, 0.3, 7.0, 21_000.0, 1e9])
def test_ticks_are_round_and_reach_beyond_the_values(most: float) -> None:
    ticks = nice_ticks(0, most)
    assert ticks[0] == 0
    assert ticks[-1] >= most
    assert 2 <= len(ticks) <= 8


def test_long_axes_show_few_labels() -> None:
    shown = shown_labels([str(day) for day in range(365)], 13)
    assert len(shown) <= 13
    assert shown[0] == (0, "0")


def test_what_is_expected_has_the_colour_of_what_was() -> None:
    mail, chat = (series(name, 1.0, None) for name in ("mail", "chat"))
    soon = [series(f"{name} soon", None, 2.0, stroke=Stroke.DOTTED) for name in ("mail", "chat")]
    assert tints(chart(ChartKind.LINES, mail, soon[0], chat, soon[1])) == [0, 0, 1, 1]
    before = series("before", 3.0, 4.0, stroke=Stroke.DASHED)
    assert tints(chart(ChartKind.BARS, mail, before)) == [0, 1]
    assert tints(chart(ChartKind.LINES, soon[0], soon[1])) == [0, 1]


def test_labels_that_do_not_fit_side_by_side_stand_on_two_rows() -> None:
    ages = ("nicht fällig", "bis 30 Tage", "bis 60 Tage", "bis 90 Tage", "älter")
    narrow = draw_svg(chart(labels=ages), "c", NARROW, "narrow")
    places = {text.get("y") for text in ElementTree.fromstring(narrow).iter("text") if text.text in ages}
    assert len(places) == 2
    assert label_rows(shown_labels(ages, 5), frame_for(chart(labels=ages), WIDE).inner_width) == 1


def test_the_margin_holds_the_longest_mark() -> None:
    money = Chart(kind=ChartKind.BARS, title="", description="", labels=("a",), series=(), ticks=((0, "1.000.000 €"),))
    assert frame_for(money, NARROW).left > frame_for(chart(), NARROW).left
    assert frame_for(money, NARROW).inner_width > NARROW.width / 2


@pytest.mark.parametrize("kind", list(ChartKind))
def test_odd_charts_are_drawn_too(kind: ChartKind) -> None:
    for odd in (
        chart(kind, series("", 0.0, 0.0)),
        chart(kind, series("x", None, None)),
        chart(kind, series("x", -5.0, 5.0)),
        chart(kind, series("x", 1e12, 3.0)),
        chart(kind, series("ein sehr langer Name " * 5, 1.0, 2.0)),
        Chart(kind=kind, title="", description="", labels=(), series=()),
    ):
        ElementTree.fromstring(draw_svg(odd, "c"))
        assert draw_png(odd).startswith(b"\x89PNG")
