"""The verbs, hand-written over a small demo company in memory, for looking at the console without a store.

Each group of verbs has an error slot: `verbs.fail["outbox.retry"] = Conflict(...)` makes that verb raise it.
"""

import asyncio
import dataclasses
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, TypeVar

from connectors.registry import KINDS
from hub.configuring import LiveConfiguration
from hub.domain.address import Address
from hub.domain.contact import Contact, ContactKind, ContactRole, Identity
from hub.domain.conversation import Conversation, ConversationState, Evidence, Placement
from hub.domain.errors import Ambiguous, Conflict, FernamtError, Invalid, NotFound, Refused
from hub.domain.facts import Call
from hub.domain.finding import Hit, IndexState, Rebuilt
from hub.domain.folding import fold
from hub.domain.ids import (
    ContactId,
    ConversationId,
    InteractionId,
    OutboxId,
    UserId,
    derived_id,
    random_id,
    with_prefix,
)
from hub.domain.interaction import Direction, Interaction, InteractionKind, Sighting
from hub.domain.ledger import AccountSummary, Side
from hub.domain.message import Attachment, Participant, ParticipantRole, Strength
from hub.domain.outbox import Attempt, AttemptOutcome, OutboxItem, OutboxState, OutgoingContent, Purpose, lane_of
from hub.domain.people import (
    SCOPE_LOCAL,
    AccessToken,
    Actor,
    ActorKind,
    AuditEntry,
    Right,
    Role,
    RowScope,
    UserRole,
    user_id_of,
)
from hub.domain.reminder import AlertChoice
from hub.domain.turn import Choice
from hub.domain.views import (
    ChannelLine,
    ContactCard,
    ContactDraft,
    ContactMatch,
    ConversationLine,
    EntryDetail,
    FileData,
    HubStatus,
    QuarantineLine,
    ReplyDraft,
    ReplyReceipt,
    SignIn,
    TimelineEntry,
    UserLine,
)
from hub.ports.bot import BotReply, Confirm, Table, Text
from hub.ports.configuration import KindLine
from hub.ports.connector import ProbeStep
from hub.ports.events import Event, Topic
from hub.ports.store import Page

T = TypeVar("T")
START = datetime(2026, 11, 23, 10, 42, tzinfo=UTC)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)


class FakeClock:
    """Stands still until told."""

    def __init__(self, now: datetime = START) -> None:
        self.at = now

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - START).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class FakeEvents:
    """The switchboard, one queue a reader."""

    def __init__(self) -> None:
        self._queues: list[tuple[frozenset[Topic], asyncio.Queue[Event]]] = []
        self.subscribed = asyncio.Event()

    def publish(self, event: Event) -> None:
        for topics, queue in self._queues:
            if not topics or event.topic in topics:
                queue.put_nowait(event)

    @asynccontextmanager
    async def subscribe(self, topics: Collection[Topic] = ()) -> AsyncIterator[AsyncIterator[Event]]:
        entry = (frozenset(topics), asyncio.Queue[Event]())
        self._queues.append(entry)
        self.subscribed.set()
        try:
            yield self._read(entry[1])
        finally:
            self._queues.remove(entry)

    @property
    def readers(self) -> int:
        return len(self._queues)

    async def _read(self, queue: "asyncio.Queue[Event]") -> AsyncIterator[Event]:
        while True:
            yield await queue.get()


def mail(text: str, display: str = "") -> Address:
    return Address(channel="email", normal=text, display=display or text)


def jid(text: str) -> Address:
    return Address(channel="xmpp", normal=text, display=text)


def cut(items: list[T], after: str | None, limit: int) -> Page[T]:
    start = int(after) if after else 0
    end = start + limit
    return Page(items[start:end], str(end) if end < len(items) else None)


class State:
    """The demo company's documents."""

    def __init__(self, clock: FakeClock, events: FakeEvents) -> None:
        self.clock, self.events = clock, events
        self.fail: dict[str, FernamtError] = {}
        self.contacts: dict[str, Contact] = {}
        self.identities: dict[str, list[Identity]] = defaultdict(list)
        self.conversations: dict[str, Conversation] = {}
        self.entries: dict[str, Interaction] = {}
        self.placements: dict[str, Placement] = {}
        self.items: dict[str, OutboxItem] = {}
        self.users: dict[str, UserLine] = {}
        self.roles: dict[str, Role] = {}
        self.passwords: dict[str, str] = {}
        self.must_change: set[str] = set()
        self.sessions: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self.quarantined: dict[str, QuarantineLine] = {}
        self.audit: list[AuditEntry] = []
        self.keys: dict[str, ReplyReceipt] = {}
        self.notes: dict[str, Interaction] = {}
        self.own_tokens: list[AccessToken] = []
        self.html: dict[str, str] = {}
        self.calls: list[str] = []
        self.rebuilding: int | None = None

    def enter(self, actor: Actor, right: Right, verb: str) -> None:
        self.calls.append(verb)
        if verb in self.fail:
            raise self.fail[verb]
        if right not in actor.rights:
            raise Refused(f'This needs the right "{right}" (role admin); an admin can grant it.', right=right.value)

    def name_of(self, user_id: str | None) -> str:
        user = self.users.get(user_id or "")
        return user.display_name if user else ""

    def entry(self, it: Interaction) -> TimelineEntry:
        items = [item for item in self.items.values() if item.entry_id == it.id]
        placed = self.placements.get(it.id)
        return TimelineEntry(
            interaction=it,
            conversation_id=placed.conversation_id if placed else None,
            confidence=placed.confidence if placed else 1.0,
            delivery=items[0].state if items else None,
            delivery_detail=items[0].detail if items else "",
            contact_name=self.contacts[it.contact_id].name,
            author_name=self.name_of(it.author),
        )

    def line(self, conversation: Conversation) -> ConversationLine:
        return ConversationLine(
            conversation=conversation,
            contact_name=self.contacts[conversation.contact_id].name,
            owner_name=self.name_of(conversation.owner_user),
        )

    def need(self, table: dict[str, T], key: str, what: str) -> T:
        if key not in table:
            raise NotFound(f"There is no such {what}.")
        return table[key]


