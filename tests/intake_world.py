"""Everything around intake, wired as the hub wires it, over the in-memory store, the real parsers and fakes at our own
ports. One `IntakeWorld` is one company; `build` begins a process of its hub, the store outlives it."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from connectors.email.address import EMAIL_FORM
from connectors.email.parse import EMAIL_PARSER
from connectors.phone.address import PHONE_FORM
from connectors.phone.parse import PHONE_PARSER
from connectors.shop.address import SHOP_FORM
from connectors.shop.parse import SHOP_PARSER
from connectors.telegram.address import TELEGRAM_FORM
from connectors.telegram.parse import TELEGRAM_PARSER
from connectors.xmpp.address import XMPP_FORM
from connectors.xmpp.parse import XMPP_PARSER
from hub.domain.address import Address
from hub.domain.arrival import Arrival, ArrivalRecord, ArrivalState
from hub.domain.contact import Contact, Identity
from hub.domain.conversation import Conversation, Placement
from hub.domain.ids import ArrivalId
from hub.domain.interaction import Interaction
from hub.domain.message import Envelope, Message, Parsed
from hub.parsing.inline import InlineParseWorker
from hub.parsing.reading import context_of
from hub.ports.bot import Recorded
from hub.ports.connector import (
    Account,
    Connector,
    DeliveryUpdate,
    Inlet,
    LinkState,
    OnRepeat,
    Strangers,
)
from hub.ports.facts import Facts
from hub.ports.kinds import (
    ARRIVALS,
    CONTACTS,
    CONVERSATIONS,
    IDENTITIES,
    INTERACTIONS,
    PLACEMENTS,
    SIGHTINGS,
)
from hub.ports.parser import ParseContext, ParseJob, Parser, ParseWorker
from hub.services.broadcast import Broadcast
from hub.services.forms import Forms
from hub.services.happenings import Happenings
from hub.services.intake import Intake
from tests.fake_connector import START, ManualClock
from tests.memory_store import MemoryStore

SECRET = b"a secret of thirty-two bytes, say"
DOMAIN = "joinery.example"
PETRA = "petra@carpenter.example"
FORMS = Forms([EMAIL_FORM, XMPP_FORM, TELEGRAM_FORM, SHOP_FORM, PHONE_FORM])


def _account(name: str, kind: str, own: tuple[str, ...], **changes: Any) -> Account:
    values: dict[str, Any] = {
        "name": name,
        "kind": kind,
        "channel": kind,
        "own_addresses": own,
        "can_send": True,
        "on_repeat": OnRepeat.NOT_RECOGNISED,
        "message_domain": DOMAIN,
        "sender_address": own[0].replace("*", "info") if own else "",
    }
    return Account(**{**values, **changes})


OFFICE = _account("office", "email", (f"*@{DOMAIN}",), authserv_id=f"mx.{DOMAIN}")
SALES = _account("sales", "email", (f"*@{DOMAIN}",), sender_address=f"sales@{DOMAIN}")
CHAT = _account("chat", "xmpp", (f"hub@{DOMAIN}",))
PHONE = _account("phone", "phone", ("+492219876543",), can_send=False)
NORTHWIND = _account("northwind", "shop", (), can_send=False, message_domain="", sender_address="")
BOT = _account("bot", "xmpp", (f"bot@{DOMAIN}",), carries_staff=True, strangers=Strangers.REFUSE)


class KnownAccounts:
    """Accounts without connectors."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self.accounts = {account.name: account for account in accounts}

    def get(self, name: str) -> Account | None:
        return self.accounts.get(name)

    def all(self) -> list[Account]:
        return list(self.accounts.values())

    def connector(self, name: str) -> Connector | None:
        return None

    def link(self, name: str) -> tuple[LinkState, str, None]:
        return LinkState.UP, "", None


@dataclass(slots=True)
class FakeTeller:
    """Remembers what was told; raises `error` while it is set."""

    told: list[Recorded] = field(default_factory=list)
    error: Exception | None = None

    async def tell(self, recorded: Sequence[Recorded]) -> None:
        if self.error is not None:
            raise self.error
        self.told.extend(recorded)


