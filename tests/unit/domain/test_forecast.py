"""Forecasts: chosen by what they would have foretold, honest about how far they are off, and about too little data."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.forecasting.forecast import Forecast, TooLittle, forecast
from hub.domain.forecasting.models import models_for, seasonal_naive
from tests.forecast_series import Series, make_series

AUTOETS = json.loads((Path(__file__).parents[2] / "cases" / "forecast" / "autoets.json").read_text("utf-8"))
WEEK = [20.0, 22.0, 21.0, 19.0, 15.0, 2.0, 0.0]


def told(values: list[float], season: int = 1, horizon: int = 1) -> Forecast:
    result = forecast(values, season=season, horizon=horizon)
    assert isinstance(result, Forecast)
    return result


@pytest.fixture(scope="module")
def trials() -> list[tuple[Series, Forecast]]:
    found = []
    for series in make_series():
        result = forecast(series.known, season=series.season, horizon=series.horizon)
        assert isinstance(result, Forecast)
        found.append((series, result))
    return found


def test_the_mean_scaled_error_is_at_most_a_tenth_above_autoets(trials: list[tuple[Series, Forecast]]) -> None:
    """AutoETS of statsforecast answered the same series (benchmarks/forecast.py keeps its answers)."""
    assert len(trials) >= 20
    ours = sum(series.off(result.points) for series, result in trials)
    theirs = sum(series.off(AUTOETS[series.name]) for series, _ in trials)
    assert ours <= 1.1 * theirs


def test_it_is_better_than_the_same_as_a_season_ago(trials: list[tuple[Series, Forecast]]) -> None:
    ours = sum(series.off(result.points) for series, result in trials)
    naive = sum(series.off(seasonal_naive(series.known, series.season, series.horizon)) for series, _ in trials)
    assert ours < 0.95 * naive


def test_four_of_five_values_lie_within_the_band(trials: list[tuple[Series, Forecast]]) -> None:
    inside = total = 0
    for series, result in trials:
        for actual, low, high in zip(series.came, result.low, result.high, strict=True):
            inside += low <= actual <= high
            total += 1
    assert 0.68 <= inside / total <= 0.95


def test_the_error_of_the_backtest_is_told(trials: list[tuple[Series, Forecast]]) -> None:
    assert all(result.error is not None and result.error >= 0 for _, result in trials)
    assert all(result.scaled <= 1.05 for _, result in trials)
    assert all(result.origins >= 3 for _, result in trials)


@pytest.mark.parametrize("count", [0, 1, 7, 15])
def test_too_little_data_is_said(count: int) -> None:
    result = forecast(WEEK * 3, season=7, horizon=7) if count == 0 else forecast(WEEK[:1] * count, season=7, horizon=7)
    if count:
        assert result == TooLittle(have=count, need=21)
    else:
        assert isinstance(result, Forecast)


def test_what_repeats_is_foretold_exactly() -> None:
    result = told(WEEK * 8, season=7, horizon=14)
    assert [round(point, 3) for point in result.points] == WEEK * 2
    assert result.error is not None
    assert result.error < 0.001


def test_nothing_but_zeros() -> None:
    result = told([0.0] * 60, season=7, horizon=7)
    assert result.points == (0.0,) * 7
    assert result.error is None


def test_a_straight_line_goes_on() -> None:
    result = told([10.0 + 2 * index for index in range(40)], horizon=3)
    assert result.points == pytest.approx([90, 92, 94], abs=4)


def test_no_value_is_below_the_least() -> None:
    falling = [max(0.0, 60.0 - 2 * index) for index in range(32)]
    result = told(falling, horizon=6)
    assert min(result.points) >= 0
    assert min(result.low) >= 0
    free = forecast([5.0 - index for index in range(30)], horizon=3, least=None)
    assert isinstance(free, Forecast)
    assert max(free.points) < -20


def test_gaps_that_are_filled_with_nothing_do_not_break_it() -> None:
    values = (WEEK * 10)[:63]
    values[20:30] = [0.0] * 10
    result = told(values, season=7, horizon=7)
    assert all(math.isfinite(point) for point in result.points)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="numbers"):
        forecast([1.0] * 20 + [bad], horizon=1)


def test_the_same_series_is_foretold_the_same() -> None:
    values = make_series()[0].values
    assert forecast(values, season=12, horizon=3) == forecast(values, season=12, horizon=3)


@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(st.floats(0, 1e6, allow_nan=False), min_size=0, max_size=40),
    season=st.sampled_from([1, 2, 7]),
    horizon=st.integers(1, 10),
)
def test_whatever_the_numbers(values: list[float], season: int, horizon: int) -> None:
    result = forecast(values, season=season, horizon=horizon)
    if isinstance(result, TooLittle):
        assert result.have < result.need
        return
    assert len(result.points) == len(result.low) == len(result.high) == horizon
    assert all(math.isfinite(value) for value in (*result.points, *result.low, *result.high))
    for low, point, high in zip(result.low, result.points, result.high, strict=True):
        assert low <= point <= high


def test_models_in_logarithms_are_for_positive_series_only() -> None:
    assert "trend-multiplied" in models_for([1.0, 2.0])
    assert "trend-multiplied" not in models_for([0.0, 2.0])


def test_the_error_is_told_as_it_is_too() -> None:
    values = [float(day % 7 == 0) * 3 + (day % 3 == 0) for day in range(120)]
    result = forecast(values, season=7, horizon=14)
    assert isinstance(result, Forecast)
    assert result.error is not None
    assert result.off == pytest.approx(result.error * result.came)
    assert 0 < result.came < 5
