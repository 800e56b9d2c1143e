"""Setting up calendars: of rooms and colleagues, and what customers may book."""

from dataclasses import replace
from datetime import date
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from hub.domain.appointment import Calendar, CalendarKind, Participation, WorkingHours
from hub.domain.errors import NotFound
from hub.web.api import calendar_shapes as shapes
from hub.web.api.requests import Body, Name, Short, read_body, required_key, version_of
from hub.web.site import actor_of, site_of


class HoursBody(Body):
    """Minutes since midnight, on a weekday (0 is Monday)."""

    weekday: Annotated[int, Field(ge=0, le=6)]
    start: Annotated[int, Field(ge=0, le=1_440)]
    end: Annotated[int, Field(ge=0, le=1_440)]


class CalendarBody(Body):
    """What a calendar is to be; fields left out keep what they are."""

    name: Name | None = None
    kind: Literal["person", "room"] | None = None
    time_zone: Short | None = None
    hours: Annotated[tuple[HoursBody, ...], Field(max_length=50)] | None = None
    country: Annotated[str, Field(max_length=2)] | None = None
    subdivision: Annotated[str, Field(max_length=10)] | None = None
    days_off: Annotated[tuple[date, ...], Field(max_length=400)] | None = None
    bookable: bool | None = None
    slot_minutes: int | None = None
    buffer_minutes: int | None = None


def _changed(calendar: Calendar, body: CalendarBody) -> Calendar:
    plain = body.model_dump(exclude_unset=True, exclude_none=True, exclude={"hours", "kind"})
    if body.hours is not None:
        plain["hours"] = tuple(WorkingHours(weekday=it.weekday, start=it.start, end=it.end) for it in body.hours)
    if body.kind is not None:
        plain["kind"] = CalendarKind(body.kind)
    return replace(calendar, **plain)


def _response(calendar: Calendar, status: int = 200) -> web.Response:
    return web.json_response(shapes.calendar(calendar), status=status, headers={"ETag": f'"{calendar.version}"'})


async def create_calendar(request: web.Request) -> web.Response:
    """POST /calendars: a room's, for example."""
    body = await read_body(request, CalendarBody)
    blank = Calendar(id="", name="", sort_name="", kind=CalendarKind.ROOM, time_zone=site_of(request).facts.time_zone)
    saved = await site_of(request).verbs.calendar.save_calendar(actor_of(request), _changed(blank, body))
    return _response(saved, 201)


async def change_calendar(request: web.Request) -> web.Response:
    """PATCH /calendars/{id}."""
    body = await read_body(request, CalendarBody)
    verbs, actor = site_of(request).verbs, actor_of(request)
    wanted = request.match_info["id"]
    known = next((it for it in await verbs.calendar.calendars(actor) if it.id == wanted), None)
    if known is None:
        raise NotFound("There is no such calendar.", id=wanted[:60])
    changed = replace(_changed(known, body), version=version_of(request, known.version))
    return _response(await verbs.calendar.save_calendar(actor, changed))


class AnswerBody(Body):
    """What we say to an invitation."""

    participation: Literal["accepted", "tentative", "declined"]


async def invite(request: web.Request) -> web.Response:
    """POST /appointments/{id}/invite: the contact gets it by mail, and every later change."""
    found = await site_of(request).verbs.calendar.invite(actor_of(request), request.match_info["id"])
    return web.json_response(shapes.appointment(found))


async def answer(request: web.Request) -> web.Response:
    """POST /appointments/{id}/answer: to an invitation from outside."""
    key = required_key(request)
    body = await read_body(request, AnswerBody)
    verbs, actor = site_of(request).verbs, actor_of(request)
    said = Participation(body.participation)
    found = await verbs.calendar.answer(actor, request.match_info["id"], said, key=key)
    return web.json_response(shapes.appointment(found))
