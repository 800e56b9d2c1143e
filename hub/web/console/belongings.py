"""What a document belongs to: orders, invoices, appointments, events, each with words and a way there, as far as the
reader may see it; and what could be added."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from hub.domain.document import Document
from hub.domain.errors import Ambiguous, Invalid, NotFound, Refused
from hub.domain.people import Right
from hub.web.pages import reader_of
from hub.web.site import actor_of, site_of

SHOWN = 20
AROUND = timedelta(days=180)
NUMBERED = ("order", "invoice")
"""Kinds that are named by a number which somebody can type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """One link. `href` is '' where the reader may not look there, or nothing is known of it."""

    link: str
    kind: str
    label: str
    href: str = ""


async def read_belongings(request: web.Request, document: Document) -> list[Belonging]:
    """The links of a document, in their order."""
    return list(await asyncio.gather(*(_read(request, link) for link in document.links)))


async def _read(request: web.Request, link: str) -> Belonging:
    kind, _, name = link.partition(":")
    try:
        return await _known(request, link, kind, name)
    except (NotFound, Refused, Ambiguous):
        # Hidden and unknown look the same: the number that was filed, and no way there.
        return Belonging(link=link, kind=kind, label=name)


async def _known(request: web.Request, link: str, kind: str, name: str) -> Belonging:
    verbs, actor, r = site_of(request).verbs, actor_of(request), reader_of(request)
    if kind == "order":
        order = await verbs.accounts.order(actor, name)
        return Belonging(link=link, kind=kind, label=name, href=f"/contacts/{order.contact_id}/account")
    if kind == "invoice":
        invoice = await verbs.accounts.invoice(actor, name)
        return Belonging(link=link, kind=kind, label=name, href=f"/contacts/{invoice.contact_id}/account")
    if kind == "appointment":
        one = await verbs.calendar.get(actor, name)
        label = _line(f"{r.date(one.start)}, {r.time(one.start)}", one.title)
        return Belonging(link=link, kind=kind, label=label, href=f"/calendar?day={r.local(one.start).date()}")
    occasion = (await verbs.occasions.get(actor, name)).occasion
    label = _line(r.date(occasion.start), occasion.title)
    return Belonging(link=link, kind=kind, label=label, href=f"/occasions/{occasion.id}")


async def propose_belongings(request: web.Request, document: Document) -> list[Belonging]:
    """What could be added: the orders, open invoices and appointments of the document's contact, the events to come."""
    found = [*await _bookings(request, document), *await _dates(request, document)]
    return [one for one in found if one.link not in document.links]


async def _bookings(request: web.Request, document: Document) -> list[Belonging]:
    verbs, actor = site_of(request).verbs, actor_of(request)
    if document.contact_id is None or Right.READ_ACCOUNTS not in actor.rights:
        return []
    orders = await verbs.accounts.orders(actor, document.contact_id)
    items = (await verbs.accounts.summary(actor, document.contact_id)).open_items
    numbers = [("order", one.number) for one in orders[:SHOWN]]
    numbers += [("invoice", one.number) for one in items[:SHOWN] if one.number]
    return [Belonging(link=f"{kind}:{number}", kind=kind, label=number) for kind, number in numbers]


async def _dates(request: web.Request, document: Document) -> list[Belonging]:
    site, actor, r = site_of(request), actor_of(request), reader_of(request)
    if Right.READ_CALENDARS not in actor.rights:
        return []
    found: list[Belonging] = []
    if document.contact_id is not None:
        now = site.clock.now()
        near = await site.verbs.calendar.agenda(
            actor, now - AROUND, now + AROUND, contact_id=document.contact_id, limit=SHOWN
        )
        for one in near:
            label = _line(f"{r.date(one.start)}, {r.time(one.start)}", one.appointment.title)
            found.append(Belonging(link=f"appointment:{one.appointment.id}", kind="appointment", label=label))
    for view in (await site.verbs.occasions.page(actor, limit=SHOWN)).items:
        label = _line(r.date(view.occasion.start), view.occasion.title)
        found.append(Belonging(link=f"occasion:{view.occasion.id}", kind="occasion", label=label))
    # A recurring appointment stands in the agenda several times, and is one.
    return list({one.link: one for one in reversed(found)}.values())[::-1]


def link_of(chosen: str, kind: str, number: str) -> str:
    """What the form means: one of the proposals, or a number that was typed. Raises Invalid."""
    if number:
        if kind not in NUMBERED:
            raise Invalid("Say whether it is an order or an invoice.", field="number")
        return f"{kind}:{number}"
    if not chosen:
        raise Invalid("Choose something, or write a number.", field="link")
    return chosen


def _line(when: str, title: str) -> str:
    return f"{when} · {title}" if title else when
