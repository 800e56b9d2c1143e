"""Shops whose API breaks off, hangs, lies or asks for patience: nothing is lost, nothing is asked in a rush."""

from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from connectors.shop import api
from hub.domain.errors import Unreachable
from hub.ports.clock import SystemClock
from hub.ports.connector import LinkState
from tests.fake_connector import ManualClock
from tests.fake_inlet import FakeInlet
from tests.peers.shop_server import ShopServer
from tests.shop_api import asking, make_orders, running
from tests.shop_channel import NOW


class QuickClock(SystemClock):
    """Sleeps not at all, and notes for how long it was to."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if seconds > 300:
            await super().sleep(seconds)


def since() -> FakeInlet:
    return FakeInlet(cursors={"orders": (NOW - timedelta(days=1)).isoformat().encode()})


@pytest.mark.parametrize(("fault", "breaks"), [("reset", 0), ("half", 2), ("junk", 2), ((500, {}), 2), ((503, {}), 2)])
async def test_a_round_that_breaks_off_is_begun_again_and_misses_nothing(fault: Any, breaks: int) -> None:
    """A kept connection that is reset before the answer begins is the library's to open anew: a GET may be repeated
    (RFC 9110 §9.2.2)."""
    inlet = since()
    async with ShopServer("shopify", make_orders("shopify", 5, NOW), page_size=2) as server:
        # The second page fails; then the third, of the next round; then all is well.
        server.faults.extend([None, fault, None, None, fault])
        async with running(asking(server, ManualClock(NOW)), inlet):
            await inlet.until_state(LinkState.UP)
    assert len(inlet.arrivals) == 5
    downs = [detail for state, detail in inlet.reports if state is LinkState.DOWN]
    assert len(downs) == breaks
    assert all("Unreachable" in detail for detail in downs)


async def test_a_shop_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "TIMEOUT", aiohttp.ClientTimeout(total=0.2))
    inlet = since()
    async with ShopServer("shopify", make_orders("shopify", 1, NOW)) as server:
        server.faults.append("stall")
        async with running(asking(server, ManualClock(NOW)), inlet):
            await inlet.until_state(LinkState.UP)
    assert LinkState.DOWN in [state for state, _ in inlet.reports]
    assert len(inlet.arrivals) == 1


async def test_a_shop_that_says_wait_is_waited_for() -> None:
    inlet, clock = since(), QuickClock()
    async with ShopServer("shopify", make_orders("shopify", 1, NOW)) as server:
        server.faults.extend([(429, {"Retry-After": "2.0"}), (503, {"Retry-After": "7"}), (429, {})])
        async with running(asking(server, clock), inlet):
            await inlet.until_state(LinkState.UP)
    assert clock.slept[:3] == [2.0, 7.0, 4.0]
    assert len(inlet.arrivals) == 1


@pytest.mark.parametrize("wait", ["86400", "-5", "nan", "soon"])
async def test_an_absurd_wait_is_bounded(wait: str) -> None:
    clock = QuickClock()
    async with ShopServer("shopify") as server:
        server.faults.append((429, {"Retry-After": wait}))
        async with running(asking(server, clock), inlet := since()):
            await inlet.until_state(LinkState.UP)
    assert 0.5 <= clock.slept[0] <= 120


async def test_a_shop_that_always_says_wait_is_left_alone() -> None:
    clock = QuickClock()
    async with ShopServer("shopify") as server:
        server.faults.extend([(429, {"Retry-After": "1"})] * 20)
        with pytest.raises(Unreachable):
            await asking(server, clock).run(since())
        assert len(server.requests) == 5


async def test_an_almost_full_bucket_slows_us_down() -> None:
    clock = QuickClock()
    async with ShopServer("shopify") as server:
        server.faults.append((200, {"X-Shopify-Shop-Api-Call-Limit": "39/40"}))
        async with running(asking(server, clock), inlet := since()):
            await inlet.until_state(LinkState.UP)
    assert clock.slept[0] == 1.0


async def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "MAX_ANSWER", 1_000)
    async with ShopServer("shopify", make_orders("shopify", 3, NOW)) as server:
        with pytest.raises(Unreachable):
            await asking(server, ManualClock(NOW)).run(inlet := since())
    assert inlet.arrivals == []


async def test_a_shop_that_comes_back_is_found_again() -> None:
    inlet = since()
    async with ShopServer("shopify", make_orders("shopify", 1, NOW)) as first:
        port = first.port
        connector = asking(first, ManualClock(NOW))
    async with running(connector, inlet):
        await inlet.until_state(LinkState.DOWN)
        async with ShopServer("shopify", make_orders("shopify", 2, NOW), port=port):
            await inlet.until_state(LinkState.UP)
    assert len(inlet.arrivals) == 2
