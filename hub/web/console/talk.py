"""The inbox, and a conversation with its composer."""

from typing import Any

from aiohttp import web

from hub.domain.desk import Queue
from hub.domain.errors import Conflict, FernamtError, Invalid, Refused
from hub.domain.ids import ConversationId, InteractionId, UserId
from hub.domain.people import Actor, Right
from hub.domain.views import ReplyDraft, UserLine
from hub.web.console.card import read_card
from hub.web.console.forms import form_key, read_form
from hub.web.console.stream import rows_of
from hub.web.guard import status_of
from hub.web.pages import page, query, reader_of, redirect
from hub.web.site import actor_of, site_of

BOXES = ("mine", "queue", "all", "open", "closed")
LIVE = "/events?topics=timeline,conversation"


def _box(request: web.Request) -> str:
    box = request.query.get("box", "all")
    return box[:80] if box in BOXES or box.startswith("queue:") else "all"


async def _list(request: web.Request) -> dict[str, Any]:
    """The list column: a box of the inbox, or all conversations that are open or closed."""
    verbs, actor, box = site_of(request).verbs.conversations, actor_of(request), _box(request)
    at = request.query.get("page") or None
    if box in ("open", "closed"):
        listed = await verbs.recent(actor, box, at)
    else:
        listed = await verbs.inbox(actor, box, at)
    found = {"box": box, "lines": listed.items, "list_next": listed.next, "page_at": at or ""}
    return found if request.query.get("part") == "list" else found | {"queues": await _queues(request)}


async def _queues(request: web.Request) -> list[tuple[Queue, int | None]]:
    """The queues as boxes, where there is more than the one that always exists; how much waits in each, where one may
    know of everybody."""
    desk, actor = site_of(request).verbs.desk, actor_of(request)
    queues = await desk.queues(actor)
    if len(queues) < 2:
        return []
    try:
        counts: dict[str, int] = await desk.waiting(actor)
    except Refused:
        counts = {}
    return [(one, counts.get(one.id)) for one in queues]


def _twin(box: str) -> str:
    return f"/api/v1/conversations?state={box}" if box in ("open", "closed") else f"/api/v1/inbox?box={box}"


async def show_inbox(request: web.Request) -> web.Response:
    """GET /inbox?box=mine|queue|all|open|closed&page=; `part=list` is the list alone."""
    values = await _list(request) | {"events": LIVE, "conversation": None}
    template = "parts/conversations.html" if request.query.get("part") == "list" else "inbox.html"
    return await page(request, template, values, section="inbox", twin=_twin(values["box"]))


async def show_conversation(request: web.Request) -> web.Response:
    """GET /conversations/{id}: newest at the bottom, then the composer; `part=stream` is the stream alone."""
    return await _conversation_page(request)


async def _conversation_page(
    request: web.Request, *, status: int = 200, errors: FernamtError | dict[str, str] | None = None, **more: Any
) -> web.Response:
    site, actor, r = site_of(request), actor_of(request), reader_of(request)
    identifier = ConversationId(request.match_info["id"])
    line = await site.verbs.conversations.get(actor, identifier)
    after = request.query.get("after") or None
    entries = await site.verbs.conversations.entries(actor, identifier, after)
    values: dict[str, Any] = {
        "line": line,
        "conversation": line.conversation,
        "rows": rows_of(entries.items[::-1], r, topic=line.conversation.subject),
        "next": entries.next,
        "after": after or "",
        "where": "conversation",
        "box": _box(request),
    }
    if request.query.get("part") == "stream":
        return await page(request, "parts/stream.html", values)
    values |= await _list(request)
    values |= {"text": "", "note": "", "draft": await _draft(actor, request, identifier)}
    values |= await read_card(request, line.conversation.contact_id)
    values["colleagues"] = await colleagues(request)
    values["events"] = f"/events?topics=timeline,outbox,conversation&conversation={identifier}"
    twin = f"/api/v1/conversations/{identifier}/entries"
    return await page(
        request, "conversation.html", values | more, section="inbox", twin=twin, status=status, errors=errors
    )


