"""The telephone rings: who is told, what, once, and only what they may see."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hub.domain.address import Address
from hub.domain.appointment import AppointmentDraft
from hub.domain.contact import Contact, Identity, identity_id
from hub.domain.errors import StoreUnavailable, TemporaryFailure
from hub.domain.ledger import EntryDraft, EntryKind
from hub.domain.message import Strength
from hub.domain.outbox import OutboxItem
from hub.domain.people import RowScope, StaffLink
from hub.domain.signal import Signal, SignalKind
from hub.domain.views import FileData
from hub.ports.connector import Account, LinkState, OnRepeat
from hub.ports.kinds import CONTACTS, IDENTITIES, OUTBOX
from hub.services.calls import Calls
from hub.services.rows import Rows
from tests.fake_connector import FakeConnector
from tests.office import Office

NUMBER = Address(channel="phone", normal="+492211234567")
PHONE = Account(
    name="phone",
    kind="phone",
    channel="phone",
    own_addresses=(),
    can_send=False,
    on_repeat=OnRepeat.NOT_RECOGNISED,
    message_domain="",
    sender_address="",
    lines=(("20", "ben"),),
)


@dataclass(slots=True, kw_only=True)
class Line(FakeConnector):
    """A chat that remembers what was said."""

    said: list[tuple[str, str, str]] = field(default_factory=list)
    error: Exception | None = None
    held: asyncio.Event | None = None

    async def say(
        self,
        address: str,
        text: str,
        stanza_id: str,
        *,
        choices: Sequence[str] = (),
        files: Sequence[FileData] = (),
    ) -> None:
        if self.held is not None:
            await self.held.wait()
        if self.error is not None:
            raise self.error
        self.said.append((address, text, stanza_id))


class Desk:
    """The office with a telephone and a chat."""

    def __init__(self, office: Office) -> None:
        self.office, self.line = office, Line()
        self.business = office.open_business()
        office.accounts.accounts["phone"] = PHONE
        office.accounts._connectors["chat"] = self.line
        self.calls = Calls(
            store=office.store,
            clock=office.clock,
            channels=office.accounts,
            staff=office.staff,
            rows=Rows(office.store, office.staff),
            alerts=self.business.alerts,
            accounts=self.business.accounts,
            calendar=self.business.calendar,
            time_zone="Europe/Berlin",
        )

    @classmethod
    async def open(cls) -> "Desk":
        desk = cls(await Office.open())
        for name in ("anna", "ben"):
            address = Address(channel="xmpp", normal=f"{name}@joinery.example")
            link = StaffLink(
                id=address.key, address=address, user_id=desk.office.user_id(name), since=desk.office.clock.now()
            )
            await desk.office.staff.link(link)
        return desk

    async def petra(self, owner: str = "") -> Contact:
        contact = await self.office.customer("Petra Müller")
        if owner:
            contact = replace(contact, owner=self.office.user_id(owner))
            await self.office.store.documents(CONTACTS).replace(contact, 1)
        await self.office.store.documents(IDENTITIES).insert(
            Identity(
                id=identity_id(NUMBER),
                contact_id=contact.id,
                address=NUMBER,
                strength=Strength.CLAIMED,
                source="import",
                since=self.office.clock.now(),
            )
        )
        return contact

    async def ring(self, address: Address | None = NUMBER, *, line: str = "", call: str = "1", **more: Any) -> None:
        signal = Signal(kind=SignalKind.RINGING, address=address, at=self.office.clock.now(), line=line, native_id=call)
        await self.calls.listen("phone", replace(signal, **more))
        await self.calls.drain()

    @property
    def told(self) -> dict[str, str]:
        """By colleague: the last thing said."""
        return {address.partition("@")[0]: text for address, text, _ in self.line.said}


async def test_the_colleague_whose_line_rings_is_told_who_it_is() -> None:
    desk = await Desk.open()
    await desk.petra(owner="anna")
    await desk.ring(line="20")
    assert desk.told == {"ben": "It rings: Petra Müller, +492211234567."}


async def test_without_a_line_the_owner_is_told_and_without_an_owner_everybody() -> None:
    desk = await Desk.open()
    await desk.petra(owner="anna")
    await desk.ring(line="99")
    assert set(desk.told) == {"anna"}
    await desk.ring(Address(channel="phone", normal="+492210000000"), call="2")
    assert desk.told["ben"] == "It rings: +492210000000."
    assert desk.told["anna"] == "Es klingelt: +492210000000."


async def test_it_is_told_once_for_a_call_however_many_telephones_ring() -> None:
    desk = await Desk.open()
    await desk.petra()
    for line in ("20", "20", "21", "22"):
        await desk.ring(line=line)
    assert sorted(address for address, _, _ in desk.line.said) == ["anna@joinery.example", "ben@joinery.example"]
    await desk.ring(line="20", call="2")
    assert len(desk.line.said) == 3


async def test_what_is_open_is_told_with_it() -> None:
    desk = await Desk.open()
    contact = await desk.petra(owner="anna")
    await desk.office.conversation(contact, "Angebot für 12 Stühle")
    today = desk.office.clock.now().date()
    draft = EntryDraft(
        contact_id=contact.id,
        kind=EntryKind.INVOICE,
        number="R-2001",
        date=today - timedelta(days=40),
        due=today - timedelta(days=10),
        amount=Decimal("1000.00"),
    )
    admin = desk.office.admin
    await desk.business.accounts.post(admin, draft, key="k1")
    start = desk.office.clock.now() + timedelta(days=1, hours=2)
    booked = AppointmentDraft(start=start, title="Aufmaß", contact_id=contact.id)
    await desk.business.calendar.book(desk.office.anna, booked, key="k2")
    await desk.ring()
    text = desk.told["anna"]
    assert "Wartet auf Antwort (1): „Angebot für 12 Stühle“" in text
    assert "Offen: 1.000,00" in text
    assert "überfällig" in text
    assert "Nächster Termin: 24.11. 12:00 Aufmaß" in text


async def test_a_colleague_who_may_not_see_the_contact_hears_the_number_only() -> None:
    desk = await Desk.open()
    contact = await desk.petra(owner="anna")
    await desk.office.conversation(contact, "Geheim")
    await desk.office.limit("ben", RowScope.OWN)
    await desk.ring(line="20")
    assert desk.told == {"ben": "It rings: +492211234567."}


async def test_a_hidden_number_is_told_as_such() -> None:
    desk = await Desk.open()
    await desk.ring(None)
    assert desk.told["anna"] == "Es klingelt: Die Nummer ist unterdrückt."


async def test_a_store_that_is_down_does_not_keep_the_telephone_from_being_told() -> None:
    desk = await Desk.open()
    await desk.petra()

    class Down:
        async def get(self, id: str) -> None:
            raise StoreUnavailable("down")

    desk.calls._identities = Down()  # type: ignore[assignment]
    await desk.ring()
    assert desk.told["anna"] == "Es klingelt: +492211234567."


async def test_a_chat_that_fails_or_is_not_connected_is_left_alone() -> None:
    desk = await Desk.open()
    desk.line.error = TemporaryFailure("gone")
    await desk.ring()
    desk.office.accounts.states["chat"] = LinkState.DOWN
    await desk.ring(call="2")
    assert desk.line.said == []


async def test_a_chat_that_hangs_does_not_hold_up_the_exchange() -> None:
    desk = await Desk.open()
    desk.line.held = asyncio.Event()
    signal = Signal(kind=SignalKind.RINGING, address=NUMBER, at=desk.office.clock.now(), native_id="1")
    for number in range(60):
        await desk.calls.listen("phone", replace(signal, native_id=str(number)))
    desk.line.held.set()
    await desk.calls.drain()
    assert len(desk.line.said) == 100


async def test_a_missed_call_of_a_hidden_number_is_told_durably_and_once() -> None:
    desk = await Desk.open()
    for _ in range(2):
        await desk.ring(None, kind=SignalKind.MISSED)
    items: list[OutboxItem] = list(desk.office.store.documents(OUTBOX).rows.values())
    assert sorted(item.content.text for item in items) == [
        "Missed call from a hidden number, 10:00.",
        "Verpasster Anruf mit unterdrückter Nummer, 10:00.",
    ]
