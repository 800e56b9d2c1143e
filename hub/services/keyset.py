"""Timeline pages over several contacts: after a merge the survivor's page is a merge of its members' streams.

The cursor is the place of the last entry, (at, id), and the streams are asked from that moment on, inclusive. What lies
at the same moment but was shown already is skipped. So one cursor does for any number of streams, each page costs the
same at any depth, and it stays good when members join between two pages.
"""

import asyncio
import base64
import heapq
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from typing import Protocol, TypeVar

from hub.domain.errors import Invalid
from hub.domain.ids import ContactId
from hub.domain.instant import epoch_ms, from_epoch_ms
from hub.domain.interaction import Interaction
from hub.ports.store import Documents, Page

MAX_PAGE = 200
SPARE = 8
"""Read beyond the page, so that entries of the cursor's own moment seldom cost a second round trip."""
Place = tuple[datetime, str]


class Identified(Protocol):
    """What has an id."""

    @property
    def id(self) -> str:
        """Its key in the store."""


T = TypeVar("T", bound=Identified)


def check_limit(limit: int) -> None:
    """Raises Invalid where nobody can want so many."""
    if not 1 <= limit <= MAX_PAGE:
        raise Invalid(f"A page has 1 to {MAX_PAGE} items.", limit=limit)


async def timeline_page(
    interactions: Documents[Interaction],
    contacts: Sequence[ContactId],
    *,
    after: str | None,
    limit: int,
    newest_first: bool,
) -> Page[Interaction]:
    """The contacts' entries in one order. Raises Invalid for a limit or a cursor that cannot be."""
    return await merged_page(
        interactions, "timeline", contacts, lambda entry: entry.at, after=after, limit=limit, newest_first=newest_first
    )


async def merged_page(
    documents: Documents[T],
    index: str,
    contacts: Sequence[ContactId],
    moment: Callable[[T], datetime],
    *,
    after: str | None,
    limit: int,
    newest_first: bool,
) -> Page[T]:
    """The same over any index of (contact, moment); ties are broken by id. Raises Invalid."""
    check_limit(limit)
    last = None if after is None else _read_cursor(after)

    def place(document: T) -> Place:
        return moment(document), document.id

    streams = await asyncio.gather(
        *(_stream(documents, index, contact, place, last, limit + 1, newest_first) for contact in contacts)
    )
    merged = list(islice(heapq.merge(*streams, key=place, reverse=newest_first), limit + 1))
    shown = merged[:limit]
    return Page(shown, _write_cursor(place(shown[-1])) if len(merged) > limit else None)


async def _stream(
    documents: Documents[T],
    index: str,
    contact: ContactId,
    place: Callable[[T], Place],
    last: Place | None,
    wanted: int,
    newest_first: bool,
) -> list[T]:
    """The next `wanted` entries of one contact behind the place."""
    found: list[T] = []
    cursor: str | None = None
    while True:
        page = await documents.page(
            index,
            contact,
            after=cursor,
            since=last[0] if last and not newest_first else None,
            until=last[0] if last and newest_first else None,
            limit=wanted + SPARE if last else wanted,
            newest_first=newest_first,
        )
        found += [entry for entry in page.items if last is None or _is_behind(place(entry), last, newest_first)]
        cursor = page.next
        if cursor is None or len(found) >= wanted:
            return found[:wanted]


def _is_behind(place: Place, last: Place, newest_first: bool) -> bool:
    return place < last if newest_first else place > last


def _write_cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps([epoch_ms(place[0]), place[1]]).encode("ascii")).decode("ascii")


def _read_cursor(text: str) -> Place:
    try:
        moment, id = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
        return from_epoch_ms(int(moment)), str(id)
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise Invalid("This cursor cannot be read; start again from the first page.") from error
