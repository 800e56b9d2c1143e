"""Who gets an answer: computed from the message being answered and nothing else, with the difference to its own
recipients shown. Nobody is added silently, nobody dropped. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from hub.domain.address import Address
from hub.domain.interaction import Direction, Interaction
from hub.domain.message import Participant, ParticipantRole
from hub.domain.subject import read_subject

MAX_RECIPIENTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressing:
    """To and Cc of an answer. `added` get the answer though they did not have the message; `dropped` had the message
    (or wrote it) and do not get the answer; we ourselves count for neither."""

    to: tuple[Participant, ...]
    cc: tuple[Participant, ...] = ()
    added: tuple[Address, ...] = ()
    dropped: tuple[Address, ...] = ()


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
    """The subject of the message answered under a single prefix: "AW: " in German, "Re: " otherwise (RFC 5322 §3.6.5).
    A conversation number that stood in it stays."""
    line = read_subject(subject)
    number = f"[#{line.number}] " if line.number else ""
    prefix = "AW: " if language.startswith("de") else "Re: "
    return f"{prefix}{number}{line.bare}".strip()
