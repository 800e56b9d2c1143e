"""What no webhook brought is fetched from the shop, once, and in pages (AC-33)."""

import asyncio
import json
from datetime import timedelta

import pytest

from connectors.shop.settings import ShopSettings
from hub.domain.errors import AuthRejected, Misconfigured, StoreUnavailable, Unreachable
from hub.ports.connector import LinkState
from tests.fake_connector import ManualClock
from tests.fake_inlet import FakeInlet
from tests.peers.shop_server import ShopServer
from tests.shop_api import SYSTEMS, asking, make_order, make_orders, running
from tests.shop_channel import NOW, case_json, fresh, request, shop, shopify, shopware, stripe, woocommerce

HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


async def until_rounds(inlet: FakeInlet, clock: ManualClock, count: int) -> None:
    """The channel was asked so often; time passes in between."""
    for _ in range(count):
        before = len(inlet.reports)
        while not clock._sleepers:
            await asyncio.sleep(0)
        clock.advance(601)
        await inlet.until(lambda before=before: len(inlet.reports) > before)  # type: ignore[misc]


@pytest.mark.parametrize("system", SYSTEMS)
async def test_ac33_what_was_missed_is_fetched_and_what_came_by_webhook_is_known(
    system: str, clock: ManualClock
) -> None:
    inlet = FakeInlet(cursors={"orders": (NOW - 24 * HOUR).isoformat().encode()})
    orders = make_orders(system, 3, NOW - 2 * HOUR)
    async with ShopServer(system, orders) as server:
        connector = asking(server, clock)
        first = json.dumps(orders[0]).encode()
        signed = {
            "shopify": shopify(first),
            "woocommerce": woocommerce(first),
            "shopware": shopware(
                fresh(
                    {"data": {"event": "checkout.order.placed", "payload": {"order": orders[0]}}, "source": {}},
                    NOW,
                )
            ),
            "stripe": stripe(first),
        }
        await connector.answer(signed[system], inlet)
        async with running(connector, inlet):
            await inlet.until_state(LinkState.UP)
            names = [arrival.native_id for arrival in inlet.arrivals]
            assert len(names) == len(set(names)) == 3
            assert len(inlet.repeated) == 1
            assert not any(arrival.history for arrival in inlet.arrivals)
            # The hub was away, or the webhook disabled; the next round brings what came meanwhile.
            server.orders.append(make_order(system, 2_000, clock.now()))
            await until_rounds(inlet, clock, 1)
            assert len(inlet.arrivals) == 4
            before = inlet.attempts
            await until_rounds(inlet, clock, 1)
            assert len(inlet.arrivals) == 4
            assert inlet.attempts - before <= 2


@pytest.mark.parametrize("system", SYSTEMS)
async def test_the_first_connection_takes_old_orders_in_as_history(system: str, clock: ManualClock) -> None:
    inlet = FakeInlet()
    orders = [make_order(system, 1, NOW - timedelta(days=30)), *make_orders(system, 2, NOW - 48 * HOUR)]
    async with ShopServer(system, orders) as server, running(asking(server, clock, backfill_days=3), inlet):
        await inlet.until_state(LinkState.UP)
        assert [arrival.history for arrival in inlet.arrivals] == [True, True]
        server.orders.append(make_order(system, 2_000, clock.now()))
        await until_rounds(inlet, clock, 1)
        assert [arrival.history for arrival in inlet.arrivals] == [True, True, False]


@pytest.mark.parametrize("system", SYSTEMS)
async def test_many_orders_come_in_pages(system: str, clock: ManualClock) -> None:
    inlet = FakeInlet(cursors={"orders": (NOW - 24 * HOUR).isoformat().encode()})
    count = 230
    async with ShopServer(system, make_orders(system, count, NOW - 20 * HOUR, step=1), page_size=100) as server:
        async with running(asking(server, clock), inlet):
            await inlet.until_state(LinkState.UP)
        assert len(inlet.arrivals) == count
        pages = [one for one in server.requests if "webhooks" not in one and "oauth" not in one]
        assert len(pages) == 3


