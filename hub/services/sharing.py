"""Sharing files by link: signed, expiring, revocable, with a log of who fetched them. The secret of a link is derived
from the caller's key, so that what is submitted again after a crash names the same link."""

import hashlib
import hmac
from base64 import b32encode
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from hub.domain.errors import Conflict, NotFound
from hub.domain.ids import ContactId, UserId
from hub.domain.people import system_actor
from hub.domain.sharing import Download, Share, share_id
from hub.ports.clock import Clock
from hub.ports.kinds import SHARES
from hub.ports.store import Exists, Page, Store
from hub.services.audit import Audit

PATH = "/f/"
LIFETIME = timedelta(days=30)
TOKEN_BYTES = 25
"""200 bits: 40 characters in base32."""
MAX_LOG = 50
SWAPS = 20
GONE = "This link does not exist, or not any more. Please ask for a new one."
VISITOR = system_actor("visitor")


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFile:
    """A file that may be fetched now, in pieces."""

    name: str
    type: str
    size: int
    pieces: AsyncIterator[bytes]


class Sharing:
    """Makes links and opens them. `base_url` is how people outside reach the hub."""

    def __init__(self, *, store: Store, clock: Clock, audit: Audit, secret: bytes, base_url: str) -> None:
        self._shares = store.documents(SHARES)
        self._blobs, self._clock, self._audit = store.blobs, clock, audit
        self._secret, self._base_url = secret, base_url.rstrip("/")
        self._check: Callable[[str], Awaitable[None]] | None = None

    def check_with(self, check: Callable[[str], Awaitable[None]]) -> None:
        """Ask `check(sha256)` before a file is given out; it raises NotFound or Conflict for one that must not be. Set
        after construction: the virus check stands on more than links do."""
        self._check = check

    async def page(self, subject: str = "", after: str | None = None, limit: int = 50) -> Page[Share]:
        """Links, newest first: of that subject, or all."""
        if subject:
            return await self._shares.page("by_subject", subject, after=after, limit=limit, newest_first=True)
        return await self._shares.page("by_listing", "all", after=after, limit=limit, newest_first=True)

    async def get(self, id: str) -> Share:
        """Raises NotFound."""
        share = await self._shares.get(id)
        if share is None:
            raise NotFound("There is no such link.", id=id[:60])
        return share

    @property
    def base_url(self) -> str:
        """How people outside reach the hub, without a slash at the end."""
        return self._base_url

    async def publish(
        self,
        *,
        name: str,
        type: str,
        size: int,
        sha256: str,
        key: str,
        contact_id: ContactId | None = None,
        addressed: bool = False,
        subject: str = "",
        created_by: UserId | None = None,
        lifetime: timedelta = LIFETIME,
        limit: int = 0,
    ) -> tuple[str, Share]:
        """(address, share); the same key gives the same. Raises StoreUnavailable."""
        token = self._token(key)
        now = self._clock.now()
        share = Share(
            id=share_id(token),
            name=name[:255],
            type=type[:100],
            size=size,
            sha256=sha256,
            contact_id=contact_id,
            addressed=addressed and contact_id is not None,
            subject=subject,
            created_by=created_by,
            created_at=now,
            expires_at=now + lifetime,
            limit=limit,
        )
        result = await self._shares.insert(share)
        return f"{self._base_url}{PATH}{token}", result.current if isinstance(result, Exists) else share

    def _token(self, key: str) -> str:
        mac = hmac.new(self._secret, f"share|{key}".encode(), hashlib.sha256).digest()
        return b32encode(mac[:TOKEN_BYTES]).decode("ascii").lower()

    async def revoke(self, id: str) -> Share:
        """Nobody can fetch it any more. Raises NotFound, Conflict."""
        for _ in range(SWAPS):
            share = await self._shares.get(id)
            if share is None:
                raise NotFound("There is no such link.", id=id)
            if share.revoked_at is not None:
                return share
            ended = replace(share, revoked_at=self._clock.now())
            if await self._shares.replace(ended, share.version):
                return replace(ended, version=share.version + 1)
        raise Conflict("The link is being used all the time; try again.")

    async def fetch(self, token: str, client: str) -> SharedFile:
        """The file behind the link; the fetch is counted and logged before the first byte. Raises NotFound for a link
        that never was, has expired, was revoked or used up: the answer is the same."""
        return await self.fetch_share(share_id(token), client)

    async def fetch_share(self, id: str, client: str) -> SharedFile:
        """As `fetch`, for whoever has shown another right to it than the link's secret."""
        for _ in range(SWAPS):
            share = await self._shares.get(id)
            if share is None or not self.is_open(share):
                raise NotFound(GONE)
            if self._check is not None:
                await self._check(share.sha256)
            now = self._clock.now()
            log = (*share.log, Download(at=now, client=client[:64]))[-MAX_LOG:]
            counted = replace(share, downloads=share.downloads + 1, log=log)
            if await self._shares.replace(counted, share.version):
                await self._audit.record(VISITOR, "sharing.fetch", share.contact_id or share.id, detail=share.id)
                return SharedFile(
                    name=share.name, type=share.type, size=share.size, pieces=self._blobs.stream(share.sha256)
                )
        raise Conflict("The link is being used all the time; try again.")

    async def addressed_to(self, contact_ids: Sequence[ContactId], limit: int = 200) -> list[Share]:
        """The open links that were made for one of them, newest first; at most `limit`, of the newest 1,000 each."""
        found: list[Share] = []
        for contact_id in contact_ids:
            page = await self._shares.page("by_contact", contact_id, limit=1_000, newest_first=True)
            found += [share for share in page.items if share.addressed and self.is_open(share)]
        return sorted(found, key=lambda share: share.created_at, reverse=True)[:limit]

    def is_open(self, share: Share) -> bool:
        """Whether the file may be fetched now."""
        unused = not share.limit or share.downloads < share.limit
        return share.revoked_at is None and share.expires_at > self._clock.now() and unused
