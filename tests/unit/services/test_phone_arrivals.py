"""Calls and faxes at intake: a number that nobody knows makes a provisional contact that waits, a known one is its
contact's, however it is written. The channel itself is not part of this: a parser of our own stands in for it."""

import json
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from connectors.email.address import EMAIL_FORM
from connectors.phone.address import PHONE_FORM
from connectors.xmpp.address import XMPP_FORM
from hub.domain.arrival import ArrivalRecord
from hub.domain.errors import Invalid, NotFound, Unreadable
from hub.domain.message import Content, Envelope, Message, Participant, ParticipantRole, Strength
from hub.domain.people import system_actor
from hub.ports.connector import Account, OnRepeat
from hub.ports.parser import ParseContext, Parser
from hub.services.audit import Audit
from hub.services.broadcast import Broadcast
from hub.services.forms import Forms
from hub.services.register.register import Register
from hub.services.rows import Rows
from hub.services.staff import Staff
from tests.intake_world import IntakeWorld

KNOWN = "0221 / 97 30 45-0"
WRITTEN = [
    "+492219730450",
    "0221 9730450",
    "0049 221 973045 0",
    "(0221) 97 30 450",
    "tel:+49-221-9730450",
    "+49 (0)221 9730450",
]
LINE = Account(
    name="line",
    kind="phone",
    channel="phone",
    own_addresses=("+49221555000",),
    can_send=False,
    on_repeat=OnRepeat.NOT_RECOGNISED,
    message_domain="",
    sender_address="+49221555000",
)


class CallParser:
    """What a telephone system reports of a call: who called, and what was said. A caller's number proves nothing."""

    def parse(self, raw: bytes, envelope: Envelope, context: ParseContext) -> Message:
        said = json.loads(raw)
        try:
            caller = PHONE_FORM.normalise(said["from"])
        except Invalid as error:
            raise Unreadable(error.sentence) from error
        return Message(
            channel="phone",
            sender=Participant(address=caller, role=ParticipantRole.FROM),
            content=Content(text=said["text"], reply_text=said["text"]),
            strength=Strength.CLAIMED,
        )

    def extract(self, raw: bytes, index: int) -> bytes:
        raise NotFound("A call has no files.", index=index)

    def render_html(self, raw: bytes) -> str | None:
        return None


class Switchboard(IntakeWorld):
    """A company with a telephone line, on which `call` arrives."""

    parsers: Mapping[str, Parser] = MappingProxyType({"phone": CallParser()})
    forms = Forms([EMAIL_FORM, XMPP_FORM, PHONE_FORM])

    def __init__(self) -> None:
        super().__init__(LINE)

    async def call(self, number: str, text: str = "Bitte um Rückruf") -> ArrivalRecord:
        return await self.receive(json.dumps({"from": number, "text": text}).encode(), account="line")

    async def import_known(self) -> None:
        """Petra Müller, with her number as her card writes it."""
        staff = Staff(self.store)
        register = Register(
            store=self.store,
            clock=self.clock,
            audit=Audit(self.store, self.clock),
            events=Broadcast(),
            forms=self.forms,
            rows=Rows(self.store, staff),
        )
        file = f"name,phone\nPetra Müller,{KNOWN}\n".encode()
        assert (await register.import_csv(system_actor("test"), file, dry_run=False)).written


@pytest.fixture
def board() -> Switchboard:
    return Switchboard()


async def test_ac25_a_call_from_an_unknown_number_waits_with_a_provisional_contact(board: Switchboard) -> None:
    record = await board.call("0221 / 123 45 67")
    contact, conversation = board.contact(record), board.conversation(record)
    assert contact.provisional
    (identity,) = board.identities.values()
    assert (identity.contact_id, identity.address.normal) == (contact.id, "+492211234567")
    assert identity.strength is Strength.CLAIMED
    assert (conversation.owner, conversation.waiting_since) == ("queue", board.entry(record).at)
    assert [news.contact.id for news in board.teller.told] == [contact.id]
    assert "first-contact" in board.entry(record).marks


async def test_ac25_the_second_call_of_an_unknown_number_is_the_same_contact_and_conversation(
    board: Switchboard,
) -> None:
    first = await board.call("0221 1234567")
    second = await board.call("+49 221 1234567", "Ich noch einmal")
    assert len(board.contacts) == len(board.conversations) == 1
    assert board.entry(second).contact_id == board.entry(first).contact_id
    assert board.conversation(second).waiting_since == board.entry(first).at


async def test_ac25_two_first_calls_of_one_number_at_once_make_one_contact(board: Switchboard) -> None:
    for number in ("0221 1234567", "+492211234567"):
        await board.accept(json.dumps({"from": number, "text": "x"}).encode(), account="line")
    await board.intake.drain()
    assert len(board.contacts) == len(board.identities) == 1
    assert len(board.entries) == 2


@pytest.mark.parametrize("written", WRITTEN)
async def test_ac25_a_known_number_however_written_is_its_contacts(board: Switchboard, written: str) -> None:
    await board.import_known()
    record = await board.call(written)
    contact = board.contact(record)
    assert (contact.name, contact.provisional) == ("Petra Müller", False)
    assert len(board.contacts) == len(board.identities) == 1
    assert board.entry(record).strength is Strength.CLAIMED
    assert board.conversation(record).waiting_since is not None


async def test_ac25_a_number_that_differs_in_one_digit_is_somebody_else(board: Switchboard) -> None:
    await board.import_known()
    record = await board.call("+492219730451")
    assert board.contact(record).provisional
    assert len(board.contacts) == 2


async def test_ac25_what_is_no_number_is_kept_for_a_person_to_look_at(board: Switchboard) -> None:
    record = await board.call("anonymous")
    assert (record.state, record.result) == ("quarantined", None)
    assert board.contacts == {}
