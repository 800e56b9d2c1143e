"""Proving that a request is the shop's: a keyed hash over the raw bytes, compared in constant time. Several secrets may
count at once, so that one can be changed without losing an event."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

from connectors.shop.payload import Payload, read_json
from connectors.shop.settings import GenericSignature, ShopSettings
from hub.domain.errors import Refused, StoreUnavailable, Unreadable
from hub.ports.connector import HttpRequest

HEADERS = {
    "shopify": "x-shopify-hmac-sha256",
    "woocommerce": "x-wc-webhook-signature",
    "shopware": "shopware-shop-signature",
    "stripe": "stripe-signature",
}
TOLERANCE = {"stripe": 300, "shopware": 21_600, "generic": 300}
"""Seconds that a signed time may be away from ours. Stripe signs each attempt anew; Shopware repeats an event for four
hours under its first time."""
MAX_SIGNATURES = 10


def check_signature(settings: ShopSettings, request: HttpRequest, now: datetime) -> None:
    """Raises Refused where the signature is missing, wrong, or too old; StoreUnavailable where a secret cannot be read
    just now: the shop is to send again."""
    try:
        keys = [secret.reveal().encode() for secret in settings.secrets]
    except ValueError as error:
        raise StoreUnavailable(f"A secret of this shop cannot be read: {error}.") from error
    if not _is_signed(settings, request, keys):
        raise Refused("The shop's signature is missing or wrong: compare the secret on both sides.")
    _check_time(settings, request, now)


def _is_signed(settings: ShopSettings, request: HttpRequest, keys: Sequence[bytes]) -> bool:
    if settings.system == "generic":
        return _is_signed_generic(settings.signature, request, keys)
    given = request.header(HEADERS[settings.system])[:4_000]
    if settings.system == "stripe":
        fields = [part.strip().partition("=") for part in given.split(",")]
        moment = next((value for name, _, value in fields if name == "t"), "")
        claimed = [_unhex(value) for name, _, value in fields if name == "v1"][:MAX_SIGNATURES]
        return _any_match(keys, _bytes(moment) + b"." + request.body, claimed)
    decode = _unhex if settings.system == "shopware" else _unbase64
    return _any_match(keys, request.body, [decode(given)])


def _is_signed_generic(rule: GenericSignature, request: HttpRequest, keys: Sequence[bytes]) -> bool:
    given = request.header(rule.header.lower())[:4_000]
    if not given.startswith(rule.prefix):
        return False
    decode = _unhex if rule.encoding == "hex" else _unbase64
    signed = request.body
    if rule.timestamp_header:
        signed = _bytes(request.header(rule.timestamp_header.lower())) + b"." + request.body
    return _any_match(keys, signed, [decode(given.removeprefix(rule.prefix))], rule.algorithm)


def _bytes(text: str) -> bytes:
    """A header's value as it came: the server reads what is no UTF-8 as lone surrogates."""
    return text.encode("utf-8", "surrogateescape")


def _any_match(keys: Sequence[bytes], signed: bytes, claimed: Sequence[bytes], algorithm: str = "sha256") -> bool:
    """Every pair is compared, whichever fits: the time taken tells nothing."""
    found = False
    for key in keys:
        right = hmac.new(key, signed, getattr(hashlib, algorithm)).digest()
        for one in claimed:
            found |= hmac.compare_digest(right, one)
    return found


def _unhex(text: str) -> bytes:
    try:
        return bytes.fromhex(text.strip())
    except ValueError:
        return b""


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _check_time(settings: ShopSettings, request: HttpRequest, now: datetime) -> None:
    moment = _signed_time(settings, request)
    if moment is None:
        return
    tolerance = settings.tolerance_seconds or TOLERANCE[settings.system]
    if abs((now - moment).total_seconds()) > tolerance:
        raise Refused(
            f"The signed time is more than {tolerance} seconds away: is one of the clocks wrong, or is it a repetition?"
        )


def _signed_time(settings: ShopSettings, request: HttpRequest) -> datetime | None:
    """The time that the signature covers; None where the system signs none."""
    if settings.system == "stripe":
        given = request.header(HEADERS["stripe"])
        text = next((part.strip()[2:] for part in given.split(",") if part.strip().startswith("t=")), "")
        return _moment(text)
    if settings.system == "generic" and settings.signature.timestamp_header:
        return _moment(request.header(settings.signature.timestamp_header.lower()))
    if settings.system == "shopware":
        try:
            return Payload(read_json(request.body)).moment("timestamp")
        except Unreadable:
            return None
    return None


def _moment(text: str) -> datetime:
    moment = Payload(text.strip()).moment()
    if moment is None:
        raise Refused("The signature names no time that can be read.")
    return moment
