"""Timelines: reading and searching them, why an entry is where it is, its source and files, and notes."""

import asyncio
from datetime import timedelta

from hub.domain.contact import Contact
from hub.domain.conversation import Conversation, Evidence, Placement
from hub.domain.errors import Conflict, Invalid, NotFound
from hub.domain.facts import Call
from hub.domain.ids import ContactId, ConversationId, InteractionId, derived_id, random_id
from hub.domain.interaction import Direction, Interaction, InteractionKind
from hub.domain.message import Strength
from hub.domain.people import Actor, Right
from hub.domain.views import EntryDetail, FileData, TimelineEntry
from hub.ports.clock import Clock
from hub.ports.events import Event, Events, Topic
from hub.ports.kinds import CONTACTS, CONVERSATIONS, INTERACTIONS, OUTBOX, PLACEMENTS, SIGHTINGS
from hub.ports.search import SearchEntry, Terms
from hub.ports.store import Exists, Page, Store
from hub.services.audit import Audit
from hub.services.keyset import check_limit, timeline_page
from hub.services.lines import Lines
from hub.services.merged import find_survivor
from hub.services.search.facets import entry_facets
from hub.services.sources import Sources
from hub.services.standing import with_entry

MAX_QUERY = 200
MAX_NOTE = 32_768
MOST_SEARCHES = 20
"""The index holds documents too: they are passed over."""
MAX_MINUTES = 1_440
PHONE = "phone"
LOOK_BACK, MEMBERS, SWAPS = 20, 20, 10


