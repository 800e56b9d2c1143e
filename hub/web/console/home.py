"""Home, and the page that lists everything else."""

from datetime import datetime, time, timedelta
from typing import Any

from aiohttp import web

from hub.domain.people import Right, UserRole
from hub.web.pages import page, reader_of
from hub.web.site import actor_of, site_of


async def show_home(request: web.Request) -> web.Response:
    """GET /: what waits for me; for admins above it, whether all is well."""
    site, actor = site_of(request), actor_of(request)
    values: dict[str, Any] = {"status": None, "failed": 0, "held": 0, "queue_depth": 0}
    if UserRole.ADMIN in actor.roles and Right.READ_STATUS in actor.rights:
        status = await site.verbs.status.read(actor)
        counts = dict(status.outbox)
        values |= {
            "status": status,
            "held": counts.get("held", 0),
            "failed": counts.get("failed", 0) + counts.get("bounced", 0),
            "queue_depth": counts.get("queued", 0) + counts.get("sending", 0),
        }
    values |= await _day(request)
    mine = await site.verbs.conversations.inbox(actor, "mine", None, 10)
    queue = await site.verbs.conversations.inbox(actor, "queue", None, 10)
    values |= {
        "mine": mine.items,
        "queue": queue.items,
        "events": "/events?topics=timeline,conversation,channel,outbox",
    }
    values |= {"more_mine": mine.next is not None, "more_queue": queue.next is not None}
    return await page(request, "home.html", values, section="home", twin="/api/v1/status")


async def _day(request: web.Request) -> dict[str, Any]:
    """Today's appointments, and what one is to be reminded of by the end of the day (also what is late)."""
    site, actor, r = site_of(request), actor_of(request), reader_of(request)
    midnight = datetime.combine(r.today, time(), tzinfo=r.zone)
    tomorrow = datetime.combine(r.today + timedelta(days=1), time(), tzinfo=r.zone)
    if Right.READ_CALENDARS not in actor.rights:
        return {"appointments": [], "reminders": []}
    found = await site.verbs.calendar.agenda(actor, midnight, tomorrow)
    reminders = [one for one in await site.verbs.reminders.mine(actor, 50) if one.due_at < tomorrow]
    return {"appointments": found, "reminders": reminders[:10]}


async def show_more(request: web.Request) -> web.Response:
    """GET /more: the navigation as a page, for small screens."""
    return await page(request, "more.html", section="more")
