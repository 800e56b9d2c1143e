"""Answering: recipients, headers, idempotence, collisions."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from hub.domain.address import Address
from hub.domain.conversation import OwnerKind
from hub.domain.errors import Conflict, Invalid, NotFound, Refused
from hub.domain.interaction import Direction, message_reference_id
from hub.domain.message import ParticipantRole
from hub.domain.outbox import OutboxState
from hub.domain.people import Actor, ActorKind
from hub.domain.token import read_tokens
from hub.domain.views import FileData
from hub.ports.connector import LinkState
from hub.ports.kinds import CONVERSATIONS, INTERACTIONS, MESSAGE_REFERENCES, OUTBOX
from hub.services.replies import CANNOT_SEND, LINK_DOWN, ON_SUPPRESSION_LIST, OTHER_ANSWERS, OTHER_OWNS
from tests.fake_connector import MAIL_ACCOUNT
from tests.outbox_world import ANNA, BEN, PETRA, SECRET, World, actor, person


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    world.start()
    yield world
    await world.stop()


async def test_an_answer_stands_on_the_timeline_and_ends_the_waiting(world: World) -> None:
    conversation = await world.receive()
    receipt = await world.replies.reply(actor(), conversation.id, " Gern! ")
    entry = world.store.documents(INTERACTIONS).rows[receipt.entry_id]
    assert (entry.text, entry.subject, entry.direction) == ("Gern!", "AW: Angebot für 12 Stühle", Direction.OUTBOUND)
    assert entry.sender is not None
    assert entry.sender.address.normal == "office@joinery.example"
    stored = world.store.documents(CONVERSATIONS).rows[conversation.id]
    assert stored.waiting_since is None
    assert (stored.last_interaction, stored.last_text, stored.owner) == (receipt.entry_id, "Gern!", ANNA.id)
    assert (await world.store.search.find(["gern!"], scope=["all"])).ids == [receipt.entry_id]


async def test_ac15_our_own_message_is_known_before_it_leaves(world: World) -> None:
    conversation = await world.receive()
    receipt = await world.replies.reply(actor(), conversation.id, "Gern!")
    content = world.item(receipt.items[0]).content
    reference = world.store.documents(MESSAGE_REFERENCES).rows[message_reference_id(content.message_id)]
    assert (reference.conversation_id, reference.interactions) == (conversation.id, (receipt.entry_id,))
    assert read_tokens(SECRET, content.message_id, now=world.clock.now()) == [conversation.id]


async def test_ac20_an_answer_carries_the_threading_headers(world: World) -> None:
    conversation = await world.receive(1, message_id="first@carpenter.example")
    world.clock.advance(60)
    await world.receive(2, message_id="second@carpenter.example")
    world.clock.advance(60)
    receipt = await world.replies.reply(actor(), conversation.id, "Gern!", immediately=True)
    await world.settle()
    content = world.mail.transmissions[0].item.content
    assert content.message_id.endswith("@joinery.example")
    assert content.message_id.isascii()
    assert content.in_reply_to == "second@carpenter.example"
    assert content.references == ("first@carpenter.example", "second@carpenter.example")
    world.clock.advance(60)
    await world.receive(3, message_id="third@carpenter.example")
    again = await world.replies.reply(actor(), conversation.id, "Bitte.")
    later = world.item(again.items[0]).content
    assert later.references == (*content.references, content.message_id, "third@carpenter.example")
    assert receipt.entry_id != again.entry_id


async def test_references_are_bounded(world: World) -> None:
    for number in range(40):
        conversation = await world.receive(number)
        world.clock.advance(1)
    receipt = await world.replies.reply(actor(), conversation.id, "Gern!")
    references = world.item(receipt.items[0]).content.references
    assert len(references) == 20
    assert references[-1] == "customer-39@carpenter.example"


async def test_recipients_come_from_the_answered_message_only(world: World) -> None:
    conversation = await world.receive(
        to=(
            person("office@joinery.example"),
            person("second@carpenter.example"),
            person("copy@carpenter.example", ParticipantRole.CC),
            person("sales@joinery.example", ParticipantRole.CC),
        ),
        reply_to=person("answers@carpenter.example"),
    )
    draft = await world.replies.draft(actor(), conversation.id)
    assert [p.address.normal for p in draft.to] == ["answers@carpenter.example"]
    assert [p.address.normal for p in draft.cc] == ["second@carpenter.example", "copy@carpenter.example"]
    assert [a.normal for a in draft.added] == ["answers@carpenter.example"]
    assert draft.dropped == (PETRA,)
    receipt = await world.replies.reply(actor(), conversation.id, "An alle", immediately=True)
    await world.settle()
    assert {t.item.recipient.normal for t in world.mail.transmissions} == {
        "answers@carpenter.example",
        "second@carpenter.example",
        "copy@carpenter.example",
    }
    assert len({world.item(item_id).content.message_id for item_id in receipt.items}) == 1
    assert len({world.item(item_id).entry_id for item_id in receipt.items}) == 1


async def test_a_message_can_be_taken_back_for_twenty_seconds(world: World) -> None:
    conversation = await world.receive()
    receipt = await world.replies.reply(actor(), conversation.id, "Moment")
    assert (receipt.leaves_at - world.clock.now()).total_seconds() == 20
    await world.pass_time(19, step=1)
    assert world.mail.sent == []
    await world.outbox.cancel(actor(), receipt.items[0])
    await world.pass_time(30)
    assert world.mail.sent == []
    waiting = world.store.documents(CONVERSATIONS).rows[conversation.id]
    assert waiting.waiting_since == conversation.waiting_since, "the customer waits again"
    second = await world.replies.reply(actor(), conversation.id, "Jetzt aber")
    await world.pass_time(20, step=1)
    assert world.state(second.items[0]) is OutboxState.SENT


async def test_the_same_key_submits_once_even_days_later(world: World) -> None:
    conversation = await world.receive()
    first = await world.replies.reply(actor(), conversation.id, "Gern!", key="k", immediately=True)
    await world.settle()
    message_id = world.item(first.items[0]).content.message_id
    world.clock.advance(3 * 86400)
    await world.receive(2, reply_to=person("elsewhere@carpenter.example"))
    again = await world.replies.reply(actor(), conversation.id, "Gern! (geändert)", key="k", immediately=True)
    await world.settle()
    assert (again.entry_id, again.items) == (first.entry_id, first.items)
    assert world.item(first.items[0]).content.message_id == message_id
    assert len(world.mail.sent) == 1
    assert world.store.documents(CONVERSATIONS).rows[conversation.id].waiting_since is not None
    other = await world.replies.reply(actor(BEN), conversation.id, "Auch", key="k")
    assert other.entry_id != first.entry_id, "another colleague's key is another key"


async def test_a_key_belongs_to_one_conversation(world: World) -> None:
    conversation = await world.receive()
    second = await world.receive(sender=Address(channel="xmpp", normal="kim@chat.example"))
    await world.replies.reply(actor(), conversation.id, "Gern!", key="k")
    with pytest.raises(Conflict):
        await world.replies.reply(actor(), second.id, "Gern!", key="k")


async def test_chat_is_answered_to_its_peer_under_a_stanza_id(world: World) -> None:
    peer = Address(channel="xmpp", normal="kim@chat.example")
    conversation = await world.receive(sender=peer, subject="")
    receipt = await world.replies.reply(actor(), conversation.id, "Hallo", immediately=True)
    await world.settle()
    item = world.chat.transmissions[0].item
    assert (item.recipient, item.content.message_id, item.content.subject) == (peer, receipt.items[0], "")
    # The message answered is named for channels that can quote it; there is no chain of ancestors in a chat.
    (answered,) = (
        entry for entry in world.store.documents(INTERACTIONS).rows.values() if entry.direction is Direction.INBOUND
    )
    assert (item.content.in_reply_to, item.content.references) == (answered.message_id, ())


async def test_files_travel_with_the_message(world: World) -> None:
    conversation = await world.receive()
    file = FileData(name="plan.pdf", type="application/pdf", data=b"%PDF")
    await world.replies.reply(actor(), conversation.id, "Anbei", files=[file], immediately=True)
    await world.settle()
    [transmission] = world.mail.transmissions
    assert transmission.parcel.files == (b"%PDF",)
    assert transmission.item.content.attachments[0].name == "plan.pdf"


async def test_a_file_that_is_gone_fails_the_message(world: World) -> None:
    conversation = await world.receive()
    file = FileData(name="plan.pdf", type="application/pdf", data=b"%PDF")
    receipt = await world.replies.reply(actor(), conversation.id, "Anbei", files=[file])
    world.store.blobs.rows.clear()
    await world.pass_time(20)
    assert (world.state(receipt.items[0]), world.mail.sent) == (OutboxState.FAILED, [])
    assert "Datei" in world.notices_to(ANNA)[0]


async def test_collisions_and_obstacles_are_shown_before_sending(world: World) -> None:
    conversation = await world.receive()
    assert (await world.replies.draft(actor(), conversation.id)).problem == ""
    world.set_link("office", LinkState.DOWN)
    draft = await world.replies.draft(actor(), conversation.id)
    assert (draft.can_send, draft.problem) == (True, LINK_DOWN)
    await world.replies.reply(actor(BEN), conversation.id, "I do it", immediately=True)
    assert (await world.replies.draft(actor(), conversation.id)).problem == OTHER_ANSWERS
    world.set_link("office", LinkState.UP)
    await world.settle()
    assert (await world.replies.draft(actor(), conversation.id)).problem == OTHER_OWNS
    assert (await world.replies.draft(actor(BEN), conversation.id)).problem == ""
    await world.suppressions.add(PETRA, "opt-out")
    draft = await world.replies.draft(actor(BEN), conversation.id)
    assert (draft.can_send, draft.problem) == (False, ON_SUPPRESSION_LIST)
    world.accounts.change("office", can_send=False)
    draft = await world.replies.draft(actor(BEN), conversation.id)
    assert (draft.can_send, draft.problem) == (False, CANNOT_SEND)


async def test_to_a_suppressed_address_nothing_leaves(world: World) -> None:
    conversation = await world.receive()
    await world.suppressions.add(PETRA, "opt-out")
    receipt = await world.replies.reply(actor(), conversation.id, "Gern!", immediately=True)
    await world.settle()
    item = world.item(receipt.items[0])
    assert (item.state, item.reason, world.mail.sent) == (OutboxState.FAILED, "suppressed", [])
    with pytest.raises(Conflict):
        await world.outbox.retry(actor(), item.id)


async def test_an_address_suppressed_after_submit_is_noticed_at_the_claim(world: World) -> None:
    conversation = await world.receive()
    receipt = await world.replies.reply(actor(), conversation.id, "Gern!")
    await world.suppressions.add(PETRA, "complaint")
    await world.pass_time(25)
    assert (world.state(receipt.items[0]), world.mail.sent) == (OutboxState.FAILED, [])


async def test_answerable_is_the_longest_waiting_else_the_last(world: World) -> None:
    conversation = await world.receive()
    conversations = world.store.documents(CONVERSATIONS)
    older = replace(conversation, id="v_" + "a" * 26, waiting_since=None)
    world.clock.advance(60)
    newest = replace(older, id="v_" + "b" * 26, last_at=world.clock.now(), waiting_since=world.clock.now())
    await conversations.insert(older)
    await conversations.insert(newest)
    found = await world.replies.answerable(actor(), conversation.contact_id)
    assert found.id == conversation.id
    for stored in list(conversations.rows.values()):
        await conversations.replace(replace(stored, waiting_since=None), stored.version)
    assert (await world.replies.answerable(actor(), conversation.contact_id)).id == newest.id
    await conversations.delete(newest.id)
    with pytest.raises(NotFound):
        await world.replies.answerable(actor(), type(conversation.contact_id)("c_unknown"))


async def test_answerable_is_one_that_can_be_answered_though_an_order_came_later(world: World) -> None:
    conversation = await world.receive()
    conversations = world.store.documents(CONVERSATIONS)
    await conversations.replace(replace(conversation, waiting_since=None), conversation.version)
    world.accounts.accounts["northwind"] = replace(MAIL_ACCOUNT, name="northwind", channel="shop", can_send=False)
    world.clock.advance(60)
    order = replace(conversation, id="v_" + "b" * 26, account="northwind", channel="shop", waiting_since=None)
    await conversations.insert(replace(order, last_at=world.clock.now()))
    assert (await world.replies.answerable(actor(), conversation.contact_id)).id == conversation.id
    await conversations.delete(conversation.id)
    # With nothing better the colleague sees the shop's, and is told that it cannot send.
    assert (await world.replies.answerable(actor(), conversation.contact_id)).id == order.id


async def test_bad_input_and_missing_rights_are_refused(world: World) -> None:
    conversation = await world.receive()
    with pytest.raises(Invalid):
        await world.replies.reply(actor(), conversation.id, "  ")
    with pytest.raises(Invalid):
        await world.replies.reply(actor(), conversation.id, "x" * 40_000)
    with pytest.raises(NotFound):
        await world.replies.reply(actor(), type(conversation.id)("v_unknown"), "x")
    stranger = Actor(kind=ActorKind.CONTACT, id=conversation.contact_id, via="mail")
    with pytest.raises(Refused):
        await world.replies.reply(stranger, conversation.id, "x")
    assert world.store.documents(OUTBOX).rows == {}


async def test_a_conversation_of_a_colleague_stays_theirs(world: World) -> None:
    conversation = await world.receive(owner=BEN.id)
    await world.replies.reply(actor(), conversation.id, "Ich helfe aus")
    stored = world.store.documents(CONVERSATIONS).rows[conversation.id]
    assert (stored.owner_kind, stored.owner) == (OwnerKind.USER, BEN.id)
