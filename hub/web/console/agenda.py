"""Appointments and reminders in the console: a week at a glance, and what one is reminded of."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, cast

from aiohttp import web

from hub.domain.appointment import AppointmentDraft, CalendarKind, Slot
from hub.domain.errors import Ambiguous, Conflict, Invalid, NotFound
from hub.domain.ids import ContactId, UserId
from hub.domain.people import Right
from hub.web.console.confirmation import ask_first
from hub.web.console.forms import Form, form_key, read_form
from hub.web.formats import Reader
from hub.web.guard import status_of
from hub.web.pages import Errors, beside, page, query, reader_of, redirect
from hub.web.site import actor_of, site_of

WEEK = timedelta(days=7)


def _day(request: web.Request, text: str) -> date:
    try:
        day = date.fromisoformat(text) if text else reader_of(request).today
    except ValueError as error:
        raise Invalid("A day looks like 2026-11-23.", day=text[:20]) from error
    if not 1970 < day.year < 9990:
        raise NotFound("There is no such page.")
    return day


async def show_week(request: web.Request) -> web.Response:
    """GET /calendar: `day` in the week, `user` whose: a colleague's name, or a room's id."""
    return await _week_page(request)


async def _week_page(request: web.Request, *, errors: Errors = None, status: int = 200, **more: Any) -> web.Response:
    site, actor, r = site_of(request), actor_of(request), reader_of(request)
    day = _day(request, request.query.get("day", ""))
    monday = day - timedelta(days=day.weekday())
    since = datetime.combine(monday, time(), tzinfo=r.zone)
    who = request.query.get("user", "")
    rooms = [one for one in await site.verbs.calendar.calendars(actor) if one.kind is CalendarKind.ROOM]
    room = who if who in {one.id for one in rooms} else ""
    line = await site.verbs.users.get(actor, who) if who and not room else None
    found = await site.verbs.calendar.agenda(
        actor, since, since + WEEK, user_id=UserId(line.id) if line else actor.user_id, calendar_id=room
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
        "rooms": rooms,
        "who": who,
        "today": r.today,
        "now": site.clock.now(),
        "form": Form(values={}),
        "slots": [],
    }
    twin = "/api/v1/appointments" + (query(calendar=room) if room else query(user=who))
    return await page(
        request, "calendar.html", values | more, section="calendar", twin=twin, status=status, errors=errors
    )


async def book(request: web.Request) -> web.Response:
    """POST /calendar: an appointment of one's own."""
    site, actor, form, r = site_of(request), actor_of(request), await read_form(request), reader_of(request)
    start, wrong = read_moment(form, r)
    if not form["minutes"].isascii() or not (form["minutes"] or "60").isdigit() or len(form["minutes"]) > 5:
        wrong |= {"minutes": "Minutes are a number."}
    if start is None or wrong:
        return await _week_page(request, form=form, errors=wrong, status=400)
    contact: ContactId | None = None
    if form["contact"]:
        try:
            contact = (await site.verbs.contacts.resolve(actor, form["contact"])).id
        except (NotFound, Ambiguous) as error:
            said = beside("contact", error, r)
            return await _week_page(request, form=form, errors=said, status=status_of(error))
    try:
        draft = AppointmentDraft(
            start=start,
            minutes=int(form["minutes"] or "60"),
            title=form["title"][:200],
            contact_id=contact,
            location=form["location"][:200],
            outside_hours=form["outside_hours"] == "yes",
        )
        made = await site.verbs.calendar.book(actor, draft, key=form_key(actor, form) or form["nonce"])
    except (Invalid, Conflict, NotFound) as error:
        slots = [_said_slot(one.start, r) for one in cast(Sequence[Slot], error.fields.get("slots", ()))]
        return await _week_page(request, form=form, slots=slots, errors=error, status=status_of(error))
    return redirect(f"/calendar?day={r.local(made.start).date().isoformat()}&done=booked")


def _said_slot(start: datetime, r: Reader) -> str:
    return f"{r.date(start)}, {r.time(start)}"


