"""The verbs on a small desk, by hand: a few contacts and conversations, what was written, and an error slot for each
verb. `desk.fail("reply", error)` raises before the effect, `desk.fail("reply", error, late=True)` after it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from rapidfuzz import fuzz

from hub.domain.address import Address
from hub.domain.contact import Contact, ContactKind, ContactRole, Identity, identity_id
from hub.domain.conversation import QUEUE_OWNER, Conversation, ConversationState
from hub.domain.document import FilingProposal
from hub.domain.errors import Ambiguous, Conflict, NotFound, Refused
from hub.domain.finding import Hit, IndexState
from hub.domain.folding import fold
from hub.domain.ids import ContactId, ConversationId, InteractionId, OutboxId, UserId, derived_id
from hub.domain.interaction import Direction, Interaction, InteractionKind
from hub.domain.message import Participant, Strength
from hub.domain.outbox import OutboxItem, OutboxState, OutgoingContent, Purpose
from hub.domain.people import Actor, ActorKind, Right, UserRole, user_id_of
from hub.domain.views import (
    ChannelLine,
    ContactCard,
    ContactDraft,
    ContactMatch,
    ConversationLine,
    EntryDetail,
    FileData,
    HubStatus,
    ReplyDraft,
    ReplyReceipt,
    TimelineEntry,
    UserLine,
)
from hub.ports.store import Page

NOW = datetime(2026, 8, 3, 8, 2, tzinfo=UTC)
"""Monday, 10:02 in Berlin."""
ANNA = user_id_of("anna")
BEN = user_id_of("ben")


def actor(
    name: str = "anna", role: UserRole = UserRole.AGENT, language: str = "de", via: str = "xmpp", **more: Any
) -> Actor:
    """A colleague at the bot's door."""
    return Actor(
        kind=ActorKind.USER, id=user_id_of(name), name=name.title(), roles=(role,), via=via, language=language, **more
    )


class DeskClock:
    """Set by hand."""

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class Slot:
    """An error that waits for a verb."""

    error: BaseException
    late: bool
    times: int


