"""The connector contract: one configured account on one channel, translated to and from our types, and nothing else.

Connectors own no rules, no store, no retries and no reconnects: the supervisor owns back-off, debounce, and saying it
once when a link breaks and once when it heals.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from hub.domain.arrival import Arrival
from hub.domain.ids import ArrivalId
from hub.domain.message import RecipientStatus
from hub.domain.outbox import OutboxItem, OutgoingContent
from hub.domain.signal import Signal
from hub.domain.views import FileData
from hub.ports.addresses import AddressForm
from hub.ports.clock import Clock
from hub.ports.parser import Parser
from hub.ports.switchboard import Switchboard


class LinkState(StrEnum):
    """State of a channel's connection. UP must be earned by a check that ran."""

    DOWN = "down"
    CONNECTING = "connecting"
    UP = "up"
    PARKED = "parked"
    """Will not be retried by itself: credentials or configuration must be mended."""


class OnRepeat(StrEnum):
    """What happens when the same parcel is sent twice. RECOGNISED: the peer drops the second by its id, so an unknown
    outcome is retried. NOT_RECOGNISED: a person must decide."""

    RECOGNISED = "recognised"
    NOT_RECOGNISED = "not-recognised"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One attempt to send one item. `files` are the attachments' bytes in order. `signature_key` signs the header by
    which our own traffic is known."""

    item: OutboxItem
    attempt: int
    files: tuple[bytes, ...] = ()
    signature_key: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The peer took it. `delivered` only where the peer said that the recipient has it."""

    native_ref: str = ""
    more_refs: tuple[str, ...] = ()
    """Where it left in several pieces: the names of the others, by which answers may refer to it."""
    detail: str = ""
    """In words, for "delivered 10:42 to mx.example.org"."""
    delivered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryUpdate:
    """Later news of something sent: found by our message id or the peer's reference."""

    message_id: str = ""
    native_ref: str = ""
    at: datetime
    status: RecipientStatus


class Inlet(Protocol):
    """What a connector gets: the only way into the hub. Bound to the connector's account."""

    async def accept(self, arrival: Arrival) -> ArrivalId:
        """Returns once durable; only then acknowledge upstream. Raises StoreUnavailable (refuse temporarily, so that
        the sender keeps it) and Invalid (out of bounds: refuse for good)."""

    async def delivered(self, update: DeliveryUpdate) -> None: ...

    async def load_cursor(self, stream: str) -> bytes | None: ...

    async def save_cursor(self, stream: str, value: bytes) -> None:
        """Only after accept of everything before it."""

    async def signal(self, signal: Signal) -> None:
        """Something of the moment that is not kept: it rings, somebody is writing. Never raises; bounded; what cannot
        be told at once is dropped."""

    def report(self, state: LinkState, detail: str = "") -> None:
        """Says how the link is; cheap, never raises."""


class Connector(Protocol):
    """One configured account on one channel. The constructor does no I/O."""

    async def run(self, inlet: Inlet) -> None:
        """Connect, report UP, feed the inlet until cancelled. Ends only by cancellation or by raising Unreachable
        (retry), AuthRejected or Misconfigured (park, tell the admin)."""

    async def send(self, parcel: Parcel) -> Receipt:
        """One attempt. Raises TemporaryFailure, PermanentFailure or UnknownOutcome; nothing else. Called only while
        the link is UP, from one task for each lane at a time; bounded by the caller's deadline (60 s)."""


@runtime_checkable
class StaffLine(Protocol):
    """Optional: the channel can carry colleagues' chats with the bot."""

    async def say(
        self,
        address: str,
        text: str,
        stanza_id: str,
        *,
        choices: Sequence[str] = (),
        files: Sequence[FileData] = (),
    ) -> None:
        """Send a bot's reply to the full native address at once, without the outbox. `choices` are words to offer as
        buttons where the channel has them (the text names them too); `files` follow the text. Raises SendError."""


