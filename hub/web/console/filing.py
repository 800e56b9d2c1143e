"""To what a document belongs: adding and taking away on its own page."""

from aiohttp import web

from hub.domain.errors import Conflict, Invalid
from hub.web.console.belongings import link_of
from hub.web.console.documents import document_page
from hub.web.console.forms import read_form
from hub.web.guard import status_of
from hub.web.pages import redirect
from hub.web.site import actor_of, site_of


async def add_link(request: web.Request) -> web.Response:
    """POST /documents/{id}/links: one of the proposals, or a number that is typed."""
    verbs, actor, form = site_of(request).verbs.documents, actor_of(request), await read_form(request)
    id = request.match_info["id"]
    document = await verbs.get(actor, id)
    try:
        link = link_of(form["link"], form["kind"], form["number"])
        await verbs.file(actor, id, links=(*document.links, link), version=document.version)
    except (Invalid, Conflict) as error:
        named = "number" if form["number"] else "link"
        errors = {named: error.sentence}
        return await document_page(request, errors=errors, status=status_of(error), adding=form)
    return redirect(f"/documents/{id}?done=saved#belongs")


async def drop_link(request: web.Request) -> web.Response:
    """POST /documents/{id}/links/remove."""
    verbs, actor, form = site_of(request).verbs.documents, actor_of(request), await read_form(request)
    id = request.match_info["id"]
    document = await verbs.get(actor, id)
    left = tuple(link for link in document.links if link != form["link"])
    try:
        await verbs.file(actor, id, links=left, version=document.version)
    except Conflict as error:
        return await document_page(request, errors={"": error.sentence}, status=409)
    return redirect(f"/documents/{id}?done=saved#belongs")
