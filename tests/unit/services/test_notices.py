"""Telling colleagues."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from hub.domain.errors import StoreUnavailable, UnknownOutcome
from hub.domain.message import MessageClass
from hub.domain.outbox import OutboxState, Purpose
from hub.domain.reminder import AlertChoice
from hub.ports.bot import Recorded
from hub.ports.connector import LinkState
from hub.ports.kinds import ALERTS, CONTACTS, INTERACTIONS
from hub.services.wording import TEXTS, one_line, say
from tests.fake_connector import Stage
from tests.outbox_world import ANNA, BEN, World, actor


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    world.start()
    yield world
    await world.stop()


async def arrive(world: World, number: int = 1, **fields: object) -> Recorded:
    conversation = await world.receive(number, **fields)  # type: ignore[arg-type]
    return Recorded(
        interaction=world.store.documents(INTERACTIONS).rows[conversation.last_interaction],
        conversation=conversation,
        contact=world.store.documents(CONTACTS).rows[conversation.contact_id],
    )


async def test_the_queue_is_told_within_the_second_in_each_language(world: World) -> None:
    await world.settle()
    await world.notices.tell([await arrive(world)])
    await world.settle()
    assert world.clock.monotonic() == 0
    texts = {t.item.recipient.normal: t.item.content.text for t in world.chat.transmissions}
    assert texts == {
        "anna@joinery.example": "Neue Mail von Petra Müller: „Angebot für 12 Stühle“ – antworten mit: antworte "
        "Petra Müller: …",
        "ben@joinery.example": "New mail from Petra Müller: “Angebot für 12 Stühle” – to answer: reply to "
        "Petra Müller: …",
    }


async def test_only_the_colleague_in_charge_is_told(world: World) -> None:
    await world.notices.tell([await arrive(world, owner=BEN.id)])
    await world.settle()
    assert [t.item.recipient for t in world.chat.transmissions] == list(BEN.links)


async def test_where_the_colleague_in_charge_has_left_all_are_told(world: World) -> None:
    world.staff = [ANNA, replace(BEN, active=False)]
    await world.notices.tell([await arrive(world, owner=BEN.id)])
    await world.settle()
    assert [t.item.recipient for t in world.chat.transmissions] == list(ANNA.links)


async def test_whoever_wants_to_hear_of_no_messages_hears_of_none(world: World) -> None:
    await world.store.documents(ALERTS).insert(AlertChoice(id=BEN.id, topics=("appointment",)))
    await world.notices.tell([await arrive(world)])
    await world.settle()
    assert [t.item.recipient for t in world.chat.transmissions] == list(ANNA.links)


async def test_telling_again_after_a_crash_tells_once(world: World) -> None:
    news = await arrive(world)
    await world.notices.tell([news])
    await world.restart()
    await world.notices.tell([news])
    await world.settle()
    assert len(world.chat.sent) == 2


async def test_more_than_ten_in_five_minutes_are_one_summary(world: World) -> None:
    world.staff = [ANNA]
    for number in range(15):
        await world.notices.tell([await arrive(world, number)])
    await world.settle()
    texts = world.notices_to(ANNA)
    assert len(texts) == 11
    assert texts[-1] == say("de", "many-new", count=10, minutes=5)
    await world.pass_time(301, step=60)
    await world.notices.tell([await arrive(world, 99)])
    assert len(world.notices_to(ANNA)) == 12


async def test_automatic_answers_and_history_are_nobodys_news(world: World) -> None:
    news = await arrive(world)
    for change in ({"message_class": MessageClass.AUTO_REPLY}, {"marks": ("history",)}):
        await world.notices.tell([replace(news, interaction=replace(news.interaction, **change))])
    await world.notices.tell([replace(news, conversation=replace(news.conversation, owner="bot"))])
    assert world.rows == {}


async def test_a_notice_waits_for_the_link(world: World) -> None:
    world.set_link("chat", LinkState.DOWN)
    await world.notices.tell([await arrive(world)])
    await world.pass_time(60)
    assert world.chat.sent == []
    world.set_link("chat", LinkState.UP)
    await world.settle()
    assert len(world.chat.sent) == 2


async def test_authors_hear_of_what_failed_while_the_store_was_away(world: World) -> None:
    world.mail.errors[Stage.ANSWER].append(UnknownOutcome("cut"))
    item = world.make_item(1)
    await world.outbox.submit([item])
    world.store.fail(StoreUnavailable("away"), on={"outbox.insert_many"})
    await world.settle()
    assert world.state(item.id) is OutboxState.HELD
    assert world.notices_to(ANNA) == []
    await world.restart()
    await world.settle()
    assert len(world.notices_to(ANNA)) == 1
    await world.restart()
    await world.settle()
    assert len(world.notices_to(ANNA)) == 1


async def test_somebody_elses_cancellation_is_told_ones_own_is_not(world: World) -> None:
    mine, theirs = world.make_item(1, delay=60), world.make_item(2, delay=60)
    await world.outbox.submit([mine, theirs])
    await world.outbox.cancel(actor(ANNA), mine.id)
    await world.outbox.cancel(actor(BEN), theirs.id)
    [text] = world.notices_to(ANNA)
    assert "subject 2" in text


async def test_notices_about_notices_do_not_exist(world: World) -> None:
    world.chat.errors[Stage.GREET].extend([ZeroDivisionError()] * 3)
    await world.notices.tell([await arrive(world, owner=ANNA.id)])
    await world.pass_time(60)
    assert [item.purpose for item in world.rows.values()] == [Purpose.NOTICE]


def test_what_strangers_write_cannot_break_the_line() -> None:
    assert one_line("Ange\nbot\u202e \x07fest") == "Ange bot fest"
    assert len(one_line("x" * 500)) == 80


def test_both_languages_say_the_same_things() -> None:
    assert TEXTS["de"].keys() == TEXTS["en"].keys()
