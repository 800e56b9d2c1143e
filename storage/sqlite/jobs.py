"""Work that the event loop hands to the engine's threads, and gets back in one wake-up a batch."""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from hub.domain.errors import Invalid, StoreUnavailable

R = TypeVar("R")
Work = Callable[[sqlite3.Connection], R]
log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class Job:
    """One piece of work. `compound`: it runs several writing statements, which take effect together or not at all.
    `lane`: what it writes to; only the order within a lane matters. `mergeable`: an Insertion or a Revision."""

    work: Work[Any]
    future: "asyncio.Future[Any]"
    weight: int = 0
    compound: bool = False
    lane: str = ""
    mergeable: bool = False


@dataclass(slots=True)
class Outcome:
    """How a job ended: with a value, or with an error."""

    job: Job
    value: Any = None
    error: Exception | None = None


def store_error(error: Exception) -> Exception:
    """What a caller is told: an error of ours for one of SQLite's, any other as it is."""
    if isinstance(error, sqlite3.DatabaseError):
        name = getattr(error, "sqlite_errorname", "") or type(error).__name__
        if name == "SQLITE_FULL":
            sentence = "The disk that holds the store is full: make room, the hub goes on by itself."
        else:
            sentence = f"The store cannot be read or written ({name}: {error}); look at the disk and its rights."
        unavailable = StoreUnavailable(sentence, reason=name)
        unavailable.__cause__ = error
        return unavailable
    if isinstance(error, (UnicodeEncodeError, OverflowError)):
        invalid = Invalid("This text or number cannot stand in the store.")
        invalid.__cause__ = error
        return invalid
    return error


class JobQueue:
    """A bounded queue from one event loop to threads. All methods of the loop's side are called in the loop's thread.

    A thread that dies calls `fail`: every waiter gets StoreUnavailable, and so does every later call.
    """

    def __init__(self, *, name: str, max_jobs: int, max_bytes: int) -> None:
        self.name = name
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._dead: str = ""
        self._max_jobs, self._max_bytes = max_jobs, max_bytes
        self._jobs = self._bytes = 0

    @property
    def depth(self) -> int:
        """Jobs that wait or run."""
        return self._jobs

    def submit(
        self, work: Work[R], *, weight: int = 0, compound: bool = False, lane: str = "", mergeable: bool = False
    ) -> "asyncio.Future[R]":
        """Queue it; `weight` in bytes. Raises StoreUnavailable where the queue is full or its threads are gone."""
        if self._jobs >= self._max_jobs or self._bytes + weight > self._max_bytes:
            raise StoreUnavailable("The store has more work waiting than it can take; try again.", queue=self.name)
        future: asyncio.Future[R] = self._loop.create_future()
        job = Job(work, future, weight, compound, lane, mergeable)
        with self._lock:
            if self._dead:
                raise StoreUnavailable(self._dead, queue=self.name)
            self._queue.put(job)
        self._jobs += 1
        self._bytes += weight
        return future

    def end(self, threads: int, sentence: str) -> None:
        """No more jobs; what is queued is still done, then each of the threads gets an empty batch."""
        with self._lock:
            self._dead = self._dead or sentence
            for _ in range(threads):
                self._queue.put(None)

    def take(self, most: int) -> list[Job]:
        """Wait for a job, then take what else is there; empty at the end. Called by a thread."""
        first = self._queue.get()
        if first is None:
            return []
        batch = [first]
        while len(batch) < most:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self._queue.put(None)
                break
            batch.append(job)
        return batch

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Hand results back, all in one wake-up of the loop. Called by a thread."""
        try:
            self._loop.call_soon_threadsafe(self._resolve, outcomes)
        except RuntimeError:
            # The loop was closed before the store: nobody waits any more.
            log.warning("store_loop_gone", queue=self.name, jobs=len(outcomes))

    def fail(self, batch: Sequence[Job], error: BaseException) -> None:
        """The thread that had `batch` is dying. Called by it."""
        sentence = f"The store's {self.name} thread has ended ({type(error).__name__}); restart the hub."
        lost = list(batch)
        with self._lock:
            self._dead = sentence
            while True:
                try:
                    job = self._queue.get_nowait()
                except queue.Empty:
                    break
                if job is not None:
                    lost.append(job)
        self.settle([Outcome(job, error=StoreUnavailable(sentence, queue=self.name)) for job in lost])

    def _resolve(self, outcomes: Sequence[Outcome]) -> None:
        self._jobs -= len(outcomes)
        for outcome in outcomes:
            self._bytes -= outcome.job.weight
            future = outcome.job.future
            if future.done():
                continue
            if outcome.error is not None:
                future.set_exception(outcome.error)
            else:
                future.set_result(outcome.value)
