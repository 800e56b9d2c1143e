"""Deciding what becomes of one message, on a sheet: pure, in memory, one message after the other.

Order: route, tombstone, duplicate, our own, thread, file, place, enter. Each step may find what an earlier run of the
same arrival left behind (a crash lies between) and then goes on from there: whose address it is and which conversation
it joined are decided once, by the claim and the placement that were written first.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import cast

from hub.domain.arrival import ArrivalState
from hub.domain.contact import Contact, Identity, identity_id
from hub.domain.conversation import Conversation, Evidence, Placement, conversation_number
from hub.domain.ids import ContactId, ConversationId, InteractionId, derived_id
from hub.domain.interaction import (
    Interaction,
    MessageReference,
    Sighting,
    message_reference_id,
    sighting_id,
)
from hub.domain.message import MessageClass, Participant, Strength
from hub.ports.bot import Recorded
from hub.ports.connector import Strangers
from hub.ports.search import NameEntry, SearchEntry
from hub.services.entry import FIRST_CONTACT, REUSED_ID, SUBJECT_CHANGED, build_entry
from hub.services.filing import claim_address, claim_of, provisional_contact
from hub.services.incoming import Incoming, Outcome, done, quarantined
from hub.services.routing import Router
from hub.services.search.facets import entry_facets
from hub.services.sheet import Sheet
from hub.services.standing import SILENT, awaits_answer, last_words, with_entry
from hub.services.threading import CERTAIN, Clues, Verdict, Writer, order_owner, place_chat, place_mail

MAX_ALIASES = 20
MAX_RELATED = 5
MAX_TERMS = 2_000


@dataclass(slots=True)
class Consequences:
    """What is to be done once the batch is durable. All of it may be repeated."""

    recorded: list[Recorded] = field(default_factory=list)
    """New entries that a person wrote and waits for."""
    entered: list[tuple[Interaction, Conversation | None]] = field(default_factory=list)
    """All new entries, for open pages."""
    facts: list[tuple[Incoming, Interaction]] = field(default_factory=list)
    """New entries that tell of calls, bookings, or whether somebody may be written to."""
    bounces: list[Incoming] = field(default_factory=list)
    own: list[Incoming] = field(default_factory=list)
    """Our own messages, found again in a mailbox."""
    strangers: list[Incoming] = field(default_factory=list)
    """To be refused politely."""


class Decider:
    """Decides."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def decide(self, item: Incoming, sheet: Sheet, after: Consequences) -> Outcome:
        """What becomes of it; the sheet then holds what is to be written."""
        if item.route.problem:
            return quarantined("route", item.route.problem)
        if sheet.tombstones.get(item.tombstone) is not None:
            return done("deleted on request")
        known = sheet.interactions.get(item.entry_id)
        if known is not None and known.arrival_id != item.record.id:
            return self._duplicate(item, known, sheet)
        if item.outbound and (ours := self._find_own(item, sheet)) is not None:
            after.own.append(item)
            return self._duplicate(item, ours, sheet)
        if item.message.message_class is MessageClass.OWN:
            return done("our own message, which stands on no timeline")
        if item.message.bounced:
            after.bounces.append(item)
        return self._enter(item, known, sheet, after)

    def _duplicate(self, item: Incoming, entry: Interaction, sheet: Sheet) -> Outcome:
        record = item.record
        if entry.account != record.account:
            sheet.sightings.add(
                Sighting(
                    id=sighting_id(entry.id, record.account),
                    interaction_id=entry.id,
                    account=record.account,
                    arrival_id=record.id,
                    at=record.received_at,
                )
            )
        return Outcome(
            state=ArrivalState.DUPLICATE, reason=f"already on the timeline, by {entry.account}", result=entry.id
        )

    def _find_own(self, item: Incoming, sheet: Sheet) -> Interaction | None:
        """The entry of the outbox item that this is a copy of: every message of ours is known by its Message-ID
        before it leaves."""
        reference = sheet.references.get(item.clues.own_key) if item.clues is not None else None
        if reference is None:
            return None
        entries = (sheet.interactions.get(id) for id in reference.interactions)
        return next((entry for entry in entries if entry is not None and entry.outbox_id is not None), None)

    def _enter(self, item: Incoming, known: Interaction | None, sheet: Sheet, after: Consequences) -> Outcome:
        identity, person = self._whose(item, sheet)
        if identity is None and not item.outbound and item.account.strangers is Strangers.REFUSE:
            after.strangers.append(item)
            return done("from an address that nobody here knows; refused politely")
        placement = sheet.placements.get(item.entry_id)
        verdict = self._thread(item, identity, person, sheet) if placement is None else None
        thread = self._thread_of(placement, verdict, sheet)
        contact = self._file(item, identity, person, thread, sheet)
        if contact is None:
            return done(_why_not_filed(item))
        first = _is_first(item, person, sheet)
        marks = self._marks(item, thread, sheet, first=first)
        entry = known or build_entry(item, contact.id, marks, caused_by=_earlier(item, sheet))
        conversation = self._place(item, entry, placement, verdict, thread, contact, sheet)
        self._index(item, entry, known, contact if first else None, sheet)
        after.entered.append((entry, conversation))
        if item.message.call is not None or item.message.bookings or item.message.reach is not None:
            after.facts.append((item, entry))
        if conversation is not None and awaits_answer(entry):
            after.recorded.append(Recorded(interaction=entry, conversation=conversation, contact=contact))
        return done(result=entry.id)

    def _whose(self, item: Incoming, sheet: Sheet) -> tuple[Identity | None, Participant | None]:
        """The claim on the contact's address; of what we sent, the first recipient that is known."""
        person = item.route.person
        if person is None:
            return None, None
        if identity := sheet.identities.get(item.route.claim):
            return identity, person
        for candidate in item.route.others:
            if identity := sheet.identities.get(identity_id(candidate.address)):
                return identity, candidate
        return None, person

    def _thread(
        self, item: Incoming, identity: Identity | None, person: Participant | None, sheet: Sheet
    ) -> Verdict | None:
        """The verdict of the table. None: no conversation at all."""
        if item.clues is None:
            return self._place_chat(item, identity, sheet)
        address = person.address if person is not None else None
        contact = identity.contact_id if identity is not None else None
        writer = Writer(address=address, contact=contact, trusted=item.outbound)
        verdict = place_mail(item.message, item.clues, writer, sheet)
        # An automatic answer joins what it answers, but opens nothing.
        return None if item.message.message_class in SILENT and verdict.conversation is None else verdict

    def _place_chat(self, item: Incoming, identity: Identity | None, sheet: Sheet) -> Verdict | None:
        """By its own address, also where another one of the sender's told whose it is."""
        if item.route.person is None:
            return None
        if identity is None and (sale := _sale_thread(item, sheet)) is not None:
            return Verdict(
                conversation=sale,
                evidence=Evidence.FOREIGN_REFERENCE,
                confidence=CERTAIN,
                detail="the order that it is about",
            )
        placed = place_chat(sheet, item.account.name, item.route.person.address, item.record.received_at)
        # An automatic answer, or word that somebody has blocked us, opens nothing.
        return None if item.message.message_class in SILENT and placed.conversation is None else placed

    def _thread_of(self, placement: Placement | None, verdict: Verdict | None, sheet: Sheet) -> Conversation | None:
        if placement is not None:
            return sheet.conversations.get(placement.conversation_id)
        return verdict.conversation if verdict is not None else None

    def _file(
        self,
        item: Incoming,
        identity: Identity | None,
        person: Participant | None,
        thread: Conversation | None,
        sheet: Sheet,
    ) -> Contact | None:
        """The contact on whose timeline it goes; None where it goes on none."""
        sort = item.message.message_class
        if person is None or sort is MessageClass.BOUNCE or (sort in SILENT and identity is None):
            return sheet.contacts.get(thread.contact_id) if thread is not None else None
        record = item.record
        if identity is None and (sale := _sale_thread(item, sheet)) is not None:
            # It names no customer, only an order of somebody whom we know.
            return sheet.contacts.get(sale.contact_id)
        if identity is None:
            identity = claim_address(
                person.address, arrival=record.id, strength=item.message.strength, at=record.received_at
            )
            sheet.identities.add(identity)
            self._claim_aliases(item, identity, sheet)
        contact = sheet.contacts.get(identity.contact_id)
        if contact is None:
            contact = provisional_contact(identity.contact_id, person, record.received_at)
            sheet.contacts.add(contact)
        return contact

    def _claim_aliases(self, item: Incoming, identity: Identity, sheet: Sheet) -> None:
        """What else the message says of its unknown sender, so that the next one by another way meets the same
        contact; only ever claimed."""
        for alias in item.route.others:
            if sheet.identities.get(identity_id(alias.address)) is None:
                claim = claim_address(
                    alias.address, arrival=item.record.id, strength=Strength.CLAIMED, at=item.record.received_at
                )
                sheet.identities.add(replace(claim, contact_id=identity.contact_id))

    def _marks(self, item: Incoming, thread: Conversation | None, sheet: Sheet, *, first: bool) -> list[str]:
        marks = [FIRST_CONTACT] if first else []
        reference = sheet.references.get(item.clues.own_key) if item.clues is not None else None
        if reference is not None and reference.interactions and reference.interactions[0] != item.entry_id:
            marks.append(REUSED_ID)
        # A reply that starts a new topic joins; to split it off is proposed.
        normal = item.clues.subject.normal if item.clues is not None else ""
        if thread is not None and normal and thread.normal_subject and normal != thread.normal_subject:
            marks.append(SUBJECT_CHANGED)
        return marks

    def _place(
        self,
        item: Incoming,
        entry: Interaction,
        placement: Placement | None,
        verdict: Verdict | None,
        thread: Conversation | None,
        contact: Contact,
        sheet: Sheet,
    ) -> Conversation | None:
        """Write the decision, and what it does to the conversation."""
        if placement is None:
            if verdict is None:
                return None
            opened = thread.id if thread is not None else ConversationId(derived_id("v", entry.id))
            placement = Placement(
                id=entry.id,
                conversation_id=opened,
                at=entry.at,
                evidence=verdict.evidence,
                confidence=verdict.confidence,
                detail=verdict.detail,
                suggestion=verdict.suggestion,
            )
            sheet.placements.add(placement)
        people = self._participants(item, entry) if placement.confidence >= CERTAIN or thread is None else ()
        if thread is None:
            thread = self._open(item, entry, placement.conversation_id, contact.id, people)
            sheet.open_conversation(thread)
        elif (changed := with_entry(thread, entry, people)) is not thread:
            thread = changed
            sheet.conversations.put(changed)
        if item.clues is not None:
            self._refer(item, entry, thread.id, sheet)
        elif item.message.message_id:
            self._name(item, entry, thread.id, sheet)
        for name, key in item.orders.items():
            if sheet.references.get(key) is None:
                sheet.references.add(_reference(key, name, thread.id, entry))
        return thread

    def _participants(self, item: Incoming, entry: Interaction) -> Iterable[str]:
        """Whoever is in From, To and Cc, ourselves excepted."""
        people = [*entry.recipients] if entry.sender is None else [entry.sender, *entry.recipients]
        return [person.address.key for person in people if not self._router.owns(person.address)]

    def _open(
        self, item: Incoming, entry: Interaction, id: ConversationId, contact_id: ContactId, people: Iterable[str]
    ) -> Conversation:
        person = cast(Participant, item.route.person)
        subject = item.clues.subject if item.clues is not None else None
        return Conversation(
            id=id,
            contact_id=contact_id,
            channel=entry.channel,
            account=entry.account,
            peer=person.address,
            peer_key=person.address.key,
            subject=subject.bare[:1000] if subject is not None else "",
            normal_subject=subject.normal if subject is not None else "",
            number=conversation_number(id),
            waiting_since=entry.at if awaits_answer(entry) else None,
            created_at=entry.at,
            last_at=entry.at,
            last_interaction=entry.id,
            last_text=last_words(entry.text),
            participants=tuple(dict.fromkeys(people))[:100],
        )

    def _name(self, item: Incoming, entry: Interaction, conversation: ConversationId, sheet: Sheet) -> None:
        """Remember a chat message's own id: corrections, reactions and answers name it."""
        key = message_reference_id(item.message.message_id)
        if sheet.references.get(key) is None:
            sheet.references.add(_reference(key, item.message.message_id, conversation, entry))

    def _refer(self, item: Incoming, entry: Interaction, conversation: ConversationId, sheet: Sheet) -> None:
        """Remember the message's own id, and the ids that it mentions as aliases of the conversation."""
        clues = cast(Clues, item.clues)
        if clues.own_key:
            reference = sheet.references.get(clues.own_key)
            if reference is None:
                sheet.references.add(_reference(clues.own_key, item.message.message_id, conversation, entry))
            elif entry.id not in reference.interactions:
                sheet.references.put(replace(reference, interactions=(*reference.interactions[:99], entry.id)))
        for mentioned, key in islice(clues.ancestors.items(), MAX_ALIASES):
            if sheet.references.get(key) is None:
                sheet.references.add(_reference(key, mentioned, conversation, None))
        for number, order in clues.orders:
            if sheet.references.get(order.mails) is None and order_owner(sheet, order) == entry.contact_id:
                sheet.references.add(_reference(order.mails, number, conversation, entry))

    def _index(
        self, item: Incoming, entry: Interaction, known: Interaction | None, made: Contact | None, sheet: Sheet
    ) -> None:
        """Where the entry, and the contact that it made, will be found."""
        if known is None:
            sheet.interactions.add(entry)
        sheet.entries.append(_findable(entry, item.terms))
        if made is not None and item.route.person is not None:
            sheet.names.append(NameEntry(id=made.id, text=f"{made.name} {item.route.person.address.normal}"))


