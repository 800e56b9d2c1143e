"""The registry line of XMPP."""

from connectors.xmpp.address import XMPP_FORM
from connectors.xmpp.connector import XmppConnector
from connectors.xmpp.parse import XMPP_PARSER
from connectors.xmpp.settings import XmppSettings
from hub.ports.connector import ChannelKind, OnRepeat, Strangers


def _own(settings: XmppSettings) -> tuple[str, ...]:
    return (settings.jid.partition("/")[0].lower(),)


XMPP = ChannelKind(
    name="xmpp",
    settings=XmppSettings,
    connect=XmppConnector,
    parser=XMPP_PARSER,
    address_form=XMPP_FORM,
    # The same stanza id goes out again, by which clients and archives know it (XEP-0359).
    on_repeat=OnRepeat.RECOGNISED,
    own_addresses=_own,
    can_send=lambda settings: True,
    message_domain=lambda settings: settings.jid.partition("@")[2].partition("/")[0],
    sender_address=lambda settings: settings.jid.partition("/")[0].lower(),
    carries_staff=lambda settings: settings.staff,
    summary="XMPP (Jabber) chat, by an account on your server.",
    strangers=lambda settings: Strangers(settings.strangers),
)
