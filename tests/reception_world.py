"""Everything around the customer bot, wired as the hub wires it: real parsers and intake, real services, the real bot,
over the in-memory store. A test writes to the company like a customer, and reads what the company sends."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Self

from bots.customer.assistant import CustomerAssistant
from connectors.email.address import EMAIL_FORM
from connectors.email.parse import EMAIL_PARSER
from connectors.phone.address import PHONE_FORM
from connectors.shop.address import SHOP_FORM
from connectors.shop.parse import SHOP_PARSER
from connectors.xmpp.address import XMPP_FORM
from connectors.xmpp.parse import XMPP_PARSER
from hub.business import Business, build_business
from hub.domain.address import Address
from hub.domain.appointment import AppointmentDraft, Calendar, CalendarKind, WorkingHours
from hub.domain.arrival import Arrival
from hub.domain.contact import Contact, ContactRole, Identity, identity_id
from hub.domain.conversation import Conversation
from hub.domain.folding import fold
from hub.domain.ids import ContactId, derived_id
from hub.domain.ledger import EntryDraft, EntryKind
from hub.domain.message import Envelope, Strength
from hub.domain.outbox import OutboxItem, Purpose, reveal
from hub.parsing.inline import InlineParseWorker
from hub.parsing.reading import context_of
from hub.ports.kinds import AUDIT, CONTACTS, CONVERSATIONS, IDENTITIES, INTERACTIONS
from hub.ports.parser import ParseContext
from hub.reception import CustomerBotRules, build_reception
from hub.services.customers.reception import ReceptionRules
from hub.services.forms import Forms
from hub.services.intake import Intake
from tests.fake_connector import CHAT_ACCOUNT, MAIL_ACCOUNT
from tests.intake_world import NORTHWIND, FakeDeliveries, FakeDoor, chat, mail, words
from tests.office import Office
from tests.outbox_world import SECRET

PETRA_MAIL, PETRA_CHAT = "p.mueller@tischlerei.example", "petra@chat.example"
FORMS = Forms([EMAIL_FORM, XMPP_FORM, SHOP_FORM, PHONE_FORM])
PASSED = "mx.joinery.example; dmarc=pass header.from={domain}; dkim=pass header.d={domain}"


@dataclass(frozen=True)
class Said:
    """One thing that the company sent by itself."""

    to: str
    text: str
    item: OutboxItem


class CustomerOffice:
    """An office with a customer, Petra Müller: her mail address was imported a month ago, her chat is not known. It is
    Monday 2026-11-23, 10:00 in Berlin, within business hours."""

    office: Office
    business: Business
    petra: Contact
    calendar: Calendar

    @classmethod
    async def open(cls, rules: CustomerBotRules | None = None, *, roles: tuple[ContactRole, ...] = ()) -> Self:
        self = cls()
        self.office = office = await Office.open()
        self.clock, self.store, self.world = office.clock, office.store, office.world
        accounts = office.world.accounts
        # The company's one bot account serves colleagues and customers.
        accounts.accounts["office"] = replace(MAIL_ACCOUNT, authserv_id="mx.joinery.example")
        accounts.accounts["chat"] = replace(CHAT_ACCOUNT, own_addresses=("hub@joinery.example",))
        accounts.accounts["northwind"] = NORTHWIND
        self.door = FakeDoor()
        self.number = 0
        self.build(rules)
        self.petra = await self.customer("Petra Müller", PETRA_MAIL, roles=roles)
        return self

    def build(self, rules: CustomerBotRules | None = None) -> None:
        """The objects of a fresh process."""
        office = self.office
        self.rules = rules or CustomerBotRules(reception=ReceptionRules(language="de"))
        parsers = {"email": EMAIL_PARSER, "xmpp": XMPP_PARSER, "shop": SHOP_PARSER}
        worker = InlineParseWorker(parsers, words, self._context)
        self.ground = replace(office.ground(), worker=worker)
        self.business = build_business(self.ground)
        self.filed = office.open_archive(self.business)
        self.reception = build_reception(
            self.ground,
            self.business,
            self.world.notices,
            self.filed.overviews,
            make_bot=CustomerAssistant,
            rules=self.rules,
        )
        self.intake = Intake(
            store=self.store,
            worker=worker,
            accounts=office.accounts,
            forms=FORMS,
            events=office.events,
            teller=self.reception,
            door=self.door,
            deliveries=FakeDeliveries(),
            report=lambda account, state, detail: None,
            clock=self.clock,
            secret=SECRET,
            terms=words,
            max_message_bytes=1_000_000,
            facts=self.business.sales,
        )

    def _context(self, name: str) -> ParseContext:
        return context_of(self.office.accounts.accounts[name], SECRET)

    # Who and what there is

    async def customer(
        self,
        name: str,
        *addresses: str,
        roles: tuple[ContactRole, ...] = (),
        source: str = "import",
        strength: Strength = Strength.CLAIMED,
        known_for: timedelta = timedelta(days=30),
        language: str = "de",
    ) -> Contact:
        contact = Contact(
            id=ContactId(derived_id("c", name)),
            version=1,
            name=name,
            sort_name=fold(name),
            roles=roles,
            language=language,
            owner=self.office.user_id("anna"),
            created_at=self.clock.now(),
        )
        await self.store.documents(CONTACTS).insert(contact)
        for text in addresses:
            await self.know(contact, text, source=source, strength=strength, known_for=known_for)
        return contact

    async def know(
        self,
        contact: Contact,
        text: str,
        *,
        source: str = "import",
        strength: Strength = Strength.CLAIMED,
        known_for: timedelta = timedelta(days=30),
        channel: str = "email",
    ) -> Address:
        address = Address(channel=channel, normal=text)
        await self.store.documents(IDENTITIES).insert(
            Identity(
                id=identity_id(address),
                contact_id=contact.id,
                address=address,
                strength=strength,
                source=source,
                since=self.clock.now() - known_for,
            )
        )
        return address

    async def verified_chat(self, contact: Contact | None = None, text: str = PETRA_CHAT) -> None:
        """A colleague entered the chat address: the contact need not prove it."""
        await self.know(contact or self.petra, text, channel="xmpp", source="user:u_anna", strength=Strength.VERIFIED)

    async def invoice(self, amount: str = "1000", number: str = "R-2001", contact: Contact | None = None) -> None:
        today = self.clock.now().date()
        await self.business.accounts.post(
            self.office.anna,
            EntryDraft(
                contact_id=(contact or self.petra).id,
                kind=EntryKind.INVOICE,
                amount=Decimal(amount),
                number=number,
                date=today - timedelta(days=60),
                due=today - timedelta(days=30),
            ),
            key=f"invoice-{number}",
        )

    async def bookable(self, *, minutes: int = 60, bookable: bool = True) -> Calendar:
        """A showroom that customers may book, Monday to Friday 9 to 12 and 13 to 17."""
        hours = tuple(
            WorkingHours(weekday=day, start=start * 60, end=end * 60)
            for day in range(5)
            for start, end in ((9, 12), (13, 17))
        )
        self.calendar = await self.business.calendar.save_calendar(
            self.office.admin,
            Calendar(
                id="",
                name="Ausstellung",
                sort_name="ausstellung",
                kind=CalendarKind.ROOM,
                time_zone="Europe/Berlin",
                hours=hours,
                bookable=bookable,
                slot_minutes=minutes,
            ),
        )
        return self.calendar

    async def appointment(self, start: datetime, contact: Contact | None = None, *, recurrence: str = "") -> Any:
        return await self.business.calendar.book(
            self.office.anna,
            AppointmentDraft(
                start=start,
                minutes=60,
                title="Aufmaß",
                contact_id=(contact or self.petra).id,
                calendars=(self.calendar.id,),
                recurrence=recurrence,
            ),
            key=f"appointment-{start}",
        )

    # Writing to the company

    async def chat(self, text: str, sender: str = PETRA_CHAT, *, settle: bool = True) -> list[str]:
        """What the company answers in the chat."""
        raw = chat(text, sender=sender)
        return await self._receive("chat", raw, Envelope(sender=f"{sender}/phone", authenticated=True), sender, settle)

    async def mail(
        self,
        text: str,
        sender: str = PETRA_MAIL,
        *,
        authentic: bool = True,
        subject: str = "Anfrage",
        settle: bool = True,
        **headers: str,
    ) -> list[str]:
        """What the company answers to this address by mail."""
        if authentic:
            headers["Authentication_Results"] = PASSED.format(domain=sender.rpartition("@")[2])
        raw = mail(text, sender=f"Petra Müller <{sender}>", subject=subject, **headers)
        return await self._receive("office", raw, Envelope(sender=sender), sender, settle)

    async def _receive(self, account: str, raw: bytes, envelope: Envelope, sender: str, settle: bool) -> list[str]:
        before = {said.item.id for said in self.said(sender)}
        self.number += 1
        arrival = Arrival(
            account=account,
            native_id=f"native-{self.number}",
            raw=raw,
            envelope=envelope,
            received_at=self.clock.now(),
        )
        await self.intake.inlet(account).accept(arrival)
        await self.intake.drain()
        self.clock.advance(1)
        if settle:
            await self.reception.settle()
            self.clock.advance(1)
        return [said.text for said in self.said(sender) if said.item.id not in before]

    # What the company said

    def said(self, to: str = "", *purposes: Purpose) -> list[Said]:
        """Automatic messages and letters, oldest first."""
        wanted = purposes or (Purpose.AUTOMATIC, Purpose.LETTER)
        found = [item for item in self.world.rows.values() if item.purpose in wanted]
        found.sort(key=lambda item: (item.created_at, item.id))
        return [
            Said(item.recipient.normal, reveal(item.content).text, item)
            for item in found
            if to in ("", item.recipient.normal)
        ]

    def codes(self, to: str = PETRA_MAIL) -> list[str]:
        """The one-time codes that were mailed."""
        letters = [said.text for said in self.said(to, Purpose.LETTER) if "Code" in said.text or "code" in said.text]
        return ["".join(filter(str.isdigit, text.partition("10 Minuten")[0].partition("10 minutes")[0]))[:6]
                for text in letters]  # fmt: skip

    def notices(self) -> list[str]:
        """What colleagues were told."""
        return [said.text for said in self.said("", Purpose.NOTICE)]

    def conversation(self, peer: str = PETRA_CHAT) -> Conversation:
        found = [one for one in self.store.documents(CONVERSATIONS).rows.values() if one.peer.normal == peer]
        return max(found, key=lambda one: one.last_at)

    def audited(self, verb: str) -> list[str]:
        """Outcomes of a verb, oldest first."""
        rows = sorted(self.store.documents(AUDIT).rows.values(), key=lambda row: row.at)
        return [row.outcome for row in rows if row.verb == verb]

    @property
    def entries(self) -> list[Any]:
        return list(self.store.documents(INTERACTIONS).rows.values())

    async def prove(self, sender: str = PETRA_CHAT, address: str = PETRA_MAIL) -> list[str]:
        """The whole way of an unknown chat address to a verified one."""
        await self.chat("Was ist noch offen bei mir?", sender)
        await self.chat(address, sender)
        return await self.chat(self.codes(address)[-1], sender)
