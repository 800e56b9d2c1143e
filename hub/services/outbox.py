"""The outbox: accepting what is to be sent, and what people may do with it. Order of writes:

1. `submit` writes the items: that is acceptance. Deterministic ids make a repeated submit harmless.
2. Then the timeline's side (hub/services/outgoing.py); where the submitter dies before that, the dispatcher writes it
   before the first attempt.
3. Then the dispatcher hears of it (hub/services/dispatch.py).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from hub.domain.errors import Conflict, Invalid, NotFound, StoreUnavailable
from hub.domain.ids import OutboxId
from hub.domain.interaction import Interaction
from hub.domain.outbox import OutboxItem, OutboxState, Purpose
from hub.domain.people import Actor, Right
from hub.ports.clock import Clock
from hub.ports.events import Event, Events, Topic
from hub.ports.kinds import OUTBOX
from hub.ports.store import Exists, Page, Store
from hub.services.attempts import LIFETIME, NO_WAY_TO_SEND, SUPPRESSED, is_deferred, transition
from hub.services.audit import Audit
from hub.services.outgoing import OutgoingEntries
from hub.services.suppressions import HARD_BOUNCE, Suppressions

log = structlog.get_logger()
SWAP_TRIES = 10
MAX_ITEMS = 200
"""Items of one submit."""

Tell = Callable[[OutboxItem], Awaitable[None]]
"""Hears what became of an item. The one that tells authors says it once for each state and attempt."""


class Outbox:
    """Implements OutboxVerbs, and accepts items for the services."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        events: Events,
        audit: Audit,
        entries: OutgoingEntries,
        suppressions: Suppressions,
        lifetime: timedelta = LIFETIME,
    ) -> None:
        self._items = store.documents(OUTBOX)
        self._clock, self._events, self._audit = clock, events, audit
        self._entries, self._suppressions, self._lifetime = entries, suppressions, lifetime
        self._listeners: list[Callable[[OutboxItem], None]] = []
        self._followers: list[Tell] = []
        self._tell: Tell | None = None
        self._last_stamp: datetime | None = None

    def listen(self, listener: Callable[[OutboxItem], None]) -> None:
        """Call `listener(item)` for every item that is queued (again) or frees its lane. It must not wait."""
        self._listeners.append(listener)

    def follow(self, follower: Tell) -> None:
        """Await `follower(item)` after every change; it may raise StoreUnavailable."""
        self._followers.append(follower)

    def tell_with(self, tell: Tell) -> None:
        """How authors are told. Set after construction: the teller itself submits notices here."""
        self._tell = tell

    # Accepting

    async def submit(self, items: Sequence[OutboxItem], entry: Interaction | None = None) -> list[OutboxItem]:
        """Accept the items (one for each envelope recipient) and their one timeline entry. Returns the items as they
        stand in the store: those that an earlier submit wrote are not changed. Raises StoreUnavailable while nothing
        is accepted for certain; once the items are written it succeeds, whatever becomes of the entry."""
        if not 1 <= len(items) <= MAX_ITEMS:
            raise Invalid(f"A message has 1 to {MAX_ITEMS} recipients.", items=len(items))
        listed = await self._suppressions.find_all([item.recipient for item in items])
        fresh = []
        for item in items:
            item = replace(item, created_at=self._stamp(item.created_at))
            if (reason := listed.get(item.recipient)) is not None:
                item = transition(item, OutboxState.FAILED, reason=SUPPRESSED, detail=reason.reason)
            fresh.append(item)
        results = await self._items.insert_many(fresh)
        accepted = [
            result.current if isinstance(result, Exists) else replace(item, version=1)
            for item, result in zip(fresh, results, strict=True)
        ]
        if entry is not None:
            try:
                await self._entries.record(entry, accepted[0], late=isinstance(results[0], Exists))
            except StoreUnavailable as error:
                log.warning("outgoing_entry_postponed", item=accepted[0].id, code=error.code)
        for item, result in zip(accepted, results, strict=True):
            if not isinstance(result, Exists):
                await self.changed(item)
        return accepted

    async def submit_notice(self, item: OutboxItem) -> None:
        """Accept an item that stands on no timeline."""
        await self.submit([item])

    def _stamp(self, wanted: datetime) -> datetime:
        """Strictly increasing, so that two items of one millisecond keep their order in the lane."""
        if self._last_stamp is not None and wanted <= self._last_stamp:
            wanted = self._last_stamp + timedelta(milliseconds=1)
        self._last_stamp = wanted
        return wanted

    async def find_entry_items(self, entry_id: str) -> list[OutboxItem]:
        """The items that share a timeline entry, oldest first."""
        return (await self._items.page("by_entry", entry_id, limit=MAX_ITEMS)).items

    # What follows from a change of state

    async def changed(self, item: OutboxItem) -> None:
        """After every written change: pages, the dispatcher, the waiting contact and the author hear of it. What is
        told is repeated at the next start for what could not be written now."""
        self._events.publish(
            Event(
                topic=Topic.OUTBOX,
                id=item.id,
                contact=item.contact_id,
                conversation=item.conversation_id,
                entry=item.entry_id,
                state=item.state.value,
            )
        )
        if item.state in (OutboxState.QUEUED, OutboxState.HELD, OutboxState.FAILED, OutboxState.CANCELLED):
            for listener in self._listeners:
                listener(item)
        try:
            for follow in self._followers:
                await follow(item)
            if item.state in (OutboxState.FAILED, OutboxState.CANCELLED) and item.entry_id is not None:
                await self._entries.wait_again(item, await self.find_entry_items(item.entry_id))
            if self._is_news(item):
                await self.tell(item)
        except StoreUnavailable as error:
            log.warning("outbox_news_postponed", item=item.id, code=error.code)

    def _is_news(self, item: OutboxItem) -> bool:
        if item.state is OutboxState.QUEUED:
            waits = bool(item.attempts) and is_deferred(item, self._clock.now())
            return waits or item.reason == NO_WAY_TO_SEND
        return item.state in TOLD_STATES

    async def tell(self, item: OutboxItem) -> None:
        """Tell the author, where one can be told. Raises StoreUnavailable."""
        if self._tell is not None and item.author is not None and item.purpose is not Purpose.NOTICE:
            await self._tell(item)

    # Verbs

    async def page(
        self, actor: Actor, state: OutboxState, after: str | None = None, limit: int = 50
    ) -> Page[OutboxItem]:
        """Queued: the next one due first. Everything else: the latest change first."""
        self._audit.permit(actor, Right.RUN_OUTBOX, "outbox.page", state.value)
        if not 1 <= limit <= 200:
            raise Invalid("A page holds 1 to 200 items.", limit=limit)
        newest_first = state is not OutboxState.QUEUED
        page = await self._items.page("by_state", state, after=after, limit=limit, newest_first=newest_first)
        await self._audit.seen(actor, "outbox.page", state.value)
        return page

    async def get(self, actor: Actor, item_id: OutboxId) -> OutboxItem:
        """One item with its attempts."""
        self._audit.permit(actor, Right.RUN_OUTBOX, "outbox.get", item_id)
        item = await self._load(item_id)
        await self._audit.seen(actor, "outbox.get", item_id)
        return item

    async def retry(self, actor: Actor, item_id: OutboxId) -> OutboxItem:
        """See OutboxVerbs. A person who sends again to an address that bounced takes it off the suppression list; a
        complaint or an opt-out stands."""
        self._audit.permit(actor, Right.RUN_OUTBOX, "outbox.retry", item_id)
        await self._lift(await self._load(item_id))

        def again(item: OutboxItem, now: datetime) -> OutboxItem:
            if item.state is OutboxState.QUEUED:
                return replace(item, due_at=min(item.due_at, now))
            changes = {"due_at": now, "give_up_at": now + self._lifetime, "reason": "", "detail": ""}
            return transition(item, OutboxState.QUEUED, **changes)

        return await self._change(actor, "outbox.retry", item_id, again)

    async def _lift(self, item: OutboxItem) -> None:
        entry = await self._suppressions.find(item.recipient)
        if entry is None:
            return
        if entry.reason != HARD_BOUNCE:
            raise Conflict(
                "This address does not want to be written to; the suppression list says so.", reason=entry.reason
            )
        await self._suppressions.lift(item.recipient)

    async def cancel(self, actor: Actor, item_id: OutboxId) -> OutboxItem:
        """See OutboxVerbs."""
        self._audit.permit(actor, Right.RUN_OUTBOX, "outbox.cancel", item_id)

        def cancelled(item: OutboxItem, now: datetime) -> OutboxItem:
            return transition(item, OutboxState.CANCELLED, due_at=now)

        item = await self._change(actor, "outbox.cancel", item_id, cancelled)
        if item.author is not None and item.author != actor.user_id:
            try:
                await self.tell(item)
            except StoreUnavailable as error:
                log.warning("outbox_news_postponed", item=item.id, code=error.code)
        return item

    async def settle(self, actor: Actor, item_id: OutboxId) -> OutboxItem:
        """See OutboxVerbs."""
        self._audit.permit(actor, Right.RUN_OUTBOX, "outbox.settle", item_id)

        def settled(item: OutboxItem, now: datetime) -> OutboxItem:
            if item.state is not OutboxState.HELD:
                raise Conflict("Only a held item can be settled.", id=item.id, state=item.state.value)
            return transition(item, OutboxState.SENT, due_at=now, reason="", detail="")

        return await self._change(actor, "outbox.settle", item_id, settled)

    async def _load(self, item_id: OutboxId) -> OutboxItem:
        item = await self._items.get(item_id)
        if item is None:
            raise NotFound("There is no such item in the outbox.", id=item_id)
        return item

    async def _change(
        self, actor: Actor, verb: str, item_id: OutboxId, step: Callable[[OutboxItem, datetime], OutboxItem]
    ) -> OutboxItem:
        for _ in range(SWAP_TRIES):
            item = await self._load(item_id)
            changed = step(item, self._clock.now())
            if await self._items.replace(changed, item.version):
                changed = replace(changed, version=item.version + 1)
                await self._audit.record(actor, verb, item_id, detail=f"{item.state.value} to {changed.state.value}")
                await self.changed(changed)
                return changed
        raise Conflict("The item keeps changing; look at it again.", id=item_id)


TOLD_STATES: Final = frozenset({OutboxState.HELD, OutboxState.FAILED, OutboxState.BOUNCED})
"""States that the author hears of at once, and again at the next start if that was cut short."""
