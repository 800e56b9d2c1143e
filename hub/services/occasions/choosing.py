"""Whom a campaign goes to: the contacts that are named, those of a segment, and those who stand so with an event; of
all of them only whom the colleague sees."""

from collections.abc import AsyncIterator, Iterable

from hub.domain.contact import Contact
from hub.domain.errors import Invalid, NotFound
from hub.domain.folding import fold
from hub.domain.ids import ContactId
from hub.domain.occasion import CampaignDraft, RegistrationState, Segment
from hub.domain.people import Actor
from hub.ports.kinds import CONTACTS, REGISTRATIONS
from hub.ports.store import Store
from hub.services.merged import find_survivor
from hub.services.rows import Rows

MOST = 5_000
"""Contacts of one campaign."""
PAGE = 500


class Choosing:
    """Reads contacts and registrations."""

    def __init__(self, *, store: Store, rows: Rows) -> None:
        self._contacts, self._registrations = store.documents(CONTACTS), store.documents(REGISTRATIONS)
        self._rows = rows

    async def choose(self, actor: Actor, draft: CampaignDraft) -> list[Contact]:
        """Each once. Raises NotFound for a name that the actor does not see, Invalid where nobody fits, or too many
        do."""
        found: dict[ContactId, Contact] = {}
        for id in draft.contacts:
            contact = await find_survivor(self._contacts, id)
            if contact is None or not self._rows.shows(actor, contact):
                raise NotFound("There is no such contact.", id=id[:60])
            found[contact.id] = contact
        if draft.segment != Segment():
            async for contact in self._segment(actor, draft.segment):
                found[contact.id] = contact
        for state in dict.fromkeys(draft.states):
            async for contact in self._standing(actor, draft.occasion_id, state):
                found[contact.id] = contact
        if len(found) > MOST:
            raise Invalid(f"A campaign goes to at most {MOST:,} contacts; choose a narrower segment.", field="contact")
        if not found and draft.states:
            raise Invalid("Nobody stands so with this event.", field="states")
        if not found:
            raise Invalid("Nobody fits: name contacts, or a tag, a role or a city.", field="contact")
        return list(found.values())

    async def _segment(self, actor: Actor, segment: Segment) -> AsyncIterator[Contact]:
        cursor: str | None = None
        while True:
            page = await self._contacts.page("by_name", after=cursor, limit=PAGE)
            for contact in page.items:
                if contact.merged_into is None and _fits(contact, segment) and self._rows.shows(actor, contact):
                    yield contact
            if (cursor := page.next) is None:
                return

    async def _standing(self, actor: Actor, occasion_id: str, state: RegistrationState) -> AsyncIterator[Contact]:
        cursor: str | None = None
        while True:
            page = await self._registrations.page("by_occasion", occasion_id, state, after=cursor, limit=PAGE)
            for registration in page.items:
                contact = await find_survivor(self._contacts, registration.contact_id)
                if contact is not None and self._rows.shows(actor, contact):
                    yield contact
            if (cursor := page.next) is None:
                return


def _fits(contact: Contact, segment: Segment) -> bool:
    tags: Iterable[str] = (fold(tag) for tag in contact.tags)
    return (
        (not segment.tag or fold(segment.tag) in tags)
        and (not segment.role or segment.role in contact.roles)
        and (not segment.city or fold(segment.city) == fold(contact.city))
    )
