import asyncio

from hub.ports.events import Event, Events, Topic
from hub.services.broadcast import CAPACITY, Broadcast


async def test_readers_get_their_topics_in_order() -> None:
    events: Events = Broadcast()
    async with events.subscribe() as everything, events.subscribe([Topic.OUTBOX]) as outbox:
        for topic in (Topic.CONTACT, Topic.OUTBOX, Topic.CHANNEL):
            events.publish(Event(topic=topic))
        assert [(await anext(everything)).topic for _ in range(3)] == [Topic.CONTACT, Topic.OUTBOX, Topic.CHANNEL]
        assert (await anext(outbox)).topic is Topic.OUTBOX


async def test_a_waiting_reader_is_woken() -> None:
    events = Broadcast()
    async with events.subscribe() as reader:
        waiting = asyncio.ensure_future(anext(reader))
        await asyncio.sleep(0)
        events.publish(Event(topic=Topic.CONTACT, id="c_1"))
        assert (await waiting).id == "c_1"


async def test_a_reader_that_falls_behind_is_told_once_and_goes_on() -> None:
    events = Broadcast()
    async with events.subscribe() as slow:
        for number in range(CAPACITY + 3):
            events.publish(Event(topic=Topic.CONTACT, id=str(number)))
        assert (await anext(slow)).topic is Topic.LAGGED
        assert [(await anext(slow)).id for _ in range(2)] == [str(CAPACITY + 1), str(CAPACITY + 2)]


async def test_leaving_unsubscribes_and_closing_ends_the_iteration() -> None:
    events = Broadcast()
    async with events.subscribe():
        assert events.subscribers == 1
    assert events.subscribers == 0
    async with events.subscribe() as reader:
        events.publish(Event(topic=Topic.CONTACT))
        events.close()
        assert [event.topic async for event in reader] == [Topic.CONTACT]


async def test_a_subscription_that_leaves_while_others_are_told_is_harmless() -> None:
    events = Broadcast()
    async with events.subscribe() as first:
        async with events.subscribe():
            pass
        events.publish(Event(topic=Topic.CONTACT))
        assert (await anext(first)).topic is Topic.CONTACT
