"""Fetching updates (https://core.telegram.org/bots/api#getupdates). Algorithm:

1. Ask for what is not confirmed yet. Telegram confirms what lies below the offset that is asked for, so that the offset
   rises only in the request after everything before it was accepted: a crash or a store that is down brings the same
   updates again, known by their numbers.
2. Where parts of an album are among them, look again a moment later from the same offset, until no more come.
3. Accept chat after chat, each in order, a few chats at a time.
No offset is kept over a restart: without one Telegram begins at the first that was not confirmed, and after a week of
silence its numbers may begin anywhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from connectors.telegram.api import POLL_SECONDS, Updates
from connectors.telegram.gathering import last_number
from connectors.telegram.plain import number_of, part_of, text_of
from connectors.telegram.update import TAKEN
from hub.domain.errors import Unreachable
from hub.ports.clock import Clock

if TYPE_CHECKING:
    from telegram import Bot

ALBUM_SECONDS = 0.7
ALBUM_LOOKS = 4
BATCH = 100


class Polling:
    """One session of fetching. `take` accepts a batch; it raises where the batch must come again."""

    def __init__(
        self, bot: Bot, updates: Updates, clock: Clock, take: Callable[[list[dict[str, Any]]], Awaitable[None]]
    ) -> None:
        self._bot, self._updates, self._clock, self._take = bot, updates, clock, take

    async def run(self, started: Callable[[], None]) -> None:
        """Until cancelled. `started` is called once Telegram has answered. Raises TelegramError, Unreachable, and what
        `take` raises."""
        offset: int | None = None
        batch = await self._ask(offset, 0)
        started()
        while True:
            if batch:
                await self._take(await self._complete(batch, offset))
                offset = last_number(batch) + 1
                if offset == 1:
                    raise Unreachable("Telegram sends updates without a number: is something else behind api_base?")
            else:
                offset = None
            batch = await self._ask(offset, POLL_SECONDS)

    async def _ask(self, offset: int | None, seconds: int) -> list[dict[str, Any]]:
        await self._bot.get_updates(offset=offset, limit=BATCH, timeout=seconds, allowed_updates=list(TAKEN))
        return self._updates.take()

    async def _complete(self, batch: list[dict[str, Any]], offset: int | None) -> list[dict[str, Any]]:
        """With the parts of its albums that Telegram is still taking in. `batch` grows in place, so that the offset
        passes what was added."""
        seen = _album_parts(batch)
        for _ in range(ALBUM_LOOKS if seen else 0):
            await self._clock.sleep(ALBUM_SECONDS)
            again = await self._ask(offset, 0)
            parts = _album_parts(again)
            batch[:] = again or batch
            if parts == seen:
                break
            seen = parts
        return batch


def _album_parts(batch: list[dict[str, Any]]) -> set[int]:
    """The numbers of the updates that are parts of albums."""
    return {
        number_of(one, "update_id")
        for one in batch
        for kind in ("message", "business_message")
        if text_of(part_of(one, kind), "media_group_id")
    }