@dataclass
class Desk:
    """Implements Verbs as far as the staff bot uses them; each area is the same object."""

    clock: DeskClock
    people: dict[str, Contact] = field(default_factory=dict)
    addresses: dict[str, list[Identity]] = field(default_factory=dict)
    threads: dict[str, Conversation] = field(default_factory=dict)
    entries_: list[Interaction] = field(default_factory=list)
    placed: dict[str, ConversationId] = field(default_factory=dict)
    items: dict[str, OutboxItem] = field(default_factory=dict)
    receipts: dict[str, ReplyReceipt] = field(default_factory=dict)
    sent_files: list[FileData] = field(default_factory=list)
    noted: dict[str, Interaction] = field(default_factory=dict)
    calls: list[tuple[str, int, bool]] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    slots: dict[str, Slot] = field(default_factory=dict)
    can_send: bool = True
    problem: str = ""
    copy: tuple[Participant, ...] = ()
    take_back: int = 20
    rebuilding: int | None = None

    @property
    def contacts(self) -> "Desk":
        return self

    @property
    def documents(self) -> "Desk":
        return self

    async def propose(self, actor: Actor, file: FileData) -> FilingProposal:
        self._begin("propose", actor, Right.READ_CONTACTS)
        return FilingProposal()

    @property
    def search(self) -> "DeskSearch":
        return DeskSearch(self)

    users = timeline = conversations = outbox = status = channels = quarantine = audit = contacts

    def fail(self, verb: str, error: BaseException, *, late: bool = False, times: int = 1) -> None:
        self.slots[verb] = Slot(error, late, times)

    def _begin(self, verb: str, actor: Actor, right: Right | None = None) -> None:
        if right and right not in actor.rights:
            raise Refused(f'This needs the right "{right.value}"; an admin can grant it.', right=right.value)
        self._raise(verb, late=False)

    def _end(self, verb: str) -> None:
        self.writes.append(verb)
        self._raise(verb, late=True)

    def _raise(self, verb: str, *, late: bool) -> None:
        slot = self.slots.get(verb) or self.slots.get("*")
        if slot and slot.late == late and slot.times > 0:
            slot.times -= 1
            raise slot.error

    # contacts

    async def find(self, actor: Actor, text: str, limit: int = 10) -> list[ContactMatch]:
        self._begin("find", actor, Right.READ_CONTACTS)
        return self._matches(text)[:limit]

    def _matches(self, text: str) -> list[ContactMatch]:
        wanted = fold(text)
        scored = []
        for contact in self.people.values():
            known = {fold(contact.name), contact.id, *(i.address.normal for i in self.addresses.get(contact.id, ()))}
            words = set(fold(f"{contact.name} {contact.organisation}").split())
            if wanted in known or text.strip().lower() in known:
                score = 100
            elif wanted and set(wanted.split()) <= words:
                score = 90
            else:
                score = min(80, int(fuzz.WRatio(wanted, fold(contact.name))))
            scored.append(ContactMatch(contact=contact, score=score))
        return sorted((m for m in scored if m.score >= 50), key=lambda m: (-m.score, m.contact.sort_name))

    async def resolve(self, actor: Actor, text: str) -> Contact:
        self._begin("resolve", actor, Right.READ_CONTACTS)
        matches = self._matches(text)
        sure = [m for m in matches if m.score == 100] or [m for m in matches if m.score >= 90]
        if len(sure) == 1:
            return sure[0].contact
        if sure:
            raise Ambiguous("Several contacts fit.", choices=sure)
        raise NotFound("Nobody fits.", nearest=matches[:3])

    async def card(self, actor: Actor, contact_id: ContactId) -> ContactCard:
        self._begin("card", actor, Right.READ_CONTACTS)
        contact = self.people[contact_id]
        threads = tuple(
            sorted((c for c in self.threads.values() if c.contact_id == contact_id), key=lambda c: c.last_at)[::-1]
        )
        waiting = sorted((c for c in threads if c.waiting_since), key=lambda c: c.waiting_since or NOW)
        entries = [entry for entry in self.entries_ if entry.contact_id == contact_id]
        return ContactCard(
            contact=contact,
            identities=tuple(self.addresses.get(contact_id, ())),
            conversations=threads,
            last=max(entries, key=lambda entry: entry.at) if entries else None,
            waiting=waiting[0] if waiting else None,
            owner_name=self._name(contact.owner) if contact.owner else "",
        )

    async def create(self, actor: Actor, draft: ContactDraft) -> Contact:
        self._begin("create", actor, Right.EDIT_CONTACTS)
        contact = self.add(draft.name or "", created_at=self.clock.now())
        for _, text in draft.addresses:
            self.add_address(contact, text)
        self._end("create")
        return contact

    # timeline

    async def page(self, actor: Actor, contact_id: ContactId, limit: int = 50, **_: object) -> Page[TimelineEntry]:
        self._begin("page", actor, Right.READ_CONTACTS)
        found = [entry for entry in self.entries_ if entry.contact_id == contact_id]
        return self._page(found, limit)

    def _page(self, found: list[Interaction], limit: int) -> Page[TimelineEntry]:
        found = sorted(found, key=lambda entry: entry.at, reverse=True)
        lines = [self._line(entry) for entry in found[:limit]]
        return Page(items=lines, next="more" if len(found) > limit else None)

    def _line(self, entry: Interaction) -> TimelineEntry:
        return TimelineEntry(
            interaction=entry,
            conversation_id=self.placed.get(entry.id),
            contact_name=self.people[entry.contact_id].name,
            author_name=self._name(entry.author) if entry.author else "",
        )

    def find_hits(self, actor: Actor, text: str, limit: int) -> Page[Hit]:
        """As `search.find`."""
        self._begin("search", actor, Right.READ_CONTACTS)
        words = set(fold(text).split())
        found = [e for e in self.entries_ if words <= set(fold(f"{e.subject} {e.text}").split())]
        people = [self._person(match.contact) for match in self._matches(text) if match.score >= 90]
        page = self._page(found, limit)
        return Page([*people, *(self._hit(line) for line in page.items)], page.next)

    def _person(self, contact: Contact) -> Hit:
        return Hit(
            kind="contact",
            id=contact.id,
            title=contact.name,
            at=contact.created_at,
            contact_id=contact.id,
            contact_name=contact.name,
        )

    def _hit(self, line: TimelineEntry) -> Hit:
        entry = line.interaction
        return Hit(
            kind=entry.kind.value,
            id=entry.id,
            title=entry.subject,
            at=entry.at,
            snippet=entry.text,
            contact_id=entry.contact_id,
            contact_name=line.contact_name,
            conversation_id=line.conversation_id,
            channel=entry.channel,
        )

    async def entry(self, actor: Actor, interaction_id: InteractionId) -> EntryDetail:
        self._begin("entry", actor, Right.READ_CONTACTS)
        found = next(entry for entry in self.entries_ if entry.id == interaction_id)
        return EntryDetail(entry=self._line(found), placement=None, sightings=(), items=())

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
        self._begin("log_call", actor, Right.WRITE_NOTES)
        if key not in self.noted:
            self.noted[key] = self.add_entry(
                self.people[contact_id], text, kind=InteractionKind.CALL, channel="phone", author=actor.user_id
            )
            self.calls.append((text, minutes, incoming))
            self._end("log_call")
        return self.noted[key]

    async def note(
        self,
        actor: Actor,
        contact_id: ContactId,
        text: str,
        conversation_id: ConversationId | None = None,
        *,
        key: str = "",
    ) -> Interaction:
        self._begin("note", actor, Right.WRITE_NOTES)
        if key not in self.noted:
            self.noted[key] = self.add_entry(
                self.people[contact_id], text, kind=InteractionKind.NOTE, author=actor.user_id
            )
            self._end("note")
        return self.noted[key]

    # conversations

    async def inbox(self, actor: Actor, box: str = "all", limit: int = 50, **_: object) -> Page[ConversationLine]:
        self._begin("inbox", actor, Right.READ_CONTACTS)
        owner = {"mine": actor.id, "queue": QUEUE_OWNER}.get(box)
        found = [c for c in self.threads.values() if c.waiting_since and owner in (None, c.owner)]
        found.sort(key=lambda c: c.waiting_since or NOW)
        return Page(items=[self._thread(c) for c in found[:limit]], next="more" if len(found) > limit else None)

    def _thread(self, conversation: Conversation) -> ConversationLine:
        owner = conversation.owner_user
        return ConversationLine(
            conversation=conversation,
            contact_name=self.people[conversation.contact_id].name,
            owner_name=self._name(owner) if owner else "",
        )

    async def get(self, actor: Actor, id_: str) -> Any:
        """Shared by conversations, users and the outbox."""
        self._begin("get", actor)
        if id_.startswith("v_"):
            return self._thread(self.threads[id_])
        if id_.startswith("o_"):
            return self.items[id_]
        for user in self._users():
            if id_ == user.id or fold(id_) == user.name:
                return user
        raise NotFound("No such colleague.")

    async def entries(self, actor: Actor, conversation_id: ConversationId, limit: int = 50) -> Page[TimelineEntry]:
        self._begin("entries", actor, Right.READ_CONTACTS)
        return self._page([e for e in self.entries_ if self.placed.get(e.id) == conversation_id], limit)

    async def answerable(self, actor: Actor, contact_id: ContactId) -> Conversation:
        self._begin("answerable", actor, Right.READ_CONTACTS)
        found = [c for c in self.threads.values() if c.contact_id == contact_id]
        if not found:
            raise NotFound("Nothing to answer.")
        return min(found, key=lambda c: (c.waiting_since is None, c.waiting_since or NOW))

    async def draft(self, actor: Actor, conversation_id: ConversationId) -> ReplyDraft:
        self._begin("draft", actor, Right.WRITE_MESSAGES)
        conversation = self.threads[conversation_id]
        return ReplyDraft(
            conversation=conversation,
            contact_name=self.people[conversation.contact_id].name,
            channel=conversation.channel,
            account=conversation.account,
            subject=f"AW: {conversation.subject}" if conversation.subject else "",
            to=(Participant(address=conversation.peer),),
            cc=self.copy,
            can_send=self.can_send,
            problem=self.problem,
            take_back_seconds=self.take_back,
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
        self._begin("reply", actor, Right.WRITE_MESSAGES)
        assert key
        if key not in self.receipts:
            self.sent_files.extend(files)
            draft = await self.draft(actor, conversation_id)
            now = self.clock.now()
            item_id = OutboxId(derived_id("o", key))
            self.items[item_id] = OutboxItem(
                id=item_id,
                account=draft.account,
                channel=draft.channel,
                recipient=draft.to[0].address,
                lane="",
                purpose=Purpose.REPLY,
                content=OutgoingContent(text=text, subject=draft.subject),
                due_at=now + timedelta(seconds=self.take_back),
                created_at=now,
                give_up_at=now + timedelta(days=3),
            )
            self.receipts[key] = ReplyReceipt(
                entry_id=InteractionId("i_x"),
                items=(item_id,),
                leaves_at=now + timedelta(seconds=self.take_back),
                draft=draft,
            )
            self._end("reply")
        return self.receipts[key]

    async def assign(self, actor: Actor, conversation_id: ConversationId, user_id: UserId | None) -> Conversation:
        self._begin("assign", actor, Right.OWN_CONVERSATIONS)
        changed = replace(self.threads[conversation_id], owner=user_id or QUEUE_OWNER)
        self.threads[conversation_id] = changed
        self._end("assign")
        return changed

    async def close(self, actor: Actor, conversation_id: ConversationId) -> Conversation:
        return self._set_state("close", actor, conversation_id, ConversationState.CLOSED)

    async def reopen(self, actor: Actor, conversation_id: ConversationId) -> Conversation:
        return self._set_state("reopen", actor, conversation_id, ConversationState.OPEN)

    def _set_state(self, verb: str, actor: Actor, id_: ConversationId, state: ConversationState) -> Conversation:
        self._begin(verb, actor, Right.OWN_CONVERSATIONS)
        if self.threads[id_].state is state:
            raise Conflict("It is so already.")
        self.threads[id_] = replace(self.threads[id_], state=state, waiting_since=None)
        self._end(verb)
        return self.threads[id_]

    # outbox, users, status

    async def cancel(self, actor: Actor, item_id: OutboxId) -> OutboxItem:
        self._begin("cancel", actor, Right.RUN_OUTBOX)
        item = self.items[item_id]
        if item.state is not OutboxState.QUEUED or item.due_at <= self.clock.now():
            raise Conflict("It is being sent or was sent.")
        self.items[item_id] = replace(item, state=OutboxState.CANCELLED)
        self._end("cancel")
        return self.items[item_id]

    async def all(self, actor: Actor) -> list[UserLine]:
        self._begin("all", actor)
        return self._users()

    def _users(self) -> list[UserLine]:
        return [
            UserLine(
                id=user_id_of(name),
                name=name,
                display_name=shown,
                role=role,
                language="de",
                active=True,
                links=(),
            )
            for name, shown, role in (
                ("anna", "Anna Beck", UserRole.AGENT),
                ("ben", "Ben Roth", UserRole.AGENT),
                ("chef", "Carla Roth", UserRole.ADMIN),
            )
        ]

    def _name(self, user_id: UserId | None) -> str:
        return next((u.display_name.split()[0] for u in self._users() if u.id == user_id), "")

    async def read(self, actor: Actor) -> HubStatus:
        self._begin("read", actor, Right.READ_STATUS)
        return HubStatus(
            version="0.1.0",
            engine="sqlite",
            started_at=NOW - timedelta(hours=2),
            now=NOW,
            ready=True,
            channels=(self._channel("post", "email", "up", ""), self._channel("bot", "xmpp", "down", "no route")),
            outbox=(("queued", 2), ("sent", 1200), ("held", 1)),
            oldest_due=None,
            waiting=len([c for c in self.threads.values() if c.waiting_since]),
            quarantined=1,
            problems=(),
            rebuilding=self.rebuilding,
        )

    def _channel(self, name: str, kind: str, state: str, detail: str) -> ChannelLine:
        return ChannelLine(
            name=name,
            kind=kind,
            state=state,
            detail=detail,
            since=None,
            can_send=True,
            addresses=(),
            seen=1234,
            done=1230,
            duplicates=2,
            quarantined=1,
            pending=1,
        )

    # filling

    def add(self, name: str, organisation: str = "", created_at: datetime = NOW, **more: Any) -> Contact:
        contact = Contact(
            id=ContactId(derived_id("c", name)),
            name=name,
            sort_name=fold(name),
            organisation=organisation,
            created_at=created_at,
            **more,
        )
        self.people[contact.id] = contact
        return contact

    def add_address(self, contact: Contact, normal: str, channel: str = "email") -> Address:
        address = Address(channel=channel, normal=normal)
        self.addresses.setdefault(contact.id, []).append(
            Identity(
                id=identity_id(address),
                contact_id=contact.id,
                address=address,
                strength=Strength.VERIFIED,
                source="test",
                since=NOW,
            )
        )
        return address

    def add_thread(self, contact: Contact, peer: Address, subject: str, text: str, at: datetime) -> Conversation:
        entry = self.add_entry(contact, text, subject=subject, channel=peer.channel, at=at)
        conversation = Conversation(
            id=ConversationId(derived_id("v", contact.id, subject or peer.key)),
            contact_id=contact.id,
            channel=peer.channel,
            account="post",
            peer=peer,
            peer_key=peer.key,
            subject=subject,
            waiting_since=at,
            created_at=at,
            last_at=at,
            last_interaction=entry.id,
            last_text=text,
        )
        self.threads[conversation.id] = conversation
        self.placed[entry.id] = conversation.id
        return conversation

    def add_entry(
        self,
        contact: Contact,
        text: str,
        *,
        subject: str = "",
        channel: str = "",
        at: datetime | None = None,
        kind: InteractionKind = InteractionKind.MESSAGE,
        author: UserId | None = None,
    ) -> Interaction:
        entry = Interaction(
            id=InteractionId(derived_id("i", contact.id, text, str(len(self.entries_)))),
            contact_id=contact.id,
            at=at or self.clock.now(),
            kind=kind,
            direction=Direction.INTERNAL if kind is InteractionKind.NOTE else Direction.INBOUND,
            channel=channel,
            subject=subject,
            text=text,
            author=author,
        )
        self.entries_.append(entry)
        return entry


def laid_desk() -> Desk:
    """Three people called Müller, a firm, and what waits."""
    desk = Desk(DeskClock())
    march = datetime(2024, 3, 11, 9, tzinfo=UTC)
    customer = (ContactRole.CUSTOMER,)
    petra = desk.add("Petra Müller", "Tischlerei Müller", march, city="Köln", roles=customer, owner=ANNA)
    desk.add("Jens Müller", "Holz Müller", march, roles=(ContactRole.SUPPLIER,))
    desk.add("Kim Müller", "", march, roles=(ContactRole.COLLEAGUE,))
    kunz = desk.add("Holz Kunz", "", march, roles=customer, kind=ContactKind.ORGANISATION)
    desk.add("Jens Hoffmann", "", march, roles=customer)
    mail = desk.add_address(petra, "p.mueller@tischlerei.example")
    chat = desk.add_address(kunz, "kunz@chat.example", "xmpp")
    desk.add_address(kunz, "info@kunz.example")
    first = NOW - timedelta(minutes=50)
    desk.add_thread(petra, mail, "Angebot für 12 Stühle", "Wann kommt das Angebot für die 12 Stühle?", first)
    desk.add_thread(kunz, chat, "", "Die Ware ist da, zwei Bretter fehlen.", NOW - timedelta(days=3))
    return desk


class DeskSearch:
    """The search of a desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def find(self, actor: Actor, words: str, *, limit: int = 20, **_: object) -> Page[Hit]:
        return self.desk.find_hits(actor, words, limit)

    async def meant(self, actor: Actor, words: str) -> str:
        """One word that people mistype."""
        return words.replace("Stuhele", "Stühle") if "Stuhele" in words else ""

    async def state(self, actor: Actor) -> IndexState:
        return IndexState(rebuilding=self.desk.rebuilding)
