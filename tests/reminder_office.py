"""An office with reminders, alerts and briefings, wired as the hub wires them; every colleague has a linked chat."""

from datetime import datetime
from typing import Any

from connectors.email.address import EmailForm
from hub.domain.address import Address
from hub.domain.ids import ContactId
from hub.domain.outbox import OutboxItem, Purpose
from hub.domain.people import StaffLink, staff_link_id
from hub.domain.reminder import ReminderKind
from hub.ports.kinds import OUTBOX
from hub.services.alerts import Alerts
from hub.services.briefing import Briefings
from hub.services.forms import Forms
from hub.services.own_mail import OwnMail
from hub.services.reminders import Reminders
from hub.services.reminding import Reminding
from tests.office import Office

ZONE = "Europe/Berlin"


class SaidToContacts:
    """What contacts were told, once for each key."""

    def __init__(self) -> None:
        self.said: dict[str, tuple[ContactId, str, str]] = {}

    async def say(self, contact_id: ContactId, text: str, *, subject: str, key: str, if_wanted: bool = False) -> None:
        self.said.setdefault(key, (contact_id, text, subject))


class ReminderOffice:
    """`build` makes the objects of a fresh process on the same store."""

    def __init__(self, office: Office) -> None:
        self.office, self.store, self.clock = office, office.store, office.clock
        self.said = SaidToContacts()
        self.calendars: Any = None
        self.accounts: Any = None
        self.build()

    @classmethod
    async def open(cls, *linked: str) -> "ReminderOffice":
        office = await Office.open()
        for name in linked or ("anna", "ben"):
            address = Address(channel="xmpp", normal=f"{name}@joinery.example")
            await office.staff.link(
                StaffLink(
                    id=staff_link_id(address), user_id=office.user_id(name), address=address, since=office.clock.now()
                )
            )
        return cls(office)

    def build(self) -> None:
        office, world = self.office, self.office.world
        self.alerts = Alerts(
            store=self.store,
            clock=self.clock,
            audit=office.audit,
            accounts=office.accounts,
            outbox=world.outbox,
            staff=office.staff,
        )
        self.reminding = Reminding(
            store=self.store,
            clock=self.clock,
            staff=office.staff,
            alerts=self.alerts,
            contacts=self.said,
            time_zone=ZONE,
        )
        self.briefings = Briefings(
            store=self.store,
            clock=self.clock,
            staff=office.staff,
            alerts=self.alerts,
            calendars=self.calendars,
            accounts=self.accounts,
            time_zone=ZONE,
            expect=self.reminding.expect,
            late=self.reminding.late,
        )
        self.reminding.handle({ReminderKind.BRIEFING: self.briefings.fire})
        self.reminders = Reminders(
            store=self.store,
            clock=self.clock,
            audit=office.audit,
            alerts=self.alerts,
            briefings=self.briefings,
            own_mail=OwnMail(
                clock=self.clock,
                audit=office.audit,
                alerts=self.alerts,
                accounts=office.accounts,
                outbox=office.world.outbox,
                forms=Forms([EmailForm()]),
                secret=b"own-mail",
                company="Joinery",
            ),
            expect=self.reminding.expect,
        )

    async def restart(self, crash_after: int | None = None) -> None:
        self.store.restart(crash_after=crash_after)
        self.office.world.build()
        self.build()

    async def fire_at(self, moment: datetime) -> int:
        """Let time pass until then, and fire what is due."""
        self.clock.advance((moment - self.clock.now()).total_seconds())
        return await self.reminding.fire_due()

    def notices(self, name: str = "") -> list[str]:
        """What colleagues (or this one) were told by chat, in order."""
        items: list[OutboxItem] = sorted(self.store.documents(OUTBOX).rows.values(), key=lambda item: item.created_at)
        return [
            item.content.text
            for item in items
            if item.purpose is Purpose.NOTICE and item.recipient.normal.startswith(name)
        ]
