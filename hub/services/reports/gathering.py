"""Counting one day of one area from the facts, and nothing else. Reads in small pages, so that the loop goes on."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

from hub.domain.appointment import Appointment, AppointmentState
from hub.domain.conversation import Conversation
from hub.domain.instant import to_utc_ms
from hub.domain.interaction import Direction
from hub.domain.ledger import Book, LedgerEntry, Side
from hub.domain.message import MessageClass
from hub.domain.occasion import RegistrationState
from hub.domain.report import Area, Bucket, Figure, bucket_id, pack_minutes
from hub.ports.kinds import APPOINTMENTS, CONVERSATIONS, INTERACTIONS, LEDGER, OCCASIONS, REGISTRATIONS
from hub.ports.store import Documents, Store, Value

T = TypeVar("T")
PAGE = 200
MOST_DURATIONS = 2_000
"""Of a day; more are thinned out evenly."""
MOST_NAMES = 5_000
QUARTERS = 96
"""Of a day: appointments that stand are counted by the quarter of an hour they begin in, so that today's are known to
have begun or to be planned."""
SEATED = (RegistrationState.REGISTERED, RegistrationState.ATTENDED, RegistrationState.MISSED)
MOST_REGISTRATIONS = 100_000


class Gathering:
    """Counts."""

    def __init__(self, store: Store, time_zone: str) -> None:
        self._interactions, self._conversations = store.documents(INTERACTIONS), store.documents(CONVERSATIONS)
        self._ledger, self._appointments = store.documents(LEDGER), store.documents(APPOINTMENTS)
        self._occasions, self._registrations = store.documents(OCCASIONS), store.documents(REGISTRATIONS)
        self._zone = ZoneInfo(time_zone)

    async def count(self, area: Area, day: str) -> Bucket:
        """The bucket as the facts are now."""
        names: tuple[str, ...] = ()
        if area is Area.MESSAGES:
            figures = await self._messages(day)
        elif area is Area.CONVERSATIONS:
            figures = await self._began(day)
        elif area is Area.MONEY:
            figures, names = await self._money(day)
        elif area is Area.OCCASIONS:
            figures = await self._gathered(day)
        else:
            figures = await self._appointed(day)
        return Bucket(id=bucket_id(area, day), area=area, day=day, figures=figures, names=names)

    def span(self, first: date, last: date) -> tuple[datetime, datetime]:
        """The first and the last millisecond of the days, in the company's zone."""
        begin = datetime.combine(first, time.min, self._zone)
        end = datetime.combine(last + timedelta(days=1), time.min, self._zone)
        return to_utc_ms(begin), to_utc_ms(end) - timedelta(milliseconds=1)

    async def _messages(self, day: str) -> tuple[Figure, ...]:
        hours: defaultdict[str, list[int]] = defaultdict(lambda: [0] * 24)
        begin, end = self.span(date.fromisoformat(day), date.fromisoformat(day))
        async for entry in _each(self._interactions, "by_time", begin, end):
            if not entry.channel or entry.direction is Direction.INTERNAL:
                continue
            hour = entry.at.astimezone(self._zone).hour
            hours[f"{entry.channel}/{entry.direction.value}"][hour] += 1
            if entry.direction is Direction.OUTBOUND and entry.message_class is MessageClass.AUTO_REPLY:
                hours[f"{entry.channel}/auto"][hour] += 1
        return tuple(Figure(key=key, counts=tuple(found)) for key, found in sorted(hours.items()))

    async def _began(self, day: str) -> tuple[Figure, ...]:
        counts: Counter[str] = Counter()
        answers: list[int] = []
        closings: list[int] = []
        begin, end = self.span(date.fromisoformat(day), date.fromisoformat(day))
        async for one in _each(self._conversations, "by_creation", begin, end):
            counts["begun"] += 1
            counts[_answered(one)] += 1
            if one.first_answer_at is not None:
                answers.append(_minutes(one.created_at, one.first_answer_at))
            if one.closed_at is not None:
                closings.append(_minutes(one.created_at, one.closed_at))
        figures = [Figure(key=key, counts=(number,)) for key, number in sorted(counts.items())]
        for key, found in (("answer-minutes", answers), ("closing-minutes", closings)):
            if found:
                figures.append(Figure(key=key, minutes=pack_minutes(_thinned(sorted(found)))))
        return tuple(figures)

    async def _money(self, day: str) -> tuple[tuple[Figure, ...], tuple[str, ...]]:
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        counts: Counter[str] = Counter()
        names: set[str] = set()
        when = date.fromisoformat(day)
        async for entry in _each(self._ledger, "by_date", when, when):
            if entry.side is not Side.RECEIVABLE:
                continue
            for key, amount in _moved(entry):
                sums[key] += amount
                counts[key] += 1
                if key.startswith("revenue/") and amount > 0 and len(names) < MOST_NAMES:
                    names.add(entry.contact_id)
        figures = tuple(Figure(key=key, amount=sums[key], counts=(counts[key],)) for key in sorted(sums))
        return figures, tuple(sorted(names))

    async def _appointed(self, day: str) -> tuple[Figure, ...]:
        counts: Counter[str] = Counter()
        agreed = [0] * QUARTERS
        begin, end = self.span(date.fromisoformat(day), date.fromisoformat(day))
        async for one in _each(self._appointments, "by_start", begin, end):
            state = state_of(one)
            if state == "agreed":
                local = one.start.astimezone(self._zone)
                agreed[local.hour * 4 + local.minute // 15] += 1
            elif state:
                counts[state] += 1
        figures = [Figure(key=key, counts=(number,)) for key, number in sorted(counts.items())]
        return tuple([Figure(key="agreed", counts=tuple(agreed)), *figures] if any(agreed) else figures)

    async def _gathered(self, day: str) -> tuple[Figure, ...]:
        counts: Counter[str] = Counter()
        begin, end = self.span(date.fromisoformat(day), date.fromisoformat(day))
        async for one in _each(self._occasions, "by_start", begin, end):
            counts.update(await self.attendance(one.id))
        return tuple(Figure(key=key, counts=(number,)) for key, number in sorted(counts.items()) if number)

    async def attendance(self, occasion_id: str) -> dict[str, int]:
        """Of an event: who has a seat (also those who came, or did not), who gave it back, who came, who did not."""
        seated = [
            await self._registrations.count("by_occasion", occasion_id, state, cap=MOST_REGISTRATIONS)
            for state in SEATED
        ]
        cancelled, after = 0, None
        while True:
            page = await self._registrations.page(
                "by_occasion", occasion_id, RegistrationState.CANCELLED, after=after, limit=PAGE
            )
            # Who only declined an invitation never was registered.
            cancelled += sum(one.revision > 0 for one in page.items)
            after = page.next
            if after is None:
                break
        return {"registered": sum(seated), "cancelled": cancelled, "attended": seated[1], "missed": seated[2]}


def state_of(one: Appointment) -> str:
    """ "agreed", "missed" or "cancelled"; '' for what no report counts: series, what is with no contact, invitations
    that nobody has answered."""
    if one.recurrence or one.contact_id is None or one.state is AppointmentState.TENTATIVE:
        return ""
    if one.state is AppointmentState.CANCELLED:
        return "cancelled"
    return "missed" if one.missed(one.start) else "agreed"


async def _each(documents: Documents[T], index: str, since: Value, until: Value) -> AsyncIterator[T]:
    after: str | None = None
    while True:
        page = await documents.page(index, since=since, until=until, after=after, limit=PAGE)
        for document in page.items:
            yield document
        after = page.next
        if after is None:
            return


def _answered(one: Conversation) -> str:
    if one.bot_answered:
        return "handed-over" if one.person_answered else "bot"
    return "person" if one.person_answered else "unanswered"


def _minutes(since: datetime, until: datetime) -> int:
    return max(0, round((until - since).total_seconds() / 60))


def _thinned(found: list[int]) -> tuple[int, ...]:
    """Evenly, the ends kept: medians stay what they are."""
    if len(found) <= MOST_DURATIONS:
        return tuple(found)
    step = (len(found) - 1) / (MOST_DURATIONS - 1)
    return tuple(found[round(place * step)] for place in range(MOST_DURATIONS))


def _moved(entry: LedgerEntry) -> list[tuple[str, Decimal]]:
    """What an entry adds: to the revenue (credit notes and reversals take from it), to the money that came in."""
    found = []
    for line in entry.postings:
        if line.book is Book.REVENUE:
            found.append((f"revenue/{entry.currency}", -line.amount))
        elif line.book is Book.BANK:
            found.append((f"paid/{entry.currency}", line.amount))
    return found
