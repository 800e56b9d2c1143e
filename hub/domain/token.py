"""The signed token that names a conversation in our own Message-IDs: short, ASCII, unfolded.

`<f1.CONVERSATION.EXPIRY.NONCE.MAC@domain>`: the customer's mail client quotes it in In-Reply-To and References, so that
the answer finds its conversation even where a relay or a client lost everything else. The MAC keeps strangers from
writing into conversations whose id they guessed. EXPIRY is a day number in base 36.
"""

import base64
import hashlib
import hmac
import re
from datetime import datetime, timedelta

from hub.domain.ids import ConversationId
from hub.domain.instant import EPOCH

LIFETIME = timedelta(days=5 * 365)
_TOKEN = re.compile(r"\bf1\.([a-z2-7]{26})\.([0-9a-z]{1,5})\.([a-z2-7]{10})\.([a-z2-7]{16})(?=@|\b)", re.IGNORECASE)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
        if not number:
            return digits


def _seal(secret: bytes, *parts: str) -> str:
    digest = hmac.new(secret, ".".join(parts).encode("ascii"), hashlib.sha256).digest()
    return base64.b32encode(digest[:10]).decode("ascii").lower()


def make_message_id(secret: bytes, conversation: ConversationId, domain: str, *, now: datetime, nonce: bytes) -> str:
    """A Message-ID of ours without angle brackets, at most 72 characters and the domain. `nonce`: at least 6 bytes,
    random, or a hash of what caused the message where it must come out the same again."""
    spelt = base64.b32encode(hashlib.sha256(nonce).digest()[:10]).decode("ascii").lower()[:10]
    expiry = _base36((now + LIFETIME - EPOCH).days)
    body = conversation.partition("_")[2]
    return f"f1.{body}.{expiry}.{spelt}.{_seal(secret, body, expiry, spelt)}@{domain}"


def read_tokens(secret: bytes, text: str, *, now: datetime) -> list[ConversationId]:
    """The conversations named by valid, unexpired tokens in the text (a Message-ID, an address, a body), in order."""
    found: list[ConversationId] = []
    for match in _TOKEN.finditer(text):
        body, expiry, nonce, seal = (part.lower() for part in match.groups())
        genuine = hmac.compare_digest(seal, _seal(secret, body, expiry, nonce))
        if genuine and (now - EPOCH).days <= int(expiry, 36):
            conversation = ConversationId(f"v_{body}")
            if conversation not in found:
                found.append(conversation)
    return found
