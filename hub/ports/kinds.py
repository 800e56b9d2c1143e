"""Every kind of document: its type, its key, its indexes. Engines interpret these declarations; what is not declared
cannot be queried. docs/queries.md says which query and which invariant each one serves."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from hub.domain.appointment import Appointment, Calendar, CalendarDay
from hub.domain.arrival import ArrivalRecord
from hub.domain.contact import Contact, Identity
from hub.domain.conversation import Conversation, Placement
from hub.domain.desk import CannedReply, Queue
from hub.domain.document import Document, DocumentTemplate, Shelf, UploadRequest, Verdict
from hub.domain.interaction import Interaction, MessageReference, Sighting
from hub.domain.invite import Invite
from hub.domain.ledger import LedgerAccount, LedgerEntry
from hub.domain.merging import Merge
from hub.domain.occasion import Campaign, Mailing, Occasion, Registration
from hub.domain.outbox import OutboxItem
from hub.domain.people import AccessToken, AuditEntry, LinkCode, Role, Session, StaffLink, User
from hub.domain.reception import AutomaticBudget, CustomerContext, CustomerTurn, Proof
from hub.domain.reminder import AlertChoice, Reminder
from hub.domain.report import Bucket, DirtyDay
from hub.domain.sale import Sale
from hub.domain.seating import Seats
from hub.domain.sharing import Overview, Share
from hub.domain.turn import BotContext, BotTurn
from hub.domain.upkeep import Cursor, Setting, Suppression, Tombstone

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An ordered index over top-level fields; ties are broken by id.

    `sparse`: documents in which any key is None are not in it. `many`: the first key is a list, and the document
    stands in the index once for each distinct element.
    """

    name: str
    keys: tuple[str, ...]
    sparse: bool = False
    many: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[T]):
    """One kind of document. `type` is a frozen dataclass with `id: str` and `version: int`.

    `clustered` names the index along which an engine may lay the rows out; `shard` the field that a cluster
    would spread it by (hashed), `id` for kinds whose insert is a claim.
    """

    name: str
    type: type[T]
    indexes: tuple[Index, ...] = ()
    clustered: str = ""
    shard: str = "id"

    def index(self, name: str) -> Index:
        """The declared index of that name. Raises KeyError where there is none."""
        for index in self.indexes:
            if index.name == name:
                return index
        raise KeyError(f"{self.name} has no index {name!r}: declare it in hub/ports/kinds.py and docs/queries.md")


