"""From updates to arrivals: what is for us, which parts make one album, and the files that go with it, fetched before
anything is kept, so that what is kept is whole."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from connectors.telegram.files import MAX_FETCH, NamedFile, list_files
from connectors.telegram.parse import deleted_numbers, invite_code
from connectors.telegram.plain import number_of
from connectors.telegram.update import Kept, Update, message_name, read_update, why_ignored
from hub.domain.arrival import Arrival
from hub.domain.errors import Unreadable
from hub.domain.message import Envelope
from hub.ports.bundle import BundledFile, pack_bundle
from hub.ports.connector import ConnectorContext

if TYPE_CHECKING:
    from telegram import Bot

log = structlog.get_logger()
MAX_PARTS = 10
FETCH_SECONDS = 20.0
FETCH_TRIES = 2
FRESH = timedelta(minutes=1)
"""What is no older has the time at our edge: Telegram tells whole seconds, too coarse for the order of a quick
exchange."""
HEAD_BYTES = 400_000
"""Left for the updates themselves beside the files."""


@dataclass(slots=True)
class Unit:
    """What becomes one arrival (a deletion of several messages: one each): one update, or the parts of an album."""

    updates: list[Update] = field(default_factory=list)

    @property
    def chat_id(self) -> int:
        return self.updates[0].chat_id


class Gathering:
    """Makes arrivals. `username` and `bot` are set by the session."""

    def __init__(self, context: ConnectorContext, bot_id: str, *, host: str, catch_up: timedelta) -> None:
        self._context, self.bot_id, self._host, self._catch_up = context, bot_id, host, catch_up
        self.username = ""

    def screen(self, plain: Sequence[Any]) -> tuple[list[Update], list[Arrival]]:
        """The updates that are for us; those that cannot be read are arrivals as they are, for the quarantine."""
        updates, strange = [], []
        for one in plain:
            try:
                update = read_update(one)
            except Unreadable:
                raw = json.dumps({"updates": [one]}).encode()
                strange.append(self.strange_arrival(raw, number_of(one, "update_id")))
                continue
            reason = why_ignored(update, self.bot_id, self.username)
            if reason:
                log.info("telegram_update_ignored", channel=self._context.name, update=update.id, reason=reason)
            else:
                updates.append(update)
        return updates, strange

    def strange_arrival(self, raw: bytes, number: int = 0) -> Arrival:
        """What is no update: kept, for a person to look at."""
        name = str(number) if number > 0 else hashlib.sha256(raw).hexdigest()
        return Arrival(
            account=self._context.name,
            native_id=f"{self.bot_id}:{name}",
            raw=raw,
            envelope=Envelope(client=self._host, tls=True),
            received_at=self._context.clock.now(),
        )

    def plain_arrival(self, unit: Unit) -> Arrival:
        """A unit without its files, as it came."""
        return self._arrival(Kept(bot_id=self.bot_id, username=self.username, updates=tuple(unit.updates)), (), "")

    def group(self, updates: Sequence[Update]) -> list[Unit]:
        """Albums together, at the place of their first part; everything else on its own."""
        units: list[Unit] = []
        albums: dict[tuple[int, str], Unit] = {}
        for update in updates:
            key = (update.chat_id, update.album)
            unit = albums.get(key) if update.album else None
            if unit is None or len(unit.updates) >= MAX_PARTS:
                unit = Unit()
                units.append(unit)
                if update.album:
                    albums[key] = unit
            unit.updates.append(update)
        return units

    async def arrivals(self, unit: Unit, bot: Bot) -> list[Arrival]:
        """The arrivals of a unit, with their files."""
        updates = tuple(unit.updates)
        kept = Kept(bot_id=self.bot_id, username=self.username, updates=updates)
        if numbers := deleted_numbers(updates[0]):
            return [self._arrival(_deletion(kept, number), (), f":{number}") for number in numbers]
        files: list[BundledFile] = []
        ids: list[str] = []
        missing: list[tuple[str, str]] = []
        room = self._context.max_message_bytes - HEAD_BYTES
        for named in list_files(updates):
            found = await self._fetch(named, room, bot)
            if isinstance(found, bytes):
                room -= len(found)
                ids.append(named.file_id)
                files.append(BundledFile(name=named.name, type=named.type, data=found))
            else:
                missing.append((named.file_id, found))
        whole = Kept(
            bot_id=self.bot_id, username=self.username, updates=updates, files=tuple(ids), missing=tuple(missing)
        )
        return [self._arrival(whole, files, f"-{updates[-1].id}" if len(updates) > 1 else "")]

    async def _fetch(self, named: NamedFile, room: int, bot: Bot) -> bytes | str:
        """The file's bytes, or why not."""
        from telegram.error import BadRequest, TelegramError

        if named.size > MAX_FETCH:
            return "too-large"
        if named.size > room:
            return "no-room"
        for attempt in range(FETCH_TRIES):
            try:
                async with asyncio.timeout(FETCH_SECONDS):
                    file = await bot.get_file(named.file_id)
                    if (file.file_size or 0) > room:
                        return "no-room"
                    data = bytes(await file.download_as_bytearray())
            except BadRequest as error:
                return "too-large" if "too big" in str(error).casefold() else "failed"
            except (TelegramError, TimeoutError, RuntimeError) as error:
                name = type(error).__name__
                log.warning("telegram_file_not_fetched", channel=self._context.name, attempt=attempt, error=name)
                continue
            return data if len(data) <= room else "no-room"
        return "failed"

    def _arrival(self, kept: Kept, files: Sequence[BundledFile], suffix: str) -> Arrival:
        first = kept.updates[0]
        now = self._context.clock.now()
        received_at, history = self._moment(first.at, now)
        number = number_of(first.message, "message_id")
        return Arrival(
            account=self._context.name,
            native_id=f"{self.bot_id}:{first.id}{suffix}",
            raw=pack_bundle(kept.write(), files),
            envelope=Envelope(
                sender=_direct_sender(first),
                recipients=(f"@{self.username}" if self.username else self.bot_id,),
                client=self._host,
                tls=True,
                # Telegram has signed its user in, and says so over our own authenticated connection.
                authenticated=True,
                outgoing=first.by_colleague,
                native_ref=message_name(self.bot_id, first.chat_id, number) if number else "",
            ),
            received_at=received_at,
            sender_hint=str(first.chat_id),
            history=history,
            invite=invite_code(first),
        )

    def _moment(self, at: datetime | None, now: datetime) -> tuple[datetime, bool]:
        """When it came, and whether it waited for so long that nobody is to be told."""
        if at is None or now - at < FRESH:
            return now, False
        return at, now - at > self._catch_up


def _direct_sender(update: Update) -> str:
    """The native account, where somebody talks to the bot itself. What is said in groups, or to a colleague's own
    account, must open no colleague's door."""
    if update.in_group:
        return f"group:{update.chat_id}"
    return f"business:{update.chat_id}" if "business" in update.kind else str(update.chat_id)


def _deletion(kept: Kept, number: int) -> Kept:
    return Kept(bot_id=kept.bot_id, username=kept.username, updates=kept.updates, deleted=number)


def last_number(plain: Sequence[Any]) -> int:
    """The highest number among updates, readable or not."""
    return max([number_of(one, "update_id") for one in plain], default=0)
