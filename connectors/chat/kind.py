"""The registry line of the web chat."""

from connectors.chat.address import CHAT_FORM
from connectors.chat.connector import ChatConnector
from connectors.chat.parse import CHAT_PARSER
from connectors.chat.settings import ChatSettings
from hub.ports.connector import ChannelKind, OnRepeat

CHAT = ChannelKind(
    name="chat",
    settings=ChatSettings,
    connect=ChatConnector,
    parser=CHAT_PARSER,
    address_form=CHAT_FORM,
    # The item's id names the line for ever.
    on_repeat=OnRepeat.RECOGNISED,
    own_addresses=lambda settings: (),
    can_send=lambda settings: True,
    message_domain=lambda settings: "",
    sender_address=lambda settings: "",
    max_file_bytes=lambda settings: settings.max_file_bytes,
    summary="A chat for the pages of the company's website.",
    raw_form=("application/octet-stream", "chat"),
)
