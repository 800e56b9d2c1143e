"""The Bot API: opening it, what its failures mean, and the updates exactly as they came.

python-telegram-bot's own `Updater` is not used: it moves the offset before anybody could have kept the updates. Its
`Bot` makes the calls, over two HTTP clients; the one for getUpdates keeps the answer's bytes, so that an update that
the library cannot read neither stops the others nor is lost.
"""

from __future__ import annotations

import json
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connectors.telegram.plain import parts_of
from connectors.telegram.settings import TelegramSettings
from hub.domain.errors import (
    AuthRejected,
    LinkError,
    Misconfigured,
    PermanentFailure,
    SendError,
    TemporaryFailure,
    UnknownOutcome,
    Unreachable,
)

if TYPE_CHECKING:
    from telegram import Bot
    from telegram.error import TelegramError
    from telegram.request import HTTPXRequest

CONNECT_SECONDS, ANSWER_SECONDS, UPLOAD_SECONDS = 10.0, 25.0, 45.0
POLL_SECONDS = 30
GONE = "5.1.1"
"""As RFC 3463 calls an address that does not exist: the hub then writes to it no more."""
WRONG_TOKEN = "Telegram refuses the bot's token: copy it again from BotFather into the channel's settings."
_NO_CHAT = ("chat not found", "user not found", "peer_id_invalid", "user is deactivated")


def open_bot(settings: TelegramSettings) -> tuple[Bot, Updates]:
    """The bot, not yet connected, and where its updates come out. Raises Misconfigured. Loads the library."""
    # RetryAfter then tells a timedelta, and does not warn of its number of seconds.
    os.environ.setdefault("PTB_TIMEDELTA", "true")
    from telegram import Bot
    from telegram.request import HTTPXRequest

    try:
        token = settings.token.reveal()
    except ValueError as error:
        raise Misconfigured(f"The bot's token cannot be read: {error}") from error
    own = httpx_arguments(settings)
    calls = HTTPXRequest(
        connection_pool_size=16,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ANSWER_SECONDS,
        write_timeout=ANSWER_SECONDS,
        pool_timeout=ANSWER_SECONDS,
        media_write_timeout=UPLOAD_SECONDS,
        httpx_kwargs=own,
    )
    updates = Updates()
    try:
        bot = Bot(
            token,
            base_url=f"{settings.api_base}/bot",
            base_file_url=f"{settings.api_base}/file/bot",
            request=calls,
            get_updates_request=updates.client(own),
        )
    except Exception as error:
        raise Misconfigured("The bot's token is not one: it looks like 123456789:AAH...") from error
    return bot, updates


def httpx_arguments(settings: TelegramSettings) -> dict[str, Any]:
    """The environment's proxies are for the way to Telegram, not for a server on this machine."""
    return {"trust_env": settings.api_base.startswith("https:")}


class Updates:
    """The answers to getUpdates, as they came."""

    def __init__(self) -> None:
        self._payload = b""

    def client(self, httpx_kwargs: dict[str, Any]) -> HTTPXRequest:
        """The HTTP client for getUpdates: keeps a good answer and hands the library an empty one."""
        from telegram.request import HTTPXRequest

        def keep(payload: bytes) -> None:
            self._payload = payload

        class Client(HTTPXRequest):
            """Keeps answers."""

            async def do_request(self, *args: Any, **named: Any) -> tuple[int, bytes]:
                """See BaseRequest.do_request."""
                status, payload = await super().do_request(*args, **named)
                if status != 200:
                    return status, payload
                keep(payload)
                return status, b'{"ok":true,"result":[]}'

        return Client(
            connection_pool_size=1,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=ANSWER_SECONDS,
            httpx_kwargs=httpx_kwargs,
        )

    def take(self) -> list[dict[str, Any]]:
        """The updates of the last answer. Raises Unreachable where it is none."""
        payload, self._payload = self._payload, b""
        try:
            plain = json.loads(payload)
        except (ValueError, RecursionError) as error:
            raise Unreachable("Telegram's answer is no JSON: is something else behind api_base?") from error
        return parts_of(plain, "result", 1_000)


def explain_link(error: TelegramError) -> LinkError:
    """What a failure of a call means for the session. The library's own words may hold the token and are not used."""
    from telegram.error import Conflict, Forbidden, InvalidToken

    if isinstance(error, InvalidToken | Forbidden):
        return AuthRejected(WRONG_TOKEN)
    if isinstance(error, Conflict):
        return Unreachable(
            "Another program reads this bot's messages (getUpdates or a webhook): stop it, or make a new token at "
            "BotFather with /revoke."
        )
    if (wait := retry_after(error)) is not None:
        return Unreachable(f"Telegram asks to wait {wait.total_seconds():.0f} seconds.")
    return Unreachable(f"Telegram cannot be reached ({name_cause(error)}).")


def explain_send(error: TelegramError) -> SendError:
    """What a failed call to send means: what is certain, and what is not."""
    from telegram.error import BadRequest, ChatMigrated, EndPointNotFound, Forbidden, InvalidToken, NetworkError

    peer = str(error)[:300]
    if (wait := retry_after(error)) is not None:
        return TemporaryFailure("Telegram asks us to slow down.", retry_after=wait, reply="429")
    if isinstance(error, InvalidToken):
        return TemporaryFailure(WRONG_TOKEN, reply="401")
    if isinstance(error, Forbidden):
        return PermanentFailure("The bot is blocked, or may not write there.", peer=peer, reply="403", status=GONE)
    if isinstance(error, ChatMigrated):
        return PermanentFailure(f"The group has a new number, {error.new_chat_id}.", reply="400", status=GONE)
    if isinstance(error, BadRequest):
        gone = any(words in peer.casefold() for words in _NO_CHAT)
        return PermanentFailure("Telegram refuses it.", peer=peer, reply="400", status=GONE if gone else "5.6.0")
    if isinstance(error, EndPointNotFound):
        return PermanentFailure("This Bot API server cannot do that.", peer=peer, reply="404")
    if isinstance(error, NetworkError) and not _has_left(error):
        return TemporaryFailure(f"Telegram cannot be reached ({name_cause(error)}).")
    return UnknownOutcome(f"Telegram did not say whether it took the message ({name_cause(error)}).")


def retry_after(error: TelegramError) -> timedelta | None:
    """How long a 429 asks to wait."""
    from telegram.error import RetryAfter

    if not isinstance(error, RetryAfter):
        return None
    wait = error.retry_after
    return wait if isinstance(wait, timedelta) else timedelta(seconds=int(wait))


def _has_left(error: TelegramError) -> bool:
    """Whether the request may have reached Telegram: not where no connection was to be had."""
    import httpx

    return not isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)


def name_cause(error: TelegramError) -> str:
    """A word for the log and the operator."""
    return type(error.__cause__ or error).__name__
