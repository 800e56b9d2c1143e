"""Reading one folder: what is new since the cursor, each message kept before the cursor moves on, then waiting.

UIDs decide what is new; flags and dates do not. Only the first connection, and the first one after the server has
numbered its mail anew, look at a window of days. A message that is too large arrives as its header with a note.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

import structlog

from connectors.email.imap_cursor import (
    FolderCursor,
    decode_cursor,
    first_cursor,
    renumbered_cursor,
    search_date,
)
from connectors.email.imap_session import WINDOW, Folder, ImapSession, Listing
from connectors.email.oversize import HEADER_BYTES, stand_in
from connectors.email.settings import ImapSettings
from hub.domain.arrival import Arrival
from hub.domain.errors import Invalid, StoreUnavailable
from hub.domain.message import Envelope
from hub.ports.connector import ConnectorContext, Inlet

log = structlog.get_logger()
T = TypeVar("T")
IDLE_SECONDS = 540.0
"""Routers and large providers drop connections that are silent for longer; RFC 2177 allows 29 minutes."""
_STORE_WAIT, _LONGEST_STORE_WAIT = 1.0, 60.0


class FolderReader:
    """One folder of one mailbox."""

    def __init__(
        self,
        name: str,
        *,
        outgoing: bool,
        settings: ImapSettings,
        context: ConnectorContext,
        inlet: Inlet,
        max_bytes: int,
    ) -> None:
        self.name = name
        self._outgoing = outgoing
        self._settings = settings
        self._context = context
        self._inlet = inlet
        self._max_bytes = max_bytes
        self._stream = f"imap:{name}"

    async def run(self, session: ImapSession, opened: Callable[[], None]) -> None:
        """Read until cancelled; calls `opened` once the folder is open. Raises LinkErrors."""
        folder = await session.examine(self.name)
        cursor = await self._resume(folder)
        opened()
        while True:
            announced = session.announced
            before = cursor.last
            cursor = await self._catch_up(session, cursor)
            if cursor.last != before or session.announced != announced:
                # More may have come while we read, and the word of it may have been among the answers.
                continue
            await self._wait(session, announced)

    async def _wait(self, session: ImapSession, announced: int) -> None:
        if session.can_idle:
            await session.idle(announced, IDLE_SECONDS)
        else:
            await self._context.clock.sleep(self._settings.poll_seconds)
            await session.noop()

    # Where to begin

    async def _resume(self, folder: Folder) -> FolderCursor:
        old = decode_cursor(await self._kept(lambda: self._inlet.load_cursor(self._stream)))
        if old is not None and old.validity == folder.validity:
            return old
        now, days = self._context.clock.now(), self._settings.backfill_days
        if old is None:
            cursor = first_cursor(validity=folder.validity, next_uid=folder.next_uid, backfill_days=days, now=now)
        else:
            log.warning("mailbox_renumbered", channel=self._context.name, folder=self.name)
            cursor = renumbered_cursor(
                old, validity=folder.validity, next_uid=folder.next_uid, backfill_days=days, now=now
            )
        await self._save(cursor)
        return cursor

    # What is there

    async def _catch_up(self, session: ImapSession, cursor: FolderCursor) -> FolderCursor:
        if cursor.last < cursor.history_until:
            since = search_date(cursor.since)
            found = await session.search(f"UID {cursor.last + 1}:{cursor.history_until} SINCE {since}")
            cursor = await self._take(session, cursor, [u for u in found if cursor.last < u <= cursor.history_until])
            cursor = replace(cursor, last=cursor.history_until)
            await self._save(cursor)
        # `n:*` names the last message also where its UID is smaller (RFC 3501 §6.4.8).
        found = await session.search(f"UID {cursor.last + 1}:*")
        return await self._take(session, cursor, [uid for uid in found if uid > cursor.last])

    async def _take(self, session: ImapSession, cursor: FolderCursor, uids: list[int]) -> FolderCursor:
        for start in range(0, len(uids), WINDOW):
            for listing in await session.listings(uids[start : start + WINDOW]):
                cursor = await self._take_one(session, cursor, listing)
        return cursor

    async def _take_one(self, session: ImapSession, cursor: FolderCursor, listing: Listing) -> FolderCursor:
        received_at = listing.received_at or self._context.clock.now()
        raw = await self._fetch(session, listing)
        if raw is not None:
            await self._accept(self._arrival(cursor, listing.uid, received_at, raw))
        cursor = replace(cursor, last=listing.uid, seen=max(cursor.seen, received_at))
        await self._save(cursor)
        return cursor

    async def _fetch(self, session: ImapSession, listing: Listing) -> bytes | None:
        if listing.size <= self._max_bytes:
            raw = await session.body(listing.uid, listing.size)
            if raw is None or len(raw) <= self._max_bytes:
                return raw
        log.warning("mail_too_large", channel=self._context.name, folder=self.name, uid=listing.uid, size=listing.size)
        header = await session.header(listing.uid, HEADER_BYTES)
        if header is None:
            return None
        return stand_in(header, size=listing.size, limit=self._max_bytes, folder=self.name)

    def _arrival(self, cursor: FolderCursor, uid: int, received_at: datetime, raw: bytes) -> Arrival:
        return Arrival(
            account=self._context.name,
            native_id=f"{self.name}/{cursor.validity}/{uid}",
            raw=raw,
            envelope=Envelope(
                client=self._settings.host, folder=self.name, outgoing=self._outgoing, native_ref=str(uid)
            ),
            received_at=received_at,
            # One folder's mail is kept in its order, whoever wrote it: the header is not read here.
            sender_hint=f"folder:{self.name}",
            history=cursor.is_history(uid, received_at),
        )

    # Keeping

    async def _accept(self, arrival: Arrival) -> None:
        try:
            await self._kept(lambda: self._inlet.accept(arrival))
        except Invalid as error:
            # It lies in the mailbox still, and must not stop what comes after it.
            log.error("mail_not_taken", channel=self._context.name, native_id=arrival.native_id, code=error.code)

    async def _save(self, cursor: FolderCursor) -> None:
        await self._kept(lambda: self._inlet.save_cursor(self._stream, cursor.encode()))

    async def _kept(self, call: Callable[[], Awaitable[T]]) -> T:
        """While the store is away the mail waits in its mailbox, and so do we."""
        wait = _STORE_WAIT
        while True:
            try:
                return await call()
            except StoreUnavailable as error:
                log.warning("mailbox_waits_for_store", channel=self._context.name, code=error.code)
                await self._context.clock.sleep(wait)
                wait = min(wait * 2, _LONGEST_STORE_WAIT)
