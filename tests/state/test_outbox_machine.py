"""The outbox as a state machine: items are submitted, sent, refused, lost and decided on while the hub dies at any
await, its store goes away and links break. What must hold whatever happens:

* an item's data never leaves more often than it has recorded attempts, and each attempt at most once;
* where the peer would not recognise a repeat, the data leaves again only after a certain refusal or a person's word;
* a lane keeps its order; nothing stays in sending once a process has recovered; nothing accepted is lost.
"""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hub.domain.address import Address
from hub.domain.errors import Conflict, PermanentFailure, StoreUnavailable, TemporaryFailure, UnknownOutcome
from hub.domain.outbox import OutboxItem, OutboxState
from hub.ports.connector import LinkState, OnRepeat
from hub.services.attempts import is_deferred
from hub.services.transmission import Limits
from tests.fake_connector import FakeConnector, Stage
from tests.memory_store import Crash
from tests.outbox_world import World, actor

ACCOUNTS = st.sampled_from(["office", "chat"])
PEOPLE = st.integers(0, 1)
ERRORS: dict[str, tuple[Stage, Any]] = {
    "busy": (Stage.GREET, lambda: TemporaryFailure("busy")),
    "no": (Stage.GREET, lambda: PermanentFailure("no")),
    "busy-after-data": (Stage.ANSWER, lambda: TemporaryFailure("451 after the data")),
    "lost": (Stage.ANSWER, lambda: UnknownOutcome("lost")),
    "fault": (Stage.ANSWER, lambda: UnknownOutcome("fault")),
}


@dataclass
class Peer:
    """The other side's memory, and its complaints about what must not happen."""

    world: World
    unsettled: set[str] = field(default_factory=set)
    """Items that the peer may have: sent, or sent with unknown outcome."""
    decided: set[str] = field(default_factory=set)
    ever_decided: set[str] = field(default_factory=set)
    attempts: Counter[tuple[str, int]] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)

    def watch(self, item: OutboxItem) -> None:
        number = item.attempts[-1].number
        self.attempts[item.id, number] += 1
        if self.attempts[item.id, number] > 1:
            self.complaints.append(f"attempt {number} of {item.id} was transmitted twice")
        stored = self.world.item(item.id)
        if stored.state is not OutboxState.SENDING or stored.attempts[-1].number != number:
            self.complaints.append(f"{item.id} left without its attempt in the store")
        account = self.world.accounts.get(item.account)
        assert account is not None
        if account.on_repeat is OnRepeat.NOT_RECOGNISED and item.id in self.unsettled - self.decided:
            self.complaints.append(f"{item.id} was sent again though its outcome was unknown")
        self.unsettled.add(item.id)
        self.decided.discard(item.id)
        for other in self.world.rows.values():
            older = other.lane == item.lane and other.created_at < item.created_at
            if older and other.id not in self.ever_decided and self._blocks(other):
                self.complaints.append(f"{item.id} overtook {other.id}")

    def _blocks(self, item: OutboxItem) -> bool:
        if item.state is OutboxState.QUEUED:
            return not is_deferred(item, self.world.clock.now())
        return item.state is OutboxState.SENDING

    def ended(self, item: OutboxItem, error: Exception | None) -> None:
        if error is not None:
            self.unsettled.discard(item.id)

    def attach(self, connector: FakeConnector) -> None:
        connector.watch, connector.ended = self.watch, self.ended


