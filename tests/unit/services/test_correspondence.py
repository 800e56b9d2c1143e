"""What the company writes by itself: to whom, how often, and in which thread."""

from collections.abc import AsyncIterator

import pytest

from hub.domain.contact import Identity, identity_id
from hub.domain.conversation import Conversation
from hub.domain.message import Strength
from hub.domain.outbox import OutboxItem, OutboxState, Purpose
from hub.domain.token import read_tokens
from hub.ports.kinds import CONVERSATIONS, IDENTITIES, INTERACTIONS
from hub.services.correspondence import Correspondence
from tests.outbox_world import PETRA, SECRET, World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    world.start()
    yield world
    await world.stop()


def letters(world: World) -> Correspondence:
    return Correspondence(
        store=world.store,
        clock=world.clock,
        accounts=world.accounts,
        outbox=world.outbox,
        entries=world.entries,
        suppressions=world.suppressions,
        secret=SECRET,
        hostname="hub.example",
    )


async def bind(world: World, conversation: Conversation, strength: Strength, source: str = "arrival:a_x") -> None:
    identity = Identity(
        id=identity_id(PETRA),
        contact_id=conversation.contact_id,
        address=PETRA,
        strength=strength,
        source=source,
        since=world.clock.now(),
    )
    await world.store.documents(IDENTITIES).insert(identity)


async def say(world: World, conversation: Conversation, key: str = "k") -> OutboxItem | None:
    return await letters(world).say(conversation.contact_id, "Bitte zahlen.", subject="Erinnerung", key=key)


async def test_nothing_goes_to_an_address_that_was_only_claimed(world: World) -> None:
    conversation = await world.receive()
    await bind(world, conversation, Strength.CLAIMED)
    assert await say(world, conversation) is None
    assert await letters(world).find_way(conversation.contact_id) is None


async def test_ac20_a_letter_joins_the_thread_and_exists_once(world: World) -> None:
    conversation = await world.receive(message_id="first@carpenter.example")
    await bind(world, conversation, Strength.VERIFIED)
    item = await say(world, conversation)
    again = await say(world, conversation)
    assert item is not None
    assert again is not None
    assert item.id == again.id
    await world.settle()
    assert len(world.mail.transmissions) == 1
    content = world.mail.transmissions[0].item.content
    assert content.in_reply_to == "first@carpenter.example"
    assert read_tokens(SECRET, content.message_id, now=world.clock.now()) == [conversation.id]
    assert item.purpose is Purpose.LETTER
    # The customer still waits for a person's answer.
    assert world.store.documents(CONVERSATIONS).rows[conversation.id].waiting_since is not None


async def test_a_first_letter_opens_a_conversation(world: World) -> None:
    conversation = await world.receive()
    await bind(world, conversation, Strength.AUTHENTICATED, "import")
    await world.store.documents(CONVERSATIONS).delete(conversation.id)
    item = await say(world, conversation)
    assert item is not None
    opened = world.store.documents(CONVERSATIONS).rows[str(item.conversation_id)]
    assert (opened.peer, opened.subject, opened.last_text) == (PETRA, "Erinnerung", "Bitte zahlen.")
    assert world.store.documents(INTERACTIONS).rows[str(item.entry_id)].contact_id == conversation.contact_id


async def test_a_suppressed_address_is_no_way(world: World) -> None:
    conversation = await world.receive()
    await bind(world, conversation, Strength.VERIFIED)
    await world.suppressions.add(PETRA, "opt-out")
    assert await say(world, conversation) is None


async def test_after_the_suppression_another_key_says_more(world: World) -> None:
    conversation = await world.receive()
    await bind(world, conversation, Strength.VERIFIED)
    first, second = await say(world, conversation, "a"), await say(world, conversation, "b")
    assert first is not None
    assert second is not None
    assert first.id != second.id
    await world.settle()
    assert {world.item(first.id).state, world.item(second.id).state} == {OutboxState.SENT}
