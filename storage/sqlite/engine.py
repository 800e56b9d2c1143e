"""Opening and closing the embedded engine, its threads, and the leases."""

import asyncio
import contextlib
import fcntl
import os
import sqlite3
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

from hub.domain.errors import StoreBusy, StoreUnavailable
from hub.domain.instant import epoch_ms
from hub.ports.clock import Clock, SystemClock
from hub.ports.kinds import ALL_KINDS, Kind
from storage.migrations import MIGRATIONS, Migration, migrate
from storage.sqlite.blobs import FileBlobs
from storage.sqlite.documents import SqliteDocuments
from storage.sqlite.jobs import JobQueue
from storage.sqlite.schema import Table, prepare
from storage.sqlite.search import SEARCH_TABLES, SqliteSearch
from storage.sqlite.threads import ConnectionThread, PointReader, WriterThread, connect

T = TypeVar("T")
READERS = 3
_WRITER_CACHE_KIB = 16_384
_READER_CACHE_KIB = 2_048
"""Small: a commit empties a reader's cache, the operating system's is what serves them."""
_SWITCH_SECONDS = 0.0005
_CLOSED = "The store is closed."


async def open_sqlite(
    data_dir: Path,
    *,
    clock: Clock | None = None,
    kinds: Sequence[Kind[Any]] = ALL_KINDS,
    migrations: Sequence[Migration] = MIGRATIONS,
) -> "SqliteStore":
    """Open (or make) the store in this directory and lock it against a second hub.

    Raises StoreBusy where another hub holds it, StoreUnavailable where it cannot be opened or was written by a newer
    version.
    """
    tables = [Table(kind) for kind in kinds]
    store = SqliteStore(data_dir, _lock(data_dir), clock or SystemClock(), tables)
    try:
        await store.start()
        await migrate(store, store.clock, migrations)
    except BaseException:
        await store.close()
        raise
    return store


def _lock(data_dir: Path) -> int:
    """The locked file `hub.lock`; the lock ends with the process, however it ends."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(data_dir / "hub.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnavailable(f"The data directory {data_dir} cannot be used: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise StoreBusy(
            f"Another hub (process {holder or 'unknown'}) uses {data_dir}: stop it first, or name another directory.",
            data_dir=str(data_dir),
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
    return descriptor


class SqliteStore:
    """`Store` in one directory: `fernamt.sqlite3`, `blobs/` and `hub.lock`. Made by `open_sqlite`."""

    engine = "sqlite"

    def __init__(self, data_dir: Path, lock: int, clock: Clock, tables: Sequence[Table[Any]]) -> None:
        self.clock = clock
        self._path = data_dir / "fernamt.sqlite3"
        self._lock: int | None = lock
        self._tables: dict[str, Table[Any]] = {table.kind.name: table for table in tables}
        self.writes = JobQueue(name="writer", max_jobs=20_000, max_bytes=268_435_456)
        self.reads = JobQueue(name="reader", max_jobs=20_000, max_bytes=268_435_456)
        self._writer = WriterThread(
            "fernamt-writer", self.writes, lambda: connect(self._path, cache_kib=_WRITER_CACHE_KIB)
        )
        self._readers = [
            ConnectionThread(
                f"fernamt-reader-{number}",
                self.reads,
                lambda: connect(self._path, cache_kib=_READER_CACHE_KIB, read_only=True),
            )
            for number in range(1, READERS + 1)
        ]
        self._points = PointReader(lambda: connect(self._path, cache_kib=_READER_CACHE_KIB, read_only=True))
        self.blobs = FileBlobs(data_dir / "blobs")
        self.search = SqliteSearch(self.writes, self.reads)
        self._documents: dict[str, SqliteDocuments[Any]] = {
            name: SqliteDocuments(table, self.writes, self.reads, self._points) for name, table in self._tables.items()
        }

    async def start(self) -> None:
        """Begin the threads, and make the tables and indexes that are missing."""
        # A loop that gives the interpreter lock up more often than this interval, and takes it back at once, starves
        # every other thread: CPython's waiters begin their wait anew at each release. At the default of 5 ms a busy
        # loop held a commit up for seconds.
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_SECONDS))
        self._writer.start()
        for reader in self._readers:
            reader.start()
        await self.writes.submit(prepare(list(self._tables.values()), SEARCH_TABLES), compound=True)
        await self.blobs.open()

    def documents(self, kind: Kind[T]) -> SqliteDocuments[T]:
        return cast(SqliteDocuments[T], self._documents[kind.name])

    async def lease(self, name: str, owner: str, ttl: timedelta) -> int | None:
        now = epoch_ms(self.clock.now())
        expires = now + ttl // timedelta(milliseconds=1)
        return await self.writes.submit(lambda connection: _take_lease(connection, name, owner, now, expires))

    async def release(self, name: str, owner: str) -> None:
        statement = "UPDATE leases SET owner = '' WHERE name = ? AND owner = ?"
        await self.writes.submit(lambda connection: connection.execute(statement, (name, owner)))

    async def ping(self) -> None:
        await self.writes.submit(_write_once)

    async def close(self) -> None:
        if self._lock is None:
            return
        lock, self._lock = self._lock, None
        self.writes.end(1, _CLOSED)
        self.reads.end(len(self._readers), _CLOSED)
        threads = [thread.thread for thread in (self._writer, *self._readers) if thread.thread.ident is not None]
        # The writer may have a full queue to write and a checkpoint to make: wait beside the loop, which hands the
        # results to their waiters meanwhile.
        for thread in threads:
            await asyncio.get_running_loop().run_in_executor(None, thread.join)
        self._points.close()
        await self.blobs.close()
        with contextlib.suppress(OSError):
            os.close(lock)


def _write_once(connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT INTO leases VALUES ('ping', '', 1, 0) ON CONFLICT (name) DO UPDATE SET epoch = epoch + 1"
    )


def _take_lease(connection: sqlite3.Connection, name: str, owner: str, now: int, expires: int) -> int | None:
    row = connection.execute("SELECT owner, epoch, expires FROM leases WHERE name = ?", (name,)).fetchone()
    held = row is not None and row[0] != "" and row[2] > now
    if held and row[0] != owner:
        return None
    epoch = 1 if row is None else int(row[1]) + (0 if held else 1)
    connection.execute(
        "INSERT INTO leases VALUES (?, ?, ?, ?) ON CONFLICT (name)"
        " DO UPDATE SET owner = excluded.owner, epoch = excluded.epoch, expires = excluded.expires",
        (name, owner, epoch, expires),
    )
    return epoch