ARRIVALS = Kind(
    name="arrivals",
    type=ArrivalRecord,
    indexes=(
        Index(name="by_state", keys=("state", "received_at")),
        Index(name="by_account", keys=("account", "state")),
    ),
)
INTERACTIONS = Kind(
    name="interactions",
    type=Interaction,
    indexes=(
        Index(name="timeline", keys=("contact_id", "at")),
        Index(name="by_time", keys=("at",)),
    ),
    clustered="timeline",
    shard="contact_id",
)
CONTACTS = Kind(
    name="contacts",
    type=Contact,
    indexes=(Index(name="by_name", keys=("sort_name",)),),
)
MERGES = Kind(
    name="merges",
    type=Merge,
    indexes=(
        Index(name="by_member", keys=("member_id", "at")),
        Index(name="open", keys=("open_since",), sparse=True),
    ),
)
IDENTITIES = Kind(name="identities", type=Identity, indexes=(Index(name="by_contact", keys=("contact_id", "since")),))
CONVERSATIONS = Kind(
    name="conversations",
    type=Conversation,
    indexes=(
        Index(name="by_contact", keys=("contact_id", "last_at")),
        Index(name="by_peer", keys=("account", "peer_key", "last_at")),
        Index(name="by_subject", keys=("peer_key", "normal_subject", "last_at")),
        Index(name="by_number", keys=("number",)),
        Index(name="by_state", keys=("state", "last_at")),
        Index(name="by_creation", keys=("created_at",)),
        Index(name="waiting", keys=("waiting_since",), sparse=True),
        Index(name="waiting_by_owner", keys=("owner", "waiting_since"), sparse=True),
        Index(name="waiting_by_queue", keys=("queue", "waiting_since"), sparse=True),
    ),
)
PLACEMENTS = Kind(
    name="placements",
    type=Placement,
    indexes=(Index(name="by_conversation", keys=("conversation_id", "at")),),
)
MESSAGE_REFERENCES = Kind(name="message_references", type=MessageReference)
SIGHTINGS = Kind(
    name="sightings", type=Sighting, indexes=(Index(name="by_interaction", keys=("interaction_id", "at")),)
)
OUTBOX = Kind(
    name="outbox",
    type=OutboxItem,
    indexes=(
        Index(name="by_state", keys=("state", "due_at")),
        Index(name="by_lane", keys=("lane", "state", "created_at")),
        Index(name="by_entry", keys=("entry_id", "created_at"), sparse=True),
        Index(name="by_message", keys=("message_key", "created_at")),
        Index(name="by_native", keys=("native_refs", "created_at"), many=True),
    ),
)
CURSORS = Kind(name="cursors", type=Cursor)
USERS = Kind(name="users", type=User, indexes=(Index(name="by_name", keys=("name",)),))
ROLES = Kind(name="roles", type=Role, indexes=(Index(name="by_name", keys=("name",)),))
STAFF_LINKS = Kind(name="staff_links", type=StaffLink, indexes=(Index(name="by_user", keys=("user_id", "since")),))
LINK_CODES = Kind(name="link_codes", type=LinkCode, indexes=(Index(name="by_expiry", keys=("expires_at",)),))
INVITES = Kind(name="invites", type=Invite, indexes=(Index(name="by_expiry", keys=("expires_at",)),))
SESSIONS = Kind(
    name="sessions",
    type=Session,
    indexes=(
        Index(name="by_expiry", keys=("expires_at",)),
        Index(name="by_user", keys=("user_id", "created_at")),
    ),
)
TOKENS = Kind(name="tokens", type=AccessToken, indexes=(Index(name="by_user", keys=("user_id", "created_at")),))
BOT_TURNS = Kind(
    name="bot_turns",
    type=BotTurn,
    indexes=(Index(name="open", keys=("open_since",), sparse=True),),
)
BOT_CONTEXTS = Kind(name="bot_contexts", type=BotContext)
AUDIT = Kind(
    name="audit",
    type=AuditEntry,
    indexes=(
        Index(name="by_day", keys=("day", "at")),
        Index(name="by_subject", keys=("subject", "at")),
        Index(name="by_actor", keys=("actor", "at")),
    ),
)
TOMBSTONES = Kind(name="tombstones", type=Tombstone)
SUPPRESSIONS = Kind(name="suppressions", type=Suppression)
SETTINGS = Kind(name="settings", type=Setting)
LEDGER = Kind(
    name="ledger",
    type=LedgerEntry,
    indexes=(
        Index(name="by_account", keys=("account", "seq")),
        Index(name="by_number", keys=("number", "booked_at")),
        Index(name="by_date", keys=("date",)),
    ),
)
SALES = Kind(name="sales", type=Sale)
LEDGER_ACCOUNTS = Kind(
    name="ledger_accounts",
    type=LedgerAccount,
    indexes=(Index(name="by_due", keys=("side", "next_due"), sparse=True),),
)
CALENDARS = Kind(
    name="calendars",
    type=Calendar,
    indexes=(Index(name="by_name", keys=("sort_name",)), Index(name="by_feed", keys=("feed",))),
)
APPOINTMENTS = Kind(
    name="appointments",
    type=Appointment,
    indexes=(
        Index(name="by_calendar", keys=("calendars", "start"), many=True),
        Index(name="by_series", keys=("repeats", "start"), many=True),
        Index(name="by_contact", keys=("contact_id", "start"), sparse=True),
        Index(name="by_uid", keys=("uid",)),
        Index(name="by_start", keys=("start",)),
    ),
)
CALENDAR_DAYS = Kind(name="calendar_days", type=CalendarDay)
REMINDERS = Kind(
    name="reminders",
    type=Reminder,
    indexes=(
        Index(name="by_state", keys=("state", "due_at")),
        Index(name="mine", keys=("open_for", "due_at"), sparse=True),
        Index(name="by_subject", keys=("subject_id", "due_at")),
    ),
)
ALERTS = Kind(name="alerts", type=AlertChoice)
QUEUES = Kind(name="queues", type=Queue, indexes=(Index(name="by_name", keys=("name",)),))
CANNED_REPLIES = Kind(name="canned_replies", type=CannedReply, indexes=(Index(name="by_name", keys=("name",)),))
CUSTOMER_TURNS = Kind(
    name="customer_turns",
    type=CustomerTurn,
    indexes=(Index(name="open", keys=("open_since",), sparse=True),),
)
CUSTOMER_CONTEXTS = Kind(name="customer_contexts", type=CustomerContext)
PROOFS = Kind(name="proofs", type=Proof)
AUTOMATIC_BUDGETS = Kind(name="automatic_budgets", type=AutomaticBudget)

