"""Series for trying forecasts: made by a fixed dice, in the shapes that companies have, and one that everybody knows
(monthly airline passengers 1949 to 1960, Box and Jenkins)."""

import math
import random
from dataclasses import dataclass

AIRLINE = (
    "112 118 132 129 121 135 148 148 136 119 104 118 115 126 141 135 125 149 170 170 158 133 114 140 145 150 178 "
    "163 172 178 199 199 184 162 146 166 171 180 193 181 183 218 230 242 209 191 172 194 196 196 236 235 229 243 "
    "264 272 237 211 180 201 204 188 235 227 234 264 302 293 259 229 203 229 242 233 267 269 270 315 364 347 312 "
    "274 237 278 284 277 317 313 318 374 413 405 355 306 271 306 315 301 356 348 355 422 465 467 404 347 305 336 "
    "340 318 362 348 363 435 491 505 404 359 310 337 360 342 406 396 420 472 548 559 463 407 362 405 417 391 419 "
    "461 472 535 622 606 508 461 390 432 "
)


@dataclass(frozen=True, slots=True)
class Series:
    """A series whose last `horizon` values are to be foretold from the others."""

    name: str
    season: int
    horizon: int
    values: tuple[float, ...]

    @property
    def known(self) -> tuple[float, ...]:
        return self.values[: -self.horizon]

    @property
    def came(self) -> tuple[float, ...]:
        return self.values[-self.horizon :]

    def off(self, points: list[float] | tuple[float, ...]) -> float:
        """The mean absolute scaled error (Hyndman and Koehler 2006) with the seasonal naive error as its scale."""
        known, season = self.known, self.season
        steps = [abs(known[index] - known[index - season]) for index in range(season, len(known))]
        missed = [abs(actual - point) for actual, point in zip(self.came, points, strict=True)]
        return (sum(missed) / len(missed)) / (sum(steps) / len(steps))


def make_series() -> list[Series]:
    """The same ones every time."""
    dice = random.Random(7)
    week, weekend = (8, 10, 9, 7, 5, -18, -20), (3, 2, 1, 0, 0, -8, -9)
    made = []
    for k in range(6):
        values = [
            max(
                0.1,
                (50 + 20 * k + 0.8 * t) * (1 + 0.3 * math.sin(2 * math.pi * t / 12 + k)) * (1 + dice.gauss(0, 0.06)),
            )
            for t in range(60 + 12 * k)
        ]
        made.append(Series(f"revenue-by-month-{k}", 12, 6, tuple(values)))
    for k in range(5):
        values = [max(0.0, 30 + 10 * k + week[t % 7] + 0.03 * t * k + dice.gauss(0, 4)) for t in range(140 + 20 * k)]
        made.append(Series(f"mails-by-day-{k}", 7, 14, tuple(values)))
    for k in range(4):
        at, values = 50.0, []
        for _ in range(120):
            at += dice.gauss(0, 2) + 0.1 * k
            values.append(max(0.0, at))
        made.append(Series(f"walk-{k}", 1, 6, tuple(values)))
    for k in range(4):
        values = [100 + 15 * math.cos(2 * math.pi * t / 12) + dice.gauss(0, 10 + 5 * k) for t in range(72)]
        made.append(Series(f"noisy-season-{k}", 12, 12, tuple(values)))
    for k in range(3):
        values = [float(dice.random() < 0.3 + 0.1 * k) * dice.randint(1, 6) * (t % 7 < 5) for t in range(150)]
        made.append(Series(f"faxes-by-day-{k}", 7, 14, tuple(values)))
    for k in range(3):
        values = [max(0.0, (20 if t < 80 else 35 + 5 * k) + weekend[t % 7] + dice.gauss(0, 2)) for t in range(130)]
        made.append(Series(f"shifted-{k}", 7, 7, tuple(values)))
    made.append(Series("airline", 12, 12, tuple(float(value) for value in AIRLINE.split())))
    return made
