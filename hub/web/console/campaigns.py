"""Messages to many in the console: invitations to an event, follow-ups to it, and campaigns. What goes to many is
looked at first, and each form is carried out once, however often it is sent."""

from typing import Any

from aiohttp import web

from hub.domain.errors import Ambiguous, Conflict, FernamtError, Invalid, NotFound
from hub.domain.ids import ContactId
from hub.domain.occasion import Campaign, CampaignDraft, RegistrationState, Segment
from hub.domain.people import Actor, Right
from hub.web.console.forms import Form, form_key, read_form
from hub.web.console.occasions import sees_numbers, show_event
from hub.web.guard import status_of
from hub.web.pages import Errors, beside, page, reader_of, redirect
from hub.web.site import actor_of, site_of

STATES = tuple(RegistrationState)
MOST_NAMED = 500
SHOWN = 30


def _sending_key(actor: Actor, form: Form) -> str:
    key = form_key(actor, form)
    if not key:
        # Without it a second campaign would be taken for the first.
        raise Invalid("This form is incomplete; load the page again.")
    return key


def _after(actor: Actor, made: Campaign, elsewhere: str) -> web.Response:
    return redirect(f"/campaigns/{made.id}?done=sent" if sees_numbers(actor) else f"{elsewhere}?done=sent")


# Invitations


async def invite(request: web.Request) -> web.Response:
    """POST /occasions/{id}/invite: contacts line by line, and a segment."""
    site, actor, form, id = site_of(request), actor_of(request), await read_form(request), request.match_info["id"]
    try:
        lines = form["contact"].replace(";", "\n").split("\n")
        names = [line.strip() for line in lines if line.strip()][:MOST_NAMED]
        contacts = [ContactId((await site.verbs.contacts.resolve(actor, name)).id) for name in names]
        draft = CampaignDraft(
            name=form["name"],
            subject="",
            text=form["text"],
            contacts=tuple(contacts),
            segment=_segment(form),
            occasion_id=id,
        )
        made = await site.verbs.occasions.start_campaign(actor, draft, key=_sending_key(actor, form))
    except (NotFound, Ambiguous, Conflict, Invalid) as error:
        named = error.fields.get("field") in ("text", "name")
        errors = error if named else beside("contact", error, reader_of(request))
        return await show_event(request, errors=errors, status=status_of(error), invitation=form)
    return _after(actor, made, f"/occasions/{id}")


def _segment(form: Form) -> Segment:
    return Segment(tag=form["tag"], role=form["role"], city=form["city"])


# Follow-ups


def _follow_up(form: Form, occasion_id: str) -> CampaignDraft:
    states = tuple(state for state in STATES if state.value in form.all("states"))
    if not states:
        raise Invalid("Say to whom: tick how they stand with the event.", field="states")
    return CampaignDraft(
        name=form["name"], subject=form["subject"], text=form["text"], occasion_id=occasion_id, states=states
    )


def _beside_follow_up(error: FernamtError, request: web.Request) -> Errors:
    named = str(error.fields.get("field", ""))
    field = f"follow-{named}" if named in ("states", "subject", "text", "name") else ""
    return beside(field, error, reader_of(request))


async def follow_up(request: web.Request) -> web.Response:
    """POST /occasions/{id}/follow-up: first shows whom it would reach, and with `step` "send" is sent."""
    verbs, actor, form = site_of(request).verbs.occasions, actor_of(request), await read_form(request)
    occasion_id = request.match_info["id"]
    if form["step"] == "change":
        return await show_event(request, follow=form)
    try:
        draft = _follow_up(form, occasion_id)
        if form["step"] == "send":
            made = await verbs.start_campaign(actor, draft, key=_sending_key(actor, form))
            return _after(actor, made, f"/occasions/{occasion_id}")
        found = await verbs.preview_campaign(actor, draft)
        if not found.receivers:
            raise Invalid("None of them can be written to.", field="states")
    except (Conflict, Invalid) as error:
        errors = _beside_follow_up(error, request)
        return await show_event(request, errors=errors, status=status_of(error), follow=form)
    event = (await verbs.get(actor, occasion_id)).occasion
    values = {"it": event, "found": found, "draft": draft, "form": form}
    return await page(request, "follow_up.html", values, section="occasions")


