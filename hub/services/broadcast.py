"""The switchboard for news inside the process. Publishing never waits and never fails; a reader that falls 1,000
events behind loses them and is told `LAGGED` once, so that it re-reads what it shows."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from hub.ports.events import Event, Topic

CAPACITY = 1_000


class Subscription:
    """One reader's queue: an async iterator that ends when the switchboard closes."""

    def __init__(self, topics: Collection[Topic]) -> None:
        self._topics = frozenset(topics)
        self._waiting: deque[Event] = deque()
        self._wake = asyncio.Event()
        self._closed = False

    def offer(self, event: Event) -> None:
        """Queue the event if this reader asked for its topic."""
        if self._topics and event.topic not in self._topics:
            return
        if len(self._waiting) >= CAPACITY:
            self._waiting.clear()
            event = Event(topic=Topic.LAGGED)
        self._waiting.append(event)
        self._wake.set()

    def close(self) -> None:
        """End the iteration once what waits was read."""
        self._closed = True
        self._wake.set()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        return self._waiting.popleft()


class Broadcast:
    """Implements hub.ports.events.Events for one event loop."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    @property
    def subscribers(self) -> int:
        """How many read at the moment."""
        return len(self._subscriptions)

    def publish(self, event: Event) -> None:
        """Offer the event to every reader."""
        for subscription in self._subscriptions:
            subscription.offer(event)

    @asynccontextmanager
    async def subscribe(self, topics: Collection[Topic] = ()) -> AsyncIterator[AsyncIterator[Event]]:
        """Events of these topics (all, if none are named) from now on."""
        subscription = Subscription(topics)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End every reader's iteration, so that the hub can stop."""
        for subscription in self._subscriptions:
            subscription.close()
