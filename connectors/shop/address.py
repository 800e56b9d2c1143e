"""Address form "shop": a customer of one of our shops, `SHOPNAME:CUSTOMER`, where SHOPNAME is the channel's name and
CUSTOMER the shop's own number; a guest's is the mail address, and where an event names no customer, the order's."""

import re

from hub.domain.address import Address
from hub.domain.errors import Invalid

_FORM = re.compile(r"([a-z][a-z0-9_-]{0,31}):([^\s/\x00-\x1f\x7f][^\s\x00-\x1f\x7f]{0,319})")
_OTHERS = frozenset({"email", "mailto", "xmpp", "tel", "sip", "sips", "fax", "http", "https", "phone", "telegram"})
"""What people write before an address of another kind."""


class ShopForm:
    """The address form "shop"."""

    name = "shop"

    def normalise(self, text: str) -> Address:
        """`northwind:4711` stays as it is: ids of shops may tell upper from lower case. Raises Invalid."""
        written = text.strip()
        match = _FORM.fullmatch(written)
        if match is None or match[1] in _OTHERS:
            shown = "".join(sign for sign in written[:60] if sign.isprintable())
            raise Invalid("That is not a shop's customer; it looks like northwind:4711.", address=shown)
        return Address(channel=self.name, normal=written)


SHOP_FORM = ShopForm()
