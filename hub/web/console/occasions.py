"""Company events in the console: what is planned, who comes, inviting, checking in, and what became of campaigns."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from hub.domain.errors import Ambiguous, Conflict, FernamtError, Invalid, NotFound
from hub.domain.ids import ContactId
from hub.domain.occasion import (
    CampaignDraft,
    Occasion,
    OccasionDraft,
    OccasionState,
    RegistrationState,
    RegistrationView,
    Segment,
)
from hub.domain.people import Actor, Right, RowScope
from hub.web.console.forms import Form, form_key, read_form
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


def _sees_numbers(actor: Actor) -> bool:
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
    if Right.WRITE_MESSAGES in actor.rights and _sees_numbers(actor):
        campaigns = (await verbs.campaigns(actor, limit=10)).items
    values = {
        "occasions": found.items,
        "next": found.next,
        "past": past,
        "campaigns": campaigns,
        "door": _sees_numbers(actor) and Right.BOOK_APPOINTMENTS in actor.rights,
        "form": form or Form(values={"capacity": "0", "fee": "0"}),
    }
    twin = f"/api/v1/occasions{'?past=1' if past else ''}"
    return await page(request, "occasions.html", values, section="occasions", twin=twin, errors=errors, status=status)


def _when(form: Form, field: str, zone: str) -> datetime:
    try:
        return datetime.fromisoformat(form[field]).replace(tzinfo=ZoneInfo(zone))
    except ValueError as error:
        raise Invalid("Say when, with date and time.", field=field) from error


def _draft(form: Form, zone: str, known: Occasion | None = None) -> OccasionDraft:
    try:
        capacity, fee = int(form["capacity"] or "0"), Decimal((form["fee"] or "0").replace(",", "."))
    except (ValueError, InvalidOperation) as error:
        raise Invalid("Seats and fee are numbers.", field="capacity") from error
    if not fee.is_finite():
        raise Invalid("The fee is an amount like 49.90.", field="fee")
    return OccasionDraft(
        title=form["title"],
        place=form["place"],
        description=form["description"],
        start=_when(form, "date", zone),
        end=_when(form, "end", zone),
        deadline=_when(form, "deadline", zone) if form["deadline"] else None,
        time_zone=zone,
        capacity=capacity,
        fee=fee,
        currency=known.currency if known else "EUR",
        sessions=known.sessions if known else (),
    )


async def create(request: web.Request) -> web.Response:
    """POST /occasions."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    try:
        draft = _draft(form, site.facts.time_zone)
        made = await site.verbs.occasions.create(actor, draft, key=form_key(actor, form))
    except Invalid as error:
        return await _list_page(request, form=form, errors=error, status=400)
    return redirect(f"/occasions/{made.occasion.id}?done=saved")


async def show(request: web.Request) -> web.Response:
    """GET /occasions/{id}."""
    return await _one_page(request)


def _form_of(it: Occasion) -> Form:
    zone = ZoneInfo(it.time_zone)

    def local(at: datetime | None) -> str:
        return f"{at.astimezone(zone):%Y-%m-%dT%H:%M}" if at else ""

    return Form(
        values={
            "title": it.title,
            "place": it.place,
            "description": it.description,
            "date": local(it.start),
            "end": local(it.end),
            "deadline": local(it.deadline),
            "capacity": str(it.capacity),
            "fee": str(it.fee),
            "version": str(it.version),
        }
    )


