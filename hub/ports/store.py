"""The storage port: a small document surface, so that every rule above it is written once and no query can be
unindexed. One document is the unit of atomicity; nothing above needs a transaction.

Durability: a write returns once it is durable (SQLite: committed with synchronous=FULL; MongoDB: w=majority, j=True).
Engines group small writes of concurrent callers into one commit. Two writes of one caller where the second depends on
the first are awaited one after the other; writes gathered together have no order that anyone may rely on.

Every method raises StoreUnavailable when the store is down or full; then nothing was acknowledged, though a write may
have happened (MongoDB, lost connection): callers use deterministic ids and compare.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from hub.ports.blobs import Blobs
from hub.ports.kinds import Kind
from hub.ports.search import Search

T = TypeVar("T")
Value = str | int | bool | datetime | date | StrEnum


@dataclass(frozen=True, slots=True)
class Inserted:
    """The document is new."""


@dataclass(frozen=True, slots=True)
class Exists(Generic[T]):
    """A document with that id stands there already; nothing was written."""

    current: T


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page; `next` is an opaque cursor for `after`, None at the end."""

    items: list[T]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Replacement(Generic[T]):
    """One element of `replace_many`: write `document` where the stored version is `version`."""

    document: T
    version: int


class Documents(Protocol[T]):
    """The documents of one kind. The engine owns `version`: 1 after insert, one more after each replace; what the
    caller put into `document.version` is ignored. Reads return the stored version in the document."""

    async def get(self, id: str) -> T | None:
        """The document, or None."""

    async def get_many(self, ids: Sequence[str]) -> dict[str, T]:
        """Those of the ids that exist, in one round trip. At most 1,000 ids."""

    async def insert(self, document: T) -> Inserted | Exists[T]:
        """Write it unless its id is taken."""

    async def insert_many(self, documents: Sequence[T]) -> list[Inserted | Exists[T]]:
        """Each on its own, results in order, in one round trip. The same id twice: the second sees the first."""

    async def replace(self, document: T, version: int) -> bool:
        """Compare and set: write it if the stored version is `version`. False where it is not (or nothing is there)."""

    async def replace_many(self, replacements: Sequence[Replacement[T]]) -> list[bool]:
        """Each on its own, results in order, in one round trip."""

    async def delete(self, id: str, version: int | None = None) -> bool:
        """True where a document (of that version, if given) was there and is gone."""

    async def page(
        self,
        index: str,
        *equal: Value,
        after: str | None = None,
        since: Value | None = None,
        until: Value | None = None,
        limit: int = 50,
        newest_first: bool = False,
    ) -> Page[T]:
        """Documents whose leading keys of the index equal `equal`, ordered by the remaining keys, then by id.

        `since` and `until` bound the first remaining key, both inclusive. `after` is a `Page.next` of the same call.
        `limit` is 1 to 1,000. Raises KeyError for an unknown index, Invalid for a foreign cursor.
        """

    async def count(
        self, index: str, *equal: Value, since: Value | None = None, until: Value | None = None, cap: int = 10_000
    ) -> int:
        """How many there are, at most `cap`. `since` and `until` as in `page`."""

    async def scan(self, after: str = "", limit: int = 500) -> list[T]:
        """Every document in order of its id, those behind `after`: for copying and recomputing, not for people.
        `limit` is 1 to 1,000."""


class Store(Protocol):
    """An open store. `documents` is cheap and returns the same object for the same kind."""

    @property
    def engine(self) -> str:
        """ "sqlite" or "mongodb"."""

    @property
    def blobs(self) -> Blobs: ...

    @property
    def search(self) -> Search: ...

    def documents(self, kind: Kind[T]) -> Documents[T]: ...

    async def lease(self, name: str, owner: str, ttl: timedelta) -> int | None:
        """Take or renew the lease: its epoch (a number that grows with each new owner), or None while another holds
        it. The epoch survives release and expiry."""

    async def release(self, name: str, owner: str) -> None:
        """Give the lease back."""

    async def ping(self) -> None:
        """Raises StoreUnavailable where a write would fail now."""

    async def close(self) -> None:
        """Finish what was accepted, then close. Idempotent."""
