"""Pages behind the secret links of invitations and campaign messages, for people outside: `/e/SECRET`. No script, no
session; the secret is the right, and guesses count as failed sign-ins do."""

import re
from datetime import datetime

from aiohttp import web

from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.occasion import RegistrationState
from hub.services.occasions.guests import Guests, GuestView
from hub.services.occasions.registering import PATH
from hub.services.occasions.wording import tell_when
from hub.web.console.forms import read_form
from hub.web.pages import page, reader_of, redirect
from hub.web.site import client_of, site_of

GUESTS: web.AppKey[Guests] = web.AppKey("guests", Guests)
ANSWERABLE = (RegistrationState.INVITED, RegistrationState.CANCELLED)
"""Whoever stands so may register."""
_SECRET = re.compile(r"[a-z2-7]{40}")


def open_guest_pages(app: web.Application, guests: Guests) -> None:
    """Add the routes."""
    app[GUESTS] = guests
    app.router.add_get(PATH + "{secret}", show, allow_head=False)
    app.router.add_post(PATH + "{secret}", act)


async def show(request: web.Request) -> web.Response:
    """GET /e/SECRET: changes nothing, so that mail scanners that open links register nobody."""
    return await _render(request, await _look(request))


async def _look(request: web.Request) -> GuestView:
    site, client, secret = site_of(request), client_of(request), request.match_info["secret"]
    site.failures.check(client)
    try:
        if not _SECRET.fullmatch(secret):
            raise NotFound("This link does not exist, or not any more. Please ask for a new one.")
        return await request.config_dict[GUESTS].look(secret)
    except NotFound:
        site.failures.take(client)
        raise


async def act(request: web.Request) -> web.Response:
    """POST /e/SECRET: `act` register, cancel or unsubscribe; `List-Unsubscribe=One-Click` from mail programs."""
    view = await _look(request)
    form = await read_form(request)
    one_click = form["List-Unsubscribe"] == "One-Click"
    wanted = "unsubscribe" if one_click else form["act"]
    secret = request.match_info["secret"]
    try:
        await request.config_dict[GUESTS].act(secret, wanted, session=_session(view, wanted, form["session"]))
    except Conflict as error:
        return await _render(request, await _look(request), refused=str(error.fields.get("code", "")), status=409)
    except Invalid as error:
        if error.fields.get("field") != "session":
            raise
        return await _render(request, view, refused="session", status=400)
    return web.Response(text="") if one_click else redirect(f"{PATH}{secret}?done={wanted}")


def _session(view: GuestView, act: str, wanted: str) -> str:
    """Of an event with several sessions whoever comes chooses one. Raises Invalid."""
    if view.invitation is None or act != "register":
        return ""
    known = [one.session.id for one in view.invitation.sessions]
    choosing = view.invitation.registration.state in ANSWERABLE and len(known) > 1
    if (wanted and wanted not in known) or (choosing and not wanted):
        raise Invalid("Say for which session.", field="session")
    return wanted


async def _render(request: web.Request, view: GuestView, *, refused: str = "", status: int = 200) -> web.Response:
    one, now = view.invitation, site_of(request).clock.now()
    when, open_, mine, sessions = "", False, None, []
    if one is not None:
        language = reader_of(request).language

        def tell(at: datetime) -> str:
            return tell_when(at, one.occasion.time_zone, language)

        when = tell(one.occasion.start)
        sessions = [(it, tell(it.session.start)) for it in one.sessions]
        held = one.registration.state not in ANSWERABLE
        mine = next((it for it in sessions if held and it[0].session.id == one.registration.session), None)
        ends = min(one.occasion.deadline or one.occasion.start, one.occasion.start)
        open_ = one.occasion.state.value == "open" and now < ends
    values: dict[str, object] = {
        "view": view,
        "one": one,
        "when": when,
        "open": open_,
        "refused": refused,
        "mine": mine,
    }
    values["sessions"] = sessions
    response = await page(request, "guest.html", values, status=status)
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
