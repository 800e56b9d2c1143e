"""Normal form of XMPP addresses: the bare JID (RFC 7622), resource dropped."""

from slixmpp.jid import JID, InvalidJID

from hub.domain.address import Address
from hub.domain.errors import Invalid


class XmppForm:
    """The address form "xmpp"."""

    name = "xmpp"

    def normalise(self, text: str) -> Address:
        """`Anna@Example.ORG/phone` becomes `anna@example.org`. Raises Invalid."""
        written = text.strip().removeprefix("xmpp:")
        try:
            jid = JID(written)
        except InvalidJID as error:
            raise Invalid(
                "That is not an XMPP address; it looks like anna@example.org.", address=written[:100]
            ) from error
        if not jid.local or not jid.domain:
            raise Invalid("That is not an XMPP address; it looks like anna@example.org.", address=written[:100])
        return Address(channel=self.name, normal=jid.bare, display=written)


XMPP_FORM = XmppForm()
