"""What an admin looks after: channels, outbox, quarantine, users, audit."""

import secrets
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from aiohttp import web

from hub.domain.errors import Conflict, Invalid, NotFound, Refused
from hub.domain.ids import OutboxId, UserId
from hub.domain.outbox import TRANSITIONS, OutboxItem, OutboxState
from hub.domain.people import Right, UserRole
from hub.domain.views import HubStatus
from hub.web.console.forms import Form, read_form
from hub.web.console.talk import colleagues
from hub.web.downloads import as_download
from hub.web.guard import status_of
from hub.web.language import LANGUAGES
from hub.web.pages import page, query, reader_of, redirect
from hub.web.site import actor_of, site_of

RAW_SHOWN = 64_000


async def list_outbox(request: web.Request) -> web.Response:
    """GET /outbox?state=&after=."""
    site, actor = site_of(request), actor_of(request)
    status: HubStatus | None = await site.verbs.status.read(actor) if Right.READ_STATUS in actor.rights else None
    counts = dict(status.outbox) if status else {}
    state = _state(request.query.get("state", ""), counts)
    after = request.query.get("after") or None
    items = await site.verbs.outbox.page(actor, state, after)
    values = {
        "items": items.items,
        "names": await _names(request, items.items),
        "next": items.next,
        "current": state.value,
        "states": list(OutboxState),
        "counts": counts,
        "events": "/events?topics=outbox",
    }
    return await page(request, "outbox.html", values, section="outbox", twin=f"/api/v1/outbox?state={state}")


async def _names(request: web.Request, items: Sequence[OutboxItem]) -> dict[str, str]:
    """Of the contacts that the messages go to, as far as the reader may see them."""
    site, actor = site_of(request), actor_of(request)
    names: dict[str, str] = {}
    for id in dict.fromkeys(item.contact_id for item in items if item.contact_id):
        try:
            names[id] = (await site.verbs.contacts.resolve(actor, id)).name
        except (NotFound, Refused):
            continue
    return names


def _state(text: str, counts: dict[str, int]) -> OutboxState:
    """The state asked for; else what needs a person most."""
    if text in set(OutboxState):
        return OutboxState(text)
    return OutboxState.HELD if counts.get("held") else OutboxState.QUEUED


async def show_item(request: web.Request) -> web.Response:
    """GET /outbox/{id}: its tries, and what can be done with what consequence."""
    item = await site_of(request).verbs.outbox.get(actor_of(request), OutboxId(request.match_info["id"]))
    return await _item_page(request, item)


async def _item_page(request: web.Request, item: OutboxItem, **more: Any) -> web.Response:
    possible = TRANSITIONS[item.state]
    values = {
        "item": item,
        "can_retry": OutboxState.QUEUED in possible or item.state is OutboxState.QUEUED,
        "can_cancel": OutboxState.CANCELLED in possible,
        "can_settle": item.state is OutboxState.HELD,
        "events": "/events?topics=outbox",
    }
    return await page(request, "outbox_item.html", values, section="outbox", twin=f"/api/v1/outbox/{item.id}", **more)


async def act_on_item(request: web.Request) -> web.Response:
    """POST /outbox/{id}/retry|cancel|settle."""
    verbs, actor, act = site_of(request).verbs.outbox, actor_of(request), request.match_info["act"]
    identifier = OutboxId(request.match_info["id"])
    try:
        await {"retry": verbs.retry, "cancel": verbs.cancel, "settle": verbs.settle}[act](actor, identifier)
    except Conflict as error:
        current = await verbs.get(actor, identifier)
        return await _item_page(request, current, status=409, errors={"": error.sentence})
    return redirect(f"/outbox/{identifier}?done={act}")


async def list_quarantine(request: web.Request) -> web.Response:
    """GET /quarantine."""
    verbs, actor, after = site_of(request).verbs, actor_of(request), request.query.get("after") or None
    lines = await verbs.quarantine.page(actor, after)
    channels = await verbs.channels.all(actor) if lines.items and Right.READ_STATUS in actor.rights else []
    kinds = {line.name: line.kind for line in channels}
    values = {"lines": lines.items, "kinds": kinds, "next": lines.next, "events": "/events?topics=quarantine"}
    return await page(request, "quarantine.html", values, section="quarantine", twin="/api/v1/quarantine")


