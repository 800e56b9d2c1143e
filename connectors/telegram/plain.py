"""Careful reading of JSON from outside: whatever stands there, the answer has the type that was asked for."""

from typing import Any

MAX_NUMBER = 2**63


def part_of(plain: Any, key: str) -> dict[str, Any]:
    """The object under the key; {} where there is none."""
    value = plain.get(key) if isinstance(plain, dict) else None
    return value if isinstance(value, dict) else {}


def parts_of(plain: Any, key: str, limit: int = 200) -> list[dict[str, Any]]:
    """The objects of the list under the key, at most `limit`."""
    value = plain.get(key) if isinstance(plain, dict) else None
    return [one for one in value[:limit] if isinstance(one, dict)] if isinstance(value, list) else []


def text_of(plain: Any, key: str) -> str:
    """The text under the key, storable: lone surrogates and NUL are replaced. '' where there is none."""
    value = plain.get(key) if isinstance(plain, dict) else None
    if not isinstance(value, str):
        return ""
    return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def number_of(plain: Any, key: str) -> int:
    """The whole number under the key; 0 where there is none, or none that Telegram could mean."""
    value = plain.get(key) if isinstance(plain, dict) else None
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= MAX_NUMBER:
        return 0
    return value


def measure_of(plain: Any, key: str) -> float:
    """The finite number under the key, such as a latitude; 0.0 where there is none."""
    value = plain.get(key) if isinstance(plain, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e6:
        return 0.0
    return float(value)
