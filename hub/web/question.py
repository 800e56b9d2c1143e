"""What the address of a search asks for: `q`, `kind`, `channel`, `contact`, `since`, `until`."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from aiohttp import web

from hub.domain.errors import Invalid
from hub.domain.ids import ContactId
from hub.web.formats import zone_named
from hub.web.site import actor_of, site_of

MAX_WORDS, MAX_KINDS = 200, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The arguments of `search.find`."""

    words: str
    kinds: tuple[str, ...]
    channel: str
    contact_id: ContactId | None
    since: datetime | None
    until: datetime | None


async def read_question(request: web.Request) -> Question:
    """Raises Invalid for what is no day, NotFound and Ambiguous for the contact."""
    query = request.query
    kinds = [kind for value in query.getall("kind", [])[:MAX_KINDS] for kind in value.split(",") if kind]
    contact_id: ContactId | None = None
    if ref := query.get("contact", "").strip():
        contact_id = (await site_of(request).verbs.contacts.resolve(actor_of(request), ref[:200])).id
    return Question(
        words=query.get("q", "").strip()[:MAX_WORDS],
        kinds=tuple(dict.fromkeys(kinds))[:MAX_KINDS],
        channel=query.get("channel", "").strip()[:40],
        contact_id=contact_id,
        since=_moment(request, "since"),
        until=_moment(request, "until", end=True),
    )


def _moment(request: web.Request, name: str, *, end: bool = False) -> datetime | None:
    """A day in the reader's zone (`end`: with the whole of it), or a moment with a zone."""
    text = request.query.get(name, "").strip()
    if not text:
        return None
    zone = zone_named(actor_of(request).time_zone) or zone_named(site_of(request).facts.time_zone) or zone_named("UTC")
    try:
        if len(text) == 10:
            day = date.fromisoformat(text) + timedelta(days=1 if end else 0)
            return datetime.combine(day, time(), tzinfo=zone)
        value = datetime.fromisoformat(text.replace(" ", "+"))
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{name} must be a day or a moment, for example 2026-11-24.", field=name) from error
    return value if value.tzinfo is not None else value.replace(tzinfo=zone)
