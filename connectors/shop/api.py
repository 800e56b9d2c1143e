"""Asking a shop's API: one request at a time, bounded in size and time, no redirects, what it says of its limits
obeyed. Errors are the link's."""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import aiohttp
import structlog

from connectors.shop.payload import Payload, read_json
from connectors.shop.settings import STRIPE_API, ShopApi, ShopSettings
from hub.domain.errors import AuthRejected, Misconfigured, Unreachable, Unreadable
from hub.ports.clock import Clock

log = structlog.get_logger()
MAX_ANSWER = 32 * 1024 * 1024
TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=10, sock_read=30)
TRIES, LONGEST_PAUSE = 5, 120.0
ALMOST_FULL = 0.9
"""Of Shopify's bucket, which leaks two calls a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A page: its JSON, and what its headers say of further ones."""

    payload: Payload
    headers: Mapping[str, str]


class ShopClient:
    """A session with one shop. `seconds` bounds each request."""

    def __init__(self, settings: ShopSettings, clock: Clock, *, timeout: aiohttp.ClientTimeout | None = None) -> None:
        assert settings.api is not None
        self._system, self._api, self._clock = settings.system, settings.api, clock
        self._timeout = timeout or TIMEOUT
        self._session: aiohttp.ClientSession | None = None
        self._token = ""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=self._timeout, auto_decompress=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def base(self) -> str:
        """The API's address, without a path."""
        return self._api.url or STRIPE_API

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Answered:
        """Raises Unreachable, AuthRejected, Misconfigured."""
        return await self._ask("GET", path, query, None)

    async def search(self, path: str, criteria: Mapping[str, Any]) -> Answered:
        """POST of a search that changes nothing. Raises as `get`."""
        return await self._ask("POST", path, None, criteria)

    async def _ask(
        self, method: str, path: str, query: Mapping[str, str] | None, body: Mapping[str, Any] | None
    ) -> Answered:
        for attempt in range(TRIES):
            status, headers, data = await self._request(method, path, query, body, await self._headers())
            if status == 429 or (status == 503 and "retry-after" in headers):
                await self._clock.sleep(_pause(headers, attempt))
                continue
            if status == 401 and self._system == "shopware" and self._token and attempt == 0:
                self._token = ""  # it lives ten minutes
                continue
            _check(status, path)
            await self._ease(headers)
            try:
                return Answered(payload=Payload(read_json(data)), headers=headers)
            except Unreadable as error:
                raise Unreachable("The shop answered something that is no JSON; it is asked again.") from error
        raise Unreachable("The shop says that it is asked too often; it is left alone for a while.")

    async def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str],
    ) -> tuple[int, dict[str, str], bytes]:
        assert self._session is not None
        try:
            async with self._session.request(
                method,
                f"{self.base}{path}",
                params=query,
                data=None if body is None else json.dumps(body).encode(),
                headers=headers,
                allow_redirects=False,
            ) as response:
                data = await _read_bounded(response)
                return response.status, {name.lower(): value for name, value in response.headers.items()}, data
        except (aiohttp.ClientError, TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            raise Unreachable(f"The shop at {self.base} does not answer ({type(error).__name__}).") from error

    async def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "Fernamt"}
        secret = _reveal(self._api)
        match self._system:
            case "shopify":
                return {**headers, "X-Shopify-Access-Token": secret}
            case "woocommerce":
                pair = base64.b64encode(f"{self._api.key}:{secret}".encode()).decode()
                return {**headers, "Authorization": f"Basic {pair}"}
            case "shopware":
                headers["Content-Type"] = "application/json"
                if not self._token:
                    self._token = await self._sign_in(headers, secret)
                return {**headers, "Authorization": f"Bearer {self._token}"}
            case _:
                return {**headers, "Authorization": f"Bearer {secret}"}

    async def _sign_in(self, headers: Mapping[str, str], secret: str) -> str:
        """OAuth 2 client credentials (RFC 6749 §4.4), as Shopware's integrations use them."""
        grant = {"grant_type": "client_credentials", "client_id": self._api.key, "client_secret": secret}
        status, _, data = await self._request("POST", "/api/oauth/token", None, grant, headers)
        if status in (400, 401, 403):
            raise AuthRejected("The shop refuses the integration's key or secret: correct them in the settings.")
        _check(status, "/api/oauth/token")
        try:
            token = Payload(read_json(data)).text("access_token", limit=8_000)
        except Unreadable:
            token = ""
        if not token:
            raise Misconfigured("The address answers, but not as a Shopware shop does: check the url.")
        return token

    async def _ease(self, headers: Mapping[str, str]) -> None:
        """Shopify tells how full its bucket is, "39/40"."""
        used, slash, size = headers.get("x-shopify-shop-api-call-limit", "").partition("/")
        if slash and used.isdigit() and size.isdigit() and int(used) >= ALMOST_FULL * int(size):
            await self._clock.sleep(1.0)


def _reveal(api: ShopApi) -> str:
    try:
        return api.secret.reveal()
    except ValueError as error:
        raise Misconfigured(f"The api's secret cannot be read: {error}.") from error


def _pause(headers: Mapping[str, str], attempt: int) -> float:
    """Retry-After in seconds (RFC 9110 §10.2.3), else longer each time."""
    try:
        wanted = float(headers.get("retry-after", ""))
    except ValueError:
        wanted = float(timedelta(seconds=2.0**attempt).total_seconds())
    return min(max(wanted, 0.5), LONGEST_PAUSE) if wanted == wanted else 1.0


def _check(status: int, path: str) -> None:
    if status in (401, 403):
        raise AuthRejected("The shop refuses the key, or the key may not read orders: correct it in the settings.")
    if status in (301, 302, 307, 308):
        raise Misconfigured("The shop sends us to another address: write that one into the url.")
    if status in (404, 405, 410):
        raise Misconfigured(f"The address answers, but has no {path.partition('?')[0]}: check the url and the system.")
    if status == 400 or status == 422:
        raise Misconfigured(f"The shop does not understand our question (status {status}): check system and version.")
    if status != 200:
        raise Unreachable(f"The shop answers with status {status}; it is asked again.")


async def _read_bounded(response: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for piece in response.content.iter_chunked(65_536):
        data += piece
        if len(data) > MAX_ANSWER:
            raise aiohttp.ClientPayloadError("the answer is too large")
    return bytes(data)