def _findable(entry: Interaction, terms: tuple[str, ...]) -> SearchEntry:
    return SearchEntry(id=entry.id, at=entry.at, facets=entry_facets(entry), terms=terms[:MAX_TERMS])


def _is_first(item: Incoming, person: Participant | None, sheet: Sheet) -> bool:
    """Whether this arrival made the contact; true again when it is repeated."""
    if person is None:
        return False
    key = item.route.claim if person is item.route.person else identity_id(person.address)
    claim = sheet.identities.get(key)
    return claim is not None and claim.source == claim_of(item.record.id)


def _sale_thread(item: Incoming, sheet: Sheet) -> Conversation | None:
    """The conversation of the order that the message is about, where the shop proved itself and we know the order."""
    if item.message.strength is Strength.CLAIMED:
        return None
    for key in item.sales:
        reference = sheet.references.get(key)
        found = sheet.conversations.get(reference.conversation_id) if reference is not None else None
        if found is not None and not found.deleted:
            return found
    return None


def _earlier(item: Incoming, sheet: Sheet) -> InteractionId | None:
    """The entry that the message corrects, takes back, reacts to or answers, where the channel says so and we know
    it."""
    for name in item.message.related_to[:MAX_RELATED]:
        reference = sheet.references.get(message_reference_id(name))
        if reference is not None and reference.interactions:
            return reference.interactions[-1]
        if (sent := sheet.sent.get(name)) is not None:
            return sent
    return None


def _reference(key: str, message_id: str, conversation: ConversationId, entry: Interaction | None) -> MessageReference:
    return MessageReference(
        id=key,
        message_id=message_id,
        conversation_id=conversation,
        interactions=(entry.id,) if entry is not None else (),
    )


def _why_not_filed(item: Incoming) -> str:
    if item.message.call is not None:
        return "a call without a number of the outside"
    match item.message.message_class:
        case MessageClass.BOUNCE:
            return "a bounce of nothing that is known here"
        case MessageClass.AUTO_REPLY:
            return "an automatic answer from an unknown address, to nothing that is known here"
        case _:
            return "sent among ourselves"
