"""Numbers as exchanges write them: national, international without a plus, local without an area code, hidden."""

import re

from connectors.phone.address import PhoneForm
from hub.domain.address import Address
from hub.domain.errors import Invalid

HIDDEN = frozenset(
    {"", "anonymous", "restricted", "unavailable", "unknown", "private", "+266696687", "+7378742833", "+464", "s"}
)
"""What stands for a caller who hides the number; Twilio spells "anonymous" and "restricted" on the keypad too."""
LONGEST = 40
_SIP = re.compile(r"^(?:sips?:|tel:)?([^@;]*)", re.IGNORECASE)
_LOCAL = re.compile(r"^[1-9][0-9]{2,}$")
_DIGITS = re.compile(r"^[0-9]{8,15}$")


def clean(written: str) -> str:
    """Without scheme, domain and the keys that end dialling; '' for a hidden number."""
    match = _SIP.match(written.strip()[:200])
    number = (match[1] if match else "").strip().strip("<>").rstrip("#").replace("%2B", "+")
    return "" if number.lower() in HIDDEN else number[:LONGEST]


def read_number(written: str, *, country: str, area: str = "", international: bool = False) -> Address | None:
    """The address of a number; None for a hidden one, an extension of the house, and what is no number at all.
    `area`: put before local numbers ("0221"). `international`: the exchange leaves out the plus (sipgate)."""
    number = clean(written)
    if international and _DIGITS.match(number):
        number = f"+{number}"
    elif area and _LOCAL.match(number) and len(number) > 3:
        number = f"{area}{number}"
    try:
        return PhoneForm(country).normalise(number)
    except Invalid:
        return None
