"""A store around the store: what is written of contacts, their addresses, documents and events through it is found at
once as it is now, and what is deleted no more. Whoever writes them need not think of the index."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Generic, TypeVar, cast

from hub.domain.contact import Identity
from hub.ports.clock import Clock
from hub.ports.kinds import CONTACTS, DOCUMENTS, IDENTITIES, INTERACTIONS, OCCASIONS, Kind
from hub.ports.search import Terms
from hub.ports.store import Documents, Exists, Inserted, Replacement, Store
from hub.services.search.findable import Findable
from hub.services.search.unsettled import Unsettled

T = TypeVar("T")
After = Callable[[Sequence[Any]], Awaitable[None]]


class FollowedStore:
    """Implements Store over an open one."""

    def __init__(self, inner: Store, findable: Findable) -> None:
        self._inner, self._followed = inner, _Followed(findable)
        self._documents: dict[str, Any] = {}

    def documents(self, kind: Kind[T]) -> Documents[T]:
        """See Store."""
        inner = self._inner.documents(kind)
        written, deleted = self._followed.of(kind)
        if deleted is None:
            return inner
        unsettled = self._followed.unsettled
        known = self._documents.setdefault(kind.name, FollowedDocuments(inner, unsettled, written, deleted))
        return cast(Documents[T], known)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the inner store's."""
        return getattr(self._inner, name)


class _Followed:
    """What follows a write, and a deletion, of each kind."""

    def __init__(self, findable: Findable) -> None:
        self._findable, self.unsettled = findable, findable.unsettled

    def of(self, kind: Kind[Any]) -> tuple[After | None, After | None]:
        """(after a write, after a deletion); None: nothing."""
        findable = self._findable
        contacts, documents = _by_id(findable.put_contacts), _by_id(findable.put_documents)
        occasions = _by_id(findable.put_occasions)
        found: dict[str, tuple[After | None, After | None]] = {
            CONTACTS.name: (contacts, contacts),
            IDENTITIES.name: (self._identities, self._identities),
            DOCUMENTS.name: (documents, documents),
            OCCASIONS.name: (occasions, occasions),
            # Intake puts its entries itself, with the words of the files.
            INTERACTIONS.name: (None, _by_id(findable.drop_entries)),
        }
        return found.get(kind.name, (None, None))

    async def _identities(self, written: Sequence[Identity]) -> None:
        await self._findable.put_contacts([one.contact_id for one in written])


def _by_id(put: Callable[[Sequence[str]], Awaitable[None]]) -> After:
    async def follow(documents: Sequence[Any]) -> None:
        await put([one.id for one in documents])

    return follow


class FollowedDocuments(Generic[T]):
    """Implements Documents over those of one kind; reading is the inner one's."""

    def __init__(self, inner: Documents[T], unsettled: Unsettled, written: After | None, deleted: After) -> None:
        self._inner, self._unsettled, self._written, self._deleted = inner, unsettled, written, deleted

    def __getattr__(self, name: str) -> Any:
        """See Documents."""
        return getattr(self._inner, name)

    def _changing(self) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self._written is None else self._unsettled.changing()

    async def _follow(self, documents: Sequence[T]) -> None:
        if self._written is not None and documents:
            await self._written(documents)

    async def insert(self, document: T) -> Inserted | Exists[T]:
        """See Documents."""
        async with self._changing():
            result = await self._inner.insert(document)
            await self._follow([] if isinstance(result, Exists) else [document])
        return result

    async def insert_many(self, documents: Sequence[T]) -> list[Inserted | Exists[T]]:
        """See Documents."""
        async with self._changing():
            results = await self._inner.insert_many(documents)
            fresh = [one for one, result in zip(documents, results, strict=True) if not isinstance(result, Exists)]
            await self._follow(fresh)
        return results

    async def replace(self, document: T, version: int) -> bool:
        """See Documents."""
        async with self._changing():
            done = await self._inner.replace(document, version)
            await self._follow([document] if done else [])
        return done

    async def replace_many(self, replacements: Sequence[Replacement[T]]) -> list[bool]:
        """See Documents."""
        async with self._changing():
            results = await self._inner.replace_many(replacements)
            await self._follow([one.document for one, done in zip(replacements, results, strict=True) if done])
        return results

    async def delete(self, id: str, version: int | None = None) -> bool:
        """See Documents."""
        current = await self._inner.get(id)
        async with self._changing():
            done = await self._inner.delete(id, version)
            if current is not None and done:
                await self._deleted([current])
        return done


def follow_store(store: Store, terms: Terms, clock: Clock) -> tuple[Store, Findable]:
    """The store through which a hub writes, and what fills the index."""
    findable = Findable(store, terms, clock)
    return cast(Store, FollowedStore(store, findable)), findable
