"""The question before something goes for good: what exactly will happen, on a page of its own, without script."""

from aiohttp import web

from hub.web.console.forms import read_form
from hub.web.pages import page

_SECTIONS = {
    "role": "users",
    "reply": "queues",
    "reminder": "reminders",
    "appointment": "calendar",
    "feed": "calendar",
    "token": "me",
}


async def ask_first(request: web.Request, what: str, back: str, **values: object) -> web.Response | None:
    """The page that asks, or None where the answer came with the form. `what` chooses the words in confirm.html."""
    form = await read_form(request)
    if form["sure"] == "yes":
        return None
    return await page(
        request, "confirm.html", {"what": what, "back": back, "action": request.path, **values}, section=_SECTIONS[what]
    )
