"""Search."""

from aiohttp import web
from pydantic import Field

from hub.domain.finding import Hit, Rebuilt
from hub.web.api.requests import Body, page_of, read_body
from hub.web.api.shapes import Json, listing, moment
from hub.web.question import read_question
from hub.web.site import actor_of, site_of


class RebuildBody(Body):
    """Where to go on."""

    after: str = Field(default="", max_length=200)


def hit_shape(value: Hit) -> Json:
    """One thing that was found. Highlights are [start, end) in characters of the snippet and of the title."""
    return {
        "kind": value.kind,
        "id": value.id,
        "title": value.title,
        "at": moment(value.at),
        "snippet": value.snippet,
        "highlights": [list(span) for span in value.highlights],
        "title_highlights": [list(span) for span in value.title_highlights],
        "contact_id": value.contact_id,
        "contact_name": value.contact_name,
        "conversation_id": value.conversation_id,
        "channel": value.channel,
        "amount": f"{value.amount.amount:f}" if value.amount else None,
        "currency": value.amount.currency if value.amount else None,
    }


async def search(request: web.Request) -> web.Response:
    """GET /search?q=: people first, then what holds every word, newest first; what may have been meant where nothing
    is found, and how far the index is being rebuilt."""
    after, limit = page_of(request)
    question = await read_question(request)
    page = await site_of(request).verbs.search.find(
        actor_of(request),
        question.words,
        kinds=question.kinds,
        channel=question.channel,
        contact_id=question.contact_id,
        since=question.since,
        until=question.until,
        after=after,
        limit=limit,
    )
    empty = not page.items and after is None
    meant = await site_of(request).verbs.search.meant(actor_of(request), question.words) if empty else ""
    state = await site_of(request).verbs.search.state(actor_of(request))
    more = {"did_you_mean": meant or None, "rebuilding": state.rebuilding}
    return web.json_response(listing(page, hit_shape) | more)


async def rebuild(request: web.Request) -> web.Response:
    """POST /search/rebuild: one step of filling the index anew."""
    body = await read_body(request, RebuildBody)
    step: Rebuilt = await site_of(request).verbs.search.rebuild(actor_of(request), body.after)
    return web.json_response({"done": step.done, "next": step.next})