async def show_quarantined(request: web.Request) -> web.Response:
    """GET /quarantine/{id}: the raw bytes as text; `save=1` as a file."""
    identifier = request.match_info["id"]
    data = await site_of(request).verbs.quarantine.raw(actor_of(request), identifier)
    if request.query.get("save"):
        return as_download(data)
    text = data.data[:RAW_SHOWN].decode("utf-8", "backslashreplace")
    values = {"id": identifier, "raw": text, "size": len(data.data), "cut": len(data.data) > RAW_SHOWN}
    return await page(
        request, "quarantine_item.html", values, section="quarantine", twin=f"/api/v1/quarantine/{identifier}/raw"
    )


async def replay(request: web.Request) -> web.Response:
    """POST /quarantine/{id}/replay."""
    state = await site_of(request).verbs.quarantine.replay(actor_of(request), request.match_info["id"])
    return redirect(f"/quarantine?done={'replayed' if state != 'quarantined' else 'still-quarantined'}")


async def list_users(request: web.Request) -> web.Response:
    """GET /users."""
    return await _users_page(request)


async def _users_page(request: web.Request, **more: Any) -> web.Response:
    lines = await site_of(request).verbs.users.all(actor_of(request))
    values = {"users": lines, "password": "", "code": "", "user": None} | more
    return await page(request, "users.html", values, section="users", twin="/api/v1/users")


async def show_new_user(request: web.Request) -> web.Response:
    """GET /users/new."""
    form = Form(values={"role": "agent", "language": reader_of(request).language})
    return await page(request, "user_form.html", {"form": form}, section="users")


async def add_user(request: web.Request) -> web.Response:
    """POST /users: shows the one-time password once; it is not kept anywhere."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    if site.nonces.seen(actor.id, form["nonce"]):
        return redirect("/users")
    if not form["name"]:
        missing = {"name": "A sign-in name is needed."}
        return await page(request, "user_form.html", {"form": form}, section="users", status=400, errors=missing)
    role = UserRole(form["role"]) if form["role"] in tuple(UserRole) else UserRole.AGENT
    language = form["language"] if form["language"] in LANGUAGES else "en"
    try:
        line, password = await site.verbs.users.add(
            actor, form["name"], role, display_name=form["display_name"], language=language
        )
    except (Invalid, Conflict) as error:
        values, status = {"form": form}, status_of(error)
        return await page(request, "user_form.html", values, section="users", status=status, errors=error)
    site.nonces.remember(actor.id, form["nonce"], "/users")
    return await _users_page(request, user=line, password=password)


async def make_link_code(request: web.Request) -> web.Response:
    """POST /users/{id}/link-code: shows the code once."""
    users, actor = site_of(request).verbs.users, actor_of(request)
    line = await users.get(actor, request.match_info["id"])
    return await _users_page(request, user=line, code=await users.link_code(actor, UserId(line.id)))


async def renew_password(request: web.Request) -> web.Response:
    """POST /users/{id}/password: a one-time password for somebody who forgot theirs; their sessions end."""
    users, actor = site_of(request).verbs.users, actor_of(request)
    line = await users.get(actor, request.match_info["id"])
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    await users.set_password(actor, line.id, password)
    return await _users_page(request, user=line, password=password)


async def list_audit(request: web.Request) -> web.Response:
    """GET /audit: of a day of the reader's, of a subject, or of somebody."""
    r = reader_of(request)
    today = r.today
    text = request.query.get("day", "") or today.isoformat()
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("A day looks like 2026-11-23.", day=text[:20]) from error
    if not 1970 < day.year < 9999:
        raise NotFound("There is no such page.")
    after = request.query.get("after") or None
    who, subject = request.query.get("who", "")[:200], request.query.get("subject", "")[:200]
    found = await site_of(request).verbs.audit.page(
        actor_of(request), day.isoformat(), after, who=who, subject=subject, zone=r.zone
    )
    values = {
        "entries": found.items,
        "next": found.next,
        "day": day,
        "who": who,
        "subject": subject,
        "before": (day - timedelta(days=1)).isoformat(),
        "following": (day + timedelta(days=1)).isoformat() if day < today else "",
        "names": {f"user:{line.id}": line.display_name or line.name for line in await colleagues(request)},
    }
    twin = "/api/v1/audit" + query(day=day.isoformat())
    return await page(request, "audit.html", values, section="audit", twin=twin)
