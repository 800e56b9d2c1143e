"""The registry line of email."""

from connectors.email.address import EMAIL_FORM
from connectors.email.connector import EmailConnector
from connectors.email.parse import EMAIL_PARSER
from connectors.email.settings import EmailSettings, own_patterns
from hub.ports.connector import ChannelKind, OnRepeat


def _on_repeat(settings: EmailSettings) -> OnRepeat:
    return OnRepeat.RECOGNISED if settings.on_unknown == "retry" else OnRepeat.NOT_RECOGNISED


EMAIL = ChannelKind(
    name="email",
    settings=EmailSettings,
    connect=EmailConnector,
    parser=EMAIL_PARSER,
    address_form=EMAIL_FORM,
    # No mail server recognises a mail that it has already: a person decides.
    on_repeat=OnRepeat.NOT_RECOGNISED,
    on_repeat_of=_on_repeat,
    own_addresses=own_patterns,
    can_send=lambda settings: settings.submission is not None or bool(settings.outgoing_directory),
    message_domain=lambda settings: settings.address.rpartition("@")[2].lower(),
    sender_address=lambda settings: settings.address,
    max_file_bytes=lambda settings: 20 * 1024 * 1024,
    summary="Mail: taken in by SMTP, LMTP or from a mailbox (IMAP), sent by your mail server.",
    authserv_id=lambda settings: settings.authserv_id,
)
