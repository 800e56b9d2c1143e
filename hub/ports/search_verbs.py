"""Verbs of the search (hub/services/search/finder.py). Rights: READ_CONTACTS; what tells of money or of appointments is
found with READ_ACCOUNTS and READ_CALENDARS only, which is a part of the index."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from hub.domain.finding import Hit, IndexState, Rebuilt
from hub.domain.ids import ContactId
from hub.domain.people import Actor
from hub.ports.store import Page


class SearchVerbs(Protocol):
    """One box for everything."""

    async def find(
        self,
        actor: Actor,
        words: str,
        *,
        kinds: Sequence[str] = (),
        channel: str = "",
        contact_id: ContactId | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int = 20,
    ) -> Page[Hit]:
        """People first (at most six, on the first page only): those of that name, typing errors allowed, then those on
        whose page every word stands (notes, tags, own fields, addresses). Then what holds every word, newest first, at
        most `limit`. The last word may be the beginning of one. Where nothing holds them, documents and events whose
        names are alike. `kinds`: hub.domain.finding.KINDS, '' for all; with "contact" alone, all contacts, a page at a
        time. `contact_id`: with those merged into it. `since` is inclusive, `until` exclusive; neither they nor
        `channel` find contacts. Raises Invalid."""

    async def meant(self, actor: Actor, words: str) -> str:
        """What may have been meant where nothing was found: the words with those mended that are nearly ones of names
        which the actor sees, if that finds something; else ''."""

    async def state(self, actor: Actor) -> IndexState:
        """Whether the index is being rebuilt, and how far."""

    async def rebuild(self, actor: Actor, after: str = "") -> Rebuilt:
        """One step (a few hundred documents) of filling the index: contacts, entries of timelines, appointments,
        bookings, names of documents and events. Repeatable; call it with `next` until that is None. The hub does the
        same by itself where an older version wrote the index. Right: RUN_CHANNELS."""
