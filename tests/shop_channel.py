"""What shops send, signed as their vendors document it, for tests."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.shop.connector import ShopConnector
from connectors.shop.settings import ShopSettings
from hub.ports.clock import Clock
from hub.ports.connector import ConnectorContext, HttpRequest

SECRET = "a shop's secret"
CASES = Path(__file__).parent / "cases" / "shop"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def case(name: str) -> bytes:
    """The shop's own bytes of a golden case."""
    return (CASES / f"{name}.txt").read_bytes().partition(b"\n")[2]


def case_json(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(case(name))
    return found


def shop(clock: Clock, system: str, *, name: str = "northwind", **settings: Any) -> ShopConnector:
    """A channel of that system."""
    table = {"system": system, "secrets": [SECRET], **settings}
    if system == "generic":
        table.setdefault("mapping", {"order": "order", "total": "total", "state": "state", "at": "at"})
    context = ConnectorContext(name=name, hostname="hub.example", clock=clock, data_dir=Path("/nonexistent"))
    return ShopConnector(ShopSettings.model_validate(table), context)


def digest(body: bytes, secret: str = SECRET, algorithm: str = "sha256") -> bytes:
    return hmac.new(secret.encode(), body, algorithm).digest()


def request(body: bytes, method: str = "POST", path: str = "", url: str = "", **headers: str) -> HttpRequest:
    """`x_shopify_topic="orders/paid"` becomes that header."""
    url = url or f"https://hub.example/in/northwind/{path}"
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    query = tuple(
        (name, value) for pair in url.partition("?")[2].split("&") if pair for name, _, value in [pair.partition("=")]
    )
    return HttpRequest(method=method, path=path, url=url, query=query, headers=named, body=body, client="203.0.113.9")


def shopify(body: bytes, topic: str = "orders/paid", secret: str = SECRET, **headers: str) -> HttpRequest:
    signature = base64.b64encode(digest(body, secret)).decode()
    return request(body, x_shopify_hmac_sha256=signature, x_shopify_topic=topic, **headers)


def woocommerce(body: bytes, topic: str = "order.updated", secret: str = SECRET) -> HttpRequest:
    signature = base64.b64encode(digest(body, secret)).decode()
    return request(body, x_wc_webhook_signature=signature, x_wc_webhook_topic=topic, x_wc_webhook_delivery_id="d1")


def shopware(body: bytes, secret: str = SECRET) -> HttpRequest:
    return request(body, shopware_shop_signature=digest(body, secret).hex())


def stripe(body: bytes, at: datetime = NOW, secret: str = SECRET, *, others: str = "") -> HttpRequest:
    moment = str(int(at.timestamp()))
    signature = digest(moment.encode() + b"." + body, secret).hex()
    return request(body, stripe_signature=f"t={moment},v1={signature}{others}")


def fresh(event: dict[str, Any], at: datetime = NOW - timedelta(seconds=5)) -> bytes:
    """A Shopware event of that time."""
    return json.dumps({**event, "timestamp": int(at.timestamp())}).encode()


def sha512(body: bytes) -> str:
    return hmac.new(SECRET.encode(), body, hashlib.sha512).hexdigest()
