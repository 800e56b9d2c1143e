"""Status entries: who took over, closed or re-opened a conversation, as an internal entry on the timeline.

`marks` says what happened, for edges that translate it; `text` says it in the language of who did it.
"""

from hub.domain.conversation import Conversation, Evidence, Placement
from hub.domain.ids import InteractionId, derived_id
from hub.domain.interaction import Direction, Interaction, InteractionKind
from hub.domain.message import Strength
from hub.domain.people import Actor
from hub.ports.clock import Clock
from hub.ports.events import Event, Events, Topic
from hub.ports.kinds import INTERACTIONS, PLACEMENTS
from hub.ports.store import Store

ASSIGNED = "conversation-assigned"
QUEUED = "conversation-queued"
CLOSED = "conversation-closed"
REOPENED = "conversation-reopened"
SENTENCES = {
    "de": {
        ASSIGNED: "Zugewiesen an {name}",
        QUEUED: "Zurück in die Warteschlange gegeben",
        CLOSED: "Geschlossen",
        REOPENED: "Wieder geöffnet",
    },
    "en": {
        ASSIGNED: "Assigned to {name}",
        QUEUED: "Given back to the queue",
        CLOSED: "Closed",
        REOPENED: "Re-opened",
    },
}


class Chronicle:
    """Writes status entries and tells open pages."""

    def __init__(self, store: Store, clock: Clock, events: Events) -> None:
        self._interactions = store.documents(INTERACTIONS)
        self._placements = store.documents(PLACEMENTS)
        self._clock, self._events = clock, events

    async def record(self, actor: Actor, conversation: Conversation, mark: str, name: str = "") -> Interaction:
        """After the change: the conversation's version makes the entry's id, so that a change has one entry."""
        language = "de" if actor.language.startswith("de") else "en"
        entry = Interaction(
            id=InteractionId(derived_id("i", "status", conversation.id, str(conversation.version))),
            version=1,
            contact_id=conversation.contact_id,
            at=self._clock.now(),
            kind=InteractionKind.STATUS,
            direction=Direction.INTERNAL,
            text=SENTENCES[language][mark].format(name=name),
            strength=Strength.VERIFIED,
            marks=(mark,),
            author=actor.user_id,
        )
        await self._interactions.insert(entry)
        await self._placements.insert(
            Placement(
                id=entry.id,
                conversation_id=conversation.id,
                at=entry.at,
                evidence=Evidence.PERSON,
                confidence=1.0,
            )
        )
        self.tell(conversation, entry.id)
        return entry

    def tell(self, conversation: Conversation, entry: InteractionId | None = None) -> None:
        """Open pages that show the conversation, or lists that it is in."""
        contact = conversation.contact_id
        if entry is not None:
            self._events.publish(
                Event(topic=Topic.TIMELINE, id=entry, contact=contact, conversation=conversation.id, entry=entry)
            )
        self._events.publish(
            Event(
                topic=Topic.CONVERSATION,
                id=conversation.id,
                contact=contact,
                conversation=conversation.id,
                state="deleted" if conversation.deleted else conversation.state.value,
            )
        )
