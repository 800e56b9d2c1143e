"""How far one folder was read: kept by the hub after every message, so that nothing is lost or asked for twice."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

_SLACK = timedelta(days=1)
"""IMAP searches by whole days of the server's time zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderCursor:
    """`last` is the last UID that was kept, under `validity`. Up to `history_until` the messages lay there before we
    came: of them only those since `since` are read, as history if they are older than `history_before` (None: all).
    `seen` is the newest INTERNALDATE kept, by which reading goes on when the server numbers its mail anew."""

    validity: int
    last: int
    history_until: int
    since: date
    history_before: datetime | None = None
    seen: datetime

    def is_history(self, uid: int, received_at: datetime) -> bool:
        """Whether a message is old mail, to be recorded without telling or answering anybody."""
        if uid > self.history_until:
            return False
        return self.history_before is None or received_at <= self.history_before

    def encode(self) -> bytes:
        """For Inlet.save_cursor."""
        record = {
            "validity": self.validity,
            "last": self.last,
            "history_until": self.history_until,
            "since": self.since.isoformat(),
            "history_before": self.history_before.isoformat() if self.history_before else None,
            "seen": self.seen.isoformat(),
        }
        return json.dumps(record).encode()


def decode_cursor(value: bytes | None) -> FolderCursor | None:
    """None where there is none, or none that can be read: then the folder counts as new, and its mail as history."""
    if not value:
        return None
    try:
        record = json.loads(value)
        before = record["history_before"]
        return FolderCursor(
            validity=int(record["validity"]),
            last=int(record["last"]),
            history_until=int(record["history_until"]),
            since=date.fromisoformat(record["since"]),
            history_before=datetime.fromisoformat(before) if before else None,
            seen=datetime.fromisoformat(record["seen"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def first_cursor(*, validity: int, next_uid: int, backfill_days: int, now: datetime) -> FolderCursor:
    """The first connection: what lies there is history, and only the back-fill window of it is read."""
    there = next_uid - 1
    return FolderCursor(
        validity=validity,
        last=0 if backfill_days else there,
        history_until=there,
        since=(now - timedelta(days=backfill_days)).astimezone(UTC).date(),
        seen=now,
    )


def renumbered_cursor(
    old: FolderCursor, *, validity: int, next_uid: int, backfill_days: int, now: datetime
) -> FolderCursor:
    """UIDVALIDITY changed: read again what may be new. What we had is recognised by its fingerprint; only what is
    newer than the newest that we had counts as new mail."""
    since = min(now - timedelta(days=backfill_days), old.seen - _SLACK)
    return FolderCursor(
        validity=validity,
        last=0,
        history_until=next_uid - 1,
        since=since.astimezone(UTC).date(),
        history_before=old.seen,
        seen=old.seen,
    )


def search_date(day: date) -> str:
    """As SEARCH wants it (RFC 3501 §9), whatever the locale: 5-Nov-2026."""
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day.day}-{months[day.month - 1]}-{day.year}"
