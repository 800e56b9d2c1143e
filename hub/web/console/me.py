"""A colleague's own page: settings, linked chat accounts, access tokens."""

from typing import Any

from aiohttp import web

from hub.domain.address import Address
from hub.domain.errors import Conflict, FernamtError, Invalid, NotFound, TooMany
from hub.domain.ids import UserId
from hub.web.console.confirmation import ask_first
from hub.web.console.forms import Form, read_form
from hub.web.guard import status_of
from hub.web.pages import page, redirect
from hub.web.site import actor_of, site_of

REPORT_TOPICS = ("weekly-report", "weekly-mail")


def _own_id(request: web.Request) -> UserId:
    user_id = actor_of(request).user_id
    if user_id is None:
        raise NotFound("There is no such colleague.")
    return user_id


async def _page(request: web.Request, error: FernamtError | None = None, **more: Any) -> web.Response:
    users, actor = site_of(request).verbs.users, actor_of(request)
    values: dict[str, Any] = {"user": await users.get(actor, actor.id), "tokens": await users.tokens(actor)}
    values |= {"choice": await site_of(request).verbs.reminders.alerts(actor), "report_topics": REPORT_TOPICS}
    values |= {"code": "", "code_links": (), "token": "", "form": Form(values={})} | more
    status = status_of(error) if error else 200
    return await page(request, "me.html", values, section="me", status=status, errors=error)


async def show(request: web.Request) -> web.Response:
    """GET /me: who I am here, my links, my settings."""
    return await _page(request)


async def choose_reports(request: web.Request) -> web.Response:
    """POST /me/reports: the weekly report by chat, by mail."""
    verbs, actor, form = site_of(request).verbs, actor_of(request), await read_form(request)
    for topic in REPORT_TOPICS:
        await verbs.reminders.set_alert(actor, topic, topic in form.all("topics"))
    return redirect("/me?done=saved")


async def set_mail(request: web.Request) -> web.Response:
    """POST /me/mail: one's own mail address; a code goes there, which comes back with the same form."""
    verbs, actor, form = site_of(request).verbs, actor_of(request), await read_form(request)
    try:
        if form["act"] == "forget":
            await verbs.reminders.set_mail(actor, "", "")
            return redirect("/me?done=mail-forgotten")
        if form["act"] == "prove":
            await verbs.reminders.set_mail(actor, form["address"], form["proof"])
            return redirect("/me?done=mail-proved")
        await verbs.reminders.ask_mail(actor, form["address"])
    except (Invalid, Conflict, TooMany) as error:
        return await _page(request, error, form=form)
    return redirect("/me?done=mail-code")


async def make_link_code(request: web.Request) -> web.Response:
    """POST /me/link-code: a code that binds one's own chat account, shown once."""
    verbs, actor = site_of(request).verbs, actor_of(request)
    code = await verbs.users.link_code(actor, _own_id(request))
    return await _page(request, code=code, code_links=await verbs.channels.links(actor, code))


async def unlink(request: web.Request) -> web.Response:
    """POST /me/unlink."""
    form = await read_form(request)
    channel, _, normal = form["address"].partition(":")
    if normal:
        address = Address(channel=channel, normal=normal)
        await site_of(request).verbs.users.unlink(actor_of(request), _own_id(request), address)
    return redirect("/me?done=unlinked")


async def add_token(request: web.Request) -> web.Response:
    """POST /me/tokens: an access token for the API, shown once."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    if site.nonces.seen(actor.id, form["nonce"]):
        return redirect("/me")
    scopes = ("read",) if form["scope"] == "read" else ()
    try:
        _, token = await site.verbs.users.add_token(actor, form["name"], scopes)
    except Invalid as error:
        return await _page(request, error)
    site.nonces.remember(actor.id, form["nonce"], "/me")
    return await _page(request, token=token)


async def end_token(request: web.Request) -> web.Response:
    """POST /me/tokens/{id}/end: after a question, because programs that hold it are locked out at once."""
    users, actor, wanted = site_of(request).verbs.users, actor_of(request), request.match_info["id"]
    name = next((one.name for one in await users.tokens(actor) if one.id == wanted), wanted)
    if question := await ask_first(request, "token", "/me", name=name):
        return question
    await users.end_token(actor, wanted)
    return redirect("/me?done=token-ended")
