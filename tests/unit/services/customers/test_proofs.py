"""What a one-time code gives besides the answer: what came before it joins the contact; and who can read the code."""

from dataclasses import replace
from typing import Any

import pytest

from hub.domain.contact import Contact
from hub.domain.errors import StoreUnavailable
from hub.domain.ids import ContactId
from hub.domain.message import Strength
from hub.domain.outbox import HIDDEN, OutboxState, Purpose
from hub.ports.kinds import AUDIT, CONTACTS, INTERACTIONS, MERGES
from hub.web.api import shapes
from tests.reception_world import PETRA_MAIL, CustomerOffice


def provisional(world: CustomerOffice) -> Contact:
    (found,) = [one for one in world.store.documents(CONTACTS).rows.values() if one.provisional]
    return found


async def texts(world: CustomerOffice, contact_id: ContactId) -> list[str]:
    page = await world.business.timeline.page(world.office.anna, contact_id, limit=100)
    return [one.interaction.text for one in page.items]


async def proved() -> tuple[CustomerOffice, Contact]:
    """Petra has asked from an unknown chat, and proved who she is; the contact that she was until then."""
    world = await CustomerOffice.open()
    await world.chat("Was ist noch offen bei mir?")
    stranger = provisional(world)
    await world.chat(PETRA_MAIL)
    await world.chat(world.codes()[-1])
    return world, stranger


async def test_what_was_written_before_the_proof_joins_the_contact() -> None:
    world, stranger = await proved()
    contacts = world.store.documents(CONTACTS).rows
    assert contacts[stranger.id].merged_into == world.petra.id
    assert contacts[world.petra.id].members == (stranger.id,)
    assert contacts[world.petra.id].name == "Petra Müller"
    assert "Was ist noch offen bei mir?" in await texts(world, world.petra.id)
    assert world.conversation().contact_id == world.petra.id
    assert world.audited("register.join") == ["ok"]


async def test_it_is_taken_apart_like_any_merge() -> None:
    world, stranger = await proved()
    before = world.store.documents(CONTACTS).rows[stranger.id]
    report = await world.business.register.unmerge(world.office.admin, world.petra.id, stranger.id, key="u")
    assert report.survivor.members == ()
    assert replace(report.member, version=0) == replace(before, merged_into=None, version=0)
    assert "Was ist noch offen bei mir?" in await texts(world, stranger.id)
    assert "Was ist noch offen bei mir?" not in await texts(world, world.petra.id)


async def test_without_the_right_code_nothing_joins() -> None:
    world = await CustomerOffice.open()
    await world.chat("Was ist noch offen bei mir?")
    await world.chat(PETRA_MAIL)
    await world.chat(f"{(int(world.codes()[-1]) + 1) % 1_000_000:06}")
    assert provisional(world).merged_into is None
    assert world.store.documents(MERGES).rows == {}


@pytest.mark.parametrize("strength", [Strength.CLAIMED, Strength.AUTHENTICATED, Strength.VERIFIED])
async def test_a_contact_with_another_address_stays_apart(strength: Strength) -> None:
    world = await CustomerOffice.open()
    await world.chat("Was ist noch offen bei mir?")
    stranger = provisional(world)
    await world.know(stranger, "other@chat.example", channel="xmpp", source="arrival:a_1", strength=strength)
    await world.chat(PETRA_MAIL)
    await world.chat(world.codes()[-1])
    assert world.conversation().contact_id == world.petra.id
    assert world.store.documents(CONTACTS).rows[stranger.id].merged_into is None


async def test_a_contact_that_somebody_looked_after_stays_apart() -> None:
    world = await CustomerOffice.open()
    await world.chat("Was ist noch offen bei mir?")
    stranger = provisional(world)
    await world.chat(PETRA_MAIL)
    await world.store.documents(CONTACTS).replace(replace(stranger, provisional=False), stranger.version)
    await world.chat(world.codes()[-1])
    assert world.store.documents(CONTACTS).rows[stranger.id].merged_into is None


async def test_a_crash_in_the_middle_of_joining_is_finished_at_the_next_start() -> None:
    world = await CustomerOffice.open()
    await world.chat("Was ist noch offen bei mir?")
    stranger = provisional(world)
    await world.chat(PETRA_MAIL)
    world.store.fail(StoreUnavailable("gone"), times=1, on={"contacts.replace"})
    await world.chat(world.codes()[-1])
    contacts = world.store.documents(CONTACTS).rows
    assert contacts[stranger.id].merged_into is None
    assert await world.business.repair() == 1
    assert contacts[stranger.id].merged_into == world.petra.id
    assert "Was ist noch offen bei mir?" in await texts(world, world.petra.id)


# Who can read the code


async def test_only_the_transmission_carries_the_code() -> None:
    world = await CustomerOffice.open()
    await world.chat("Was ist noch offen bei mir?")
    await world.chat(PETRA_MAIL)
    (code,) = world.codes()
    item = next(one.item for one in world.said(PETRA_MAIL, Purpose.LETTER))
    outbox, admin = world.world.outbox, world.office.admin
    assert HIDDEN in item.content.text
    world.world.start()
    await world.world.settle()
    await world.world.stop()
    (sent,) = [t for t in world.world.mail.transmissions if t.item.id == item.id]
    assert f"Ihr Code lautet {code}." in sent.item.content.text
    after = await outbox.get(admin, item.id)
    assert after.state in (OutboxState.SENT, OutboxState.DELIVERED)
    listed = (await outbox.page(admin, after.state)).items
    views: list[Any] = [after.content.text, repr(after), *map(repr, listed), str(shapes.outbox_item(after))]
    views += [str(world.store.documents(kind).rows) for kind in (AUDIT, INTERACTIONS)]
    assert not [view for view in views if code in view]
    found = await world.business.timeline.search(admin, code)
    assert found.items == []
