"""Search: the same folded and stemmed terms, AND semantics, newest first, in both engines; typing errors only for
names, by trigrams. Row scope is part of the index, never a filter afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

TERMS_VERSION = 1
"""How terms are made (storage/terms.py). Raise it when the same text gives other terms: the index is then made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEntry:
    """What can be found, by its words: an interaction, an appointment, a booking. The id's prefix (what stands before
    the first "_") says what it is."""

    id: str
    at: datetime
    scope: tuple[str, ...] = ("all",)
    """Who may find it: "all", user ids, team names. A query names the scopes of its actor; one in common suffices."""
    facets: tuple[str, ...] = ()
    """What it may be filtered by, written `name:value`: "kind:message", "channel:email", "contact:c_..."."""
    terms: tuple[str, ...]
    """Made by `Terms`; at most 2,000 distinct ones are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameEntry:
    """A contact, a document or an event that can be found by name, with typing errors. The id's prefix says which."""

    id: str
    text: str
    """Of a contact: name, organisation and addresses, space-separated; the engine folds it."""


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Ids, newest first; `next` is opaque."""

    ids: list[str]
    next: str | None = None


class Terms(Protocol):
    """Pure: text to folded, stemmed, distinct terms, in order of first occurrence. German and English."""

    def __call__(self, text: str) -> tuple[str, ...]: ...


class Search(Protocol):
    """The index beside the documents. It may lag behind after a crash; intake puts an entry again on replay."""

    async def put_many(self, entries: Sequence[SearchEntry]) -> None:
        """Add or overwrite by id; durable like any write."""

    async def remove(self, ids: Sequence[str]) -> None:
        """Forget these; unknown ids are ignored."""

    async def find(
        self,
        terms: Sequence[str],
        *,
        scope: Sequence[str],
        facets: Sequence[Sequence[str]] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> SearchPage:
        """Entries that hold every term, newest first. The last term also matches as a prefix of at least 3 letters
        where no entry holds it whole. No terms: no results.

        `facets`: of each group an entry has at least one; an empty group is had by none. `since` is inclusive, `until`
        exclusive, both to the millisecond."""

    async def put_names(self, entries: Sequence[NameEntry]) -> None:
        """Add or overwrite names."""

    async def remove_names(self, ids: Sequence[str]) -> None:
        """Forget these names."""

    async def suggest(self, text: str, *, prefix: str = "", limit: int = 10) -> list[str]:
        """Ids whose names share most trigrams with the text, best first; at least a third must be shared. `prefix`:
        only ids that begin so ("c_")."""

    async def scan(self, after: str = "", limit: int = 500) -> list[SearchEntry]:
        """Every entry in order of its id, those behind `after`: for copying. `limit` is 1 to 1,000."""

    async def scan_names(self, after: str = "", limit: int = 500) -> list[NameEntry]:
        """The same for names."""
