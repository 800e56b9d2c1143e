"""Normal form of telephone numbers: E.164 (ITU-T), with the company's country for those without a prefix."""

import phonenumbers

from hub.domain.address import Address
from hub.domain.errors import Invalid

REGION = "DE"


class PhoneForm:
    """The address form "phone". `region`: the country of numbers that name none (ISO 3166)."""

    name = "phone"

    def __init__(self, region: str = REGION) -> None:
        self._region = region

    def normalise(self, text: str) -> Address:
        """`0221 / 123 45 67` becomes `+492211234567`. Raises Invalid."""
        written = text.strip().removeprefix("tel:")
        # A bare number of few digits is an invoice's more often than a telephone's.
        if not written.lstrip("( ").startswith(("+", "0")):
            raise _invalid(written)
        try:
            number = phonenumbers.parse(written, self._region)
        except phonenumbers.NumberParseException as error:
            raise _invalid(written) from error
        # With its country named, a number of a range that the tables do not know yet is still one.
        possible = written.startswith("+") and phonenumbers.is_possible_number(number)
        if not possible and not phonenumbers.is_valid_number(number):
            raise _invalid(written)
        normal = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        return Address(channel=self.name, normal=normal, display=written)


def _invalid(written: str) -> Invalid:
    return Invalid("That is not a telephone number; it looks like +49 221 1234567.", address=written[:100])


PHONE_FORM = PhoneForm()
