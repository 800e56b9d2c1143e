"""Accepting, and what people may do with what was accepted."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.domain.errors import Conflict, Invalid, NotFound, PermanentFailure, Refused, StoreUnavailable
from hub.domain.ids import OutboxId
from hub.domain.outbox import TRANSITIONS, OutboxState
from hub.domain.people import Actor, ActorKind
from hub.ports.connector import LinkState
from hub.ports.kinds import AUDIT, INTERACTIONS
from hub.services.attempts import transition
from hub.services.backoff import next_delay
from tests.fake_connector import Stage
from tests.outbox_world import World, actor


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    world.start()
    yield world
    await world.stop()


async def test_submitting_twice_accepts_once(world: World) -> None:
    item = world.make_item(1)
    await world.outbox.submit([item])
    await world.settle()
    [again] = await world.outbox.submit([replace(item, content=replace(item.content, text="other"))])
    await world.settle()
    assert (again.state, again.content.text) == (OutboxState.SENT, "text 1")
    assert len(world.mail.sent) == 1


async def test_a_missing_entry_is_written_before_the_first_attempt(world: World) -> None:
    conversation = await world.receive()
    world.store.fail(StoreUnavailable("away"), on={"interactions.insert"})
    receipt = await world.replies.reply(actor(), conversation.id, "Gern!", immediately=True)
    await world.settle()
    assert world.mail.sent == []
    world.store.fail(None)
    await world.pass_time(10)
    assert world.state(receipt.items[0]) is OutboxState.SENT
    assert receipt.entry_id in world.store.documents(INTERACTIONS).rows


async def test_two_items_of_one_millisecond_keep_their_order(world: World) -> None:
    world.set_link("office", LinkState.DOWN)
    ids = []
    for number in range(20):
        item = world.make_item(number)
        await world.outbox.submit([item])
        ids.append(item.id)
    world.set_link("office", LinkState.UP)
    await world.settle()
    assert world.mail.sent == ids


async def test_retry_sends_a_failed_item_and_a_waiting_one_now(world: World) -> None:
    world.mail.errors[Stage.ANSWER].append(PermanentFailure("no"))
    failed, waiting = world.make_item(1), world.make_item(2, delay=86400)
    await world.outbox.submit([failed, waiting])
    await world.settle()
    world.clock.advance(3600)
    for item in (failed, waiting):
        await world.outbox.retry(actor(), item.id)
    await world.settle()
    assert [world.state(item.id) for item in (failed, waiting)] == [OutboxState.SENT, OutboxState.SENT]
    stored = world.item(failed.id)
    assert stored.give_up_at - world.clock.now() == timedelta(days=2)
    assert [a.number for a in stored.attempts] == [1, 2]
    with pytest.raises(Conflict):
        await world.outbox.retry(actor(), failed.id)


async def test_what_is_being_sent_or_was_sent_cannot_be_cancelled(world: World) -> None:
    world.mail.gate.clear()
    item = world.make_item(1)
    await world.outbox.submit([item])
    await world.settle()
    for _ in range(2):
        with pytest.raises(Conflict):
            await world.outbox.cancel(actor(), item.id)
        with pytest.raises(Conflict):
            await world.outbox.settle(actor(), item.id)
        world.mail.gate.set()
        await world.settle()


async def test_cancelling_the_head_frees_the_lane_at_once(world: World) -> None:
    head, behind = world.make_item(1, delay=300), world.make_item(2)
    await world.outbox.submit([head, behind])
    await world.settle()
    assert world.mail.sent == []
    await world.outbox.cancel(actor(), head.id)
    await world.settle()
    assert world.mail.sent == [behind.id]


async def test_verbs_need_a_right_and_leave_an_audit_entry(world: World) -> None:
    item = world.make_item(1, delay=60)
    await world.outbox.submit([item])
    stranger = Actor(kind=ActorKind.CONTACT, id="c_1", via="mail")
    for verb in ("get", "retry", "cancel", "settle"):
        with pytest.raises(Refused):
            await getattr(world.outbox, verb)(stranger, item.id)
    with pytest.raises(Refused):
        await world.outbox.page(stranger, OutboxState.QUEUED)
    assert (await world.outbox.page(actor(), OutboxState.QUEUED)).items[0].id == item.id
    assert (await world.outbox.get(actor(), item.id)).id == item.id
    await world.outbox.cancel(actor(), item.id)
    await world.audit.flush()
    entries = list(world.store.documents(AUDIT).rows.values())
    assert {(e.verb, e.outcome) for e in entries} == {
        *((f"outbox.{verb}", "refused") for verb in ("get", "page", "retry", "cancel", "settle")),
        *((f"outbox.{verb}", "ok") for verb in ("get", "page", "cancel")),
    }


async def test_bad_input(world: World) -> None:
    with pytest.raises(NotFound):
        await world.outbox.get(actor(), OutboxId("o_unknown"))
    with pytest.raises(Invalid):
        await world.outbox.page(actor(), OutboxState.SENT, limit=0)
    with pytest.raises(Invalid):
        await world.outbox.submit([])


def test_only_the_table_s_transitions_are_legal() -> None:
    item = World().make_item(1)
    for before, after in itertools.product(OutboxState, OutboxState):
        at = replace(item, state=before)
        if after in TRANSITIONS[before]:
            assert transition(at, after).state is after
        else:
            with pytest.raises(Conflict):
                transition(at, after)


def test_back_off_doubles_is_capped_and_jittered() -> None:
    spans = [next_delay(tries, jitter=lambda: 1.0).total_seconds() for tries in range(1, 10)]
    assert spans == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert next_delay(10**6, jitter=lambda: 0.5) == timedelta(minutes=30)
    assert next_delay(3, jitter=lambda: 0.0) == timedelta(0)
