"""Link codes: how a colleague proves that a native account is theirs. A code from the console, sent by that account."""

from datetime import timedelta

from hub.domain.ids import UserId, derived_id
from hub.domain.people import LinkCode
from hub.ports.clock import Clock
from hub.ports.kinds import LINK_CODES
from hub.ports.store import Exists, Store
from hub.services.passwords import UNAMBIGUOUS, spell

LIFETIME = timedelta(minutes=10)
LENGTH = 8


class LinkCodes:
    """Eight characters, ten minutes, one use; the store knows only their hash."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._codes = store.documents(LINK_CODES)
        self._clock = clock

    async def make(self, user_id: UserId) -> str:
        """A fresh code."""
        while True:
            code = spell(LENGTH)
            kept = LinkCode(id=_key(code), user_id=user_id, expires_at=self._clock.now() + LIFETIME)
            if not isinstance(await self._codes.insert(kept), Exists):
                return code

    async def use(self, text: str) -> UserId | None:
        """Whose code it was; None for a wrong, used or expired one. Only one of two users of a code gets it."""
        code = "".join(text.split()).replace("-", "").lower()
        if len(code) != LENGTH or not set(code) <= set(UNAMBIGUOUS):
            return None
        kept = await self._codes.get(_key(code))
        if kept is None or not await self._codes.delete(kept.id, kept.version):
            return None
        return kept.user_id if kept.expires_at > self._clock.now() else None

    async def sweep(self) -> int:
        """Remove what has expired; how many."""
        gone = await self._codes.page("by_expiry", until=self._clock.now(), limit=1_000)
        for code in gone.items:
            await self._codes.delete(code.id)
        return len(gone.items)


def _key(code: str) -> str:
    return derived_id("k", code)
