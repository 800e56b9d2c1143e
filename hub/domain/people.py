"""Colleagues who may sign in, what they may do, and who is acting."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.domain.address import Address
from hub.domain.ids import UserId, derived_id
from hub.domain.message import Strength


class UserRole(StrEnum):
    """Admins run the hub, agents talk to people, accountants keep the books and read the rest, read-only looks on. A
    company's own roles are data (`Role`)."""

    ADMIN = "admin"
    AGENT = "agent"
    ACCOUNTANT = "accountant"
    READ_ONLY = "read-only"


class RowScope(StrEnum):
    """Whose contacts, and all that belongs to them, a colleague sees: whole, or not at all."""

    ALL = "all"
    TEAM = "team"
    """Of oneself and of whoever shares a team, and those that nobody owns yet."""
    OWN = "own"
    """Of oneself, and those that nobody owns yet."""


class Right(StrEnum):
    """What a verb asks for."""

    READ_CONTACTS = "read-contacts"
    EDIT_CONTACTS = "edit-contacts"
    WRITE_MESSAGES = "write-messages"
    WRITE_NOTES = "write-notes"
    OWN_CONVERSATIONS = "own-conversations"
    """Assign, close, re-open."""
    DELETE_CONVERSATIONS = "delete-conversations"
    RUN_OUTBOX = "run-outbox"
    RUN_QUARANTINE = "run-quarantine"
    RUN_CHANNELS = "run-channels"
    RUN_USERS = "run-users"
    READ_STATUS = "read-status"
    ASK_AS = "ask-as"
    READ_ACCOUNTS = "read-accounts"
    BOOK = "book"
    """Book into the ledger, take back, remind of payments."""
    READ_CALENDARS = "read-calendars"
    BOOK_APPOINTMENTS = "book-appointments"
    RUN_QUEUES = "run-queues"
    """Configure queues and canned replies."""
    READ_AUDIT = "read-audit"
    MERGE_CONTACTS = "merge-contacts"
    EXPORT_CONTACTS = "export-contacts"
    """All of them at once, as a file."""


AGENT_RIGHTS = frozenset(
    {
        Right.READ_CONTACTS,
        Right.EDIT_CONTACTS,
        Right.MERGE_CONTACTS,
        Right.WRITE_MESSAGES,
        Right.WRITE_NOTES,
        Right.OWN_CONVERSATIONS,
        Right.RUN_OUTBOX,
        Right.READ_STATUS,
        Right.READ_ACCOUNTS,
        Right.BOOK,
        Right.READ_CALENDARS,
        Right.BOOK_APPOINTMENTS,
    }
)
READING_RIGHTS = frozenset(
    {Right.READ_CONTACTS, Right.READ_STATUS, Right.READ_ACCOUNTS, Right.READ_CALENDARS, Right.READ_AUDIT}
)
LOOKING_RIGHTS = READING_RIGHTS - {Right.READ_AUDIT}
NOT_FOR_OWN_ROLES = frozenset({Right.RUN_USERS, Right.ASK_AS})
"""With these one could give oneself any other: they belong to admins alone."""
SCOPE_LOCAL = "local"
"""Scope of the one token that lies in the hub's data directory: its holder may ask as somebody else."""
SCOPE_READ = "read"
"""Scope of a token that may only read."""
RIGHTS: dict[UserRole, frozenset[Right]] = {
    UserRole.AGENT: AGENT_RIGHTS,
    UserRole.ADMIN: frozenset(Right),
    UserRole.ACCOUNTANT: LOOKING_RIGHTS | {Right.BOOK},
    UserRole.READ_ONLY: LOOKING_RIGHTS,
}


class ActorKind(StrEnum):
    """Who acts: a colleague, a contact, or the hub itself."""

    USER = "user"
    CONTACT = "contact"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks, through which door, and how well that is known. Every public verb takes one first."""

    kind: ActorKind
    id: str
    """UserId, ContactId, or the name of the part of the hub."""
    name: str = ""
    roles: tuple[UserRole, ...] = ()
    teams: tuple[str, ...] = ()
    via: str
    """"console", "api", "cli", "xmpp", "mail", "system"."""
    assurance: Strength = Strength.VERIFIED
    language: str = "en"
    time_zone: str = ""
    """The colleague's own zone, '' where none is set."""
    must_change_password: bool = False
    """Set by `session_actor` until the one-time password is replaced: the console lets them do nothing else."""
    scopes: tuple[str, ...] = ()
    """Of the access token, where one was shown: SCOPE_LOCAL opens `ask --as`, SCOPE_READ limits to reading."""
    granted: frozenset[Right] | None = None
    """The rights of a company's own role, which stand instead of those of `roles`."""
    rows: RowScope = RowScope.ALL

    @property
    def rights(self) -> frozenset[Right]:
        """The union of the rights of the actor's roles, less what the token's scopes withhold; the system has them
        all, a contact none."""
        if self.kind is ActorKind.SYSTEM:
            return frozenset(Right)
        if self.kind is ActorKind.CONTACT or self.assurance is Strength.CLAIMED:
            return frozenset()
        granted = self.granted
        if granted is None:
            granted = frozenset[Right]().union(*(RIGHTS[role] for role in self.roles))
        if SCOPE_READ in self.scopes:
            granted &= READING_RIGHTS
        return granted if SCOPE_LOCAL in self.scopes else granted - {Right.ASK_AS}

    @property
    def user_id(self) -> UserId | None:
        """The colleague, where one acts."""
        return UserId(self.id) if self.kind is ActorKind.USER else None


def system_actor(part: str) -> Actor:
    """The hub itself acting, for example `system_actor("dispatch")`."""
    return Actor(kind=ActorKind.SYSTEM, id=part, name=part, via="system")


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A colleague's account."""

    id: UserId
    version: int = 0
    name: str
    """What they sign in with; unique, folded."""
    display_name: str
    role: UserRole
    language: str = "en"
    time_zone: str = ""
    password_hash: str = ""
    must_change_password: bool = False
    active: bool = True
    created_at: datetime
    own_role: str = ""
    """Id of a company's own role, whose rights stand instead of those of `role`; never an admin's."""
    rows: RowScope = RowScope.ALL
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role that a company has made for itself. Id is its folded name."""

    id: str
    version: int = 0
    name: str
    rights: tuple[Right, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffLink:
    """A native account bound to a colleague: id = H(channel, normal form)."""

    id: str
    version: int = 0
    user_id: UserId
    address: Address
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCode:
    """A one-time code that binds a native account: id = H(code). 10 minutes, one use."""

    id: str
    version: int = 0
    user_id: UserId
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A console session: id = SHA-256 of the cookie. Idle and absolute ends."""

    id: str
    version: int = 0
    user_id: UserId
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A bearer token of the API: id = SHA-256 of the token."""

    id: str
    version: int = 0
    user_id: UserId
    name: str
    scopes: tuple[str, ...] = ()
    created_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what to what, through which door. Never a body."""

    id: str
    version: int = 0
    at: datetime
    actor: str
    """`user:u_...`, `contact:c_...`, `system:dispatch`."""
    via: str
    verb: str
    subject: str = ""
    """Id of what it was done to."""
    outcome: str = "ok"
    detail: str = ""
    day: str = ""
    """`2026-11-23`, the index's equality key."""


def user_id_of(name: str) -> UserId:
    """The id of the user with this (folded) name: the insert is the uniqueness check."""
    return UserId(derived_id("u", name))


def staff_link_id(address: Address) -> str:
    """The claim document of a linked native account."""
    return derived_id("l", address.channel, address.normal)