@dataclass(slots=True)
class FakeDoor:
    """Takes the chats of `staff`; remembers whom it refused."""

    staff: set[str] = field(default_factory=set)
    taken: list[ArrivalId] = field(default_factory=list)
    refused: list[Address] = field(default_factory=list)

    async def take(self, arrival: Arrival) -> bool:
        if arrival.envelope.sender.partition("/")[0] not in self.staff:
            return False
        self.taken.append(arrival.id)
        return True

    async def refuse(self, account: str, address: Address, arrival_id: ArrivalId) -> None:
        self.refused.append(address)

    async def ask(self, actor: Any, text: str) -> Any:
        raise AssertionError("intake asks nobody")


@dataclass(slots=True)
class FakeDeliveries:
    """Remembers the news."""

    updates: list[tuple[str, DeliveryUpdate]] = field(default_factory=list)
    bounces: list[Message] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    async def update(self, account: str, update: DeliveryUpdate) -> None:
        self.updates.append((account, update))

    async def bounce(self, message: Message) -> None:
        self.bounces.append(message)

    async def found_in_sent(self, message_id: str) -> None:
        self.found.append(message_id)


class FragileWorker:
    """The real parsers in the process. Bytes that hold `POISON` kill it, as a worker process would die with them."""

    POISON = b"poison-for-the-worker"

    def __init__(self, inner: ParseWorker) -> None:
        self._inner = inner
        self.batches: list[int] = []
        self.deaths = 0

    async def parse(self, jobs: Sequence[ParseJob]) -> list[Parsed | None]:
        self.batches.append(len(jobs))
        results: list[Parsed | None] = []
        for job in jobs:
            if self.POISON in job.raw:
                self.deaths += 1
                results.append(None)
            else:
                results.extend(await self._inner.parse([job]))
        return results

    async def extract(self, kind: str, raw: bytes, index: int) -> bytes:
        return await self._inner.extract(kind, raw, index)

    async def render_html(self, kind: str, raw: bytes) -> str | None:
        return await self._inner.render_html(kind, raw)


def words(text: str) -> tuple[str, ...]:
    """Terms without stemming."""
    return tuple(dict.fromkeys(text.lower().split()))


