"""Normal form of fax numbers: E.164 (ITU-T), with the company's country for those without a prefix."""

import hashlib
import re

import phonenumbers

from hub.domain.address import Address
from hub.domain.errors import Invalid

REGION = "DE"
_NAMELESS = re.compile(r"anonymous-[0-9a-f]{12}")


class FaxForm:
    """The address form "fax". `region`: the country of numbers that name none (ISO 3166)."""

    name = "fax"

    def __init__(self, region: str = REGION) -> None:
        self._region = region

    def normalise(self, text: str) -> Address:
        """`0221 / 123 45 67` becomes `+492211234567`. Raises Invalid."""
        written = text.strip().removeprefix("fax:").strip()
        if _NAMELESS.fullmatch(written):
            return Address(channel=self.name, normal=written)
        # A bare number of few digits is an invoice's more often than a fax machine's.
        if not written.startswith(("+", "0")):
            raise _invalid(written)
        try:
            number = phonenumbers.parse(written, self._region)
        except phonenumbers.NumberParseException as error:
            raise _invalid(written) from error
        if not phonenumbers.is_possible_number(number):
            raise _invalid(written)
        normal = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        return Address(channel=self.name, normal=normal, display=written)


def _invalid(written: str) -> Invalid:
    return Invalid("That is not a fax number; it looks like +49 221 1234567.", address=written[:100])


def nameless(native: bytes) -> Address:
    """The address of a fax that tells no number: one of its own for each, so that two strangers are never taken for
    one; nothing can be sent there."""
    return Address(channel="fax", normal=f"anonymous-{hashlib.sha256(native).hexdigest()[:12]}")


FAX_FORM = FaxForm()
