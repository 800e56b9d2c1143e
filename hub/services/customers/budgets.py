"""How much the hub may say by itself: the loop guard. Durable, so that a restart does not forgive, and idempotent by
key, so that a turn answered again after a crash spends nothing twice. docs/decisions/12 says why there are two sets.

Where a scope refuses, what was spent in earlier ones stays spent: a guard errs towards silence.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

import structlog

from hub.domain.address import Address
from hub.domain.errors import Conflict
from hub.domain.ids import ConversationId
from hub.domain.reception import AutomaticBudget, Grant
from hub.ports.clock import Clock
from hub.ports.kinds import AUTOMATIC_BUDGETS
from hub.ports.store import Exists, Store

log = structlog.get_logger()
HOUR, DAY = timedelta(hours=1), timedelta(hours=24)
TRIES = 20
MOST_TEXTS = 100
"""Hashes kept of what was said to one address within the hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticLimits:
    """An hour's budgets, for mail and acknowledgements, and for dialogues in chat. One answer for each thread and
    reason in 24 hours (mail) comes on top."""

    address: int = 5
    domain: int = 20
    total: int = 200
    same_text: int = 1
    chat_address: int = 30
    chat_total: int = 2_000
    chat_same_text: int = 3


Alarm = Callable[[str, int], Awaitable[None]]
"""Told which total is used up, and how many were said in the hour."""


class Budgets:
    """Grants and counts. One step of a scope at a time in this process; other writers are met by version."""

    def __init__(self, *, store: Store, clock: Clock, limits: AutomaticLimits, alarm: Alarm) -> None:
        self._budgets = store.documents(AUTOMATIC_BUDGETS)
        self._clock, self._limits, self._alarm = clock, limits, alarm
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def may_speak(self, address: Address, *, key: str, dialogue: bool) -> bool:
        """Whether anything automatic may go to this address now; spends it. To be asked before the bot acts, so that
        nothing is done of which nobody may be told. `dialogue`: an answer in a chat to somebody who has just asked.
        Raises StoreUnavailable."""
        limits = self._limits
        if dialogue:
            chats = await self.grant(f"chat|{address.key}", key, limit=limits.chat_address)
            return chats and await self._count("chat", limits.chat_total)
        if not await self.grant(f"address|{address.key}", key, limit=limits.address):
            return False
        domain = address.domain or address.channel
        if not await self.grant(f"domain|{domain}", key, limit=limits.domain):
            return False
        return await self._count("all", limits.total)

    async def may_say(
        self, address: Address, conversation: ConversationId, text: str, *, reason: str, key: str, dialogue: bool
    ) -> bool:
        """Whether these words may follow: in mail not for the same reason in this thread on the same day, and
        nowhere the same words again and again. Raises StoreUnavailable."""
        said = hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:16]
        same = self._limits.chat_same_text if dialogue else self._limits.same_text
        if not dialogue and not await self.grant(f"thread|{conversation}|{reason}", key, limit=1, window=DAY):
            return False
        return await self.grant(f"text|{address.key}", key, limit=MOST_TEXTS, text=said, same=same)

    async def grant(
        self, scope: str, key: str, *, limit: int, window: timedelta = HOUR, text: str = "", same: int = 0
    ) -> bool:
        """Spend one of at most `limit` in any `window`, and of the same `text` at most `same` (0: any number). True
        again for a key that has it already."""
        async with self._locks.setdefault(scope, asyncio.Lock()):
            for _ in range(TRIES):
                now = self._clock.now()
                known = await self._budgets.get(scope)
                grants = tuple(one for one in known.grants if one.at > now - window) if known else ()
                if any(one.key == key for one in grants):
                    return True
                if len(grants) >= limit or (same and sum(one.text == text for one in grants) >= same):
                    log.info("automatic_message_withheld", scope=scope.partition("|")[0], spent=len(grants))
                    return False
                spent = AutomaticBudget(id=scope, grants=(*grants, Grant(key=key, at=now, text=text)))
                if await self._write(spent, known):
                    return True
        raise Conflict("This budget changes all the time; try again.")

    async def _count(self, scope: str, limit: int) -> bool:
        """Spend one of the hour's total. A repeat counts again, which only makes the guard stricter."""
        async with self._locks.setdefault(scope, asyncio.Lock()):
            for _ in range(TRIES):
                now, known = self._clock.now(), await self._budgets.get(scope)
                fresh = known is None or known.since is None or known.since <= now - HOUR
                count, since = (0, now) if fresh or known is None else (known.count, known.since)
                if count >= limit:
                    log.error("automatic_breaker_open", scope=scope, count=count)
                    await self._alarm(scope, count)
                    return False
                if await self._write(AutomaticBudget(id=scope, count=count + 1, since=since), known):
                    return True
        raise Conflict("This budget changes all the time; try again.")

    async def _write(self, budget: AutomaticBudget, known: AutomaticBudget | None) -> bool:
        if known is None:
            return not isinstance(await self._budgets.insert(budget), Exists)
        return await self._budgets.replace(replace(budget, version=known.version), known.version)

    async def spent(self, scope: str) -> tuple[datetime, ...]:
        """When the scope's grants were given, oldest first."""
        known = await self._budgets.get(scope)
        return tuple(one.at for one in known.grants) if known else ()
