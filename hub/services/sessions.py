"""Console sessions: a random cookie of 256 bits, of which the store knows only the SHA-256. A session ends after 12
hours without use, after 14 days in any case, at sign-out, and when the password changes."""

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from hub.domain.ids import UserId
from hub.domain.people import Session
from hub.ports.clock import Clock
from hub.ports.kinds import SESSIONS
from hub.ports.store import Store

IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=14)
TOUCH = timedelta(minutes=5)
"""How often the last use is written down."""
MAX_SESSIONS = 20
"""Of one colleague; a further sign-in ends the oldest."""
MAX_SECRET = 200


def hash_secret(secret: str) -> str:
    """What the store knows of a cookie or token. A plain hash does: 256 random bits cannot be guessed."""
    return hashlib.sha256(secret[:MAX_SECRET].encode("utf-8", "surrogatepass")).hexdigest()


class Sessions:
    """Opens, checks and ends sessions. `expires_at` is the earlier of the idle and the absolute end."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._sessions = store.documents(SESSIONS)
        self._clock = clock

    async def open(self, user_id: UserId) -> str:
        """A fresh session; the cookie is known to the caller alone."""
        cookie, now = secrets.token_urlsafe(32), self._clock.now()
        session = Session(
            id=hash_secret(cookie), user_id=user_id, created_at=now, seen_at=now, expires_at=_end(now, now)
        )
        await self._sessions.insert(session)
        mine = await self._sessions.page("by_user", user_id, limit=200, newest_first=True)
        for surplus in [other for other in mine.items if other.id != session.id][MAX_SESSIONS - 1 :]:
            await self._sessions.delete(surplus.id)
        return cookie

    async def find(self, cookie: str) -> Session | None:
        """The living session of a cookie; notes its use."""
        session = await self._sessions.get(hash_secret(cookie))
        now = self._clock.now()
        if session is None or session.expires_at <= now:
            return None
        if now - session.seen_at >= TOUCH:
            used = replace(session, seen_at=now, expires_at=_end(session.created_at, now))
            # A lost race means that another request of the same session has just noted its use, or ended it.
            await self._sessions.replace(used, session.version)
        return session

    async def end(self, cookie: str) -> UserId | None:
        """Whose session ended, if there was one."""
        session = await self._sessions.get(hash_secret(cookie))
        if session is None:
            return None
        await self._sessions.delete(session.id)
        return session.user_id

    async def end_all(self, user_id: UserId, keep: str = "") -> None:
        """All of a colleague's sessions but that of the cookie `keep`."""
        kept = hash_secret(keep) if keep else ""
        cursor: str | None = None
        while True:
            page = await self._sessions.page("by_user", user_id, after=cursor, limit=200)
            for session in page.items:
                if session.id != kept:
                    await self._sessions.delete(session.id)
            if (cursor := page.next) is None:
                return

    async def sweep(self) -> int:
        """Remove what has expired; how many."""
        gone = await self._sessions.page("by_expiry", until=self._clock.now(), limit=1_000)
        for session in gone.items:
            await self._sessions.delete(session.id, session.version)
        return len(gone.items)


def _end(created_at: datetime, seen_at: datetime) -> datetime:
    return min(created_at + ABSOLUTE, seen_at + IDLE)
