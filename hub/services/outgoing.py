"""The timeline's side of what we send: the entry under its deterministic id, its placement, the reference for our
Message-ID, its search words, and the conversation that no longer waits. Every step can be repeated: the dispatcher
does so for items whose submitter did not come back from a crash."""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from hub.domain.address import Address
from hub.domain.conversation import BotStance, Conversation, Evidence, OwnerKind, Placement
from hub.domain.errors import Invalid
from hub.domain.ids import InteractionId, OutboxId, derived_id, with_prefix
from hub.domain.interaction import (
    Direction,
    Interaction,
    InteractionKind,
    MessageReference,
    message_reference_id,
)
from hub.domain.message import MessageClass, Participant, ParticipantRole, Strength
from hub.domain.outbox import OutboxItem, OutboxState, Purpose, lane_of
from hub.ports.addresses import AddressForms
from hub.ports.connector import Accounts
from hub.ports.events import Event, Events, Topic
from hub.ports.kinds import CONVERSATIONS, INTERACTIONS, MESSAGE_REFERENCES, OUTBOX, PLACEMENTS
from hub.ports.search import SearchEntry, Terms
from hub.ports.store import Exists, Store
from hub.services.search.facets import entry_facets
from hub.services.standing import with_answer

log = structlog.get_logger()
FAX = "fax"
MAX_TEXT = 32_768
MAX_PARTICIPANTS = 100
MAX_TERMS = 2_000
MAX_REMEMBERED = 10_000
SWAP_TRIES = 20


def fan_out(first: OutboxItem) -> list[OutboxItem]:
    """One fresh item for each envelope recipient of the message (To, then Cc), under deterministic ids. The first one
    shares its 26 characters with the entry, so that any one of them tells the ids of all."""
    if first.entry_id is None:
        return [first]
    items: dict[Address, OutboxItem] = {}
    for participant in (*first.content.to, *first.content.cc):
        if participant.address in items:
            continue
        item_id = (
            derived_id("o", "copy", first.entry_id, participant.address.key)
            if items
            else with_prefix("o", first.entry_id)
        )
        items[participant.address] = replace(
            first,
            id=OutboxId(item_id),
            version=0,
            recipient=participant.address,
            lane=lane_of(first.account, participant.address),
            state=OutboxState.QUEUED,
            attempts=(),
            reason="",
            detail="",
            native_ref="",
        )
    return list(items.values())


