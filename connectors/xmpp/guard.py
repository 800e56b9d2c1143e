"""How much unknown people may send: so many messages a minute from one address, three times as many from one domain.
What is over is answered with a stanza error, so that an honest sender knows; known people are not counted."""

from collections import OrderedDict, deque

from hub.domain.address import Address
from hub.ports.clock import Clock
from hub.ports.switchboard import Switchboard

WINDOW = 60.0
DOMAIN_FACTOR = 3
MAX_TRACKED = 5_000
KNOWN_SECONDS = 60.0


class StrangerGuard:
    """Counts. Bounded: the addresses that were quiet longest are forgotten first."""

    def __init__(self, clock: Clock, switchboard: Switchboard | None, a_minute: int) -> None:
        self._clock, self._switchboard, self._limit = clock, switchboard, a_minute
        self._sent: OrderedDict[str, deque[float]] = OrderedDict()
        self._known: OrderedDict[str, float] = OrderedDict()

    async def is_known(self, address: Address) -> bool:
        """Whether a colleague or a contact writes. Raises StoreUnavailable."""
        now = self._clock.monotonic()
        if (until := self._known.get(address.key)) is not None and now < until:
            return True
        if self._switchboard is None or not await self._switchboard.knows(address):
            return False
        self._known[address.key] = now + KNOWN_SECONDS
        while len(self._known) > MAX_TRACKED:
            self._known.popitem(last=False)
        return True

    def permits(self, address: Address) -> bool:
        """Count one message of a stranger; False where it is too much."""
        own = self._spend(address.key, self._limit)
        return self._spend(f"@{address.domain}", self._limit * DOMAIN_FACTOR) and own

    def _spend(self, key: str, limit: int) -> bool:
        now = self._clock.monotonic()
        sent = self._sent.pop(key, None) or deque()
        self._sent[key] = sent
        while len(self._sent) > MAX_TRACKED:
            self._sent.popitem(last=False)
        while sent and now - sent[0] > WINDOW:
            sent.popleft()
        if len(sent) >= limit:
            return False
        sent.append(now)
        return True