class Verb:
    """One group of verbs over the shared state."""

    def __init__(self, state: State) -> None:
        self.s = state


class FakeContacts(Verb):
    async def find(self, actor: Actor, text: str, limit: int = 10) -> list[ContactMatch]:
        self.s.enter(actor, Right.READ_CONTACTS, "contacts.find")
        words, found = fold(text), []
        for contact in self.s.contacts.values():
            addresses = [identity.address for identity in self.s.identities[contact.id]]
            exact = next((a for a in addresses if a.normal == text.strip().lower()), None)
            if contact.id == text or exact or fold(contact.name) == words:
                found.append(ContactMatch(contact=contact, score=100, address=exact))
            elif words and words in fold(f"{contact.name} {contact.organisation}"):
                found.append(ContactMatch(contact=contact, score=80))
        return sorted(found, key=lambda m: -m.score)[:limit]

    async def resolve(self, actor: Actor, text: str) -> Contact:
        found = await self.find(actor, text)
        best = [m for m in found if m.score == found[0].score] if found else []
        if len(best) == 1:
            return best[0].contact
        if best:
            raise Ambiguous(f"Several contacts fit “{text}”.", choices=best)
        nearest = [ContactMatch(contact=c, score=40) for c in list(self.s.contacts.values())[:3]]
        raise NotFound(f"No contact fits “{text}”.", nearest=nearest)

    async def page(self, actor: Actor, after: str | None = None, limit: int = 50) -> Page[Contact]:
        self.s.enter(actor, Right.READ_CONTACTS, "contacts.page")
        return cut(sorted(self.s.contacts.values(), key=lambda c: c.sort_name), after, limit)

    async def card(self, actor: Actor, contact_id: ContactId) -> ContactCard:
        self.s.enter(actor, Right.READ_CONTACTS, "contacts.card")
        contact = self.s.need(self.s.contacts, contact_id, "contact")
        mine = [c for c in self.s.conversations.values() if c.contact_id == contact_id]
        mine.sort(key=lambda c: c.last_at, reverse=True)
        waiting = [c for c in mine if c.waiting_since]
        entries = sorted((e for e in self.s.entries.values() if e.contact_id == contact_id), key=lambda e: e.at)
        return ContactCard(
            contact=contact,
            identities=tuple(self.s.identities[contact_id]),
            conversations=tuple(mine[:20]),
            last=entries[-1] if entries else None,
            waiting=waiting[0] if waiting else None,
            owner_name=self.s.name_of(contact.owner),
        )

    async def create(self, actor: Actor, draft: ContactDraft) -> Contact:
        self.s.enter(actor, Right.EDIT_CONTACTS, "contacts.create")
        if not draft.name:
            raise Invalid("A contact needs a name.", field="name")
        contact = Contact(
            id=ContactId(random_id("c")),
            version=1,
            name=draft.name,
            sort_name=fold(draft.name),
            organisation=draft.organisation or "",
            city=draft.city or "",
            created_at=self.s.clock.now(),
            roles=tuple(ContactRole(role) for role in draft.roles or ()),
        )
        for channel, text in draft.addresses:
            if "@" not in text:
                raise Invalid(f"“{text}” is not an address.", channel=channel)
            address = Address(channel=channel, normal=text.lower(), display=text)
            self._bind(contact, address)
        self.s.contacts[contact.id] = contact
        return contact

    def _bind(self, contact: Contact, address: Address, strength: Strength = Strength.VERIFIED) -> None:
        self.s.identities[contact.id].append(
            Identity(
                id=derived_id("d", address.key),
                contact_id=contact.id,
                address=address,
                strength=strength,
                source="user:u_anna",
                since=self.s.clock.now(),
            )
        )

    async def edit(self, actor: Actor, contact_id: ContactId, draft: ContactDraft, version: int) -> Contact:
        self.s.enter(actor, Right.EDIT_CONTACTS, "contacts.edit")
        contact = self.s.need(self.s.contacts, contact_id, "contact")
        if contact.version != version:
            raise Conflict("Somebody else changed this contact first.")
        changes: dict[str, Any] = {
            name: value
            for name in ("name", "organisation", "city", "language", "notes", "owner")
            if (value := getattr(draft, name)) is not None
        }
        if draft.roles is not None:
            changes["roles"] = tuple(ContactRole(role) for role in draft.roles)
        if draft.confirm:
            changes["provisional"] = False
        changed = dataclasses.replace(contact, version=version + 1, **changes)
        for channel, text in draft.addresses:
            self._bind(changed, Address(channel=channel, normal=text.lower(), display=text))
        self.s.contacts[contact_id] = changed
        return changed


