"""Normal forms of addresses, one for each address form."""

from typing import Protocol

from hub.domain.address import Address


class AddressForm(Protocol):
    """One form: "email", "xmpp", "phone", ... `name` is Address.channel."""

    @property
    def name(self) -> str: ...

    def normalise(self, text: str) -> Address:
        """The address in normal form. Raises Invalid where the text is none. Normalising twice equals once."""


class AddressForms(Protocol):
    """All forms, by name."""

    def normalise(self, channel: str, text: str) -> Address:
        """As AddressForm.normalise; raises Invalid for an unknown channel."""

    def recognise(self, text: str) -> list[Address]:
        """Every form that accepts the text, likeliest first: what a person may have meant by it."""
