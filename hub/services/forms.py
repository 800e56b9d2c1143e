"""All address forms of the configured kinds, by name."""

from collections.abc import Iterable

from hub.domain.address import Address
from hub.domain.errors import Invalid
from hub.ports.addresses import AddressForm

MAX_ADDRESS = 1_000


class Forms:
    """Implements AddressForms over the forms that the channel kinds bring."""

    def __init__(self, forms: Iterable[AddressForm]) -> None:
        self._forms = {form.name: form for form in forms}

    def normalise(self, channel: str, text: str) -> Address:
        """See AddressForms."""
        form = self._forms.get(channel)
        if form is None:
            raise Invalid(f"There is no kind of address called {channel!r}.", channel=channel)
        if len(text) > MAX_ADDRESS:
            raise Invalid("An address has at most 1,000 characters.", channel=channel)
        return form.normalise(text)

    def recognise(self, text: str) -> list[Address]:
        """See AddressForms; in the order of the registry."""
        found = []
        for name in self._forms:
            try:
                found.append(self.normalise(name, text))
            except Invalid:
                continue
        return found
