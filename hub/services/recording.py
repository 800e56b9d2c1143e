"""Recording a batch of parsed arrivals: read ahead, decide one after the other, write, then say so.

Everything is written under deterministic ids and in an order that a repetition can finish; the arrivals themselves are
marked last, by the caller. Where a document was changed by somebody else in between, the batch is decided again.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

import structlog

from hub.domain.errors import FernamtError, StoreUnavailable
from hub.domain.interaction import Interaction
from hub.domain.message import Message
from hub.ports.bot import StaffDoor, Teller
from hub.ports.connector import DeliveryUpdate
from hub.ports.events import Event, Events, Topic
from hub.ports.facts import Facts
from hub.ports.store import Store
from hub.services.decision import Consequences, Decider
from hub.services.incoming import Incoming, Outcome
from hub.services.lookahead import load_sheet
from hub.services.routing import Router
from hub.services.sheet import Raced, run_together

log = structlog.get_logger()
RACES = 20
AT_ONCE = 50
"""Contacts whose facts are settled together."""


class DeliveryNews(Protocol):
    """What becomes of what we sent (hub/services/deliveries.py)."""

    async def update(self, account: str, update: DeliveryUpdate) -> object:
        """What a connector reports."""

    async def bounce(self, message: Message) -> object:
        """A delivery status notification that came as a mail."""

    async def found_in_sent(self, message_id: str) -> object:
        """Our own message lies in a mailbox: it has left."""


class Recorder:
    """Records."""

    def __init__(
        self,
        *,
        store: Store,
        router: Router,
        events: Events,
        teller: Teller,
        door: StaffDoor | None,
        deliveries: DeliveryNews,
        facts: Facts | None = None,
    ) -> None:
        self._store, self._events = store, events
        self._teller, self._door, self._deliveries = teller, door, deliveries
        self._facts = facts
        self._decider = Decider(router)

    async def record(self, batch: Sequence[Incoming]) -> list[Outcome]:
        """What became of each, in order. Raises StoreUnavailable; anything else is a fault of one of the messages, or
        ours."""
        for _ in range(RACES):
            sheet = await load_sheet(self._store, batch)
            after = Consequences()
            outcomes = [self._decider.decide(item, sheet, after) for item in batch]
            try:
                await sheet.flush()
            except Raced:
                continue
            await self._follow_up(after)
            return outcomes
        raise StoreUnavailable("Others change the same documents all the time; intake tries again.", races=RACES)

    async def _follow_up(self, after: Consequences) -> None:
        """What others are told. A failure there is not the messages' fault: it is logged, and they count as recorded;
        only a store that is down makes all of it be repeated."""
        await self._settle(after.facts)
        if after.recorded:
            await self._guarded("tell", partial(self._teller.tell, after.recorded))
        for item in after.bounces:
            await self._guarded("bounce", partial(self._deliveries.bounce, item.message))
        for item in after.own:
            await self._guarded("own", partial(self._deliveries.found_in_sent, item.message.message_id))
        for item in after.strangers:
            await self._guarded("refuse", partial(self._refuse, item))
        for entry, conversation in after.entered:
            self._events.publish(
                Event(
                    topic=Topic.TIMELINE,
                    contact=entry.contact_id,
                    conversation=conversation.id if conversation is not None else None,
                    entry=entry.id,
                )
            )

    async def _settle(self, told: Sequence[tuple[Incoming, Interaction]]) -> None:
        """Facts of one contact one after the other, those of different ones together: each waits for the disk."""
        facts, chains = self._facts, dict[str, list[tuple[Incoming, Interaction]]]()
        if facts is None or not told:
            return
        for item, entry in told:
            chains.setdefault(entry.contact_id, []).append((item, entry))

        async def settle_all(chain: list[tuple[Incoming, Interaction]]) -> None:
            for item, entry in chain:
                await self._guarded("facts", partial(facts.settle, entry, item.message))

        waiting = list(chains.values())
        for start in range(0, len(waiting), AT_ONCE):
            await run_together(*(settle_all(chain) for chain in waiting[start : start + AT_ONCE]))

    async def _refuse(self, item: Incoming) -> None:
        if self._door is not None and item.route.person is not None:
            await self._door.refuse(item.account.name, item.route.person.address, item.record.id)

    async def _guarded(self, what: str, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except StoreUnavailable:
            raise
        except FernamtError as error:
            log.error("intake_follow_up_failed", what=what, code=error.code, reason=error.sentence)
        except Exception as error:  # the entries are safe; whoever was to be told is at fault
            log.error("intake_follow_up_failed", what=what, error=type(error).__name__, exc_info=True)
