"""Calendars, appointments and reminders."""

from datetime import datetime, timedelta
from typing import Annotated

from aiohttp import web
from pydantic import AwareDatetime, Field

from hub.domain.appointment import AppointmentDraft
from hub.domain.errors import Invalid
from hub.domain.ids import UserId
from hub.web.api import calendar_shapes as shapes
from hub.web.api.requests import Body, Name, Short, Text, read_body, required_key
from hub.web.downloads import as_download
from hub.web.site import actor_of, site_of

DEFAULT_SPAN = timedelta(days=14)


class AppointmentBody(Body):
    """A new appointment."""

    start: AwareDatetime
    minutes: Annotated[int, Field(ge=5, le=1_440)] = 60
    title: Short = ""
    contact: Short = ""
    calendars: tuple[Name, ...] = ()
    location: Short = ""
    notes: Annotated[str, Field(max_length=10_000)] = ""
    time_zone: Short = ""
    recurrence: Short = ""
    outside_hours: bool = False
    afterwards: bool = False


class MoveBody(Body):
    """The new time; `occurrence` moves only that instance."""

    start: AwareDatetime
    occurrence: AwareDatetime | None = None


class CancelBody(Body):
    """Which instance, or all."""

    occurrence: AwareDatetime | None = None


class MissedBody(Body):
    """Whether the contact did not come; of a series, to which instance."""

    missed: bool = True
    occurrence: AwareDatetime | None = None


class ReminderBody(Body):
    """A reminder of one's own."""

    at: AwareDatetime
    text: Text
    contact: Short = ""


def _moment(request: web.Request, name: str) -> datetime | None:
    text = request.query.get(name, "")
    if not text:
        return None
    try:
        value = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise Invalid(f"{name} must be a moment, for example 2026-11-24T10:00:00+01:00.", field=name) from error
    if value.tzinfo is None:
        raise Invalid(f"{name} needs a time zone, for example 2026-11-24T10:00:00+01:00.", field=name)
    return value


def _span(request: web.Request) -> tuple[datetime, datetime]:
    since = _moment(request, "since") or site_of(request).clock.now()
    return since, _moment(request, "until") or since + DEFAULT_SPAN


async def list_calendars(request: web.Request) -> web.Response:
    """GET /calendars."""
    found = await site_of(request).verbs.calendar.calendars(actor_of(request))
    return web.json_response({"items": [shapes.calendar(item) for item in found], "next": None})


async def list_appointments(request: web.Request) -> web.Response:
    """GET /appointments: `since`, `until` (two weeks from now), `user`, `contact`, `calendar` (an id)."""
    verbs, actor = site_of(request).verbs, actor_of(request)
    since, until = _span(request)
    contact_id = user_id = None
    if ref := request.query.get("contact", ""):
        contact_id = (await verbs.contacts.resolve(actor, ref)).id
    if name := request.query.get("user", ""):
        user_id = UserId((await verbs.users.get(actor, name)).id)
    found = await verbs.calendar.agenda(
        actor, since, until, user_id=user_id, contact_id=contact_id, calendar_id=request.query.get("calendar", "")[:60]
    )
    return web.json_response({"items": [shapes.occurrence(item) for item in found], "next": None})


async def list_free(request: web.Request) -> web.Response:
    """GET /free: free times; `minutes`, `calendar` (several)."""
    since, until = _span(request)
    text = request.query.get("minutes", "60")
    if not text.isascii() or not text.isdigit() or not 5 <= int(text[:5]) <= 1_440:
        raise Invalid("minutes must be a number from 5 to 1440.", field="minutes")
    verbs, actor = site_of(request).verbs, actor_of(request)
    found = await verbs.calendar.free(actor, since, until, int(text), request.query.getall("calendar", [])[:50])
    return web.json_response({"items": [shapes.slot(item) for item in found], "next": None})


