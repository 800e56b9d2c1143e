"""The card of a contact: who it is, what is owed, what comes next, to whom it belongs."""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from hub.domain.contact import Relation
from hub.domain.errors import NotFound
from hub.domain.ids import ContactId
from hub.domain.people import Right
from hub.web.site import actor_of, site_of

SHOWN = 20
"""Relations that are shown with a name."""


async def read_card(request: web.Request, contact_id: ContactId) -> dict[str, Any]:
    """What parts/card.html shows, as far as this colleague may see it. Raises NotFound."""
    site, actor = site_of(request), actor_of(request)
    card = await site.verbs.contacts.card(actor, contact_id)
    account = upcoming = None
    if Right.READ_ACCOUNTS in actor.rights:
        account = await site.verbs.accounts.summary(actor, card.contact.id)
    if Right.READ_CALENDARS in actor.rights:
        upcoming = await site.verbs.calendar.next(actor, card.contact.id)
    related = await read_relations(request, card.contact.relations)
    return {"card": card, "account": account, "upcoming": upcoming, "related": related}


async def read_relations(request: web.Request, relations: Sequence[Relation]) -> list[tuple[Relation, str]]:
    """Each with the other contact's name, '' where it is gone or hidden."""

    async def name_of(contact_id: ContactId) -> str:
        try:
            return (await site_of(request).verbs.contacts.resolve(actor_of(request), contact_id)).name
        except NotFound:
            return ""

    names = await asyncio.gather(*(name_of(one.contact_id) for one in relations[:SHOWN]))
    return list(zip(relations[:SHOWN], names, strict=True))