class IntakeWorld:
    """The store, the clock and the fakes outlive the hub's processes. `parsers` and `forms`: of the channel kinds."""

    parsers: Mapping[str, Parser] = {
        "email": EMAIL_PARSER,
        "xmpp": XMPP_PARSER,
        "telegram": TELEGRAM_PARSER,
        "shop": SHOP_PARSER,
        "phone": PHONE_PARSER,
    }
    forms: Forms = FORMS

    def __init__(self, *accounts: Account) -> None:
        self.clock = ManualClock()
        self.store = MemoryStore(clock=self.clock)
        self.accounts = KnownAccounts(accounts or (OFFICE, SALES, CHAT, BOT, PHONE))
        self.teller, self.door, self.deliveries = FakeTeller(), FakeDoor(), FakeDeliveries()
        self.happenings = Happenings()
        self.links: list[tuple[str, LinkState, str]] = []
        self.facts: Facts = self.happenings
        """Who acts on bookings; set it before `build`."""
        self._numbers = itertools.count(1)
        self.build()

    def build(self) -> None:
        """The objects of a fresh process."""
        self.worker = FragileWorker(InlineParseWorker(self.parsers, words, self._context))
        self.events = Broadcast()
        self.inlets: dict[str, Inlet] = {}
        self.intake = Intake(
            store=self.store,
            worker=self.worker,
            accounts=self.accounts,
            forms=self.forms,
            events=self.events,
            teller=self.teller,
            door=self.door,
            deliveries=self.deliveries,
            report=lambda account, state, detail: self.links.append((account, state, detail)),
            clock=self.clock,
            secret=SECRET,
            terms=words,
            max_message_bytes=1_000_000,
            facts=self.facts,
        )

    def _context(self, name: str) -> ParseContext:
        return context_of(self.accounts.accounts[name], SECRET)

    # What arrives

    def arrival(self, raw: bytes, *, account: str = "office", native_id: str = "", **changes: Any) -> Arrival:
        """An arrival now; its native id is fresh unless given."""
        native = native_id or f"native-{next(self._numbers)}"
        values: dict[str, Any] = {"envelope": Envelope(), "received_at": self.clock.now(), "sender_hint": ""}
        return Arrival(account=account, native_id=native, raw=raw, **{**values, **changes})

    async def accept(self, raw: bytes, *, account: str = "office", **changes: Any) -> ArrivalId:
        """Keep it; not yet processed."""
        if account not in self.inlets:
            self.inlets[account] = self.intake.inlet(account)
        return await self.inlets[account].accept(self.arrival(raw, account=account, **changes))

    async def receive(self, raw: bytes, *, account: str = "office", **changes: Any) -> ArrivalRecord:
        """Keep it, process it; a second passes."""
        arrival_id = await self.accept(raw, account=account, **changes)
        await self.intake.drain()
        self.clock.advance(1)
        return self.record(arrival_id)

    # What became of it

    def record(self, arrival_id: ArrivalId) -> ArrivalRecord:
        return self.store.documents(ARRIVALS).rows[arrival_id]

    def entry(self, record: ArrivalRecord) -> Interaction:
        assert record.result is not None, record
        return self.store.documents(INTERACTIONS).rows[record.result]

    def placement(self, record: ArrivalRecord) -> Placement:
        assert record.result is not None, record
        return self.store.documents(PLACEMENTS).rows[record.result]

    def conversation(self, record: ArrivalRecord) -> Conversation:
        return self.store.documents(CONVERSATIONS).rows[self.placement(record).conversation_id]

    def contact(self, record: ArrivalRecord) -> Contact:
        return self.store.documents(CONTACTS).rows[self.entry(record).contact_id]

    @property
    def arrivals(self) -> dict[str, ArrivalRecord]:
        return self.store.documents(ARRIVALS).rows

    @property
    def entries(self) -> dict[str, Interaction]:
        return self.store.documents(INTERACTIONS).rows

    @property
    def contacts(self) -> dict[str, Contact]:
        return self.store.documents(CONTACTS).rows

    @property
    def identities(self) -> dict[str, Identity]:
        return self.store.documents(IDENTITIES).rows

    @property
    def conversations(self) -> dict[str, Conversation]:
        return self.store.documents(CONVERSATIONS).rows

    @property
    def sightings(self) -> list[Any]:
        return list(self.store.documents(SIGHTINGS).rows.values())

    async def counts(self, account: str) -> dict[ArrivalState, int]:
        """As the console counts them."""
        arrivals = self.store.documents(ARRIVALS)
        return {state: await arrivals.count("by_account", account, state) for state in ArrivalState}


def mail(
    text: str = "Guten Tag, was kostet ein Tisch?",
    *,
    sender: str = f"Petra Holz <{PETRA}>",
    to: str = f"info@{DOMAIN}",
    subject: str = "Anfrage",
    id: str | None = "",
    **headers: str,
) -> bytes:
    """A mail. `id` '' makes a Message-ID of its own, None leaves it out; further headers by name, `_` for `-`."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = format_datetime(START - timedelta(minutes=1))
    if id is not None:
        message["Message-ID"] = f"<{id or f'{next(_NUMBERS)}@carpenter.example'}>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes(policy=UNFOLDED)


def chat(text: str, *, sender: str = "petra@chat.example", to: str = f"hub@{DOMAIN}", id: str = "") -> bytes:
    """A message stanza."""
    name = id or f"stanza-{next(_NUMBERS)}"
    return f"<message xmlns='jabber:client' type='chat' from='{sender}' to='{to}' id='{name}'><body>{text}</body></message>".encode()  # noqa: E501


_NUMBERS = itertools.count(1)
UNFOLDED = SMTP.clone(max_line_length=998)
"""Python's own folding spoils long Message-IDs."""