async def book(request: web.Request) -> web.Response:
    """POST /appointments; 409 names the next free times."""
    key = required_key(request)
    body = await read_body(request, AppointmentBody)
    verbs, actor = site_of(request).verbs, actor_of(request)
    contact_id = (await verbs.contacts.resolve(actor, body.contact)).id if body.contact else None
    draft = AppointmentDraft(
        start=body.start,
        minutes=body.minutes,
        title=body.title,
        contact_id=contact_id,
        calendars=body.calendars,
        location=body.location,
        notes=body.notes,
        time_zone=body.time_zone,
        recurrence=body.recurrence,
        outside_hours=body.outside_hours,
        afterwards=body.afterwards,
    )
    made = await verbs.calendar.book(actor, draft, key=key)
    return web.json_response(shapes.appointment(made), status=201)


async def show_appointment(request: web.Request) -> web.Response:
    """GET /appointments/{id}."""
    found = await site_of(request).verbs.calendar.get(actor_of(request), request.match_info["id"])
    return web.json_response(shapes.appointment(found))


async def show_ics(request: web.Request) -> web.StreamResponse:
    """GET /appointments/{id}/ics: a calendar file."""
    return as_download(await site_of(request).verbs.calendar.ics(actor_of(request), request.match_info["id"]))


async def move(request: web.Request) -> web.Response:
    """POST /appointments/{id}/move."""
    key = required_key(request)
    body = await read_body(request, MoveBody)
    verbs, actor = site_of(request).verbs, actor_of(request)
    moved = await verbs.calendar.move(actor, request.match_info["id"], body.start, occurrence=body.occurrence, key=key)
    return web.json_response(shapes.appointment(moved))


async def cancel(request: web.Request) -> web.Response:
    """POST /appointments/{id}/cancel."""
    key = required_key(request)
    body = await read_body(request, CancelBody)
    verbs, actor = site_of(request).verbs, actor_of(request)
    gone = await verbs.calendar.cancel(actor, request.match_info["id"], occurrence=body.occurrence, key=key)
    return web.json_response(shapes.appointment(gone))


async def mark_missed(request: web.Request) -> web.Response:
    """POST /appointments/{id}/missed."""
    body = await read_body(request, MissedBody)
    verbs, actor = site_of(request).verbs, actor_of(request)
    found = await verbs.calendar.mark_missed(
        actor, request.match_info["id"], missed=body.missed, occurrence=body.occurrence
    )
    return web.json_response(shapes.appointment(found))


async def open_feed(request: web.Request) -> web.Response:
    """POST /calendars/{id}/feed: a new secret address; an older one ends."""
    path = await site_of(request).verbs.calendar.open_feed(actor_of(request), request.match_info["id"])
    return web.json_response({"path": path}, status=201)


async def close_feed(request: web.Request) -> web.Response:
    """DELETE /calendars/{id}/feed."""
    await site_of(request).verbs.calendar.close_feed(actor_of(request), request.match_info["id"])
    return web.Response(status=204)


async def list_reminders(request: web.Request) -> web.Response:
    """GET /reminders: one's own, soonest first."""
    found = await site_of(request).verbs.reminders.mine(actor_of(request))
    return web.json_response({"items": [shapes.reminder(item) for item in found], "next": None})


async def remind(request: web.Request) -> web.Response:
    """POST /reminders."""
    key = required_key(request)
    body = await read_body(request, ReminderBody)
    verbs, actor = site_of(request).verbs, actor_of(request)
    contact_id = (await verbs.contacts.resolve(actor, body.contact)).id if body.contact else None
    made = await verbs.reminders.remind(actor, body.at, body.text, contact_id=contact_id, key=key)
    return web.json_response(shapes.reminder(made), status=201)


async def drop_reminder(request: web.Request) -> web.Response:
    """DELETE /reminders/{id}."""
    dropped = await site_of(request).verbs.reminders.drop(actor_of(request), request.match_info["id"])
    return web.json_response(shapes.reminder(dropped))
