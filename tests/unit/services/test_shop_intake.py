"""From a shop's webhook to timeline, contact and account: filed, bound and disclosed as docs/messages.md says."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from hub.domain.address import Address
from hub.domain.arrival import ArrivalRecord, ArrivalState
from hub.domain.contact import ContactRole, identity_id
from hub.domain.conversation import Evidence
from hub.domain.ids import ContactId
from hub.domain.interaction import InteractionKind
from hub.domain.ledger import Side
from hub.domain.message import Strength
from hub.services.audit import Audit
from hub.services.ledger.stream import Streams
from hub.services.sales import Sales
from tests.intake_world import NORTHWIND, OFFICE, PETRA, IntakeWorld, mail
from tests.shop_channel import case_json, shop, shopify, woocommerce

ORDER = case_json("shopify-order-paid")
GUEST = {**ORDER, "customer": None, "id": 99, "name": "#1002", "billing_address": None, "shipping_address": None}


class Shop(IntakeWorld):
    """A company with a mailbox and a shop."""

    def __init__(self, system: str = "shopify", **settings: Any) -> None:
        super().__init__(OFFICE, NORTHWIND)
        self.facts = Sales(
            store=self.store, clock=self.clock, audit=Audit(self.store, self.clock), time_zone="Europe/Berlin"
        )
        self.build()
        self.connector = shop(self.clock, system, **{"book": "invoices", **settings})

    async def tell(self, body: Mapping[str, Any] | bytes, topic: str = "orders/paid") -> ArrivalRecord:
        """A webhook; what became of the newest arrival."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        signed = woocommerce(raw, topic) if "." in topic else shopify(raw, topic)
        before = set(self.arrivals)
        await self.connector.answer(signed, self.intake.inlet("northwind"))
        await self.intake.drain()
        self.clock.advance(1)
        (fresh,) = set(self.arrivals) - before
        return self.arrivals[fresh]

    async def balance(self, contact: str) -> dict[str, str]:
        account = await Streams(self.store).load(ContactId(contact), Side.RECEIVABLE)
        return {money.currency: str(money.amount) for money in account.sums()}

    async def orders(self, contact: str) -> list[tuple[str, str]]:
        account = await Streams(self.store).load(ContactId(contact), Side.RECEIVABLE)
        return [(line.number, line.state) for line in account.order_lines("")]


@pytest.fixture
def world() -> Shop:
    return Shop()


def changed(minute: int, **fields: Any) -> dict[str, Any]:
    return {**ORDER, "updated_at": f"2026-11-20T11:{minute:02}:00+01:00", **fields}


async def test_an_order_becomes_one_entry_and_the_customers_account(world: Shop) -> None:
    record = await world.tell(ORDER)
    entry, contact = world.entry(record), world.contact(record)
    assert (entry.kind, entry.subject) == (InteractionKind.ORDER, "Order / Bestellung 1001: paid / bezahlt")
    assert (entry.strength, entry.marks) == (Strength.AUTHENTICATED, ("first-contact", "order-paid"))
    assert (contact.name, contact.provisional, contact.roles) == ("Petra Holz", True, (ContactRole.CUSTOMER,))
    assert await world.orders(contact.id) == [("1001", "paid")]
    assert await world.balance(contact.id) == {}
    assert len(world.entries) == 1
    # Nobody waits for an answer to an order, and no bot is asked for one.
    assert world.conversation(record).waiting_since is None
    assert world.teller.told == []


async def test_ac32_twice_out_of_order_and_again_is_once_and_the_right_final_state(world: Shop) -> None:
    shipped = changed(30, fulfillment_status="fulfilled", fulfillments=[{"id": 5, "status": "success"}])
    pending = changed(10, financial_status="pending", total_outstanding="129.90")
    first = await world.tell(shipped, "orders/fulfilled")
    await world.tell(pending, "orders/create")
    contact = world.contact(first).id
    before = dict(world.entries)
    for body in (shipped, pending, shipped):
        await world.connector.answer(shopify(json.dumps(body).encode()), world.intake.inlet("northwind"))
    await world.intake.drain()
    assert world.entries == before
    assert len(before) == 2
    assert await world.orders(contact) == [("1001", "done")]
    assert await world.balance(contact) == {}


async def test_ac32_malformed_json_is_quarantined_with_its_bytes(world: Shop) -> None:
    record = await world.tell(b'{"id": 727, ')
    assert (record.state, record.stage) == (ArrivalState.QUARANTINED, "parse")
    assert record.raw is not None
    assert record.raw.endswith(b'{"id": 727, ')


async def test_a_guests_order_goes_to_the_contact_who_holds_the_mail_address(world: Shop) -> None:
    asked = await world.receive(mail("Was kostet ein Tisch?"))
    record = await world.tell({**GUEST, "email": PETRA.upper()})
    assert world.contact(record).id == world.contact(asked).id
    assert len(world.contacts) == 1
    # It is filed, not bound: the shop's word does not prove the mail address.
    assert identity_id(Address(channel="shop", normal=f"northwind:{PETRA}")) not in world.identities
    assert world.identities[identity_id(Address(channel="email", normal=PETRA))].strength is Strength.CLAIMED


