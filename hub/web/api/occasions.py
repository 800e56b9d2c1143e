"""Company events, registrations and campaigns."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from aiohttp import web
from pydantic import AwareDatetime, Field

from hub.domain.errors import Invalid
from hub.domain.ids import ContactId
from hub.domain.occasion import (
    Campaign,
    CampaignDraft,
    CampaignPreview,
    CampaignReport,
    Invitation,
    Occasion,
    OccasionDraft,
    OccasionState,
    OccasionView,
    Registration,
    RegistrationState,
    RegistrationView,
    Segment,
    Session,
    SessionView,
)
from hub.web.api.requests import Body, Name, Short, page_of, read_body, required_key, version_of
from hub.web.api.shapes import Json, listing, moment
from hub.web.downloads import as_download
from hub.web.site import actor_of, site_of

LongText = Annotated[str, Field(max_length=8_000)]
Seats = Annotated[int, Field(ge=0, le=5_000)]


class SessionBody(Body):
    """A part that is registered for by itself."""

    id: Name
    title: Name
    start: AwareDatetime
    end: AwareDatetime
    capacity: Seats = 0


class OccasionBody(Body):
    """An event. To change one, send all that is to stay."""

    title: Name
    start: AwareDatetime
    end: AwareDatetime
    time_zone: Short = ""
    description: LongText = ""
    place: Short = ""
    sessions: Annotated[tuple[SessionBody, ...], Field(max_length=50)] = ()
    capacity: Seats = 0
    fee: Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=2)] = Decimal(0)
    currency: Short = "EUR"
    deadline: AwareDatetime | None = None


class StateBody(Body):
    """What becomes of it."""

    state: Literal["open", "closed", "cancelled", "done"]


class RegisterBody(Body):
    """Who, and for which session."""

    contact: Name
    session: Short = ""
    tell: bool = True


class CancelBody(Body):
    """Who does not come."""

    contact: Name


class CheckInBody(Body):
    """What the QR code says."""

    code: Name


class CampaignBody(Body):
    """Who gets what. `contacts` and the segment (tag, role, city) add up. `preview`: tell whom it would reach, and send
    nothing."""

    name: Short = ""
    subject: Short = ""
    text: LongText = ""
    contacts: Annotated[tuple[Name, ...], Field(max_length=500)] = ()
    tag: Short = ""
    role: Short = ""
    city: Short = ""
    states: tuple[Literal["registered", "waiting", "attended", "missed", "cancelled", "invited"], ...] = ()
    per_minute: Annotated[int, Field(ge=1, le=200)] = 30
    preview: bool = False


class NewsBody(CampaignBody):
    """A campaign; of an event where one is named."""

    occasion: Short = ""


class PauseBody(Body):
    """Whether it rests."""

    paused: bool


class RenameBody(Body):
    """What colleagues call it."""

    name: Name


def _maybe(at: datetime | None) -> str | None:
    return moment(at) if at else None


def _session(view: SessionView | Session) -> Json:
    it = view.session if isinstance(view, SessionView) else view
    shape: Json = {
        "id": it.id,
        "title": it.title,
        "start": moment(it.start),
        "end": moment(it.end),
        "capacity": it.capacity,
    }
    return shape | ({"taken": view.taken, "waiting": view.waiting} if isinstance(view, SessionView) else {})


def occasion(view: OccasionView | Occasion) -> Json:
    """An event, with how full it is where that was asked for."""
    it = view.occasion if isinstance(view, OccasionView) else view
    shape: Json = {
        "id": it.id,
        "version": it.version,
        "title": it.title,
        "description": it.description,
        "place": it.place,
        "start": moment(it.start),
        "end": moment(it.end),
        "time_zone": it.time_zone,
        "sessions": [_session(one) for one in (view.sessions if isinstance(view, OccasionView) else it.sessions)],
        "capacity": it.capacity,
        "fee": str(it.fee),
        "currency": it.currency,
        "deadline": _maybe(it.deadline),
        "state": it.state.value,
    }
    return shape | ({"taken": view.taken, "waiting": view.waiting} if isinstance(view, OccasionView) else {})


def registration(it: Registration, *, name: str = "", position: int = 0) -> Json:
    """A registration; the secret of its link is never given."""
    return {
        "id": it.id,
        "occasion_id": it.occasion_id,
        "contact_id": it.contact_id,
        "contact_name": name,
        "state": it.state.value,
        "session": it.session,
        "code": it.code,
        "via": it.via,
        "position": position,
        "created_at": moment(it.created_at),
        "checked_in_at": _maybe(it.checked_in_at),
    }


def _line(view: RegistrationView) -> Json:
    return registration(view.registration, name=view.contact_name, position=view.position)


def _standing(one: Invitation) -> Json:
    return registration(one.registration, position=one.position)


def campaign(it: Campaign) -> Json:
    """A campaign."""
    return {
        "id": it.id,
        "name": it.name,
        "subject": it.subject,
        "text": it.text,
        "occasion_id": it.occasion_id,
        "per_minute": it.per_minute,
        "state": it.state.value,
        "planned": it.planned,
        "created_at": moment(it.created_at),
    }


def report(it: CampaignReport) -> Json:
    """What became of it."""
    names = ("due", "sent", "delivered", "bounced", "failed", "skipped", "opted_out")
    return campaign(it.campaign) | {name: getattr(it, name) for name in names}


def preview(it: CampaignPreview) -> Json:
    """What a campaign would do."""
    names = ("chosen", "receivers", "unwanted", "unreachable", "exact", "name", "subject", "text")
    return {name: getattr(it, name) for name in names}


def _draft(body: OccasionBody) -> OccasionDraft:
    plain = body.model_dump(exclude={"sessions"})
    return OccasionDraft(**plain, sessions=tuple(Session(**one.model_dump()) for one in body.sessions))


def _id(request: web.Request) -> str:
    return request.match_info["id"]


async def list_occasions(request: web.Request) -> web.Response:
    """GET /occasions?past=1: those to come, soonest first; or those that are over, latest first."""
    after, limit = page_of(request)
    past = request.query.get("past", "") not in ("", "0")
    page = await site_of(request).verbs.occasions.page(actor_of(request), after, limit, past=past)
    return web.json_response(listing(page, occasion))


async def create_occasion(request: web.Request) -> web.Response:
    """POST /occasions."""
    body = await read_body(request, OccasionBody)
    view = await site_of(request).verbs.occasions.create(actor_of(request), _draft(body), key=required_key(request))
    return web.json_response(occasion(view), status=201, headers={"ETag": f'"{view.occasion.version}"'})


async def show_occasion(request: web.Request) -> web.Response:
    """GET /occasions/{id}."""
    view = await site_of(request).verbs.occasions.get(actor_of(request), _id(request))
    return web.json_response(occasion(view), headers={"ETag": f'"{view.occasion.version}"'})


async def change_occasion(request: web.Request) -> web.Response:
    """PUT /occasions/{id}; If-Match guards against a change by somebody else."""
    body, verbs, actor = await read_body(request, OccasionBody), site_of(request).verbs.occasions, actor_of(request)
    known = await verbs.get(actor, _id(request))
    view = await verbs.change(actor, _id(request), _draft(body), version_of(request, known.occasion.version))
    return web.json_response(occasion(view), headers={"ETag": f'"{view.occasion.version}"'})


async def set_state(request: web.Request) -> web.Response:
    """POST /occasions/{id}/state."""
    body = await read_body(request, StateBody)
    verbs = site_of(request).verbs.occasions
    return web.json_response(
        occasion(await verbs.set_state(actor_of(request), _id(request), OccasionState(body.state)))
    )


async def show_ics(request: web.Request) -> web.StreamResponse:
    """GET /occasions/{id}/ics."""
    file = await site_of(request).verbs.occasions.ics(actor_of(request), _id(request))
    return as_download(file)


async def list_registrations(request: web.Request) -> web.Response:
    """GET /occasions/{id}/registrations?state=registered: earliest first."""
    after, limit = page_of(request)
    text = request.query.get("state", "registered")
    if text not in {state.value for state in RegistrationState}:
        raise Invalid("state must be one of " + ", ".join(RegistrationState) + ".", state=text[:40])
    page = await site_of(request).verbs.occasions.registrations(
        actor_of(request), _id(request), RegistrationState(text), after, limit
    )
    return web.json_response(listing(page, _line))


async def _contact(request: web.Request, text: str) -> ContactId:
    return (await site_of(request).verbs.contacts.resolve(actor_of(request), text)).id


async def register(request: web.Request) -> web.Response:
    """POST /occasions/{id}/registrations: a seat, or a place in the waiting list; once for each contact."""
    body = await read_body(request, RegisterBody)
    contact = await _contact(request, body.contact)
    verbs = site_of(request).verbs.occasions
    done = await verbs.register(actor_of(request), _id(request), contact, session=body.session, tell=body.tell)
    return web.json_response(_standing(done))


async def cancel(request: web.Request) -> web.Response:
    """POST /occasions/{id}/cancel: the next in the waiting list moves up."""
    body = await read_body(request, CancelBody)
    contact = await _contact(request, body.contact)
    return web.json_response(
        _standing(await site_of(request).verbs.occasions.cancel(actor_of(request), _id(request), contact))
    )


async def check_in(request: web.Request) -> web.Response:
    """POST /check-in."""
    body = await read_body(request, CheckInBody)
    return web.json_response(_line(await site_of(request).verbs.occasions.check_in(actor_of(request), body.code)))


async def _campaign_draft(request: web.Request, body: CampaignBody, occasion_id: str) -> CampaignDraft:
    return CampaignDraft(
        name=body.name,
        subject=body.subject,
        text=body.text,
        contacts=tuple([await _contact(request, one) for one in body.contacts]),
        segment=Segment(tag=body.tag, role=body.role, city=body.city),
        states=tuple(RegistrationState(one) for one in body.states),
        occasion_id=occasion_id,
        per_minute=body.per_minute,
    )


async def _start(request: web.Request, body: CampaignBody, occasion_id: str) -> web.Response:
    verbs, actor = site_of(request).verbs.occasions, actor_of(request)
    draft = await _campaign_draft(request, body, occasion_id)
    if body.preview:
        return web.json_response(preview(await verbs.preview_campaign(actor, draft)))
    done = await verbs.start_campaign(actor, draft, key=required_key(request))
    return web.json_response(campaign(done), status=201)


async def invite(request: web.Request) -> web.Response:
    """POST /occasions/{id}/invite: to contacts and a segment; with `states` a follow-up to who stands so."""
    return await _start(request, await read_body(request, CampaignBody), _id(request))


async def start_campaign(request: web.Request) -> web.Response:
    """POST /campaigns."""
    body = await read_body(request, NewsBody)
    return await _start(request, body, body.occasion)


async def list_campaigns(request: web.Request) -> web.Response:
    """GET /campaigns?occasion=ID: newest first."""
    after, limit = page_of(request)
    about = request.query.get("occasion", "")[:60]
    page = await site_of(request).verbs.occasions.campaigns(actor_of(request), after, limit, occasion_id=about)
    return web.json_response(listing(page, campaign))


async def show_campaign(request: web.Request) -> web.Response:
    """GET /campaigns/{id}: with what became of its messages."""
    found = await site_of(request).verbs.occasions.campaign(actor_of(request), _id(request))
    return web.json_response(report(found))


async def pause_campaign(request: web.Request) -> web.Response:
    """POST /campaigns/{id}/pause."""
    body = await read_body(request, PauseBody)
    done = await site_of(request).verbs.occasions.pause_campaign(actor_of(request), _id(request), body.paused)
    return web.json_response(campaign(done))


async def rename_campaign(request: web.Request) -> web.Response:
    """PATCH /campaigns/{id}: its name."""
    body = await read_body(request, RenameBody)
    done = await site_of(request).verbs.occasions.rename_campaign(actor_of(request), _id(request), body.name)
    return web.json_response(campaign(done))
