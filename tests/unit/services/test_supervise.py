"""The supervisor with hand-written connectors and a clock that does not wait."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hub.domain.errors import AuthRejected, Unreachable
from hub.ports.connector import ChannelKind, ConnectorContext, Inlet, LinkState, OnRepeat
from hub.ports.events import Topic
from hub.services.broadcast import Broadcast
from hub.services.supervise import ChannelPlan, Supervisor
from tests.fake_inlet import FakeInlet


class StepClock:
    """Time moves only by sleeping; every sleep is noted and yields once."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._seconds += seconds
        await asyncio.sleep(0)


class Scripted:
    """A connector whose sessions follow a script: an error to raise, or "stay"."""

    def __init__(self, script: list[Any]) -> None:
        self.script = script
        self.runs = 0
        self.exhausted = asyncio.Event()

    async def run(self, inlet: Inlet) -> None:
        self.runs += 1
        if not self.script:
            self.exhausted.set()
            await asyncio.Event().wait()
        step = self.script.pop(0)
        if isinstance(step, LinkState):
            inlet.report(step, "one part is broken")
            await asyncio.Event().wait()
        if step == "stay":
            inlet.report(LinkState.UP, "signed in")
            self.exhausted.set()
            await asyncio.Event().wait()
        raise step

    async def send(self, parcel: Any) -> Any:
        raise AssertionError("not sent to in these tests")


class Form:
    name = "test"

    def normalise(self, text: str) -> Any:
        raise AssertionError(text)


def plan(name: str, connector: Scripted, settings: object = 1) -> ChannelPlan:
    kind = ChannelKind(
        name="test",
        settings=object,
        connect=lambda settings, context: connector,
        parser=None,  # type: ignore[arg-type]
        address_form=Form(),
        on_repeat=OnRepeat.NOT_RECOGNISED,
        own_addresses=lambda settings: (),
        can_send=lambda settings: True,
        message_domain=lambda settings: "",
        sender_address=lambda settings: "",
    )
    return ChannelPlan(name=name, kind=kind, settings=settings)


def supervisor_with(clock: StepClock, alarms: list[str] | None = None, events: Broadcast | None = None) -> Supervisor:
    async def alarm(name: str, detail: str) -> None:
        if alarms is not None:
            alarms.append(name)

    return Supervisor(
        context=lambda name: ConnectorContext(name=name, hostname="h", clock=clock, data_dir=Path(".")),
        inlet=lambda name: FakeInlet(),
        events=events or Broadcast(),
        clock=clock,
        alarm=alarm,
        jitter=lambda: 1.0,
    )


async def test_it_tries_again_with_growing_pauses_and_says_up() -> None:
    clock, connector = StepClock(), Scripted([Unreachable("a"), Unreachable("b"), Unreachable("c"), "stay"])
    supervisor = supervisor_with(clock)
    await supervisor.apply({"mail": plan("mail", connector)})
    await asyncio.wait_for(connector.exhausted.wait(), 5)
    assert clock.slept == [2.0, 4.0, 8.0]
    assert supervisor.link("mail")[:2] == (LinkState.UP, "signed in")
    await supervisor.stop()


async def test_a_refused_password_parks_and_alarms_once() -> None:
    clock, alarms = StepClock(), []
    connector = Scripted([AuthRejected("no"), AuthRejected("no"), "stay"])
    supervisor = supervisor_with(clock, alarms)
    await supervisor.apply({"mail": plan("mail", connector)})
    await asyncio.wait_for(connector.exhausted.wait(), 5)
    assert clock.slept == [3600.0, 3600.0]
    assert alarms == ["mail"]
    await supervisor.stop()


async def test_a_long_outage_alarms_and_a_short_one_does_not() -> None:
    clock, alarms = StepClock(), []
    supervisor = supervisor_with(clock, alarms)
    short = Scripted([Unreachable("x"), "stay"])
    await supervisor.apply({"short": plan("short", short)})
    await asyncio.wait_for(short.exhausted.wait(), 5)
    assert alarms == []
    long = Scripted([*(Unreachable("x") for _ in range(12)), "stay"])
    await supervisor.apply({"long": plan("long", long)})
    await asyncio.wait_for(long.exhausted.wait(), 5)
    assert alarms == ["long"]
    await supervisor.stop()


async def test_ac09_one_failing_channel_leaves_the_others_alone() -> None:
    clock = StepClock()
    good, bad = Scripted(["stay"]), Scripted([RuntimeError("bug"), "stay"])
    supervisor = supervisor_with(clock)
    await supervisor.apply({"good": plan("good", good), "bad": plan("bad", bad)})
    await asyncio.wait_for(bad.exhausted.wait(), 5)
    assert (good.runs, bad.runs) == (1, 2)
    assert supervisor.link("good")[0] is LinkState.UP
    await supervisor.stop()


async def test_only_what_changed_restarts() -> None:
    clock = StepClock()
    first, second, third = Scripted(["stay"]), Scripted(["stay"]), Scripted(["stay"])
    supervisor = supervisor_with(clock)
    kept = plan("kept", first)
    await supervisor.apply({"kept": kept, "gone": plan("gone", second)})
    await asyncio.wait_for(second.exhausted.wait(), 5)
    assert await supervisor.apply({"kept": kept, "new": plan("new", third)}) == ["gone", "new"]
    await asyncio.wait_for(third.exhausted.wait(), 5)
    assert (first.runs, second.runs, third.runs) == (1, 1, 1)
    assert [account.name for account in supervisor.all()] == ["kept", "new"]
    await supervisor.stop()


async def test_changes_are_published() -> None:
    clock, events = StepClock(), Broadcast()
    connector = Scripted(["stay"])
    supervisor = supervisor_with(clock, events=events)
    async with events.subscribe([Topic.CHANNEL]) as news:
        await supervisor.apply({"mail": plan("mail", connector)})
        event = await asyncio.wait_for(anext(news), 5)
    assert (event.id, event.state) == ("mail", "up")
    await supervisor.stop()


async def test_a_part_that_stays_broken_alarms_though_the_run_goes_on() -> None:
    for state in (LinkState.DOWN, LinkState.PARKED):
        alarms: list[str] = []
        supervisor = supervisor_with(StepClock(), alarms)
        await supervisor.apply({"mail": plan("mail", Scripted([state]))})
        async with asyncio.timeout(5):
            while not alarms:
                await asyncio.sleep(0)
        assert supervisor.link("mail")[0] is state
        await supervisor.stop()
