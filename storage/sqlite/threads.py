"""The threads that own connections: one writer with group commit, a few readers."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TypeVar

import structlog

from hub.domain.errors import StoreUnavailable
from storage.sqlite.jobs import Job, JobQueue, Outcome, Work, store_error
from storage.sqlite.writes import run_together

R = TypeVar("R")
log = structlog.get_logger()
BATCH = 1_000
"""Most jobs in one commit."""
READ_BATCH = 4
"""Most jobs that one reader takes at once, so that its neighbours get some too."""


def connect(path: Path, *, cache_kib: int, read_only: bool = False) -> sqlite3.Connection:
    """A connection for one thread. WAL: readers and the writer do not block each other; FULL: a commit is on the disk
    when it returns."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    pragmas = ["journal_mode=WAL", "synchronous=FULL", f"cache_size=-{cache_kib}", "temp_store=MEMORY"]
    pragmas += ["busy_timeout=5000", "journal_size_limit=67108864", "wal_autocheckpoint=2000"]
    try:
        for pragma in [*pragmas, *(["query_only=ON"] if read_only else [])]:
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


class ConnectionThread:
    """A thread with one connection that works off a queue until its end."""

    def __init__(self, name: str, jobs: JobQueue, open_connection: Callable[[], sqlite3.Connection]) -> None:
        self._jobs = jobs
        self._open = open_connection
        self._connection: sqlite3.Connection | None = None
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; the connection is opened by the thread at its first job."""
        self.thread.start()

    def _run(self) -> None:
        batch: list[Job] = []
        try:
            while batch := self._jobs.take(self.most):
                self._jobs.settle(self.work_off(batch))
        except BaseException as error:
            log.exception("store_thread_died", thread=self.thread.name)
            self._jobs.fail(batch, error)
        finally:
            self.disconnect()

    most = READ_BATCH

    def connection(self) -> sqlite3.Connection:
        """The open connection; opened again where it was given up after an error."""
        if self._connection is None:
            self._connection = self._open()
        return self._connection

    def disconnect(self) -> None:
        """Give the connection up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def work_off(self, batch: list[Job]) -> list[Outcome]:
        """Each job on its own: reading."""
        outcomes = []
        for job in batch:
            try:
                outcomes.append(Outcome(job, job.work(self.connection())))
            except Exception as error:  # noqa: BLE001 - handed to the caller who waits for this job
                outcomes.append(Outcome(job, error=store_error(error)))
        return outcomes


class PointReader:
    """The event loop's own connection, for look-ups by id. They take 10 to 20 microseconds, where a change of threads
    takes 100 and, while the loop is busy, a wait for the interpreter lock besides. In WAL mode a reader never waits
    for the writer. Anything longer goes to the reader threads."""

    def __init__(self, open_connection: Callable[[], sqlite3.Connection]) -> None:
        self._open = open_connection
        self._connection: sqlite3.Connection | None = None
        self._closed = False

    def run(self, work: Work[R]) -> R:
        """The result, at once. Raises as a job does."""
        if self._closed:
            raise StoreUnavailable("The store is closed.")
        try:
            if self._connection is None:
                self._connection = self._open()
            return work(self._connection)
        except (sqlite3.Error, UnicodeEncodeError) as error:
            raise store_error(error) from error

    def close(self) -> None:
        """Give the connection up for good."""
        self._closed = True
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class WriterThread(ConnectionThread):
    """Runs everything queued in one transaction. An error of one job fails that job only; an error of the disk fails
    the batch, and the next batch tries again."""

    most = BATCH

    def work_off(self, batch: list[Job]) -> list[Outcome]:
        try:
            connection = self.connection()
            connection.execute("BEGIN IMMEDIATE")
            outcomes = [outcome for run in _runs(batch) for outcome in self._work_together(connection, run)]
            connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            return self._give_up(batch, error)
        return outcomes

    def _work_together(self, connection: sqlite3.Connection, run: list[Job]) -> list[Outcome]:
        return run_together(connection, run) if len(run) > 1 else [self._run_one(connection, run[0])]

    def _run_one(self, connection: sqlite3.Connection, job: Job) -> Outcome:
        try:
            if job.compound:
                connection.execute("SAVEPOINT job")
            outcome = Outcome(job, job.work(connection))
        except Exception as error:
            if _concerns_all(connection, error):
                raise
            if job.compound:
                connection.execute("ROLLBACK TO job")
            outcome = Outcome(job, error=store_error(error))
        if job.compound:
            connection.execute("RELEASE job")
        return outcome

    def _give_up(self, batch: list[Job], error: sqlite3.DatabaseError) -> list[Outcome]:
        """Nothing of the batch was kept: tell everybody, and begin anew with the next one."""
        log.error("store_write_failed", error=str(error), jobs=len(batch))
        try:
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error as second:
            log.warning("store_rollback_failed", error=str(second))
            self.disconnect()
        return [Outcome(job, error=store_error(error)) for job in batch]


def _runs(batch: list[Job]) -> Iterator[list[Job]]:
    """The jobs by lane, each lane in order, mergeable neighbours together. Lanes touch different tables and the commit
    shows them all at once, so that nobody sees the order between lanes."""
    for _, lane in groupby(sorted(batch, key=lambda job: job.lane), key=lambda job: job.lane):
        for what, run in groupby(lane, key=lambda job: type(job.work) if job.mergeable else None):
            jobs = list(run)
            yield from [jobs] if what is not None else ([job] for job in jobs)


def _concerns_all(connection: sqlite3.Connection, error: Exception) -> bool:
    """Whether an error is the disk's, not the job's. Some of them end the transaction by themselves."""
    code = getattr(error, "sqlite_errorcode", None)
    return not connection.in_transaction or (code is not None and code & 0xFF in _DISK_ERRORS)


_DISK_ERRORS = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
