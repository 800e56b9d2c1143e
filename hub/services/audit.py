"""The audit log: who did what to what, through which door.

Writes are recorded before their verb returns. Reads are far more frequent and must stay fast: their entries wait in a
bounded buffer that `run` writes in batches, and that is written out before the hub stops. When the buffer is full a
reader waits for the batch, so that no read goes unrecorded. A crash can lose at most the reads of the last seconds,
never a write.
"""

import asyncio
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from datetime import date as Day  # noqa: N812 - `date` is a value here

import structlog

from hub.domain.errors import Invalid, Refused, StoreUnavailable
from hub.domain.ids import UserId, random_id
from hub.domain.people import Actor, AuditEntry, Right
from hub.ports.clock import Clock
from hub.ports.kinds import AUDIT
from hub.ports.store import Page, Store
from hub.services.access import require, require_user

log = structlog.get_logger()

BATCH = 500
BUFFER = 10_000
INTERVAL_SECONDS = 2.0
RETRY_SECONDS = 5.0


class Audit:
    """Implements hub.ports.verbs.AuditVerbs, and keeps the log for all other verbs."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._entries = store.documents(AUDIT)
        self._clock = clock
        self._buffer: deque[AuditEntry] = deque()
        self._writing = asyncio.Lock()

    def permit(self, actor: Actor, right: Right, verb: str, subject: str = "") -> None:
        """As `access.require`, with the refusal in the log."""
        try:
            require(actor, right)
        except Refused:
            self._remember(self._entry(actor, verb, subject, "refused", right.value))
            raise

    def permit_oneself(self, actor: Actor, verb: str, *, writes: bool = True) -> UserId:
        """As `access.require_user`, with the refusal in the log."""
        try:
            return require_user(actor, writes=writes)
        except Refused:
            self._remember(self._entry(actor, verb, "", "refused", ""))
            raise

    async def record(self, actor: Actor, verb: str, subject: str = "", outcome: str = "ok", detail: str = "") -> None:
        """Durable once it returns; for everything that writes. `detail` never holds a body or a secret."""
        await self._entries.insert(self._entry(actor, verb, subject, outcome, detail))

    async def seen(self, actor: Actor, verb: str, subject: str = "") -> None:
        """A read; returns at once unless the buffer is full. Raises StoreUnavailable where it cannot be emptied."""
        if len(self._buffer) >= BUFFER:
            await self.flush()
        self._remember(self._entry(actor, verb, subject, "ok", ""))

    async def run(self) -> None:
        """Write the buffered entries every two seconds, until cancelled; then write out what is left."""
        try:
            while True:
                await self._clock.sleep(INTERVAL_SECONDS)
                try:
                    await self.flush()
                except StoreUnavailable as error:
                    log.warning("audit_waits_for_store", reason=error.sentence, buffered=len(self._buffer))
                    await self._clock.sleep(RETRY_SECONDS)
        finally:
            try:
                await self.flush()
            except StoreUnavailable as error:
                log.error("audit_lost", reason=error.sentence, entries=len(self._buffer))

    async def flush(self) -> None:
        """Write out what is buffered now. An entry leaves the buffer only once it is durable; the ids make a repeated
        batch harmless."""
        async with self._writing:
            for _ in range(-(-len(self._buffer) // BATCH)):
                batch = [self._buffer[i] for i in range(min(BATCH, len(self._buffer)))]
                await self._entries.insert_many(batch)
                for _written in batch:
                    self._buffer.popleft()

    async def page(
        self,
        actor: Actor,
        day: str = "",
        after: str | None = None,
        limit: int = 50,
        *,
        who: str = "",
        subject: str = "",
        zone: tzinfo = UTC,
    ) -> Page[AuditEntry]:
        """See AuditVerbs."""
        self.permit(actor, Right.READ_AUDIT, "audit.page", subject or who or day)
        if not 1 <= limit <= 200:
            raise Invalid("A page holds 1 to 200 entries.", limit=limit)
        await self.seen(actor, "audit.page", day)
        await self.flush()
        if subject:
            return await self._entries.page("by_subject", subject, after=after, limit=limit, newest_first=True)
        if who:
            return await self._entries.page("by_actor", who, after=after, limit=limit, newest_first=True)
        return await self._day(*self._bounds(day, zone), after, limit)

    async def _day(self, start: datetime, last: datetime, after: str | None, limit: int) -> Page[AuditEntry]:
        """The log is filed by days of UTC; a day of another zone lies across two of them, the later of which is read
        first. The cursor is the day of UTC and the place in it, 'day~place'."""
        days = list(dict.fromkeys([last.date().isoformat(), start.date().isoformat()]))
        at, _, place = (after or f"{days[0]}~").partition("~")
        if at not in days:
            raise Invalid("This cursor cannot be read; start again from the first page.")
        found: list[AuditEntry] = []
        for day in days[days.index(at) :]:
            page = await self._entries.page(
                "by_day", day, after=place or None, since=start, until=last, limit=limit - len(found), newest_first=True
            )
            found, place = [*found, *page.items], page.next or ""
            if place:
                return Page(found, f"{day}~{place}")
            if len(found) == limit and day != days[-1]:
                return Page(found, f"{days[-1]}~")
        return Page(found, None)

    def _bounds(self, day: str, zone: tzinfo) -> tuple[datetime, datetime]:
        """The first and the last moment of the day, in UTC."""
        try:
            date = Day.fromisoformat(day) if day else self._clock.now().astimezone(zone).date()
            midnight = datetime.combine(date, time(), tzinfo=zone)
            following = midnight + timedelta(days=1)
            return midnight.astimezone(UTC), following.astimezone(UTC) - timedelta(milliseconds=1)
        except (ValueError, OverflowError) as error:
            raise Invalid("A day looks like 2026-11-23.", day=day[:20]) from error

    def _remember(self, entry: AuditEntry) -> None:
        if len(self._buffer) >= BUFFER:
            # Only refusals can come here while the store is down: say them where they can still be read.
            log.warning("audit_overflow", actor=entry.actor, verb=entry.verb, outcome=entry.outcome)
            return
        self._buffer.append(entry)

    def _entry(self, actor: Actor, verb: str, subject: str, outcome: str, detail: str) -> AuditEntry:
        entry = AuditEntry(
            id=random_id("e"),
            at=self._clock.now(),
            actor=f"{actor.kind.value}:{actor.id}",
            via=actor.via,
            verb=verb,
            subject=subject[:200],
            outcome=outcome,
            detail=detail[:500],
        )
        return replace(entry, day=entry.at.date().isoformat())
