"""Choosing a model by what it would have foretold, and telling how far it was off.

Rolling origin: the last values are foretold from those before them, several times, by every model. Whoever was least
off is taken, the yardstick (the same as a season ago) included; the plain combination is preferred where nothing is
clearly better, because a choice among many is partly luck. The band comes from the same errors.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hub.domain.forecasting.models import NAIVE, models_for
from hub.domain.forecasting.smoothing import Model

MAX_VALUES = 1_500
ORIGINS = 6
CLEARLY = 0.95
"""A model must be so much less off than the combination to be preferred to it."""
Z80 = 1.2816
"""80 % of a normal distribution lie within so many standard deviations."""
COMBINED = ("combined", "combined-multiplied")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is to be expected. `points`, `low` and `high` (80 %) have one value a step. `error` is the mean absolute
    error of the backtest as a share of the mean of what came (0.06 = 6 %), None where what came was nothing; `scaled`
    is the same over the yardstick's error: below 1 is better than "the same as a season ago". `off` is the
    mean absolute error itself, a step; `came` the mean of what came."""

    points: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    model: str
    error: float | None
    scaled: float
    origins: int
    off: float
    came: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLittle:
    """No forecast: so many values are there, so many are needed."""

    have: int
    need: int


def forecast(
    values: Sequence[float], *, season: int = 1, horizon: int = 1, least: float | None = 0.0
) -> Forecast | TooLittle:
    """The next `horizon` values of a regular series without gaps (fill gaps with 0 where nothing happened). `least`:
    no value below it; None for series that may be negative. Raises ValueError for values that are no numbers."""
    known = [float(value) for value in values[-MAX_VALUES:]]
    if not all(math.isfinite(value) for value in known):
        raise ValueError("a series holds numbers only")
    if season < 1 or horizon < 1:
        raise ValueError("season and horizon are at least 1")
    need = max(2 * season + min(horizon, season), 8)
    if len(known) < need:
        return TooLittle(have=len(known), need=need)
    models = models_for(known)
    trials = _trials(known, season, horizon)
    misses = {name: _backtest(model, trials, season, least) for name, model in models.items()}
    best = _choose(misses)
    points = _bounded(models[best](known, season, horizon), least)
    came = [abs(value) for _, ahead in trials for value in ahead]
    absolute = _mean_absolute(misses[best])
    yardstick = _mean_absolute(misses[NAIVE])
    spread = _spread(misses[best], horizon)
    return Forecast(
        points=tuple(points),
        low=tuple(_bounded([p - Z80 * s for p, s in zip(points, spread, strict=True)], least)),
        high=tuple(p + Z80 * s for p, s in zip(points, spread, strict=True)),
        model=best,
        error=absolute / (sum(came) / len(came)) if sum(came) else None,
        scaled=absolute / yardstick if yardstick else (0.0 if absolute == 0 else math.inf),
        origins=len(trials),
        off=absolute,
        came=sum(came) / len(came),
    )


def _trials(values: Sequence[float], season: int, horizon: int) -> list[tuple[Sequence[float], Sequence[float]]]:
    """(what was known, what came) at several moments in the past, the last ones."""
    least = max(2 * season, 6)
    room = len(values) - least
    ahead = min(horizon, max(1, room))
    step = max(1, min(ahead, (room - ahead) // (ORIGINS - 1) if room > ahead else 1))
    origins = [len(values) - ahead - step * back for back in range(ORIGINS)]
    return [(values[:at], values[at : at + ahead]) for at in origins if at >= least]


def _backtest(
    model: Model, trials: Sequence[tuple[Sequence[float], Sequence[float]]], season: int, least: float | None
) -> list[list[float]]:
    """The errors of each trial, step by step."""
    errors = []
    for known, came in trials:
        told = _bounded(model(known, season, len(came)), least)
        errors.append([actual - point for actual, point in zip(came, told, strict=True)])
    return errors


def _choose(misses: dict[str, list[list[float]]]) -> str:
    off = {name: _mean_absolute(errors) for name, errors in misses.items()}
    best = min(off, key=lambda name: off[name])
    plain = min((name for name in COMBINED if name in off), key=lambda name: off[name])
    return best if off[best] < CLEARLY * off[plain] else plain


def _mean_absolute(errors: Sequence[Sequence[float]]) -> float:
    flat = [abs(miss) for trial in errors for miss in trial]
    return sum(flat) / len(flat)


def _spread(errors: Sequence[Sequence[float]], horizon: int) -> list[float]:
    """The standard deviation to expect at each step: as found, never shrinking with the distance."""
    found, grown = [], 0.0
    for step in range(horizon):
        near = [trial[at] for trial in errors for at in range(max(0, step - 1), min(len(trial), step + 2))] or [
            miss for trial in errors for miss in trial
        ]
        grown = max(grown, math.sqrt(sum(miss * miss for miss in near) / len(near)))
        found.append(grown)
    return found


def _bounded(points: Sequence[float], least: float | None) -> list[float]:
    return list(points) if least is None else [max(least, point) for point in points]
