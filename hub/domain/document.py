"""Documents: every file that came or went, where it is kept and whom it concerns."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from hub.domain.folding import fold
from hub.domain.ids import ArrivalId, ContactId, InteractionId, UserId, derived_id

MAX_NAME = 200
MAX_TAGS = 30
MAX_LINKS = 50
MAX_VERSIONS = 100
TODO, REMOVED, PURGING, EVERYWHERE = "todo", "removed", "purging", "all"


class ScanState(StrEnum):
    """What the virus check says of a content."""

    UNCHECKED = "unchecked"
    """No virus check is configured."""
    PENDING = "pending"
    CLEAN = "clean"
    INFECTED = "infected"
    UNSCANNABLE = "unscannable"
    """The scanner could not look into it: too large, broken."""


class DocumentSource(StrEnum):
    """How a file got here."""

    RECEIVED = "received"
    SENT = "sent"
    UPLOADED = "uploaded"
    BOT = "bot"
    REQUESTED = "requested"
    """A visitor put it in through an upload request."""
    MADE = "made"
    """Filled from a template."""


class Reading(StrEnum):
    """Whether its text can be searched."""

    WAITING = "waiting"
    DONE = "done"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVersion:
    """One content. `arrival_id` is set while the bytes lie in the raw arrival only."""

    number: int
    name: str
    type: str
    size: int
    sha256: str
    at: datetime
    by: UserId | None = None
    scan: ScanState = ScanState.UNCHECKED
    scan_detail: str = ""
    arrival_id: ArrivalId | None = None
    index: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file with its older contents. `places` is what it is listed under: see `placed`."""

    id: str
    version: int = 0
    name: str
    folder: str = ""
    """A path such as `Angebote/2026`; '' for none."""
    tags: tuple[str, ...] = ()
    contact_id: ContactId | None = None
    entry_id: InteractionId | None = None
    links: tuple[str, ...] = ()
    """What else it belongs to: `order:R-2001`, `appointment:p_...`, `occasion:n_...`."""
    source: DocumentSource
    at: datetime
    created_by: UserId | None = None
    versions: tuple[FileVersion, ...]
    """Oldest first; the last one is current."""
    reading: Reading = Reading.WAITING
    excerpt: str = ""
    """The first 500 characters of its text."""
    pages: int = 0
    keep_until: datetime | None = None
    """It cannot be removed before."""
    removed_at: datetime | None = None
    purged_at: datetime | None = None
    """Its time is over: nobody sees it any more, and it cannot be restored. See hub/services/documents/purging.py."""
    places: tuple[str, ...] = ()

    @property
    def current(self) -> FileVersion:
        """The content that is meant."""
        return self.versions[-1]

    @property
    def scan(self) -> ScanState:
        """Of the current content."""
        return self.current.scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The virus check's word on a content: id = its SHA-256."""

    id: str
    version: int = 0
    state: ScanState
    detail: str = ""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A folder or a tag that documents are listed under: id = `folder:` or `tag:` and the folded name."""

    id: str
    version: int = 0
    kind: str
    name: str
    sort_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRequest:
    """A link under which a visitor puts files in: id = H(secret of the link)."""

    id: str
    version: int = 0
    contact_id: ContactId | None = None
    folder: str = ""
    text: str = ""
    """What the visitor is asked for."""
    created_by: UserId | None = None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    limit: int = 10
    """Files in all."""
    taken: int = 0
    listed: str = EVERYWHERE
    """The index's equality key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTemplate:
    """A text with {fields} that becomes a PDF. Id is its folded name."""

    id: str
    version: int = 0
    name: str
    title: str
    text: str
    folder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingProposal:
    """Where a file seems to belong, and why: a number or an address that stands in it, a name."""

    contact_id: ContactId | None = None
    contact_name: str = ""
    folder: str = ""
    links: tuple[str, ...] = ()
    reason: str = ""
    """`number`, `address`, `name` or ''."""


def document_id(*parts: str) -> str:
    """The document of an attachment (entry, index), or of an upload (its key)."""
    return derived_id("d", "document", *parts)


def upload_request_id(token: str) -> str:
    """The key of the request that the link's secret opens."""
    return derived_id("w", "upload", token)


def tidy_folder(text: str) -> str:
    """A folder's path: parts trimmed, no empty ones, no `.` or `..`, at most 6 of at most 60 characters."""
    parts = ["".join(c for c in part if c.isprintable()).strip()[:60] for part in text.replace("\\", "/").split("/")]
    return "/".join([part for part in parts if part.strip(". ")][:6])


def tidy_name(text: str, fallback: str = "file") -> str:
    """A file's name without a path, control characters or marks that turn the reading direction."""
    bare = text.replace("\\", "/").rpartition("/")[2]
    kept = "".join(c for c in bare if c.isprintable() and c not in '<>:"|?*').strip(" .")
    if len(kept) > MAX_NAME:
        stem, dot, ending = kept.rpartition(".")
        kept = f"{stem[: MAX_NAME - 20]}{dot}{ending[:12]}" if dot else kept[:MAX_NAME]
    return kept or fallback


def group_of(type: str, name: str) -> str:
    """What kind of file it is, for filters: pdf, picture, text, table, slides, archive, sound, other."""
    ending = name.rpartition(".")[2].lower()
    for group, endings in _GROUPS.items():
        if ending in endings:
            return group
    main = type.partition("/")[0]
    return {"image": "picture", "text": "text", "audio": "sound", "video": "sound"}.get(
        main, "pdf" if type == "application/pdf" else "other"
    )


_GROUPS = {
    "pdf": ("pdf",),
    "picture": ("png", "jpg", "jpeg", "gif", "webp", "tif", "tiff", "bmp", "heic", "svg"),
    "text": ("docx", "doc", "odt", "txt", "md", "rtf", "eml", "html", "htm"),
    "table": ("xlsx", "xls", "ods", "csv"),
    "slides": ("pptx", "ppt", "odp"),
    "archive": ("zip", "gz", "tar", "7z", "rar"),
    "sound": ("mp3", "wav", "ogg", "opus", "m4a", "mp4", "mov"),
}
GROUPS = (*_GROUPS, "other")


def placed(document: Document) -> Document:
    """The document with its `places` worked out. A removed one is listed as removed, and by its content."""
    current = document.current
    same = tuple(dict.fromkeys(f"sha:{one.sha256}" for one in document.versions))
    if document.purged_at is not None:
        # It needs its contents no more. Of a message's file the id stays, so that following does not bring it back.
        left = bool(document.name) or any(one.sha256 for one in document.versions)
        return replace(document, places=(PURGING,) if left else ())
    if document.removed_at is not None:
        return replace(document, places=(REMOVED, *same))
    places = [EVERYWHERE, f"type:{group_of(current.type, current.name)}", *same]
    places += [f"tag:{fold(tag)}" for tag in document.tags]
    parts = document.folder.split("/") if document.folder else []
    places += [f"folder:{fold_path('/'.join(parts[:end]))}" for end in range(1, len(parts) + 1)]
    if document.contact_id:
        places.append(f"contact:{document.contact_id}")
    places += [f"link:{link}" for link in document.links]
    if document.entry_id:
        places.append(f"link:entry:{document.entry_id}")
    if document.reading is Reading.WAITING or document.scan is ScanState.PENDING:
        places.append(TODO)
    return replace(document, places=tuple(dict.fromkeys(places)))


def fold_path(folder: str) -> str:
    """The folded path, for comparing."""
    return "/".join(fold(part) or part for part in folder.split("/"))
