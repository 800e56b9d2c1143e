"""Calendars in the console: whose time there is, when, what customers may book, and feeds for calendar programs."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import time
from typing import Any

from aiohttp import web

from hub.domain.appointment import Calendar, CalendarKind, WorkingHours
from hub.domain.errors import Conflict, Invalid
from hub.web.console.confirmation import ask_first
from hub.web.console.forms import Form, read_form
from hub.web.guard import status_of
from hub.web.pages import Errors, page, query, redirect
from hub.web.site import actor_of, site_of


async def list_calendars(request: web.Request) -> web.Response:
    """GET /calendars: whose time there is, and what customers may book."""
    return await _calendars_page(request)


async def _calendars_page(
    request: web.Request, *, errors: Errors = None, status: int = 200, **more: Any
) -> web.Response:
    site, actor = site_of(request), actor_of(request)
    found = await site.verbs.calendar.calendars(actor)
    wanted = request.match_info.get("id") or request.query.get("calendar", "")
    chosen = next((one for one in found if one.id == wanted), None)
    values = {
        "calendars": found,
        "chosen": chosen,
        "mine": chosen is not None and chosen.user_id == actor.user_id,
        "feed": "",
        "form": _form_of(chosen, site.facts.time_zone),
        "days": [(n, one) for n, one in enumerate(_days_of(chosen))],
    }
    return await page(
        request,
        "calendars.html",
        values | more,
        section="calendar",
        twin="/api/v1/calendars",
        status=status,
        errors=errors,
    )


def _form_of(calendar: Calendar | None, zone: str) -> Form:
    if calendar is None:
        return Form(values={"slot_minutes": "60", "time_zone": zone, "country": "DE"})
    return Form(
        values={
            "name": calendar.name,
            "bookable": "yes" if calendar.bookable else "",
            "slot_minutes": str(calendar.slot_minutes),
            "time_zone": calendar.time_zone,
            "country": calendar.country,
            "subdivision": calendar.subdivision,
        }
    )


def _days_of(calendar: Calendar | None) -> list[tuple[str, str]]:
    """From and to of each weekday, as the form shows them: the first begin and the last end of the day."""
    hours = calendar.hours if calendar and calendar.hours else tuple(
        WorkingHours(weekday=day, start=9 * 60, end=17 * 60) for day in range(5)
    )  # fmt: skip
    days = []
    for weekday in range(7):
        mine = [one for one in hours if one.weekday == weekday]
        days.append(
            (_clock(min(one.start for one in mine)), _clock(max(one.end for one in mine))) if mine else ("", "")
        )
    return days


def _clock(minutes: int) -> str:
    return f"{min(minutes, 1439) // 60:02}:{min(minutes, 1439) % 60:02}"


def _hours(form: Form) -> tuple[WorkingHours, ...]:
    found = []
    for weekday in range(7):
        start, end = form[f"from{weekday}"], form[f"to{weekday}"]
        if start and end:
            found.append(WorkingHours(weekday=weekday, start=_minutes(start), end=_minutes(end)))
    return tuple(found)


def _minutes(text: str) -> int:
    try:
        at = time.fromisoformat(text)
    except ValueError as error:
        raise Invalid("A time looks like 09:30.", field="hours") from error
    return at.hour * 60 + at.minute


async def save_calendar(request: web.Request) -> web.Response:
    """POST /calendars: a room's new one, or changes."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    known = {one.id: one for one in await site.verbs.calendar.calendars(actor)}
    blank = Calendar(id="", name="", sort_name="", kind=CalendarKind.ROOM, time_zone=site.facts.time_zone)
    calendar = known.get(form["id"], blank)
    try:
        wanted = replace(
            calendar,
            name=form["name"],
            bookable=form["bookable"] == "yes",
            slot_minutes=int(form["slot_minutes"] or "60"),
            time_zone=form["time_zone"] or calendar.time_zone,
            country=form["country"][:2],
            subdivision=form["subdivision"][:10],
            hours=_hours(form),
        )
        await site.verbs.calendar.save_calendar(actor, wanted)
    except ValueError:
        return await _refused(request, known, form, {"slot_minutes": "Minutes are a number."}, 400)
    except (Invalid, Conflict) as error:
        return await _refused(request, known, form, error, status_of(error))
    return redirect("/calendars?done=saved")


async def _refused(
    request: web.Request, known: Mapping[str, Calendar], form: Form, errors: Errors, status: int
) -> web.Response:
    """The form again, as it was filled in."""
    chosen = known.get(form["id"])
    days = [(n, (form[f"from{n}"], form[f"to{n}"])) for n in range(7)]
    mine = chosen is not None and chosen.user_id == actor_of(request).user_id
    return await _calendars_page(request, form=form, chosen=chosen, days=days, mine=mine, errors=errors, status=status)


# Feeds


async def open_feed(request: web.Request) -> web.Response:
    """POST /calendars/{id}/feed: a new secret address, shown on this page alone; an older one ends."""
    site = site_of(request)
    path = await site.verbs.calendar.open_feed(actor_of(request), request.match_info["id"])
    base = site.facts.base_url.rstrip("/") or str(request.url.origin())
    return await _calendars_page(request, feed=base + path)


async def close_feed(request: web.Request) -> web.Response:
    """POST /calendars/{id}/feed/end: after a question."""
    calendar = request.match_info["id"]
    if question := await ask_first(request, "feed", f"/calendars{query(calendar=calendar)}"):
        return question
    await site_of(request).verbs.calendar.close_feed(actor_of(request), calendar)
    return redirect(f"/calendars?calendar={calendar}&done=feed-ended")
