"""Verbs of the search (hub/services/search/finder.py). Rights: READ_CONTACTS; what tells of money or of appointments is
found with READ_ACCOUNTS and READ_CALENDARS only, which is a part of the index."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from hub.domain.finding import Hit, Rebuilt
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
        """People first (at most six, on the first page only, typing errors allowed), then what holds every word, newest
        first, at most `limit`. The last word may be the beginning of one. `kinds`: hub.domain.finding.KINDS, '' for
        all. `contact_id`: with those merged into it. `since` is inclusive, `until` exclusive. Raises Invalid."""

    async def rebuild(self, actor: Actor, after: str = "") -> Rebuilt:
        """One step (a few hundred entries) of filling the index: filters for what was indexed without them,
        appointments and bookings. Repeatable; call it with `next` until that is None. Right: RUN_CHANNELS."""