class FakeTimeline(Verb):
    async def page(
        self,
        actor: Actor,
        contact_id: ContactId,
        after: str | None = None,
        limit: int = 50,
        newest_first: bool = True,
    ) -> Page[TimelineEntry]:
        self.s.enter(actor, Right.READ_CONTACTS, "timeline.page")
        mine = [e for e in self.s.entries.values() if e.contact_id == contact_id]
        mine.sort(key=lambda e: (e.at, e.id), reverse=newest_first)
        page = cut(mine, after, limit)
        return Page([self.s.entry(e) for e in page.items], page.next)

    async def search(self, actor: Actor, text: str, after: str | None = None, limit: int = 20) -> Page[TimelineEntry]:
        self.s.enter(actor, Right.READ_CONTACTS, "timeline.search")
        words = fold(text).split()
        fits = [e for e in self.s.entries.values() if words and all(w in fold(f"{e.subject} {e.text}") for w in words)]
        page = cut(sorted(fits, key=lambda e: e.at, reverse=True), after, limit)
        return Page([self.s.entry(e) for e in page.items], page.next)

    async def entry(self, actor: Actor, interaction_id: InteractionId) -> EntryDetail:
        self.s.enter(actor, Right.READ_CONTACTS, "timeline.entry")
        it = self.s.need(self.s.entries, interaction_id, "entry")
        seen = ()
        if "reused-id" in it.marks:
            seen = (
                Sighting(
                    id="g_1",
                    interaction_id=it.id,
                    account="sales",
                    arrival_id=it.arrival_id or "a_1",
                    at=it.at,  # type: ignore[arg-type]
                ),
            )
        return EntryDetail(
            entry=self.s.entry(it),
            placement=self.s.placements.get(it.id),
            sightings=seen,
            items=tuple(i for i in self.s.items.values() if i.entry_id == it.id),
        )

    async def raw(self, actor: Actor, interaction_id: InteractionId) -> FileData:
        it = (await self.entry(actor, interaction_id)).entry.interaction
        body = f"From: {it.sender.address.normal if it.sender else ''}\r\nSubject: {it.subject}\r\n\r\n{it.text}\r\n"
        return FileData(name=f"{it.id}.eml", type="message/rfc822", data=body.encode())

    async def attachment(self, actor: Actor, interaction_id: InteractionId, index: int) -> FileData:
        it = (await self.entry(actor, interaction_id)).entry.interaction
        for file in it.attachments:
            if file.index == index:
                data = PNG if file.type == "image/png" else b"%PDF-1.4 demo"
                return FileData(name=file.name, type=file.type, data=data)
        raise NotFound("There is no such attachment.")

    async def html(self, actor: Actor, interaction_id: InteractionId) -> str | None:
        await self.entry(actor, interaction_id)
        return self.s.html.get(interaction_id)

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
        self.s.enter(actor, Right.WRITE_NOTES, "timeline.log_call")
        now = self.s.clock.now()
        it = Interaction(
            id=InteractionId(derived_id("i", "call", key) if key else random_id("i")),
            contact_id=contact_id,
            at=now,
            kind=InteractionKind.CALL,
            direction=Direction.INBOUND if incoming else Direction.OUTBOUND,
            channel="phone",
            text=text,
            author=actor.user_id,
            call=Call(incoming=incoming, answered=True, seconds=minutes * 60, started_at=now),
        )
        self.s.entries[it.id] = it
        return it

    async def note(
        self,
        actor: Actor,
        contact_id: ContactId,
        text: str,
        conversation_id: ConversationId | None = None,
        *,
        key: str = "",
    ) -> Interaction:
        self.s.enter(actor, Right.WRITE_NOTES, "timeline.note")
        if key in self.s.notes:
            return self.s.notes[key]
        it = Interaction(
            id=InteractionId(random_id("i")),
            contact_id=contact_id,
            at=self.s.clock.now(),
            kind=InteractionKind.NOTE,
            direction=Direction.INTERNAL,
            text=text,
            author=actor.user_id,
        )
        self.s.entries[it.id] = it
        if key:
            self.s.notes[key] = it
        if conversation_id:
            self.s.placements[it.id] = Placement(
                id=it.id, conversation_id=conversation_id, at=it.at, evidence=Evidence.PERSON, confidence=1.0
            )
        self.s.events.publish(
            Event(topic=Topic.TIMELINE, contact=contact_id, conversation=conversation_id, entry=it.id)
        )
        return it


