"""Files that a provider names by address: fetched only from public addresses, bounded in size and time. Small on
purpose; the provider signed the address that is given here."""

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

SECONDS = 20.0


class MediaGone(Exception):
    """It cannot be had, now or later; the text says why."""


class MediaLate(Exception):
    """It cannot be had now."""


class _PublicResolver(AbstractResolver):
    """Names of machines inside our own network are not followed; the address that was checked is the one that is
    connected to."""

    def __init__(self) -> None:
        self._inner = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if not found or not all(is_public(one["host"]) for one in found):
            raise MediaGone("The address of the file lies inside a private network.")
        return found

    async def close(self) -> None:
        await self._inner.close()


def is_public(address: str) -> bool:
    """Whether this IP address belongs to the open Internet."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_global and not ip.is_multicast


async def fetch_media(url: str, limit: int, *, inside: bool = False, seconds: float = SECONDS) -> bytes:
    """The file. `inside`: private addresses and http are permitted, for tests against a server on this machine.
    Raises MediaGone, MediaLate."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" and not inside:
        raise MediaGone("The address of the file is not https.")
    literal = host.replace(".", "").isdigit() or ":" in host
    if not host or parts.username or (literal and not inside and not is_public(host)):
        raise MediaGone("The address of the file lies inside a private network.")
    options: dict[str, Any] = {} if inside else {"resolver": _PublicResolver()}
    timeout = aiohttp.ClientTimeout(total=seconds)
    try:
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(**options), timeout=timeout) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            return await _read(response, limit)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise MediaLate(f"The file cannot be fetched ({type(error).__name__}).") from error


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    if response.status >= 500 or response.status in (408, 425, 429):
        raise MediaLate(f"The file cannot be fetched now (HTTP {response.status}).")
    if response.status != 200:
        raise MediaGone(f"The file is not there any more (HTTP {response.status}).")
    pieces, size = [], 0
    async for piece in response.content.iter_chunked(65_536):
        size += len(piece)
        if size > limit:
            raise MediaGone(f"The file has more than {limit:,} bytes.")
        pieces.append(piece)
    return b"".join(pieces)
