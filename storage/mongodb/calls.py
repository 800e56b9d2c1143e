"""What surrounds every call to the server: its errors become ours, and closing waits for those that run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from bson.errors import BSONError
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from hub.domain.errors import Invalid, StoreUnavailable

DUPLICATE_KEY = 11_000
_AUTHENTICATION = frozenset({13, 18})
"""Unauthorized, AuthenticationFailed."""
_OUT_OF_SPACE = 14_031
Fields = dict[str, Any]
"""A document as PyMongo reads it."""
log = structlog.get_logger()


class Calls:
    """Counts the calls that run."""

    def __init__(self) -> None:
        self._running = 0
        self._closing = False
        self._idle = asyncio.Event()
        self._idle.set()

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """Around one or several operations. Raises StoreUnavailable for whatever the server or the way to it refuses,
        Invalid for values that BSON cannot hold."""
        if self._closing:
            raise StoreUnavailable("The store is closed.")
        self._running += 1
        self._idle.clear()
        try:
            yield
        except PyMongoError as error:
            raise _translate(error) from error
        except (BSONError, UnicodeEncodeError, OverflowError) as error:
            raise Invalid(
                "This value cannot be stored: it holds text or a number outside the permitted range."
            ) from error
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def end(self) -> bool:
        """Take no more and wait for those that run. False where that was done before."""
        if self._closing:
            return False
        self._closing = True
        await self._idle.wait()
        return True


def _translate(error: PyMongoError) -> StoreUnavailable:
    """The server's own words may quote documents: only kinds and codes reach the log and the sentence."""
    code = getattr(error, "code", None)
    kind = type(error).__name__
    log.warning("store_call_failed", error=kind, code=code)
    if isinstance(error, ServerSelectionTimeoutError):
        return StoreUnavailable("MongoDB does not answer: check storage.url and that the server runs.", error=kind)
    if isinstance(error, ConnectionFailure):
        return StoreUnavailable("The connection to MongoDB broke off; the hub goes on by itself.", error=kind)
    if isinstance(error, OperationFailure) and code in _AUTHENTICATION:
        return StoreUnavailable("MongoDB refuses our login: check user, password and rights in storage.url.", code=code)
    if code == _OUT_OF_SPACE:
        return StoreUnavailable("MongoDB's disk is full: make room.", code=code)
    return StoreUnavailable(f"MongoDB refused the call ({kind}, code {code}).", error=kind, code=code)


def is_lost(error: PyMongoError) -> bool:
    """Whether the connection broke, so that the write may have happened or not."""
    return isinstance(error, AutoReconnect) and not isinstance(error, ServerSelectionTimeoutError)


def duplicates(error: BulkWriteError | DuplicateKeyError) -> set[int]:
    """The positions whose id was taken. Raises the error where anything else went wrong in the batch."""
    if isinstance(error, DuplicateKeyError):
        return {0}
    details = error.details
    failed = details.get("writeErrors", [])
    if details.get("writeConcernErrors") or any(item["code"] != DUPLICATE_KEY for item in failed):
        raise error
    return {int(item["index"]) for item in failed}
