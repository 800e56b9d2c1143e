"""Sending the parts of one item, each at its pace, and knowing what is certain where one of them fails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connectors.telegram.api import explain_send
from connectors.telegram.compose import Part
from connectors.telegram.pace import Pace
from hub.domain.errors import SendError, TemporaryFailure, UnknownOutcome
from hub.ports.clock import Clock

if TYPE_CHECKING:
    from telegram import Bot

LONGEST_WAIT = timedelta(seconds=20)
"""Between two parts: a longer pause would outlast the attempt."""


class Sender:
    """Sends. One for each session's bot."""

    def __init__(self, bot: Bot, clock: Clock, pace: Pace) -> None:
        self._bot, self._clock, self._pace = bot, clock, pace

    async def send(self, chat_id: int, parts: Sequence[Part]) -> list[int]:
        """The numbers of the messages. Raises SendError: as the first part failed; where a later one did, the outcome
        of the whole is unknown, because a second try would repeat what has arrived."""
        sent: list[int] = []
        for part in parts:
            try:
                sent.append(await self._send(chat_id, part, patient=bool(sent)))
            except SendError as error:
                if not sent:
                    raise
                said = f"{len(sent)} of {len(parts)} parts have arrived; then: {error.sentence}"
                raise UnknownOutcome(said, peer=said) from error
        return sent

    async def _send(self, chat_id: int, part: Part, *, patient: bool) -> int:
        await self._pace.wait(chat_id)
        try:
            return await self._call(chat_id, part)
        except TemporaryFailure as error:
            wait = error.retry_after or timedelta(seconds=1)
            if not patient or wait > LONGEST_WAIT:
                raise
            await self._clock.sleep(wait.total_seconds())
            return await self._call(chat_id, part)

    async def _call(self, chat_id: int, part: Part) -> int:
        from telegram import InlineKeyboardButton, InlineKeyboardMarkup, InputFile, ReplyParameters
        from telegram.error import TelegramError

        options: dict[str, Any] = {}
        if part.buttons:
            rows = [[InlineKeyboardButton(words, callback_data=data)] for words, data in part.buttons]
            options["reply_markup"] = InlineKeyboardMarkup(rows)
        if part.answers:
            options["reply_parameters"] = ReplyParameters(part.answers, allow_sending_without_reply=True)
        try:
            if part.file is None:
                return (await self._bot.send_message(chat_id, part.text, **options)).message_id
            file = InputFile(part.file.data, filename=part.file.name, attach=False)
            options["caption"] = part.text or None
            if part.file.is_photo:
                return (await self._bot.send_photo(chat_id, file, **options)).message_id
            return (await self._bot.send_document(chat_id, file, **options)).message_id
        except TelegramError as error:
            raise explain_send(error) from error
