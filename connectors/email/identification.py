"""Message-IDs, references and dates of header fields (RFC 5322 §3.6.1, §3.6.4)."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from connectors.email.header import decode_words
from hub.domain.instant import to_utc_ms

MAX_REFERENCES = 50
_MAX_ID = 500
_BRACKETED = re.compile(r"<([^<>]{1,2000})>")
_SEPARATOR = re.compile(r"[\s,;]+")
_TOKEN = re.compile(
    r"\bf1\.[a-z2-7]{26}\.[0-9a-z]{1,5}\.[a-z2-7]{10}\.[a-z2-7]{16}(?:@[a-z0-9.-]{1,253})?", re.IGNORECASE
)
"""The shape of our own tokens, as hub.domain.token makes them; whether one is genuine is not decided here."""
_QUOTED_HEADER = re.compile(r"Message-ID:\s*<([^<>\s]{3,250}@[^<>\s]{1,250})>", re.IGNORECASE)
_ZONES = {
    "MEZ": "+0100",
    "CET": "+0100",
    "MESZ": "+0200",
    "CEST": "+0200",
    "BST": "+0100",
    "EET": "+0200",
    "EEST": "+0300",
}
"""Zone names that RFC 5322 §4.3 does not know and that are written all the same."""
_ZONE_NAME = re.compile(r"\s(MEZ|CET|MESZ|CEST|BST|EET|EEST)\s*$")
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def read_message_id(field: str) -> str:
    """`< abc@x >`, `<abc@x>` and `abc@x` are the same id: no angle brackets, no blanks, case kept. '' where there is
    none, or one too long to be one."""
    bracketed = _BRACKETED.search(field)
    if bracketed:
        found = "".join(bracketed[1].split())
    else:
        words = field.replace("<", " ").replace(">", " ").split()
        found = words[0] if words else ""
    return found if len(found) <= _MAX_ID else ""


def read_references(field: str) -> tuple[str, ...]:
    """The ids of a References or In-Reply-To field, oldest first, each once. Of more than 50 the oldest and the newest
    are kept: the first names the thread, the last the message answered. Some programs fold a long id into encoded
    words, although RFC 2047 §5 forbids them there."""
    if "=?" in field:
        field = decode_words(field)
    written = ["".join(found.split()) for found in _BRACKETED.findall(field)]
    if not written:
        written = [word for word in _SEPARATOR.split(field.strip("<> ")) if "@" in word]
        # "Your message of Monday to anna@example.org" is prose, not an id.
        written = written if len(written) * 2 > len(field.split()) else []
    ids = list(dict.fromkeys(found for found in written if 0 < len(found) <= _MAX_ID))
    if len(ids) > MAX_REFERENCES:
        ids = ids[:1] + ids[1 - MAX_REFERENCES :]
    return tuple(ids)


def find_quoted_ids(text: str) -> tuple[str, ...]:
    """Our tokens and the Message-IDs that a quoted or forwarded header names in a body, at most 20."""
    found: dict[str, None] = {}
    if "f1." in text or "F1." in text:
        found.update((match.rstrip("."), None) for match in _TOKEN.findall(text))
    if "essage-" in text:
        found.update((match, None) for match in _QUOTED_HEADER.findall(text))
    return tuple(found)[:20]


def read_date(field: str) -> datetime | None:
    """The moment, UTC, or None where the field is no date between 1970 and 2200. Without a zone it is UTC."""
    parsed = _parse_rfc5322(field[:100]) or _parse_iso(field[:40])
    if parsed is None:
        return None
    try:
        moment = to_utc_ms(parsed)
    except (ValueError, OverflowError):
        return None
    return moment if _EARLIEST <= moment < _LATEST else None


def _parse_rfc5322(text: str) -> datetime | None:
    try:
        parts = parsedate_tz(_ZONE_NAME.sub(lambda zone: f" {_ZONES[zone[1]]}", text))
        if parts is None:
            return None
        year, month, day, hour, minute, second = parts[:6]
        zone = timezone(timedelta(seconds=parts[9] or 0))
        # A leap second is a valid time of day (RFC 5322 §3.3) that datetime does not know.
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None


def _parse_iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
