"""How the hub is: links, queues, what waits, and what an admin should look at."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from hub.domain.arrival import ArrivalState
from hub.domain.outbox import OutboxState
from hub.domain.people import Actor, Right
from hub.domain.views import ChannelLine, HubStatus
from hub.ports.clock import Clock
from hub.ports.connector import LinkState
from hub.ports.kinds import ARRIVALS, CONVERSATIONS, OUTBOX
from hub.ports.store import Store
from hub.services.audit import Audit
from hub.services.channels import Channels

LATE = timedelta(minutes=15)
"""An item due for longer is stuck: its lane waits, or its link is down."""


class Status:
    """Implements hub.ports.verbs.StatusVerbs. `ready` says whether the hub takes mail and requests,
    `rebuilding` how far the search index is being rebuilt."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        audit: Audit,
        channels: Channels,
        version: str,
        started_at: datetime,
        ready: Callable[[], bool],
        rebuilding: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._engine = store.engine
        self._outbox = store.documents(OUTBOX)
        self._conversations = store.documents(CONVERSATIONS)
        self._arrivals = store.documents(ARRIVALS)
        self._clock, self._audit, self._channels = clock, audit, channels
        self._version, self._started_at, self._ready = version, started_at, ready
        self._rebuilding = rebuilding

    async def read(self, actor: Actor) -> HubStatus:
        """Counts as of now."""
        self._audit.permit(actor, Right.READ_STATUS, "status.read")
        channels, counts, oldest_due, waiting, quarantined = await asyncio.gather(
            self._channels.lines(),
            asyncio.gather(*(self._outbox.count("by_state", state) for state in OutboxState)),
            self._oldest_due(),
            self._conversations.count("waiting"),
            self._arrivals.count("by_state", ArrivalState.QUARANTINED),
        )
        outbox = {state.value: count for state, count in zip(OutboxState, counts, strict=True)}
        now = self._clock.now()
        return HubStatus(
            version=self._version,
            engine=self._engine,
            started_at=self._started_at,
            now=now,
            ready=self._ready(),
            channels=tuple(channels),
            outbox=tuple(outbox.items()),
            oldest_due=oldest_due,
            waiting=waiting,
            quarantined=quarantined,
            rebuilding=self._rebuilding(),
            problems=(
                *_link_problems(channels),
                *_queue_problems(outbox[OutboxState.HELD.value], oldest_due, quarantined, now),
            ),
        )

    async def _oldest_due(self) -> datetime | None:
        page = await self._outbox.page("by_state", OutboxState.QUEUED, limit=1)
        return page.items[0].due_at if page.items else None


def _link_problems(channels: list[ChannelLine]) -> list[str]:
    """Short sentences; what a peer said stands in the channel's own line."""
    sentences = {LinkState.PARKED: "is parked until its settings are mended", LinkState.DOWN: "is down"}
    return [
        f"The channel {line.name} {sentence}."
        for line in channels
        if (sentence := sentences.get(LinkState(line.state)))
    ]


def _queue_problems(held: int, oldest_due: datetime | None, quarantined: int, now: datetime) -> list[str]:
    problems = []
    if held:
        problems.append(f"Outgoing messages that a person must decide about: {held}.")
    if oldest_due is not None and now - oldest_due > LATE:
        minutes = int((now - oldest_due).total_seconds() // 60)
        problems.append(f"The oldest outgoing message has been due for {minutes} minutes.")
    if quarantined:
        problems.append(f"Messages in quarantine: {quarantined}.")
    return problems
