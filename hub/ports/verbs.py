"""The verbs: what people and programs can do. Bots, console, API and command line are four users of the same verbs
with the same rights. Every verb takes the Actor first, checks access inside, writes the audit entry before it returns,
and raises Refused, NotFound, Ambiguous, Invalid, Conflict or StoreUnavailable (hub.domain.errors).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Protocol

from hub.domain.address import Address
from hub.domain.contact import Contact
from hub.domain.conversation import Conversation
from hub.domain.ids import ContactId, ConversationId, InteractionId, OutboxId, UserId
from hub.domain.interaction import Interaction
from hub.domain.outbox import OutboxItem, OutboxState
from hub.domain.people import AccessToken, Actor, AuditEntry, Role, RowScope, UserRole
from hub.domain.views import (
    ChannelLine,
    ContactCard,
    ContactDraft,
    ContactMatch,
    ConversationLine,
    EntryDetail,
    FileData,
    HubStatus,
    QuarantineLine,
    ReplyDraft,
    ReplyReceipt,
    SignIn,
    TimelineEntry,
    UserLine,
)
from hub.ports.account_verbs import AccountVerbs
from hub.ports.calendar_verbs import CalendarVerbs
from hub.ports.configuration import KindLine
from hub.ports.connector import ProbeStep
from hub.ports.desk_verbs import DeskVerbs
from hub.ports.document_verbs import DocumentVerbs
from hub.ports.fax_verbs import FaxVerbs
from hub.ports.occasion_verbs import OccasionVerbs
from hub.ports.register_verbs import RegisterVerbs
from hub.ports.reminder_verbs import ReminderVerbs
from hub.ports.report_verbs import ReportVerbs
from hub.ports.search_verbs import SearchVerbs
from hub.ports.store import Page


class ContactVerbs(Protocol):
    """hub/services/contacts.py"""

    async def find(self, actor: Actor, text: str, limit: int = 10) -> list[ContactMatch]:
        """By id, address, whole name, then similar names; best first."""

    async def resolve(self, actor: Actor, text: str) -> Contact:
        """The one contact meant by a name, an address or an id. Raises Ambiguous (fields["choices"]: list of
        ContactMatch) or NotFound (fields["nearest"]: up to three ContactMatch)."""

    async def page(self, actor: Actor, after: str | None = None, limit: int = 50) -> Page[Contact]:
        """By name."""

    async def card(self, actor: Actor, contact_id: ContactId) -> ContactCard: ...

    async def create(self, actor: Actor, draft: ContactDraft) -> Contact: ...

    async def edit(self, actor: Actor, contact_id: ContactId, draft: ContactDraft, version: int) -> Contact:
        """Raises Conflict where somebody else was quicker."""


class TimelineVerbs(Protocol):
    """hub/services/timeline.py"""

    async def page(
        self,
        actor: Actor,
        contact_id: ContactId,
        after: str | None = None,
        limit: int = 50,
        newest_first: bool = True,
    ) -> Page[TimelineEntry]: ...

    async def search(
        self, actor: Actor, text: str, after: str | None = None, limit: int = 20
    ) -> Page[TimelineEntry]: ...

    async def entry(self, actor: Actor, interaction_id: InteractionId) -> EntryDetail: ...

    async def raw(self, actor: Actor, interaction_id: InteractionId) -> FileData:
        """The message as it came."""

    async def attachment(self, actor: Actor, interaction_id: InteractionId, index: int) -> FileData: ...

    async def html(self, actor: Actor, interaction_id: InteractionId) -> str | None:
        """Sanitised; to be shown in a sandboxed frame only."""

    async def note(
        self,
        actor: Actor,
        contact_id: ContactId,
        text: str,
        conversation_id: ConversationId | None = None,
        *,
        key: str = "",
    ) -> Interaction:
        """An internal note, never visible to the contact. `key`: the same key writes once."""

    async def log_call(
        self,
        actor: Actor,
        contact_id: ContactId,
        text: str,
        *,
        minutes: int = 0,
        incoming: bool = False,
        key: str = "",
    ) -> Interaction:
        """A call that no exchange told of, ended now. `key`: the same key writes once."""


class ConversationVerbs(Protocol):
    """hub/services/conversations.py (reading, owning) and hub/services/replies.py (answering)"""

    async def inbox(
        self, actor: Actor, box: str = "all", after: str | None = None, limit: int = 50
    ) -> Page[ConversationLine]:
        """What waits for an answer, longest first. `box`: "mine", "queue", "all", or "queue:" and a queue's id."""

    async def recent(
        self, actor: Actor, state: str = "open", after: str | None = None, limit: int = 50
    ) -> Page[ConversationLine]:
        """Newest first; `state`: "open" or "closed"."""

    async def get(self, actor: Actor, conversation_id: ConversationId) -> ConversationLine: ...

    async def entries(
        self,
        actor: Actor,
        conversation_id: ConversationId,
        after: str | None = None,
        limit: int = 50,
        newest_first: bool = True,
    ) -> Page[TimelineEntry]: ...

    async def answerable(self, actor: Actor, contact_id: ContactId) -> Conversation:
        """The conversation that "reply to X" means: the longest waiting one, else the last one. Raises NotFound."""

    async def draft(self, actor: Actor, conversation_id: ConversationId) -> ReplyDraft: ...

    async def reply(
        self,
        actor: Actor,
        conversation_id: ConversationId,
        text: str,
        *,
        key: str = "",
        files: Sequence[FileData] = (),
        immediately: bool = False,
    ) -> ReplyReceipt:
        """Accept an answer for sending. `key`: the same key submits once (Idempotency-Key, form nonce, bot turn)."""

    async def assign(self, actor: Actor, conversation_id: ConversationId, user_id: UserId | None) -> Conversation:
        """To a colleague, or back to the queue."""

    async def close(self, actor: Actor, conversation_id: ConversationId) -> Conversation: ...

    async def reopen(self, actor: Actor, conversation_id: ConversationId) -> Conversation: ...

    async def delete(self, actor: Actor, conversation_id: ConversationId) -> int:
        """Remove its entries and leave tombstones, so that they do not come back with the mailbox. Returns how many."""