@pytest.mark.parametrize("system", ["shopify", "woocommerce"])
async def test_the_cursor_moves_over_a_page_only_once_it_is_kept(system: str, clock: ManualClock) -> None:
    inlet = FakeInlet(cursors={"orders": (NOW - 24 * HOUR).isoformat().encode()})
    async with ShopServer(system, make_orders(system, 130, NOW - 20 * HOUR), page_size=100) as server:
        inlet.accept_error = None
        async with running(asking(server, clock), inlet):
            await inlet.until_state(LinkState.UP)
        steps = [step.partition(" ")[0] for step in inlet.journal]
        assert steps.index("save") == 100
        assert steps[-1] == "save"


async def test_many_orders_of_one_second_do_not_stop_woocommerce(clock: ManualClock) -> None:
    inlet = FakeInlet(cursors={"orders": (NOW - 24 * HOUR).isoformat().encode()})
    orders = make_orders("woocommerce", 210, NOW - 2 * HOUR, step=0) + make_orders("woocommerce", 1, NOW - HOUR)
    orders[-1]["id"] = 9
    async with ShopServer("woocommerce", orders) as server, running(asking(server, clock), inlet):
        await inlet.until_state(LinkState.UP)
        assert len(inlet.arrivals) == 211


async def test_an_order_that_changes_while_pages_are_read_hides_no_other(clock: ManualClock) -> None:
    """It moves to the end, and all behind it move up by one place."""
    inlet = FakeInlet(cursors={"orders": (NOW - 24 * HOUR).isoformat().encode()})
    async with ShopServer("woocommerce", make_orders("woocommerce", 150, NOW - 20 * HOUR)) as server:

        def change(count: int) -> None:
            if count == 2:
                server.orders[0] = make_order("woocommerce", 1_000, NOW - HOUR)

        server.on_request = change
        async with running(asking(server, clock), inlet):
            await inlet.until_state(LinkState.UP)
        names = {arrival.native_id.split(":")[1] for arrival in inlet.arrivals}
        assert names == {str(1_000 + place) for place in range(150)}


async def test_a_store_that_is_down_ends_the_round_and_nothing_is_skipped(clock: ManualClock) -> None:
    inlet = FakeInlet(cursors={"orders": (NOW - 24 * HOUR).isoformat().encode()})
    inlet.accept_error, inlet.accept_errors_left = StoreUnavailable("full"), 1
    async with ShopServer("shopify", make_orders("shopify", 5, NOW - 2 * HOUR)) as server:
        connector = asking(server, clock)
        with pytest.raises(Unreachable):
            await connector.run(inlet)
        assert inlet.arrivals == []
        async with running(connector, inlet):
            await inlet.until_state(LinkState.UP)
        assert len(inlet.arrivals) == 5


async def test_shopwares_bare_news_makes_us_ask(clock: ManualClock) -> None:
    inlet = FakeInlet(cursors={"orders": (NOW - 24 * HOUR).isoformat().encode()})
    async with ShopServer("shopware") as server:
        connector = asking(server, clock)
        async with running(connector, inlet):
            await inlet.until_state(LinkState.UP)
            server.orders.append(make_order("shopware", 5, NOW - HOUR))
            written = fresh(case_json("shopware-written"), NOW)
            assert (await connector.answer(shopware(written), inlet)).status == 200
            await inlet.until_arrivals(1)
    assert inlet.arrivals[0].native_id.startswith("order:o5:")


async def test_shopwares_token_is_renewed_when_it_has_run_out(clock: ManualClock) -> None:
    inlet = FakeInlet(cursors={"orders": (NOW - 24 * HOUR).isoformat().encode()})
    async with ShopServer("shopware") as server, running(asking(server, clock), inlet):
        await inlet.until_state(LinkState.UP)
        server.token = "token-2"
        server.orders.append(make_order("shopware", 5, NOW))
        await until_rounds(inlet, clock, 1)
        assert len(inlet.arrivals) == 1
        assert all(state is not LinkState.DOWN for state, _ in inlet.reports)


