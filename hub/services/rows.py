"""Whose contacts somebody sees. A colleague's rows are all, their team's or their own; a contact is seen whole, with
everything that belongs to it, or not at all: what is hidden is answered like what does not exist.

Contacts that nobody owns yet are everybody's, or nobody would take care of them.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from hub.domain.contact import Contact
from hub.domain.errors import NotFound
from hub.domain.ids import ContactId, UserId
from hub.domain.people import Actor, ActorKind, RowScope
from hub.ports.kinds import (
    APPOINTMENTS,
    CONTACTS,
    CONVERSATIONS,
    DOCUMENTS,
    INTERACTIONS,
    OUTBOX,
    OVERVIEWS,
    SHARES,
    UPLOAD_REQUESTS,
)
from hub.ports.store import Documents, Page, Store
from hub.services.merged import find_survivor
from hub.services.staff import Staff

T = TypeVar("T")
AT_ONCE = 1_000
MOST_PAGES = 50
"""Pages that are looked through for something to show."""


def sees_everything(actor: Actor) -> bool:
    """Whether nothing is hidden from the actor."""
    return actor.kind is not ActorKind.USER or actor.rows is RowScope.ALL


class Rows:
    """Decides, and filters."""

    def __init__(self, store: Store, staff: Staff) -> None:
        self._staff = staff
        self._contacts = store.documents(CONTACTS)
        self._conversations, self._appointments = store.documents(CONVERSATIONS), store.documents(APPOINTMENTS)
        self._entries, self._items = store.documents(INTERACTIONS), store.documents(OUTBOX)
        self._documents, self._shares = store.documents(DOCUMENTS), store.documents(SHARES)
        self._overviews = store.documents(OVERVIEWS)
        self._requests = store.documents(UPLOAD_REQUESTS)

    def shows(self, actor: Actor, contact: Contact) -> bool:
        """Whether the actor sees this contact."""
        if sees_everything(actor) or contact.owner is None or contact.owner == actor.id:
            return True
        # A colleague who has left still counts: their contacts stay with the team.
        owner = self._staff.user(contact.owner) if self._staff.name_of(contact.owner) else None
        return actor.rows is RowScope.TEAM and owner is not None and bool(set(owner.teams) & set(actor.teams))

    def owners(self, actor: Actor) -> list[UserId]:
        """The colleagues whose contacts the actor sees, beside those of nobody; of an actor who does not see
        everything."""
        mates = self._staff.all() if actor.rows is RowScope.TEAM else []
        return [
            UserId(actor.id),
            *(user.id for user in mates if user.id != actor.id and set(user.teams) & set(actor.teams)),
        ]

    async def visible(self, actor: Actor, ids: Iterable[ContactId | str | None]) -> set[str]:
        """Those of the contacts that the actor sees; what does not exist (any more) is not among them."""
        wanted = list(dict.fromkeys(str(id) for id in ids if id))
        found: dict[str, Contact] = {}
        for start in range(0, len(wanted), AT_ONCE):
            found |= await self._contacts.get_many(wanted[start : start + AT_ONCE])
        seen = set()
        for id, contact in found.items():
            survivor = contact if contact.merged_into is None else await find_survivor(self._contacts, id)
            if survivor is not None and self.shows(actor, survivor):
                seen.add(id)
        return seen

    # Before a verb

    async def check_contact(self, actor: Actor, contact_id: str | None) -> None:
        """Raises NotFound, as for no contact at all. None is no contact: nothing to hide."""
        if contact_id and contact_id not in await self.visible(actor, [contact_id]):
            raise NotFound("There is no such contact.", id=contact_id)

    async def check_conversation(self, actor: Actor, conversation_id: str | None) -> None:
        """Raises NotFound."""
        await self._check(actor, self._conversations, conversation_id, lambda it: it.contact_id, "conversation")

    async def check_entry(self, actor: Actor, entry_id: str | None) -> None:
        """Raises NotFound."""
        await self._check(actor, self._entries, entry_id, lambda it: it.contact_id, "entry")

    async def check_appointment(self, actor: Actor, appointment_id: str | None) -> None:
        """Raises NotFound."""
        await self._check(actor, self._appointments, appointment_id, lambda it: it.contact_id, "appointment")

    async def check_document(self, actor: Actor, document_id: str | None) -> None:
        """Raises NotFound. A document without a contact is the company's."""
        await self._check(actor, self._documents, document_id, lambda it: it.contact_id, "document")

    async def check_share(self, actor: Actor, share_id: str | None) -> None:
        """Raises NotFound."""
        await self._check(actor, self._shares, share_id, lambda it: it.contact_id, "link")

    async def check_overview(self, actor: Actor, overview_id: str | None) -> None:
        """Raises NotFound."""
        await self._check(actor, self._overviews, overview_id, lambda it: it.contact_id, "link")

    async def check_request(self, actor: Actor, request_id: str | None) -> None:
        """Raises NotFound."""
        await self._check(actor, self._requests, request_id, lambda it: it.contact_id, "upload link")

    async def check_item(self, actor: Actor, item_id: str | None) -> None:
        """Raises NotFound; what is on nobody's timeline (notices of other colleagues) is hidden too."""
        await self._check(actor, self._items, item_id, lambda it: it.contact_id or "", "message")

    async def _check(
        self,
        actor: Actor,
        documents: Documents[T],
        id: str | None,
        contact_of: Callable[[T], ContactId | str | None],
        what: str,
    ) -> None:
        """None of `contact_of`: it belongs to no contact and is not hidden; '' is."""
        if not id:
            return
        document = await documents.get(id)
        contact_id = contact_of(document) if document is not None else ""
        if contact_id is None or contact_id in await self.visible(actor, [contact_id]):
            return
        raise NotFound(f"There is no such {what}.", id=id[:60])

    # After it

    async def keep(
        self, actor: Actor, values: Sequence[T], contact_of: Callable[[T], ContactId | str | None]
    ) -> list[T]:
        """Those of the values that belong to contacts whom the actor sees."""
        seen = await self.visible(actor, [contact_of(value) for value in values])
        return [value for value in values if contact_of(value) in seen]

    async def keep_open(
        self, actor: Actor, values: Sequence[T], contact_of: Callable[[T], ContactId | str | None]
    ) -> list[T]:
        """As `keep`, with those that belong to no contact: they are the company's."""
        seen = await self.visible(actor, [contact_of(value) for value in values])
        return [value for value in values if contact_of(value) is None or contact_of(value) in seen]

    async def keep_page(
        self,
        actor: Actor,
        page: Page[T],
        contact_of: Callable[[T], ContactId | str | None],
        more: Callable[[str], Awaitable[Page[T]]],
        *,
        company: bool = False,
    ) -> Page[T]:
        """A page of what the actor sees. A page on which everything is hidden gives way to the next, so that nobody
        can tell that there was one. `company`: with what belongs to no contact."""
        for _ in range(MOST_PAGES):
            keep = self.keep_open if company else self.keep
            kept = await keep(actor, page.items, contact_of)
            if kept or page.next is None:
                return Page(kept, page.next)
            page = await more(page.next)
        return Page([], page.next)
