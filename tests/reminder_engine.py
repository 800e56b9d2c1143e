"""Reminders over any store: the parts that fire, wired as the hub wires them, without the rest of an office."""

from datetime import datetime

from hub.domain.address import Address
from hub.domain.ids import ContactId
from hub.domain.people import Actor, StaffLink, User, UserRole, staff_link_id, user_id_of
from hub.ports.clock import Clock
from hub.ports.store import Store
from hub.services.alerts import Alerts
from hub.services.audit import Audit
from hub.services.briefing import Briefings
from hub.services.broadcast import Broadcast
from hub.services.outbox import Outbox
from hub.services.outgoing import OutgoingEntries
from hub.services.own_mail import OwnMail
from hub.services.reminders import Reminders
from hub.services.reminding import Reminding
from hub.services.staff import Staff
from hub.services.suppressions import Suppressions
from tests.fake_connector import CHAT_ACCOUNT, FakeAccounts, FakeConnector
from tests.outbox_world import Forms, split

ZONE = "Europe/Berlin"


class Nobody:
    """No contact is told anything."""

    async def say(self, contact_id: ContactId, text: str, *, subject: str, key: str, if_wanted: bool = False) -> None:
        raise AssertionError("no contact is to be told")


class ReminderEngine:
    """One process of the hub, as far as reminders go."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        accounts = FakeAccounts({"chat": FakeConnector()}, (CHAT_ACCOUNT,))
        events, suppressions = Broadcast(), Suppressions(store, clock)
        self.audit, self.staff = Audit(store, clock), Staff(store)
        self.outbox = Outbox(
            store=store,
            clock=clock,
            events=events,
            audit=self.audit,
            entries=OutgoingEntries(store=store, events=events, terms=split, accounts=accounts, forms=Forms()),
            suppressions=suppressions,
        )
        self.alerts = Alerts(
            store=store, clock=clock, audit=self.audit, accounts=accounts, outbox=self.outbox, staff=self.staff
        )
        self.reminding = Reminding(
            store=store, clock=clock, staff=self.staff, alerts=self.alerts, contacts=Nobody(), time_zone=ZONE
        )
        self.reminders = Reminders(
            store=store,
            clock=clock,
            audit=self.audit,
            alerts=self.alerts,
            briefings=Briefings(
                store=store,
                clock=clock,
                staff=self.staff,
                alerts=self.alerts,
                calendars=None,
                accounts=None,
                time_zone=ZONE,
            ),
            own_mail=OwnMail(
                clock=clock,
                audit=self.audit,
                alerts=self.alerts,
                accounts=accounts,
                outbox=self.outbox,
                forms=Forms(),
                secret=b"own-mail",
                company="Joinery",
            ),
            expect=self.reminding.expect,
        )

    async def hire(self, name: str) -> Actor:
        """A colleague with a linked chat."""
        now: datetime = self.clock.now()
        user = User(
            id=user_id_of(name),
            version=1,
            name=name,
            display_name=name,
            role=UserRole.AGENT,
            language="de",
            created_at=now,
        )
        await self.staff.insert(user)
        address = Address(channel="xmpp", normal=f"{name}@joinery.example")
        await self.staff.link(StaffLink(id=staff_link_id(address), user_id=user.id, address=address, since=now))
        return self.staff.actor(user, via="console")