@runtime_checkable
class OpensByLink(Protocol):
    """Optional: a link opens a chat on the channel and hands us a code, so that nobody has to type it."""

    def link_for(self, payload: str) -> str:
        """`payload`: at most 64 letters, digits, _ and -. '' while the link cannot be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What a peer sent to the channel's address, `/in/NAME/PATH`. `body` is raw, as signed; `headers` have
    lower-case names; at most `max_message_bytes`."""

    method: str
    path: str
    """Behind the channel's name, without a leading slash."""
    url: str
    """The whole address as the peer used it, for signatures over it."""
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    client: str = ""
    """IP address of the peer."""

    def header(self, name: str) -> str:
        """The first of this (lower-case) name; '' without."""
        return next((value for key, value in self.headers if key == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What the peer is told."""

    status: int = 200
    body: bytes = b""
    type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    stream: AsyncIterator[bytes] | None = None
    """Instead of `body`: sent piece by piece until it ends or the peer goes (server-sent events). Closed then."""


@runtime_checkable
class ServesHttp(Protocol):
    """Optional: peers reach the channel by HTTP under `/in/NAME/`: webhooks, a chat widget."""

    async def answer(self, request: HttpRequest, inlet: Inlet) -> HttpAnswer:
        """Called concurrently, also while the link is not UP. A 2xx only once what was sent is durable (`accept`
        returned). StoreUnavailable may be raised: it becomes 503 with Retry-After, so that the peer tries again;
        Refused becomes 401 or 403 and an audit entry. Bounded to 30 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeStep:
    """One step of a channel test: what was tried, whether it works, and how to mend it where it does not.
    `title`, `detail` and `fix` are English message ids; the edges translate them."""

    title: str
    ok: bool
    detail: str = ""
    fix: str = ""


@runtime_checkable
class Probes(Protocol):
    """Optional: the channel can be tested from outside its run."""

    async def probe(self) -> list[ProbeStep]:
        """Tries each step in order and stops at the first that fails. Never raises; bounded to 30 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePreview:
    """A message as pages, before it is sent. `pictures`: PNG of the first ones."""

    pages: int
    cover: bool = False
    """The first of them is a cover sheet."""
    pictures: tuple[FileData, ...] = ()


@runtime_checkable
class PreviewsPages(Protocol):
    """Optional: the channel carries pages, and shows them before they leave."""

    async def preview(self, content: OutgoingContent, number: str, files: tuple[bytes, ...]) -> PagePreview:
        """What would go to this address; `files` are the attachments' bytes in order. Raises Invalid, Unreadable where
        it cannot be drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorContext:
    """What every connector's factory is given. `signature_key` is for own-traffic headers."""

    name: str
    """The configured channel's name, which is the account name everywhere."""
    hostname: str
    """Our name towards peers (EHLO, Message-ID domain where the account has none)."""
    clock: Clock
    data_dir: Path
    max_message_bytes: int = 26_214_400
    switchboard: Switchboard | None = None
    """For channels on which contacts themselves have addresses; None where the channel runs without a hub."""


class Strangers(StrEnum):
    """What an account does with senders nobody knows. WELCOME: a provisional contact. REFUSE: a polite refusal, the
    arrival kept without an entry (the bot's own XMPP account)."""

    WELCOME = "welcome"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelKind:
    """One line of the registry: what a kind of channel brings."""

    name: str
    """"email", "xmpp"."""
    settings: type[Any]
    """A pydantic model; the table `[channels.NAME]` without `kind`."""
    connect: Callable[[Any, ConnectorContext], Connector]
    parser: Parser
    address_form: AddressForm
    on_repeat: OnRepeat
    own_addresses: Callable[[Any], Sequence[str]]
    """Patterns of our own addresses, for routing and for telling own from foreign."""
    can_send: Callable[[Any], bool]
    """Whether these settings allow sending at all (mail without submission cannot)."""
    message_domain: Callable[[Any], str]
    """The domain for our Message-IDs and the From address's, '' where the channel has none."""
    sender_address: Callable[[Any], str]
    """The address that we write from."""
    carries_staff: Callable[[Any], bool] = lambda settings: False
    """Colleagues may talk to the bot here."""
    speaks_as_contacts: Callable[[Any], bool] = lambda settings: False
    """Notices come from the contact's own address there, so that answering them answers the contact."""
    strangers: Callable[[Any], Strangers] = lambda settings: Strangers.WELCOME
    authserv_id: Callable[[Any], str] = lambda settings: ""
    max_file_bytes: Callable[[Any], int] = lambda settings: 0
    """Largest single file that the channel carries outwards; 0: none. What is larger goes as a link (AC-29)."""
    lines: Callable[[Any], Sequence[tuple[str, str]]] = lambda settings: ()
    """(line, colleague's name): whose telephone rings there."""
    summary: str = ""
    """In a line, for whoever chooses a kind: a message id."""
    raw_form: tuple[str, str] = ("application/octet-stream", "bin")
    """Media type and file ending of a raw arrival, for looking at."""
    on_repeat_of: Callable[[Any], OnRepeat] | None = None
    """Where a setting decides instead of `on_repeat` (mail: a company may prefer a second copy to a held one)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What services know of one configured channel."""

    name: str
    kind: str
    channel: str
    """The address form of its people: "email", "xmpp"."""
    own_addresses: tuple[str, ...]
    can_send: bool
    on_repeat: OnRepeat
    message_domain: str
    sender_address: str
    carries_staff: bool = False
    speaks_as_contacts: bool = False
    strangers: Strangers = Strangers.WELCOME
    authserv_id: str = ""
    max_file_bytes: int = 0
    """Largest single file that the channel carries outwards; 0: none."""
    lines: tuple[tuple[str, str], ...] = ()
    """(line, colleague's name) of a telephone exchange."""


class Accounts(Protocol):
    """The configured channels; changes on reload."""

    def get(self, name: str) -> Account | None: ...

    def all(self) -> list[Account]: ...

    def connector(self, name: str) -> Connector | None:
        """The running connector, for sending and probing; None where it is not configured any more."""

    def link(self, name: str) -> tuple[LinkState, str, datetime | None]:
        """State, detail, since when."""
