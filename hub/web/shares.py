"""Files behind links, for people outside: `/f/SECRET`. The secret is the right; guesses count as failed sign-ins do."""

import re

from aiohttp import web

from hub.domain.errors import NotFound
from hub.services.sharing import GONE, PATH, SharedFile, Sharing
from hub.web.downloads import file_headers
from hub.web.site import client_of, site_of

SHARING: web.AppKey[Sharing] = web.AppKey("sharing", Sharing)
_SECRET = re.compile(r"[a-z2-7]{40}")


def open_shares(app: web.Application, sharing: Sharing) -> None:
    """Add the route."""
    app[SHARING] = sharing
    app.router.add_get(PATH + "{secret}", fetch, allow_head=False)


async def fetch(request: web.Request) -> web.StreamResponse:
    """GET /f/SECRET: the file, to be saved."""
    site, client, secret = site_of(request), client_of(request), request.match_info["secret"]
    site.failures.check(client)
    try:
        if not _SECRET.fullmatch(secret):
            raise NotFound(GONE)
        shared = await request.config_dict[SHARING].fetch(secret, client)
    except NotFound:
        site.failures.take(client)
        raise
    return await send_shared(request, shared)


async def send_shared(request: web.Request, shared: SharedFile) -> web.StreamResponse:
    """The file in pieces, to be saved."""
    response = web.StreamResponse(headers={**file_headers(shared.name, shared.type), "X-Robots-Tag": "noindex"})
    response.content_length = shared.size
    await response.prepare(request)
    async for piece in shared.pieces:
        await response.write(piece)
    return response
