"""Intake: what was kept durably becomes exactly one entry on one timeline, or says why not.

Algorithm: accepted arrivals wait in memory in two lanes (a hint; the store is the queue). Each lane is a pipeline of
two batches: one is being parsed while the one before it is being recorded. A batch is read ahead, decided, written and
marked in a fixed number of round trips. Whatever a crash leaves at NEW is found by a scan, and is done again: every
write has a deterministic id. A message whose parsing ends its worker three times, that no parser can read, that is for
nobody here, or at which recording fails, goes to quarantine alone; the others of its batch go on. A store that is down
is nobody's fault: the batch waits and is tried again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog

from hub.domain.arrival import ArrivalRecord, ArrivalState
from hub.domain.errors import BlobMissing, Conflict, FernamtError, NotFound, StoreUnavailable
from hub.domain.ids import ArrivalId
from hub.domain.message import Parsed
from hub.ports.addresses import AddressForms
from hub.ports.bot import StaffDoor, Teller
from hub.ports.clock import Clock
from hub.ports.connector import Accounts
from hub.ports.events import Event, Events, Topic
from hub.ports.facts import Facts
from hub.ports.kinds import ARRIVALS
from hub.ports.parser import ParseJob, ParseWorker
from hub.ports.search import Terms
from hub.ports.store import Replacement, Store
from hub.services.incoming import Incoming, Outcome, quarantined, read_incoming
from hub.services.inlet import AccountInlet, Introduce, Report, Signals
from hub.services.pending import Kept, Lane, Pending
from hub.services.recording import DeliveryNews, Recorder
from hub.services.routing import Router

log = structlog.get_logger()
T = TypeVar("T")
MAX_TRIES = 3
SCAN_INTERVAL = timedelta(seconds=5)
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
MAX_MESSAGE_BYTES = 26_214_400


@dataclass(slots=True)
class Reading:
    """An arrival after parsing: understood (`incoming`), or already settled (`outcome`)."""

    kept: Kept
    record: ArrivalRecord
    incoming: Incoming | None = None
    outcome: Outcome | None = None


class Intake:
    """See the module's text. `run` is the task; `inlet` what connectors get."""

    def __init__(
        self,
        *,
        store: Store,
        worker: ParseWorker,
        accounts: Accounts,
        forms: AddressForms,
        events: Events,
        teller: Teller,
        door: StaffDoor | None,
        deliveries: DeliveryNews,
        report: Report,
        clock: Clock,
        secret: bytes,
        terms: Terms,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        observe: Callable[[str, str], None] = lambda account, state: None,
        facts: Facts | None = None,
        signals: Signals | None = None,
        introduce: Introduce | None = None,
    ) -> None:
        self._store, self._worker, self._accounts, self._events = store, worker, accounts, events
        self._door, self._deliveries, self._report = door, deliveries, report
        self._clock, self._secret, self._terms = clock, secret, terms
        self._max_message_bytes, self._signals, self._introduce = max_message_bytes, signals, introduce
        self._observe = observe
        """Told (account, state) of every arrival that is kept ("new") or reaches a final state, for metrics."""
        self._arrivals = store.documents(ARRIVALS)
        self._router = Router(accounts, forms)
        self._pending = Pending(store)
        self._recording = asyncio.Lock()
        self._recorder = Recorder(
            store=store,
            router=self._router,
            events=events,
            teller=teller,
            door=door,
            deliveries=deliveries,
            facts=facts,
        )

    @property
    def waiting(self) -> int:
        """How many arrivals this process knows to wait."""
        return len(self._pending)

    def inlet(self, account: str) -> AccountInlet:
        """The inlet of one account."""
        configured = self._accounts.get(account)
        return AccountInlet(
            account,
            store=self._store,
            door=self._door if configured is not None and configured.carries_staff else None,
            deliveries=self._deliveries,
            report=self._report,
            clock=self._clock,
            hint=self._offer,
            max_message_bytes=self._max_message_bytes,
            signals=self._signals,
            introduce=self._introduce,
        )

    def _offer(self, record: ArrivalRecord, raw: bytes) -> None:
        self._observe(record.account, record.state.value)
        self._pending.offer(record, raw)

    # Running

    async def run(self) -> None:
        """Process what is accepted, until cancelled. What is cut off then is done again at the next start."""
        async with asyncio.TaskGroup() as group:
            for lane in Lane:
                parsed: asyncio.Queue[list[Reading]] = asyncio.Queue(maxsize=1)
                group.create_task(self._parse_lane(lane, parsed), name=f"intake-parse-{lane}")
                group.create_task(self._record_lane(parsed), name=f"intake-record-{lane}")
            group.create_task(self._scan(), name="intake-scan")

    async def _parse_lane(self, lane: Lane, parsed: asyncio.Queue[list[Reading]]) -> None:
        while True:
            batch = await self._pending.take(lane)
            await parsed.put(await self._patiently(partial(self._parse, batch)))

    async def _record_lane(self, parsed: asyncio.Queue[list[Reading]]) -> None:
        while True:
            readings = await parsed.get()
            await self._settle_all(readings)
            self._pending.finish([reading.kept for reading in readings])
            if self._pending.behind:
                await self._patiently(self._pending.scan)

    async def _scan(self) -> None:
        while True:
            if self._pending.behind or not len(self._pending):
                await self._patiently(self._pending.scan)
            await self._clock.sleep(SCAN_INTERVAL.total_seconds())

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do it again until the store is there; the batch is not to blame."""
        pause = FIRST_PAUSE
        while True:
            try:
                return await work()
            except StoreUnavailable as error:
                log.warning("intake_waits_for_store", reason=error.sentence, pause=pause)
                await self._clock.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def drain(self) -> None:
        """Process everything that waits, in this task; for tests and for stopping, when `run` does not run. Raises
        StoreUnavailable."""
        while True:
            self._pending.behind = True
            for lane in Lane:
                while batch := self._pending.take_now(lane):
                    try:
                        await self._settle(await self._parse(batch))
                    finally:
                        self._pending.finish(batch)
            if not await self._pending.scan():
                return

    async def replay(self, arrival_id: ArrivalId) -> ArrivalRecord:
        """Try a quarantined arrival again, now. Returns the record as it is afterwards. Raises NotFound, Conflict
        where it is not in quarantine, StoreUnavailable (then it stays NEW and is tried with the others)."""
        record = await self._arrivals.get(arrival_id)
        if record is None:
            raise NotFound("There is no such arrival.", arrival=arrival_id)
        if record.state is not ArrivalState.QUARANTINED:
            raise Conflict("Only what lies in quarantine can be replayed.", state=record.state.value)
        fresh = replace(record, state=ArrivalState.NEW, tries=0, reason="", stage="")
        if not await self._arrivals.replace(fresh, record.version):
            raise Conflict("Somebody else replays it already.", arrival=arrival_id)
        await self._settle(await self._parse([Kept(replace(fresh, version=record.version + 1), record.raw)]))
        settled = await self._arrivals.get(arrival_id)
        if settled is None:
            raise NotFound("The arrival is gone.", arrival=arrival_id)
        return settled

    # Parsing

    async def _parse(self, batch: Sequence[Kept]) -> list[Reading]:
        readings = [Reading(kept, kept.record) for kept in batch]
        waiting = [reading for reading in readings if not self._is_homeless(reading)]
        while waiting:
            jobs = [await self._job(reading) for reading in waiting]
            ready = [(reading, job) for reading, job in zip(waiting, jobs, strict=True) if job is not None]
            results = await self._worker.parse([job for _, job in ready])
            now = self._clock.now()
            again = []
            for (reading, _), parsed in zip(ready, results, strict=True):
                if parsed is None:
                    again.append(reading)
                else:
                    self._read(reading, parsed, now)
            waiting = [reading for reading in again if not await self._count_crash(reading)]
        return readings

    def _is_homeless(self, reading: Reading) -> bool:
        if self._accounts.get(reading.record.account) is not None:
            return False
        reading.outcome = quarantined(
            "parse",
            f'The channel "{reading.record.account}" is not configured any more: add it again, then replay.',
        )
        return True

    async def _job(self, reading: Reading) -> ParseJob | None:
        account = self._accounts.get(reading.record.account)
        assert account is not None
        raw = reading.kept.raw
        if raw is None:
            try:
                raw = await self._store.blobs.get(reading.record.blob)
            except BlobMissing as error:
                reading.outcome = quarantined("keep", error.sentence)
                return None
        return ParseJob(kind=account.kind, record=reading.record, raw=raw)

    def _read(self, reading: Reading, parsed: Parsed, now: datetime) -> None:
        account = self._accounts.get(reading.record.account)
        if parsed.message is None or account is None:
            reading.outcome = quarantined("parse", parsed.reason or "It cannot be read.")
            return
        try:
            reading.incoming = read_incoming(
                reading.record,
                account,
                parsed.message,
                parsed.terms or self._terms(f"{parsed.message.content.subject}\n{parsed.message.content.text}"),
                router=self._router,
                secret=self._secret,
                now=now,
            )
        except Exception as error:  # one bad message must not stop the next; it is logged and kept
            log.error("arrival_not_routed", arrival=reading.record.id, error=type(error).__name__, exc_info=True)
            reading.outcome = quarantined("route", f"Routing failed ({type(error).__name__}).")

    async def _count_crash(self, reading: Reading) -> bool:
        """The worker did not survive it. True where it has done so often enough."""
        record = replace(reading.record, tries=reading.record.tries + 1)
        log.warning("parse_worker_lost", arrival=record.id, account=record.account, tries=record.tries)
        if record.tries >= MAX_TRIES:
            reading.record = replace(record, version=reading.record.version)
            reading.outcome = quarantined("parse", f"Its parsing crashed or ran over its time {record.tries} times.")
            return True
        if await self._arrivals.replace(record, record.version):
            reading.record = replace(record, version=record.version + 1)
        return False

    # Settling

    async def _settle_all(self, readings: list[Reading]) -> None:
        """Settle a batch. Where that fails for a reason that nobody foresaw, each on its own; what fails even then
        stays NEW for the next scan, so that neither it nor anything else is lost."""
        try:
            await self._patiently(partial(self._settle, readings))
        except Exception as error:
            log.error("intake_batch_failed", arrivals=len(readings), error=type(error).__name__, exc_info=True)
            for reading in readings if len(readings) > 1 else ():
                await self._settle_all([reading])

    async def _settle(self, readings: list[Reading]) -> None:
        """Record what was understood, then mark all of them."""
        understood = [reading for reading in readings if reading.incoming is not None and reading.outcome is None]
        if understood:
            async with self._recording:
                await self._record(understood)
        await self._mark(readings)

    async def _record(self, readings: Sequence[Reading]) -> None:
        batch = [reading.incoming for reading in readings if reading.incoming is not None]
        try:
            outcomes = await self._recorder.record(batch)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - isolated below: the faulty one alone goes to quarantine
            await self._isolate(readings, error)
            return
        for reading, outcome in zip(readings, outcomes, strict=True):
            reading.outcome = outcome

    async def _isolate(self, readings: Sequence[Reading], error: Exception) -> None:
        """One of them is faulty: each on its own. A store that is down must not look like a faulty message."""
        await self._store.ping()
        if len(readings) > 1:
            for reading in readings:
                await self._record([reading])
            return
        reading = readings[0]
        code = error.code if isinstance(error, FernamtError) else type(error).__name__
        log.error("arrival_not_recorded", arrival=reading.record.id, code=code, exc_info=error)
        reading.outcome = quarantined("record", f"Recording it failed ({code}).")

    async def _mark(self, readings: Sequence[Reading]) -> None:
        """The last step: the arrivals' own states."""
        replacements = []
        for reading in readings:
            outcome, record = reading.outcome, reading.record
            assert outcome is not None
            marked = replace(
                record, state=outcome.state, reason=outcome.reason, stage=outcome.stage, result=outcome.result
            )
            replacements.append(Replacement(marked, record.version))
        replaced = await self._arrivals.replace_many(replacements)
        for replacement, marked_now in zip(replacements, replaced, strict=True):
            record = replacement.document
            if not marked_now:
                log.warning("arrival_marked_by_another", arrival=record.id)
                continue
            self._observe(record.account, record.state.value)
            if record.state is ArrivalState.QUARANTINED:
                log.warning("arrival_quarantined", arrival=record.id, account=record.account, stage=record.stage)
                self._events.publish(Event(topic=Topic.QUARANTINE, id=record.id))