class OutboxVerbs(Protocol):
    """hub/services/outbox.py"""

    async def page(
        self, actor: Actor, state: OutboxState, after: str | None = None, limit: int = 50
    ) -> Page[OutboxItem]: ...

    async def get(self, actor: Actor, item_id: OutboxId) -> OutboxItem: ...

    async def retry(self, actor: Actor, item_id: OutboxId) -> OutboxItem:
        """A person decides to send a held, failed or bounced item (again), or a queued one now. Raises Conflict."""

    async def cancel(self, actor: Actor, item_id: OutboxId) -> OutboxItem:
        """Raises Conflict once it is being sent or was sent."""

    async def settle(self, actor: Actor, item_id: OutboxId) -> OutboxItem:
        """A person knows that a held item was sent."""


class QuarantineVerbs(Protocol):
    """hub/services/quarantine.py"""

    async def page(self, actor: Actor, after: str | None = None, limit: int = 50) -> Page[QuarantineLine]: ...

    async def raw(self, actor: Actor, arrival_id: str) -> FileData: ...

    async def replay(self, actor: Actor, arrival_id: str) -> str:
        """Try again; the new state."""


class ChannelVerbs(Protocol):
    """hub/services/channels.py"""

    async def all(self, actor: Actor) -> list[ChannelLine]: ...

    async def probe(self, actor: Actor, name: str) -> list[ProbeStep]: ...

    async def links(self, actor: Actor, code: str) -> tuple[tuple[str, str], ...]:
        """Channel name and link by which a colleague hands us a link code without typing it."""

    async def kinds(self, actor: Actor) -> list[KindLine]: ...

    async def configure(self, actor: Actor, name: str, kind: str, values: Mapping[str, str]) -> list[ProbeStep]:
        """Add it or configure it anew, then try it. Raises ConfigurationInvalid, NotFound, Conflict."""

    async def remove(self, actor: Actor, name: str) -> None:
        """Raises ConfigurationInvalid."""


