"""What a bounce means: the class of an enhanced status code (RFC 3463)."""

import re
from enum import StrEnum

_STATUS = re.compile(r"^([245])\.(\d{1,3})\.(\d{1,3})$")
_NO_SUCH = re.compile(
    r"user unknown|unknown user|no such (?:user|mailbox|recipient)|does not exist|recipient address rejected: un", re.I
)
_CHALLENGE = re.compile(r"confirm (?:that )?you|challenge|verify your (?:address|identity)|boxbe|spamarrest", re.I)


class BounceClass(StrEnum):
    """HARD: there is no such address. SOFT: not now (full, too large, network). POLICY: refused by rules, reputation or
    content. CHALLENGE: a person must confirm something first."""

    HARD = "hard"
    SOFT = "soft"
    POLICY = "policy"
    CHALLENGE = "challenge"


def classify(status: str, diagnostic: str = "") -> BounceClass:
    """Only what names the address itself is HARD: everything else may be mended and suppresses nobody."""
    if _CHALLENGE.search(diagnostic):
        return BounceClass.CHALLENGE
    match = _STATUS.match(status.strip())
    if match is None or match[1] != "5":
        return BounceClass.SOFT
    subject, detail = int(match[2]), int(match[3])
    if subject == 7:  # RFC 3463 §3.8: security or policy
        return BounceClass.POLICY
    # §3.2, destination address only (X.1.7 and X.1.8 are the sender's); X.1.6 moved away, X.1.10 null MX (RFC 7505)
    if subject == 1 and detail in (1, 2, 3, 6, 10):
        return BounceClass.HARD
    if (subject, detail) == (2, 1):  # §3.3: mailbox disabled
        return BounceClass.HARD
    if detail == 0 and subject in (0, 1) and _NO_SUCH.search(diagnostic):
        return BounceClass.HARD
    return BounceClass.POLICY if subject in (0, 1, 5, 6) else BounceClass.SOFT


def is_hard(status: str, diagnostic: str = "") -> bool:
    """Whether the address is not to be written to any more."""
    return classify(status, diagnostic) is BounceClass.HARD
