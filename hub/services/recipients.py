"""Who gets an answer: computed from the message being answered and nothing else, with the difference to its own
recipients shown. Nobody is added silently, nobody dropped. Pure."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from hub.domain.address import Address
from hub.domain.interaction import Direction, Interaction
from hub.domain.message import Participant, ParticipantRole
from hub.ports.connector import Account

MAX_RECIPIENTS = 50

_PREFIX = re.compile(
    # re, aw (de), antw (nl), sv (sv, da, no), vs (fi), odp (pl), rif/r (it), res (pt), ref/rép (fr), atb (cy),
    # ynt/yan (tr), vá (hu), απ (el), 回复/答复 (zh), 返信 (ja)
    r"^\s*(?:re|aw|antw|antwort|sv|vs|odp|rif|r|res|ref|rép|atb|ynt|yan|vá|απ|回复|回覆|答复|返信)"
    r"\s*(?:\[\d+\]|\(\d+\)|\^\d+)?\s*[:：]\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressing:
    """To and Cc of an answer. `added` get the answer though they did not have the message; `dropped` had the message
    (or wrote it) and do not get the answer; we ourselves count for neither."""

    to: tuple[Participant, ...]
    cc: tuple[Participant, ...] = ()
    added: tuple[Address, ...] = ()
    dropped: tuple[Address, ...] = ()


def is_own(address: Address, accounts: Iterable[Account]) -> bool:
    """Whether the address is one of ours: an account's pattern (`info@example.org`, `*@example.org`) fits it."""
    return any(
        account.channel == address.channel and fnmatchcase(address.normal, pattern.lower())
        for account in accounts
        for pattern in (*account.own_addresses, account.sender_address)
        if pattern
    )


def address_answer(answered: Interaction, own: Callable[[Address], bool]) -> Addressing:
    """RFC 5322 §3.6.3: To is Reply-To, else From; everybody else of To and Cc is kept in Cc. A message of our own is
    followed up to whom it went to."""
    seen: set[Address] = set()

    def unseen(people: Iterable[Participant], role: ParticipantRole) -> tuple[Participant, ...]:
        kept = []
        for person in people:
            if person.address not in seen and not own(person.address):
                seen.add(person.address)
                kept.append(replace(person, role=role))
        return tuple(kept)

    by_role = {
        role: [person for person in answered.recipients if person.role is role]
        for role in (ParticipantRole.TO, ParticipantRole.CC)
    }
    if answered.direction is Direction.OUTBOUND:
        to = unseen(by_role[ParticipantRole.TO], ParticipantRole.TO)
        cc = unseen(by_role[ParticipantRole.CC], ParticipantRole.CC)
    else:
        author = answered.reply_to or answered.sender
        to = unseen([author] if author else [], ParticipantRole.TO)
        others = (*by_role[ParticipantRole.TO], *by_role[ParticipantRole.CC])
        cc = unseen(others, ParticipantRole.CC)
    cc = cc[: max(0, MAX_RECIPIENTS - len(to))]
    return _compared(answered, to[:MAX_RECIPIENTS], cc, own)


def _compared(
    answered: Interaction, to: tuple[Participant, ...], cc: tuple[Participant, ...], own: Callable[[Address], bool]
) -> Addressing:
    before = [person.address for person in (*([answered.sender] if answered.sender else []), *answered.recipients)]
    after = [person.address for person in (*to, *cc)]
    return Addressing(
        to=to,
        cc=cc,
        added=tuple(address for address in after if address not in before),
        dropped=tuple(dict.fromkeys(a for a in before if a not in after and not own(a))),
    )


def answer_subject(subject: str, language: str) -> str:
    """The subject of the message answered under one prefix: "AW: " in German, "Re: " otherwise. A forward's own prefix
    ("WG:", "Fwd:") belongs to the subject and stays."""
    rest = " ".join(subject.split())
    while (match := _PREFIX.match(rest)) is not None:
        rest = rest[match.end() :]
    prefix = "AW: " if language.startswith("de") else "Re: "
    return (prefix + rest).strip()
