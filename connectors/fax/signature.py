"""Signatures of Telnyx's webhooks: Ed25519 (RFC 8032) over `timestamp|body`."""

import base64
import binascii
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.domain.errors import Refused

WINDOW = timedelta(minutes=5)
"""How old a request may be, and how much their clock may be ahead of ours."""


def check_signature(public_key: str, timestamp: str, signature: str, body: bytes, *, now: datetime) -> None:
    """Raises Refused where it is missing, wrong, or too old."""
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        raise Refused("The request has no time of signature.")
    if abs(now.timestamp() - int(timestamp)) > WINDOW.total_seconds():
        raise Refused("The request is too old, or one of the clocks is wrong.")
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key))
        key.verify(base64.b64decode(signature, validate=True), timestamp.encode("ascii") + b"|" + body)
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise Refused("The signature is missing or wrong.") from error
