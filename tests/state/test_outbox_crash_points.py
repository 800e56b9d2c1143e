"""The hub dies at every single await between "a colleague presses send" and "sent", once each; the next process finds
what is left. Exhaustive where the state machine is random."""

import contextlib
from collections.abc import Awaitable, Callable

import pytest

from hub.domain.errors import StoreUnavailable, UnknownOutcome
from hub.domain.ids import ConversationId
from hub.domain.interaction import message_reference_id
from hub.domain.outbox import AttemptOutcome, OutboxState, Purpose
from hub.domain.views import FileData
from hub.ports.kinds import CONVERSATIONS, INTERACTIONS, MESSAGE_REFERENCES, PLACEMENTS
from tests.fake_connector import Stage
from tests.memory_store import Crash
from tests.outbox_world import ANNA, World, actor, person

FILES = (FileData(name="drawing.pdf", type="application/pdf", data=b"%PDF-1.7"),)


async def _answer(world: World, conversation_id: ConversationId) -> None:
    await world.replies.reply(actor(), conversation_id, "Gern!", key="form-1", files=FILES, immediately=True)


async def _prepare() -> tuple[World, ConversationId]:
    world = World()
    conversation = await world.receive(to=(person("office@joinery.example"), person("second@carpenter.example")))
    world.store.restart()
    return world, conversation.id


async def _run(world: World, step: Callable[[], Awaitable[None]]) -> bool:
    """Do the step in a running hub; True where the process died on the way."""
    world.start()
    with contextlib.suppress(Crash):
        await step()
    await world.settle()
    return world.store.points.crashed


async def _count_points() -> int:
    world, conversation_id = await _prepare()
    assert not await _run(world, lambda: _answer(world, conversation_id))
    await world.stop()
    return world.store.points.passed


def _check_whole(world: World) -> None:
    """Every accepted item has its siblings and all that belongs to its entry."""
    replies = [item for item in world.rows.values() if item.purpose is Purpose.REPLY]
    assert len(replies) in (0, 2)
    for item in replies:
        assert item.entry_id is not None
        entry = world.store.documents(INTERACTIONS).rows[item.entry_id]
        assert entry.text == "Gern!"
        placement = world.store.documents(PLACEMENTS).rows[item.entry_id]
        assert placement.conversation_id == item.conversation_id
        reference = world.store.documents(MESSAGE_REFERENCES).rows[message_reference_id(item.content.message_id)]
        assert reference.interactions == (item.entry_id,)
        assert item.entry_id in world.store.search.entries
        conversation = world.store.documents(CONVERSATIONS).rows[str(item.conversation_id)]
        assert conversation.waiting_since is None
        assert conversation.last_interaction == item.entry_id
        assert conversation.owner == ANNA.id


def _check_transmissions(world: World) -> None:
    for item in world.rows.values():
        if item.purpose is Purpose.REPLY:
            count = world.mail.sent.count(item.id)
            assert count <= 1, "never sent again in silence"
            assert count <= len(item.attempts)
            if count:
                assert item.state in (OutboxState.SENT, OutboxState.HELD)
            if item.state is OutboxState.HELD:
                assert item.attempts[-1].outcome is AttemptOutcome.UNKNOWN
                assert any("unklar" in text for text in world.notices_to(ANNA))


@pytest.mark.parametrize("tries_again", [False, True])
async def test_ac41_a_crash_at_every_await_of_an_answer(tries_again: bool) -> None:
    """`tries_again`: the colleague's browser sends the same form once more after the restart."""
    total = await _count_points()
    assert total > 40
    for point in range(1, total + 1):
        world, conversation_id = await _prepare()
        world.store.points.crash_after = point
        assert await _run(world, lambda world=world, id=conversation_id: _answer(world, id)), point
        await world.restart()
        await world.settle()
        if tries_again:
            await _answer(world, conversation_id)
            await world.settle()
        await world.pass_time(120, step=30)
        _check_whole(world)
        _check_transmissions(world)
        replies = [item for item in world.rows.values() if item.purpose is Purpose.REPLY]
        assert all(item.state in (OutboxState.SENT, OutboxState.HELD) for item in replies), point
        assert len({item.content.message_id for item in replies}) == len(replies[:1])
        if tries_again:
            assert len(replies) == 2
        await world.stop()


async def test_ac41_a_crash_at_every_await_of_a_failure() -> None:
    """A transmission with unknown outcome: held, told once, never resent."""
    point, crashed = 0, True
    while crashed:
        point += 1
        world, conversation_id = await _prepare()
        world.mail.errors[Stage.ANSWER].extend([UnknownOutcome("cut"), UnknownOutcome("cut")])
        world.store.points.crash_after = point
        crashed = await _run(world, lambda world=world, id=conversation_id: _answer(world, id))
        await world.restart()
        await world.pass_time(120, step=30)
        _check_transmissions(world)
        held = [item for item in world.rows.values() if item.state is OutboxState.HELD]
        stories = [text for text in world.notices_to(ANNA) if "unklar" in text]
        assert len(stories) == len(held), point
        await world.stop()
    assert point > 60


async def test_ac41_the_store_is_away_at_every_await_of_an_answer() -> None:
    """No crash, but one call that fails: an error to the caller, or everything is sent. Never both lost and told as
    accepted."""
    total = await _count_points()
    for skipped in range(total):
        world, conversation_id = await _prepare()
        calls = 0
        before = world.store.points.before

        async def failing(verb: str, at: int = skipped, go_on: Callable[[str], Awaitable[None]] = before) -> None:
            nonlocal calls
            calls += 1
            if calls == at + 1 and not verb.startswith("connector."):
                raise StoreUnavailable("away")
            await go_on(verb)

        world.store.points.before = failing  # type: ignore[method-assign]
        world.start()
        accepted = True
        try:
            await _answer(world, conversation_id)
        except StoreUnavailable:
            accepted = False
        await world.pass_time(60)
        replies = [item for item in world.rows.values() if item.purpose is Purpose.REPLY]
        assert not accepted or replies
        assert all(item.state is OutboxState.SENT for item in replies), skipped
        _check_whole(world)
        _check_transmissions(world)
        await world.stop()