class OutboxMachine(RuleBasedStateMachine):
    """Rules act on one world; after each, everything settles while time stands still."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world: World = self.runner.run(self._open())
        self.peer = Peer(self.world)
        for connector in (self.world.mail, self.world.chat):
            self.peer.attach(connector)
        self.number = 0
        self.accepted: list[str] = []
        self.down = False

    async def _open(self) -> World:
        world = World()
        world.start()
        await world.settle()
        return world

    def act(self, *steps: Any) -> None:
        self.runner.run(self._act(*steps))

    async def _act(self, *steps: Any) -> None:
        try:
            for step in steps:
                await step()
        except Crash:
            pass
        await self.world.settle()
        if self.world.store.points.crashed:
            await self._recover()
        assert self.world.task is not None
        assert not self.world.task.done(), self.world.task

    async def _recover(self, crash_after: int | None = None) -> None:
        await self.world.restart(crash_after)
        if self.down:
            self.world.store.fail(StoreUnavailable("still away"))
        await self.world.settle()
        if self.world.store.points.crashed:
            await self._recover()

    # What happens

    @rule(account=ACCOUNTS, person=PEOPLE, delay=st.sampled_from([0, 0, 20, 3600]))
    def submit(self, account: str, person: int, delay: int) -> None:
        self.number += 1
        channel = "email" if account == "office" else "xmpp"
        address = Address(channel=channel, normal=f"p{person}@example.org")

        async def step() -> None:
            item = self.world.make_item(self.number, address, account=account, delay=delay)
            for _ in range(2):
                try:
                    await self.world.outbox.submit([item])
                except StoreUnavailable:
                    return
                # Twice: whoever heard no answer asks again.
                if item.id not in self.accepted:
                    self.accepted.append(item.id)

        self.act(step)

    @rule(account=ACCOUNTS, kind=st.sampled_from(sorted(ERRORS)))
    def fail_next(self, account: str, kind: str) -> None:
        stage, error = ERRORS[kind]
        connector = self.world.mail if account == "office" else self.world.chat
        connector.errors[stage].append(error())

    @rule(account=ACCOUNTS, hang=st.booleans())
    def hang(self, account: str, hang: bool) -> None:
        async def step() -> None:
            connector = self.world.mail if account == "office" else self.world.chat
            (connector.gate.clear if hang else connector.gate.set)()

        self.act(step)

    @rule(account=ACCOUNTS, up=st.booleans())
    def link(self, account: str, up: bool) -> None:
        async def step() -> None:
            self.world.set_link(account, LinkState.UP if up else LinkState.DOWN)

        self.act(step)

    @rule(down=st.booleans())
    def store_away(self, down: bool) -> None:
        back = self.down and not down

        async def step() -> None:
            self.down = down
            self.world.store.fail(StoreUnavailable("away") if down else None)
            if back:
                # A hub that began while the store was away resolves what was interrupted when it looks again.
                await self.world.pass_time(Limits().poll)

        self.act(step)

    @rule(seconds=st.sampled_from([1, 6, 30, 61, 1200, 7200]))
    def time_passes(self, seconds: int) -> None:
        async def step() -> None:
            await self.world.pass_time(seconds, step=max(6, seconds / 8))

        self.act(step)

    @rule(points=st.integers(1, 25), again=st.one_of(st.none(), st.integers(1, 25)))
    def crash_later(self, points: int, again: int | None) -> None:
        """The process ends after so many more points; the next one perhaps too."""
        armed = self.world.store.points
        armed.crash_after = armed.passed + points
        if again is not None:
            self.runner.run(self._recover(again))

    @rule()
    def crash_now(self) -> None:
        self.runner.run(self._recover())

    @rule(pick=st.integers(0, 50), verb=st.sampled_from(["retry", "retry", "cancel", "settle"]))
    def person_decides(self, pick: int, verb: str) -> None:
        if not self.accepted:
            return
        item_id = self.accepted[pick % len(self.accepted)]

        async def step() -> None:
            # The decision counts from when it is written, whatever becomes of the answer.
            state = self.world.state(item_id)
            if verb == "retry" and state in (OutboxState.HELD, OutboxState.FAILED, OutboxState.BOUNCED):
                self.peer.ever_decided.add(item_id)
                self.peer.decided.add(item_id)
            with contextlib.suppress(Conflict, StoreUnavailable):
                await getattr(self.world.outbox, verb)(actor(), item_id)

        self.act(step)
        if self.world.state(item_id) is OutboxState.HELD:
            self.peer.decided.discard(item_id)

    # What holds

    @invariant()
    def the_peer_has_no_complaints(self) -> None:
        assert self.peer.complaints == []

    @invariant()
    def transmissions_never_exceed_attempts(self) -> None:
        counted: Counter[str] = Counter()
        for (item_id, _), count in self.peer.attempts.items():
            counted[item_id] += count
        for item_id, count in counted.items():
            assert count <= self.world.item(item_id).attempts[-1].number

    @invariant()
    def nothing_accepted_is_lost(self) -> None:
        assert all(item_id in self.world.rows for item_id in self.accepted)

    @invariant()
    def only_what_is_in_flight_is_sending(self) -> None:
        if not self.down and not self.world.store.points.crashed:
            sending = {i.id for i in self.world.rows.values() if i.state is OutboxState.SENDING}
            assert sending <= self.world.transmitter.in_flight

    def teardown(self) -> None:
        try:
            self.runner.run(self._come_to_an_end())
            self.the_peer_has_no_complaints()
            self.nothing_accepted_is_lost()
        finally:
            self.runner.run(self.world.stop())
            self.runner.close()

    async def _come_to_an_end(self) -> None:
        """With everything well again, every item comes to an end."""
        self.down = False
        self.world.store.fail(None)
        self.world.store.points.crash_after = None
        for connector in (self.world.mail, self.world.chat):
            connector.gate.set()
            connector.errors.clear()
        for name in ("office", "chat"):
            self.world.set_link(name, LinkState.UP)
        await self._act()
        await self.world.pass_time(3 * 3600, step=120)
        states = {item.id: item.state for item in self.world.rows.values()}
        assert not {OutboxState.QUEUED, OutboxState.SENDING} & set(states.values()), states


def test_what_a_crash_interrupted_is_resolved_once_the_store_is_back() -> None:
    machine = OutboxMachine()
    try:
        machine.hang("office", True)
        machine.submit("office", 0, 0)
        (item_id,) = machine.accepted
        machine.store_away(True)
        machine.crash_now()
        assert machine.world.state(item_id) is OutboxState.SENDING
        machine.store_away(False)
        assert machine.world.state(item_id) is OutboxState.HELD
        machine.only_what_is_in_flight_is_sending()
    finally:
        machine.teardown()


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
