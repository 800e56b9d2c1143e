"""Public identifiers: a prefix that says what the thing is, and 26 base32 characters.

They are opaque outside their maker. Each NewType is unique within the whole store.
"""

import base64
import hashlib
import secrets
from typing import NewType

ArrivalId = NewType("ArrivalId", str)
"""`a_...`, derived from account and native id: the insert is the duplicate check of one source."""
ContactId = NewType("ContactId", str)
"""`c_...`; a provisional contact's id is derived from its first address."""
InteractionId = NewType("InteractionId", str)
"""`i_...`; derived for mail (Message-ID and fingerprint) and for outgoing entries (outbox id)."""
ConversationId = NewType("ConversationId", str)
"""`v_...`; derived from the interaction that opened the conversation."""
OutboxId = NewType("OutboxId", str)
"""`o_...`; automatic messages derive it from (cause, reason, recipient): they exist once."""
UserId = NewType("UserId", str)
"""`u_...`, a colleague who may sign in."""


def _spell(digest: bytes) -> str:
    return base64.b32encode(digest[:16]).decode("ascii").rstrip("=").lower()


def random_id(prefix: str) -> str:
    """A fresh id, 128 random bits: `random_id("o")` gives `o_` and 26 characters."""
    return f"{prefix}_{_spell(secrets.token_bytes(16))}"


def derived_id(prefix: str, *parts: str) -> str:
    """The same id for the same parts, for ever. Parts are length-prefixed, so ("ab","c") differs from ("a","bc")."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(4, "big"))
        digest.update(data)
    return f"{prefix}_{_spell(digest.digest())}"


def with_prefix(prefix: str, identifier: str) -> str:
    """The sibling id of another kind: an outbox item's timeline entry carries the same 26 characters."""
    return f"{prefix}_{identifier.partition('_')[2]}"