async def _draft(actor: Actor, request: web.Request, identifier: ConversationId) -> ReplyDraft | None:
    """How an answer would go out; None where this colleague may not write or nothing can be answered here."""
    if Right.WRITE_MESSAGES not in actor.rights:
        return None
    try:
        return await site_of(request).verbs.conversations.draft(actor, identifier)
    except (Conflict, Invalid):
        return None


async def colleagues(request: web.Request) -> list[UserLine]:
    """Whom a conversation may be given to; only oneself where one may not see the others."""
    users, actor = site_of(request).verbs.users, actor_of(request)
    try:
        return [user for user in await users.all(actor) if user.active]
    except Refused:
        return [await users.get(actor, actor.id)]


def _back(request: web.Request, done: str, anchor: str = "") -> web.Response:
    box = _box(request)
    where = f"/conversations/{request.match_info['id']}{query(done=done, box=box if box != 'all' else None)}"
    return redirect(f"{where}#{anchor}" if anchor else where)


async def reply(request: web.Request) -> web.Response:
    """POST /conversations/{id}/reply: the form's nonce is the key under which it is submitted once."""
    site, actor = site_of(request), actor_of(request)
    form = await read_form(request)
    identifier = ConversationId(request.match_info["id"])
    if not form["text"]:
        return await _conversation_page(request, status=400, errors={"text": "Write something first."})
    try:
        receipt = await site.verbs.conversations.reply(
            actor,
            identifier,
            form["text"],
            key=form_key(actor, form),
            files=form.files,
            immediately=form["immediately"] == "yes",
        )
    except (Invalid, Conflict) as error:
        return await _conversation_page(request, status=status_of(error), errors=error, text=form["text"])
    return _back(request, "sent", receipt.entry_id)


async def take_back(request: web.Request) -> web.Response:
    """POST /conversations/{id}/take-back/{entry}: cancel what has not left yet, for every recipient."""
    verbs, actor = site_of(request).verbs, actor_of(request)
    detail = await verbs.timeline.entry(actor, InteractionId(request.match_info["entry"]))
    for item in detail.items:
        await verbs.outbox.cancel(actor, item.id)
    return _back(request, "taken-back", detail.entry.interaction.id)


async def assign(request: web.Request) -> web.Response:
    """POST /conversations/{id}/assign: to a colleague, or with no user to the queue."""
    form = await read_form(request)
    user = UserId(form["user"]) if form["user"] and form["user"] != "queue" else None
    await site_of(request).verbs.conversations.assign(actor_of(request), ConversationId(request.match_info["id"]), user)
    return _back(request, "assigned" if user else "queued")


async def close(request: web.Request) -> web.Response:
    """POST /conversations/{id}/close."""
    await site_of(request).verbs.conversations.close(actor_of(request), ConversationId(request.match_info["id"]))
    return _back(request, "closed")


async def reopen(request: web.Request) -> web.Response:
    """POST /conversations/{id}/reopen."""
    await site_of(request).verbs.conversations.reopen(actor_of(request), ConversationId(request.match_info["id"]))
    return _back(request, "reopened")


async def show_delete(request: web.Request) -> web.Response:
    """GET /conversations/{id}/delete: what exactly will happen."""
    verbs, actor = site_of(request).verbs.conversations, actor_of(request)
    line = await verbs.get(actor, ConversationId(request.match_info["id"]))
    if Right.DELETE_CONVERSATIONS not in actor.rights:
        raise Refused('This needs the right "delete-conversations" (role admin); an admin can grant it.')
    return await page(request, "delete.html", {"line": line}, section="inbox")


async def delete(request: web.Request) -> web.Response:
    """POST /conversations/{id}/delete, confirmed."""
    verbs, actor = site_of(request).verbs.conversations, actor_of(request)
    await verbs.delete(actor, ConversationId(request.match_info["id"]))
    return redirect("/inbox?done=deleted")
