"""Texts with {fields}: canned replies, letters, invitations."""

import re
from collections.abc import Callable, Sequence

from hub.domain.errors import Invalid

_FIELD = re.compile(r"\{([^{}\n]{0,40})\}")


def fields_in(text: str) -> list[str]:
    """The names between braces, each once, sorted."""
    return sorted(set(_FIELD.findall(text)))


def check_fields(text: str, known: Sequence[str], field: str = "text") -> None:
    """Raises Invalid, which names `field`, where the text has one that is not `known`."""
    unknown = [one for one in fields_in(text) if one not in known]
    if unknown:
        shown, all_known = (", ".join("{" + one + "}" for one in names) for names in (unknown, known))
        raise Invalid(f"Unknown: {shown}. The fields are {all_known}.", field=field, fields=known)


def fill_fields(text: str, value: Callable[[str], str]) -> str:
    """In one pass: what a value contains is never taken for a field."""
    return _FIELD.sub(lambda match: value(match[1]), text)