class FakeConversations(Verb):
    def _page(self, keep: Callable[[Conversation], bool], after: str | None, limit: int) -> Page[ConversationLine]:
        page = cut([c for c in self.s.conversations.values() if keep(c)], after, limit)
        return Page([self.s.line(c) for c in page.items], page.next)

    async def inbox(
        self, actor: Actor, box: str = "all", after: str | None = None, limit: int = 50
    ) -> Page[ConversationLine]:
        self.s.enter(actor, Right.READ_CONTACTS, "conversations.inbox")
        owner = {"mine": actor.id, "queue": "queue"}.get(box)
        queue = box.removeprefix("queue:") if box.startswith("queue:") else None
        waiting = sorted(
            (
                c
                for c in self.s.conversations.values()
                if c.waiting_since and owner in (None, c.owner) and queue in (None, c.queue)
            ),
            key=lambda c: c.waiting_since or c.last_at,
        )
        page = cut(waiting, after, limit)
        return Page([self.s.line(c) for c in page.items], page.next)

    async def recent(
        self, actor: Actor, state: str = "open", after: str | None = None, limit: int = 50
    ) -> Page[ConversationLine]:
        self.s.enter(actor, Right.READ_CONTACTS, "conversations.recent")
        fits = [c for c in self.s.conversations.values() if c.state == state]
        page = cut(sorted(fits, key=lambda c: c.last_at, reverse=True), after, limit)
        return Page([self.s.line(c) for c in page.items], page.next)

    async def get(self, actor: Actor, conversation_id: ConversationId) -> ConversationLine:
        self.s.enter(actor, Right.READ_CONTACTS, "conversations.get")
        return self.s.line(self.s.need(self.s.conversations, conversation_id, "conversation"))

    async def entries(
        self,
        actor: Actor,
        conversation_id: ConversationId,
        after: str | None = None,
        limit: int = 50,
        newest_first: bool = True,
    ) -> Page[TimelineEntry]:
        self.s.enter(actor, Right.READ_CONTACTS, "conversations.entries")
        ids = {p.id for p in self.s.placements.values() if p.conversation_id == conversation_id}
        fits = sorted((self.s.entries[i] for i in ids), key=lambda e: (e.at, e.id), reverse=newest_first)
        page = cut(fits, after, limit)
        return Page([self.s.entry(e) for e in page.items], page.next)

    async def answerable(self, actor: Actor, contact_id: ContactId) -> Conversation:
        self.s.enter(actor, Right.READ_CONTACTS, "conversations.answerable")
        mine = [c for c in self.s.conversations.values() if c.contact_id == contact_id]
        if not mine:
            raise NotFound("There is no conversation with this contact yet.")
        return max(mine, key=lambda c: (c.waiting_since is not None, c.last_at))

    async def draft(self, actor: Actor, conversation_id: ConversationId) -> ReplyDraft:
        self.s.enter(actor, Right.READ_CONTACTS, "conversations.draft")
        c = self.s.need(self.s.conversations, conversation_id, "conversation")
        name = self.s.contacts[c.contact_id].name
        return ReplyDraft(
            conversation=c,
            contact_name=name,
            channel=c.channel,
            account=c.account,
            subject=f"AW: {c.subject}" if c.subject else "",
            to=(Participant(address=c.peer, name=name),),
            cc=(Participant(address=mail("buero@tischlerei-mueller.example"), role=ParticipantRole.CC),)
            if "Stühle" in c.subject
            else (),
            dropped=(mail("hello@fernamt.example"),) if "Stühle" in c.subject else (),
            can_send=c.account != "chat-old",
            problem="" if c.account != "chat-old" else "This channel is not set up for sending.",
        )

    async def reply(
        self,
        actor: Actor,
        conversation_id: ConversationId,
        text: str,
        *,
        key: str = "",
        files: Sequence[FileData] = (),
        immediately: bool = False,
    ) -> ReplyReceipt:
        self.s.enter(actor, Right.WRITE_MESSAGES, "conversations.reply")
        if key and key in self.s.keys:
            return self.s.keys[key]
        if not text.strip():
            raise Invalid("A reply needs a text.", field="text")
        draft = await self.draft(actor, conversation_id)
        c, now = draft.conversation, self.s.clock.now()
        outbox_id = OutboxId(random_id("o"))
        it = Interaction(
            id=InteractionId(with_prefix("i", outbox_id)),
            contact_id=c.contact_id,
            at=now,
            kind=InteractionKind.MESSAGE,
            direction=Direction.OUTBOUND,
            channel=c.channel,
            account=c.account,
            subject=draft.subject,
            text=text,
            recipients=draft.to,
            outbox_id=outbox_id,
            author=actor.user_id,
            attachments=tuple(
                Attachment(index=n, name=f.name, type=f.type, size=len(f.data), sha256="0" * 64)
                for n, f in enumerate(files)
            ),
        )
        leaves = now if immediately else now + timedelta(seconds=20)
        add_outgoing(self.s, c, it, OutboxState.QUEUED, due=leaves, item_id=outbox_id)
        self.s.conversations[c.id] = dataclasses.replace(c, waiting_since=None, last_at=now, last_text=text[:200])
        receipt = ReplyReceipt(entry_id=it.id, items=(outbox_id,), leaves_at=leaves, draft=draft)
        if key:
            self.s.keys[key] = receipt
        self.s.events.publish(Event(topic=Topic.TIMELINE, contact=c.contact_id, conversation=c.id, entry=it.id))
        return receipt

    def _change(self, actor: Actor, verb: str, conversation_id: str, **changes: Any) -> Conversation:
        self.s.enter(actor, Right.OWN_CONVERSATIONS, verb)
        c = self.s.need(self.s.conversations, conversation_id, "conversation")
        self.s.conversations[c.id] = changed = dataclasses.replace(c, version=c.version + 1, **changes)
        self.s.events.publish(Event(topic=Topic.CONVERSATION, contact=c.contact_id, conversation=c.id))
        return changed

    async def assign(self, actor: Actor, conversation_id: ConversationId, user_id: UserId | None) -> Conversation:
        return self._change(actor, "conversations.assign", conversation_id, owner=user_id or "queue")

    async def close(self, actor: Actor, conversation_id: ConversationId) -> Conversation:
        closed = ConversationState.CLOSED
        return self._change(actor, "conversations.close", conversation_id, state=closed, waiting_since=None)

    async def reopen(self, actor: Actor, conversation_id: ConversationId) -> Conversation:
        return self._change(actor, "conversations.reopen", conversation_id, state=ConversationState.OPEN)

    async def delete(self, actor: Actor, conversation_id: ConversationId) -> int:
        self.s.enter(actor, Right.DELETE_CONVERSATIONS, "conversations.delete")
        self.s.need(self.s.conversations, conversation_id, "conversation")
        gone = [p.id for p in self.s.placements.values() if p.conversation_id == conversation_id]
        for entry_id in gone:
            del self.s.entries[entry_id], self.s.placements[entry_id]
        del self.s.conversations[conversation_id]
        return len(gone)


