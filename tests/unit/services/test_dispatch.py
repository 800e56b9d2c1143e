"""The dispatcher: order, caps, back-off, what is unknown, what is given up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.domain.address import Address
from hub.domain.errors import (
    PermanentFailure,
    ScannerAway,
    StoreBusy,
    StoreUnavailable,
    TemporaryFailure,
    UnknownOutcome,
)
from hub.domain.message import Attachment
from hub.domain.outbox import AttemptOutcome, OutboxState
from hub.ports.connector import LinkState
from tests.fake_connector import Stage
from tests.outbox_world import ANNA, World, actor


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    world.start()
    yield world
    await world.stop()


def chat(name: str) -> Address:
    return Address(channel="xmpp", normal=f"{name}@chat.example")


async def test_sends_at_once_without_polling(world: World) -> None:
    await world.settle()
    item = world.make_item(1)
    await world.outbox.submit([item])
    await world.settle()
    stored = world.item(item.id)
    assert stored.state is OutboxState.SENT
    assert stored.native_ref == f"q-{item.id}"
    assert [(a.number, a.epoch, a.outcome) for a in stored.attempts] == [(1, 1, AttemptOutcome.SENT)]
    assert world.clock.monotonic() == 0
    assert world.outcomes == ["sent"]


async def test_the_attempt_stands_in_the_store_before_the_network_is_touched(world: World) -> None:
    seen = []
    world.mail.watch = lambda item: seen.append((world.state(item.id), world.item(item.id).attempts[-1].outcome))
    await world.outbox.submit([world.make_item(1)])
    await world.settle()
    assert seen == [(OutboxState.SENDING, AttemptOutcome.OPEN)]


async def test_one_lane_keeps_its_order_and_lanes_run_side_by_side(world: World) -> None:
    world.mail.gate.clear()
    other = Address(channel="email", normal="other@example.org")
    items = [world.make_item(1), world.make_item(2), world.make_item(3, other)]
    await world.outbox.submit(items)
    await world.settle()
    assert sorted(world.mail.sent) == sorted([items[0].id, items[2].id])
    world.mail.gate.set()
    await world.settle()
    assert world.mail.sent[-1] == items[1].id
    assert {world.state(item.id) for item in items} == {OutboxState.SENT}


async def test_no_more_than_eight_at_once_through_one_account(world: World) -> None:
    world.mail.gate.clear()
    people = [Address(channel="email", normal=f"p{n}@example.org") for n in range(30)]
    await world.outbox.submit([world.make_item(n, person) for n, person in enumerate(people)])
    await world.outbox.submit([world.make_item(100, chat("kim"), account="chat")])
    await world.settle()
    assert world.mail.active == 8
    assert len(world.chat.sent) == 1, "another account is not held up"
    world.mail.gate.set()
    await world.settle()
    assert len(world.mail.sent) == 30
    assert world.mail.most == 8


async def test_nothing_is_claimed_while_the_link_is_down_and_all_leaves_when_it_is_up(world: World) -> None:
    world.set_link("office", LinkState.DOWN)
    item = world.make_item(1)
    await world.outbox.submit([item])
    await world.pass_time(60)
    assert world.item(item.id).attempts == ()
    world.set_link("office", LinkState.UP)
    await world.settle()
    assert world.state(item.id) is OutboxState.SENT


async def test_ac31_a_4xx_is_retried_with_back_off_and_retry_after(world: World) -> None:
    world.mail.errors[Stage.GREET].extend(
        [
            TemporaryFailure("busy"),
            TemporaryFailure("busy", retry_after=timedelta(minutes=5)),
            None,
        ]
    )
    item = world.make_item(1)
    await world.outbox.submit([item])
    await world.settle()
    assert world.item(item.id).due_at == world.clock.now() + timedelta(seconds=30)
    await world.pass_time(30)
    stored = world.item(item.id)
    assert (stored.state, len(stored.attempts), stored.reason) == (OutboxState.QUEUED, 2, "temporary")
    assert stored.due_at - world.clock.now() == timedelta(minutes=5)
    await world.pass_time(299)
    assert len(world.item(item.id).attempts) == 2
    await world.pass_time(1)
    stored = world.item(item.id)
    assert stored.state is OutboxState.SENT
    assert [a.outcome.value for a in stored.attempts] == ["temporary", "temporary", "sent"]
    assert world.notices_to(ANNA) == [], "a short delay is nobody's news"


async def test_ac31_a_5xx_fails_at_once_and_its_author_is_told(world: World) -> None:
    world.mail.errors[Stage.ANSWER].append(PermanentFailure("550 no", status="5.7.1"))
    item = world.make_item(1)
    await world.outbox.submit([item])
    await world.settle()
    assert (world.state(item.id), world.item(item.id).reason) == (OutboxState.FAILED, "refused")
    [text] = world.notices_to(ANNA)
    assert text == "Deine Nachricht an petra@carpenter.example („subject 1“) wurde nicht gesendet: die Gegenseite " + (
        "lehnte sie ab."
    )
    await world.pass_time(300)
    assert len(world.mail.sent) == 1


async def test_ac31_each_recipient_has_its_own_fate(world: World) -> None:
    good, bad = Address(channel="email", normal="good@example.org"), Address(channel="email", normal="bad@example.org")
    items = [world.make_item(1, bad), world.make_item(2, good)]
    world.mail.errors[Stage.GREET].append(PermanentFailure("550 5.1.1 unknown user", status="5.1.1"))
    await world.outbox.submit(items)
    await world.settle()
    assert [world.state(item.id) for item in items] == [OutboxState.FAILED, OutboxState.SENT]
    assert await world.suppressions.find(bad) is not None
    assert await world.suppressions.find(good) is None


async def test_ac31_a_cut_after_data_is_held_for_a_person(world: World) -> None:
    world.mail.errors[Stage.ANSWER].append(UnknownOutcome("connection lost after DATA"))
    item, behind = world.make_item(1), world.make_item(2)
    await world.outbox.submit([item, behind])
    await world.settle()
    stored = world.item(item.id)
    assert (stored.state, stored.reason) == (OutboxState.HELD, "unknown-outcome")
    assert world.state(behind.id) is OutboxState.SENT, "a held item frees its lane"
    assert "unklar" in world.notices_to(ANNA)[0]
    await world.pass_time(3600, step=60)
    await world.restart()
    await world.pass_time(60)
    assert world.mail.sent.count(item.id) == 1
    await world.outbox.retry(actor(), item.id)
    await world.settle()
    assert world.mail.sent.count(item.id) == 2
    assert world.state(item.id) is OutboxState.SENT


async def test_ac31_a_held_item_may_be_settled_as_sent(world: World) -> None:
    world.mail.errors[Stage.ANSWER].append(UnknownOutcome("lost"))
    item = world.make_item(1)
    await world.outbox.submit([item])
    await world.settle()
    await world.outbox.settle(actor(), item.id)
    await world.pass_time(60)
    assert world.state(item.id) is OutboxState.SENT
    assert len(world.mail.sent) == 1


async def test_ac31_silence_past_the_deadline_is_an_unknown_outcome(world: World) -> None:
    world.mail.gate.clear()
    item = world.make_item(1)
    await world.outbox.submit([item])
    await world.pass_time(59)
    assert world.state(item.id) is OutboxState.SENDING
    await world.pass_time(1)
    stored = world.item(item.id)
    assert (stored.state, stored.attempts[-1].code) == (OutboxState.HELD, "deadline")
    assert world.mail.active == 0


async def test_an_unknown_outcome_is_repeated_under_the_same_id_where_the_peer_recognises_it(world: World) -> None:
    world.chat.errors[Stage.ANSWER].append(UnknownOutcome("stream ended"))
    item = world.make_item(1, chat("kim"), account="chat")
    await world.outbox.submit([item])
    await world.pass_time(60)
    assert world.chat.sent == [item.id, item.id]
    ids = {transmission.item.content.message_id for transmission in world.chat.transmissions}
    assert len(ids) == 1
    assert world.state(item.id) is OutboxState.SENT


async def test_ac41_an_open_attempt_of_an_earlier_process_is_held_not_resent(world: World) -> None:
    world.mail.gate.clear()
    item, behind = world.make_item(1), world.make_item(2)
    await world.outbox.submit([item, behind])
    await world.settle()
    await world.stop()
    assert world.state(item.id) is OutboxState.SENDING
    world.mail.gate.set()
    await world.restart()
    await world.settle()
    stored = world.item(item.id)
    assert (stored.state, stored.attempts[-1].code) == (OutboxState.HELD, "interrupted")
    assert world.mail.sent == [item.id, behind.id]
    assert world.item(behind.id).attempts[-1].epoch == 2


async def test_what_nobody_takes_is_given_up_at_its_absolute_end(world: World) -> None:
    world.mail.errors[Stage.GREET].extend([TemporaryFailure("busy")] * 100)
    item = world.make_item(1)
    await world.outbox.submit([item])
    await world.pass_time(3 * 86400, step=1800)
    stored = world.item(item.id)
    assert (stored.state, stored.reason) == (OutboxState.FAILED, "gave-up")
    assert 40 < len(stored.attempts) < 60
    texts = world.notices_to(ANNA)
    assert [("lässt auf sich warten" in text, "nicht gesendet" in text) for text in texts] == [
        (True, False),
        (False, True),
    ]


async def test_a_deferred_item_frees_its_lane_after_a_quarter_of_an_hour(world: World) -> None:
    world.mail.errors[Stage.GREET].extend([TemporaryFailure("busy")] * 5)
    first, second = world.make_item(1), world.make_item(2)
    await world.outbox.submit([first, second])
    await world.pass_time(14 * 60)
    assert world.item(second.id).attempts == ()
    await world.pass_time(65)
    assert world.state(second.id) is OutboxState.SENT
    assert world.state(first.id) is OutboxState.QUEUED


async def test_an_item_for_a_channel_that_cannot_send_waits_and_says_why(world: World) -> None:
    world.accounts.change("office", can_send=False)
    item = world.make_item(1)
    await world.outbox.submit([item])
    await world.pass_time(20)
    stored = world.item(item.id)
    assert (stored.state, stored.reason, stored.attempts) == (OutboxState.QUEUED, "no-way-to-send", ())
    [text] = world.notices_to(ANNA)
    assert "office" in text
    world.accounts.change("office", can_send=True)
    await world.pass_time(10)
    assert (world.state(item.id), world.item(item.id).reason) == (OutboxState.SENT, "")


async def test_a_lost_outcome_write_is_repeated_until_it_stands(world: World) -> None:
    world.mail.gate.clear()
    item = world.make_item(1)
    await world.outbox.submit([item])
    await world.settle()
    world.store.fail(StoreUnavailable("gone"))
    world.mail.gate.set()
    await world.pass_time(30)
    assert world.state(item.id) is OutboxState.SENDING
    world.store.fail(None)
    await world.pass_time(30)
    assert world.state(item.id) is OutboxState.SENT
    assert len(world.mail.sent) == 1


async def test_nothing_is_sent_without_the_lease(world: World) -> None:
    world.lease_error = StoreBusy("another hub")
    item = world.make_item(1)
    await world.outbox.submit([item])
    await world.pass_time(60)
    assert world.mail.sent == []
    assert world.item(item.id).attempts == ()
    world.lease_error = None
    await world.pass_time(10)
    assert world.state(item.id) is OutboxState.SENT


async def test_a_fault_in_a_connector_is_an_unknown_outcome_and_stops_nobody(world: World) -> None:
    world.mail.errors[Stage.ANSWER].append(ZeroDivisionError())
    items = [world.make_item(1), world.make_item(2)]
    await world.outbox.submit(items)
    await world.settle()
    assert [world.state(item.id) for item in items] == [OutboxState.HELD, OutboxState.SENT]


async def test_a_crash_of_the_hub_stops_its_attempts(world: World) -> None:
    world.mail.gate.clear()
    await world.outbox.submit([world.make_item(1)])
    await world.settle()
    await world.stop()
    assert world.mail.active == 0
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith(("send:", "lane:"))]


async def test_a_long_queue_behind_a_dead_link_holds_up_nobody_else(world: World) -> None:
    await world.stop()
    people = [Address(channel="email", normal=f"p{n}@example.org") for n in range(1200)]
    for start in range(0, 1200, 200):
        block = range(start, start + 200)
        await world.outbox.submit([world.make_item(n, people[n]) for n in block])
    item = world.make_item(9999, chat("kim"), account="chat")
    await world.outbox.submit([item])
    world.accounts.states["office"] = LinkState.DOWN
    await world.restart()
    await world.settle()
    assert world.state(item.id) is OutboxState.SENT


async def test_nothing_infected_leaves_and_its_author_is_told(world: World) -> None:
    await world.stop()

    async def find(files: tuple[Attachment, ...]) -> str:
        return "plan.pdf: Test" if files else ""

    world.find_infected = find
    world.build()
    world.start()
    plain, carrying = world.make_item(1), world.make_item(2)
    sha256 = await world.store.blobs.put(b"POISON")
    file = Attachment(index=0, name="plan.pdf", type="application/pdf", size=6, sha256=sha256)
    carrying = replace(carrying, content=replace(carrying.content, attachments=(file,)))
    await world.outbox.submit([carrying])
    await world.outbox.submit([plain])
    await world.settle()
    refused = world.item(carrying.id)
    assert (refused.state, refused.reason, refused.detail) == (OutboxState.FAILED, "infected", "plan.pdf: Test")
    assert refused.attempts == ()
    assert world.mail.sent == [plain.id]
    assert any("Virenprüfung" in text or "virus check" in text for text in world.notices_to(ANNA))


async def test_while_the_virus_check_is_away_files_wait_and_cost_no_attempt(world: World) -> None:
    await world.stop()
    away = True

    async def find(files: tuple[Attachment, ...]) -> str:
        if away:
            raise ScannerAway("not there")
        return ""

    world.find_infected = find
    world.build()
    world.start()
    item = world.make_item(1)
    await world.outbox.submit([item])
    await world.pass_time(30)
    assert (world.state(item.id), world.item(item.id).attempts) == (OutboxState.QUEUED, ())
    away = False
    await world.pass_time(30)
    assert world.state(item.id) is OutboxState.SENT
