"""Signing in and out, the forced change of a one-time password, language and theme."""

from aiohttp import web

from hub.domain.errors import Invalid, NotFound, TooMany
from hub.web.console.forms import read_form
from hub.web.formats import zone_named
from hub.web.guard import status_of
from hub.web.language import LANGUAGES
from hub.web.pages import THEMES, local_path, page, redirect
from hub.web.site import ACTOR, actor_of, client_of, site_of

COOKIE_SECONDS = 60 * 60 * 24 * 30
YEAR = 60 * 60 * 24 * 365


async def show_sign_in(request: web.Request) -> web.Response:
    """GET /sign-in."""
    return await page(request, "sign_in.html", {"name": "", "next": local_path(request.query.get("next", "/"))})


async def sign_in(request: web.Request) -> web.Response:
    """POST /sign-in: a fresh session, whatever cookie came along."""
    site, form = site_of(request), await read_form(request)
    values = {"name": form["name"][:100], "next": local_path(form["next"] or "/")}
    try:
        opened = await site.verbs.users.sign_in(form["name"][:100], form["password"][:500], client_of(request))
    except TooMany as error:
        response = await page(request, "sign_in.html", values, status=429, errors=error)
        response.headers["Retry-After"] = str(max(1, int(error.retry_after.total_seconds())))
        return response
    if opened is None:
        wrong = {"": "Sign-in name or password is wrong."}
        return await page(request, "sign_in.html", values, status=401, errors=wrong)
    response = redirect("/password" if opened.must_change_password else values["next"])
    _set_session(request, response, opened.cookie)
    response.del_cookie("language")
    return response


def _set_session(request: web.Request, response: web.Response, cookie: str) -> None:
    facts = site_of(request).facts
    response.set_cookie(
        facts.cookie_name,
        cookie,
        max_age=COOKIE_SECONDS,
        httponly=True,
        secure=facts.secure,
        samesite="Lax",
        path="/",
    )


async def sign_out(request: web.Request) -> web.Response:
    """POST /sign-out."""
    site = site_of(request)
    await site.verbs.users.sign_out(request.cookies.get(site.facts.cookie_name, ""))
    site.chats.clear(actor_of(request).id)
    response = redirect("/sign-in")
    response.del_cookie(site.facts.cookie_name, path="/", secure=site.facts.secure, httponly=True, samesite="Lax")
    return response


async def show_password(request: web.Request) -> web.Response:
    """GET /password."""
    return await page(request, "password.html", section="me")


async def change_password(request: web.Request) -> web.Response:
    """POST /password: one's own; typed twice."""
    form, actor = await read_form(request), actor_of(request)
    if form["password"] != form["again"]:
        differs = {"again": "The two passwords differ."}
        return await page(request, "password.html", status=400, errors=differs, section="me")
    try:
        if actor.user_id is None:
            raise NotFound("There is no such colleague.")
        site = site_of(request)
        # Other sessions end with the old password; this one goes on.
        kept = request.cookies.get(site.facts.cookie_name, "")
        await site.verbs.users.set_password(actor, actor.user_id, form["password"][:500], keep_session=kept)
    except Invalid as error:
        return await page(request, "password.html", status=status_of(error), errors=error, section="me")
    return redirect("/?done=password")


async def set_preferences(request: web.Request) -> web.Response:
    """POST /preferences: language, theme, zone; back to where one was. Works before signing in, by cookie."""
    form, actor = await read_form(request), request.get(ACTOR)
    response = redirect(local_path(form["back"] or "/"))
    if form["language"] in LANGUAGES:
        if actor is not None and actor.user_id is not None:
            users = site_of(request).verbs.users
            await users.set_preferences(actor, actor.user_id, language=form["language"])
        _keep(request, response, "language", form["language"])
    if form["theme"] in (*THEMES, "auto"):
        _keep(request, response, "theme", form["theme"])
    if "zone" in form.values:
        await _set_zone(request, form["zone"])
    return response


async def _set_zone(request: web.Request, zone: str) -> None:
    actor = request.get(ACTOR)
    if zone and zone_named(zone) is None:
        raise Invalid("There is no such time zone; one looks like Europe/Berlin.", field="zone")
    if actor is not None and actor.user_id is not None:
        await site_of(request).verbs.users.set_preferences(actor, actor.user_id, time_zone=zone)


def _keep(request: web.Request, response: web.Response, name: str, value: str) -> None:
    secure = site_of(request).facts.secure
    response.set_cookie(name, value, max_age=YEAR, httponly=True, secure=secure, samesite="Lax", path="/")
