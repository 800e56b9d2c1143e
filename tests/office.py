"""A small office: every verb wired as the hub wires it, over the in-memory store and standing time. `Office.open()` has
an admin, Anna (agent, German) and Ben (agent, English); documents of customers are put in directly."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from argon2 import PasswordHasher

from connectors.email.address import EmailForm
from connectors.fax.address import FaxForm
from connectors.xmpp.address import XmppForm
from hub.archive import Filed, build_archive
from hub.business import Business, Ground, build_business
from hub.domain.address import Address
from hub.domain.arrival import ArrivalRecord, ArrivalState
from hub.domain.contact import Contact, Identity, identity_id
from hub.domain.conversation import Conversation, Evidence, Placement
from hub.domain.folding import fold
from hub.domain.ids import ArrivalId, ContactId, ConversationId, InteractionId, UserId, derived_id
from hub.domain.interaction import Direction, Interaction, InteractionKind
from hub.domain.message import Envelope, Parsed, Participant, ParticipantRole, Strength
from hub.domain.people import Actor, ActorKind, RowScope, UserRole, system_actor
from hub.ports.kinds import ARRIVALS, AUDIT, CONTACTS, CONVERSATIONS, IDENTITIES, INTERACTIONS, PLACEMENTS
from hub.ports.parser import ParseJob
from hub.ports.renderer import ExtractedText, Paper
from hub.ports.scanner import Scanner
from hub.ports.search import SearchEntry
from hub.rendering.paper import make_pdf
from hub.rendering.pictures import preview
from hub.rendering.reading import read_text
from hub.reporting import build_reporting
from hub.services.channels import Channels
from hub.services.chronicle import Chronicle
from hub.services.contacts import Contacts
from hub.services.conversations import Conversations
from hub.services.deletion import Deletion
from hub.services.documents.checking import Checking
from hub.services.forms import Forms
from hub.services.lines import Lines
from hub.services.matching import name_entry
from hub.services.passwords import Passwords
from hub.services.reports.marking import Marks
from hub.services.reports.reports import Reports
from hub.services.search.facets import entry_facets
from hub.services.search.following import follow_store
from hub.services.sharing import Sharing
from hub.services.sources import Sources
from hub.services.staff import Staff
from hub.services.status import Status
from hub.services.timeline import Timeline
from hub.services.users import Users
from storage.terms import extract_terms
from tests.fake_configuration import FakeConfiguration
from tests.outbox_world import SECRET, World

PASSWORD = "correct-horse-battery"
SYSTEM = system_actor("test")
CONTACT_ACTOR = Actor(kind=ActorKind.CONTACT, id="c_somebody", via="mail")


def mail(text: str) -> Address:
    return Address(channel="email", normal=text)


class SameProcess:
    """The parse worker's contract without a process, for raw bytes that are their own parts."""

    async def parse(self, jobs: Sequence[ParseJob]) -> list[Parsed | None]:
        return [None for _ in jobs]

    async def extract(self, kind: str, raw: bytes, index: int) -> bytes:
        return raw.split(b"|")[index]

    async def render_html(self, kind: str, raw: bytes) -> str | None:
        return f"<p>{kind}: {raw.decode()}</p>"


class SameRenderer:
    """The rendering worker's contract without a process."""

    async def read_text(self, data: bytes, type: str, name: str) -> ExtractedText:
        return read_text(data, type, name)

    async def preview(self, data: bytes, type: str, name: str, width: int = 480) -> bytes:
        return preview(data, width)

    async def make_pdf(self, paper: Paper) -> bytes:
        return make_pdf(paper)