class FakeOutbox(Verb):
    async def page(
        self, actor: Actor, state: OutboxState, after: str | None = None, limit: int = 50
    ) -> Page[OutboxItem]:
        self.s.enter(actor, Right.RUN_OUTBOX, "outbox.page")
        fits = [i for i in self.s.items.values() if i.state == state]
        return cut(sorted(fits, key=lambda i: i.created_at, reverse=True), after, limit)

    async def get(self, actor: Actor, item_id: OutboxId) -> OutboxItem:
        self.s.enter(actor, Right.RUN_OUTBOX, "outbox.get")
        return self.s.need(self.s.items, item_id, "message")

    async def _move(self, actor: Actor, verb: str, item_id: OutboxId, state: OutboxState, **changes: Any) -> OutboxItem:
        self.s.enter(actor, Right.RUN_OUTBOX, verb)
        item = await self.get(actor, item_id)
        if item.state in (OutboxState.SENT, OutboxState.DELIVERED, OutboxState.CANCELLED):
            raise Conflict("It has already left.", state=item.state.value)
        self.s.items[item_id] = changed = dataclasses.replace(item, state=state, **changes)
        self.s.events.publish(Event(topic=Topic.OUTBOX, id=item_id, contact=item.contact_id, entry=item.entry_id))
        return changed

    async def retry(self, actor: Actor, item_id: OutboxId) -> OutboxItem:
        return await self._move(actor, "outbox.retry", item_id, OutboxState.QUEUED, due_at=self.s.clock.now())

    async def cancel(self, actor: Actor, item_id: OutboxId) -> OutboxItem:
        return await self._move(actor, "outbox.cancel", item_id, OutboxState.CANCELLED)

    async def settle(self, actor: Actor, item_id: OutboxId) -> OutboxItem:
        return await self._move(actor, "outbox.settle", item_id, OutboxState.SENT)


class FakeQuarantine(Verb):
    async def page(self, actor: Actor, after: str | None = None, limit: int = 50) -> Page[QuarantineLine]:
        self.s.enter(actor, Right.RUN_QUARANTINE, "quarantine.page")
        return cut(list(self.s.quarantined.values()), after, limit)

    async def raw(self, actor: Actor, arrival_id: str) -> FileData:
        self.s.enter(actor, Right.RUN_QUARANTINE, "quarantine.raw")
        self.s.need(self.s.quarantined, arrival_id, "arrival")
        raw = (
            b"From: bounce@bulk.example\r\nSubject: =?utf-8?B?w6Q=?=\r\nContent-Type: multipart/mixed; boundary=x"
            b"\r\n\r\n--y\r\n<script>alert(1)</script>\r\n"
        )
        return FileData(name=f"{arrival_id}.eml", type="message/rfc822", data=raw)

    async def replay(self, actor: Actor, arrival_id: str) -> str:
        self.s.enter(actor, Right.RUN_QUARANTINE, "quarantine.replay")
        self.s.need(self.s.quarantined, arrival_id, "arrival")
        del self.s.quarantined[arrival_id]
        return "done"


class FakeChannels(Verb):
    lines: tuple[ChannelLine, ...] = ()

    async def all(self, actor: Actor) -> list[ChannelLine]:
        self.s.enter(actor, Right.READ_STATUS, "channels.all")
        return list(self.lines)

    async def links(self, actor: Actor, code: str) -> tuple[tuple[str, str], ...]:
        return (("telegram", f"https://t.me/joinery_bot?start=link_{code}"),)

    async def kinds(self, actor: Actor) -> list[KindLine]:
        self.s.enter(actor, Right.RUN_CHANNELS, "channels.kinds")
        unused = Path("/nonexistent")
        return LiveConfiguration(unused, unused, KINDS, asyncio.Event().wait).kinds()  # type: ignore[arg-type]

    async def probe(self, actor: Actor, name: str) -> list[ProbeStep]:
        self.s.enter(actor, Right.RUN_CHANNELS, "channels.probe")
        if name not in {line.name for line in self.lines}:
            raise NotFound("There is no such channel.")
        if name == "support":
            return [
                ProbeStep(title="Find the mailbox's server", ok=True, detail="192.0.2.7"),
                ProbeStep(title="Connect to the mailbox", ok=True, detail="imap.example.org:993, TLS: implicit"),
                ProbeStep(
                    title="Sign in to the mailbox",
                    ok=False,
                    detail="imap.example.org:993 refuses name or password of support: correct them, or allow "
                    "IMAP for this account.",
                    fix="Check user and password; the provider may want a password for applications.",
                ),
            ]
        return [
            ProbeStep(title="Find the mailbox's server", ok=True),
            ProbeStep(title="Connect to the mailbox", ok=True),
        ]


