"""Exponential smoothing of a regular series: level, damped trend and additive season (Holt and Winters; Hyndman and
Athanasopoulos, Forecasting: Principles and Practice, chapter 8), fitted by pattern search on the one-step errors."""

from collections.abc import Callable, Sequence

Series = Sequence[float]
Model = Callable[[Series, int, int], list[float]]
"""(values, season, horizon) -> the next `horizon` values. `season` 1: none."""

_BOUNDS = ((0.01, 0.95), (0.0, 0.4), (0.0, 0.6), (0.80, 0.98))
_START = (0.3, 0.05, 0.1, 0.95)
ROUNDS = 24
LEAST_STEP = 0.01


def smooth(values: Series, season: int, horizon: int, *, trend: bool = True) -> list[float]:
    """Fitted to all values, then carried on. Needs two seasons (one value without a season)."""
    fitted = _fit(values, season, trend)
    return _run(values, season, fitted, trend)[1](horizon)


def _fit(values: Series, season: int, trend: bool) -> tuple[float, ...]:
    """Hooke and Jeeves: try each parameter up and down, halve the step where nothing helps. Deterministic, bounded."""
    free = [0, *([1, 3] if trend else []), *([2] if season > 1 else [])]
    best = list(_START)
    least = _run(values, season, tuple(best), trend)[0]
    step = 0.2
    for _ in range(ROUNDS):
        improved = False
        for index in free:
            low, high = _BOUNDS[index]
            for way in (step, -step):
                tried = list(best)
                tried[index] = min(high, max(low, best[index] + way * (high - low)))
                error = _run(values, season, tuple(tried), trend)[0]
                if error < least - 1e-12:
                    best, least, improved = tried, error, True
        if not improved:
            step /= 2
            if step < LEAST_STEP:
                break
    return tuple(best)


def _run(
    values: Series, season: int, parameters: tuple[float, ...], trend: bool
) -> tuple[float, Callable[[int], list[float]]]:
    """The sum of squared one-step errors, and how to carry the series on."""
    alpha, beta, gamma, phi = parameters
    level, slope, seasonal = _begin(values, season, trend)
    error = 0.0
    for index, value in enumerate(values):
        at = index % season
        expected = level + phi * slope + seasonal[at]
        miss = value - expected
        error += miss * miss
        carried = level + phi * slope
        level = carried + alpha * miss
        if trend:
            slope = phi * slope + alpha * beta * miss
        if season > 1:
            seasonal[at] += gamma * (1 - alpha) * miss
    count = len(values)

    def carry_on(horizon: int) -> list[float]:
        result, damped, power = [], 0.0, 1.0
        for ahead in range(horizon):
            power *= phi
            damped += power
            result.append(level + damped * slope + seasonal[(count + ahead) % season])
        return result

    return error, carry_on


def _begin(values: Series, season: int, trend: bool) -> tuple[float, float, list[float]]:
    """First guesses: the first season's mean, what the second adds to it, and each place's mean distance."""
    if season <= 1 or len(values) < 2 * season:
        head = values[: max(1, min(4, len(values)))]
        return sum(head) / len(head), 0.0, [0.0]
    first, second = values[:season], values[season : 2 * season]
    level = sum(first) / season
    slope = (sum(second) / season - level) / season if trend else 0.0
    whole = len(values) // season
    sums = [0.0] * season
    for cycle in range(whole):
        part = values[cycle * season : (cycle + 1) * season]
        mean = sum(part) / season
        for place, value in enumerate(part):
            sums[place] += value - mean
    seasonal = [total / whole for total in sums]
    return level - slope * (season - 1) / 2, slope, seasonal