async def test_without_an_api_webhooks_are_all_there_is(clock: ManualClock) -> None:
    inlet = FakeInlet()
    async with running(shop(clock, "generic"), inlet):
        await inlet.until_state(LinkState.UP)
    assert "missed" in inlet.reports[-1][1]


# Testing the channel


async def test_ac33_a_webhook_that_woocommerce_has_disabled_is_told(clock: ManualClock) -> None:
    inlet = FakeInlet(cursors={"orders": NOW.isoformat().encode()})
    hooks = [
        {"id": 1, "name": "Orders", "status": "disabled", "delivery_url": "https://hub.example/in/northwind/"},
        {"id": 2, "name": "Others", "status": "disabled", "delivery_url": "https://elsewhere.example/"},
    ]
    async with ShopServer("woocommerce", webhooks=hooks) as server:
        connector = asking(server, clock)
        steps = await connector.probe()
        assert [(step.title, step.ok) for step in steps] == [
            ("Secrets", True),
            ("Ask the shop", True),
            ("Webhooks", False),
        ]
        assert "Orders" in steps[-1].detail
        assert "Active" in steps[-1].fix
        async with running(connector, inlet):
            await inlet.until_state(LinkState.UP)
            assert "disabled our webhook (Orders)" in inlet.reports[-1][1]
            hooks[0]["status"] = "active"
            await until_rounds(inlet, clock, 1)
            assert "disabled" not in inlet.reports[-1][1]
        assert [step.ok for step in await connector.probe()] == [True, True, True]


@pytest.mark.parametrize("system", SYSTEMS)
async def test_a_wrong_key_parks_the_channel_and_the_test_says_so(system: str, clock: ManualClock) -> None:
    async with ShopServer(system) as server:
        connector = asking(server, clock, secret="another")
        with pytest.raises(AuthRejected):
            await connector.run(FakeInlet())
        steps = await connector.probe()
    assert [step.ok for step in steps] == [True, False]
    assert "another" not in repr(steps)
    assert steps[-1].fix


async def test_an_address_that_is_no_such_shop_parks_the_channel(clock: ManualClock) -> None:
    async with ShopServer("shopify") as server:
        server.faults.extend([(404, {}), (301, {"Location": "https://x.example"}), (404, {})])
        connector = asking(server, clock)
        for _ in range(2):
            with pytest.raises(Misconfigured):
                await connector.run(FakeInlet())
        assert [step.ok for step in await connector.probe()] == [True, False]


async def test_a_shop_that_is_not_there_is_told_by_the_test(clock: ManualClock) -> None:
    async with ShopServer("shopify") as server:
        connector = asking(server, clock)
    steps = await connector.probe()
    assert [step.ok for step in steps] == [True, False]
    assert (await shop(clock, "generic").probe())[-1].ok


async def test_a_secret_that_cannot_be_read_parks_the_channel(clock: ManualClock) -> None:
    connector = shop(clock, "shopify", secrets=[{"file": "/nonexistent/secret"}])
    with pytest.raises(Misconfigured):
        await connector.run(FakeInlet())
    assert [step.ok for step in await connector.probe()] == [False]


def test_stripe_needs_no_address() -> None:
    table = {"system": "stripe", "secrets": ["whsec_1"], "api": {"secret": "rk_1"}}
    assert ShopSettings.model_validate(table).api is not None


async def test_a_ping_of_a_new_webhook_is_answered_while_the_shop_is_asked(clock: ManualClock) -> None:
    async with ShopServer("woocommerce") as server:
        answer = await asking(server, clock).answer(request(b"webhook_id=17"), FakeInlet())
    assert answer.status == 200
