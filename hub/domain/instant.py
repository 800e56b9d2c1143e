"""Moments in time: aware, UTC, whole milliseconds (what BSON keeps)."""

from datetime import UTC, datetime


def to_utc_ms(moment: datetime) -> datetime:
    """The moment in UTC, truncated to milliseconds. Raises ValueError for a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no place in the hub")
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def from_epoch_ms(value: int) -> datetime:
    """The moment `value` milliseconds after 1970."""
    seconds, rest = divmod(value, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)


def epoch_ms(moment: datetime) -> int:
    """Milliseconds after 1970, exactly (no float on the way)."""
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
