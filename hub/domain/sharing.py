"""Files that people outside fetch by a link."""

from dataclasses import dataclass
from datetime import datetime

from hub.domain.ids import ContactId, UserId, derived_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One fetch of a shared file."""

    at: datetime
    client: str
    """IP address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A file behind a link: id = H(secret of the link). Whoever has the link may fetch it until it expires, is revoked
    or was fetched `limit` times (0: as often as they like)."""

    id: str
    version: int = 0
    name: str
    type: str
    size: int
    sha256: str
    contact_id: ContactId | None = None
    """For whom, or whom the file concerns."""
    addressed: bool = False
    """Whether it was made for that contact: then it stands on their overview. A link to somebody's document that was
    made for a third party does not."""
    subject: str = ""
    """What it belongs to: the timeline entry that carried it, a document."""
    created_by: UserId | None = None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    limit: int = 0
    downloads: int = 0
    log: tuple[Download, ...] = ()
    """The last 50."""
    listed: str = "all"
    """The index's equality key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A contact's page of what is shared with them: id = H(secret of the link)."""

    id: str
    version: int = 0
    contact_id: ContactId
    created_by: UserId | None = None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    visits: int = 0
    log: tuple[Download, ...] = ()
    """The last 50 visits."""


def overview_id(token: str) -> str:
    """The key of the overview that the link's secret opens."""
    return derived_id("y", "overview", token)


def share_id(token: str) -> str:
    """The key of the share that the link's secret opens; the secret itself is not kept."""
    return derived_id("f", "share", token)
