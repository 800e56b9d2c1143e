"""Small documents that keep the hub in order: cursors, tombstones, suppressions, the schema's version."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a connector has read a stream: id = `account/stream`."""

    id: str
    version: int = 0
    value: bytes
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """Something deleted on request that must not come back: id = HMAC of fingerprint or Message-ID."""

    id: str
    version: int = 0
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address that is not to be written to: id = identity id of the address."""

    id: str
    version: int = 0
    address_key: str
    reason: str
    """`hard-bounce`, `complaint`, `opt-out`, `blocked`."""
    since: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value that the hub made for itself and must keep (token secret, schema version): id = its name."""

    id: str
    version: int = 0
    value: str
    at: datetime