class Office:
    """The verbs and their store."""

    def __init__(self) -> None:
        world = self.world = World()
        self.store, self.findable = follow_store(world.store, extract_terms, world.clock)
        self.clock, self.events = world.clock, world.events
        self.audit, self.accounts = world.audit, world.accounts
        self.staff = Staff(self.store)
        self.passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.lines = Lines(self.store, self.staff)
        self.users = Users(
            store=self.store, clock=self.clock, audit=self.audit, staff=self.staff, passwords=self.passwords
        )
        self.contacts = Contacts(
            store=self.store,
            clock=self.clock,
            audit=self.audit,
            events=self.events,
            forms=Forms([EmailForm(), XmppForm()]),
            staff=self.staff,
        )
        self.timeline = Timeline(
            store=self.store,
            clock=self.clock,
            audit=self.audit,
            events=self.events,
            terms=extract_terms,
            lines=self.lines,
            sources=Sources(self.store, self.accounts, SameProcess()),
        )
        self.conversations = Conversations(
            store=self.store,
            clock=self.clock,
            audit=self.audit,
            staff=self.staff,
            lines=self.lines,
            chronicle=Chronicle(self.store, self.clock, self.events),
            deletion=Deletion(self.store, self.clock, SECRET),
            replies=world.replies,
        )
        self.configuration = FakeConfiguration()
        self.channels = Channels(
            store=self.store, audit=self.audit, accounts=self.accounts, configuration=self.configuration
        )
        self.status = Status(
            store=self.store,
            clock=self.clock,
            audit=self.audit,
            channels=self.channels,
            version="0.1.0",
            started_at=self.clock.now(),
            ready=lambda: True,
        )

    def open_business(self) -> Business:
        """Accounts, calendars, reminders and the desk, wired as the hub wires them."""
        return build_business(self.ground())

    def open_archive(self, business: Business | None = None, *, scanner: Scanner | None = None) -> Filed:
        """Documents, wired as the hub wires them; the renderer is in this process."""
        return build_archive(
            self.ground(),
            business or self.open_business(),
            Checking(self.store, self.clock, scanner),
            SameRenderer(),
            base_url="https://hub.example",
            max_bytes=5_000_000,
        )

    def open_reports(self, business: Business) -> Reports:
        """As the hub wires them; what was written before is counted by `rebuild`."""
        return build_reporting(self.ground(), business, Marks(self.store)).reports

    def ground(self) -> Ground:
        """What the business stands on."""
        return Ground(
            store=self.store,
            clock=self.clock,
            audit=self.audit,
            events=self.events,
            staff=self.staff,
            channels=self.accounts,
            outbox=self.world.outbox,
            entries=self.world.entries,
            suppressions=self.world.suppressions,
            forms=Forms([EmailForm(), XmppForm(), FaxForm()]),
            terms=extract_terms,
            findable=self.findable,
            worker=SameProcess(),
            secret=SECRET,
            sharing=Sharing(
                store=self.store,
                clock=self.clock,
                audit=self.audit,
                secret=SECRET,
                base_url="https://hub.example",
            ),
            hostname="hub.example",
            company="Tischlerei Nord",
            time_zone="Europe/Berlin",
            language="de",
        )

    @classmethod
    async def open(cls) -> "Office":
        office = cls()
        await office.users.load()
        office.admin_password = await office.users.ensure_admin() or ""
        await office.users.add(SYSTEM, "anna", UserRole.AGENT, display_name="Anna Seidel", language="de")
        await office.users.add(SYSTEM, "ben", UserRole.AGENT, display_name="Ben Carter", language="en")
        office.admin = await office.actor("admin")
        office.anna = await office.actor("anna")
        office.ben = await office.actor("ben")
        return office

    async def limit(self, name: str, rows: RowScope, *teams: str) -> Actor:
        """Let a colleague see less."""
        await self.users.change(self.admin, self.user_id(name), rows=rows, teams=teams)
        return await self.actor(name)

    admin: Actor
    anna: Actor
    ben: Actor
    admin_password: str

    async def actor(self, name: str, via: str = "console") -> Actor:
        found = await self.users.actor_of(self.staff.named(name).id, via)
        assert found is not None
        return found

    def user_id(self, name: str) -> UserId:
        return self.staff.named(name).id

    # Documents

    async def customer(self, name: str, *addresses: str, organisation: str = "") -> Contact:
        contact = Contact(
            id=ContactId(derived_id("c", name)),
            version=1,
            name=name,
            sort_name=fold(name),
            organisation=organisation,
            created_at=self.clock.now(),
        )
        await self.store.documents(CONTACTS).insert(contact)
        for text in addresses:
            await self.store.documents(IDENTITIES).insert(
                Identity(
                    id=identity_id(mail(text)),
                    contact_id=contact.id,
                    address=mail(text),
                    strength=Strength.CLAIMED,
                    source="import",
                    since=self.clock.now(),
                )
            )
        await self.store.search.put_names([name_entry(contact, [mail(text) for text in addresses])])
        return contact

    async def conversation(
        self, contact: Contact, name: str, *, waiting: bool = True, owner: str = "queue"
    ) -> Conversation:
        """With one mail in it."""
        now = self.clock.now()
        address = mail(f"{contact.sort_name.replace(' ', '.')}@customer.example")
        conversation = Conversation(
            id=ConversationId(derived_id("v", contact.id, name)),
            version=1,
            contact_id=contact.id,
            channel="email",
            account="office",
            peer=address,
            peer_key=address.key,
            subject=name,
            owner=owner,
            waiting_since=now if waiting else None,
            created_at=now,
            last_at=now,
            last_interaction=InteractionId(derived_id("i", contact.id, name)),
        )
        await self.store.documents(CONVERSATIONS).insert(conversation)
        await self.message(contact, name, conversation)
        return conversation

    async def message(
        self,
        contact: Contact,
        name: str,
        conversation: Conversation | None = None,
        *,
        at: datetime | None = None,
        **fields: object,
    ) -> Interaction:
        """A mail that arrived, with its arrival."""
        at = at or self.clock.now()
        arrival = ArrivalId(derived_id("a", contact.id, name))
        entry = Interaction(
            **{  # type: ignore[arg-type]
                "id": InteractionId(derived_id("i", contact.id, name)),
                "version": 1,
                "contact_id": contact.id,
                "at": at,
                "kind": InteractionKind.MESSAGE,
                "direction": Direction.INBOUND,
                "channel": "email",
                "account": "office",
                "subject": name,
                "text": f"text of {name}",
                "sender": Participant(address=mail("sender@customer.example"), role=ParticipantRole.FROM),
                "message_id": f"{derived_id('x', name)}@customer.example",
                "arrival_id": arrival,
                **fields,
            }
        )
        if entry.arrival_id is not None:
            await self.store.documents(ARRIVALS).insert(
                ArrivalRecord(
                    id=arrival,
                    account="office",
                    native_id=name,
                    envelope=Envelope(sender="sender@customer.example"),
                    received_at=at,
                    raw=b"first|second",
                    size=12,
                    state=ArrivalState.DONE,
                    result=entry.id,
                )
            )
        await self.store.documents(INTERACTIONS).insert(entry)
        await self.store.search.put_many(
            [SearchEntry(id=entry.id, at=at, facets=entry_facets(entry), terms=extract_terms(entry.text))]
        )
        if conversation is not None:
            await self.store.documents(PLACEMENTS).insert(
                Placement(
                    id=entry.id,
                    conversation_id=conversation.id,
                    at=at,
                    evidence=Evidence.REFERENCES,
                    confidence=0.9,
                )
            )
        return entry

    def later(self, **span: float) -> datetime:
        """Let time pass."""
        self.clock.advance(timedelta(**span).total_seconds())
        return self.clock.now()

    def audited(self) -> list[tuple[str, str, str, str]]:
        """(actor, verb, subject, outcome) of what is durable."""
        rows = self.store.documents(AUDIT).rows.values()
        return [(row.actor, row.verb, row.subject, row.outcome) for row in rows]
