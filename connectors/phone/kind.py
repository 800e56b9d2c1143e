"""The registry line of telephone exchanges."""

from connectors.phone.address import PHONE_FORM
from connectors.phone.connector import PhoneConnector
from connectors.phone.number import read_number
from connectors.phone.parse import PHONE_PARSER
from connectors.phone.settings import PhoneSettings
from hub.ports.connector import ChannelKind, OnRepeat


def _own(settings: PhoneSettings) -> tuple[str, ...]:
    """Our own numbers, in normal form; what is no number is left out."""
    international = settings.exchange == "sipgate"
    found = [
        read_number(number, country=settings.country, area=settings.area, international=international)
        for number in settings.numbers
    ]
    return tuple(address.normal for address in found if address is not None)


PHONE = ChannelKind(
    name="phone",
    settings=PhoneSettings,
    connect=PhoneConnector,
    parser=PHONE_PARSER,
    address_form=PHONE_FORM,
    on_repeat=OnRepeat.NOT_RECOGNISED,
    own_addresses=_own,
    can_send=lambda settings: False,
    message_domain=lambda settings: "",
    sender_address=lambda settings: next(iter(_own(settings)), ""),
    lines=lambda settings: tuple(settings.lines.items()),
    summary="Calls: FRITZ!Box, Asterisk, sipgate or Twilio report who called and what was missed.",
    raw_form=("application/json", "json"),
)
