"""Catching up from the server's archive (XEP-0313) with what came while we were away, from a cursor that is saved
after each accepted message."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from slixmpp.exceptions import IqError, IqTimeout, XMPPError

from hub.domain.errors import Invalid, StoreUnavailable, Unreachable
from hub.ports.clock import Clock
from hub.ports.connector import Inlet

log = structlog.get_logger()
STREAM = "archive"
OVERLAP = timedelta(seconds=5)
PAGE = 50
Take = Callable[[Any, datetime], Awaitable[None]]


class Archive:
    """Of one account."""

    def __init__(self, name: str, clock: Clock, inlet: Inlet, *, own: str, hours: int) -> None:
        self._name, self._clock, self._inlet, self._own, self._hours = name, clock, inlet, own, hours
        self._saving: asyncio.Task[None] | None = None
        self._at: datetime | None = None

    def move(self, moment: datetime) -> None:
        """Remember how far the archive is read, at most once a second: a little is read twice, and known again."""
        self._at = max(self._at or moment, moment)
        if self._saving is None or self._saving.done():
            self._saving = asyncio.create_task(self._save(), name=f"xmpp-cursor:{self._name}")

    async def _save(self) -> None:
        await self._clock.sleep(1.0)
        if self._at is not None:
            try:
                await self._inlet.save_cursor(STREAM, self._at.isoformat().encode())
            except StoreUnavailable:
                log.warning("xmpp_cursor_not_saved", channel=self._name, code="store-unavailable")

    async def catch_up(self, client: Any, take: Take) -> None:
        """Hand on what was archived since the cursor. A server without an archive is no error. Raises Unreachable where
        the store could not keep one."""
        now = self._clock.now()
        saved = await self._inlet.load_cursor(STREAM)
        if saved is None:
            await self._inlet.save_cursor(STREAM, now.isoformat().encode())
            return
        start = max(datetime.fromisoformat(saved.decode()) - OVERLAP, now - timedelta(hours=self._hours))
        try:
            async for result in client.plugin["xep_0313"].iterate(start=start, rsm={"max": PAGE}):
                await self._take(result, take)
        except (IqError, IqTimeout, XMPPError) as error:
            log.info("xmpp_archive_unavailable", channel=self._name, condition=getattr(error, "condition", ""))
        except StoreUnavailable as error:
            raise Unreachable("The store could not keep an archived message; it is fetched again.") from error

    async def _take(self, result: Any, take: Take) -> None:
        # §4.1: only our own server may answer for our archive; slixmpp has checked the query's id and sender.
        forwarded = result["mam_result"]["forwarded"]
        message, archive_id = forwarded["stanza"], result["mam_result"]["id"]
        # The archive's own id is the stanza-id that the live copy carried (XEP-0313 §5.1.1).
        message["stanza_id"]["id"], message["stanza_id"]["by"] = archive_id, self._own
        stamp = forwarded["delay"]["stamp"]
        try:
            await take(message, stamp if isinstance(stamp, datetime) else self._clock.now())
        except Invalid as error:
            log.warning("xmpp_arrival_invalid", channel=self._name, code=error.code)
