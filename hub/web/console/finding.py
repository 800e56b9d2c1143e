"""Search, and the quick box."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web

from hub.domain.errors import Invalid
from hub.domain.finding import KINDS, Hit, Span
from hub.domain.people import Right
from hub.ports.store import Page
from hub.web.pages import page, query
from hub.web.question import read_question
from hub.web.site import actor_of, site_of

PEOPLE = 6
NEEDS = {
    "order": Right.READ_ACCOUNTS,
    "invoice": Right.READ_ACCOUNTS,
    "payment": Right.READ_ACCOUNTS,
    "appointment": Right.READ_CALENDARS,
}
Piece = tuple[str, bool]
"""Words, and whether they are what was looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A hit as the page shows it."""

    hit: Hit
    href: str
    title: list[Piece]
    snippet: list[Piece]


def pieces(text: str, spans: Sequence[Span]) -> list[Piece]:
    """The text cut at its highlights."""
    found: list[Piece] = []
    place = 0
    for start, end in spans:
        found += [(text[place:start], False), (text[start:end], True)]
        place = end
    return [piece for piece in [*found, (text[place:], False)] if piece[0]]


def place_of(hit: Hit) -> str:
    """Where it is shown."""
    if hit.kind == "contact":
        return f"/contacts/{hit.id}"
    if hit.id.startswith("i_"):
        if hit.conversation_id:
            return f"/conversations/{hit.conversation_id}#{hit.id}"
        return f"/contacts/{hit.contact_id}#{hit.id}"
    if hit.id.startswith("p_"):
        return f"/calendar?day={hit.at:%Y-%m-%d}"
    if hit.kind in ("order", "invoice", "payment"):
        return f"/contacts/{hit.contact_id}/account"
    prefix = {"d": "/documents/", "n": "/occasions/"}.get(hit.id.partition("_")[0])
    return f"{prefix}{quote(hit.id)}" if prefix else f"/contacts/{hit.contact_id}" if hit.contact_id else "/search"


async def search(request: web.Request) -> web.Response:
    """GET /search?q=: people first, then what holds every word, newest first; filters by kind, channel and day."""
    site, actor, after = site_of(request), actor_of(request), request.query.get("after") or None
    given = {name: request.query.get(name, "") for name in ("channel", "contact", "since", "until")}
    rows, following, errors, meant = [], None, None, ""
    kind = request.query.get("kind", "")
    text = request.query.get("q", "").strip()[:200]
    try:
        question = await read_question(request)
        if text:
            found = await site.verbs.search.find(
                actor,
                question.words,
                kinds=question.kinds,
                channel=question.channel,
                contact_id=question.contact_id,
                since=question.since,
                until=question.until,
                after=after,
            )
            rows, following = [_row(hit) for hit in found.items], found.next
            meant = "" if rows or after else await site.verbs.search.meant(actor, question.words)
    except Invalid as error:
        errors = error
    values = {
        "q": text,
        "kind": kind,
        "given": given,
        "kinds": [name for name in KINDS if name not in NEEDS or NEEDS[name] in actor.rights],
        "filtered": bool(kind or any(given.values())),
        "people": [row for row in rows if row.hit.kind == "contact"],
        "rows": [row for row in rows if row.hit.kind != "contact"],
        "more_people": sum(row.hit.kind == "contact" for row in rows) >= PEOPLE and kind != "contact",
        "meant": meant,
        "rebuilding": (await site.verbs.search.state(actor)).rebuilding,
        "next": following,
        "after": after or "",
    }
    twin = "/api/v1/search" + query(q=text, kind=kind, **given)
    return await page(
        request, "search.html", values, section="search", twin=twin, errors=errors, status=400 if errors else 200
    )


def _row(hit: Hit) -> Row:
    return Row(
        hit=hit,
        href=place_of(hit),
        title=pieces(hit.title, hit.title_highlights),
        snippet=pieces(hit.snippet, hit.highlights),
    )


async def find(request: web.Request) -> web.Response:
    """GET /find?q=: the fragment under the quick box: contacts as one types, by name, number, tag, or what else is
    written on their page."""
    site, actor, text = site_of(request), actor_of(request), request.query.get("q", "").strip()[:200]
    found = (
        await site.verbs.search.find(actor, text, kinds=("contact",), limit=PEOPLE) if len(text) > 1 else Page([], None)
    )
    return await page(request, "find.html", {"q": text, "rows": [_row(hit) for hit in found.items[:PEOPLE]]})
