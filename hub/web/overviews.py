"""A contact's page of what is shared with them: `/d/SECRET`. No script, no session; the secret is the right, and
guesses count as failed sign-ins do. Whatever is wrong with a link, the answer is the same."""

import re

from aiohttp import web

from hub.domain.errors import FernamtError, Invalid, NotFound
from hub.services.documents.overviews import PATH, Overviews
from hub.services.sharing import GONE
from hub.web.guard import status_of
from hub.web.pages import page, redirect
from hub.web.shares import send_shared
from hub.web.site import client_of, site_of
from hub.web.uploads import read_upload

OVERVIEWS: web.AppKey[Overviews] = web.AppKey("overviews", Overviews)
_SECRET = re.compile(r"[a-z2-7]{40}")


def open_overviews(app: web.Application, overviews: Overviews) -> None:
    """Add the routes."""
    app[OVERVIEWS] = overviews
    app.router.add_get(PATH + "{secret}", show, allow_head=False)
    app.router.add_get(PATH + "{secret}/file/{share}", fetch, allow_head=False)
    app.router.add_post(PATH + "{secret}/files/{request}", take_files)


def _secret_of(request: web.Request) -> str:
    """Raises TooMany for a client that guesses, NotFound."""
    secret = request.match_info["secret"]
    site_of(request).failures.check(client_of(request))
    if not _SECRET.fullmatch(secret):
        raise NotFound(GONE)
    return secret


async def show(request: web.Request) -> web.Response:
    """GET /d/SECRET: counted and logged."""
    try:
        return await _render(request, _secret_of(request))
    except NotFound:
        site_of(request).failures.take(client_of(request))
        raise


async def fetch(request: web.Request) -> web.StreamResponse:
    """GET /d/SECRET/file/SHARE: the file, under its own link's limits."""
    client, overviews = client_of(request), request.config_dict[OVERVIEWS]
    try:
        shared = await overviews.fetch(_secret_of(request), request.match_info["share"], client)
    except NotFound:
        site_of(request).failures.take(client)
        raise
    return await send_shared(request, shared)


async def take_files(request: web.Request) -> web.Response:
    """POST /d/SECRET/files/REQUEST: each file becomes a document."""
    client, overviews, wanted = client_of(request), request.config_dict[OVERVIEWS], request.match_info["request"]
    try:
        secret = _secret_of(request)
        # Nothing is read from whoever only guesses.
        await overviews.open(secret)
        upload = await read_upload(request, overviews.max_bytes)
        if not any(file.data for file in upload.files):
            raise Invalid("Choose a file first.", field="file")
        for file in upload.files:
            if file.data:
                await overviews.take(secret, wanted, file, client)
    except NotFound:
        site_of(request).failures.take(client)
        raise
    except Invalid as error:
        return await _render(request, secret, wanted, error)
    return redirect(f"{PATH}{secret}?done=files-received")


async def _render(
    request: web.Request, secret: str, wrong_at: str = "", error: FernamtError | None = None
) -> web.Response:
    overviews = request.config_dict[OVERVIEWS]
    view = await overviews.look(secret, client_of(request))
    values = {
        "view": view,
        "place": f"{PATH}{secret}",
        "most": overviews.max_bytes // 1_048_576,
        "wrong_at": wrong_at,
    }
    status = 200 if error is None else status_of(error)
    response = await page(request, "overview.html", values, status=status, errors=error)
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
