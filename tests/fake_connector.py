"""A connector with an error slot for each stage of `send`, the accounts around it, and a clock moved by hand."""

import asyncio
import heapq
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from hub.domain.errors import UnknownOutcome
from hub.domain.outbox import OutboxItem
from hub.ports.connector import Account, Inlet, LinkState, OnRepeat, Parcel, Receipt
from tests.memory_store import Points

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class ManualClock:
    """Time stands still until `advance`; sleepers wake up in the order of their times."""

    def __init__(self, start: datetime = START) -> None:
        self._start, self._elapsed, self._count = start, 0.0, 0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        moment = self._start + timedelta(seconds=self._elapsed)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        self._count += 1
        waiter = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, self._count, waiter))
        await waiter

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass at once."""
        self._elapsed += seconds
        while self._sleepers and self._sleepers[0][0] <= self._elapsed:
            waiter = heapq.heappop(self._sleepers)[2]
            if not waiter.done():
                waiter.set_result(None)


class Stage(StrEnum):
    """Where `send` can fail. GREET: nothing left. ANSWER: the data left; an exact refusal, or nobody knows."""

    GREET = "greet"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Transmission:
    """The data of one parcel left."""

    parcel: Parcel

    @property
    def item(self) -> OutboxItem:
        return self.parcel.item


@dataclass(slots=True, kw_only=True)
class FakeConnector:
    """`errors[stage]` are raised one a call, None lets the call pass. While `gate` is cleared a call hangs after its
    data left. `watch` sees each transmission. `points` counts the stages as points of a crash."""

    points: Points | None = None
    errors: dict[Stage, deque[Exception | None]] = field(default_factory=lambda: defaultdict(deque))
    transmissions: list[Transmission] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    watch: Callable[[OutboxItem], None] = lambda item: None
    ended: Callable[[OutboxItem, Exception | None], None] = lambda item, error: None
    delivers: bool = False
    active: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    async def run(self, inlet: Inlet) -> None:
        inlet.report(LinkState.UP)
        await asyncio.Event().wait()

    async def send(self, parcel: Parcel) -> Receipt:
        self.active += 1
        self.most = max(self.most, self.active)
        try:
            return await self._send(parcel)
        finally:
            self.active -= 1

    async def _send(self, parcel: Parcel) -> Receipt:
        if self.points:
            await self.points.before("connector.greet")
        await asyncio.sleep(0)
        self._raise(Stage.GREET, parcel)
        self.watch(parcel.item)
        self.transmissions.append(Transmission(parcel))
        if self.points:
            self.points.effect("connector.data")
        await asyncio.sleep(0)
        await self.gate.wait()
        self._raise(Stage.ANSWER, parcel)
        self.ended(parcel.item, None)
        return Receipt(native_ref=f"q-{parcel.item.id}", detail="250 taken", delivered=self.delivers)

    def _raise(self, stage: Stage, parcel: Parcel) -> None:
        error = self.errors[stage].popleft() if self.errors[stage] else None
        if error is not None:
            if not isinstance(error, UnknownOutcome):
                self.ended(parcel.item, error)
            raise error

    @property
    def sent(self) -> list[str]:
        """Ids of the items whose data left, in order."""
        return [transmission.item.id for transmission in self.transmissions]


MAIL_ACCOUNT = Account(
    name="office",
    kind="email",
    channel="email",
    own_addresses=("*@joinery.example",),
    can_send=True,
    on_repeat=OnRepeat.NOT_RECOGNISED,
    message_domain="joinery.example",
    sender_address="office@joinery.example",
    max_file_bytes=20_000_000,
)
CHAT_ACCOUNT = Account(
    name="chat",
    kind="xmpp",
    channel="xmpp",
    own_addresses=("bot@joinery.example",),
    can_send=True,
    on_repeat=OnRepeat.RECOGNISED,
    message_domain="",
    sender_address="bot@joinery.example",
    carries_staff=True,
)


class LinkConnector(FakeConnector):
    """Opens by a link."""

    def link_for(self, payload: str) -> str:
        return f"https://t.me/joinery_bot?start={payload}"


class FakeAccounts:
    """Accounts whose links are up or down as the test says."""

    def __init__(self, connectors: dict[str, FakeConnector], accounts: tuple[Account, ...]) -> None:
        self._connectors = connectors
        self.accounts = {account.name: account for account in accounts}
        self.states = {account.name: LinkState.UP for account in accounts}

    def get(self, name: str) -> Account | None:
        return self.accounts.get(name)

    def all(self) -> list[Account]:
        return list(self.accounts.values())

    def connector(self, name: str) -> FakeConnector | None:
        return self._connectors.get(name) if name in self.accounts else None

    def link(self, name: str) -> tuple[LinkState, str, datetime | None]:
        return self.states.get(name, LinkState.DOWN), "", START

    def change(self, name: str, **fields: object) -> None:
        """Configure the account anew."""
        self.accounts[name] = replace(self.accounts[name], **fields)  # type: ignore[arg-type]
