"""Blobs as files beside the database: blobs/ab/cdef..., complete and on the disk before their name exists."""

import asyncio
import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, TypeVar

from hub.domain.errors import BlobMissing, Invalid, StoreUnavailable
from hub.ports.blobs import Watch, Watches

R = TypeVar("R")
PIECE = 262_144
_NAME = re.compile(r"[0-9a-f]{64}")


class FileBlobs:
    """`Blobs` in a directory. Files are read and written in two threads of their own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._drafts = directory / "drafts"
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="fernamt-blobs")
        self._watches = Watches(self.delete)

    async def open(self) -> None:
        """Make the directories, and remove what an interrupted `put` left."""
        await self._run(self._clean)

    async def close(self) -> None:
        """Finish what runs."""
        # Waiting here blocks the loop no longer than one file's write; nothing new can be submitted meanwhile.
        self._threads.shutdown(wait=True)

    async def put(self, data: bytes) -> str:
        name = await self._run(lambda: hashlib.sha256(data).hexdigest())
        async with self._watches.putting(name):
            await self._run(lambda: self._write(name, data))
        return name

    async def get(self, sha256: str) -> bytes:
        path = self._path(sha256)
        return await self._run(lambda: self._read(path, sha256))

    async def stream(self, sha256: str) -> AsyncIterator[bytes]:
        path = self._path(sha256)
        file = await self._run(lambda: _open(path, sha256))
        digest = hashlib.sha256()
        try:
            while piece := await self._run(lambda: file.read(PIECE)):
                digest.update(piece)
                yield piece
        finally:
            file.close()
        if digest.hexdigest() != sha256:
            raise _damaged(sha256)

    async def delete(self, sha256: str) -> bool:
        if not _NAME.fullmatch(sha256):
            return False
        return await self._run(lambda: _unlink(self._path(sha256)))

    def watch(self, names: Iterable[str]) -> AbstractContextManager[Watch]:
        return self._watches.watch(names)

    async def names(self, after: str = "", limit: int = 500) -> list[str]:
        if not 1 <= limit <= 1000:
            raise Invalid("A page has 1 to 1,000 items.", limit=limit)
        return await self._run(lambda: self._list(after, limit))

    async def _run(self, work: Callable[[], R]) -> R:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except OSError as error:
            raise StoreUnavailable(
                f"The blob directory cannot be used: {error.strerror}.", errno=error.errno
            ) from error
        except RuntimeError as error:
            raise StoreUnavailable("The store is closed.") from error

    def _path(self, sha256: str) -> Path:
        if not _NAME.fullmatch(sha256):
            raise BlobMissing("The blob store does not have these bytes.", sha256=sha256[:64])
        return self._directory / sha256[:2] / sha256[2:]

    def _clean(self) -> None:
        self._drafts.mkdir(parents=True, exist_ok=True)
        for draft in self._drafts.iterdir():
            draft.unlink()

    def _write(self, name: str, data: bytes) -> None:
        path = self._path(name)
        if not path.parent.is_dir():
            path.parent.mkdir(exist_ok=True)
            _sync_directory(self._directory)
        if not (path.exists() and path.stat().st_size == len(data)):
            draft = self._drafts / secrets.token_hex(16)
            try:
                _write_through(draft, data)
                draft.replace(path)
            except OSError:
                with contextlib.suppress(OSError):
                    draft.unlink()
                raise
        # Also where the file was there: its writer may not have come so far yet.
        _sync_directory(path.parent)

    def _read(self, path: Path, sha256: str) -> bytes:
        with _open(path, sha256) as file:
            data = file.read()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise _damaged(sha256)
        return data

    def _list(self, after: str, limit: int) -> list[str]:
        found: list[str] = []
        for directory in sorted(entry.name for entry in self._directory.iterdir()):
            if len(directory) != 2 or directory < after[:2]:
                continue
            names = (directory + entry.name for entry in (self._directory / directory).iterdir())
            found += sorted(name for name in names if name > after and _NAME.fullmatch(name))
            if len(found) >= limit:
                break
        return found[:limit]


def _open(path: Path, sha256: str) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise BlobMissing("The blob store does not have these bytes.", sha256=sha256) from error


def _damaged(sha256: str) -> BlobMissing:
    return BlobMissing("The bytes of this blob are damaged on the disk; restore them from a backup.", sha256=sha256)


def _write_through(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unlink(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    _sync_directory(path.parent)
    return True
