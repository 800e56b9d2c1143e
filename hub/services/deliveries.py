"""Later news of what was sent: delivery reports, receipts and bounces. They find the item by our Message-ID, every
recipient on its own."""

from dataclasses import replace
from datetime import datetime

import structlog

from hub.domain.interaction import message_reference_id
from hub.domain.message import Message, RecipientStatus
from hub.domain.outbox import TRANSITIONS, OutboxItem, OutboxState
from hub.ports.clock import Clock
from hub.ports.connector import DeliveryUpdate
from hub.ports.kinds import OUTBOX
from hub.ports.store import Store
from hub.services.attempts import DETAIL_LIMIT, transition
from hub.services.bounces import BounceClass, classify
from hub.services.outbox import Outbox
from hub.services.suppressions import HARD_BOUNCE, Suppressions

log = structlog.get_logger()
SWAP_TRIES = 10
MAX_EARLY = 1_000
SENT_ALREADY = frozenset({"delivered", "relayed", "expanded", "delayed", "failed"})
"""Whatever a peer reports of a message, it has it (RFC 3464 §2.3.3)."""


class Deliveries:
    """Applies news to items."""

    def __init__(self, *, store: Store, clock: Clock, outbox: Outbox, suppressions: Suppressions) -> None:
        self._items = store.documents(OUTBOX)
        self._clock, self._outbox, self._suppressions = clock, outbox, suppressions
        self._early: dict[str, RecipientStatus] = {}
        """News of items whose own attempt has not ended yet: a receipt may overtake the answer to `send`. Bounded; the
        oldest go first."""
        outbox.follow(self._settle_early)

    async def update(self, account: str, update: DeliveryUpdate) -> list[OutboxItem]:
        """What a connector reports. Returns the items it was about. Raises StoreUnavailable."""
        found = await self._find(update.message_id or update.native_ref, update.status.recipient)
        mine = [item for item in found if item.account == account]
        return [await self._apply(item, update.status, update.at) for item in mine]

    async def bounce(self, message: Message) -> list[OutboxItem]:
        """A delivery status notification that came as a mail (RFC 3464). Returns the items it was about: [] where it
        is not ours. Raises StoreUnavailable."""
        if not message.bounced_message_id:
            return []
        touched: list[OutboxItem] = []
        for status in message.bounced:
            found = await self._find(message.bounced_message_id, status.recipient)
            touched.extend([await self._apply(item, status, self._clock.now()) for item in found])
        return touched

    async def found_in_sent(self, message_id: str) -> OutboxItem | None:
        """Our own message lies in a mailbox's Sent folder: then a held item whose outcome was unknown has left. Not
        concluded where several items share the message: it may have left to one recipient only."""
        found = await self._find(message_id, "")
        if len(found) != 1 or found[0].state is not OutboxState.HELD:
            return None
        sent = RecipientStatus(recipient="", action="relayed", status="2.0.0")
        return await self._apply(found[0], sent, self._clock.now())

    async def _find(self, message_id: str, recipient: str) -> list[OutboxItem]:
        """Items of this message to this recipient. A report that names nobody is about the only recipient, if there is
        but one; a report about somebody we did not write to (a forwarding address) likewise."""
        if not message_id:
            return []
        items = (await self._items.page("by_message", message_reference_id(message_id), limit=200)).items
        wanted = recipient.rpartition(";")[2].strip().strip("<>").casefold()
        named = [item for item in items if item.recipient.normal.casefold() == wanted]
        return named or (items if len(items) == 1 else [])

    async def _apply(self, item: OutboxItem, status: RecipientStatus, at: datetime) -> OutboxItem:
        for _ in range(SWAP_TRIES):
            if item.state is OutboxState.SENDING:
                self._keep_early(item, status)
                return item
            changed = apply_status(item, status, at)
            if changed is None:
                log.info("delivery_news_ignored", item=item.id, state=item.state.value, action=status.action)
                return item
            if changed.state is OutboxState.BOUNCED and changed.reason == BounceClass.HARD:
                # First, so that a report that is applied again after a crash cannot have left it out.
                await self._suppressions.add(item.recipient, HARD_BOUNCE, status.diagnostic)
            if await self._items.replace(changed, item.version):
                changed = replace(changed, version=item.version + 1)
                log.info("delivery_news", item=item.id, state=changed.state.value, status=status.status)
                await self._outbox.changed(changed)
                return changed
            current = await self._items.get(item.id)
            if current is None:
                return item
            item = current
        log.warning("delivery_news_lost", item=item.id, action=status.action)
        return item

    def _keep_early(self, item: OutboxItem, status: RecipientStatus) -> None:
        self._early[item.id] = status
        while len(self._early) > MAX_EARLY:
            del self._early[next(iter(self._early))]

    async def _settle_early(self, item: OutboxItem) -> None:
        status = self._early.pop(item.id, None) if item.state is not OutboxState.SENDING else None
        if status is not None:
            await self._apply(item, status, self._clock.now())


def apply_status(item: OutboxItem, status: RecipientStatus, at: datetime) -> OutboxItem | None:
    """The item after the news; None where the news says nothing new, or nothing that its state allows."""
    action = status.action.strip().lower()
    if action not in SENT_ALREADY:
        return None
    detail = f"{status.status} {status.diagnostic}".strip()[:DETAIL_LIMIT]
    if item.state is OutboxState.HELD:
        # The outcome was unknown; that the peer reports on the message says that it has it.
        item = transition(item, OutboxState.SENT, reason="", due_at=at)
    if action == "delivered" and item.state is OutboxState.DELIVERED:
        # Further news of what has arrived already: a person has seen it (XEP-0333).
        return replace(item, detail=detail) if status.diagnostic and detail != item.detail else None
    if action == "delivered":
        return _step(item, OutboxState.DELIVERED, detail=detail, reason="", due_at=at)
    if action == "failed":
        reason = classify(status.status, status.diagnostic).value
        return _step(item, OutboxState.BOUNCED, detail=detail, reason=reason, due_at=at)
    if item.state is OutboxState.SENT:
        return replace(item, detail=detail)
    return None


def _step(item: OutboxItem, state: OutboxState, **changes: object) -> OutboxItem | None:
    return transition(item, state, **changes) if state in TRANSITIONS[item.state] else None
