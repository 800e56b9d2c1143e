"""Bounces, receipts and reports find their item."""

from collections.abc import AsyncIterator

import pytest

from hub.domain.address import Address
from hub.domain.errors import UnknownOutcome
from hub.domain.message import Message, RecipientStatus
from hub.domain.outbox import OutboxItem, OutboxState
from hub.ports.connector import DeliveryUpdate
from hub.services.bounces import BounceClass, classify
from tests.fake_connector import Stage
from tests.outbox_world import ANNA, PETRA, World, actor, person


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    world.start()
    yield world
    await world.stop()


async def sent(world: World, account: str = "office", recipient: Address = PETRA) -> OutboxItem:
    item = world.make_item(1, recipient, account=account)
    await world.outbox.submit([item])
    await world.settle()
    return item


def bounce_of(item: OutboxItem, *statuses: RecipientStatus) -> Message:
    return Message(channel="email", bounced=statuses, bounced_message_id=item.content.message_id)


def status(action: str, code: str, recipient: str = PETRA.normal, diagnostic: str = "") -> RecipientStatus:
    return RecipientStatus(recipient=recipient, action=action, status=code, diagnostic=diagnostic)


async def test_a_hard_bounce_suppresses_the_address_and_tells_the_author(world: World) -> None:
    item = await sent(world)
    await world.deliveries.bounce(bounce_of(item, status("failed", "5.1.1", f"rfc822; <{PETRA.normal}>", "no user")))
    stored = world.item(item.id)
    assert (stored.state, stored.reason) == (OutboxState.BOUNCED, "hard")
    assert await world.suppressions.find(PETRA) is not None
    [text] = world.notices_to(ANNA)
    assert text.endswith("die Adresse gibt es nicht. Anderen Kanal versuchen?")
    await world.deliveries.bounce(bounce_of(item, status("failed", "5.1.1")))
    assert len(world.notices_to(ANNA)) == 1
    await world.outbox.retry(actor(), item.id)
    await world.settle()
    assert (world.state(item.id), await world.suppressions.find(PETRA)) == (OutboxState.SENT, None)


async def test_a_full_mailbox_bounces_but_suppresses_nobody(world: World) -> None:
    item = await sent(world)
    await world.deliveries.bounce(bounce_of(item, status("failed", "5.2.2")))
    assert world.item(item.id).reason == "soft"
    assert await world.suppressions.find(PETRA) is None


async def test_ac31_every_recipient_bounces_alone(world: World) -> None:
    conversation = await world.receive(to=(person("office@joinery.example"), person("second@carpenter.example")))
    receipt = await world.replies.reply(actor(), conversation.id, "An beide", immediately=True)
    await world.settle()
    first, second = (world.item(item_id) for item_id in receipt.items)
    news = bounce_of(first, status("failed", "5.1.1", "second@carpenter.example"))
    assert [item.id for item in await world.deliveries.bounce(news)] == [second.id]
    assert world.state(first.id) is OutboxState.SENT
    assert world.state(second.id) is OutboxState.BOUNCED
    unknown = bounce_of(first, status("failed", "5.1.1", "nobody@carpenter.example"))
    assert await world.deliveries.bounce(unknown) == []


async def test_a_receipt_marks_it_delivered(world: World) -> None:
    peer = Address(channel="xmpp", normal="kim@chat.example")
    item = await sent(world, "chat", peer)
    update = DeliveryUpdate(
        message_id=item.content.message_id,
        at=world.clock.now(),
        status=status("delivered", "2.0.0", "kim@chat.example/phone"),
    )
    await world.deliveries.update("office", update)
    assert world.state(item.id) is OutboxState.SENT, "another account's word is not taken"
    await world.deliveries.update("chat", update)
    assert world.state(item.id) is OutboxState.DELIVERED
    await world.deliveries.update("chat", update)
    assert world.state(item.id) is OutboxState.DELIVERED


async def test_a_receipt_that_overtakes_the_answer_is_not_lost(world: World) -> None:
    world.chat.gate.clear()
    peer = Address(channel="xmpp", normal="kim@chat.example")
    item = await sent(world, "chat", peer)
    assert world.state(item.id) is OutboxState.SENDING
    update = DeliveryUpdate(
        message_id=item.content.message_id, at=world.clock.now(), status=status("delivered", "2.0.0", "")
    )
    await world.deliveries.update("chat", update)
    world.chat.gate.set()
    await world.settle()
    assert world.state(item.id) is OutboxState.DELIVERED


@pytest.mark.parametrize(
    ("action", "code", "expected"),
    [
        ("delivered", "2.1.5", OutboxState.DELIVERED),
        ("failed", "5.1.1", OutboxState.BOUNCED),
        ("delayed", "4.4.1", OutboxState.SENT),
        ("nonsense", "", OutboxState.HELD),
    ],
)
async def test_ac31_a_report_settles_an_unknown_outcome(
    world: World, action: str, code: str, expected: OutboxState
) -> None:
    world.mail.errors[Stage.ANSWER].append(UnknownOutcome("cut"))
    item = await sent(world)
    assert world.state(item.id) is OutboxState.HELD
    await world.deliveries.bounce(bounce_of(item, status(action, code)))
    assert world.state(item.id) is expected


async def test_ac31_our_own_mail_in_the_sent_folder_settles_it_too(world: World) -> None:
    world.mail.errors[Stage.ANSWER].append(UnknownOutcome("cut"))
    item = await sent(world)
    await world.deliveries.found_in_sent(item.content.message_id)
    assert world.state(item.id) is OutboxState.SENT
    assert await world.deliveries.found_in_sent("unknown@x") is None


@pytest.mark.parametrize(
    ("code", "diagnostic", "expected"),
    [
        ("5.1.1", "", BounceClass.HARD),
        ("5.1.10", "null MX", BounceClass.HARD),
        ("5.2.1", "", BounceClass.HARD),
        ("5.0.0", "550 user unknown", BounceClass.HARD),
        ("5.1.0", "sender rejected", BounceClass.POLICY),
        ("5.1.8", "bad sender's system", BounceClass.POLICY),
        ("5.2.2", "mailbox full", BounceClass.SOFT),
        ("4.4.7", "", BounceClass.SOFT),
        ("5.7.1", "blocked", BounceClass.POLICY),
        ("5.7.1", "please confirm that you are human: confirm you", BounceClass.CHALLENGE),
        ("", "", BounceClass.SOFT),
    ],
)
def test_classes(code: str, diagnostic: str, expected: BounceClass) -> None:
    assert classify(code, diagnostic) is expected


async def test_that_a_person_has_seen_it_is_added_to_what_was_delivered(world: World) -> None:
    item = await sent(world)

    async def tell(words: str) -> OutboxItem:
        news = DeliveryUpdate(
            message_id=item.content.message_id, at=world.clock.now(), status=status("delivered", "2.0.0", "", words)
        )
        (found,) = await world.deliveries.update("office", news)
        return found

    assert (await tell("")).detail == "2.0.0"
    seen = await tell("displayed")
    assert (seen.state, seen.detail) == (OutboxState.DELIVERED, "2.0.0 displayed")
    assert (await tell("")).detail == "2.0.0 displayed"
