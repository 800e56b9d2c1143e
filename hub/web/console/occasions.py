"""Company events in the console: what is planned and how full it is, who comes, registering, checking in. What is
written to many stands in campaigns.py."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from hub.domain.errors import Ambiguous, Conflict, FernamtError, Invalid, NotFound
from hub.domain.ids import ContactId
from hub.domain.occasion import OccasionState, RegistrationState, RegistrationView
from hub.domain.people import Actor, Right, RowScope
from hub.web.console.forms import Form, form_key, read_form
from hub.web.console.occasion_forms import form_of, occasion_errors, read_occasion, session_rows
from hub.web.downloads import as_download
from hub.web.guard import status_of
from hub.web.pages import Errors, beside, page, reader_of, redirect
from hub.web.site import actor_of, site_of

SHOWN = (
    RegistrationState.REGISTERED,
    RegistrationState.ATTENDED,
    RegistrationState.WAITING,
    RegistrationState.INVITED,
    RegistrationState.MISSED,
    RegistrationState.CANCELLED,
)
MOST_SHOWN = 200
MOST_CAMPAIGNS = 10


def sees_numbers(actor: Actor) -> bool:
    """Campaigns and check-in tell of all contacts at once."""
    return actor.rows is RowScope.ALL


async def list_occasions(request: web.Request) -> web.Response:
    """GET /occasions?past=1."""
    return await _list_page(request)


async def _list_page(
    request: web.Request, *, form: Form | None = None, errors: Errors = None, status: int = 200
) -> web.Response:
    verbs, actor, past = site_of(request).verbs.occasions, actor_of(request), request.query.get("past", "")
    found = await verbs.page(actor, request.query.get("after") or None, 50, past=bool(past))
    campaigns = []
    if Right.WRITE_MESSAGES in actor.rights and sees_numbers(actor):
        campaigns = (await verbs.campaigns(actor, limit=10)).items
    values: dict[str, Any] = {
        "occasions": found.items,
        "next": found.next,
        "past": past,
        "campaigns": campaigns,
        "door": sees_numbers(actor) and Right.BOOK_APPOINTMENTS in actor.rights,
        "form": form or Form(values={"capacity": "0", "fee": "0"}),
    }
    values["rows"] = session_rows(values["form"])
    twin = f"/api/v1/occasions{'?past=1' if past else ''}"
    return await page(request, "occasions.html", values, section="occasions", twin=twin, errors=errors, status=status)


async def create(request: web.Request) -> web.Response:
    """POST /occasions."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    try:
        draft = read_occasion(form, site.facts.time_zone)
        made = await site.verbs.occasions.create(actor, draft, key=form_key(actor, form))
    except Invalid as error:
        errors = occasion_errors(error, form, reader_of(request))
        return await _list_page(request, form=form, errors=errors, status=400)
    return redirect(f"/occasions/{made.occasion.id}?done=saved")


async def show(request: web.Request) -> web.Response:
    """GET /occasions/{id}."""
    return await show_event(request)


async def show_event(
    request: web.Request, *, errors: Errors = None, status: int = 200, form: Form | None = None, **more: Any
) -> web.Response:
    """The page of an event; `more`: what was sent of its other forms (`invitation`, `follow`)."""
    verbs, actor = site_of(request).verbs.occasions, actor_of(request)
    view = await verbs.get(actor, request.match_info["id"])
    groups: list[tuple[str, Sequence[RegistrationView]]] = []
    for state in SHOWN:
        found = await verbs.registrations(actor, view.occasion.id, state, limit=MOST_SHOWN)
        if found.items:
            groups.append((state.value, sorted(found.items, key=lambda one: one.position)))
    campaigns = []
    if Right.WRITE_MESSAGES in actor.rights and sees_numbers(actor):
        campaigns = (await verbs.campaigns(actor, limit=MOST_CAMPAIGNS, occasion_id=view.occasion.id)).items
    form = form or form_of(view.occasion)
    values = {
        "view": view,
        "it": view.occasion,
        "groups": groups,
        "most_shown": MOST_SHOWN,
        "titles": {one.id: one.title for one in view.occasion.sessions},
        "campaigns": campaigns,
        "share": round(100 * view.taken / view.capacity) if view.capacity else 0,
        "form": form,
        "rows": session_rows(form),
        "invitation": Form(values={}),
        "follow": Form(values={}, many={"states": _likely_states(view.occasion.state)}),
        "now": site_of(request).clock.now(),
    }
    return await page(
        request,
        "occasion.html",
        values | more,
        section="occasions",
        twin=f"/api/v1/occasions/{view.occasion.id}/registrations",
        errors=errors,
        status=status,
    )


