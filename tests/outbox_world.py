"""Everything around the outbox, wired as the hub wires it, over the in-memory store and fake connectors. One `World` is
one company; `start` and `crash` begin and end a process of its hub."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from hub.domain.address import Address
from hub.domain.contact import Contact
from hub.domain.conversation import Conversation, Evidence, Placement
from hub.domain.ids import ContactId, ConversationId, InteractionId, OutboxId, derived_id
from hub.domain.interaction import Direction, Interaction, InteractionKind, message_reference_id
from hub.domain.message import Attachment, Participant, ParticipantRole
from hub.domain.outbox import OutboxItem, OutboxState, OutgoingContent, Purpose, lane_of
from hub.domain.people import Actor, ActorKind, UserRole, user_id_of
from hub.domain.views import UserLine
from hub.ports.connector import LinkState
from hub.ports.kinds import CONTACTS, CONVERSATIONS, INTERACTIONS, OUTBOX, PLACEMENTS
from hub.services.audit import Audit
from hub.services.broadcast import Broadcast
from hub.services.deliveries import Deliveries
from hub.services.dispatch import Dispatcher
from hub.services.notices import Notices
from hub.services.outbox import Outbox
from hub.services.outgoing import OutgoingEntries
from hub.services.replies import Replies
from hub.services.suppressions import Suppressions
from hub.services.transmission import Limits, Transmitter
from tests.fake_connector import CHAT_ACCOUNT, MAIL_ACCOUNT, START, FakeAccounts, FakeConnector, ManualClock
from tests.memory_store import MemoryStore

SECRET = b"a secret of thirty-two bytes, say"
LIMITS = Limits(grace=0.0, cancel_wait=1.0)
PETRA = Address(channel="email", normal="petra@carpenter.example")
ANNA = UserLine(
    id=user_id_of("anna"),
    name="anna",
    display_name="Anna Seidel",
    role=UserRole.AGENT,
    language="de",
    active=True,
    links=(Address(channel="xmpp", normal="anna@joinery.example"),),
)
BEN = replace(
    ANNA,
    id=user_id_of("ben"),
    name="ben",
    display_name="Ben Carter",
    language="en",
    links=(Address(channel="xmpp", normal="ben@joinery.example"),),
)


def actor(user: UserLine = ANNA) -> Actor:
    return Actor(kind=ActorKind.USER, id=user.id, name=user.name, roles=(user.role,), via="console", language="de")


class Forms:
    """Addresses that are in normal form already."""

    def normalise(self, channel: str, text: str) -> Address:
        return Address(channel=channel, normal=text.lower())

    def recognise(self, text: str) -> list[Address]:
        return []


def split(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.lower().split()))


class World:
    """The store, the peers and the clock outlive the hub's processes."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = MemoryStore(clock=self.clock)
        self.mail = FakeConnector(points=self.store.points)
        self.chat = FakeConnector(points=self.store.points)
        self.accounts = FakeAccounts({"office": self.mail, "chat": self.chat}, (MAIL_ACCOUNT, CHAT_ACCOUNT))
        self.staff = [ANNA, BEN]
        self.epoch = 0
        self.lease_error: Exception | None = None
        self.outcomes: list[str] = []
        self.task: asyncio.Task[None] | None = None
        self.submits = 0
        self.find_infected: Callable[[tuple[Attachment, ...]], Awaitable[str]] | None = None
        self.build()

    def build(self) -> None:
        """The objects of a fresh process."""
        self.epoch += 1
        store, clock = self.store, self.clock
        self.events = Broadcast()
        self.audit = Audit(store, clock)
        self.suppressions = Suppressions(store, clock)
        self.entries = OutgoingEntries(
            store=store, events=self.events, terms=split, accounts=self.accounts, forms=Forms()
        )
        self.outbox = Outbox(
            store=store,
            clock=clock,
            events=self.events,
            audit=self.audit,
            entries=self.entries,
            suppressions=self.suppressions,
        )
        self.notices = Notices(
            store=self.store, clock=clock, accounts=self.accounts, outbox=self.outbox, staff=self.links
        )
        self.outbox.tell_with(self.notices.tell_author)
        self.deliveries = Deliveries(store=store, clock=clock, outbox=self.outbox, suppressions=self.suppressions)
        self.transmitter = Transmitter(
            store=store,
            clock=clock,
            accounts=self.accounts,
            outbox=self.outbox,
            entries=self.entries,
            suppressions=self.suppressions,
            epoch=self._epoch,
            observe=lambda outcome: self.outcomes.append(outcome.value),
            find_infected=self.find_infected,
            limits=LIMITS,
            jitter=lambda: 1.0,
        )
        self.dispatcher = Dispatcher(
            store=store, clock=clock, outbox=self.outbox, transmitter=self.transmitter, limits=LIMITS
        )
        self.replies = Replies(
            store=store,
            clock=clock,
            accounts=self.accounts,
            outbox=self.outbox,
            entries=self.entries,
            suppressions=self.suppressions,
            audit=self.audit,
            owns=lambda address: address.domain == "joinery.example",
            secret=SECRET,
            hostname="hub.joinery.example",
        )

    def _epoch(self) -> int:
        if self.lease_error is not None:
            raise self.lease_error
        return self.epoch

    def links(self) -> list[tuple[UserLine, Address]]:
        return [(user, address) for user in self.staff for address in user.links]

    # Processes

    def start(self) -> None:
        self.task = asyncio.create_task(self.dispatcher.run(), name="dispatcher")

    async def stop(self) -> None:
        """End the process: nothing of it runs any more."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
            self.task = None

    async def restart(self, crash_after: int | None = None) -> None:
        """The old process is gone, the next one begins."""
        await self.stop()
        self.store.restart(crash_after=crash_after)
        self.build()
        self.start()

    async def settle(self) -> None:
        """Until nothing moves while time stands still."""
        quiet, seen = 0, -1
        while quiet < 40:
            await asyncio.sleep(0)
            quiet = quiet + 1 if self.store.points.passed == seen else 0
            seen = self.store.points.passed

    async def pass_time(self, seconds: float, step: float = 5.0) -> None:
        await self.settle()
        while seconds > 0:
            self.clock.advance(min(step, seconds))
            seconds -= step
            await self.settle()

    def set_link(self, name: str, state: LinkState) -> None:
        self.accounts.states[name] = state
        self.dispatcher.link_changed(name, state)

    # What is in the store

    @property
    def rows(self) -> dict[str, OutboxItem]:
        return self.store.documents(OUTBOX).rows

    def item(self, item_id: str) -> OutboxItem:
        return self.rows[item_id]

    def state(self, item_id: str) -> OutboxState:
        return self.rows[item_id].state

    def notices_to(self, user: UserLine) -> list[str]:
        found = [i for i in self.rows.values() if i.purpose is Purpose.NOTICE and i.recipient == user.links[0]]
        return [item.content.text for item in sorted(found, key=lambda item: item.created_at)]

    # What happens

    def make_item(
        self, number: int, recipient: Address = PETRA, *, account: str = "office", delay: float = 0
    ) -> OutboxItem:
        """A message of Anna's without a timeline entry."""
        now = self.clock.now()
        item_id = OutboxId(derived_id("o", "test", str(number)))
        return OutboxItem(
            id=item_id,
            account=account,
            channel=recipient.channel,
            recipient=recipient,
            lane=lane_of(account, recipient),
            purpose=Purpose.REPLY,
            content=OutgoingContent(text=f"text {number}", subject=f"subject {number}", message_id=f"{item_id}@x"),
            due_at=now + timedelta(seconds=delay),
            created_at=now,
            give_up_at=now + timedelta(days=2),
            author=ANNA.id,
            message_key=message_reference_id(f"{item_id}@x"),
        )

    async def receive(
        self,
        number: int = 1,
        *,
        sender: Address = PETRA,
        subject: str = "Angebot für 12 Stühle",
        to: tuple[Participant, ...] = (),
        reply_to: Participant | None = None,
        message_id: str = "",
        **conversation_fields: object,
    ) -> Conversation:
        """A message of Petra's is on her timeline, in her one conversation."""
        now = self.clock.now()
        contact_id = ContactId(derived_id("c", sender.key))
        contact = Contact(
            id=contact_id, name="Petra Müller", sort_name="petra mueller", language="de", created_at=START
        )
        await self.store.documents(CONTACTS).insert(contact)
        entry = Interaction(
            id=InteractionId(derived_id("i", sender.key, str(number))),
            contact_id=contact_id,
            at=now,
            kind=InteractionKind.MESSAGE,
            direction=Direction.INBOUND,
            channel=sender.channel,
            account="office" if sender.channel == "email" else "chat",
            subject=subject,
            text="Könnten Sie bitte?",
            sender=Participant(address=sender, name="Petra Müller", role=ParticipantRole.FROM),
            recipients=to or (person("office@joinery.example"),),
            reply_to=reply_to,
            message_id=message_id or f"customer-{number}@carpenter.example",
        )
        await self.store.documents(INTERACTIONS).insert(entry)
        conversation_id = ConversationId(derived_id("v", sender.key))
        placement = Placement(
            id=entry.id, conversation_id=conversation_id, at=now, evidence=Evidence.NONE, confidence=1.0
        )
        await self.store.documents(PLACEMENTS).insert(placement)
        conversation = Conversation(
            id=conversation_id,
            contact_id=contact_id,
            channel=sender.channel,
            account=entry.account,
            peer=sender,
            peer_key=sender.key,
            subject=subject,
            waiting_since=now,
            created_at=now,
            last_at=now,
            last_interaction=entry.id,
        )
        conversation = replace(conversation, **conversation_fields)  # type: ignore[arg-type]
        conversations = self.store.documents(CONVERSATIONS)
        known = await conversations.get(conversation_id)
        if known is None:
            await conversations.insert(conversation)
        else:
            waiting = known.waiting_since or now
            newer = replace(known, last_at=now, last_interaction=entry.id, waiting_since=waiting)
            await conversations.replace(newer, known.version)
        stored = await conversations.get(conversation_id)
        assert stored is not None
        return stored


def person(address: str, role: ParticipantRole = ParticipantRole.TO, name: str = "") -> Participant:
    return Participant(address=Address(channel="email", normal=address), name=name, role=role)
