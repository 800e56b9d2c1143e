"""Testing a Telegram channel step by step, for `fernamt channel test` and the console."""

import asyncio

from connectors.telegram.api import WRONG_TOKEN, name_cause, open_bot
from connectors.telegram.settings import TelegramSettings
from hub.domain.errors import Misconfigured
from hub.ports.connector import ProbeStep

PROBE_SECONDS = 20.0
UNREACHABLE = (
    "Check that this machine reaches api.telegram.org (or api_base) by HTTPS, and that no firewall is between."
)


async def probe_bot(settings: TelegramSettings) -> list[ProbeStep]:
    """Settings, sign-in, and whether messages can come the way that is configured. Never raises. Asks for no updates:
    that would end the running session's own request."""
    from telegram.error import InvalidToken, TelegramError

    try:
        bot, _ = open_bot(settings)
    except Misconfigured as error:
        return [ProbeStep(title="Settings", ok=False, detail=error.sentence, fix="Correct the channel's settings.")]
    steps = [ProbeStep(title="Settings", ok=True)]
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await bot.initialize()
            name = f"@{bot.bot.username}" if bot.bot.username else bot.bot.first_name
            steps.append(ProbeStep(title="Sign in", ok=True, detail=name))
            steps.append(await _probe_mode(bot, settings))
    except InvalidToken:
        steps.append(ProbeStep(title="Sign in", ok=False, detail="Telegram refuses the token.", fix=WRONG_TOKEN))
    except (TelegramError, TimeoutError) as error:
        word = name_cause(error) if isinstance(error, TelegramError) else "no answer in time"
        steps.append(ProbeStep(title="Connect", ok=False, detail=f"{settings.api_base}: {word}", fix=UNREACHABLE))
    finally:
        try:
            await bot.shutdown()
        except TelegramError:
            steps.append(ProbeStep(title="Sign out", ok=True))
    return steps


async def _probe_mode(bot: object, settings: TelegramSettings) -> ProbeStep:
    info = await bot.get_webhook_info()  # type: ignore[attr-defined]
    if settings.mode == "polling":
        if not info.url:
            return ProbeStep(title="Polling", ok=True, detail=f"{info.pending_update_count} waiting")
        return ProbeStep(
            title="Polling",
            ok=False,
            detail=f"Another program has set a webhook: {info.url}"[:300],
            fix="Start the hub: it takes the webhook away. Where it comes back, another program uses this bot: "
            "stop it, or make a new token at BotFather with /revoke.",
        )
    if info.url != settings.webhook_url:
        return ProbeStep(
            title="Webhook",
            ok=False,
            detail=f"Telegram calls {info.url or 'nobody'}."[:300],
            fix="Start the hub: it sets the webhook. Where it changes again, another program uses this bot.",
        )
    if info.last_error_message:
        return ProbeStep(
            title="Webhook",
            ok=False,
            detail=f"{info.last_error_message} ({info.pending_update_count} waiting)"[:300],
            fix="The address must be reachable from outside over HTTPS on port 443, 80, 88 or 8443, with a valid "
            "certificate, and lead to this hub.",
        )
    return ProbeStep(title="Webhook", ok=True, detail=f"{info.pending_update_count} waiting")
