"""Marks of days that are to be counted anew, and the store that sets them.

Every write of a fact passes `MarkingStore`. Before the fact is written, the mark of its day is durable; while the write
is under way, the day is *busy* and nobody counts it. So a mark outlives every crash between the two, and is only
removed (by the version that was read) after a count that began when the fact was there. A mark that is known to stand
costs no round trip: a batch of intake writes none, or one for a day that was counted since.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar, cast
from zoneinfo import ZoneInfo

from hub.domain.appointment import Appointment
from hub.domain.conversation import Conversation
from hub.domain.interaction import Interaction
from hub.domain.ledger import LedgerEntry
from hub.domain.occasion import Occasion, Registration
from hub.domain.report import Area, DirtyDay, bucket_id
from hub.ports.blobs import Blobs
from hub.ports.kinds import (
    APPOINTMENTS,
    CONVERSATIONS,
    DIRTY_DAYS,
    INTERACTIONS,
    LEDGER,
    OCCASIONS,
    REGISTRATIONS,
    Kind,
)
from hub.ports.search import Search
from hub.ports.store import Documents, Exists, Inserted, Page, Replacement, Store, Value

T = TypeVar("T")
MOST_KNOWN = 50_000
AT_ONCE = 500
Day = tuple[Area, str]
DaysOf = Callable[[Collection[T]], Awaitable[set[Day]]]
"""The days that facts belong to."""
MOVING = frozenset({APPOINTMENTS.name, OCCASIONS.name})
"""A replacement may change the day, so the old one is looked up."""
LEANING = frozenset({REGISTRATIONS.name})
"""Their day is another document's, which may move while they are written."""


class Marks:
    """The marks of one hub. `wake` is set when there is something to count."""

    def __init__(self, store: Store) -> None:
        """`store` is the plain one."""
        self._marks = store.documents(DIRTY_DAYS)
        self._busy: Counter[str] = Counter()
        self._standing: set[str] = set()
        self.wake = asyncio.Event()

    def busy(self, id: str) -> bool:
        """Whether somebody writes a fact of that day now."""
        return self._busy[id] > 0

    def begin(self, id: str) -> None:
        """It is counted from now on: who writes from here marks it again."""
        self._standing.discard(id)

    @asynccontextmanager
    async def around(self, days: Collection[Day]) -> AsyncIterator[None]:
        """Write facts of these days within. Raises StoreUnavailable where they cannot be marked."""
        marks = {bucket_id(*day): day for day in days}
        self._busy.update(list(marks))
        try:
            await self.set({id: day for id, day in marks.items() if id not in self._standing})
            yield
        finally:
            for id in marks:
                self._busy[id] -= 1
                if self._busy[id] <= 0:
                    del self._busy[id]
            if marks:
                self.wake.set()

    async def set(self, marks: Mapping[str, Day]) -> None:
        """Make the marks durable; one that stands gets a new version, so that a count under way does not remove it."""
        wanted = [DirtyDay(id=id, area=area, day=day) for id, (area, day) in marks.items()]
        if len(self._standing) > MOST_KNOWN:
            self._standing.clear()
        for start in range(0, len(wanted), AT_ONCE):
            left = wanted[start : start + AT_ONCE]
            while left:
                left = await self._set(left)

    async def _set(self, wanted: Sequence[DirtyDay]) -> list[DirtyDay]:
        """Those that were counted, and so removed, in between."""
        results = await self._marks.insert_many(wanted)
        again = [
            Replacement(mark, result.current.version)
            for mark, result in zip(wanted, results, strict=True)
            if isinstance(result, Exists)
        ]
        renewed = await self._marks.replace_many(again) if again else []
        lost = [one.document for one, done in zip(again, renewed, strict=True) if not done]
        self._standing.update({mark.id for mark in wanted} - {mark.id for mark in lost})
        return lost


class MarkingStore:
    """Implements Store over an open one: what is written through it marks the days that it changes."""

    def __init__(self, inner: Store, marks: Marks, time_zone: str) -> None:
        self._inner, self._marks = inner, marks
        self._days = _Days(inner, ZoneInfo(time_zone))
        self._documents: dict[str, Any] = {}

    @property
    def engine(self) -> str:
        """See Store."""
        return self._inner.engine

    @property
    def blobs(self) -> Blobs:
        """See Store."""
        return self._inner.blobs

    @property
    def search(self) -> Search:
        """See Store."""
        return self._inner.search

    def documents(self, kind: Kind[T]) -> Documents[T]:
        """See Store."""
        inner = self._inner.documents(kind)
        days = self._days.of(kind)
        if days is None:
            return inner
        marking = MarkingDocuments(inner, self._marks, days, kind.name in MOVING, kind.name in LEANING)
        return cast(Documents[T], self._documents.setdefault(kind.name, marking))

    async def lease(self, name: str, owner: str, ttl: timedelta) -> int | None:
        """See Store."""
        return await self._inner.lease(name, owner, ttl)

    async def release(self, name: str, owner: str) -> None:
        """See Store."""
        await self._inner.release(name, owner)

    async def ping(self) -> None:
        """See Store."""
        await self._inner.ping()

    async def close(self) -> None:
        """See Store."""
        await self._inner.close()