class Timeline:
    """Implements hub.ports.verbs.TimelineVerbs."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        audit: Audit,
        events: Events,
        terms: Terms,
        lines: Lines,
        sources: Sources,
    ) -> None:
        self._interactions = store.documents(INTERACTIONS)
        self._contacts = store.documents(CONTACTS)
        self._conversations = store.documents(CONVERSATIONS)
        self._placements = store.documents(PLACEMENTS)
        self._sightings = store.documents(SIGHTINGS)
        self._outbox = store.documents(OUTBOX)
        self._search = store.search
        self._clock, self._audit, self._events, self._terms = clock, audit, events, terms
        self._lines, self._sources = lines, sources

    # Reading

    async def page(
        self,
        actor: Actor,
        contact_id: ContactId,
        after: str | None = None,
        limit: int = 50,
        newest_first: bool = True,
    ) -> Page[TimelineEntry]:
        """A contact's entries and those of the members that were merged into it. Raises NotFound."""
        self._audit.permit(actor, Right.READ_CONTACTS, "timeline.page", contact_id)
        contact = await self._contact(contact_id)
        page = await timeline_page(
            self._interactions,
            (contact.id, *contact.members),
            after=after,
            limit=limit,
            newest_first=newest_first,
        )
        entries = await self._lines.entries(page.items)
        await self._audit.seen(actor, "timeline.page", contact_id)
        return Page(entries, page.next)

    async def search(self, actor: Actor, text: str, after: str | None = None, limit: int = 20) -> Page[TimelineEntry]:
        """Entries that hold every word, newest first, with their contacts' names."""
        self._audit.permit(actor, Right.READ_CONTACTS, "timeline.search")
        check_limit(limit)
        terms = self._terms(text[:MAX_QUERY])
        scope = ("all", actor.id, *actor.teams)
        kept: list[Interaction] = []
        for _ in range(MOST_SEARCHES):
            found = await self._search.find(terms, scope=scope, after=after, limit=limit - len(kept))
            ids = [id for id in found.ids if id.startswith("i_")]
            known = await self._interactions.get_many(ids) if ids else {}
            # The index may be ahead of a deletion.
            kept += [known[id] for id in ids if id in known]
            after = found.next
            if after is None or len(kept) >= limit:
                break
        entries = await self._lines.entries(kept, with_contacts=True)
        await self._audit.seen(actor, "timeline.search")
        return Page(entries, after)

    async def entry(self, actor: Actor, interaction_id: InteractionId) -> EntryDetail:
        """Why it is where it is, and what became of it. Raises NotFound."""
        self._audit.permit(actor, Right.READ_CONTACTS, "timeline.entry", interaction_id)
        interaction, placement, sightings, items = await asyncio.gather(
            self._interactions.get(interaction_id),
            self._placements.get(interaction_id),
            self._sightings.page("by_interaction", interaction_id, limit=100),
            self._outbox.page("by_entry", interaction_id, limit=100),
        )
        if interaction is None:
            raise _no_such_entry()
        placements: dict[str, Placement] = {} if placement is None else {interaction_id: placement}
        (entry,) = await self._lines.entries([interaction], placements=placements, with_contacts=True)
        await self._audit.seen(actor, "timeline.entry", interaction_id)
        return EntryDetail(entry=entry, placement=placement, sightings=tuple(sightings.items), items=tuple(items.items))

    async def raw(self, actor: Actor, interaction_id: InteractionId) -> FileData:
        """The message as it came. Raises NotFound."""
        return await self._sources.raw(await self._read(actor, interaction_id, "timeline.raw"))

    async def attachment(self, actor: Actor, interaction_id: InteractionId, index: int) -> FileData:
        """Raises NotFound."""
        return await self._sources.attachment(await self._read(actor, interaction_id, "timeline.attachment"), index)

    async def html(self, actor: Actor, interaction_id: InteractionId) -> str | None:
        """Sanitised; to be shown in a sandboxed frame only. Raises NotFound."""
        return await self._sources.html(await self._read(actor, interaction_id, "timeline.html"))

    async def _read(self, actor: Actor, interaction_id: InteractionId, verb: str) -> Interaction:
        self._audit.permit(actor, Right.READ_CONTACTS, verb, interaction_id)
        interaction = await self._interactions.get(interaction_id)
        if interaction is None:
            raise _no_such_entry()
        await self._audit.seen(actor, verb, interaction_id)
        return interaction

    async def _contact(self, contact_id: ContactId) -> Contact:
        contact = await find_survivor(self._contacts, contact_id)
        if contact is None:
            raise NotFound("There is no such contact.")
        return contact

    # Writing

    async def note(
        self,
        actor: Actor,
        contact_id: ContactId,
        text: str,
        conversation_id: ConversationId | None = None,
        *,
        key: str = "",
    ) -> Interaction:
        """An internal note, never visible to the contact. `key`: the same key of the same actor writes once."""
        self._audit.permit(actor, Right.WRITE_NOTES, "timeline.note", contact_id)
        text = text.strip()
        if not 1 <= len(text) <= MAX_NOTE:
            raise Invalid(f"A note has 1 to {MAX_NOTE:,} characters.", field="text")
        contact = await self._contact(contact_id)
        await self._check_conversation(contact, conversation_id)
        note = Interaction(
            id=InteractionId(derived_id("i", "note", actor.id, key) if key else random_id("i")),
            version=1,
            contact_id=contact.id,
            at=self._clock.now(),
            kind=InteractionKind.NOTE,
            direction=Direction.INTERNAL,
            text=text,
            strength=Strength.VERIFIED,
            author=actor.user_id,
        )
        return await self._keep(actor, note, conversation_id, "timeline.note")

    async def log_call(
        self,
        actor: Actor,
        contact_id: ContactId,
        text: str,
        *,
        minutes: int = 0,
        incoming: bool = False,
        key: str = "",
    ) -> Interaction:
        """A call that no exchange told of, ended now; who waited by telephone waits no more. `key`: as of notes."""
        self._audit.permit(actor, Right.WRITE_NOTES, "timeline.log_call", contact_id)
        text = text.strip()
        if not 1 <= len(text) <= MAX_NOTE:
            raise Invalid(f"A note has 1 to {MAX_NOTE:,} characters.", field="text")
        if not 0 <= minutes <= MAX_MINUTES:
            raise Invalid(f"A call takes 0 to {MAX_MINUTES} minutes.", field="minutes")
        contact, now = await self._contact(contact_id), self._clock.now()
        call = Interaction(
            id=InteractionId(derived_id("i", "call", actor.id, key) if key else random_id("i")),
            version=1,
            contact_id=contact.id,
            at=now,
            kind=InteractionKind.CALL,
            direction=Direction.INBOUND if incoming else Direction.OUTBOUND,
            channel=PHONE,
            text=text,
            strength=Strength.VERIFIED,
            author=actor.user_id,
            call=Call(
                incoming=incoming, answered=True, seconds=minutes * 60, started_at=now - timedelta(minutes=minutes)
            ),
        )
        waiting = await self._waiting_calls(contact)
        call = await self._keep(actor, call, waiting[0].id if waiting else None, "timeline.log_call")
        for conversation in waiting:
            await self._settle(conversation, call)
        return call

    async def _waiting_calls(self, contact: Contact) -> list[Conversation]:
        """Conversations in which the contact waits for being called back."""
        found: list[Conversation] = []
        for member in (contact.id, *contact.members)[:MEMBERS]:
            page = await self._conversations.page("by_contact", member, limit=LOOK_BACK, newest_first=True)
            found += [one for one in page.items if one.channel == PHONE and one.waiting_since and not one.deleted]
        return found

    async def _settle(self, conversation: Conversation, call: Interaction) -> None:
        for _ in range(SWAPS):
            changed = with_entry(conversation, call, ())
            if changed is conversation or await self._conversations.replace(changed, conversation.version):
                return
            fresh = await self._conversations.get(conversation.id)
            if fresh is None:
                return
            conversation = fresh
        raise Conflict("The conversation changes all the time; try again.")

    async def _keep(
        self, actor: Actor, entry: Interaction, conversation_id: ConversationId | None, verb: str
    ) -> Interaction:
        """Write what a colleague says, once for its id; the earlier one where it was written before."""
        match await self._interactions.insert(entry):
            case Exists(current):
                entry = current
        if conversation_id is not None:
            await self._placements.insert(_placement(entry, conversation_id))
        await self._search.put_many([_search_entry(entry, self._terms(entry.text))])
        await self._audit.record(actor, verb, entry.contact_id, detail=entry.id)
        self._events.publish(
            Event(
                topic=Topic.TIMELINE,
                id=entry.id,
                contact=entry.contact_id,
                conversation=conversation_id,
                entry=entry.id,
            )
        )
        return entry

    async def _check_conversation(self, contact: Contact, conversation_id: ConversationId | None) -> None:
        if conversation_id is None:
            return
        conversation = await self._conversations.get(conversation_id)
        if conversation is None or conversation.deleted:
            raise NotFound("There is no such conversation.")
        if conversation.contact_id not in (contact.id, *contact.members):
            raise Invalid("This conversation is with another contact.", field="conversation_id")


def _search_entry(note: Interaction, terms: tuple[str, ...]) -> SearchEntry:
    return SearchEntry(id=note.id, at=note.at, facets=entry_facets(note), terms=terms)


def _placement(note: Interaction, conversation_id: ConversationId) -> Placement:
    return Placement(id=note.id, conversation_id=conversation_id, at=note.at, evidence=Evidence.PERSON, confidence=1.0)


def _no_such_entry() -> NotFound:
    return NotFound("There is no such entry.")