def _likely_states(state: OccasionState) -> list[str]:
    """Who is most often written to."""
    return ["attended"] if state is OccasionState.DONE else ["registered"]


async def change(request: web.Request) -> web.Response:
    """POST /occasions/{id}."""
    verbs, actor, form = site_of(request).verbs.occasions, actor_of(request), await read_form(request)
    known = (await verbs.get(actor, request.match_info["id"])).occasion
    version = int(form["version"]) if form["version"].isascii() and form["version"].isdigit() else 0
    try:
        await verbs.change(actor, known.id, read_occasion(form, known.time_zone, known), version)
    except (Invalid, Conflict) as error:
        errors = occasion_errors(error, form, reader_of(request))
        return await show_event(request, form=form, errors=errors, status=status_of(error))
    return redirect(f"/occasions/{known.id}?done=saved")


async def set_state(request: web.Request) -> web.Response:
    """POST /occasions/{id}/state."""
    form, id = await read_form(request), request.match_info["id"]
    if form["state"] not in {state.value for state in OccasionState}:
        raise Invalid("There is no such state.")
    try:
        await site_of(request).verbs.occasions.set_state(actor_of(request), id, OccasionState(form["state"]))
    except Conflict as error:
        return await show_event(request, errors={"": error.sentence}, status=409)
    return redirect(f"/occasions/{id}?done=saved")


async def _contact(request: web.Request, text: str) -> ContactId:
    return (await site_of(request).verbs.contacts.resolve(actor_of(request), text)).id


async def register(request: web.Request) -> web.Response:
    """POST /occasions/{id}/register: `contact` by name or id."""
    form, id = await read_form(request), request.match_info["id"]
    verbs = site_of(request).verbs.occasions
    try:
        contact = await _contact(request, form["contact"])
        await verbs.register(actor_of(request), id, contact, session=form["session"])
    except (NotFound, Ambiguous, Conflict, Invalid) as error:
        return await _refused(request, error, form)
    return redirect(f"/occasions/{id}?done=saved")


async def _refused(request: web.Request, error: FernamtError, form: Form) -> web.Response:
    field = "register-session" if error.fields.get("field") == "session" else "contact"
    errors = beside(field, error, reader_of(request))
    return await show_event(request, errors=errors, status=status_of(error), invitation=form)


async def cancel(request: web.Request) -> web.Response:
    """POST /occasions/{id}/cancel."""
    form, id = await read_form(request), request.match_info["id"]
    try:
        await site_of(request).verbs.occasions.cancel(actor_of(request), id, ContactId(form["contact"]))
    except Conflict as error:
        return await show_event(request, errors={"": error.sentence}, status=409)
    return redirect(f"/occasions/{id}?done=saved")


async def check_in(request: web.Request) -> web.Response:
    """POST /check-in: `code`."""
    form = await read_form(request)
    try:
        done = await site_of(request).verbs.occasions.check_in(actor_of(request), form["code"])
    except (NotFound, Conflict) as error:
        return await _list_page(request, errors=beside("code", error, reader_of(request)), status=status_of(error))
    return redirect(f"/occasions/{done.registration.occasion_id}?done=checked-in#{done.registration.id}")


async def download(request: web.Request) -> web.StreamResponse:
    """GET /occasions/{id}/event.ics."""
    file = await site_of(request).verbs.occasions.ics(actor_of(request), request.match_info["id"])
    return as_download(file)


OCCASION_ROUTES = [
    web.get("/occasions", list_occasions),
    web.post("/occasions", create),
    web.get("/occasions/{id}", show),
    web.post("/occasions/{id}", change),
    web.post("/occasions/{id}/state", set_state),
    web.post("/occasions/{id}/register", register),
    web.post("/occasions/{id}/cancel", cancel),
    web.get("/occasions/{id}/event.ics", download),
    web.post("/check-in", check_in),
]