class OutgoingEntries:
    """Writes, and completes, the timeline's side of outbox items."""

    def __init__(self, *, store: Store, events: Events, terms: Terms, accounts: Accounts, forms: AddressForms) -> None:
        self._store, self._events, self._terms = store, events, terms
        self._accounts, self._forms = accounts, forms
        self._items = store.documents(OUTBOX)
        self._entries = store.documents(INTERACTIONS)
        self._placements = store.documents(PLACEMENTS)
        self._references = store.documents(MESSAGE_REFERENCES)
        self._conversations = store.documents(CONVERSATIONS)
        self._recorded: dict[InteractionId, None] = {}
        """Entries that this process knows to be whole; bounded, the oldest go first."""

    def build(self, item: OutboxItem) -> Interaction | None:
        """The entry of an item, the same for all items that share it; None for what stands on no timeline."""
        if item.entry_id is None or item.contact_id is None:
            return None
        automatic = item.purpose in (Purpose.AUTOMATIC, Purpose.LETTER)
        return Interaction(
            id=item.entry_id,
            contact_id=item.contact_id,
            at=item.created_at,
            kind=InteractionKind.FAX if item.channel == FAX else InteractionKind.MESSAGE,
            direction=Direction.OUTBOUND,
            channel=item.channel,
            account=item.account,
            subject=item.content.subject,
            text=item.content.text[:MAX_TEXT],
            sender=self._sender(item.account),
            recipients=(*item.content.to, *item.content.cc),
            message_id=item.content.message_id,
            attachments=item.content.attachments,
            message_class=MessageClass.AUTO_REPLY if automatic else MessageClass.HUMAN,
            strength=Strength.VERIFIED,
            outbox_id=item.id,
            author=item.author,
            caused_by=InteractionId(item.cause) if item.cause.startswith("i_") else None,
        )

    def _sender(self, name: str) -> Participant | None:
        account = self._accounts.get(name)
        if account is None or not account.sender_address:
            return None
        try:
            address = self._forms.normalise(account.channel, account.sender_address)
        except Invalid:
            return None
        return Participant(address=address, role=ParticipantRole.FROM)

    async def record(self, entry: Interaction, item: OutboxItem, *, late: bool = False) -> None:
        """Write everything that is missing. `late`: repeated after a crash, when newer messages may have come. Raises
        StoreUnavailable; what was written stays, and the rest is written by the next call."""
        result = await self._entries.insert(entry)
        if isinstance(result, Exists):
            entry = result.current
        if item.conversation_id is not None:
            placement = Placement(
                id=entry.id,
                conversation_id=item.conversation_id,
                at=entry.at,
                evidence=Evidence.REPLY,
                confidence=1.0,
            )
            await self._placements.insert(placement)
            if entry.message_id:
                await self._refer(entry, item)
        await self._store.search.put_many([self._search_entry(entry)])
        conversation = await self._bump(entry, item, late=late)
        self._remember(entry.id)
        self._events.publish(
            Event(topic=Topic.TIMELINE, contact=entry.contact_id, conversation=item.conversation_id, entry=entry.id)
        )
        if conversation is not None:
            self._publish(conversation)

    def _remember(self, entry_id: InteractionId) -> None:
        self._recorded[entry_id] = None
        while len(self._recorded) > MAX_REMEMBERED:
            del self._recorded[next(iter(self._recorded))]

    def _publish(self, conversation: Conversation) -> None:
        self._events.publish(
            Event(
                topic=Topic.CONVERSATION,
                id=conversation.id,
                contact=conversation.contact_id,
                conversation=conversation.id,
                state=conversation.state.value,
            )
        )

    async def _refer(self, entry: Interaction, item: OutboxItem) -> None:
        assert item.conversation_id is not None
        reference = MessageReference(
            id=message_reference_id(entry.message_id),
            message_id=entry.message_id,
            conversation_id=item.conversation_id,
            interactions=(entry.id,),
        )
        for _ in range(SWAP_TRIES):
            result = await self._references.insert(reference)
            if not isinstance(result, Exists) or entry.id in result.current.interactions:
                return
            known = result.current
            grown = replace(known, interactions=(*known.interactions, entry.id))
            if await self._references.replace(grown, known.version):
                return
        log.warning("reference_not_recorded", entry=entry.id)

    def _search_entry(self, entry: Interaction) -> SearchEntry:
        people = [entry.sender] if entry.sender else []
        words = [entry.subject, entry.text]
        words += [f"{person.name} {person.address.normal}" for person in (*people, *entry.recipients)]
        terms = self._terms("\n".join(words))[:MAX_TERMS]
        return SearchEntry(id=entry.id, at=entry.at, facets=entry_facets(entry), terms=terms)

    async def _bump(self, entry: Interaction, item: OutboxItem, *, late: bool) -> Conversation | None:
        if item.conversation_id is None:
            return None
        for _ in range(SWAP_TRIES):
            conversation = await self._conversations.get(item.conversation_id)
            if conversation is None or conversation.deleted:
                return None
            bumped = self._bumped(conversation, entry, item, late=late)
            if bumped == conversation:
                return None
            if await self._conversations.replace(bumped, conversation.version):
                return bumped
        log.warning("conversation_not_bumped", conversation=item.conversation_id)
        return None

    def _bumped(self, conversation: Conversation, entry: Interaction, item: OutboxItem, *, late: bool) -> Conversation:
        newest = entry.at >= conversation.last_at
        if late and conversation.last_interaction == entry.id:
            return conversation
        if newest:
            conversation = replace(
                conversation, last_at=entry.at, last_interaction=entry.id, last_text=" ".join(entry.text.split())[:200]
            )
        # A late entry must hide neither that the contact has written again since, nor what a colleague decided.
        if (newest or not late) and _answers(conversation, item):
            automatic = item.purpose is Purpose.AUTOMATIC
            if automatic or conversation.waiting_since is not None:
                conversation = with_answer(conversation, entry.at, person=not automatic)
            conversation = replace(conversation, waiting_since=None)
            if item.purpose is Purpose.REPLY and item.author:
                # When a human answers, the bot is silent.
                conversation = replace(conversation, bot=BotStance.SILENT)
                if conversation.owner_kind is not OwnerKind.USER:
                    conversation = replace(conversation, owner=item.author)
        keys = dict.fromkeys((*conversation.participants, *(person.address.key for person in entry.recipients)))
        return replace(conversation, participants=tuple(keys)[:MAX_PARTICIPANTS])

    async def complete(self, item: OutboxItem) -> None:
        """Before an item's first attempt: write what its submitter did not live to write, its sibling items too."""
        if item.entry_id is None or item.entry_id in self._recorded:
            return
        entry = self.build(item)
        if entry is None:
            return
        siblings = fan_out(item)
        if any(sibling.id == item.id for sibling in siblings):
            await self._items.insert_many([sibling for sibling in siblings if sibling.id != item.id])
            entry = replace(entry, outbox_id=siblings[0].id)
        await self.record(entry, item, late=True)

    async def wait_again(self, item: OutboxItem, siblings: Sequence[OutboxItem]) -> None:
        """None of the items of an answer leaves us: its contact waits again."""
        gone = (OutboxState.CANCELLED, OutboxState.FAILED)
        if (
            item.conversation_id is None
            or not item.cause.startswith("i_")
            or any(s.state not in gone for s in siblings)
        ):
            return
        answered = await self._entries.get(item.cause)
        if answered is None or answered.direction is not Direction.INBOUND:
            return
        for _ in range(SWAP_TRIES):
            conversation = await self._conversations.get(item.conversation_id)
            # Something newer than the lost answer decides for itself who waits.
            if conversation is None or conversation.waiting_since or conversation.last_interaction != item.entry_id:
                return
            waiting = replace(conversation, waiting_since=answered.at)
            if await self._conversations.replace(waiting, conversation.version):
                self._publish(waiting)
                return


def _answers(conversation: Conversation, item: OutboxItem) -> bool:
    """Whether the contact need not wait any more: a colleague's words, or the bot's where the bot is in charge. A
    reminder or an acknowledgement answers nobody."""
    if item.purpose is Purpose.AUTOMATIC:
        return conversation.owner_kind is OwnerKind.BOT
    return item.purpose is not Purpose.LETTER
