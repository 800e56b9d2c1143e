"""AC-39: an answer goes to whom the answered message names, and customers and partners are not mixed unnoticed."""

from dataclasses import replace

import pytest

from hub.domain.contact import ContactRole, identity_id
from hub.domain.message import Participant, ParticipantRole
from hub.ports.kinds import CONTACTS, IDENTITIES
from hub.services.replies import MIXES
from tests.office import Office, mail

SUPPLIER, CUSTOMER = mail("jens@holz.example"), mail("petra@kunde.example")


async def thread(office: Office, *cc: str) -> str:
    """A supplier's mail in a conversation in which a customer has written before."""
    jens = await office.customer("Jens Holz", SUPPLIER.normal)
    petra = await office.customer("Petra Müller", CUSTOMER.normal)
    for contact, role in ((jens, ContactRole.SUPPLIER), (petra, ContactRole.CUSTOMER)):
        await office.store.documents(CONTACTS).replace(replace(contact, roles=(role,)), 1)
    conversation = await office.conversation(jens, "Lieferung")
    petras = Participant(address=CUSTOMER, role=ParticipantRole.FROM)
    await office.message(jens, "Kundendaten", conversation, sender=petras)
    office.clock.advance(60)
    await office.message(
        jens,
        "Rückfrage",
        conversation,
        sender=Participant(address=SUPPLIER, role=ParticipantRole.FROM),
        recipients=(
            Participant(address=mail("office@joinery.example"), role=ParticipantRole.TO),
            *(Participant(address=mail(text), role=ParticipantRole.CC) for text in cc),
        ),
    )
    return conversation.id


async def test_ac39_recipients_come_only_from_the_answered_message() -> None:
    office = await Office.open()
    draft = await office.conversations.draft(office.anna, await thread(office))  # type: ignore[arg-type]
    assert [person.address for person in (*draft.to, *draft.cc)] == [SUPPLIER]
    assert draft.problem != MIXES
    assert CUSTOMER not in draft.added


async def test_ac39_mixing_is_said_before_anything_is_sent() -> None:
    office = await Office.open()
    draft = await office.conversations.draft(office.anna, await thread(office, CUSTOMER.normal))  # type: ignore[arg-type]
    assert CUSTOMER in [person.address for person in draft.cc]
    assert draft.problem == MIXES


@pytest.mark.parametrize("roles", [(), (ContactRole.SUPPLIER,)])
async def test_whoever_is_no_customer_is_not_mixed(roles: tuple[ContactRole, ...]) -> None:
    office = await Office.open()
    conversation_id = await thread(office, "ken@holz.example")
    ken = await office.customer("Ken", "ken@holz.example")
    await office.store.documents(CONTACTS).replace(replace(ken, roles=roles), 1)
    assert office.store.documents(IDENTITIES).rows[identity_id(mail("ken@holz.example"))].contact_id == ken.id
    draft = await office.conversations.draft(office.anna, conversation_id)  # type: ignore[arg-type]
    assert draft.problem != MIXES
