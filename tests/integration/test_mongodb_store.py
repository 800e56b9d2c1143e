"""The MongoDB engine while its server dies, breaks off, refuses; and moving there from SQLite."""

import asyncio
import json
import secrets
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pymongo import AsyncMongoClient
from structlog.testing import capture_logs

from hub.domain.errors import Invalid, StoreUnavailable
from hub.domain.upkeep import Setting
from hub.ports.kinds import INTERACTIONS, SETTINGS, Index, Kind
from hub.ports.store import Exists, Inserted
from storage.mongodb import MongoStore, open_mongodb
from storage.sqlite import open_sqlite
from tests.hub_process import PROGRAM
from tests.peers.cut_proxy import CutProxy
from tests.peers.process import free_port
from tests.peers.secantus import Secantus
from tests.store_engines import NOON, THINGS, Thing, thing

KINDS = (THINGS, SETTINGS)
QUICK = "&serverSelectionTimeoutMS=400&connectTimeoutMS=400"


@pytest.fixture
def server() -> Iterator[Secantus]:
    """A server of one's own, to be killed."""
    peer = Secantus()
    peer.start()
    yield peer
    peer.stop()
    shutil.rmtree(peer.directory, ignore_errors=True)


@pytest.fixture
def database() -> str:
    return f"test_{secrets.token_hex(6)}"


@pytest.fixture
async def store(secantus: Secantus, database: str) -> AsyncIterator[MongoStore]:
    store = await open_mongodb(secantus.url, database=database, kinds=KINDS)
    yield store
    await store.close()


async def test_what_was_acknowledged_outlives_the_servers_death(server: Secantus, database: str) -> None:
    store = await open_mongodb(server.url + QUICK, database=database, kinds=KINDS)
    things = store.documents(THINGS)
    acknowledged: list[str] = []
    enough = asyncio.Event()

    async def write(lane: int) -> None:
        for number in range(1000):
            await things.insert(thing(f"{lane}-{number}"))
            acknowledged.append(f"{lane}-{number}")
            if len(acknowledged) >= 150:
                enough.set()

    writers = [asyncio.create_task(write(lane), name=f"writer-{lane}") for lane in range(4)]
    await enough.wait()
    server.process.signal(signal.SIGKILL)
    failures = await asyncio.gather(*writers, return_exceptions=True)
    assert all(isinstance(failure, StoreUnavailable) for failure in failures), failures
    with pytest.raises(StoreUnavailable, match="MongoDB"):
        await store.ping()
    server.process.wait()
    server.start()
    # The same open store goes on by itself.
    found = await things.get_many(acknowledged)
    assert set(acknowledged) == set(found)
    assert await things.insert(thing("after")) == Inserted()
    await store.close()


async def test_an_insert_whose_answer_is_lost_is_told_from_anothers(secantus: Secantus, database: str) -> None:
    async with CutProxy(secantus.host, secantus.port) as proxy:
        url = f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true&retryWrites=false{QUICK}"
        store = await open_mongodb(url, database=database, kinds=KINDS)
        things = store.documents(THINGS)
        await things.insert(thing("theirs", rank=7))
        # The server has written when its answer is cut off.
        proxy.after_client(b"cut-here", lambda: proxy.after_server(b"ok", proxy.reset))
        results = await things.insert_many([thing("ours", owner="cut-here"), thing("theirs", rank=8)])
        assert proxy.accepted > 2
        assert results == [Inserted(), Exists(thing("theirs", rank=7, version=1))]
        assert await things.get("ours") == thing("ours", owner="cut-here", version=1)
        await store.close()


async def test_without_a_server_opening_fails_with_a_sentence(database: str) -> None:
    with pytest.raises(StoreUnavailable, match="does not answer"):
        await open_mongodb(f"mongodb://127.0.0.1:{free_port()}/?directConnection=true{QUICK}", database=database)
    with pytest.raises(StoreUnavailable, match="no address") as caught:
        await open_mongodb("mongo://user:hunter2@host", database=database)
    assert "hunter2" not in caught.value.sentence


async def test_a_refused_login_says_so_and_logs_no_password(secantus: Secantus, database: str) -> None:
    url = f"mongodb://hub:hunter2@{secantus.host}:{secantus.port}/?directConnection=true{QUICK}"
    with capture_logs() as logs, pytest.raises(StoreUnavailable, match="login") as caught:
        await open_mongodb(url, database=database)
    assert "hunter2" not in repr(logs) + caught.value.sentence + repr(caught.value.fields)


async def test_a_closed_store_is_unavailable(store: MongoStore) -> None:
    await store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.documents(THINGS).get("t")


