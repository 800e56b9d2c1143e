"""Blobs as numbered pieces of 256 KiB under their hash, and one entry that says that all pieces are there.

GridFS would give a file an id of its own and leave an interrupted upload's pieces to collide with the next one. Here
every piece has a name that follows from the bytes, so that writing twice, at once or after a crash, writes the same.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractContextManager

from pymongo import InsertOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError, DuplicateKeyError

from hub.domain.errors import BlobMissing, Invalid, StoreUnavailable
from hub.ports.blobs import Watch, Watches
from storage.mongodb.calls import Calls, Fields, duplicates

PIECE = 262_144
_BATCH = 16
"""Pieces in one command: 4 MiB."""
_TRIES = 3
_NAME = re.compile(r"[0-9a-f]{64}")


def _piece_id(name: str, number: int) -> str:
    return f"{name}/{number:08d}"


def _pieces_of(name: str) -> Fields:
    return {"_id": {"$gte": f"{name}/", "$lt": f"{name}0"}}


class MongoBlobs:
    """`Blobs` in two collections: `blobs` and `blob_pieces`."""

    def __init__(self, entries: AsyncCollection[Fields], pieces: AsyncCollection[Fields], calls: Calls) -> None:
        self._entries = entries
        self._pieces = pieces
        self._calls = calls
        self._watches = Watches(self.delete)

    async def put(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        async with self._watches.putting(name):
            return await self._put(name, data)

    async def _put(self, name: str, data: bytes) -> str:
        count = -(-len(data) // PIECE)
        async with self._calls.call():
            if await self._entries.find_one({"_id": name}) is not None:
                return name
            for _ in range(_TRIES):
                met = await self._write_pieces(name, data, count)
                await self._write_entry(name, len(data), count)
                # Pieces that stood there already may have been on their way out, in a `delete` that runs at once.
                if not met or await self._pieces.count_documents(_pieces_of(name)) == count:
                    return name
        raise StoreUnavailable("This blob is deleted while it is put; try again.", blob=name)

    async def _write_pieces(self, name: str, data: bytes, count: int) -> bool:
        """Whether any of them stood there already."""
        met = False
        for first in range(0, count, _BATCH):
            batch: Sequence[InsertOne[Fields]] = [
                InsertOne({"_id": _piece_id(name, number), "data": data[number * PIECE : (number + 1) * PIECE]})
                for number in range(first, min(first + _BATCH, count))
            ]
            try:
                await self._pieces.bulk_write(batch, ordered=False)
            except BulkWriteError as error:
                met = bool(duplicates(error)) or met
        return met

    async def _write_entry(self, name: str, length: int, count: int) -> None:
        try:
            await self._entries.insert_one({"_id": name, "length": length, "pieces": count})
        except DuplicateKeyError:
            return  # another `put` of the same bytes was faster

    async def get(self, sha256: str) -> bytes:
        return b"".join([piece async for piece in self.stream(sha256)])

    async def stream(self, sha256: str) -> AsyncIterator[bytes]:
        digest = hashlib.sha256()
        async with self._calls.call():
            entry = await self._entries.find_one({"_id": sha256}) if _NAME.fullmatch(sha256) else None
        if entry is None:
            raise BlobMissing("The blob store does not have these bytes.", sha256=sha256[:64])
        # A piece at a time: a cursor would stay open on the server for as long as the reader takes.
        for number in range(entry["pieces"]):
            async with self._calls.call():
                piece = await self._pieces.find_one({"_id": _piece_id(sha256, number)})
            if piece is None:
                raise _damaged(sha256)
            digest.update(piece["data"])
            yield piece["data"]
        if digest.hexdigest() != sha256:
            raise _damaged(sha256)

    async def delete(self, sha256: str) -> bool:
        if not _NAME.fullmatch(sha256):
            return False
        async with self._calls.call():
            there = (await self._entries.delete_one({"_id": sha256})).deleted_count == 1
            # Also where there was no entry: an interrupted `put` or `delete` may have left pieces.
            await self._pieces.delete_many(_pieces_of(sha256))
        return there

    def watch(self, names: Iterable[str]) -> AbstractContextManager[Watch]:
        return self._watches.watch(names)

    async def names(self, after: str = "", limit: int = 500) -> list[str]:
        if not 1 <= limit <= 1000:
            raise Invalid("A page has 1 to 1,000 items.", limit=limit)
        async with self._calls.call():
            rows = await self._entries.find({"_id": {"$gt": after}}).sort("_id", 1).limit(limit).to_list(None)
        return [row["_id"] for row in rows]


def _damaged(sha256: str) -> BlobMissing:
    return BlobMissing("The bytes of this blob are damaged in MongoDB; restore them from a backup.", sha256=sha256)
