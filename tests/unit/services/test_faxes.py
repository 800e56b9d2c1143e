"""Faxing to a contact: the number, the pages beforehand, the guard, and what the author hears of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.domain.address import Address
from hub.domain.contact import Contact, Identity, identity_id
from hub.domain.errors import Conflict, Invalid, NotFound, PermanentFailure, Refused, UnknownOutcome
from hub.domain.ids import ContactId
from hub.domain.interaction import InteractionKind
from hub.domain.message import RecipientStatus, Strength
from hub.domain.outbox import WANTED_AGAIN, OutboxState, OutgoingContent, Purpose
from hub.domain.views import FileData
from hub.ports.connector import Account, DeliveryUpdate, LinkState, OnRepeat, PagePreview
from hub.ports.kinds import IDENTITIES, INTERACTIONS
from hub.services.faxes import Faxes
from hub.services.notices import author_line
from tests.fake_connector import FakeConnector, Stage
from tests.office import Office

NUMBER = "+4930123456"
FAX_ACCOUNT = Account(
    name="fax",
    kind="fax",
    channel="fax",
    own_addresses=("+492211234568",),
    can_send=True,
    on_repeat=OnRepeat.NOT_RECOGNISED,
    message_domain="",
    sender_address="+492211234568",
    max_file_bytes=20_000_000,
)


class FaxMachine(FakeConnector):
    """Shows pages: one for the text, one for each file."""

    seen: OutgoingContent | None = None

    async def preview(self, content: OutgoingContent, number: str, files: tuple[bytes, ...]) -> PagePreview:
        self.seen = content
        picture = FileData(name="page-1.png", type="image/png", data=b"\x89PNG")
        return PagePreview(pages=1 + len(files), cover=True, pictures=(picture,))


class Line:
    """An office with a fax line, and a customer with a fax number."""

    def __init__(self, office: Office, kunz: Contact) -> None:
        self.office, self.kunz = office, kunz
        self.machine = FaxMachine()
        accounts: Any = office.accounts
        accounts._connectors["fax"] = self.machine
        accounts.accounts["fax"] = FAX_ACCOUNT
        accounts.states["fax"] = LinkState.UP
        self.faxes: Faxes = office.open_business().faxes

    async def send(self, text: str = "Die Stühle kommen.", **more: Any) -> str:
        receipt = await self.faxes.send(self.office.anna, self.kunz.id, text, **more)
        return receipt.items[0]

    async def leave(self) -> None:
        """The take-back time passes."""
        await self.office.world.pass_time(25)


async def bind(office: Office, contact: Contact, number: str, strength: Strength = Strength.VERIFIED) -> None:
    address = Address(channel="fax", normal=number)
    await office.store.documents(IDENTITIES).insert(
        Identity(
            id=identity_id(address),
            contact_id=contact.id,
            address=address,
            strength=strength,
            source="user:u_anna" if strength is Strength.VERIFIED else "arrival:a_x",
            since=office.clock.now(),
        )
    )


@pytest.fixture
async def line() -> Any:
    office = await Office.open()
    kunz = await office.customer("Holz Kunz")
    await bind(office, kunz, NUMBER)
    opened = Line(office, kunz)
    office.world.start()
    yield opened
    await office.world.stop()


async def test_a_draft_tells_number_pages_and_pictures(line: Line) -> None:
    draft = await line.faxes.draft(
        line.office.anna, line.kunz.id, "Guten Tag", files=[FileData(name="a.pdf", type="application/pdf", data=b"%")]
    )
    assert draft.can_send
    assert draft.number == Address(channel="fax", normal=NUMBER)
    assert (draft.pages, draft.cover, len(draft.pictures)) == (2, True, 1)
    assert draft.repeated_at is None
    assert line.machine.seen is not None
    assert line.machine.seen.to[0].name == "Holz Kunz"


async def test_a_fax_begins_a_conversation_with_the_number_and_the_next_joins_it(line: Line) -> None:
    first = await line.send(key="1")
    second = await line.send("Und die Tische auch.", key="2")
    items = [line.office.world.item(one) for one in (first, second)]
    assert items[0].conversation_id == items[1].conversation_id
    assert {item.purpose for item in items} == {Purpose.REPLY}
    entry = line.office.store.documents(INTERACTIONS).rows[items[0].entry_id or ""]
    assert (entry.kind, entry.channel, entry.text) == (InteractionKind.FAX, "fax", "Die Stühle kommen.")
    await line.leave()
    assert line.machine.sent == [first, second]
    assert line.office.world.state(first) is OutboxState.SENT


async def test_under_a_key_it_is_sent_once(line: Line) -> None:
    assert await line.send(key="same") == await line.send(key="same")
    await line.leave()
    assert len(line.machine.sent) == 1


async def test_ac42_the_same_to_the_same_number_is_told_beforehand_and_sent_when_wanted(line: Line) -> None:
    await line.send(key="1")
    anna, kunz = line.office.anna, line.kunz
    draft = await line.faxes.draft(anna, kunz.id, "Die Stühle kommen.")
    assert draft.repeated_at is not None
    assert (await line.faxes.draft(anna, kunz.id, "Etwas anderes")).repeated_at is None
    other = [FileData(name="a.pdf", type="application/pdf", data=b"%PDF")]
    assert (await line.faxes.draft(anna, kunz.id, "Die Stühle kommen.", files=other)).repeated_at is None
    again = await line.send(again=True, key="2")
    assert line.office.world.item(again).cause == WANTED_AGAIN
    line.office.clock.advance(timedelta(hours=1, minutes=1).total_seconds())
    await line.office.world.settle()
    assert (await line.faxes.draft(anna, kunz.id, "Die Stühle kommen.")).repeated_at is None


async def test_ac42_an_unknown_outcome_waits_for_a_person(line: Line) -> None:
    line.machine.errors[Stage.ANSWER].append(UnknownOutcome("no answer"))
    item = await line.send()
    await line.leave()
    assert line.office.world.state(item) is OutboxState.HELD
    await line.office.world.pass_time(7_200, step=600)
    assert len(line.machine.sent) == 1


async def test_ac42_pages_and_the_reason_of_a_failure_are_told_to_the_author(line: Line) -> None:
    item = await line.send()
    await line.leave()
    status = RecipientStatus(recipient="", action="relayed", status="", diagnostic="wird übertragen, 1 von 3 Seiten")
    update = DeliveryUpdate(message_id=item, at=line.office.clock.now(), status=status)
    await line.office.world.deliveries.update("fax", update)
    assert line.office.world.item(item).detail == "wird übertragen, 1 von 3 Seiten"
    status = RecipientStatus(recipient="", action="failed", status="4.4.1", diagnostic="besetzt; 1 von 3 Seiten")
    update = DeliveryUpdate(message_id=item, at=line.office.clock.now(), status=status)
    await line.office.world.deliveries.update("fax", update)
    failed = line.office.world.item(item)
    assert failed.state is OutboxState.BOUNCED
    assert "besetzt; 1 von 3 Seiten. Anderen" in author_line(failed, "item-bounced", "de")
    # Busy is no reason never to fax there again.
    await line.send("Noch einmal", key="2")
    await line.leave()
    assert len(line.machine.sent) == 2


async def test_ac42_a_repeat_that_was_held_back_leaves_when_a_person_sends_it_again(line: Line) -> None:
    refused = PermanentFailure("x", reply="fax-repeat", peer="Dasselbe ging um 10:02 Uhr an diese Nummer.")
    line.machine.errors[Stage.GREET].append(refused)
    item = await line.send()
    await line.leave()
    failed = line.office.world.item(item)
    assert failed.state is OutboxState.FAILED
    assert "Dasselbe ging um 10:02 Uhr" in author_line(failed, "item-failed", "de")
    await line.office.world.outbox.retry(line.office.admin, failed.id)
    await line.leave()
    assert line.office.world.state(item) is OutboxState.SENT
    assert line.machine.transmissions[-1].item.attempts[0].code == "fax-repeat"


async def test_the_number_that_was_entered_goes_before_the_one_that_was_only_claimed(line: Line) -> None:
    await bind(line.office, line.kunz, "+4920000000", Strength.CLAIMED)
    draft = await line.faxes.draft(line.office.anna, line.kunz.id, "x")
    assert draft.number is not None
    assert draft.number.normal == NUMBER
    draft = await line.faxes.draft(line.office.anna, line.kunz.id, "x", number="0221 123456")
    assert draft.number is not None
    assert draft.number.normal == "+49221123456"


async def test_without_number_or_line_it_says_what_is_missing(line: Line) -> None:
    bare = await line.office.customer("Ohne Fax")
    anna = line.office.anna
    assert (await line.faxes.draft(anna, bare.id, "x")).problem == "This contact has no fax number."
    with pytest.raises(Conflict):
        await line.faxes.send(anna, bare.id, "x")
    accounts: Any = line.office.accounts
    del accounts.accounts["fax"]
    assert (await line.faxes.draft(anna, line.kunz.id, "x")).problem == "No fax channel is set up."
    with pytest.raises(NotFound):
        await line.faxes.draft(anna, ContactId("c_nobody"), "x")
    for text in ("", "x" * 40_000):
        with pytest.raises(Invalid):
            await line.faxes.draft(anna, line.kunz.id, text)


async def test_who_may_not_write_is_refused(line: Line) -> None:
    with pytest.raises(Refused):
        await line.faxes.draft(replace(line.office.anna, roles=()), line.kunz.id, "x")
