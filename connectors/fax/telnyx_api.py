"""Telnyx's HTTP interface, as far as a fax needs it."""

import json
from datetime import timedelta
from typing import Any

import aiohttp

from connectors.fax.settings import TelnyxSettings
from connectors.fax.telnyx_jobs import write_state
from hub.domain.errors import (
    AuthRejected,
    Misconfigured,
    PermanentFailure,
    TemporaryFailure,
    UnknownOutcome,
    Unreachable,
)

SECONDS = 20.0
MAX_ANSWER = 1_000_000


class TelnyxApi:
    """One session, opened by the first request."""

    def __init__(self, settings: TelnyxSettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=SECONDS),
                headers={"Authorization": f"Bearer {self._settings.api_key.reveal()}"},
            )
        return self._session

    async def close(self) -> None:
        """End its connections."""
        if self._session is not None:
            await self._session.close()

    async def check(self) -> str:
        """The application's name. Raises LinkError."""
        url = f"{self._settings.api_url}/fax_applications/{self._settings.connection_id}"
        try:
            async with self._open().get(url, allow_redirects=False) as response:
                status, data = response.status, await _read(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"Telnyx does not answer ({type(error).__name__}).") from error
        if status in (401, 403):
            raise AuthRejected("Telnyx refuses the API key: make a new one in the portal and set api_key.")
        if status == 404:
            raise Misconfigured("Telnyx knows no fax application of this id: correct connection_id.")
        if status != 200:
            raise Unreachable(f"Telnyx answers with HTTP {status}.")
        return str(data.get("application_name", ""))[:100]

    async def send(self, *, sender: str, number: str, media_url: str, message_id: str) -> str:
        """Order one call; the fax's id. Raises SendError."""
        order = {
            "connection_id": self._settings.connection_id,
            "from": sender,
            "to": number,
            "media_url": media_url,
            "quality": "high",
            "store_media": False,
            "client_state": write_state(message_id),
        }
        try:
            async with self._open().post(
                f"{self._settings.api_url}/faxes", json=order, allow_redirects=False
            ) as response:
                status, retry_after = response.status, response.headers.get("Retry-After", "")
                data = await _read(response)
        except aiohttp.ClientConnectorError as error:
            raise TemporaryFailure("Telnyx cannot be reached.") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnknownOutcome("Telnyx did not answer when the fax was ordered.") from error
        if 200 <= status < 300 and data.get("id"):
            return str(data["id"])[:100]
        if 200 <= status < 300 or status >= 500:
            raise UnknownOutcome(f"Telnyx's answer to the order is not clear (HTTP {status}).")
        if status == 429:
            wait = timedelta(seconds=min(int(retry_after), 3_600)) if retry_after.isdigit() else None
            raise TemporaryFailure("Telnyx wants fewer requests.", retry_after=wait)
        if status in (401, 403, 408):
            raise TemporaryFailure(f"Telnyx does not take the order now (HTTP {status}).")
        words = str(data.get("error", ""))[:200]
        raise PermanentFailure("Telnyx refuses the fax.", peer=f"HTTP {status} {words}".strip())


async def _read(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """`data` of an answer; of an error its first detail, as `error`. {} where it is no JSON."""
    raw = await response.content.read(MAX_ANSWER)
    try:
        whole = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(whole, dict):
        return {}
    errors = whole.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return {"error": str(errors[0].get("detail") or errors[0].get("title") or "")}
    data = whole.get("data")
    return data if isinstance(data, dict) else {}