class UserVerbs(Protocol):
    """hub/services/users.py"""

    async def add(
        self, actor: Actor, name: str, role: UserRole, *, display_name: str = "", language: str = "en"
    ) -> tuple[UserLine, str]:
        """The user and a one-time password. Raises Conflict where the name is taken."""

    async def all(self, actor: Actor) -> list[UserLine]: ...

    async def change(
        self,
        actor: Actor,
        user_id: UserId,
        *,
        role: UserRole | None = None,
        own_role: str | None = None,
        rows: RowScope | None = None,
        teams: Sequence[str] | None = None,
        active: bool | None = None,
        display_name: str | None = None,
    ) -> UserLine:
        """What is None stays. `own_role` '' gives back the rights of `role`. Takes effect with the next request.
        Raises Invalid, Conflict for the last admin."""

    async def roles(self, actor: Actor) -> list[Role]:
        """The company's own, by name."""

    async def save_role(self, actor: Actor, role: Role) -> Role:
        """New where `version` is 0. Raises Invalid (also for rights that belong to admins alone), Conflict."""

    async def delete_role(self, actor: Actor, role_id: str) -> None:
        """Raises NotFound, Conflict while a colleague has it."""

    async def get(self, actor: Actor, name_or_id: str) -> UserLine: ...

    async def set_password(self, actor: Actor, user_id: UserId, password: str, *, keep_session: str = "") -> None:
        """One's own, or anyone's by an admin. At least 10 characters. Ends all sessions but that of the cookie
        `keep_session`."""

    async def set_preferences(
        self, actor: Actor, user_id: UserId, *, language: str | None = None, time_zone: str | None = None
    ) -> UserLine: ...

    async def link_code(self, actor: Actor, user_id: UserId) -> str:
        """Eight letters and digits, good for ten minutes and one use."""

    async def bind(self, address: Address, code: str) -> UserLine | None:
        """Bind the native account that sent the code. None for a wrong or expired code; rate-limited by address."""

    async def unlink(self, actor: Actor, user_id: UserId, address: Address) -> None: ...

    def staff_at(self, address: Address) -> UserLine | None:
        """The colleague behind a native account, from memory."""

    async def sign_in(self, name: str, password: str, client: str) -> SignIn | None:
        """None for wrong credentials (constant time); raises TooMany."""

    async def sign_out(self, cookie: str) -> None: ...

    async def session_actor(self, cookie: str) -> Actor | None: ...

    async def token_actor(self, token: str) -> Actor | None: ...

    async def add_token(self, actor: Actor, name: str, scopes: Sequence[str] = ()) -> tuple[AccessToken, str]:
        """For oneself; the token is returned once. `scopes`: none for all of one's rights, or ("read",)."""

    async def tokens(self, actor: Actor) -> list[AccessToken]:
        """One's own, oldest first."""

    async def end_token(self, actor: Actor, token_id: str) -> None:
        """One's own. Raises NotFound."""

    async def actor_for(self, actor: Actor, name: str) -> Actor:
        """`ask --as NAME`: needs Right.ASK_AS, audited."""

    async def actor_of(self, user_id: UserId, via: str) -> Actor | None:
        """The Actor of a colleague for a door whose authentication the caller has done."""


class AuditVerbs(Protocol):
    """hub/services/audit.py"""

    async def page(
        self,
        actor: Actor,
        day: str = "",
        after: str | None = None,
        limit: int = 50,
        *,
        who: str = "",
        subject: str = "",
        zone: tzinfo = UTC,
    ) -> Page[AuditEntry]:
        """Newest first: what was done to `subject` (an id), else what `who` did (`user:u_...`), else that of the
        `day` of that zone, as 2026-11-23, today when ''."""


class StatusVerbs(Protocol):
    """hub/services/status.py"""

    async def read(self, actor: Actor) -> HubStatus: ...


class Verbs(Protocol):
    """All of them; one object, made in hub/app.py."""

    @property
    def contacts(self) -> ContactVerbs: ...

    @property
    def timeline(self) -> TimelineVerbs: ...

    @property
    def conversations(self) -> ConversationVerbs: ...

    @property
    def outbox(self) -> OutboxVerbs: ...

    @property
    def quarantine(self) -> QuarantineVerbs: ...

    @property
    def channels(self) -> ChannelVerbs: ...

    @property
    def users(self) -> UserVerbs: ...

    @property
    def audit(self) -> AuditVerbs: ...

    @property
    def status(self) -> StatusVerbs: ...

    @property
    def accounts(self) -> AccountVerbs: ...

    @property
    def calendar(self) -> CalendarVerbs: ...

    @property
    def reminders(self) -> ReminderVerbs: ...

    @property
    def desk(self) -> DeskVerbs: ...

    @property
    def register(self) -> RegisterVerbs: ...

    @property
    def documents(self) -> DocumentVerbs: ...

    @property
    def reports(self) -> ReportVerbs: ...

    @property
    def occasions(self) -> OccasionVerbs: ...

    @property
    def faxes(self) -> FaxVerbs: ...

    @property
    def search(self) -> SearchVerbs: ...
