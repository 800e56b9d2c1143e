"""/healthz, /readyz and /metrics, for machines."""

import hmac
import ipaddress

from aiohttp import web

from hub.domain.errors import Refused
from hub.domain.people import Right
from hub.web.site import client_of, site_of


async def healthz(request: web.Request) -> web.Response:
    """200 while the process is alive and its loop turns."""
    health = await site_of(request).health()
    return web.json_response({"alive": health.alive}, status=200 if health.alive else 503)


async def readyz(request: web.Request) -> web.Response:
    """200 while messages can be taken; what is wrong is told to this machine only."""
    health = await site_of(request).health()
    body: dict[str, object] = {"ready": health.ready}
    if from_this_machine(request):
        body["problems"] = list(health.problems)
    return web.json_response(body, status=200 if health.ready else 503)


async def metrics(request: web.Request) -> web.Response:
    """The Prometheus text format, for this machine or with a token."""
    if not (from_this_machine(request) or await _has_token(request)):
        raise Refused("Metrics are given to this machine only, or with an access token.")
    body = site_of(request).metrics()
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


def from_this_machine(request: web.Request) -> bool:
    """Whether the peer is loopback and no proxy passed it on: behind a local proxy everything looks local."""
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False


async def _has_token(request: web.Request) -> bool:
    site, client = site_of(request), client_of(request)
    site.failures.check(client)
    token = request.headers.get("Authorization", "").partition(" ")[2].strip()
    if not token or len(token) > 500:
        return False
    own = site.facts.metrics_token
    if own and hmac.compare_digest(token.encode(), own.encode()):
        return True
    actor = await site.verbs.users.token_actor(token)
    if actor is None:
        site.failures.take(client)
    return actor is not None and Right.READ_STATUS in actor.rights
