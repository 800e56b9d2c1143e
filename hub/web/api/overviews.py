"""A contact's page of what is shared with them."""

from aiohttp import web

from hub.domain.errors import Invalid
from hub.domain.sharing import Overview
from hub.web.api.documents import named_contact, share_shape
from hub.web.api.requests import Body, Name, read_body, required_key
from hub.web.api.shapes import Json
from hub.web.site import actor_of, site_of


class OverviewBody(Body):
    """Whose page, and how long its link lasts."""

    contact: Name
    days: int = 30


def overview_shape(overview: Overview, address: str = "") -> Json:
    """A contact's page; `address` only when it was just made."""
    shape: Json = {
        "id": overview.id,
        "contact_id": overview.contact_id,
        "created_at": overview.created_at.isoformat(),
        "expires_at": overview.expires_at.isoformat(),
        "revoked_at": overview.revoked_at.isoformat() if overview.revoked_at else None,
        "visits": overview.visits,
        "log": [{"at": one.at.isoformat(), "client": one.client} for one in overview.log],
    }
    return shape | ({"address": address} if address else {})


async def share_overview(request: web.Request) -> web.Response:
    """POST /overviews: the address is told once."""
    key = required_key(request)
    body = await read_body(request, OverviewBody)
    contact_id = await named_contact(request, body.contact)
    assert contact_id is not None
    verbs = site_of(request).verbs.documents
    address, made = await verbs.share_overview(actor_of(request), contact_id, days=body.days, key=key)
    return web.json_response(overview_shape(made, address), status=201)


async def list_overviews(request: web.Request) -> web.Response:
    """GET /overviews?contact=: with their visits, and what stands on them."""
    contact_id = await named_contact(request, request.query.get("contact", ""))
    if contact_id is None:
        raise Invalid("Say whose: ?contact=NAME.", field="contact")
    verbs, actor = site_of(request).verbs.documents, actor_of(request)
    found = [overview_shape(one) for one in await verbs.overviews(actor, contact_id)]
    shares = [share_shape(one) for one in await verbs.shared_with(actor, contact_id)]
    return web.json_response({"items": found, "next": None, "shares": shares})


async def end_overview(request: web.Request) -> web.Response:
    """DELETE /overviews/{id}."""
    ended = await site_of(request).verbs.documents.end_overview(actor_of(request), request.match_info["id"])
    return web.json_response(overview_shape(ended))
