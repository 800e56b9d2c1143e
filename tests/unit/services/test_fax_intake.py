"""A fax from its arrival to the timeline: whose it is, who waits, what becomes of what cannot be read."""

from dataclasses import replace
from typing import Any, ClassVar

from connectors.fax.address import FAX_FORM
from connectors.fax.parse import FAX_PARSER
from connectors.phone.address import PHONE_FORM
from hub.domain.address import Address
from hub.domain.arrival import ArrivalState
from hub.domain.contact import Contact, Identity, identity_id
from hub.domain.ids import ContactId
from hub.domain.interaction import Direction, InteractionKind
from hub.domain.message import Strength
from hub.ports.kinds import CONTACTS, IDENTITIES
from hub.services.forms import Forms
from tests.fax_files import arrival, tiff
from tests.intake_world import CHAT, IntakeWorld

FAX = replace(
    CHAT, name="fax", kind="fax", channel="fax", own_addresses=("+492211234568",), sender_address="+492211234568"
)


class FaxWorld(IntakeWorld):
    """With a fax line."""

    parsers: ClassVar[dict[str, Any]] = {"fax": FAX_PARSER}
    forms = Forms([PHONE_FORM, FAX_FORM])


def fax(number: str = "+4930123456", **told: Any) -> bytes:
    return arrival(tiff("Bestellung"), caller=number, to="+492211234568", pages=1, language="de", **told)


async def know(world: FaxWorld, channel: str, number: str) -> ContactId:
    """A contact who holds that address."""
    contact_id = ContactId("c_kunz")
    address = Address(channel=channel, normal=number)
    now = world.clock.now()
    await world.store.documents(CONTACTS).insert(
        Contact(id=contact_id, name="Holz Kunz", sort_name="holz kunz", created_at=now)
    )
    await world.store.documents(IDENTITIES).insert(
        Identity(
            id=identity_id(address),
            contact_id=contact_id,
            address=address,
            strength=Strength.VERIFIED,
            source="user:u_anna",
            since=now,
        )
    )
    return contact_id


async def test_ac25_fax_from_an_unknown_number_makes_a_provisional_contact_that_waits() -> None:
    world = FaxWorld(FAX)
    record = await world.receive(fax(), account="fax")
    entry, conversation = world.entry(record), world.conversation(record)
    assert (entry.kind, entry.direction, entry.channel) == (InteractionKind.FAX, Direction.INBOUND, "fax")
    assert entry.subject == "Fax, 1 Seite"
    assert entry.attachments[0].type == "application/pdf"
    contact = world.contact(record)
    assert contact.provisional
    assert "30123456" in contact.name.replace(" ", "")
    assert conversation.waiting_since == entry.at
    assert conversation.peer.normal == "+4930123456"
    identity = world.identities[identity_id(Address(channel="fax", normal="+4930123456"))]
    assert identity.strength is Strength.CLAIMED
    assert [told.interaction.id for told in world.teller.told] == [entry.id]


async def test_ac25_fax_the_second_of_a_number_joins_the_first() -> None:
    world = FaxWorld(FAX)
    first = await world.receive(fax(at="2026-11-28T09:00:00+00:00"), account="fax")
    second = await world.receive(fax("030 / 123456", at="2026-11-28T10:00:00+00:00"), account="fax")
    assert world.contact(first).id == world.contact(second).id
    assert world.conversation(first).id == world.conversation(second).id


async def test_ac25_fax_without_a_number_is_each_a_contact_of_its_own() -> None:
    world = FaxWorld(FAX)
    first = await world.receive(fax("", file="fax1.tif"), account="fax")
    second = await world.receive(fax("", file="fax2.tif"), account="fax")
    assert world.contact(first).id != world.contact(second).id
    assert world.contact(first).name == "unbekannte Faxnummer"
    assert world.conversation(second).waiting_since is not None


async def test_ac42_the_sender_is_resolved_by_fax_number_and_by_telephone_number() -> None:
    for channel in ("fax", "phone"):
        world = FaxWorld(FAX)
        contact_id = await know(world, channel, "+4930123456")
        record = await world.receive(fax(), account="fax")
        assert world.entry(record).contact_id == contact_id, channel
        assert not world.contact(record).provisional


async def test_a_fax_of_which_no_page_can_be_read_is_quarantined_and_can_be_replayed() -> None:
    world = FaxWorld(FAX)
    record = await world.receive(arrival(b"no fax at all", caller="+4930123456"), account="fax")
    assert record.state is ArrivalState.QUARANTINED
    assert "cannot be read" in record.reason
    assert world.entries == {}


async def test_ac42_a_fax_that_broke_off_keeps_its_pages_and_says_so() -> None:
    world = FaxWorld(FAX)
    raw = arrival(tiff("eins", "zwei"), caller="+4930123456", pages=3, error="T.30 T2 timeout", language="de")
    entry = world.entry(await world.receive(raw, account="fax"))
    assert entry.subject == "Fax, 2 Seiten"
    assert entry.marks[-1] == "partial" or "partial" in entry.marks
    assert any("T.30" in problem for problem in entry.problems)
    assert any("3 pages were announced, 2 came" in problem for problem in entry.problems)


async def test_a_fax_with_our_own_number_as_sender_is_not_taken_for_ours() -> None:
    world = FaxWorld(replace(FAX, own_addresses=("+4930123456",)))
    entry = world.entry(await world.receive(fax(), account="fax"))
    assert entry.direction is Direction.INBOUND