SHARES = Kind(
    name="shares",
    type=Share,
    indexes=(
        Index(name="by_contact", keys=("contact_id", "created_at"), sparse=True),
        Index(name="by_subject", keys=("subject", "created_at")),
        Index(name="by_listing", keys=("listed", "created_at")),
        Index(name="by_content", keys=("sha256", "created_at")),
    ),
)
DOCUMENTS = Kind(name="documents", type=Document, indexes=(Index(name="by_place", keys=("places", "at"), many=True),))
VERDICTS = Kind(name="verdicts", type=Verdict)
SHELVES = Kind(name="shelves", type=Shelf, indexes=(Index(name="by_kind", keys=("kind", "sort_name")),))
UPLOAD_REQUESTS = Kind(
    name="upload_requests",
    type=UploadRequest,
    indexes=(
        Index(name="by_listing", keys=("listed", "created_at")),
        Index(name="by_contact", keys=("contact_id", "created_at"), sparse=True),
    ),
)
OVERVIEWS = Kind(
    name="overviews", type=Overview, indexes=(Index(name="by_contact", keys=("contact_id", "created_at")),)
)
DOCUMENT_TEMPLATES = Kind(
    name="document_templates", type=DocumentTemplate, indexes=(Index(name="by_name", keys=("name",)),)
)

BUCKETS = Kind(name="buckets", type=Bucket, indexes=(Index(name="by_day", keys=("area", "day")),))
DIRTY_DAYS = Kind(name="dirty_days", type=DirtyDay, indexes=(Index(name="by_area", keys=("area", "day")),))
OCCASIONS = Kind(name="occasions", type=Occasion, indexes=(Index(name="by_start", keys=("start",)),))
SEATS = Kind(name="seats", type=Seats, indexes=(Index(name="unsettled", keys=("unsettled_since",), sparse=True),))
REGISTRATIONS = Kind(
    name="registrations",
    type=Registration,
    indexes=(
        Index(name="by_occasion", keys=("occasion_id", "state", "created_at")),
        Index(name="by_contact", keys=("contact_id", "created_at")),
        Index(name="by_code", keys=("code", "created_at")),
        Index(name="by_link", keys=("link", "created_at")),
    ),
)
CAMPAIGNS = Kind(
    name="campaigns",
    type=Campaign,
    indexes=(
        Index(name="newest", keys=("created_at",)),
        Index(name="by_occasion", keys=("occasion_id", "created_at")),
    ),
)
MAILINGS = Kind(
    name="mailings",
    type=Mailing,
    indexes=(
        Index(name="by_campaign", keys=("campaign_id", "state", "number")),
        Index(name="by_link", keys=("link", "number")),
    ),
)

ALL_KINDS: tuple[Kind[Any], ...] = (
    ARRIVALS,
    INTERACTIONS,
    CONTACTS,
    MERGES,
    IDENTITIES,
    CONVERSATIONS,
    PLACEMENTS,
    MESSAGE_REFERENCES,
    SIGHTINGS,
    OUTBOX,
    CURSORS,
    USERS,
    ROLES,
    STAFF_LINKS,
    LINK_CODES,
    INVITES,
    SESSIONS,
    TOKENS,
    BOT_TURNS,
    BOT_CONTEXTS,
    AUDIT,
    TOMBSTONES,
    SUPPRESSIONS,
    SETTINGS,
    LEDGER,
    LEDGER_ACCOUNTS,
    SALES,
    CALENDARS,
    APPOINTMENTS,
    CALENDAR_DAYS,
    REMINDERS,
    ALERTS,
    QUEUES,
    CANNED_REPLIES,
    CUSTOMER_TURNS,
    CUSTOMER_CONTEXTS,
    PROOFS,
    AUTOMATIC_BUDGETS,
    SHARES,
    DOCUMENTS,
    VERDICTS,
    SHELVES,
    UPLOAD_REQUESTS,
    OVERVIEWS,
    DOCUMENT_TEMPLATES,
    BUCKETS,
    DIRTY_DAYS,
    OCCASIONS,
    SEATS,
    REGISTRATIONS,
    CAMPAIGNS,
    MAILINGS,
)
