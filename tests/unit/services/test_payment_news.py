"""Payments are told to those who want to hear of them, and may."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from hub.domain.contact import Contact
from hub.domain.ids import ContactId
from hub.domain.ledger import EntryDraft, EntryKind
from hub.domain.outbox import OutboxState
from hub.domain.people import Actor, RowScope
from hub.ports.clock import SystemClock
from hub.ports.kinds import CONTACTS, OUTBOX
from hub.services.accounts import Accounts
from hub.services.broadcast import Broadcast
from hub.services.payment_news import PaymentNews
from hub.services.rows import Rows
from tests.memory_store import MemoryStore
from tests.reminder_engine import ZONE, Nobody, ReminderEngine

WHO = ContactId("c_petra")


class Till:
    """An office where payments come in: Anna books them, Ben and Cleo may want to hear of it."""

    anna: Actor
    ben: Actor
    cleo: Actor

    @classmethod
    async def open(cls) -> "Till":
        self = cls()
        self.engine = engine = ReminderEngine(MemoryStore(), SystemClock())
        self.anna, self.ben, self.cleo = [await engine.hire(name) for name in ("anna", "ben", "cleo")]
        rows = Rows(engine.store, engine.staff)
        self.accounts = Accounts(
            store=engine.store,
            clock=engine.clock,
            audit=engine.audit,
            events=Broadcast(),
            resolve=None,  # nobody is looked up by name here
            letters=Nobody(),
            company="Joinery",
            time_zone=ZONE,
            news=PaymentNews(staff=engine.staff, alerts=engine.alerts, rows=rows).tell,
        )
        contact = Contact(id=WHO, name="Petra\nHolz", sort_name="petra holz", created_at=engine.clock.now())
        await engine.store.documents(CONTACTS).insert(replace(contact, owner=self.anna.user_id))
        return self

    async def pay(self, kind: EntryKind = EntryKind.PAYMENT, key: str = "one") -> None:
        draft = EntryDraft(contact_id=WHO, kind=kind, amount=Decimal("12.50"), number=key, date=date(2026, 11, 24))
        await self.accounts.post(self.anna, draft, key=key)

    async def told(self) -> list[tuple[str, str]]:
        page = await self.engine.store.documents(OUTBOX).page("by_state", OutboxState.QUEUED, limit=100)
        return sorted((item.recipient.normal.partition("@")[0], item.content.text) for item in page.items)


@pytest.fixture
async def till() -> Till:
    return await Till.open()


async def test_whoever_chose_payments_is_told_once(till: Till) -> None:
    await till.engine.alerts.choose(till.ben, "payment", True)
    await till.pay()
    await till.pay()  # the same key: booked once, told once
    assert await till.told() == [("ben", "Zahlung von Petra Holz: 12,50 EUR.")]


async def test_nobody_is_told_of_their_own_booking_or_of_an_invoice(till: Till) -> None:
    await till.engine.alerts.choose(till.anna, "payment", True)
    await till.engine.alerts.choose(till.ben, "payment", True)
    await till.pay(EntryKind.INVOICE)
    assert await till.told() == []
    await till.pay(key="two")
    assert [name for name, _ in await till.told()] == ["ben"]


async def test_a_payment_of_a_hidden_contact_is_not_told(till: Till) -> None:
    await till.engine.alerts.choose(till.ben, "payment", True)
    await till.engine.alerts.choose(till.cleo, "payment", True)
    staff = till.engine.staff
    await staff.change(replace(staff.user(till.ben.user_id), rows=RowScope.OWN))
    await till.pay()
    assert [name for name, _ in await till.told()] == ["cleo"]


async def test_whoever_left_is_not_told(till: Till) -> None:
    await till.engine.alerts.choose(till.ben, "payment", True)
    staff = till.engine.staff
    await staff.change(replace(staff.user(till.ben.user_id), active=False))
    await till.pay()
    assert await till.told() == []
