"""What a contact has of documents: the newest, what is shared with them and their overviews, letters from templates."""

from datetime import timedelta
from typing import Any

from aiohttp import web

from hub.domain.appointment import Occurrence
from hub.domain.errors import Conflict, FernamtError, Invalid, NotFound, Refused, RendererAway
from hub.domain.ids import ContactId
from hub.domain.people import Right
from hub.web.console.forms import Form, form_key, read_form
from hub.web.guard import status_of
from hub.web.pages import Errors, beside, page, reader_of, redirect
from hub.web.site import actor_of, site_of

SHOWN = 20
AHEAD = timedelta(days=365)


async def show_portfolio(request: web.Request) -> web.Response:
    """GET /contacts/{id}/documents."""
    return await _portfolio_page(request)


async def _portfolio_page(
    request: web.Request, *, errors: Errors = None, status: int = 200, **more: Any
) -> web.Response:
    site, actor, contact_id = site_of(request), actor_of(request), ContactId(request.match_info["id"])
    verbs = site.verbs.documents
    card = await site.verbs.contacts.card(actor, contact_id)
    values = {
        "contact": card.contact,
        "documents": (await verbs.page(actor, contact_id=contact_id, limit=SHOWN)).items,
        "shares": await verbs.shared_with(actor, contact_id),
        "overviews": await verbs.overviews(actor, contact_id),
        "templates": await verbs.templates(actor),
        "appointments": await _appointments(request, contact_id),
        "form": Form(values={"days": "30"}),
        "address": "",
        "now": site.clock.now(),
    }
    twin = f"/api/v1/documents?contact={card.contact.id}"
    return await page(
        request, "portfolio.html", values | more, section="contacts", twin=twin, status=status, errors=errors
    )


async def _appointments(request: web.Request, contact_id: ContactId) -> list[Occurrence]:
    """Those to come, for whoever may see them."""
    site, actor = site_of(request), actor_of(request)
    if Right.READ_CALENDARS not in actor.rights:
        return []
    now = site.clock.now()
    return await site.verbs.calendar.agenda(actor, now, now + AHEAD, contact_id=contact_id, limit=SHOWN)


async def share_overview(request: web.Request) -> web.Response:
    """POST /contacts/{id}/overviews: the address is shown once."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    contact_id = ContactId(request.match_info["id"])
    try:
        address, _ = await site.verbs.documents.share_overview(
            actor, contact_id, days=_days(form["days"]), key=form_key(actor, form)
        )
    except Invalid as error:
        return await _portfolio_page(request, form=form, errors=error, status=status_of(error))
    return await _portfolio_page(request, address=address)


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise Invalid("This is a number.", field="days")
    return int(text)


async def end_overview(request: web.Request) -> web.Response:
    """POST /overviews/{id}/end."""
    ended = await site_of(request).verbs.documents.end_overview(actor_of(request), request.match_info["id"])
    return redirect(f"/contacts/{ended.contact_id}/documents?done=link-ended")


async def write_letter(request: web.Request) -> web.Response:
    """POST /contacts/{id}/letters: a PDF from a template, filed with the contact."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    contact_id = ContactId(request.match_info["id"])
    try:
        if not form["template"]:
            raise Invalid("Choose a template first.", field="template")
        made = await site.verbs.documents.fill_template(
            actor, form["template"], contact_id, appointment_id=form["appointment"], key=form_key(actor, form)
        )
    except (Invalid, NotFound, Conflict, Refused, RendererAway) as error:
        return await _portfolio_page(request, form=form, errors=_about(request, error), status=status_of(error))
    return redirect(f"/documents/{made.id}?done=letter-made")


def _about(request: web.Request, error: FernamtError) -> Errors:
    """A field that has no value is told beside the choice of the template; without an appointment, beside that."""
    missing = str(error.fields.get("field", ""))
    return beside("appointment" if missing.startswith("appointment") else "template", error, reader_of(request))
