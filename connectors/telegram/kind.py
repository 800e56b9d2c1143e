"""The registry line of Telegram."""

from connectors.telegram.address import TELEGRAM_FORM
from connectors.telegram.connector import TelegramConnector
from connectors.telegram.parse import TELEGRAM_PARSER
from connectors.telegram.settings import TelegramSettings, bot_id_of
from hub.ports.connector import ChannelKind, OnRepeat, Strangers

MAX_FILE_BYTES = 50 * 1024 * 1024
"""https://core.telegram.org/bots/api#sending-files"""


def _own(settings: TelegramSettings) -> tuple[str, ...]:
    number = bot_id_of(settings)
    return (number,) if number else ()


TELEGRAM = ChannelKind(
    name="telegram",
    settings=TelegramSettings,
    connect=TelegramConnector,
    parser=TELEGRAM_PARSER,
    address_form=TELEGRAM_FORM,
    # The Bot API has no idempotency key: a second sendMessage is a second message.
    on_repeat=OnRepeat.NOT_RECOGNISED,
    own_addresses=_own,
    can_send=lambda settings: True,
    message_domain=lambda settings: "",
    sender_address=bot_id_of,
    carries_staff=lambda settings: settings.staff,
    strangers=lambda settings: Strangers(settings.strangers),
    max_file_bytes=lambda settings: MAX_FILE_BYTES,
    summary="Telegram, by a bot: customers and colleagues, without a public address.",
    raw_form=("application/json", "json"),
)
