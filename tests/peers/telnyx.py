"""Telnyx as its documentation describes it, on loopback: takes orders, fetches the pages, and signs webhooks."""

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.ports.connector import HttpRequest
from tests.peers.process import LOOPBACK

API_KEY = "KEY0123"
APPLICATION = "1293384261075731499"


@dataclass(slots=True)
class Telnyx:
    """`async with Telnyx() as telnyx:`; `orders` are the bodies of POST /v2/faxes. `answer`: what the next orders get
    instead, (status, body); status 0 breaks the connection."""

    orders: list[dict[str, Any]] = field(default_factory=list)
    answer: tuple[int, dict[str, Any]] | None = None
    media: dict[str, bytes] = field(default_factory=dict)
    media_status: int = 200
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    port: int = 0
    _runner: web.AppRunner | None = None

    @property
    def public_key(self) -> str:
        return base64.b64encode(self.key.public_key().public_bytes_raw()).decode()

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get(f"/v2/fax_applications/{APPLICATION}", self._application)
        app.router.add_post("/v2/faxes", self._order)
        app.router.add_get("/media/{name}", self._media)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def _permitted(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer {API_KEY}"

    async def _application(self, request: web.Request) -> web.Response:
        if not self._permitted(request):
            return web.json_response({"errors": [{"code": "10009", "title": "Authentication failed"}]}, status=401)
        return web.json_response({"data": {"id": APPLICATION, "application_name": "Office"}})

    async def _order(self, request: web.Request) -> web.Response:
        body = await request.json()
        if self.answer is not None:
            status, data = self.answer
            if not status:
                self.orders.append(body)
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            return web.json_response(data, status=status, headers={"Retry-After": "90"})
        self.orders.append(body)
        fax_id = f"fax-{len(self.orders)}"
        return web.json_response({"data": {"id": fax_id, "status": "queued", "direction": "outbound"}}, status=202)

    async def _media(self, request: web.Request) -> web.Response:
        data = self.media.get(request.match_info["name"])
        if data is None or self.media_status != 200:
            return web.Response(status=404 if data is None else self.media_status)
        return web.Response(body=data, content_type="application/pdf")

    def webhook(self, kind: str, now: datetime, *, fax_id: str = "fax-1", **payload: Any) -> HttpRequest:
        """A signed request, in the documented form."""
        body = json.dumps(
            {
                "data": {
                    "event_type": kind,
                    "id": "95479a2e-b947-470a-a88f-2da6dd07ae0f",
                    "occurred_at": "2026-11-28T12:41:14.310Z",
                    "payload": {
                        "connection_id": APPLICATION,
                        "direction": "outbound",
                        "fax_id": fax_id,
                        "from": "+49300000000",
                        "original_media_url": "https://hub.example.org/in/fax/media/x.pdf",
                        "to": "+49300000001",
                        "user_id": "a5b6a5e5-7a5b-4b2b-8d0c-1f0a3a5d7b1c",
                        "status": kind.removeprefix("fax."),
                        **payload,
                    },
                    "record_type": "event",
                },
                "meta": {"attempt": 1, "delivered_to": "https://hub.example.org/in/fax"},
            }
        ).encode()
        return self.sign(body, now)

    def sign(self, body: bytes, now: datetime, *, at: datetime | None = None) -> HttpRequest:
        """POST this, signed at that time."""
        timestamp = str(int((at or now).timestamp()))
        signature = base64.b64encode(self.key.sign(timestamp.encode() + b"|" + body)).decode()
        headers = (("telnyx-timestamp", timestamp), ("telnyx-signature-ed25519", signature))
        return HttpRequest(
            method="POST", path="", url="https://hub.example.org/in/fax", headers=headers, body=body, client="192.0.2.1"
        )
