"""How work is shared out: queues with their targets, and canned replies."""

from dataclasses import replace
from typing import Any

from aiohttp import web

from hub.domain.desk import Assignment, CannedReply, Queue
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.folding import fold
from hub.domain.ids import UserId
from hub.web.console.confirmation import ask_first
from hub.web.console.forms import Form, read_form
from hub.web.guard import status_of
from hub.web.pages import Errors, beside, page, reader_of, redirect
from hub.web.site import actor_of, site_of


async def list_queues(request: web.Request) -> web.Response:
    """GET /queues: `queue` fills in the form with one of them, `reply` with a canned reply."""
    return await _queues_page(request)


async def _queues_page(request: web.Request, *, errors: Errors = None, status: int = 200, **more: Any) -> web.Response:
    site, actor = site_of(request), actor_of(request)
    queues, replies = await site.verbs.desk.queues(actor), await site.verbs.desk.canned(actor)
    users = await site.verbs.users.all(actor)
    chosen = next((one for one in queues if one.id == request.query.get("queue", "")), None)
    reply = next((one for one in replies if one.id == request.query.get("reply", "")), None)
    values = {
        "queues": queues,
        "replies": replies,
        "users": users,
        "names": {user.id: user.display_name or user.name for user in users},
        "channels": await site.verbs.channels.all(actor),
        "assignments": list(Assignment),
        "form": _form_of(chosen),
        "reply": reply,
    }
    return await page(
        request, "queues.html", values | more, section="queues", twin="/api/v1/queues", status=status, errors=errors
    )


def _form_of(queue: Queue | None) -> Form:
    if queue is None:
        return Form(values={"assignment": "manual"})
    return Form(
        values={
            "id": queue.id,
            "name": queue.name,
            "assignment": queue.assignment.value,
            "first_response_minutes": str(queue.first_response_minutes),
            "resolution_minutes": str(queue.resolution_minutes),
        },
        many={"members": [*queue.members], "accounts": [*queue.accounts]},
    )


async def save_queue(request: web.Request) -> web.Response:
    """POST /queues."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    known = next((one for one in await site.verbs.desk.queues(actor) if one.id == form["id"]), Queue(id="", name=""))
    wrong = {
        name: "Minutes are a number."
        for name in ("first_response_minutes", "resolution_minutes")
        if not _is_number(form[name])
    }
    if wrong:
        return await _queues_page(request, form=form, errors=wrong, status=400)
    try:
        wanted = replace(
            known,
            name=form["name"],
            assignment=Assignment(form["assignment"] or "manual"),
            members=tuple(UserId(one) for one in form.all("members")),
            accounts=tuple(form.all("accounts")),
            first_response_minutes=int(form["first_response_minutes"] or "0"),
            resolution_minutes=int(form["resolution_minutes"] or "0"),
        )
    except ValueError as error:
        raise Invalid("There is no such way to assign.", field="assignment") from error
    try:
        await site.verbs.desk.save_queue(actor, wanted)
    except (Invalid, Conflict) as error:
        return await _queues_page(request, form=form, errors=error, status=status_of(error))
    return redirect("/queues?done=saved")


def _is_number(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit() and len(text) < 10)


async def save_reply(request: web.Request) -> web.Response:
    """POST /canned-replies."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    known = next((one for one in await site.verbs.desk.canned(actor) if one.id == fold(form["name"])), None)
    wanted = CannedReply(
        id=known.id if known else "",
        version=known.version if known else 0,
        name=form["name"],
        language=form["language"] if form["language"] in ("de", "en") else "",
        text=form["text"],
    )
    try:
        await site.verbs.desk.save_canned(actor, wanted)
    except (Invalid, Conflict) as error:
        named = {"name": "reply_name", "text": "reply_text"}.get(str(error.fields.get("field", "")), "")
        errors = beside(named, error, reader_of(request))
        return await _queues_page(request, reply=wanted, errors=errors, status=status_of(error))
    return redirect("/queues?done=saved")


async def delete_reply(request: web.Request) -> web.Response:
    """POST /canned-replies/{name}/delete: after a question."""
    desk, actor, wanted = site_of(request).verbs.desk, actor_of(request), request.match_info["name"]
    name = next((one.name for one in await desk.canned(actor) if one.id == wanted), wanted)
    if question := await ask_first(request, "reply", "/queues#canned", name=name):
        return question
    try:
        await desk.delete_canned(actor, wanted)
    except NotFound:
        return redirect("/queues")
    return redirect("/queues?done=dropped")
