"""What a Prometheus server may read. docs/metrics.md lists every name and label; a test compares.

Counters count since the start of the process; gauges that need the store are refreshed by a task, so that a scrape
costs the store nothing.
"""

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from hub.domain.outbox import OutboxState
from hub.ports.clock import Clock
from hub.ports.connector import Accounts, LinkState
from hub.ports.kinds import ARRIVALS, OUTBOX
from hub.ports.store import Store

REFRESH_SECONDS = 15.0
COUNTED = (OutboxState.QUEUED, OutboxState.SENDING, OutboxState.HELD, OutboxState.FAILED)


class Metrics:
    """The hub's numbers."""

    def __init__(self, *, store: Store, accounts: Accounts, clock: Clock) -> None:
        self._items, self._arrivals = store.documents(OUTBOX), store.documents(ARRIVALS)
        self._accounts, self._clock = accounts, clock
        registry = self._registry = CollectorRegistry()
        self._taken = Counter("fernamt_arrivals", "Arrivals made durable", ["channel"], registry=registry)
        self._settled = Counter(
            "fernamt_arrivals_settled",
            "Arrivals that reached a final state: done, duplicate, quarantined",
            ["channel", "state"],
            registry=registry,
        )
        self._attempts = Counter("fernamt_attempts", "Attempts to send, by outcome", ["outcome"], registry=registry)
        self._purged = Counter("fernamt_purged", "What went for good: documents, blobs", ["what"], registry=registry)
        self._pending = Gauge("fernamt_arrivals_pending", "Arrivals not yet settled (capped)", registry=registry)
        self._outbox = Gauge("fernamt_outbox_items", "Outbox items by state (capped)", ["state"], registry=registry)
        self._oldest = Gauge(
            "fernamt_outbox_oldest_due_seconds", "How long the oldest due item has been due", registry=registry
        )
        self._links = Gauge("fernamt_link_up", "1 while the channel's link is up", ["channel"], registry=registry)
        self._lag = Gauge("fernamt_loop_lag_seconds", "How late the event loop ran last", registry=registry)

    def note_arrival(self, channel: str, state: str) -> None:
        """An arrival was kept ("new"), or reached a final state."""
        if state == "new":
            self._taken.labels(channel).inc()
        else:
            self._settled.labels(channel, state).inc()

    def note_attempt(self, outcome: str) -> None:
        """An attempt ended."""
        self._attempts.labels(outcome).inc()

    def note_purge(self, documents: int, blobs: int) -> None:
        """Removed documents went for good, and contents that nobody else needed."""
        self._purged.labels("documents").inc(documents)
        self._purged.labels("blobs").inc(blobs)

    def note_lag(self, seconds: float) -> None:
        """The watchdog measured the loop."""
        self._lag.set(seconds)

    async def run(self) -> None:
        """Refresh what needs the store, for ever."""
        while True:
            await self.refresh()
            await self._clock.sleep(REFRESH_SECONDS)

    async def refresh(self) -> None:
        """Read the queues once. Raises StoreUnavailable."""
        for state in COUNTED:
            self._outbox.labels(state.value).set(await self._items.count("by_state", state, cap=10_000))
        self._pending.set(await self._arrivals.count("by_state", "new", cap=10_000))
        page = await self._items.page("by_state", OutboxState.QUEUED, limit=1)
        self._oldest.set(_age(page.items[0].due_at, self._clock.now()) if page.items else 0.0)

    def render(self) -> bytes:
        """The Prometheus text format."""
        for account in self._accounts.all():
            self._links.labels(account.name).set(self._accounts.link(account.name)[0] is LinkState.UP)
        return generate_latest(self._registry)


def _age(due: datetime, now: datetime) -> float:
    return max(0.0, (now - due).total_seconds())
