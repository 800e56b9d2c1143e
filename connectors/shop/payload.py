"""Reading what a shop sent: JSON with exact numbers, looked into without ever failing on what is not there."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from hub.domain.errors import Unreadable
from hub.domain.instant import to_utc_ms
from hub.domain.money import LARGEST, MINOR_DIGITS

MAX_TEXT, MAX_ITEMS = 500, 250
NO_AMOUNT = Decimal(-1)
"""Something stands there that is no amount: nothing is booked by it."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Where the system tells no time: anything that does is newer."""


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def read_json(body: bytes) -> Any:
    """The document, fractions as Decimal. Raises Unreadable."""
    try:
        return json.loads(body.decode("utf-8"), parse_float=Decimal, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise Unreadable(f"What the shop sent is no JSON (line {error.lineno}, column {error.colno}).") from error
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise Unreadable(f"What the shop sent cannot be read ({type(error).__name__}).") from error


class Payload:
    """One value of the document. What is missing, or of another type than is asked for, is empty."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __bool__(self) -> bool:
        return self.value not in (None, "", [], {})

    def at(self, path: str) -> "Payload":
        """Follow a dotted path; a number is a place in a list: `lines.0.name`. '' is the value itself."""
        value = self.value
        for step in path.split(".") if path else ():
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and step.isascii() and step.isdigit() and len(step) < 6:
                value = value[int(step)] if int(step) < len(value) else None
            else:
                return Payload(None)
        return Payload(value)

    def each(self, path: str = "") -> Iterator["Payload"]:
        """The members of a list, at most 250."""
        found = self.at(path).value
        yield from (Payload(one) for one in found[:MAX_ITEMS]) if isinstance(found, list) else ()

    def text(self, *paths: str, limit: int = MAX_TEXT) -> str:
        """The first of the paths that holds a text or number, on one line, bounded; what no store can hold is
        replaced."""
        for path in paths or ("",):
            value = self.at(path).value
            if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
                continue
            written = str(value) if isinstance(value, str) or _is_sane(value) else ""
            plain = " ".join(written[: limit * 2].encode("utf-8", "replace").decode().replace("\0", " ").split())
            if plain:
                return plain[:limit]
        return ""

    def amount(self, path: str, currency: str) -> Decimal:
        """An amount of money, with the currency's digits, half up; 0 where nothing is told, NO_AMOUNT for what is none
        or absurd."""
        value = self.at(path).value
        if value is None or value == "":
            return Decimal(0)
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            return NO_AMOUNT
        try:
            number = Decimal(value.strip()) if isinstance(value, str) else Decimal(value)
            if not number.is_finite() or abs(number) > LARGEST:
                return NO_AMOUNT
            return number.quantize(Decimal(1).scaleb(-MINOR_DIGITS.get(currency, 2)), ROUND_HALF_UP)
        except (InvalidOperation, ValueError):
            return NO_AMOUNT

    def minor(self, path: str, currency: str) -> Decimal:
        """An amount told in the currency's smallest unit: 1999 of EUR is 19.99, of JPY 1999."""
        value = self.at(path).value
        if value is None:
            return Decimal(0)
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 10**14:
            return NO_AMOUNT
        return Decimal(value).scaleb(-MINOR_DIGITS.get(currency, 2))

    def moment(self, *paths: str) -> datetime | None:
        """The first of the paths that holds a time: ISO 8601 (without a zone: UTC) or seconds since 1970."""
        for path in paths or ("",):
            value = self.at(path).value
            if isinstance(value, bool):
                continue
            try:
                if isinstance(value, int | Decimal) and 0 < value < 10**11:
                    return LONG_AGO + timedelta(seconds=float(value))
                if isinstance(value, str) and value.strip():
                    return _read_iso(value.strip())
            except (ValueError, OverflowError):
                continue
        return None


def _is_sane(value: int | Decimal) -> bool:
    return abs(value) < 10**40 if isinstance(value, int) else value.is_finite() and abs(value.adjusted()) < 40


def _read_iso(text: str) -> datetime:
    if text.isascii() and text.isdigit():
        return LONG_AGO + timedelta(seconds=int(text[:11]))
    moment = datetime.fromisoformat(text.replace(" ", "T", 1))
    return to_utc_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
