"""Writing the demo company into a store: in batches, under deterministic ids (a second run finds everything there),
with progress."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from hub.domain.conversation import (
    Conversation,
    ConversationState,
    Evidence,
    Placement,
    conversation_number,
)
from hub.domain.ids import ConversationId, InteractionId, derived_id
from hub.domain.interaction import (
    Direction,
    Interaction,
    InteractionKind,
    MessageReference,
    message_reference_id,
)
from hub.domain.message import MessageClass, Participant, ParticipantRole, Strength
from hub.domain.subject import read_subject
from hub.ports.kinds import (
    CONTACTS,
    CONVERSATIONS,
    IDENTITIES,
    INTERACTIONS,
    MESSAGE_REFERENCES,
    PLACEMENTS,
    USERS,
)
from hub.ports.search import NameEntry, SearchEntry, Terms
from hub.ports.store import Documents, Store
from hub.seed.company import Line, Person, Thread, draw_colleagues, draw_person, draw_threads
from hub.services.search.facets import entry_facets

T = TypeVar("T")
BATCH = 200
"""Threads, or contacts, a batch."""
MAX_MANY = 500


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is."""

    contacts: int
    interactions: int


class Planter:
    """Plants contacts and their threads. `account` names the mail channel, `own` the company's address."""

    def __init__(
        self, *, store: Store, terms: Terms, now: datetime, account: str, chat_account: str, own: Participant
    ) -> None:
        self._store, self._terms, self._now = store, terms, now
        self._account, self._chat_account, self._own = account, chat_account, own

    async def plant(self, contacts: int, interactions: int) -> AsyncIterator[Progress]:
        """Yields progress after every batch. Raises StoreUnavailable."""
        await self._store.documents(USERS).insert_many(draw_colleagues(self._now))
        done = 0
        while done < contacts:
            people = [draw_person(n, self._now) for n in range(done, min(contacts, done + BATCH))]
            await self._plant_people(people)
            done += len(people)
            yield Progress(done, 0)
        threads, lines = draw_threads(contacts, interactions, self._now), 0
        while batch := list(islice(threads, BATCH)):
            await self._plant_threads(batch)
            lines += sum(len(thread.lines) for thread in batch)
            yield Progress(done, lines)

    async def _plant_people(self, people: list[Person]) -> None:
        await self._store.documents(CONTACTS).insert_many([person.contact for person in people])
        await self._store.documents(IDENTITIES).insert_many([i for person in people for i in person.identities])
        await self._store.search.put_names(
            [
                NameEntry(
                    id=person.contact.id,
                    text=f"{person.contact.name} {person.contact.organisation} {person.email.normal}",
                )
                for person in people
            ]
        )

    async def _plant_threads(self, threads: list[Thread]) -> None:
        conversations, entries, placements, references, search = [], [], [], [], []
        for thread in threads:
            conversation_id = ConversationId(derived_id("v", "seed", str(thread.number)))
            made = [self._entry(thread, number, line) for number, line in enumerate(thread.lines)]
            conversations.append(self._conversation(thread, conversation_id, made))
            for entry in made:
                entries.append(entry)
                placements.append(_placement(entry, conversation_id, made[0].id))
                if entry.message_id:
                    references.append(_reference(entry, conversation_id))
                said = f"{entry.subject}\n{entry.text}\n{thread.person.contact.name}"
                search.append(_findable(entry, self._terms(said)))
        await _insert_all(conversations, self._store.documents(CONVERSATIONS))
        await _insert_all(references, self._store.documents(MESSAGE_REFERENCES))
        await _insert_all(placements, self._store.documents(PLACEMENTS))
        await _insert_all(entries, self._store.documents(INTERACTIONS))
        await self._store.search.put_many(search)

    def _entry(self, thread: Thread, number: int, line: Line) -> Interaction:
        person, inbound = thread.person, line.way == "in"
        address = person.xmpp if thread.channel == "xmpp" and person.xmpp else person.email
        them = Participant(address=address, name=person.contact.name, role=ParticipantRole.FROM)
        note = line.way == "note"
        return Interaction(
            id=InteractionId(derived_id("i", "seed", str(thread.number), str(number))),
            contact_id=person.contact.id,
            at=line.at,
            kind=InteractionKind.NOTE if note else InteractionKind.MESSAGE,
            direction=Direction.INTERNAL if note else Direction.INBOUND if inbound else Direction.OUTBOUND,
            channel="" if note else thread.channel,
            account="" if note else self._account if thread.channel == "email" else self._chat_account,
            subject="" if note or not thread.subject else thread.subject if number == 0 else f"Re: {thread.subject}",
            text=line.text,
            sender=None if note else them if inbound else self._own,
            recipients=() if note else (self._own,) if inbound else (them,),
            message_id="" if note else f"seed-{thread.number}-{number}@{address.domain}",
            strength=Strength.VERIFIED if not inbound else Strength.AUTHENTICATED,
            author=None if inbound or line.way == "bot" else thread.colleague,
            message_class=MessageClass.AUTO_REPLY if line.way == "bot" else MessageClass.HUMAN,
        )

    def _conversation(self, thread: Thread, identifier: ConversationId, entries: list[Interaction]) -> Conversation:
        person, messages = thread.person, [e for e in entries if e.kind is InteractionKind.MESSAGE]
        last = entries[-1]
        waiting = messages[-1].direction is Direction.INBOUND and thread.number % 40 == 0
        address = person.xmpp if thread.channel == "xmpp" and person.xmpp else person.email
        answer = next((e for e in messages if e.direction is Direction.OUTBOUND), None)
        is_open = waiting or thread.number % 3 == 0
        return Conversation(
            id=identifier,
            contact_id=person.contact.id,
            channel=thread.channel,
            account=messages[0].account,
            peer=address,
            peer_key=address.key,
            subject=thread.subject,
            normal_subject=read_subject(thread.subject).normal,
            number=conversation_number(identifier),
            state=ConversationState.OPEN if is_open else ConversationState.CLOSED,
            closed_at=None if is_open else last.at,
            first_answer_at=answer.at if answer else None,
            bot_answered=any(line.way == "bot" for line in thread.lines),
            person_answered=any(line.way == "out" for line in thread.lines),
            owner="queue" if waiting and thread.number % 80 == 0 else thread.colleague,
            waiting_since=messages[-1].at if waiting else None,
            created_at=entries[0].at,
            last_at=last.at,
            last_interaction=last.id,
            last_text=last.text[:200],
            participants=(address.key,),
        )


def _findable(entry: Interaction, terms: tuple[str, ...]) -> SearchEntry:
    return SearchEntry(id=entry.id, at=entry.at, facets=entry_facets(entry), terms=terms)


def _placement(entry: Interaction, conversation: ConversationId, first: InteractionId) -> Placement:
    opened = entry.id == first
    return Placement(
        id=entry.id,
        conversation_id=conversation,
        at=entry.at,
        evidence=Evidence.NONE if opened else Evidence.REFERENCES,
        confidence=1.0 if opened else 0.9,
    )


def _reference(entry: Interaction, conversation: ConversationId) -> MessageReference:
    return MessageReference(
        id=message_reference_id(entry.message_id),
        message_id=entry.message_id,
        conversation_id=conversation,
        interactions=(entry.id,),
    )


async def _insert_all(documents: list[T], into: Documents[T]) -> None:
    for start in range(0, len(documents), MAX_MANY):
        await into.insert_many(documents[start : start + MAX_MANY])
