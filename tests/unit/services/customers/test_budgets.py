"""How much is said by itself, and that it stops."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.address import Address
from hub.domain.ids import ConversationId
from hub.services.customers.budgets import AutomaticLimits, Budgets
from tests.fake_connector import ManualClock
from tests.memory_store import MemoryStore

ALARMS: list[tuple[str, int]] = []


async def _alarm(scope: str, count: int) -> None:
    ALARMS.append((scope, count))


class Guard:
    """Budgets over a store that outlives them."""

    def __init__(self, limits: AutomaticLimits | None = None) -> None:
        self.clock = ManualClock()
        self.store = MemoryStore(clock=self.clock)
        self.limits = limits or AutomaticLimits()
        self.number = 0
        ALARMS.clear()
        self.restart()

    def restart(self) -> None:
        self.budgets = Budgets(store=self.store, clock=self.clock, limits=self.limits, alarm=_alarm)

    async def speak(self, address: str = "petra@carpenter.example", *, key: str = "", dialogue: bool = False) -> bool:
        self.number += 1
        channel = "xmpp" if dialogue else "email"
        return await self.budgets.may_speak(
            Address(channel=channel, normal=address), key=key or f"t{self.number}", dialogue=dialogue
        )

    async def say(
        self, text: str, *, conversation: str = "v", reason: str = "r", key: str = "", dialogue: bool = False
    ) -> bool:
        self.number += 1
        return await self.budgets.may_say(
            Address(channel="email", normal="petra@carpenter.example"),
            ConversationId(conversation),
            text,
            reason=reason,
            key=key or f"t{self.number}",
            dialogue=dialogue,
        )


async def test_five_an_hour_to_one_address_and_again_an_hour_later() -> None:
    guard = Guard()
    assert [await guard.speak() for _ in range(7)] == [True] * 5 + [False] * 2
    guard.clock.advance(3601)
    assert await guard.speak()


async def test_twenty_an_hour_to_one_domain() -> None:
    guard = Guard()
    said = [await guard.speak(f"p{n}@carpenter.example") for n in range(25)]
    assert said == [True] * 20 + [False] * 5


async def test_two_hundred_in_all_then_the_breaker_opens_and_tells() -> None:
    guard = Guard()
    said = [await guard.speak(f"p@c{n}.example") for n in range(205)]
    assert said == [True] * 200 + [False] * 5
    assert ALARMS == [("all", 200)] * 5
    guard.clock.advance(3601)
    assert await guard.speak("p@other.example")


async def test_one_answer_for_a_thread_and_reason_in_a_day() -> None:
    guard = Guard()
    assert await guard.say("a")
    assert not await guard.say("b")
    assert await guard.say("c", reason="another")
    assert await guard.say("d", conversation="w")
    guard.clock.advance(24 * 3600 + 1)
    assert await guard.say("e")


async def test_the_same_text_once_an_hour_however_its_blanks_differ() -> None:
    guard = Guard()
    assert await guard.say("Guten Tag", reason="1")
    assert not await guard.say("Guten  \n Tag ", reason="2")
    guard.clock.advance(3601)
    assert await guard.say("Guten Tag", reason="3")


async def test_a_dialogue_may_say_more_and_the_same_thrice() -> None:
    guard = Guard()
    assert [await guard.speak(dialogue=True) for _ in range(32)] == [True] * 30 + [False] * 2
    assert [await guard.say("hallo", dialogue=True) for _ in range(4)] == [True] * 3 + [False]


async def test_the_same_turn_spends_once_also_after_a_restart() -> None:
    guard = Guard()
    for _ in range(10):
        assert await guard.speak(key="one")
        assert await guard.say("x", key="one")
        guard.restart()
    assert [await guard.speak() for _ in range(5)] == [True] * 4 + [False]


async def test_a_restart_forgives_nothing() -> None:
    guard = Guard()
    for _ in range(5):
        await guard.speak()
    guard.restart()
    assert not await guard.speak()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 900)), max_size=60))
async def test_no_hour_holds_more_than_the_limit(steps: list[tuple[int, int]]) -> None:
    guard = Guard(AutomaticLimits(address=3, domain=5, total=7))
    granted: list[tuple[float, str]] = []
    for who, pause in steps:
        guard.clock.advance(pause)
        address = f"p{who}@carpenter.example"
        if await guard.speak(address):
            granted.append((guard.clock.monotonic(), address))
    hour = timedelta(hours=1).total_seconds()
    for at, address in granted:
        within = [one for one in granted if at - hour < one[0] <= at]
        assert sum(one[1] == address for one in within) <= 3
        assert len(within) <= 5
