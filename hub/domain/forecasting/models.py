"""The models among which a backtest chooses. Each is a function (values, season, horizon) -> next values."""

import math

from hub.domain.forecasting.smoothing import Model, Series, smooth


def seasonal_naive(values: Series, season: int, horizon: int) -> list[float]:
    """What was a season ago: the yardstick of every other model."""
    last = list(values[-season:])
    return [last[ahead % len(last)] for ahead in range(horizon)]


def mean_of_season(values: Series, season: int, horizon: int) -> list[float]:
    """The mean of the same place in the last four seasons: for noise without a trend."""
    result = []
    for ahead in range(horizon):
        places = range(len(values) - season + ahead % season, -1, -season)
        kept = [values[place] for place in list(places)[:4]]
        result.append(sum(kept) / len(kept))
    return result


def level(values: Series, season: int, horizon: int) -> list[float]:
    """Smoothed level and season, no trend."""
    return smooth(values, season, horizon, trend=False)


def trend(values: Series, season: int, horizon: int) -> list[float]:
    """Smoothed level, damped trend and season."""
    return smooth(values, season, horizon)


def theta(values: Series, season: int, horizon: int) -> list[float]:
    """Theta (Assimakopoulos and Nikolopoulos 2000): the smoothed level of the series without its season, with half the
    slope of its straight line."""
    places, plain = _without_season(values, season)
    count = len(plain)
    middle = (count - 1) / 2
    spread = sum((index - middle) ** 2 for index in range(count)) or 1.0
    average = sum(plain) / count
    slope = sum((index - middle) * (value - average) for index, value in enumerate(plain)) / spread
    base = smooth(plain, 1, 1, trend=False)[0]
    return [base + slope / 2 * (ahead + 1) + places[(count + ahead) % len(places)] for ahead in range(horizon)]


def _without_season(values: Series, season: int) -> tuple[list[float], list[float]]:
    """(what each place of the season adds, the series without it), by a centred moving average."""
    if season <= 1 or len(values) < 2 * season:
        return [0.0], list(values)
    half = season // 2
    sums, counts = [0.0] * season, [0] * season
    for index in range(half, len(values) - half):
        window = values[index - half : index + half + 1]
        # An even season weighs the two ends by half, so that each place counts once.
        total = sum(window) - (window[0] + window[-1]) / 2 if season % 2 == 0 else sum(window)
        sums[index % season] += values[index] - total / season
        counts[index % season] += 1
    raw = [total / count if count else 0.0 for total, count in zip(sums, counts, strict=True)]
    shift = sum(raw) / season
    places = [value - shift for value in raw]
    return places, [value - places[index % season] for index, value in enumerate(values)]


def in_logarithms(model: Model) -> Model:
    """The model on the logarithms: seasons and trends then multiply. For series that are never 0 or less."""

    def carry_on(values: Series, season: int, horizon: int) -> list[float]:
        ahead = model([math.log(value) for value in values], season, horizon)
        highest = math.log(max(values)) + 3
        return [math.exp(min(value, highest)) for value in ahead]

    return carry_on


def together(*models: Model) -> Model:
    """The mean of several: seldom the best of them, hardly ever the worst."""

    def carry_on(values: Series, season: int, horizon: int) -> list[float]:
        all_of_them = [model(values, season, horizon) for model in models]
        return [sum(points) / len(points) for points in zip(*all_of_them, strict=True)]

    return carry_on


NAIVE = "seasonal-naive"


def models_for(values: Series) -> dict[str, Model]:
    """By name, the yardstick first."""
    found: dict[str, Model] = {
        NAIVE: seasonal_naive,
        "seasonal-mean": mean_of_season,
        "level": level,
        "trend": trend,
        "theta": theta,
        "combined": together(level, trend, theta),
    }
    if min(values) > 0:
        multiplied = together(in_logarithms(level), in_logarithms(trend), in_logarithms(theta))
        found |= {"trend-multiplied": in_logarithms(trend), "combined-multiplied": multiplied}
    return found