class _Days:
    """Which days a fact belongs to."""

    def __init__(self, store: Store, zone: ZoneInfo) -> None:
        self._store, self._zone = store, zone

    def of(self, kind: Kind[Any]) -> "DaysOf[Any] | None":
        """The function for facts of that kind; None for what no report counts."""
        if kind.name == REGISTRATIONS.name:
            return self._registrations
        functions: dict[str, Callable[[Any], list[Day]]] = {
            INTERACTIONS.name: self._interaction,
            CONVERSATIONS.name: self._conversation,
            LEDGER.name: self._entry,
            APPOINTMENTS.name: self._appointment,
            OCCASIONS.name: self._occasion,
        }
        function = functions.get(kind.name)
        if function is None:
            return None

        async def days(facts: Collection[Any]) -> set[Day]:
            return {day for fact in facts for day in function(fact)}

        return days

    def _day(self, moment: datetime) -> str:
        return moment.astimezone(self._zone).date().isoformat()

    def _interaction(self, entry: Interaction) -> list[Day]:
        return [(Area.MESSAGES, self._day(entry.at))] if entry.channel else []

    def _conversation(self, conversation: Conversation) -> list[Day]:
        return [(Area.CONVERSATIONS, self._day(conversation.created_at))]

    def _entry(self, entry: LedgerEntry) -> list[Day]:
        return [(Area.MONEY, entry.date.isoformat())] if entry.postings else []

    def _appointment(self, appointment: Appointment) -> list[Day]:
        return [(Area.APPOINTMENTS, self._day(appointment.start))]

    def _occasion(self, occasion: Occasion) -> list[Day]:
        return [(Area.OCCASIONS, self._day(occasion.start))]

    async def _registrations(self, found: Collection[Registration]) -> set[Day]:
        ids = sorted({one.occasion_id for one in found})
        occasions = await self._store.documents(OCCASIONS).get_many(ids) if ids else {}
        return {day for one in occasions.values() for day in self._occasion(one)}


class MarkingDocuments(Generic[T]):
    """Implements Documents over those of one kind."""

    def __init__(self, inner: Documents[T], marks: Marks, days: DaysOf[T], moves: bool, leans: bool) -> None:
        """`moves` and `leans`: see MOVING and LEANING."""
        self._inner, self._marks, self._days, self._moves, self._leans = inner, marks, days, moves, leans

    @asynccontextmanager
    async def _around(self, documents: Collection[T], days: set[Day]) -> AsyncIterator[None]:
        async with self._marks.around(days):
            yield
            if self._leans and (elsewhere := await self._days(documents) - days):
                async with self._marks.around(elsewhere):
                    pass

    async def get(self, id: str) -> T | None:
        """See Documents."""
        return await self._inner.get(id)

    async def get_many(self, ids: Sequence[str]) -> dict[str, T]:
        """See Documents."""
        return await self._inner.get_many(ids)

    async def insert(self, document: T) -> Inserted | Exists[T]:
        """See Documents."""
        async with self._around([document], await self._days([document])):
            return await self._inner.insert(document)

    async def insert_many(self, documents: Sequence[T]) -> list[Inserted | Exists[T]]:
        """See Documents."""
        async with self._around(documents, await self._days(documents)):
            return await self._inner.insert_many(documents)

    async def replace(self, document: T, version: int) -> bool:
        """See Documents."""
        async with self._around([document], await self._changed([document])):
            return await self._inner.replace(document, version)

    async def replace_many(self, replacements: Sequence[Replacement[T]]) -> list[bool]:
        """See Documents."""
        documents = [one.document for one in replacements]
        async with self._around(documents, await self._changed(documents)):
            return await self._inner.replace_many(replacements)

    async def _changed(self, documents: Sequence[T]) -> set[Day]:
        days = await self._days(documents)
        if self._moves:
            days |= await self._days((await self._inner.get_many([cast(Any, one).id for one in documents])).values())
        return days

    async def delete(self, id: str, version: int | None = None) -> bool:
        """See Documents."""
        current = await self._inner.get(id)
        found = [] if current is None else [current]
        async with self._around(found, await self._days(found)):
            return await self._inner.delete(id, version)

    async def page(
        self,
        index: str,
        *equal: Value,
        after: str | None = None,
        since: Value | None = None,
        until: Value | None = None,
        limit: int = 50,
        newest_first: bool = False,
    ) -> Page[T]:
        """See Documents."""
        return await self._inner.page(
            index, *equal, after=after, since=since, until=until, limit=limit, newest_first=newest_first
        )

    async def count(
        self, index: str, *equal: Value, since: Value | None = None, until: Value | None = None, cap: int = 10_000
    ) -> int:
        """See Documents."""
        return await self._inner.count(index, *equal, since=since, until=until, cap=cap)

    async def scan(self, after: str = "", limit: int = 500) -> list[T]:
        """See Documents."""
        return await self._inner.scan(after, limit)


def mark_store(store: Store, time_zone: str) -> tuple[Store, Marks]:
    """The store through which a hub writes, and its marks."""
    marks = Marks(store)
    return MarkingStore(store, marks, time_zone), marks
