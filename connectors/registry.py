"""Every kind of channel, visibly: adding one is its folder and its line here."""

from connectors.chat.kind import CHAT
from connectors.email.kind import EMAIL
from connectors.fax.kind import FAX
from connectors.phone.kind import PHONE
from connectors.shop.kind import SHOP
from connectors.telegram.kind import TELEGRAM
from connectors.xmpp.kind import XMPP
from hub.ports.connector import ChannelKind

KINDS: dict[str, ChannelKind] = {kind.name: kind for kind in (EMAIL, XMPP, TELEGRAM, PHONE, FAX, SHOP, CHAT)}