async def test_all_orders_of_a_guest_are_one_conversation(world: Shop) -> None:
    await world.receive(mail("Was kostet ein Tisch?"))
    first = await world.tell({**GUEST, "email": PETRA})
    second = await world.tell({**GUEST, "email": PETRA, "id": 100, "name": "#1003"})
    assert world.conversation(first).id == world.conversation(second).id


async def test_a_telephone_number_files_in_whatever_way_it_is_written(world: Shop) -> None:
    first = await world.tell({**GUEST, "email": "", "phone": "0221 1234567", "customer": {"id": 1}})
    second = await world.tell({**GUEST, "id": 100, "email": "other@x.example", "phone": "+49 (221) 123-45-67"})
    assert world.contact(first).id == world.contact(second).id


async def test_a_mail_from_a_new_shop_customer_meets_the_same_contact(world: Shop) -> None:
    record = await world.tell(ORDER)
    claims = {identity.address.key: identity.strength for identity in world.identities.values()}
    assert claims == {
        "shop:northwind:115310627314723954": Strength.AUTHENTICATED,
        f"email:{PETRA}": Strength.CLAIMED,
        "phone:+492211234567": Strength.CLAIMED,
    }
    answered = await world.receive(mail("Wo bleibt meine Bestellung?"))
    assert world.contact(answered).id == world.contact(record).id
    # Whoever writes from a claimed address has proved nothing: nothing of the account is told to them.
    assert world.identities[identity_id(Address(channel="email", normal=PETRA))].strength is not Strength.VERIFIED


async def test_an_alias_that_somebody_else_holds_is_left_with_them(world: Shop) -> None:
    asked = await world.receive(mail("Hallo"))
    await world.tell({**ORDER, "email": "new@x.example"})
    record = await world.tell(changed(5, email=PETRA))
    assert world.contact(record).id != world.contact(asked).id
    assert world.identities[identity_id(Address(channel="email", normal=PETRA))].contact_id == world.contact(asked).id


async def test_a_refund_that_names_only_the_order_goes_to_its_customer(world: Shop) -> None:
    order = await world.tell(ORDER)
    refund = await world.tell(case_json("shopify-refund-create"), "refunds/create")
    assert world.contact(refund).id == world.contact(order).id
    assert world.placement(refund).evidence is Evidence.FOREIGN_REFERENCE
    assert world.conversation(refund).id == world.conversation(order).id
    assert len(world.contacts) == 1
    assert await world.balance(world.contact(order).id) == {}


async def test_a_refund_that_comes_before_its_order_is_not_lost_and_ends_right(world: Shop) -> None:
    refund = await world.tell(case_json("shopify-refund-create"), "refunds/create")
    assert world.contact(refund).name == "Order / Bestellung 820982911946154508"
    order = await world.tell(ORDER)
    contact = world.contact(order).id
    assert contact != world.contact(refund).id
    assert await world.balance(contact) == {}
    amounts = [
        (entry.kind.value, str(entry.amount))
        for entry in (await Streams(world.store).load(contact, Side.RECEIVABLE)).entries.values()
    ]
    assert ("refund", "24.95") in amounts


async def test_a_deleted_order_of_woocommerce_is_cancelled() -> None:
    world = Shop("woocommerce")
    order = await world.tell(case_json("woocommerce-order-on-hold"), "order.created")
    contact = world.contact(order).id
    assert await world.balance(contact) == {"EUR": "29.35"}
    deleted = await world.tell({"id": 727}, "order.deleted")
    assert world.contact(deleted).id == contact
    assert await world.orders(contact) == [("727", "cancelled")]
    assert await world.balance(contact) == {}


async def test_an_unknown_kind_of_event_is_kept_and_books_nothing(world: Shop) -> None:
    record = await world.tell(case_json("shopify-unknown-topic"), "products/update")
    assert (world.entry(record).kind, world.contact(record).roles) == (InteractionKind.EVENT, ())


# Row 4 of the threading table


async def test_mails_about_one_order_of_the_same_contact_meet(world: Shop) -> None:
    await world.tell(ORDER)
    first = await world.receive(mail("Wann kommt Bestellung #1001?", subject="Lieferung"))
    second = await world.receive(mail("Ich habe noch eine Frage.", subject="Zu 1001"))
    placement = world.placement(second)
    assert (placement.evidence, placement.confidence) == (Evidence.FOREIGN_REFERENCE, 0.8)
    assert placement.conversation_id == world.placement(first).conversation_id
    assert world.conversation(first).account == "office"


async def test_a_strangers_mail_that_names_an_order_only_mentions_it(world: Shop) -> None:
    await world.tell(ORDER)
    first = await world.receive(mail("Wann kommt Bestellung 1001?", subject="Lieferung"))
    stranger = await world.receive(mail("Bestellung 1001!", sender="x@stranger.example", subject="Etwas anderes"))
    placement = world.placement(stranger)
    assert placement.conversation_id != world.placement(first).conversation_id
    assert placement.suggestion == world.placement(first).conversation_id
    third = await world.receive(mail("Nochmals 1001", subject="Drittes"))
    assert world.placement(third).conversation_id == world.placement(first).conversation_id


async def test_a_number_that_is_no_order_of_ours_joins_nothing(world: Shop) -> None:
    await world.tell(ORDER)
    await world.receive(mail("Zu Auftrag 4711", subject="Eins"))
    second = await world.receive(mail("Zu Auftrag 4711", subject="Zwei"))
    assert world.placement(second).evidence is Evidence.NONE
