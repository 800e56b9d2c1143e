"""A shop's order from outside: signed webhook in, timeline and account; forged ones out; killed, and nothing lost."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hub_process import HubProcess, poll
from tests.shop_channel import SECRET, case_json, digest

ORDER = case_json("shopify-order-paid")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    made = HubProcess(directory=tmp_path)
    made.config = f"""
[http]
listen = "127.0.0.1:{made.http_port}"
[channels.northwind]
kind = "shop"
system = "shopify"
secrets = ["{SECRET}"]
book = "invoices"
"""
    made.start()
    yield made
    made.end()


def post(hub: HubProcess, order: dict[str, Any], secret: str = SECRET, channel: str = "northwind") -> int:
    body = json.dumps(order).encode()
    headers = {
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest(body, secret)).decode(),
        "X-Shopify-Topic": "orders/updated",
        "Content-Type": "application/json",
    }
    request = urllib.request.Request(f"{hub.url}/in/{channel}/", data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def subjects(hub: HubProcess) -> list[str]:
    return [row["subject"] for row in hub.timeline("Petra Holz")]


def changed(number: int, minute: int, **fields: Any) -> dict[str, Any]:
    return {**ORDER, "id": number, "name": f"#{number}", "updated_at": f"2026-11-20T11:{minute:02}:00Z", **fields}


def test_ac32_orders_come_once_and_none_is_lost_when_the_hub_is_killed(hub: HubProcess) -> None:
    assert post(hub, changed(1001, 1)) == 200
    assert post(hub, changed(1001, 1)) == 200
    assert post(hub, changed(1001, 2), secret="guessed") == 401
    assert post(hub, ORDER, channel="nobody") == 404
    poll(lambda: subjects(hub), lambda found: len(found) == 1)
    # The power goes right after the shop has heard 200.
    for number in range(1002, 1012):
        assert post(hub, changed(number, 3)) == 200
    hub.kill()
    hub.start()
    found = poll(lambda: subjects(hub), lambda found: len(found) == 11)
    assert sorted(found) == [f"Order / Bestellung {number}: paid / bezahlt" for number in range(1001, 1012)]
    for number in (1001, 1006, 1011):
        # The account follows the timeline within a moment.
        poll(lambda number=number: hub.bot(f"Auftrag {number}")["reply"], lambda text: "bezahlt" in text)
    assert [row["done"] for row in hub.ask_json("channel", "list")] == [11]
    assert hub.stop() == 0
