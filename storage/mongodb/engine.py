"""Opening and closing the MongoDB engine, its indexes, and the leases."""

import asyncio
import secrets
from collections.abc import Coroutine, Iterable, Sequence
from datetime import UTC, timedelta
from typing import Any, TypeVar, cast

import structlog
from bson import CodecOptions
from pymongo import AsyncMongoClient, ReturnDocument, WriteConcern
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError
from pymongo.read_preferences import ReadPreference

from hub.domain.errors import StoreBusy, StoreUnavailable
from hub.domain.instant import epoch_ms
from hub.ports.clock import Clock, SystemClock
from hub.ports.kinds import ALL_KINDS, SETTINGS, Kind
from storage.migrations import MIGRATIONS, Migration, migrate
from storage.mongodb.blobs import MongoBlobs
from storage.mongodb.calls import Calls, Fields
from storage.mongodb.documents import MongoDocuments
from storage.mongodb.layout import Layout
from storage.mongodb.search import MongoSearch

log = structlog.get_logger()
T = TypeVar("T")
_MIGRATING = timedelta(minutes=10)
_CONFLICTING_INDEX = frozenset({85, 86})
"""IndexOptionsConflict, IndexKeySpecsConflict."""
_DEFAULTS: dict[str, Any] = {
    "appname": "fernamt",
    "serverSelectionTimeoutMS": 5_000,
    "connectTimeoutMS": 5_000,
    "socketTimeoutMS": 60_000,
    "waitQueueTimeoutMS": 30_000,
    "maxPoolSize": 32,
}
"""What the address may set otherwise. Durability is not among it."""


async def open_mongodb(
    url: str,
    *,
    database: str,
    clock: Clock | None = None,
    kinds: Sequence[Kind[Any]] = ALL_KINDS,
    migrations: Sequence[Migration] = MIGRATIONS,
) -> "MongoStore":
    """Open (or make) the store in this database of the server.

    Raises StoreUnavailable where the server does not answer, refuses us, or holds a store that a newer version wrote;
    StoreBusy where the store must be migrated while a hub uses it.
    """
    store = MongoStore(_connect(url), database, clock or SystemClock(), kinds)
    try:
        await store.start()
        await _migrate(store, migrations)
    except BaseException:
        await store.close()
        raise
    return store


def _connect(url: str) -> AsyncMongoClient[Fields]:
    written = url.lower()
    options = {name: value for name, value in _DEFAULTS.items() if f"{name.lower()}=" not in written}
    try:
        return AsyncMongoClient(url, **options)
    except (PyMongoError, ValueError, TypeError) as error:
        # The driver's own words may quote the address, and with it the password.
        raise StoreUnavailable(
            "storage.url is no address of a MongoDB server, such as mongodb://127.0.0.1:27017/?replicaSet=rs0."
        ) from error


async def _migrate(store: "MongoStore", migrations: Sequence[Migration]) -> None:
    """Under the hub's lease where there is something to do: the database has no lock of its own."""
    owner = f"migration {secrets.token_hex(8)}"
    epoch = await store.lease("hub", owner, _MIGRATING) if await _is_old(store, len(migrations)) else 0
    if epoch is None:
        raise StoreBusy("This store must be migrated, and another hub uses it: stop that one first.")
    try:
        await migrate(store, store.clock, migrations)
    finally:
        if epoch:
            await store.release("hub", owner)


async def _is_old(store: "MongoStore", newest: int) -> bool:
    current = await store.documents(SETTINGS).get("schema_version")
    return current is not None and int(current.value) < newest