class FakeUsers(Verb):
    def _actor(self, user_id: str, via: str, scopes: tuple[str, ...] = ()) -> Actor:
        user = self.s.users[user_id]
        return Actor(
            kind=ActorKind.USER,
            id=user_id,
            name=user.display_name or user.name,
            roles=(user.role,),
            via=via,
            language=user.language,
            time_zone="Europe/Berlin",
            must_change_password=user_id in self.s.must_change,
            scopes=scopes,
        )

    async def add(
        self, actor: Actor, name: str, role: UserRole, *, display_name: str = "", language: str = "en"
    ) -> tuple[UserLine, str]:
        self.s.enter(actor, Right.RUN_USERS, "users.add")
        user_id = user_id_of(fold(name))
        if user_id in self.s.users:
            raise Conflict(f'The name "{name}" is taken; choose another one.', field="name")
        line = add_user(self.s, name, role, display_name or name, language)
        self.s.must_change.add(line.id)
        self.s.passwords[line.id] = "drei-kurze-worte"
        return line, "drei-kurze-worte"

    async def change(
        self,
        actor: Actor,
        user_id: UserId,
        *,
        role: UserRole | None = None,
        own_role: str | None = None,
        rows: RowScope | None = None,
        teams: Sequence[str] | None = None,
        active: bool | None = None,
        display_name: str | None = None,
    ) -> UserLine:
        self.s.enter(actor, Right.RUN_USERS, "users.change")
        given = {"role": role, "own_role": own_role, "rows": rows, "active": active, "display_name": display_name}
        changed = dataclasses.replace(self.s.users[user_id], **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
        self.s.users[user_id] = changed if teams is None else dataclasses.replace(changed, teams=tuple(teams))
        return self.s.users[user_id]

    async def roles(self, actor: Actor) -> list[Role]:
        self.s.enter(actor, Right.READ_STATUS, "users.roles")
        return list(self.s.roles.values())

    async def save_role(self, actor: Actor, role: Role) -> Role:
        self.s.enter(actor, Right.RUN_USERS, "users.save_role")
        saved = dataclasses.replace(role, id=role.id or fold(role.name), version=role.version + 1)
        self.s.roles[saved.id] = saved
        return saved

    async def delete_role(self, actor: Actor, role_id: str) -> None:
        self.s.enter(actor, Right.RUN_USERS, "users.delete_role")
        if any(user.own_role == role_id for user in self.s.users.values()):
            raise Conflict("They still have this role; give them another one first.")
        del self.s.roles[role_id]

    async def all(self, actor: Actor) -> list[UserLine]:
        self.s.enter(actor, Right.READ_CONTACTS, "users.all")
        return list(self.s.users.values())

    async def get(self, actor: Actor, name_or_id: str) -> UserLine:
        for user in self.s.users.values():
            if name_or_id in (user.id, user.name):
                return user
        raise NotFound("There is no such colleague.")

    async def set_password(self, actor: Actor, user_id: UserId, password: str, *, keep_session: str = "") -> None:
        if len(password) < 10:
            raise Invalid("A password has 10 to 1,000 characters.", field="password")
        self.s.passwords[user_id] = password
        self.s.must_change.discard(user_id)

    async def set_preferences(
        self, actor: Actor, user_id: UserId, *, language: str | None = None, time_zone: str | None = None
    ) -> UserLine:
        user = self.s.users[user_id]
        self.s.users[user_id] = user = dataclasses.replace(user, language=language or user.language)
        return user

    async def link_code(self, actor: Actor, user_id: UserId) -> str:
        self.s.need(self.s.users, user_id, "colleague")
        return "K7QM2XPA"

    async def bind(self, address: Address, code: str) -> UserLine | None:
        return None

    async def unlink(self, actor: Actor, user_id: UserId, address: Address) -> None:
        user = self.s.users[user_id]
        self.s.users[user_id] = dataclasses.replace(user, links=tuple(a for a in user.links if a != address))

    def staff_at(self, address: Address) -> UserLine | None:
        return None

    async def sign_in(self, name: str, password: str, client: str) -> SignIn | None:
        if "users.sign_in" in self.s.fail:
            raise self.s.fail["users.sign_in"]
        user_id = user_id_of(fold(name))
        if self.s.passwords.get(user_id) != password:
            return None
        cookie = random_id("s")
        self.s.sessions[cookie] = user_id
        return SignIn(cookie=cookie, user=self.s.users[user_id], must_change_password=user_id in self.s.must_change)

    async def sign_out(self, cookie: str) -> None:
        self.s.sessions.pop(cookie, None)

    async def session_actor(self, cookie: str) -> Actor | None:
        user_id = self.s.sessions.get(cookie)
        return self._actor(user_id, "console") if user_id else None

    async def token_actor(self, token: str) -> Actor | None:
        user_id = self.s.tokens.get(token)
        scopes = (SCOPE_LOCAL,) if token.endswith("-local") else ()
        return self._actor(user_id, "api", scopes) if user_id else None

    async def add_token(self, actor: Actor, name: str, scopes: Sequence[str] = ()) -> tuple[AccessToken, str]:
        if not name:
            raise Invalid(
                "A token has a name of 1 to 100 characters, so that it can be told from others.", field="name"
            )
        made = AccessToken(
            id=f"t{len(self.s.own_tokens)}",
            user_id=UserId(actor.id),
            name=name,
            scopes=tuple(scopes),
            created_at=self.s.clock.now(),
        )
        self.s.own_tokens.append(made)
        return made, "fernamt_demo_token"

    async def tokens(self, actor: Actor) -> list[AccessToken]:
        return [token for token in self.s.own_tokens if token.user_id == actor.id]

    async def end_token(self, actor: Actor, token_id: str) -> None:
        self.s.own_tokens = [token for token in self.s.own_tokens if token.id != token_id]

    async def actor_for(self, actor: Actor, name: str) -> Actor:
        self.s.enter(actor, Right.ASK_AS, "users.actor_for")
        return self._actor((await self.get(actor, name)).id, actor.via)

    async def actor_of(self, user_id: UserId, via: str) -> Actor | None:
        return self._actor(user_id, via) if user_id in self.s.users else None


class FakeAudit(Verb):
    async def page(
        self,
        actor: Actor,
        day: str = "",
        after: str | None = None,
        limit: int = 50,
        *,
        who: str = "",
        subject: str = "",
        zone: tzinfo = UTC,
    ) -> Page[AuditEntry]:
        self.s.enter(actor, Right.READ_AUDIT, "audit.page")
        if subject or who:
            return cut([e for e in self.s.audit if subject in ("", e.subject) and who in ("", e.actor)], after, limit)
        if day:
            try:
                date.fromisoformat(day)
            except ValueError as error:
                raise Invalid("A day looks like 2026-11-23.", day=day) from error
        wanted = day or "2026-11-23"
        return cut([e for e in self.s.audit if e.at.astimezone(zone).date().isoformat() == wanted], after, limit)


class FakeStatus(Verb):
    async def read(self, actor: Actor) -> HubStatus:
        self.s.enter(actor, Right.READ_STATUS, "status.read")
        counts = {state: sum(i.state == state for i in self.s.items.values()) for state in OutboxState}
        return HubStatus(
            version="0.1.0",
            engine="sqlite",
            started_at=START - timedelta(days=3, hours=4),
            now=self.s.clock.now(),
            ready=True,
            channels=FakeChannels.lines,
            outbox=tuple((state.value, count) for state, count in counts.items()),
            oldest_due=START - timedelta(minutes=18),
            waiting=sum(c.waiting_since is not None for c in self.s.conversations.values()),
            quarantined=len(self.s.quarantined),
            problems=("The channel support is parked until its settings are mended.",),
            rebuilding=self.s.rebuilding,
        )


class FakeBusiness(Verb):
    """Accounts, calendar, reminders and the desk of a company that has none of these yet."""

    async def summary(self, actor: Actor, contact_id: ContactId, side: Side = Side.RECEIVABLE) -> AccountSummary:
        return AccountSummary(contact_id=contact_id, contact_name="", side=side, balances=(), overdue=(), open_items=())

    async def agenda(self, actor: Actor, since: datetime, until: datetime, **whose: Any) -> list[Any]:
        return []

    async def calendars(self, actor: Actor) -> list[Any]:
        return []

    async def next(self, actor: Actor, contact_id: ContactId | None = None) -> None:
        return None

    async def mine(self, actor: Actor, limit: int = 50) -> list[Any]:
        return []

    async def alerts(self, actor: Actor) -> AlertChoice:
        return AlertChoice(id=actor.id)

    async def queues(self, actor: Actor) -> list[Any]:
        return []

    async def waiting(self, actor: Actor) -> dict[str, int]:
        return {}


class FakeSearch(Verb):
    """People whose names hold the words, and entries that hold them."""

    async def find(
        self,
        actor: Actor,
        words: str,
        *,
        kinds: Sequence[str] = (),
        channel: str = "",
        contact_id: ContactId | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int = 20,
    ) -> Page[Hit]:
        self.s.enter(actor, Right.READ_CONTACTS, "search.find")
        people = (
            [] if after or channel or contact_id or since or until else await FakeContacts(self.s).find(actor, words)
        )
        hits = [_person_found(match.contact) for match in people if not kinds or "contact" in kinds]
        asked = [
            entry
            for entry in self.s.entries.values()
            if (not kinds or entry.kind.value in kinds)
            and channel in ("", entry.channel)
            and contact_id in (None, entry.contact_id)
            and (since is None or entry.at >= since)
            and (until is None or entry.at < until)
        ]
        folded = fold(words).split()
        fits = [e for e in asked if folded and all(w in fold(f"{e.subject} {e.text}") for w in folded)]
        page = cut(sorted(fits, key=lambda e: e.at, reverse=True), after, limit)
        return Page([*hits, *(_entry_found(self.s.entry(e), words) for e in page.items)], page.next)

    async def meant(self, actor: Actor, words: str) -> str:
        self.s.enter(actor, Right.READ_CONTACTS, "search.meant")
        return "Müller" if words == "Mülllerr" else ""

    async def state(self, actor: Actor) -> IndexState:
        self.s.enter(actor, Right.READ_CONTACTS, "search.state")
        return IndexState(rebuilding=self.s.rebuilding)

    async def rebuild(self, actor: Actor, after: str = "") -> Rebuilt:
        self.s.enter(actor, Right.RUN_CHANNELS, "search.rebuild")
        return Rebuilt(done=0 if after else 500, next=None if after else "entries:i_1")


def _person_found(contact: Contact) -> Hit:
    return Hit(
        kind="contact",
        id=contact.id,
        title=contact.name,
        at=contact.created_at,
        snippet=contact.organisation,
        contact_id=contact.id,
        contact_name=contact.name,
    )


def _entry_found(entry: TimelineEntry, words: str) -> Hit:
    it = entry.interaction
    place = it.text.lower().find(words.lower())
    return Hit(
        kind=it.kind.value,
        id=it.id,
        title=it.subject,
        at=it.at,
        snippet=it.text[:160],
        highlights=((place, place + len(words)),) if 0 <= place < 160 else (),
        contact_id=it.contact_id,
        contact_name=entry.contact_name,
        conversation_id=entry.conversation_id,
        channel=it.channel,
    )


class FakeVerbs:
    """All groups over one state."""

    def __init__(self, clock: FakeClock | None = None, events: FakeEvents | None = None) -> None:
        self.clock, self.bus = clock or FakeClock(), events or FakeEvents()
        self.state = State(self.clock, self.bus)
        self.fail = self.state.fail
        self.contacts = FakeContacts(self.state)
        self.timeline = FakeTimeline(self.state)
        self.conversations = FakeConversations(self.state)
        self.outbox = FakeOutbox(self.state)
        self.quarantine = FakeQuarantine(self.state)
        self.channels = FakeChannels(self.state)
        self.users = FakeUsers(self.state)
        self.audit = FakeAudit(self.state)
        self.status = FakeStatus(self.state)
        self.search = FakeSearch(self.state)
        empty: Any = FakeBusiness(self.state)
        self.accounts, self.calendar, self.reminders, self.desk, self.register = empty, empty, empty, empty, empty
        self.reports = empty
        self.occasions, self.guests = empty, empty
        self.guest_path = "/e/none"
        from tests.fake_company import fill

        fill(self.state)


class FakeDoor:
    """The staff bot, with three answers."""

    async def take(self, arrival: Any) -> bool:
        return False

    async def refuse(self, account: str, address: Address, arrival_id: Any) -> None:
        return None

    async def ask(self, actor: Actor, text: str) -> BotReply:
        folded = fold(text)
        german = actor.language == "de"
        if "bild" in folded:
            file = FileData(name="Umsatz.png", type="image/png", data=PNG)
            return BotReply(text="Umsatz", intent="revenue", files=(file,), language=actor.language)
        if "mueller" in folded:
            choices = (
                Choice(kind="contact", id="1", label="Petra Müller, Tischlerei Müller"),
                Choice(kind="contact", id="2", label="Jens Müller, Holz Müller"),
            )
            head = "Zwei passen:" if german else "Two fit:"
            return BotReply(
                text=f"{head} 1 {choices[0].label} · 2 {choices[1].label}",
                intent="contact.show",
                slots={"contact": "müller"},
                choices=choices,
                blocks=(Text(text=head),),
                language=actor.language,
            )
        if folded.startswith(("reply", "antworte")):
            line = (
                "An p.mueller@tischlerei-mueller.example per Mail, Betreff „AW: Angebot für 12 Stühle“. Senden?"
                if german
                else "To p.mueller@tischlerei-mueller.example by mail, subject “AW: Angebot für 12 Stühle”. Send?"
            )
            buttons = ("ja", "nein", "ändern") if german else ("yes", "no", "change")
            return BotReply(text=line, intent="reply", buttons=buttons, blocks=(Confirm(text=line),))
        if folded in ("inbox", "eingang"):
            head = "Es warten 2:" if german else "2 are waiting:"
            table = Table(
                headings=("", "Kontakt", "seit") if german else ("", "Contact", "since"),
                rows=(("1", "Petra Müller", "09:12"), ("2", "Daniel Okafor", "08:30")),
            )
            return BotReply(text=head, intent="inbox", blocks=(Text(text=head), table))
        hint = (
            "Das habe ich nicht verstanden. Versuch: wer ist Müller · eingang · hilfe"
            if german
            else "I did not understand that. Try: who is Müller · inbox · help"
        )
        return BotReply(text=hint, intent="unknown", buttons=("eingang", "hilfe") if german else ("inbox", "help"))


def add_user(state: State, name: str, role: UserRole, display_name: str, language: str) -> UserLine:
    user_id = user_id_of(fold(name))
    links = (jid(f"{name}@chat.example"),) if name != "kim" else ()
    line = UserLine(
        id=user_id, name=name, display_name=display_name, role=role, language=language, active=True, links=links
    )
    state.users[user_id] = line
    return line


def add_outgoing(
    state: State,
    c: Conversation,
    it: Interaction,
    status: OutboxState,
    *,
    due: datetime,
    item_id: OutboxId,
    reason: str = "",
    detail: str = "",
) -> None:
    """An outgoing entry with its outbox item."""
    state.entries[it.id] = it
    state.placements[it.id] = Placement(
        id=it.id, conversation_id=c.id, at=it.at, evidence=Evidence.REPLY, confidence=1.0
    )
    outcomes = {
        OutboxState.HELD: AttemptOutcome.UNKNOWN,
        OutboxState.FAILED: AttemptOutcome.PERMANENT,
        OutboxState.QUEUED: AttemptOutcome.TEMPORARY,
    }
    attempts = (
        Attempt(
            number=1,
            epoch=1,
            started_at=it.at,
            ended_at=it.at + timedelta(seconds=2),
            outcome=outcomes.get(status, AttemptOutcome.SENT),
            detail=detail,
        ),
    )
    state.items[item_id] = OutboxItem(
        id=item_id,
        account=c.account,
        channel=c.channel,
        recipient=c.peer,
        lane=lane_of(c.account, c.peer),
        purpose=Purpose.REPLY,
        content=OutgoingContent(subject=it.subject, text=it.text, message_id=f"{item_id}@fernamt.example"),
        state=status,
        due_at=due,
        created_at=it.at,
        give_up_at=it.at + timedelta(days=2),
        contact_id=c.contact_id,
        conversation_id=c.id,
        entry_id=it.id,
        author=it.author,
        attempts=attempts if due <= state.clock.now() else (),
        reason=reason,
        detail=detail,
    )


__all__ = ["START", "ContactKind", "FakeClock", "FakeDoor", "FakeEvents", "FakeVerbs"]
