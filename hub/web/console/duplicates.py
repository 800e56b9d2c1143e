"""Contacts that may be one: looking, merging, taking apart."""

from typing import Any

from aiohttp import web

from hub.domain.errors import Conflict, Invalid
from hub.domain.ids import ContactId
from hub.web.console.forms import form_key, read_form
from hub.web.guard import status_of
from hub.web.pages import Errors, page, redirect
from hub.web.site import actor_of, site_of


async def list_duplicates(request: web.Request) -> web.Response:
    """GET /duplicates."""
    return await _page(request)


async def _page(request: web.Request, *, errors: Errors = None, status: int = 200, **more: Any) -> web.Response:
    found = await site_of(request).verbs.register.duplicates(actor_of(request), limit=50)
    return await page(
        request,
        "duplicates.html",
        {"pairs": found} | more,
        section="contacts",
        twin="/api/v1/duplicates",
        status=status,
        errors=errors,
    )


async def merge(request: web.Request) -> web.Response:
    """POST /duplicates: the second goes into the first."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    survivor, member = ContactId(form["survivor"]), ContactId(form["member"])
    fields = ["name"] if form["name_of"] == "member" else []
    try:
        merged = await site.verbs.register.merge(
            actor, survivor, member, fields=fields, key=form_key(actor, form) or form["nonce"]
        )
    except (Invalid, Conflict) as error:
        return await _page(request, errors=error, status=status_of(error))
    return redirect(f"/contacts/{merged.id}?done=merged")


async def invite(request: web.Request) -> web.Response:
    """POST /contacts/{id}/invite: links that bind a chat account to the contact, shown once."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    contact_id = ContactId(request.match_info["id"])
    card = await site.verbs.contacts.card(actor, contact_id)
    made = await site.verbs.register.invite(actor, contact_id, vouched=form["vouched"] == "on")
    return await page(request, "invite.html", {"card": card, "invite": made}, section="contacts")


async def unmerge(request: web.Request) -> web.Response:
    """POST /contacts/{id}/unmerge."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    survivor = ContactId(request.match_info["id"])
    await site.verbs.register.unmerge(
        actor, survivor, ContactId(form["member"]), key=form_key(actor, form) or form["nonce"]
    )
    return redirect(f"/contacts/{survivor}?done=unmerged")
