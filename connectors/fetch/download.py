"""Files by HTTP from addresses that strangers name, without letting them reach into our own network (SSRF).

Each address is judged when it is resolved, and the connection goes to exactly what was judged, so that a name that
changes its mind (DNS rebinding) gains nothing. Only https, a bounded number of redirects, each judged anew; size and
time are bounded; nothing of ours is sent along (no cookies, no credentials, no proxy of the environment).
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from hub.domain.errors import FernamtError
from hub.ports.exposure import is_public

MAX_REDIRECTS = 3
CHUNK = 65_536
Resolve = Callable[[str, int, socket.AddressFamily], Awaitable[list[ResolveResult]]]


class NotFetched(FernamtError):
    """The file was not fetched; the sentence says why, without telling what our network looks like."""

    code = "not-fetched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A file. `type` as the server claims it."""

    data: bytes
    type: str
    name: str
    """The last part of the address's path, decoded; '' without one."""


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses only; those of `trusted` hosts to whatever they are."""

    def __init__(self, trusted: Collection[str] = (), resolve: Resolve | None = None) -> None:
        self._trusted = trusted
        self._inner = ThreadedResolver() if resolve is None else None
        self._resolve = resolve

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises OSError where nothing public is left."""
        if self._resolve is not None:
            found = await self._resolve(host, port, family)
        else:
            assert self._inner is not None
            found = await self._inner.resolve(host, port, family)
        if host in self._trusted:
            return found
        allowed = [one for one in found if is_public(one["host"])]
        if len(allowed) != len(found) or not allowed:
            # One private address among them is enough to distrust the name.
            raise OSError(f"{host[:100]} is not a public host")
        return allowed

    async def close(self) -> None:
        """Nothing is held."""


async def fetch(
    url: str,
    *,
    max_bytes: int,
    seconds: float = 20.0,
    trusted: Collection[str] = (),
    tls: ssl.SSLContext | None = None,
    resolve: Resolve | None = None,
) -> Fetched:
    """GET the file. What begins with one of `trusted` (made by `trusted_prefix` of our own servers' addresses) may lie
    inside and be http; `tls` is used for those only. Raises NotFetched."""
    try:
        async with asyncio.timeout(seconds):
            return await _follow(URL(url), max_bytes, trusted, tls, resolve)
    except TimeoutError as error:
        raise NotFetched("The file did not come in time.") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise NotFetched(f"The file could not be fetched ({type(error).__name__}).") from error


async def _follow(
    url: URL, max_bytes: int, trusted: Collection[str], tls: ssl.SSLContext | None, resolve: Resolve | None
) -> Fetched:
    for _ in range(MAX_REDIRECTS + 1):
        own = _is_trusted(url, trusted)
        if not own:
            _check(url)
        resolver = PublicResolver((url.host or "",) if own else (), resolve)
        connector = aiohttp.TCPConnector(resolver=resolver, ssl=tls if own and tls is not None else True)
        async with (
            aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False) as session,
            session.get(url, allow_redirects=False, headers={"Accept-Encoding": "identity"}) as answer,
        ):
            if answer.status in (301, 302, 303, 307, 308):
                url = url.join(URL(answer.headers.get("Location", "")))
                continue
            if answer.status != 200:
                raise NotFetched(f"The server of the file answered {answer.status}.")
            return Fetched(
                data=await _read(answer, max_bytes),
                type=answer.content_type or "application/octet-stream",
                name=url.name[:255],
            )
    raise NotFetched("The file's address redirects too often.")


def trusted_prefix(url: str) -> str:
    """Of an address that our own server names for files: its origin and, where the path is long enough to have one, the
    folder that all files share. Another port or folder of the same host is not trusted."""
    parsed = URL(url)
    folders = parsed.parts[1:-1]
    return f"{parsed.origin()}/{folders[0]}/" if len(folders) > 1 else f"{parsed.origin()}/"


def _is_trusted(url: URL, trusted: Collection[str]) -> bool:
    if url.scheme not in ("http", "https") or url.user or url.password or ".." in url.path:
        return False
    return any(str(url).startswith(prefix) for prefix in trusted)


def _check(url: URL) -> None:
    """Raises NotFetched. The resolver is not asked about literal addresses, so they are judged here."""
    host = url.host or ""
    if url.scheme != "https" or not host or url.user or url.password:
        raise NotFetched("Files are fetched by https only.")
    try:
        ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return
    if not is_public(host.strip("[]")):
        raise NotFetched("The file does not lie in the public internet.")


async def _read(answer: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    if (answer.content_length or 0) > max_bytes:
        raise NotFetched(f"The file is larger than {max_bytes:,} bytes.")
    pieces, size = [], 0
    async for piece in answer.content.iter_chunked(CHUNK):
        size += len(piece)
        if size > max_bytes:
            raise NotFetched(f"The file is larger than {max_bytes:,} bytes.")
        pieces.append(piece)
    return b"".join(pieces)


async def put(url: str, data: bytes, *, headers: Mapping[str, str], tls: Any = None, seconds: float = 45.0) -> int:
    """PUT to an address that our own server named; the status. Raises NotFetched where no answer came."""
    target = URL(url)
    if target.scheme not in ("http", "https"):
        raise NotFetched("The upload address is neither http nor https.")
    connector = aiohttp.TCPConnector(ssl=tls if tls is not None and target.scheme == "https" else True)
    timeout = aiohttp.ClientTimeout(total=seconds)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=timeout) as session,
            session.put(target, data=data, headers=dict(headers), allow_redirects=False) as answer,
        ):
            return answer.status
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise NotFetched(f"The upload did not end ({type(error).__name__}).") from error
