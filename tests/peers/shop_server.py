"""A shop on loopback that answers its vendor's REST API by the vendor's documented rules: paging, filters, limits; and
that misbehaves as told."""

import asyncio
import base64
import json
import socket
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.peers.process import LOOPBACK

RESET = struct.pack("ii", 1, 0)
Order = dict[str, Any]


@dataclass(slots=True)
class ShopServer:
    """`orders` are the vendor's own objects. `faults`: what the next requests meet, one each; None lets one pass:
    "reset", "stall", "half", "junk", or (status, headers)."""

    system: str
    orders: list[Order] = field(default_factory=list)
    webhooks: list[dict[str, Any]] = field(default_factory=list)
    faults: deque[Any] = field(default_factory=deque)
    page_size: int = 0
    """Smaller pages than the vendor's, for paging with few orders."""
    requests: list[str] = field(default_factory=list)
    """Method and path with query, as they came."""
    on_request: Callable[[int], None] = lambda count: None
    token: str = "token-1"
    port: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.rel_url}")
        self.on_request(len(self.requests))
        fault = self.faults.popleft() if self.faults else None
        if fault is not None:
            return await self._misbehave(request, fault)
        handlers = {
            "shopify": self._shopify,
            "woocommerce": self._woocommerce,
            "shopware": self._shopware,
            "stripe": self._stripe,
        }
        return await handlers[self.system](request)

    async def _misbehave(self, request: web.Request, fault: Any) -> web.StreamResponse:
        transport = request.transport
        assert transport is not None
        if fault == "reset":
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            transport.abort()
        elif fault == "stall":
            await self.released.wait()
        elif fault == "half":
            response = web.StreamResponse(headers={"Content-Length": "5000", "Content-Type": "application/json"})
            await response.prepare(request)
            await response.write(b'{"orders": [')
            transport.abort()
            return response
        elif fault == "junk":
            return web.Response(text="<html>Maintenance</html>", content_type="text/html")
        else:
            status, headers = fault
            return web.Response(status=status, headers=headers, text="{}")
        return web.Response()

    # Vendors

    async def _shopify(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("X-Shopify-Access-Token") != "api secret":
            return web.json_response({"errors": "[API] Invalid API key or access token"}, status=401)
        if not request.path.startswith("/admin/api/") or not request.path.endswith("/orders.json"):
            return web.json_response({"errors": "Not Found"}, status=404)
        query = request.query
        size = self.page_size or int(query["limit"])
        if "page_info" in query:
            # Other criteria beside a page_info are refused by Shopify.
            if set(query) - {"limit", "page_info"}:
                return web.json_response({"errors": "page_info"}, status=400)
            moment, _, start = query["page_info"].partition("~")
        else:
            moment, start = query["updated_at_min"], "0"
        since = datetime.fromisoformat(moment)
        found = [it for it in self.orders if datetime.fromisoformat(it["updated_at"]) >= since]
        found.sort(key=lambda it: datetime.fromisoformat(it["updated_at"]))
        first = int(start)
        headers = {"X-Shopify-Shop-Api-Call-Limit": "3/40"}
        if first + size < len(found):
            further = request.url.with_query({"limit": str(size), "page_info": f"{moment}~{first + size}"})
            headers["Link"] = f'<{request.url}>; rel="previous", <{further}>; rel="next"'
        return web.json_response({"orders": found[first : first + size]}, headers=headers)

    async def _woocommerce(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Basic {base64.b64encode(b'ck_1:api secret').decode()}":
            return web.json_response({"code": "woocommerce_rest_cannot_view"}, status=401)
        if request.path == "/wp-json/wc/v3/webhooks":
            return web.json_response(self.webhooks)
        if request.path != "/wp-json/wc/v3/orders":
            return web.json_response({"code": "rest_no_route"}, status=404)
        query = request.query
        size, page = self.page_size or int(query["per_page"]), int(query["page"])
        found = [it for it in self.orders if it["date_modified_gmt"] > query["modified_after"]]
        found.sort(key=lambda it: (it["date_modified_gmt"], it["id"]))
        return web.json_response(found[(page - 1) * size : page * size])

    async def _shopware(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if request.path == "/api/oauth/token":
            if (body["client_id"], body["client_secret"]) != ("key-1", "api secret"):
                return web.json_response({"errors": [{"code": "6"}]}, status=401)
            return web.json_response({"token_type": "Bearer", "expires_in": 600, "access_token": self.token})
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"errors": [{"code": "9"}]}, status=401)
        (multi,) = body["filter"]
        asked = {one["field"]: datetime.fromisoformat(one["parameters"]["gte"]) for one in multi["queries"]}
        found = [
            it
            for it in self.orders
            if any(it.get(name) and datetime.fromisoformat(it[name]) >= since for name, since in asked.items())
        ]
        found.sort(key=lambda it: (it["createdAt"], it["id"]))
        size, page = self.page_size or body["limit"], body["page"]
        return web.json_response({"total": len(found), "data": found[(page - 1) * size : page * size]})

    async def _stripe(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != "Bearer api secret":
            return web.json_response({"error": {"type": "invalid_request_error"}}, status=401)
        query = request.query
        kinds = {value for name, value in query.items() if name.startswith("types[")}
        since = int(query["created[gte]"])
        found = [it for it in self.orders if it["created"] >= since and it["type"] in kinds]
        found.sort(key=lambda it: (-it["created"], it["id"]))
        after = query.get("starting_after", "")
        start = next((place + 1 for place, it in enumerate(found) if it["id"] == after), 0)
        size = self.page_size or int(query["limit"])
        return web.json_response({"data": found[start : start + size], "has_more": start + size < len(found)})


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def same(order: Order) -> Order:
    """A copy that is not shared."""
    copied: Order = json.loads(json.dumps(order))
    return copied
