"""One entry: why it is here, what became of it, its raw text and its files."""

from aiohttp import web

from hub.domain.ids import InteractionId
from hub.web.downloads import as_download, html_document, raw_as_text
from hub.web.pages import page
from hub.web.site import actor_of, site_of


def _id(request: web.Request) -> InteractionId:
    return InteractionId(request.match_info["id"])


async def show_entry(request: web.Request) -> web.Response:
    """GET /entries/{id}."""
    verbs, actor = site_of(request).verbs, actor_of(request)
    detail = await verbs.timeline.entry(actor, _id(request))
    it = detail.entry.interaction
    return await page(
        request, "entry.html", {"detail": detail, "it": it}, section="inbox", twin=f"/api/v1/interactions/{it.id}"
    )


async def show_raw(request: web.Request) -> web.Response:
    """GET /entries/{id}/raw: as text; `save=1` as a file."""
    data = await site_of(request).verbs.timeline.raw(actor_of(request), _id(request))
    return as_download(data) if request.query.get("save") else raw_as_text(data)


async def show_attachment(request: web.Request) -> web.Response:
    """GET /entries/{id}/attachments/{n}: saved, or shown where it is a harmless picture."""
    index = int(request.match_info["index"])
    data = await site_of(request).verbs.timeline.attachment(actor_of(request), _id(request), index)
    return as_download(data, inline="save" not in request.query)


async def show_html(request: web.Request) -> web.Response:
    """GET /entries/{id}/html: the mail's formatted text, for a sandboxed frame."""
    return html_document(await site_of(request).verbs.timeline.html(actor_of(request), _id(request)))
