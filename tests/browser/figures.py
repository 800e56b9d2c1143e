"""The demo company's history as the hub would have counted it: 26 months of figures by day, so that charts and
forecasts have something to show."""

import math
import random
from datetime import date, timedelta
from decimal import Decimal

from hub.domain.report import Area, Bucket, Figure, bucket_id, pack_minutes
from hub.ports.kinds import BUCKETS
from hub.ports.store import Store

DAYS = 800
NAMES = [f"c_customer{number}" for number in range(60)]


async def insert_history(store: Store, today: date) -> None:
    """Buckets up to today."""
    dice = random.Random("figures")
    buckets = []
    for back in range(DAYS, -1, -1):
        day = today - timedelta(days=back)
        busy = (1.0 if day.weekday() < 5 else 0.25) * (1 + 0.3 * math.sin(2 * math.pi * day.timetuple().tm_yday / 365))
        for area, (figures, names) in {
            Area.MESSAGES: (_messages(dice, busy), ()),
            Area.CONVERSATIONS: (_conversations(dice, busy), ()),
            Area.MONEY: _money(dice, busy),
            Area.APPOINTMENTS: (_appointments(dice, busy), ()),
            Area.OCCASIONS: (_events(dice, day), ()),
        }.items():
            iso = day.isoformat()
            buckets.append(Bucket(id=bucket_id(area, iso), area=area, day=iso, figures=figures, names=names))
    for start in range(0, len(buckets), 500):
        await store.documents(BUCKETS).insert_many(buckets[start : start + 500])


def _messages(dice: random.Random, busy: float) -> tuple[Figure, ...]:
    figures = []
    for channel, much in (("email", 6.0), ("xmpp", 2.5), ("telegram", 1.2)):
        for way in ("in", "out"):
            hours = [
                int(dice.random() * much * busy * max(0.0, math.sin(math.pi * (hour - 6) / 14))) if 6 < hour < 20 else 0
                for hour in range(24)
            ]
            figures.append(Figure(key=f"{channel}/{way}", counts=tuple(hours)))
    return tuple(figures)


def _conversations(dice: random.Random, busy: float) -> tuple[Figure, ...]:
    begun = int(12 * busy * dice.uniform(0.6, 1.4))
    bot, handed = begun // 3, begun // 6
    answers = sorted(int(dice.expovariate(1 / 90)) + 1 for _ in range(begun))
    closings = sorted(int(dice.expovariate(1 / 2000)) + 30 for _ in range(begun))
    counts = {"begun": begun, "bot": bot, "handed-over": handed, "person": begun - bot - handed}
    found = [Figure(key=key, counts=(count,)) for key, count in counts.items()]
    if begun:
        found += [
            Figure(key="answer-minutes", minutes=pack_minutes(sorted(answers))),
            Figure(key="closing-minutes", minutes=pack_minutes(sorted(closings))),
        ]
    return tuple(found)


def _money(dice: random.Random, busy: float) -> tuple[tuple[Figure, ...], tuple[str, ...]]:
    figures = []
    for currency, much in (("EUR", 90_000), ("GBP", 20_000)):
        amount = Decimal(int(dice.random() * much * busy)) / 100 * 4
        figures.append(Figure(key=f"revenue/{currency}", amount=amount, counts=(3,)))
    return tuple(figures), tuple(sorted(dice.sample(NAMES, 2)))


def _appointments(dice: random.Random, busy: float) -> tuple[Figure, ...]:
    kept, cancelled = int(5 * busy * dice.random()), int(1.6 * busy * dice.random())
    return (
        Figure(key="cancelled", counts=(cancelled,)),
        Figure(key="agreed", counts=(0,) * 40 + (kept,) + (0,) * 55),
        Figure(key="missed", counts=(int(1.4 * busy * dice.random()),)),
    )


def _events(dice: random.Random, day: date) -> tuple[Figure, ...]:
    """One on the twelfth of each month."""
    if day.day != 12:
        return ()
    registered = dice.randint(8, 40)
    missed = registered // 6
    counts = {"attended": registered - missed, "cancelled": registered // 5, "missed": missed, "registered": registered}
    return tuple(Figure(key=key, counts=(number,)) for key, number in counts.items())