async def _one_page(
    request: web.Request, *, errors: Errors = None, status: int = 200, form: Form | None = None, **more: Any
) -> web.Response:
    verbs, actor = site_of(request).verbs.occasions, actor_of(request)
    view = await verbs.get(actor, request.match_info["id"])
    groups: list[tuple[str, Sequence[RegistrationView]]] = []
    for state in SHOWN:
        found = await verbs.registrations(actor, view.occasion.id, state, limit=MOST_SHOWN)
        if found.items:
            groups.append((state.value, sorted(found.items, key=lambda one: one.position)))
    values = {
        "view": view,
        "it": view.occasion,
        "groups": groups,
        "share": round(100 * view.taken / view.occasion.capacity) if view.occasion.capacity else 0,
        "form": form or _form_of(view.occasion),
        "invitation": Form(values={"per_minute": "30"}),
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


async def change(request: web.Request) -> web.Response:
    """POST /occasions/{id}."""
    verbs, actor, form = site_of(request).verbs.occasions, actor_of(request), await read_form(request)
    known = (await verbs.get(actor, request.match_info["id"])).occasion
    version = int(form["version"]) if form["version"].isascii() and form["version"].isdigit() else 0
    try:
        await verbs.change(actor, known.id, _draft(form, known.time_zone, known), version)
    except (Invalid, Conflict) as error:
        return await _one_page(request, form=form, errors=error, status=status_of(error))
    return redirect(f"/occasions/{known.id}?done=saved")


async def set_state(request: web.Request) -> web.Response:
    """POST /occasions/{id}/state."""
    form, id = await read_form(request), request.match_info["id"]
    if form["state"] not in {state.value for state in OccasionState}:
        raise Invalid("There is no such state.")
    try:
        await site_of(request).verbs.occasions.set_state(actor_of(request), id, OccasionState(form["state"]))
    except Conflict as error:
        return await _one_page(request, errors={"": error.sentence}, status=409)
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
    errors = beside("contact", error, reader_of(request))
    return await _one_page(request, errors=errors, status=status_of(error), invitation=form)


async def cancel(request: web.Request) -> web.Response:
    """POST /occasions/{id}/cancel."""
    form, id = await read_form(request), request.match_info["id"]
    try:
        await site_of(request).verbs.occasions.cancel(actor_of(request), id, ContactId(form["contact"]))
    except Conflict as error:
        return await _one_page(request, errors={"": error.sentence}, status=409)
    return redirect(f"/occasions/{id}?done=saved")


async def invite(request: web.Request) -> web.Response:
    """POST /occasions/{id}/invite: contacts line by line, and a segment."""
    actor, form, id = actor_of(request), await read_form(request), request.match_info["id"]
    try:
        names = [line.strip() for line in form["contact"].replace(";", "\n").split("\n") if line.strip()][:500]
        draft = CampaignDraft(
            name="",
            subject="",
            text=form["text"],
            contacts=tuple([await _contact(request, name) for name in names]),
            segment=Segment(tag=form["tag"], role=form["role"], city=form["city"]),
            occasion_id=id,
        )
        made = await site_of(request).verbs.occasions.start_campaign(actor, draft, key=form_key(actor, form))
    except (NotFound, Ambiguous, Conflict, Invalid) as error:
        return await _refused(request, error, form)
    return redirect(f"/campaigns/{made.id}?done=sent" if _sees_numbers(actor) else f"/occasions/{id}?done=sent")


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


async def show_campaign(request: web.Request) -> web.Response:
    """GET /campaigns/{id}."""
    report = await site_of(request).verbs.occasions.campaign(actor_of(request), request.match_info["id"])
    values = {"report": report, "it": report.campaign}
    return await page(
        request, "campaign.html", values, section="occasions", twin=f"/api/v1/campaigns/{report.campaign.id}"
    )


async def start_campaign(request: web.Request) -> web.Response:
    """POST /campaigns: a message to a segment."""
    actor, form = actor_of(request), await read_form(request)
    draft = CampaignDraft(
        name="",
        subject=form["subject"],
        text=form["text"],
        segment=Segment(tag=form["tag"], role=form["role"], city=form["city"]),
    )
    try:
        made = await site_of(request).verbs.occasions.start_campaign(actor, draft, key=form_key(actor, form))
    except Invalid as error:
        nobody = error.fields.get("field") == "contact"
        errors = beside("tag", error, reader_of(request)) if nobody else error
        return await _list_page(request, form=form, errors=errors, status=400)
    return redirect(f"/campaigns/{made.id}?done=sent" if _sees_numbers(actor) else "/occasions?done=sent")


async def pause(request: web.Request) -> web.Response:
    """POST /campaigns/{id}/pause: `paused` yes or no."""
    form, id = await read_form(request), request.match_info["id"]
    await site_of(request).verbs.occasions.pause_campaign(actor_of(request), id, form["paused"] == "yes")
    return redirect(f"/campaigns/{id}?done=saved")


OCCASION_ROUTES = [
    web.get("/occasions", list_occasions),
    web.post("/occasions", create),
    web.get("/occasions/{id}", show),
    web.post("/occasions/{id}", change),
    web.post("/occasions/{id}/state", set_state),
    web.post("/occasions/{id}/register", register),
    web.post("/occasions/{id}/cancel", cancel),
    web.post("/occasions/{id}/invite", invite),
    web.get("/occasions/{id}/event.ics", download),
    web.post("/check-in", check_in),
    web.post("/campaigns", start_campaign),
    web.get("/campaigns/{id}", show_campaign),
    web.post("/campaigns/{id}/pause", pause),
]
