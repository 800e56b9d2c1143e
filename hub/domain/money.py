"""Amounts of money: exact, with their currency."""

from dataclasses import dataclass
from decimal import Decimal

from hub.domain.errors import Invalid

MINOR_DIGITS = {"JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "BHD": 3, "KWD": 3, "TND": 3}
"""Currencies whose smallest unit is not a hundredth (ISO 4217)."""
LARGEST = Decimal("1000000000000")


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount, never a float. `currency` is an ISO 4217 code."""

    amount: Decimal
    currency: str = "EUR"


def read_amount(value: Decimal, currency: str) -> Decimal:
    """The amount with exactly the currency's digits. Raises Invalid where it has more, is no number, or is absurd."""
    digits = MINOR_DIGITS.get(currency, 2)
    if not value.is_finite() or abs(value) > LARGEST:
        raise Invalid("This is no amount that can be booked.", field="amount")
    if len(currency) != 3 or not currency.isascii() or not currency.isupper():
        raise Invalid("A currency is three capital letters, for example EUR.", field="currency")
    exact = value.quantize(Decimal(1).scaleb(-digits))
    if exact != value:
        raise Invalid(f"{currency} has {digits} digits after the decimal point.", field="amount")
    return exact
