"""The bookings of an account in the order in which people read them: by the day that they are of. The order in which
they were entered decides only among those of one day."""

import base64
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from hub.domain.errors import Invalid
from hub.domain.ledger import LedgerEntry
from hub.ports.store import Page
from hub.services.keyset import check_limit


def sort_bookings(entries: Iterable[LedgerEntry]) -> list[LedgerEntry]:
    """Oldest first."""
    return sorted(entries, key=_place)


def page_bookings(entries: Iterable[LedgerEntry], after: str | None, limit: int) -> Page[LedgerEntry]:
    """Newest first, those behind `after`; the cursor names the last that was shown, so it stays good while others book.
    Raises Invalid for a limit or a cursor that cannot be."""
    check_limit(limit)
    ordered = sort_bookings(entries)[::-1]
    start = _behind(ordered, after) if after else 0
    shown = ordered[start : start + limit]
    return Page(shown, _cursor(shown[-1]) if start + limit < len(ordered) else None)


def _place(entry: LedgerEntry) -> tuple[date, datetime, str]:
    return entry.date, entry.booked_at, entry.id


def _cursor(entry: LedgerEntry) -> str:
    return base64.urlsafe_b64encode(entry.id.encode()).decode("ascii")


def _behind(ordered: Sequence[LedgerEntry], after: str) -> int:
    try:
        last = base64.urlsafe_b64decode(after.encode("ascii")).decode()
        return next(place for place, entry in enumerate(ordered, 1) if entry.id == last)
    except (ValueError, StopIteration) as error:
        raise Invalid("This cursor cannot be read; start again from the first page.") from error
