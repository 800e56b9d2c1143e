"""The door for other systems: `/in/NAME/PATH` goes to the connector of the channel NAME. No session, no same-origin
check: each channel proves its peers itself, over the raw bytes."""

from typing import Protocol

from aiohttp import web

from hub.domain.errors import Invalid, StoreUnavailable
from hub.ports.connector import HttpAnswer, HttpRequest
from hub.web.limits import Limiter
from hub.web.site import SITE, client_of, site_of

PREFIX = "/in/"
RETRY_SECONDS = "30"
MAX_HEADERS = 100
BURST, PER_MINUTE = 600, 3_000


class PeerDoor(Protocol):
    """hub.services.peers.Peers."""

    async def answer(self, name: str, request: HttpRequest) -> HttpAnswer:
        """Raises NotFound, StoreUnavailable, TooMany, Invalid."""


PEERS: web.AppKey[PeerDoor] = web.AppKey("peers", PeerDoor)
FLOOD: web.AppKey[Limiter] = web.AppKey("flood", Limiter)


def open_peer_door(app: web.Application, peers: PeerDoor) -> None:
    """Add the routes. A client that floods one channel is told 429 and does not hinder the others."""
    app[PEERS] = peers
    app[FLOOD] = Limiter(app[SITE].clock.monotonic, burst=BURST, per_minute=PER_MINUTE)
    app.router.add_route("*", PREFIX + "{name:[a-z][a-z0-9_-]{0,31}}{path:(?:/.*)?}", take)


async def take(request: web.Request) -> web.StreamResponse:
    """One request of a peer. A store that is down becomes 503 with Retry-After, so that the peer sends it again."""
    client, name = client_of(request), request.match_info["name"]
    flood = request.config_dict[FLOOD]
    flood.check(f"{name}|{client}")
    flood.take(f"{name}|{client}")
    try:
        answer = await request.config_dict[PEERS].answer(name, await _read(request, client))
    except StoreUnavailable:
        return web.Response(status=503, text="Try again in a moment.", headers={"Retry-After": RETRY_SECONDS})
    except Invalid as error:
        return web.Response(status=400, text=error.sentence)
    return await _respond(request, answer)


async def _read(request: web.Request, client: str) -> HttpRequest:
    facts = site_of(request).facts
    host = facts.base_url or f"{request.scheme}://{request.host}"
    return HttpRequest(
        method=request.method,
        path=request.match_info["path"].lstrip("/"),
        url=f"{host}{request.rel_url.raw_path_qs}",
        query=tuple(request.query.items()),
        headers=tuple((key.lower(), value) for key, value in list(request.headers.items())[:MAX_HEADERS]),
        body=await request.read(),
        client=client,
    )


async def _respond(request: web.Request, answer: HttpAnswer) -> web.StreamResponse:
    headers = {**dict(answer.headers), "Content-Type": answer.type}
    if answer.stream is None:
        return web.Response(status=answer.status, body=answer.body, headers=headers)
    response = web.StreamResponse(status=answer.status, headers=headers)
    await response.prepare(request)
    try:
        async for piece in answer.stream:
            await response.write(piece)
    except ConnectionResetError:
        pass  # the peer went; there is nobody left to tell
    finally:
        close = getattr(answer.stream, "aclose", None)
        if close is not None:
            await close()
    return response
