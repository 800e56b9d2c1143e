"""A shop channel that asks a scripted shop, and orders for it, for tests."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

from connectors.shop.connector import ShopConnector
from hub.domain.errors import LinkError
from hub.ports.clock import Clock
from hub.ports.connector import LinkState
from tests.fake_inlet import FakeInlet
from tests.peers.shop_server import Order, ShopServer, iso
from tests.shop_channel import case_json, shop

SYSTEMS = ("shopify", "woocommerce", "shopware", "stripe")
KEYS = {"woocommerce": "ck_1", "shopware": "key-1"}


def asking(server: ShopServer, clock: Clock, *, secret: str = "api secret", **api: Any) -> ShopConnector:
    """The channel."""
    table = {"url": server.url, "secret": secret, "key": KEYS.get(server.system, ""), **api}
    return shop(clock, server.system, api=table, book="invoices")


def make_order(system: str, number: int, at: datetime) -> Order:
    """An order that changed then, as the vendor's API tells it."""
    match system:
        case "shopify":
            made = {**case_json("shopify-order-paid"), "id": number, "name": f"#{number}", "updated_at": iso(at)}
        case "woocommerce":
            stamp = iso(at).partition("+")[0]
            made = {**case_json("woocommerce-order-processing"), "id": number, "date_modified_gmt": stamp}
            made["number"] = str(number)
        case "shopware":
            made = {**case_json("shopware-order-placed")["data"]["payload"]["order"], "id": f"o{number}"}
            made |= {"orderNumber": str(number), "createdAt": iso(at), "updatedAt": None}
        case _:
            made = {**case_json("stripe-checkout-completed"), "id": f"evt_{number}", "created": int(at.timestamp())}
    return made


def make_orders(system: str, count: int, at: datetime, *, step: int = 60) -> list[Order]:
    """So many, one every `step` seconds."""
    return [make_order(system, 1_000 + place, at + timedelta(seconds=step * place)) for place in range(count)]


@contextlib.asynccontextmanager
async def running(connector: ShopConnector, inlet: FakeInlet) -> AsyncIterator[None]:
    """The channel as the supervisor runs it: begun anew at once where a session ends."""

    async def keep() -> None:
        while True:
            try:
                await connector.run(inlet)
            except LinkError as error:
                inlet.report(LinkState.DOWN, f"{type(error).__name__}: {error.sentence}")
                await asyncio.sleep(0)

    task = asyncio.create_task(keep(), name="channel")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