# Campaigns


async def list_campaigns(request: web.Request) -> web.Response:
    """GET /campaigns: newest first, and the form for a new one."""
    return await _list_page(request)


async def _list_page(
    request: web.Request, *, form: Form | None = None, errors: Errors = None, status: int = 200
) -> web.Response:
    verbs, actor = site_of(request).verbs.occasions, actor_of(request)
    shown: dict[str, Any] = {"campaigns": [], "next": None, "visible": sees_numbers(actor)}
    if Right.WRITE_MESSAGES in actor.rights and sees_numbers(actor):
        found = await verbs.campaigns(actor, request.query.get("after") or None, SHOWN)
        shown |= {"campaigns": found.items, "next": found.next}
    values = shown | {"form": form or Form(values={})}
    return await page(
        request,
        "campaigns.html",
        values,
        section="occasions",
        twin="/api/v1/campaigns" if sees_numbers(actor) else "",
        errors=errors,
        status=status,
    )


async def start_campaign(request: web.Request) -> web.Response:
    """POST /campaigns: a message to a segment; first shows whom it would reach, with `step` "send" it is sent."""
    verbs, actor, form = site_of(request).verbs.occasions, actor_of(request), await read_form(request)
    if form["step"] == "change":
        return await _list_page(request, form=form)
    draft = CampaignDraft(name=form["name"], subject=form["subject"], text=form["text"], segment=_segment(form))
    try:
        if form["step"] == "send":
            made = await verbs.start_campaign(actor, draft, key=_sending_key(actor, form))
            return _after(actor, made, "/campaigns")
        found = await verbs.preview_campaign(actor, draft)
        if not found.receivers:
            raise Invalid("None of them can be written to.", field="contact")
    except Invalid as error:
        nobody = error.fields.get("field") == "contact"
        errors = beside("tag", error, reader_of(request)) if nobody else error
        return await _list_page(request, form=form, errors=errors, status=400)
    values = {"it": None, "found": found, "draft": draft, "form": form}
    return await page(request, "follow_up.html", values, section="occasions")


async def show_campaign(request: web.Request) -> web.Response:
    """GET /campaigns/{id}."""
    return await _campaign_page(request)


async def _campaign_page(request: web.Request, *, errors: Errors = None, status: int = 200) -> web.Response:
    report = await site_of(request).verbs.occasions.campaign(actor_of(request), request.match_info["id"])
    planned = report.campaign.planned
    values = {
        "report": report,
        "it": report.campaign,
        "worked": planned - report.due,
        "share": round(100 * (planned - report.due) / planned) if planned else 100,
    }
    twin = f"/api/v1/campaigns/{report.campaign.id}"
    return await page(request, "campaign.html", values, section="occasions", twin=twin, errors=errors, status=status)


async def rename(request: web.Request) -> web.Response:
    """POST /campaigns/{id}/name."""
    form, id = await read_form(request), request.match_info["id"]
    try:
        await site_of(request).verbs.occasions.rename_campaign(actor_of(request), id, form["name"])
    except Invalid as error:
        return await _campaign_page(request, errors=error, status=400)
    return redirect(f"/campaigns/{id}?done=saved")


async def pause(request: web.Request) -> web.Response:
    """POST /campaigns/{id}/pause: `paused` yes or no."""
    form, id = await read_form(request), request.match_info["id"]
    try:
        await site_of(request).verbs.occasions.pause_campaign(actor_of(request), id, form["paused"] == "yes")
    except Conflict as error:
        return await _campaign_page(request, errors={"": error.sentence}, status=409)
    return redirect(f"/campaigns/{id}?done=saved")


CAMPAIGN_ROUTES = [
    web.post("/occasions/{id}/invite", invite),
    web.post("/occasions/{id}/follow-up", follow_up),
    web.get("/campaigns", list_campaigns),
    web.post("/campaigns", start_campaign),
    web.get("/campaigns/{id}", show_campaign),
    web.post("/campaigns/{id}/name", rename),
    web.post("/campaigns/{id}/pause", pause),
]