class MongoStore:
    """`Store` in one database. Made by `open_mongodb`."""

    engine = "mongodb"

    def __init__(
        self, client: AsyncMongoClient[Fields], database: str, clock: Clock, kinds: Sequence[Kind[Any]]
    ) -> None:
        self.clock = clock
        self._client = client
        # On a majority of the servers, in their journals: then no election and no power cut takes it back. Reads go to
        # the primary, so that what was written is seen.
        self._database = client.get_database(
            database,
            codec_options=CodecOptions(tz_aware=True, tzinfo=UTC),
            read_preference=ReadPreference.PRIMARY,
            write_concern=WriteConcern(w="majority", j=True),
        )
        self._calls = Calls()
        self._layouts = [Layout(kind) for kind in kinds]
        self._leases = self._database["leases"]
        self._documents: dict[str, MongoDocuments[Any]] = {
            layout.name: MongoDocuments(layout, self._database[layout.name], self._calls) for layout in self._layouts
        }
        self.blobs = MongoBlobs(self._database["blobs"], self._database["blob_pieces"], self._calls)
        self.search = MongoSearch(self._database, self._calls)

    async def start(self) -> None:
        """Make the indexes that are missing, remake those that are declared otherwise now, and drop those that no
        longer are: the database is the hub's own."""
        async with self._calls.call():
            layouts = [layout for layout in self._layouts if layout.kind.indexes]
            # A server that is not there is noticed by one call. Of many at once, those that were left behind would
            # wait in the driver for a client that is closed, and whoever ends the loop for them.
            for layout in layouts[:1]:
                await self._prepare(layout)
            await _all(self._prepare(layout) for layout in layouts[1:])
        await self.search.prepare()

    async def _prepare(self, layout: Layout[Any]) -> None:
        collection = self._database[layout.name]
        models = layout.index_models()
        try:
            await collection.create_indexes(models)
        except OperationFailure as error:
            if error.code not in _CONFLICTING_INDEX:
                raise
            await _remake(collection, layout)
        declared = {index.name for index in layout.kind.indexes} | {"_id_"}
        for name in set(await collection.index_information()) - declared:
            log.info("index_dropped", collection=layout.name, index=name)
            await collection.drop_index(name)

    def documents(self, kind: Kind[T]) -> MongoDocuments[T]:
        return cast(MongoDocuments[T], self._documents[kind.name])

    async def lease(self, name: str, owner: str, ttl: timedelta) -> int | None:
        now = epoch_ms(self.clock.now())
        expires = now + ttl // timedelta(milliseconds=1)
        async with self._calls.call():
            ours = {"_id": name, "owner": owner, "expires": {"$gt": now}}
            held = await self._change_lease(ours, {"$set": {"expires": expires}})
            if held is not None:
                return held
            free = {"_id": name, "$or": [{"owner": ""}, {"expires": {"$lte": now}}]}
            taken = await self._change_lease(free, {"$set": {"owner": owner, "expires": expires}, "$inc": {"epoch": 1}})
            if taken is not None:
                return taken
            try:
                await self._leases.insert_one({"_id": name, "owner": owner, "epoch": 1, "expires": expires})
            except DuplicateKeyError:
                return None
            return 1

    async def _change_lease(self, wanted: Fields, change: Fields) -> int | None:
        """The epoch of the lease that was changed, or None where there was none."""
        found = await self._leases.find_one_and_update(wanted, change, return_document=ReturnDocument.AFTER)
        return None if found is None else int(found["epoch"])

    async def release(self, name: str, owner: str) -> None:
        async with self._calls.call():
            await self._leases.update_one({"_id": name, "owner": owner}, {"$set": {"owner": ""}})

    async def ping(self) -> None:
        async with self._calls.call():
            await self._leases.update_one(
                {"_id": "ping"}, {"$inc": {"epoch": 1}, "$set": {"owner": "", "expires": 0}}, upsert=True
            )

    async def close(self) -> None:
        if await self._calls.end():
            await self._client.close()


async def _all(calls: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Side by side; where one fails the others are over, too, before its error is raised."""
    tasks = [asyncio.create_task(call) for call in calls]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _remake(collection: AsyncCollection[Fields], layout: Layout[Any]) -> None:
    """Drop what stands in the way of each index, and make it."""
    for model in layout.index_models():
        try:
            await collection.create_indexes([model])
        except OperationFailure as error:
            if error.code not in _CONFLICTING_INDEX:
                raise
            await collection.drop_index(model.document["name"])
            await collection.create_indexes([model])
