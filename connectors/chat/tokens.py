"""What a browser keeps to be known again: `web-ID.TIME.SIGNATURE`, an HMAC over account, visitor and time of issue."""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta

from connectors.chat.address import CHAT_FORM
from hub.domain.errors import Invalid

MAX_TOKEN = 200


def new_visitor() -> str:
    """Nobody can guess it, and it tells nothing."""
    return f"web-{secrets.token_hex(16)}"


def issue(key: bytes, account: str, visitor: str, now: datetime) -> str:
    """A token that was issued now."""
    stamp = f"{int(now.timestamp()):x}"
    return f"{visitor}.{stamp}.{_sign(key, account, visitor, stamp)}"


def redeem(key: bytes, account: str, token: str, now: datetime, *, days: int) -> str:
    """The visitor whose token this is; '' for a forged, foreign or old one. In constant time for the signature."""
    visitor, _, rest = token[:MAX_TOKEN].partition(".")
    stamp, _, signature = rest.partition(".")
    expected = _sign(key, account, visitor, stamp)
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        return ""
    try:
        issued = datetime.fromtimestamp(int(stamp, 16), UTC)
        CHAT_FORM.normalise(visitor)
    except (ValueError, OverflowError, OSError, Invalid):
        return ""
    return visitor if now - issued <= timedelta(days=days) else ""


def _sign(key: bytes, account: str, visitor: str, stamp: str) -> str:
    return hmac.new(key, f"{account}\n{visitor}\n{stamp}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()
