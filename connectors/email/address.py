"""Normal form of mail addresses: lower case, domain in Unicode (IDNA), dots and plus tags kept.

The form is lenient, because it meets what real mail carries: doubled dots before the `@`, host names without a dot,
underscores in domains. Plain ASCII addresses are decided here; only what is internationalised loads email-validator.
"""

import re
from functools import lru_cache

from hub.domain.address import Address
from hub.domain.errors import Invalid

_MAX_LENGTH = 320
"""RFC 5321 §4.5.3.1: 64 for the local part, 255 for the domain, and the @ between them."""
_PLAIN = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_QUOTED = re.compile(r'("(?:[ !#-\[\]-~]|\\[ -~]){0,62}")@(.+)')
_LITERAL = re.compile(r"[^\s@]{1,64}@\[(?:[0-9.]{7,15}|ipv6:[0-9a-f:.]{2,45})\]")
_ATOM = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]+")


def _bare(text: str) -> str:
    """What was meant, without the wrapping in which people paste it: `<a@b>`, `mailto:a@b`."""
    bare = text.strip()
    if bare.startswith("<") and bare.endswith(">"):
        bare = bare[1:-1].strip()
    if bare[:7].lower() == "mailto:":
        bare = bare[7:].partition("?")[0]
    return bare.removesuffix(".") if "@" in bare else bare


def _invalid(text: str) -> Invalid:
    shown = "".join(c for c in text[:60] if c.isprintable())
    return Invalid(f"“{shown}” is not a mail address: write it as name@example.org.", address=shown)


def _international(text: str) -> str:
    """The normal form of an address with characters beyond ASCII, or with an encoded (xn--) domain."""
    from email_validator import EmailNotValidError, validate_email

    try:
        # The domain may be an intranet's, and whether it accepts mail is not for a normal form to ask.
        checked = validate_email(text, check_deliverability=False, globally_deliverable=False, allow_quoted_local=True)
    except (EmailNotValidError, ValueError, IndexError) as error:
        raise _invalid(text) from error
    return checked.normalized.lower()


def _unquoted(lowered: str) -> str:
    """RFC 5321 §4.1.2: quotes that the local part does not need do not make another address."""
    match = _QUOTED.fullmatch(lowered)
    if match is None:
        return lowered
    inner = re.sub(r"\\(.)", r"\1", match[1][1:-1])
    return f"{inner}@{match[2]}" if _ATOM.fullmatch(inner) else lowered


@lru_cache(maxsize=4096)
def _normal(text: str) -> str:
    bare = _bare(text)
    if not 3 <= len(bare) <= _MAX_LENGTH:
        raise _invalid(text)
    lowered = _unquoted(bare.lower())
    if lowered.isascii() and "xn--" not in lowered:
        if _PLAIN.fullmatch(lowered) or _LITERAL.fullmatch(lowered):
            return lowered
        quoted = _QUOTED.fullmatch(lowered)
        if quoted and _PLAIN.fullmatch("a@" + quoted[2]):
            return lowered
        raise _invalid(text)
    try:
        normal = _international(lowered)
    except Invalid:
        # A label that only looks encoded (xn--) is still a name that mail can come from.
        if _PLAIN.fullmatch(lowered):
            return lowered
        raise
    if len(normal) > _MAX_LENGTH:
        raise _invalid(text)
    return normal


class EmailForm:
    """The address form "email"."""

    @property
    def name(self) -> str:
        return "email"

    def normalise(self, text: str) -> Address:
        """`"P.Mueller+Shop@Example.ORG"` gives `p.mueller+shop@example.org`. `text` is one address, bare or in angle
        brackets. Raises Invalid."""
        normal = _normal(text[: _MAX_LENGTH + 100])
        bare = _bare(text)
        return Address(channel="email", normal=normal, display=bare if bare != normal else "")


EMAIL_FORM = EmailForm()


def wire_form(normal: str) -> str:
    """The address as SMTP and headers carry it: the domain in ASCII (RFC 5891 A-labels). Only a local part beyond
    ASCII still needs SMTPUTF8 (RFC 6531)."""
    local, _, domain = normal.rpartition("@")
    if domain.isascii():
        return normal
    import idna

    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError as error:
        raise _invalid(normal) from error
