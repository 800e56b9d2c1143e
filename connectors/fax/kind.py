"""The registry line of fax."""

from connectors.fax.address import FAX_FORM
from connectors.fax.connector import FaxConnector
from connectors.fax.parse import FAX_PARSER
from connectors.fax.settings import FaxSettings
from hub.ports.connector import ChannelKind, OnRepeat

MAX_FILE_BYTES = 20 * 1024 * 1024

FAX = ChannelKind(
    name="fax",
    settings=FaxSettings,
    connect=FaxConnector,
    parser=FAX_PARSER,
    address_form=FAX_FORM,
    # A second call prints a second copy.
    on_repeat=OnRepeat.NOT_RECOGNISED,
    own_addresses=lambda settings: (settings.number,),
    can_send=lambda settings: True,
    message_domain=lambda settings: "",
    sender_address=lambda settings: settings.number,
    max_file_bytes=lambda settings: MAX_FILE_BYTES,
    summary="Fax: by a HylaFAX server, by a provider's mail gateway, or by Telnyx.",
)
