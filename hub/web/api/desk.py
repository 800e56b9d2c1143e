"""Conversations, outbox, quarantine, channels, users, audit, status, and the staff bot."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from hub.domain.conversation import Conversation
from hub.domain.errors import Invalid, NotFound
from hub.domain.ids import ConversationId, OutboxId, UserId
from hub.domain.outbox import OutboxItem, OutboxState
from hub.domain.people import UserRole
from hub.web.api import shapes
from hub.web.api.contacts import send_reply
from hub.web.api.requests import AskBody, AssignBody, UserBody, page_of, read_body
from hub.web.site import actor_of, site_of

LINK_CODE_SECONDS = 600


def _conversation(request: web.Request) -> ConversationId:
    return ConversationId(request.match_info["id"])


def _one_of(request: web.Request, name: str, values: tuple[str, ...]) -> str:
    value = request.query.get(name) or values[0]
    if value not in values:
        raise Invalid(f"{name} must be one of {', '.join(values)}.", **{name: value[:40]})
    return value


async def list_inbox(request: web.Request) -> web.Response:
    """GET /inbox?box=all|mine|queue|queue:ID: what waits for an answer, longest first."""
    after, limit = page_of(request)
    box = _one_of(request, "box", ("all", "mine", "queue"))
    page = await site_of(request).verbs.conversations.inbox(actor_of(request), box, after, limit)
    return web.json_response(shapes.listing(page, shapes.conversation_line))


async def list_conversations(request: web.Request) -> web.Response:
    """GET /conversations?state=open|closed: newest first."""
    after, limit = page_of(request)
    state = _one_of(request, "state", ("open", "closed"))
    page = await site_of(request).verbs.conversations.recent(actor_of(request), state, after, limit)
    return web.json_response(shapes.listing(page, shapes.conversation_line))


async def show_conversation(request: web.Request) -> web.Response:
    """GET /conversations/{id}."""
    line = await site_of(request).verbs.conversations.get(actor_of(request), _conversation(request))
    return web.json_response(shapes.conversation_line(line))


async def list_entries(request: web.Request) -> web.Response:
    """GET /conversations/{id}/entries: newest first, `order=oldest` the other way."""
    after, limit = page_of(request)
    newest = request.query.get("order", "newest") != "oldest"
    verbs = site_of(request).verbs
    page = await verbs.conversations.entries(actor_of(request), _conversation(request), after, limit, newest)
    return web.json_response(shapes.listing(page, shapes.entry))


async def show_draft(request: web.Request) -> web.Response:
    """GET /conversations/{id}/draft: how an answer would go out."""
    draft = await site_of(request).verbs.conversations.draft(actor_of(request), _conversation(request))
    return web.json_response(shapes.draft(draft))


async def reply(request: web.Request) -> web.Response:
    """POST /conversations/{id}/reply."""
    return await send_reply(request, _conversation(request))


async def assign(request: web.Request) -> web.Response:
    """POST /conversations/{id}/assign."""
    body, actor, verbs = await read_body(request, AssignBody), actor_of(request), site_of(request).verbs
    user_id: UserId | None = None
    if body.user:
        user_id = actor.user_id if body.user in (actor.name, actor.id) else (await verbs.users.get(actor, body.user)).id
    changed = await verbs.conversations.assign(actor, _conversation(request), user_id)
    return web.json_response(shapes.conversation(changed))


def own(act: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """POST /conversations/{id}/close and /reopen."""

    async def handler(request: web.Request) -> web.Response:
        verbs, actor = site_of(request).verbs.conversations, actor_of(request)
        verb = verbs.close if act == "close" else verbs.reopen
        changed: Conversation = await verb(actor, _conversation(request))
        return web.json_response(shapes.conversation(changed))

    return handler


async def delete_conversation(request: web.Request) -> web.Response:
    """DELETE /conversations/{id}: its entries go, and do not come back with the mailbox."""
    count = await site_of(request).verbs.conversations.delete(actor_of(request), _conversation(request))
    return web.json_response({"deleted": count})


async def list_outbox(request: web.Request) -> web.Response:
    """GET /outbox?state=queued|sending|..."""
    after, limit = page_of(request)
    state = OutboxState(_one_of(request, "state", tuple(state.value for state in OutboxState)))
    page = await site_of(request).verbs.outbox.page(actor_of(request), state, after, limit)
    return web.json_response(shapes.listing(page, shapes.outbox_item))


async def show_item(request: web.Request) -> web.Response:
    """GET /outbox/{id}."""
    item = await site_of(request).verbs.outbox.get(actor_of(request), OutboxId(request.match_info["id"]))
    return web.json_response(shapes.outbox_item(item))


async def act_on_item(request: web.Request) -> web.Response:
    """POST /outbox/{id}/retry|cancel|settle."""
    verbs, actor = site_of(request).verbs.outbox, actor_of(request)
    acts = {"retry": verbs.retry, "cancel": verbs.cancel, "settle": verbs.settle}
    item: OutboxItem = await acts[request.match_info["act"]](actor, OutboxId(request.match_info["id"]))
    return web.json_response(shapes.outbox_item(item))


async def list_quarantine(request: web.Request) -> web.Response:
    """GET /quarantine."""
    after, limit = page_of(request)
    page = await site_of(request).verbs.quarantine.page(actor_of(request), after, limit)
    return web.json_response(shapes.listing(page, shapes.quarantine_line))


async def replay(request: web.Request) -> web.Response:
    """POST /quarantine/{id}/replay."""
    state = await site_of(request).verbs.quarantine.replay(actor_of(request), request.match_info["id"])
    return web.json_response({"id": request.match_info["id"], "state": state})


async def list_users(request: web.Request) -> web.Response:
    """GET /users."""
    lines = await site_of(request).verbs.users.all(actor_of(request))
    return web.json_response({"items": [shapes.user(line) for line in lines], "next": None})


async def add_user(request: web.Request) -> web.Response:
    """POST /users: the one-time password is shown once."""
    body = await read_body(request, UserBody)
    line, password = await site_of(request).verbs.users.add(
        actor_of(request),
        body.name,
        UserRole(body.role),
        display_name=body.display_name,
        language=body.language,
    )
    return web.json_response({"user": shapes.user(line), "password": password}, status=201)


async def make_link_code(request: web.Request) -> web.Response:
    """POST /users/{name}/link-code."""
    actor, verbs, name = actor_of(request), site_of(request).verbs, request.match_info["name"]
    user_id = actor.user_id if name in (actor.name, actor.id) else (await verbs.users.get(actor, name)).id
    if user_id is None:
        raise NotFound("There is no such colleague.", name=name[:80])
    code = await verbs.users.link_code(actor, user_id)
    links = await verbs.channels.links(actor, code)
    shown = [{"channel": channel, "url": url} for channel, url in links]
    return web.json_response({"code": code, "expires_in": LINK_CODE_SECONDS, "links": shown})


async def list_audit(request: web.Request) -> web.Response:
    """GET /audit: `day`, or `subject`, or `who`."""
    after, limit = page_of(request)
    query = request.query
    page = await site_of(request).verbs.audit.page(
        actor_of(request),
        query.get("day", "")[:10],
        after,
        limit,
        who=query.get("who", "")[:200],
        subject=query.get("subject", "")[:200],
    )
    return web.json_response(shapes.listing(page, shapes.audit_entry))


async def show_status(request: web.Request) -> web.Response:
    """GET /status."""
    return web.json_response(shapes.status(await site_of(request).verbs.status.read(actor_of(request))))


async def ask(request: web.Request) -> web.Response:
    """POST /ask: the staff bot's answer."""
    body, site, actor = await read_body(request, AskBody), site_of(request), actor_of(request)
    if body.as_user:
        actor = await site.verbs.users.actor_for(actor, body.as_user)
    return web.json_response(shapes.bot_reply(await site.door.ask(actor, body.text)))
