"""Opaque cursors of pages: the last key and a seal of the list that it belongs to. Both engines use the same."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import cast

import bson
from bson.errors import BSONError

from hub.domain.errors import Invalid
from storage.keys import Key

_LONGEST = 65_536


def _seal(scope: str) -> bytes:
    return hashlib.blake2b(scope.encode("utf-8", "surrogatepass"), digest_size=6).digest()


def write_cursor(scope: str, key: Sequence[Key]) -> str:
    """A cursor behind the entry with that key. `scope` spells kind, index, equal values and direction."""
    return base64.urlsafe_b64encode(bson.encode({"s": _seal(scope), "k": list(key)})).decode("ascii")


def read_cursor(scope: str, text: str, length: int) -> list[Key]:
    """The key of `length` parts that `write_cursor` was given. Raises Invalid for a cursor of another list."""
    if len(text) > _LONGEST:
        raise Invalid("This cursor is too long; start again from the first page.")
    try:
        document = bson.decode(base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True))
    except (UnicodeEncodeError, binascii.Error, BSONError) as error:
        raise Invalid("This cursor cannot be read; start again from the first page.") from error
    key = document.get("k")
    fits = isinstance(key, list) and len(key) == length and all(isinstance(part, (str, int)) for part in key)
    if document.get("s") != _seal(scope) or not fits:
        raise Invalid("This cursor belongs to another list; start again from the first page.")
    return cast(list[Key], key)
