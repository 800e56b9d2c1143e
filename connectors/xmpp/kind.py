"""The registry line of XMPP."""

from connectors.xmpp.address import XMPP_FORM
from connectors.xmpp.component import XmppComponent
from connectors.xmpp.connector import XmppConnector
from connectors.xmpp.parse import XMPP_PARSER
from connectors.xmpp.settings import XmppSettings
from hub.ports.connector import ChannelKind, Connector, ConnectorContext, OnRepeat, Strangers


def _connect(settings: XmppSettings, context: ConnectorContext) -> Connector:
    return XmppComponent(settings, context) if settings.is_component else XmppConnector(settings, context)


def _own(settings: XmppSettings) -> tuple[str, ...]:
    return (f"*@{settings.domain}",) if settings.is_component else (settings.bare,)


XMPP = ChannelKind(
    name="xmpp",
    settings=XmppSettings,
    connect=_connect,
    parser=XMPP_PARSER,
    address_form=XMPP_FORM,
    # The same stanza id goes out again, by which clients and archives know it (XEP-0359).
    on_repeat=OnRepeat.RECOGNISED,
    own_addresses=_own,
    can_send=lambda settings: True,
    message_domain=lambda settings: settings.domain,
    sender_address=lambda settings: settings.writes_from,
    carries_staff=lambda settings: settings.staff,
    speaks_as_contacts=lambda settings: settings.is_component and settings.staff,
    strangers=lambda settings: Strangers.WELCOME if settings.welcomes else Strangers.REFUSE,
    max_file_bytes=lambda settings: settings.max_file_bytes,
    raw_form=("application/xml", "xml"),
    summary="XMPP (Jabber) chat: an account on your server, or a component of it with an address for every contact.",
)
