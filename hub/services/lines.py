"""Documents joined for reading: what stands beside an entry or a conversation on a page, in one further round trip."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from hub.domain.contact import Contact
from hub.domain.conversation import Conversation, Placement
from hub.domain.ids import ContactId
from hub.domain.interaction import Direction, Interaction
from hub.domain.outbox import OutboxItem, OutboxState
from hub.domain.views import ConversationLine, TimelineEntry
from hub.ports.kinds import CONTACTS, OUTBOX, PLACEMENTS
from hub.ports.store import Store
from hub.services.merged import find_survivor
from hub.services.staff import Staff

WORST_FIRST = (
    OutboxState.BOUNCED,
    OutboxState.FAILED,
    OutboxState.HELD,
    OutboxState.SENDING,
    OutboxState.QUEUED,
    OutboxState.CANCELLED,
    OutboxState.SENT,
    OutboxState.DELIVERED,
)
MAX_RECIPIENTS = 100


def worst(items: Sequence[OutboxItem]) -> OutboxItem | None:
    """The item that says how a message fared: the worst of its recipients."""
    return min(items, key=lambda item: WORST_FIRST.index(item.state), default=None)


class Lines:
    """Joins. Names of colleagues come from memory."""

    def __init__(self, store: Store, staff: Staff) -> None:
        self._contacts = store.documents(CONTACTS)
        self._placements = store.documents(PLACEMENTS)
        self._outbox = store.documents(OUTBOX)
        self._staff = staff

    async def entries(
        self,
        interactions: Sequence[Interaction],
        *,
        placements: Mapping[str, Placement] | None = None,
        with_contacts: bool = False,
    ) -> list[TimelineEntry]:
        """In the same order. `placements`: those known already."""
        if not interactions:
            return []
        placed, items, contacts = await asyncio.gather(
            self._placed(interactions, placements), self._items(interactions), self._named(interactions, with_contacts)
        )
        return [
            self._entry(entry, placed.get(entry.id), worst(items.get(entry.id, [])), contacts.get(entry.contact_id))
            for entry in interactions
        ]

    def _entry(
        self, entry: Interaction, placement: Placement | None, item: OutboxItem | None, contact: Contact | None
    ) -> TimelineEntry:
        return TimelineEntry(
            interaction=entry,
            conversation_id=placement.conversation_id if placement else None,
            confidence=placement.confidence if placement else 1.0,
            delivery=item.state if item else None,
            delivery_detail=(item.detail or item.reason) if item else "",
            contact_name=contact.name if contact else "",
            author_name=self._staff.name_of(entry.author),
        )

    async def _placed(
        self, interactions: Sequence[Interaction], known: Mapping[str, Placement] | None
    ) -> Mapping[str, Placement]:
        return known if known is not None else await self._placements.get_many([entry.id for entry in interactions])

    async def _named(self, interactions: Sequence[Interaction], wanted: bool) -> Mapping[str, Contact]:
        if not wanted:
            return {}
        return await self._with_survivors({entry.contact_id for entry in interactions})

    async def _with_survivors(self, ids: Collection[ContactId]) -> Mapping[str, Contact]:
        """By the id that was asked for: the contact, or whom it was merged into."""
        found = await self._contacts.get_many(list(ids))
        for id, contact in found.items():
            if contact.merged_into is not None:
                found[id] = await find_survivor(self._contacts, id) or contact
        return found

    async def _items(self, interactions: Sequence[Interaction]) -> dict[str, list[OutboxItem]]:
        """One item a recipient: by id where there is one, by the entry where there are several."""
        sent = [entry for entry in interactions if entry.direction is Direction.OUTBOUND and entry.outbox_id]
        if not sent:
            return {}
        single = {str(entry.outbox_id): entry.id for entry in sent if len(entry.recipients) <= 1}
        several = [entry.id for entry in sent if len(entry.recipients) > 1]
        by_id, pages = await asyncio.gather(self._outbox.get_many(list(single)), self._siblings(several))
        found: dict[str, list[OutboxItem]] = {single[item.id]: [item] for item in by_id.values()}
        return found | pages

    async def _siblings(self, entries: Sequence[str]) -> dict[str, list[OutboxItem]]:
        pages = await asyncio.gather(*(self._outbox.page("by_entry", entry, limit=MAX_RECIPIENTS) for entry in entries))
        return {entry: page.items for entry, page in zip(entries, pages, strict=True)}

    async def conversations(self, conversations: Sequence[Conversation]) -> list[ConversationLine]:
        """In the same order."""
        if not conversations:
            return []
        contacts = await self._with_survivors({one.contact_id for one in conversations})
        return [
            ConversationLine(
                conversation=one,
                contact_name=contacts[one.contact_id].name if one.contact_id in contacts else "",
                owner_name=self._staff.name_of(one.owner_user),
            )
            for one in conversations
        ]
