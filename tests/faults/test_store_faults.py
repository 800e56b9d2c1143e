"""The embedded store when the disk is full, a file is damaged, a thread dies, or the process is killed."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.domain.errors import BlobMissing, Invalid, StoreBusy, StoreUnavailable
from hub.ports.store import Inserted
from storage.sqlite import SqliteStore, open_sqlite
from tests.store_engines import KINDS, THINGS, thing

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await open_sqlite(tmp_path, kinds=KINDS)
    yield store
    await store.close()


async def limit_pages(store: SqliteStore, extra: int) -> None:
    """The database file may grow by so many pages: what a full disk is to SQLite."""

    def work(connection: sqlite3.Connection) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + extra}")

    await store.writes.submit(work)


async def test_a_full_disk_refuses_and_recovers_by_itself(store: SqliteStore) -> None:
    things = store.documents(THINGS)
    await limit_pages(store, 20)
    data = os.urandom(30_000)
    await things.insert(thing("t0", data=data))
    await things.insert(thing("t1", data=data))
    with pytest.raises(StoreUnavailable, match="full"):
        await things.insert(thing("t2", data=data))
    assert [document.id for document in await things.scan()] == ["t0", "t1"]
    await limit_pages(store, 1000)
    assert await things.insert(thing("later", data=data)) == Inserted()
    await store.ping()


async def test_a_full_disk_acknowledges_nothing_of_a_batch(store: SqliteStore) -> None:
    things = store.documents(THINGS)
    await limit_pages(store, 10)
    data = os.urandom(30_000)
    writes = [things.insert(thing(f"t{number}", data=data)) for number in range(20)]
    results = await asyncio.gather(*writes, return_exceptions=True)
    kept = {document.id for document in await things.scan()}
    acknowledged = {f"t{number}" for number, result in enumerate(results) if result == Inserted()}
    assert acknowledged == kept
    assert any(isinstance(result, StoreUnavailable) for result in results)
    with pytest.raises(StoreUnavailable):
        await things.insert(thing("more", data=data * 2))


async def test_an_error_of_one_job_fails_that_job_only(store: SqliteStore) -> None:
    things = store.documents(THINGS)

    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO leases VALUES ('half', '', 1, 1)")
        raise RuntimeError("a mistake")

    results = await asyncio.gather(
        things.insert(thing("a")),
        store.writes.submit(broken, compound=True),
        store.writes.submit(lambda connection: connection.execute("SELECT nonsense")),
        things.insert(thing("b")),
        return_exceptions=True,
    )
    assert results[0] == results[3] == Inserted()
    assert isinstance(results[1], RuntimeError)
    assert isinstance(results[2], StoreUnavailable)
    halves = await store.reads.submit(
        lambda connection: connection.execute("SELECT count(*) FROM leases WHERE name = 'half'").fetchone()
    )
    assert halves == (0,)
    with pytest.raises(Invalid):
        await things.insert(thing("\ud800"))


async def test_a_writer_that_dies_fails_its_waiters_and_every_later_call(store: SqliteStore) -> None:
    things = store.documents(THINGS)
    await things.insert(thing("before"))

    def die(connection: sqlite3.Connection) -> None:
        raise SystemExit

    async with asyncio.timeout(10):
        results = await asyncio.gather(
            things.insert(thing("with")), store.writes.submit(die), things.insert(thing("too")), return_exceptions=True
        )
        assert all(isinstance(result, StoreUnavailable) for result in results)
        for call in (things.insert(thing("after")), store.ping(), things.delete("before")):
            with pytest.raises(StoreUnavailable, match="restart the hub"):
                await call
        assert [document.id for document in await things.scan()] == ["before"]


async def test_a_full_queue_refuses(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store.writes, "_max_jobs", 5)
    things = store.documents(THINGS)
    results = await asyncio.gather(*(things.insert(thing(str(number))) for number in range(9)), return_exceptions=True)
    assert results.count(Inserted()) == 5
    assert sum(isinstance(result, StoreUnavailable) for result in results) == 4
    assert store.writes.depth == 0
    assert await things.insert(thing("next")) == Inserted()


async def test_a_second_hub_is_refused(store: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(StoreBusy, match=f"process {os.getpid()}"):
        await open_sqlite(tmp_path, kinds=KINDS)
    await store.ping()


async def test_a_directory_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="cannot be used"):
        await open_sqlite(tmp_path / "file")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "fernamt.sqlite3").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreUnavailable, match="NOTADB"):
        await open_sqlite(tmp_path / "data")


async def test_a_closed_store_refuses(tmp_path: Path) -> None:
    store = await open_sqlite(tmp_path, kinds=KINDS)
    things = store.documents(THINGS)
    await store.close()
    for call in (things.get("a"), things.insert(thing("a")), things.scan(), store.blobs.put(b""), store.ping()):
        with pytest.raises(StoreUnavailable, match="closed"):
            await call


async def test_damaged_blobs_are_found_and_interrupted_ones_removed(store: SqliteStore, tmp_path: Path) -> None:
    name = await store.blobs.put(b"x" * 1000)
    path = tmp_path / "blobs" / name[:2] / name[2:]
    path.write_bytes(b"y" * 1000)
    with pytest.raises(BlobMissing, match="damaged"):
        await store.blobs.get(name)
    with pytest.raises(BlobMissing, match="damaged"):
        _ = [piece async for piece in store.blobs.stream(name)]
    path.write_bytes(b"x")
    assert await store.blobs.put(b"x" * 1000) == name
    assert await store.blobs.get(name) == b"x" * 1000
    draft = tmp_path / "blobs" / "drafts" / "left"
    draft.write_bytes(b"half")
    await store.close()
    await (await open_sqlite(tmp_path, kinds=KINDS)).close()
    assert not draft.exists()


WRITER = """
import asyncio, sys
from pathlib import Path
from storage.sqlite import open_sqlite
from tests.store_engines import KINDS, THINGS, thing

async def write(store, name):
    things = store.documents(THINGS)
    for number in range(100_000):
        await things.insert(thing(f"{name}-{number}", data=b"x" * 500, tags=("k",)))
        print(f"{name}-{number}", flush=True)

async def main():
    store = await open_sqlite(Path(sys.argv[1]), kinds=KINDS)
    await asyncio.gather(*(write(store, name) for name in "abcdefgh"))

asyncio.run(main())
"""


@pytest.mark.parametrize("acknowledged", [1, 100, 700])
async def test_kill_9_loses_nothing_acknowledged(tmp_path: Path, acknowledged: int) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(tmp_path), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    seen = [(await process.stdout.readline()).decode().strip() for _ in range(acknowledged)]
    process.send_signal(signal.SIGKILL)
    seen += [line for line in (await process.stdout.read()).decode().splitlines() if line]
    await process.wait()
    store = await open_sqlite(tmp_path, kinds=KINDS)
    things: Any = store.documents(THINGS)
    try:
        for start in range(0, len(seen), 500):
            names = seen[start : start + 500]
            assert set(await things.get_many(names)) == set(names)
        total, last = 0, ""
        while batch := await things.scan(last, 1000):
            total, last = total + len(batch), batch[-1].id
        assert await things.count("by_tag", "k", cap=1_000_000) == total
        assert total >= len(seen)
        ok = await store.reads.submit(lambda connection: connection.execute("PRAGMA integrity_check").fetchone())
        assert ok == ("ok",)
    finally:
        await store.close()