def read_moment(form: Form, r: Reader) -> tuple[datetime | None, dict[str, str]]:
    """The moment that `date` and `time` name in the reader's zone; or None, and what is wrong beside which field."""
    wrong: dict[str, str] = {}
    try:
        day = date.fromisoformat(form["date"])
    except ValueError:
        wrong |= {"date": "A day is needed, such as 2026-11-23."}
    try:
        at = time.fromisoformat(form["time"])
    except ValueError:
        wrong |= {"time": "A time is needed, such as 09:30."}
    return (None if wrong else datetime.combine(day, at.replace(tzinfo=None), tzinfo=r.zone)), wrong


async def cancel(request: web.Request) -> web.Response:
    """POST /appointments/{id}/cancel: after a question."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    one = await site.verbs.calendar.get(actor, request.match_info["id"])
    week = f"/calendar?day={reader_of(request).local(one.start).date().isoformat()}"
    if question := await ask_first(request, "appointment", week, name=one.title, at=one.start):
        return question
    gone = await site.verbs.calendar.cancel(actor, request.match_info["id"], key=form_key(actor, form) or form["nonce"])
    return redirect(f"/calendar?day={reader_of(request).local(gone.start).date().isoformat()}&done=cancelled")


async def invite(request: web.Request) -> web.Response:
    """POST /appointments/{id}/invite."""
    site, actor = site_of(request), actor_of(request)
    found = await site.verbs.calendar.invite(actor, request.match_info["id"])
    return redirect(f"/calendar?day={reader_of(request).local(found.start).date().isoformat()}&done=invited")


async def mark_missed(request: web.Request) -> web.Response:
    """POST /appointments/{id}/missed: the contact did not come (`missed` yes), or did after all."""
    site, actor, form, r = site_of(request), actor_of(request), await read_form(request), reader_of(request)
    missed = form["missed"] == "yes"
    try:
        occurrence = datetime.fromisoformat(form["occurrence"])
        if occurrence.tzinfo is None:
            raise ValueError
    except ValueError as error:
        raise Invalid("Say which appointment of the series is meant.", field="occurrence") from error
    await site.verbs.calendar.mark_missed(actor, request.match_info["id"], missed=missed, occurrence=occurrence)
    back = query(
        day=r.local(occurrence).date().isoformat(), user=form["user"][:60], done="missed" if missed else "came"
    )
    return redirect(f"/calendar{back}")


# Reminders


async def list_reminders(request: web.Request) -> web.Response:
    """GET /reminders: one's own, soonest first."""
    return await _reminders_page(request)


async def _reminders_page(
    request: web.Request, *, errors: Errors = None, status: int = 200, **more: Any
) -> web.Response:
    found = await site_of(request).verbs.reminders.mine(actor_of(request), 200)
    values = {"reminders": found, "form": Form(values={}), "today": reader_of(request).today.isoformat()}
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
    at, wrong = read_moment(form, r)
    if not form["text"]:
        wrong = {"text": "Write something first."} | wrong
    if at is None or wrong:
        return await _reminders_page(request, form=form, errors=wrong, status=400)
    try:
        await site.verbs.reminders.remind(actor, at, form["text"], key=form_key(actor, form) or form["nonce"])
    except (Invalid, Conflict) as error:
        return await _reminders_page(request, form=form, errors=error, status=status_of(error))
    return redirect("/reminders?done=saved")


async def drop_reminder(request: web.Request) -> web.Response:
    """POST /reminders/{id}/drop: after a question."""
    reminders, actor, wanted = site_of(request).verbs.reminders, actor_of(request), request.match_info["id"]
    found = next((one for one in await reminders.mine(actor, 200) if one.id == wanted), None)
    if found is None:
        return redirect("/reminders")
    if question := await ask_first(request, "reminder", "/reminders", name=found.text, at=found.due_at):
        return question
    await reminders.drop(actor, wanted)
    return redirect("/reminders?done=dropped")
