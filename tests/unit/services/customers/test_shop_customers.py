"""What a shop says of somebody's addresses files their messages, and tells them nothing (AC-36)."""

import json
from decimal import Decimal

import pytest

from hub.domain.address import Address
from hub.domain.contact import identity_id
from hub.domain.ids import ContactId
from hub.domain.message import Strength
from hub.ports.kinds import IDENTITIES, INTERACTIONS
from tests.reception_world import PETRA_CHAT, PETRA_MAIL, CustomerOffice
from tests.shop_channel import case_json, shop, shopify

ORDER = {**case_json("shopify-order-create-pending"), "email": "mia@shopper.example", "total_price": "321.09"}


@pytest.fixture
async def company() -> CustomerOffice:
    return await CustomerOffice.open()


async def order(company: CustomerOffice, **changes: object) -> ContactId:
    """A webhook; whose the order is."""
    body = json.dumps({**ORDER, **changes}).encode()
    connector = shop(company.clock, "shopify", book="invoices")
    await connector.answer(shopify(body), company.intake.inlet("northwind"))
    await company.intake.drain()
    company.clock.advance(1)
    await company.reception.settle()
    rows = company.store.documents(INTERACTIONS).rows.values()
    return max((row for row in rows if row.account == "northwind"), key=lambda row: row.at).contact_id


async def test_an_order_is_answered_by_no_bot(company: CustomerOffice) -> None:
    await order(company)
    assert company.said() == []


async def test_ac36_a_mail_from_an_address_that_a_shop_named_is_told_nothing(company: CustomerOffice) -> None:
    contact = await order(company)
    (owed,) = (await company.business.accounts.summary(company.office.admin, contact)).balances
    assert owed.amount == Decimal("321.09")
    answers = await company.mail("Was ist noch offen bei mir?", "mia@shopper.example")
    entries = [row for row in company.entries if row.sender and row.sender.address.normal == "mia@shopper.example"]
    assert [entry.contact_id for entry in entries] == [contact]
    assert answers
    assert not any("321" in text or "1001" in text for text in answers)
    # Nor is a code sent to where only the shop says that the customer is.
    assert company.codes("mia@shopper.example") == []


async def test_a_guests_order_gives_a_known_customer_no_further_rights(company: CustomerOffice) -> None:
    contact = await order(company, customer=None, email=PETRA_MAIL.upper())
    assert contact == company.petra.id
    answers = await company.chat("Was ist noch offen bei mir?", "mia@chat.example")
    assert not any("321" in text for text in answers)
    identity = company.store.documents(IDENTITIES).rows[identity_id(Address(channel="email", normal=PETRA_MAIL))]
    assert identity.strength is Strength.CLAIMED


async def test_who_has_proved_who_they_are_is_told_of_the_order(company: CustomerOffice) -> None:
    await order(company, customer=None, email=PETRA_MAIL)
    await company.verified_chat()
    answers = await company.chat("Was ist noch offen bei mir?", PETRA_CHAT)
    assert any("321,09" in text for text in answers)
    answers = await company.chat("Wo bleibt meine Bestellung?", PETRA_CHAT)
    assert any("1001" in text for text in answers)
