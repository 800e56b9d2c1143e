"""Appointments and reminders in the console: a week at a glance, calendars and what customers may book, and what one is
reminded of."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from aiohttp import web

from hub.domain.appointment import AppointmentDraft, Calendar, CalendarKind, WorkingHours
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.ids import ContactId, UserId
from hub.domain.people import Right
from hub.web.console.forms import Form, form_key, read_form
from hub.web.guard import status_of
from hub.web.pages import Errors, page, query, reader_of, redirect
from hub.web.site import actor_of, site_of

WEEK = timedelta(days=7)
HOURS = ("from", "to")


def _day(request: web.Request, text: str) -> date:
    try:
        day = date.fromisoformat(text) if text else reader_of(request).now.date()
    except ValueError as error:
        raise Invalid("A day looks like 2026-11-23.", day=text[:20]) from error
    if not 1970 < day.year < 9990:
        raise NotFound("There is no such page.")
    return day


async def show_week(request: web.Request) -> web.Response:
    """GET /calendar: `day` in the week, `user` whose."""
    return await _week_page(request)


async def _week_page(request: web.Request, *, errors: Errors = None, status: int = 200, **more: Any) -> web.Response:
    site, actor, r = site_of(request), actor_of(request), reader_of(request)
    day = _day(request, request.query.get("day", ""))
    monday = day - timedelta(days=day.weekday())
    since = datetime.combine(monday, time(), tzinfo=r.zone)
    who = request.query.get("user", "")
    line = await site.verbs.users.get(actor, who) if who else None
    found = await site.verbs.calendar.agenda(
        actor, since, since + WEEK, user_id=UserId(line.id) if line else actor.user_id
    )
    days: list[tuple[date, list[Any]]] = [(monday + timedelta(days=n), []) for n in range(7)]
    for one in found:
        at = (r.local(one.start).date() - monday).days
        if 0 <= at < 7:
            days[at][1].append(one)
    values = {
        "days": days,
        "monday": monday,
        "before": (monday - WEEK).isoformat(),
        "following": (monday + WEEK).isoformat(),
        "users": await site.verbs.users.all(actor) if Right.READ_STATUS in actor.rights else [],
        "who": who,
        "today": r.now.date(),
        "form": Form(values={}),
    }
    twin = "/api/v1/appointments" + query(user=who)
    return await page(
        request, "calendar.html", values | more, section="calendar", twin=twin, status=status, errors=errors
    )


async def book(request: web.Request) -> web.Response:
    """POST /calendar: an appointment of one's own."""
    site, actor, form, r = site_of(request), actor_of(request), await read_form(request), reader_of(request)
    try:
        start = datetime.fromisoformat(f"{form['date']}T{form['time']}").replace(tzinfo=r.zone)
        minutes = int(form["minutes"] or "60")
    except ValueError:
        return await _week_page(request, form=form, errors={"date": "A day and a time are needed."}, status=400)
    contact: ContactId | None = None
    try:
        if form["contact"]:
            contact = (await site.verbs.contacts.resolve(actor, form["contact"])).id
        draft = AppointmentDraft(
            start=start,
            minutes=minutes,
            title=form["title"][:200],
            contact_id=contact,
            location=form["location"][:200],
            outside_hours=form["outside_hours"] == "yes",
        )
        made = await site.verbs.calendar.book(actor, draft, key=form_key(actor, form) or form["nonce"])
    except (Invalid, Conflict, NotFound) as error:
        return await _week_page(request, form=form, errors=error, status=status_of(error))
    return redirect(f"/calendar?day={r.local(made.start).date().isoformat()}&done=booked")


async def cancel(request: web.Request) -> web.Response:
    """POST /appointments/{id}/cancel."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    gone = await site.verbs.calendar.cancel(actor, request.match_info["id"], key=form_key(actor, form) or form["nonce"])
    return redirect(f"/calendar?day={reader_of(request).local(gone.start).date().isoformat()}&done=cancelled")


async def invite(request: web.Request) -> web.Response:
    """POST /appointments/{id}/invite."""
    site, actor = site_of(request), actor_of(request)
    found = await site.verbs.calendar.invite(actor, request.match_info["id"])
    return redirect(f"/calendar?day={reader_of(request).local(found.start).date().isoformat()}&done=invited")


# Calendars


async def list_calendars(request: web.Request) -> web.Response:
    """GET /calendars: whose time there is, and what customers may book."""
    return await _calendars_page(request)


async def _calendars_page(
    request: web.Request, *, errors: Errors = None, status: int = 200, **more: Any
) -> web.Response:
    site, actor = site_of(request), actor_of(request)
    found = await site.verbs.calendar.calendars(actor)
    wanted = request.query.get("calendar", "")
    chosen = next((one for one in found if one.id == wanted), None)
    values = {
        "calendars": found,
        "chosen": chosen,
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
        return await _calendars_page(request, form=form, errors={"slot_minutes": "Minutes are a number."}, status=400)
    except (Invalid, Conflict) as error:
        return await _calendars_page(request, form=form, errors=error, status=status_of(error))
    return redirect("/calendars?done=saved")


# Reminders


async def list_reminders(request: web.Request) -> web.Response:
    """GET /reminders: one's own, soonest first."""
    return await _reminders_page(request)


async def _reminders_page(
    request: web.Request, *, errors: Errors = None, status: int = 200, **more: Any
) -> web.Response:
    found = await site_of(request).verbs.reminders.mine(actor_of(request), 200)
    values = {"reminders": found, "form": Form(values={}), "today": reader_of(request).now.date().isoformat()}
    return await page(
        request,
        "reminders.html",
        values | more,
        section="reminders",
        twin="/api/v1/reminders",
        status=status,
        errors=errors,
    )


async def add_reminder(request: web.Request) -> web.Response:
    """POST /reminders."""
    site, actor, form, r = site_of(request), actor_of(request), await read_form(request), reader_of(request)
    try:
        at = datetime.fromisoformat(f"{form['date']}T{form['time']}").replace(tzinfo=r.zone)
    except ValueError:
        return await _reminders_page(request, form=form, errors={"date": "A day and a time are needed."}, status=400)
    try:
        await site.verbs.reminders.remind(actor, at, form["text"], key=form_key(actor, form) or form["nonce"])
    except (Invalid, Conflict) as error:
        return await _reminders_page(request, form=form, errors=error, status=status_of(error))
    return redirect("/reminders?done=saved")


async def drop_reminder(request: web.Request) -> web.Response:
    """POST /reminders/{id}/drop."""
    await site_of(request).verbs.reminders.drop(actor_of(request), request.match_info["id"])
    return redirect("/reminders?done=dropped")