@pytest.mark.parametrize("id", ["\ud800", "a\udfff"])
async def test_what_bson_cannot_hold_is_refused(store: MongoStore, id: str) -> None:
    with pytest.raises(Invalid):
        await store.documents(THINGS).get(id)
    with pytest.raises(Invalid):
        await store.documents(THINGS).insert(thing(id))


async def test_indexes_follow_their_declaration(secantus: Secantus, database: str) -> None:
    old = Kind(
        name="things",
        type=Thing,
        indexes=(Index(name="by_at", keys=("rank",)), Index(name="gone", keys=("flag",))),
    )
    await (await open_mongodb(secantus.url, database=database, kinds=(old, SETTINGS))).close()
    store = await open_mongodb(secantus.url, database=database, kinds=KINDS)
    async with AsyncMongoClient[dict[str, object]](secantus.url) as client:
        found = await client[database]["things"].index_information()
    assert set(found) == {"_id_", *(index.name for index in THINGS.indexes)}
    assert list(found["by_at"]["key"]) == [("at", 1), ("_id", 1)]
    await store.close()


async def test_none_is_not_stored(secantus: Secantus, store: MongoStore, database: str) -> None:
    await store.documents(THINGS).insert(thing("t"))
    async with AsyncMongoClient[dict[str, object]](secantus.url) as client:
        found = await client[database]["things"].find_one({"_id": "t"})
    assert found is not None
    assert "owner" not in found
    assert found["version"] == 1


async def test_an_interrupted_put_is_finished_by_the_next(secantus: Secantus, store: MongoStore, database: str) -> None:
    data = b"x" * 600_000
    name = await store.blobs.put(data)
    async with AsyncMongoClient[dict[str, object]](secantus.url) as client:
        await client[database]["blobs"].delete_one({"_id": name})
        await client[database]["blob_pieces"].delete_one({"_id": f"{name}/00000001"})
    assert await store.blobs.names() == []
    assert await store.blobs.put(data) == name
    assert await store.blobs.get(name) == data


async def test_migrations_run_once_and_under_the_hubs_lease(secantus: Secantus, database: str) -> None:
    ran = []

    async def step(store: object) -> None:
        ran.append(store)

    await (await open_mongodb(secantus.url, database=database, kinds=KINDS, migrations=())).close()
    for _ in range(2):
        store = await open_mongodb(secantus.url, database=database, kinds=KINDS, migrations=(step,))
        await store.close()
    assert len(ran) == 1
    with pytest.raises(StoreUnavailable, match="newer"):
        await open_mongodb(secantus.url, database=database, kinds=KINDS, migrations=())


def migrate_store(data: Path, url: str, database: str, *options: str) -> "subprocess.CompletedProcess[str]":
    arguments = [PROGRAM, "--data", data, "migrate-store", "--url", url, "--database", database, *options]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)


async def test_the_command_moves_a_store_and_verifies_it(secantus: Secantus, database: str, tmp_path: Path) -> None:
    seeded = [PROGRAM, "--data", tmp_path, "seed", "--contacts", "20", "--interactions", "60"]
    assert (await asyncio.to_thread(subprocess.run, seeded, capture_output=True, check=False)).returncode == 0
    source = await open_sqlite(tmp_path)
    rows = await source.documents(INTERACTIONS).scan()
    blob = await source.blobs.put(b"a letter")
    await source.documents(SETTINGS).insert(Setting(id="secret", value="s", at=NOON))
    running = await asyncio.to_thread(migrate_store, tmp_path, secantus.url, database)
    assert (running.returncode, "store-busy" in running.stderr) == (1, True)
    await source.close()

    done = await asyncio.to_thread(migrate_store, tmp_path, secantus.url, database, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"]["interactions"] == len(rows) >= 60
    target = await open_mongodb(secantus.url, database=database)
    copied = await target.documents(INTERACTIONS).scan()
    assert [row.id for row in copied] == [row.id for row in rows]
    assert await target.blobs.get(blob) == b"a letter"
    assert await target.documents(SETTINGS).get("secret") is not None
    await target.close()

    again = await asyncio.to_thread(migrate_store, tmp_path, secantus.url, database)
    assert (again.returncode, "--resume" in again.stderr) == (1, True)
    resumed = await asyncio.to_thread(migrate_store, tmp_path, secantus.url, database, "--resume")
    assert (resumed.returncode, "Copied and verified" in resumed.stdout) == (0, True), resumed.stderr


def test_the_command_needs_a_store(tmp_path: Path) -> None:
    done = migrate_store(tmp_path, "mongodb://127.0.0.1:1/", "x")
    assert (done.returncode, "holds no SQLite store" in done.stderr) == (1, True)
