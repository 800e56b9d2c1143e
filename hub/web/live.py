"""Server-sent events: what changed, as ids, for open pages and for programs (HTML standard §9.2)."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

from aiohttp import web

from hub.domain.errors import FernamtError, Invalid, TooMany
from hub.domain.people import Actor, Right, RowScope
from hub.ports.events import Event, Topic
from hub.web.site import actor_of, site_of

MAX_STREAMS = 500
HEARTBEAT_SECONDS = 15.0
NEEDED = {Topic.QUARANTINE: Right.RUN_QUARANTINE, Topic.CHANNEL: Right.READ_STATUS, Topic.OUTBOX: Right.RUN_OUTBOX}


class Streams:
    """The open event streams, so that shutting down need not wait for them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    def enter(self) -> asyncio.Task[object]:
        """Register the current request. Raises TooMany."""
        if len(self._tasks) >= MAX_STREAMS:
            raise TooMany("Too many pages are open for live updates.", retry_after=timedelta(seconds=30))
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        return task

    def leave(self, task: asyncio.Task[object]) -> None:
        """The request is over."""
        self._tasks.discard(task)

    async def close(self, app: web.Application) -> None:
        """End them all."""
        for task in list(self._tasks):
            task.cancel()


STREAMS: web.AppKey[Streams] = web.AppKey("streams", Streams)


def event_json(event: Event) -> dict[str, object]:
    """An event for the wire: ids only."""
    return {
        "topic": event.topic.value,
        "id": event.id,
        "contact_id": event.contact,
        "conversation_id": event.conversation,
        "entry_id": event.entry,
        "state": event.state,
    }


def wanted(event: Event, actor: Actor, contact: str, conversation: str) -> bool:
    """Whether this reader may know of it and asked for it. Being told that one missed something concerns all."""
    if event.topic is Topic.LAGGED:
        return True
    if NEEDED.get(event.topic, Right.READ_CONTACTS) not in actor.rights:
        return False
    if actor.rows is not RowScope.ALL and not (contact or conversation):
        # Even that something happened somewhere would tell of contacts that are hidden; lists are loaded anew.
        return False
    if contact and event.contact not in (None, contact):
        return False
    return not (conversation and event.conversation not in (None, conversation))


async def stream_events(request: web.Request) -> web.StreamResponse:
    """GET /events?topics=timeline,outbox&contact=c_...&conversation=v_..."""
    site, actor = site_of(request), actor_of(request)
    try:
        topics = [Topic(name) for name in request.query.get("topics", "").split(",") if name]
    except ValueError as error:
        known = ", ".join(topic.value for topic in Topic)
        raise Invalid(f"There is no such topic; there are: {known}.", topics=request.query["topics"]) from error
    streams = request.config_dict[STREAMS]
    task = streams.enter()
    try:
        async with site.events.subscribe({*topics, Topic.LAGGED} if topics else ()) as events:
            headers = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
            response = web.StreamResponse(headers=headers)
            await response.prepare(request)
            await response.write(b"retry: 3000\n: listening\n\n")
            await _pump(request, response, events, actor)
            return response
    finally:
        streams.leave(task)


async def _pump(request: web.Request, response: web.StreamResponse, events: AsyncIterator[Event], actor: Actor) -> None:
    """Write events as they come, and a comment now and then so that proxies keep the line. Ends when the client goes,
    or when its session or token has ended."""
    contact, conversation = request.query.get("contact", ""), request.query.get("conversation", "")
    upcoming: asyncio.Future[Event] | None = None
    try:
        while True:
            upcoming = upcoming or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait({upcoming}, timeout=HEARTBEAT_SECONDS)
            if not done:
                if not await _still_signed_in(request, actor):
                    return
                await response.write(b": beat\n\n")
                continue
            event, upcoming = upcoming.result(), None
            if wanted(event, actor, contact, conversation):
                data = json.dumps(event_json(event), separators=(",", ":"))
                await response.write(f"event: {event.topic.value}\ndata: {data}\n\n".encode())
    except (StopAsyncIteration, ConnectionResetError):
        return
    finally:
        if upcoming is not None:
            upcoming.cancel()


async def _still_signed_in(request: web.Request, actor: Actor) -> bool:
    site = site_of(request)
    try:
        if "Authorization" in request.headers:
            token = request.headers["Authorization"].partition(" ")[2].strip()
            return await site.verbs.users.token_actor(token) is not None
        cookie = request.cookies.get(site.facts.cookie_name, "")
        current = await site.verbs.users.session_actor(cookie)
        return current is not None and current.id == actor.id
    except FernamtError:
        # The store is down: the stream ends, the browser comes back by itself and is asked again.
        return False
