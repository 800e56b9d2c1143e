"""Queues and canned replies."""

from dataclasses import replace
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from hub.domain.appointment import WorkingHours
from hub.domain.desk import Assignment, CannedReply, Queue
from hub.domain.errors import NotFound
from hub.domain.folding import fold
from hub.domain.ids import UserId
from hub.web.api.calendars import HoursBody
from hub.web.api.requests import Body, Name, Short, Text, read_body, version_of
from hub.web.api.shapes import Json
from hub.web.site import actor_of, site_of


class QueueBody(Body):
    """What a queue is to be; fields left out keep what they are. `members` are names of colleagues."""

    name: Name | None = None
    accounts: Annotated[tuple[Name, ...], Field(max_length=50)] | None = None
    members: Annotated[tuple[Name, ...], Field(max_length=200)] | None = None
    assignment: Literal["manual", "owner", "round-robin", "least-busy"] | None = None
    first_response_minutes: int | None = None
    resolution_minutes: int | None = None
    hours: Annotated[tuple[HoursBody, ...], Field(max_length=50)] | None = None
    time_zone: Short | None = None
    country: Annotated[str, Field(max_length=2)] | None = None
    subdivision: Annotated[str, Field(max_length=10)] | None = None


class CannedBody(Body):
    """A text with {fields}."""

    text: Text
    language: Literal["", "de", "en"] = ""


async def _shape(request: web.Request, queue: Queue) -> Json:
    verbs, actor = site_of(request).verbs, actor_of(request)
    names = {user.id: user.name for user in await verbs.users.all(actor)} if queue.members else {}
    return {
        "id": queue.id,
        "version": queue.version,
        "name": queue.name,
        "accounts": list(queue.accounts),
        "members": [names.get(user, user) for user in queue.members],
        "assignment": queue.assignment.value,
        "first_response_minutes": queue.first_response_minutes,
        "resolution_minutes": queue.resolution_minutes,
        "hours": [{"weekday": it.weekday, "start": it.start, "end": it.end} for it in queue.hours],
        "time_zone": queue.time_zone,
        "country": queue.country,
        "subdivision": queue.subdivision,
    }


async def _changed(request: web.Request, queue: Queue, body: QueueBody) -> Queue:
    plain = body.model_dump(exclude_unset=True, exclude_none=True, exclude={"hours", "members", "assignment"})
    if body.hours is not None:
        plain["hours"] = tuple(WorkingHours(weekday=it.weekday, start=it.start, end=it.end) for it in body.hours)
    if body.assignment is not None:
        plain["assignment"] = Assignment(body.assignment)
    if body.members is not None:
        verbs, actor = site_of(request).verbs, actor_of(request)
        plain["members"] = tuple([UserId((await verbs.users.get(actor, name)).id) for name in body.members])
    return replace(queue, **plain)


async def list_queues(request: web.Request) -> web.Response:
    """GET /queues: by name."""
    found = await site_of(request).verbs.desk.queues(actor_of(request))
    return web.json_response({"items": [await _shape(request, queue) for queue in found], "next": None})


async def create_queue(request: web.Request) -> web.Response:
    """POST /queues."""
    body = await read_body(request, QueueBody)
    fresh = await _changed(request, Queue(id="", name=""), body)
    saved = await site_of(request).verbs.desk.save_queue(actor_of(request), fresh)
    return web.json_response(await _shape(request, saved), status=201, headers={"ETag": f'"{saved.version}"'})


async def change_queue(request: web.Request) -> web.Response:
    """PATCH /queues/{id}."""
    body = await read_body(request, QueueBody)
    verbs, actor, wanted = site_of(request).verbs, actor_of(request), request.match_info["id"]
    known = next((queue for queue in await verbs.desk.queues(actor) if queue.id == wanted), None)
    if known is None:
        raise NotFound("There is no such queue.", id=wanted[:60])
    changed = replace(await _changed(request, known, body), version=version_of(request, known.version))
    saved = await verbs.desk.save_queue(actor, changed)
    return web.json_response(await _shape(request, saved), headers={"ETag": f'"{saved.version}"'})


def _canned(reply: CannedReply) -> Json:
    return {
        "id": reply.id,
        "version": reply.version,
        "name": reply.name,
        "language": reply.language,
        "text": reply.text,
    }


async def list_canned(request: web.Request) -> web.Response:
    """GET /canned-replies: by name."""
    found = await site_of(request).verbs.desk.canned(actor_of(request))
    return web.json_response({"items": [_canned(reply) for reply in found], "next": None})


async def put_canned(request: web.Request) -> web.Response:
    """PUT /canned-replies/{name}: new, or instead of what it was."""
    body = await read_body(request, CannedBody)
    verbs, actor, name = site_of(request).verbs, actor_of(request), request.match_info["name"]
    known = next((reply for reply in await verbs.desk.canned(actor) if reply.id == fold(name)), None)
    version = version_of(request, known.version) if known else 0
    wanted = CannedReply(
        id=known.id if known else "", version=version, name=name, language=body.language, text=body.text
    )
    saved = await verbs.desk.save_canned(actor, wanted)
    return web.json_response(_canned(saved), status=200 if known else 201)


async def delete_canned(request: web.Request) -> web.Response:
    """DELETE /canned-replies/{name}."""
    await site_of(request).verbs.desk.delete_canned(actor_of(request), request.match_info["name"])
    return web.Response(status=204)
