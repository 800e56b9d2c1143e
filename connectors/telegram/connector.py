"""One Telegram bot: updates by polling or webhook into the inlet, and messages out.

A session (`run`) ends by raising; the supervisor owns the next try.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import re
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog

from connectors.telegram.api import explain_link, name_cause, open_bot
from connectors.telegram.compose import OutgoingFile, compose
from connectors.telegram.gathering import Gathering, Unit
from connectors.telegram.pace import Pace
from connectors.telegram.plain import number_of, part_of, text_of
from connectors.telegram.polling import ALBUM_SECONDS, Polling
from connectors.telegram.probe import probe_bot
from connectors.telegram.sending import Sender
from connectors.telegram.settings import TelegramSettings, bot_id_of
from connectors.telegram.update import PRESS, TAKEN, Update, message_name
from hub.domain.arrival import Arrival
from hub.domain.errors import (
    Invalid,
    Misconfigured,
    PermanentFailure,
    Refused,
    StoreUnavailable,
    TemporaryFailure,
    Unreachable,
)
from hub.domain.views import FileData
from hub.ports.connector import (
    ConnectorContext,
    HttpAnswer,
    HttpRequest,
    Inlet,
    LinkState,
    Parcel,
    ProbeStep,
    Receipt,
)

if TYPE_CHECKING:
    from telegram import Bot

log = structlog.get_logger()
SECRET_HEADER = "x-telegram-bot-api-secret-token"
SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")
CHATS_AT_ONCE = 8
WATCH_SECONDS = 60.0
MAX_SPOKEN = 10_000
MAX_SIDE_CALLS = 200


class TelegramConnector:
    """One bot. Carries staff chats (StaffLine), takes webhooks (ServesHttp), can be probed, and opens by links."""

    def __init__(self, settings: TelegramSettings, context: ConnectorContext) -> None:
        self._settings, self._context = settings, context
        self._bot_id = bot_id_of(settings)
        self._gathering = Gathering(
            context,
            self._bot_id,
            host=urlsplit(settings.api_base).hostname or "",
            catch_up=timedelta(hours=settings.catch_up_hours),
        )
        self._pace = Pace(context.clock)
        self._bot: Bot | None = None
        self._sender: Sender | None = None
        self._busy = asyncio.Semaphore(CHATS_AT_ONCE)
        self._spoken: dict[int, int] = {}
        """The last answer of the staff bot in each chat; bounded."""
        self._albums: dict[tuple[int, str], tuple[Unit, asyncio.Task[None]]] = {}
        """Albums whose parts come by webhook."""
        self._side_calls: set[asyncio.Task[None]] = set()

    # The session

    async def run(self, inlet: Inlet) -> None:
        """One session. See Connector.run."""
        from telegram.error import TelegramError

        inlet.report(LinkState.CONNECTING)
        self._bot_id = self._gathering.bot_id = bot_id_of(self._settings)
        bot, updates = open_bot(self._settings)
        try:
            await bot.initialize()
            self._gathering.username = bot.bot.username or ""
            self._bot, self._sender = bot, Sender(bot, self._context.clock, self._pace)
            if self._settings.mode == "webhook":
                await self._keep_webhook(bot, inlet)
            else:
                await self._leave_webhook(bot)
                polling = Polling(bot, updates, self._context.clock, lambda batch: self._take(batch, inlet, bot))
                await polling.run(lambda: inlet.report(LinkState.UP, self._signed_in()))
        except TelegramError as error:
            # Its own words may hold the token, so that nothing of it is carried on.
            raise explain_link(error) from None
        except StoreUnavailable as error:
            raise Unreachable("The store could not keep a message; it is fetched again from Telegram.") from error
        finally:
            self._bot = self._sender = None
            await self._close(bot)

    def _signed_in(self) -> str:
        return f"signed in as @{self._gathering.username}" if self._gathering.username else "signed in"

    async def _close(self, bot: Bot) -> None:
        from telegram.error import TelegramError

        for task in self._side_calls:
            task.cancel()
        await asyncio.gather(*self._side_calls, return_exceptions=True)
        try:
            await bot.shutdown()
        except (TelegramError, RuntimeError) as error:
            # A session that ended badly may end badly here too; its sockets are closed all the same.
            log.info("telegram_session_not_closed", channel=self._context.name, error=type(error).__name__)

    async def _leave_webhook(self, bot: Bot) -> None:
        info = await bot.get_webhook_info()
        if info.url:
            log.warning("telegram_webhook_removed", channel=self._context.name, host=urlsplit(info.url).hostname)
            await bot.delete_webhook(drop_pending_updates=False)

    async def _keep_webhook(self, bot: Bot, inlet: Inlet) -> None:
        """Set it, and look every minute whether it still is set, and whether Telegram gets through."""
        await self._set_webhook(bot)
        inlet.report(LinkState.UP, self._signed_in())
        while True:
            await self._context.clock.sleep(WATCH_SECONDS)
            info = await bot.get_webhook_info()
            if info.url != self._settings.webhook_url:
                log.warning("telegram_webhook_changed", channel=self._context.name, host=urlsplit(info.url).hostname)
                await self._set_webhook(bot)
            trouble = info.last_error_message if info.pending_update_count else ""
            inlet.report(LinkState.UP, f"Telegram says: {trouble}"[:200] if trouble else self._signed_in())

    async def _set_webhook(self, bot: Bot) -> None:
        await bot.set_webhook(
            self._settings.webhook_url,
            secret_token=self._secret(),
            allowed_updates=list(TAKEN),
            drop_pending_updates=False,
        )

    def _secret(self) -> str:
        secret = self._settings.webhook_secret
        try:
            value = secret.reveal() if secret is not None else ""
        except ValueError as error:
            raise Misconfigured(f"The webhook's secret cannot be read: {error}") from error
        if not SECRET.fullmatch(value):
            raise Misconfigured("webhook_secret must be 16 to 256 letters, digits, _ and -.")
        return value

    # Inbound

    async def _take(self, batch: Sequence[Any], inlet: Inlet, bot: Bot) -> None:
        """Accept all of it, each chat in order. Raises StoreUnavailable once the others have ended."""
        updates, strange = self._gathering.screen(batch)
        for arrival in strange:
            await self._accept(arrival, inlet)
        chats: dict[int, list[Unit]] = {}
        for unit in self._gathering.group([update for update in updates if not self._is_outdated(update)]):
            chats.setdefault(unit.chat_id, []).append(unit)
        work = [self._take_chat(units, inlet, bot) for units in chats.values()]
        for outcome in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _take_chat(self, units: Sequence[Unit], inlet: Inlet, bot: Bot) -> None:
        async with self._busy:
            for unit in units:
                await self._take_unit(unit, inlet, bot)

    async def _take_unit(self, unit: Unit, inlet: Inlet, bot: Bot) -> None:
        for arrival in await self._arrivals(unit, bot):
            await self._accept(arrival, inlet)
        if unit.updates[0].kind == PRESS:
            self._aside(self._confirm_press(unit.updates[0], bot))

    async def _arrivals(self, unit: Unit, bot: Bot) -> list[Arrival]:
        """What is kept of a unit. A fault of ours in one must not bring all of them again for ever: it is kept as it
        came, without its files."""
        try:
            return await self._gathering.arrivals(unit, bot)
        except Exception as error:
            log.exception("telegram_arrival_fault", channel=self._context.name, error=type(error).__name__)
            return [self._gathering.plain_arrival(unit)]

    async def _accept(self, arrival: Arrival, inlet: Inlet) -> None:
        try:
            await inlet.accept(arrival)
        except Invalid as error:
            log.error("telegram_arrival_invalid", channel=self._context.name, code=error.code, id=arrival.native_id)

    def _is_outdated(self, update: Update) -> bool:
        """A button under an earlier answer of the staff bot: "yes" must not answer what was asked since."""
        if update.kind != PRESS:
            return False
        latest = self._spoken.get(update.chat_id, 0)
        if number_of(update.message, "message_id") >= latest:
            return False
        log.info("telegram_update_ignored", channel=self._context.name, update=update.id, reason="outdated-button")
        if self._bot is not None:
            self._aside(self._confirm_press(update, self._bot, text="⌛"))
        return True

    def _aside(self, call: Coroutine[Any, Any, None]) -> None:
        """A call whose failure changes nothing for us: an acknowledged press, a keyboard taken away."""
        if len(self._side_calls) >= MAX_SIDE_CALLS:
            call.close()
            return
        task = asyncio.create_task(call, name=f"telegram-aside:{self._context.name}")
        self._side_calls.add(task)
        task.add_done_callback(self._side_calls.discard)

    async def _confirm_press(self, update: Update, bot: Bot, *, text: str = "") -> None:
        """Stop the button's clock, and take the keyboard away, so that it is pressed once."""
        from telegram.error import TelegramError

        try:
            await bot.answer_callback_query(text_of(update.body, "id"), text=text or None)
            number = number_of(update.message, "message_id")
            if number and part_of(update.message, "reply_markup"):
                await bot.edit_message_reply_markup(chat_id=update.chat_id, message_id=number, reply_markup=None)
        except TelegramError as error:
            log.info("telegram_press_not_confirmed", channel=self._context.name, error=name_cause(error))

    # Webhook

    async def answer(self, request: HttpRequest, inlet: Inlet) -> HttpAnswer:
        """One update of Telegram's; see ServesHttp."""
        if self._settings.mode != "webhook" or request.path:
            return HttpAnswer(status=404)
        if not self._proves(request):
            raise Refused("The secret token of the webhook is missing or wrong.")
        if request.method != "POST":
            return HttpAnswer(status=405)
        bot = self._bot
        if bot is None:
            raise StoreUnavailable("The channel is connecting.")
        try:
            plain = json.loads(request.body)
        except (ValueError, RecursionError):
            await self._accept(self._gathering.strange_arrival(request.body or b"{}"), inlet)
            return HttpAnswer()
        updates, strange = self._gathering.screen([plain])
        for arrival in strange:
            await self._accept(arrival, inlet)
        for update in updates:
            if not self._is_outdated(update):
                await (self._join_album if update.album else self._take_alone)(update, inlet, bot)
        return HttpAnswer()

    def _proves(self, request: HttpRequest) -> bool:
        try:
            secret = self._secret()
        except Misconfigured as error:
            log.error("telegram_secret_unreadable", channel=self._context.name, code=error.code)
            return False
        return hmac.compare_digest(request.header(SECRET_HEADER).encode(), secret.encode())

    async def _take_alone(self, update: Update, inlet: Inlet, bot: Bot) -> None:
        await self._take_chat([Unit([update])], inlet, bot)

    async def _join_album(self, update: Update, inlet: Inlet, bot: Bot) -> None:
        """Wait for the album's other parts, which come in requests of their own; each is answered once all are kept."""
        key = (update.chat_id, update.album)
        if key in self._albums:
            unit, task = self._albums[key]
            unit.updates.append(update)
        else:
            unit = Unit([update])
            task = asyncio.create_task(self._take_album(key, unit, inlet, bot), name=f"telegram-album:{update.id}")
            self._albums[key] = (unit, task)
        await asyncio.shield(task)

    async def _take_album(self, key: tuple[int, str], unit: Unit, inlet: Inlet, bot: Bot) -> None:
        count = 0
        try:
            while count < len(unit.updates) < 10:
                count = len(unit.updates)
                await self._context.clock.sleep(ALBUM_SECONDS)
        finally:
            del self._albums[key]
        unit.updates.sort(key=lambda update: update.id)
        await self._take_chat([unit], inlet, bot)

    # Outbound

    async def send(self, parcel: Parcel) -> Receipt:
        """All parts of one item; see Connector.send."""
        content = parcel.item.content
        text = f"{content.subject}\n\n{content.text}" if content.subject else content.text
        described = zip(content.attachments, parcel.files, strict=True)
        files = [OutgoingFile(name=one.name, type=one.type, data=data) for one, data in described]
        chat_id = _chat_of(parcel.item.recipient.normal)
        numbers = await self._deliver(chat_id, text, files, content.choices, content.in_reply_to)
        names = [message_name(self._bot_id, chat_id, number) for number in numbers]
        detail = "taken by Telegram" if len(names) == 1 else f"taken by Telegram in {len(names)} messages"
        return Receipt(native_ref=names[0], more_refs=tuple(names[1:]), detail=detail)

    async def say(
        self,
        address: str,
        text: str,
        stanza_id: str,
        *,
        choices: Sequence[str] = (),
        files: Sequence[FileData] = (),
    ) -> None:
        """A bot's reply; see StaffLine."""
        chat_id = _chat_of(address)
        outgoing = [OutgoingFile(name=file.name, type=file.type, data=file.data) for file in files]
        numbers = await self._deliver(chat_id, text, outgoing, choices, "")
        self._spoken.pop(chat_id, None)
        self._spoken[chat_id] = numbers[-1]
        while len(self._spoken) > MAX_SPOKEN:
            del self._spoken[next(iter(self._spoken))]

    async def _deliver(
        self, chat_id: int, text: str, files: Sequence[OutgoingFile], choices: Sequence[str], in_reply_to: str
    ) -> list[int]:
        sender = self._sender
        if sender is None:
            raise TemporaryFailure("The link to Telegram is down.")
        parts = compose(text, files, choices, chat_id=chat_id, in_reply_to=in_reply_to)
        if not parts:
            raise PermanentFailure("There is nothing to send: neither a text nor a file.")
        return await sender.send(chat_id, parts)

    def link_for(self, payload: str) -> str:
        """A link that opens a chat with the bot and hands it the payload (https://core.telegram.org/bots/features
        #deep-linking); '' until the bot has signed in."""
        name = self._gathering.username
        return f"https://t.me/{name}?start={payload}" if name else ""

    async def probe(self) -> list[ProbeStep]:
        """See Probes."""
        return await probe_bot(self._settings)


def _chat_of(address: str) -> int:
    try:
        return int(address)
    except ValueError as error:
        raise PermanentFailure("This is no number of a Telegram chat.", status="5.1.3") from error
