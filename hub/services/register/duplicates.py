"""Contacts that may be one, with reasons. Blocking first: only pairs that share a word of the name, a domain or a
telephone number are compared; then likeness. A proposal is all that comes of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from hub.domain.contact import Contact, Identity
from hub.domain.folding import fold
from hub.domain.freemail import FREE_MAIL
from hub.domain.merging import DuplicateProposal
from hub.domain.message import Strength
from hub.services.matching import alike

LEAST = 60
MOST_IN_BLOCK = 50
"""A block of more is a common word, which tells nothing."""
SHORTEST_WORD = 3
OTHER_COMPANY = 15
"""Off the score where both work somewhere, and not in the same place."""
WEIGHTS = {"same-name": 70, "similar-name": 45, "same-phone": 40, "same-address-name": 35, "same-organisation": 20,
           "same-domain": 15, "same-city": 10}  # fmt: skip


def find_duplicates(
    contacts: Sequence[Contact], identities: Mapping[str, Sequence[Identity]], about: str = ""
) -> list[DuplicateProposal]:
    """Best first. `about`: only pairs with this contact. Pure, and slow for many: to be run in a thread."""
    by_id = {contact.id: contact for contact in contacts if contact.merged_into is None}
    pairs: set[tuple[str, str]] = set()
    for block in _blocks(by_id.values(), identities):
        if len(block) <= MOST_IN_BLOCK:
            pairs.update(combinations(sorted(block), 2))
    found = []
    for first, second in pairs:
        if about and about not in (first, second):
            continue
        proposal = _compare(by_id[first], by_id[second], identities.get(first, ()), identities.get(second, ()))  # type: ignore[index]
        if proposal.score >= LEAST:
            found.append(proposal)
    return sorted(found, key=lambda one: (-one.score, one.first.sort_name, one.second.id))


def _blocks(contacts: Iterable[Contact], identities: Mapping[str, Sequence[Identity]]) -> Iterable[set[str]]:
    blocks: dict[str, set[str]] = defaultdict(set)
    for contact in contacts:
        for word in contact.sort_name.split():
            if len(word) >= SHORTEST_WORD:
                blocks[f"word {word}"].add(contact.id)
                blocks[f"start {word[:4]}"].add(contact.id)
        for identity in identities.get(contact.id, ()):
            if identity.address.channel == "phone":
                blocks[identity.address.key].add(contact.id)
            local, _, domain = identity.address.normal.partition("@")
            if domain:
                blocks[f"local {fold(local)}"].add(contact.id)
                if domain not in FREE_MAIL:
                    blocks[f"domain {domain}"].add(contact.id)
    return [block for block in blocks.values() if len(block) > 1]


def _compare(
    first: Contact, second: Contact, of_first: Sequence[Identity], of_second: Sequence[Identity]
) -> DuplicateProposal:
    reasons = []
    likeness = alike(first.sort_name, second.sort_name)
    if likeness == 100:
        reasons.append("same-name")
    elif likeness >= 82:
        reasons.append("similar-name")
    phones = [{it.address.normal for it in side if it.address.channel == "phone"} for side in (of_first, of_second)]
    locals_ = [{_local(it) for it in side} - {""} for side in (of_first, of_second)]
    domains = [{it.address.domain for it in side if it.address.domain not in FREE_MAIL} - {""}
               for side in (of_first, of_second)]  # fmt: skip
    if phones[0] & phones[1]:
        reasons.append("same-phone")
    if locals_[0] & locals_[1]:
        reasons.append("same-address-name")
    if first.organisation and fold(first.organisation) == fold(second.organisation):
        reasons.append("same-organisation")
    if domains[0] & domains[1]:
        reasons.append("same-domain")
    if first.city and fold(first.city) == fold(second.city):
        reasons.append("same-city")
    score = sum(WEIGHTS[reason] for reason in reasons)
    if {"same-name", "same-address-name"} <= set(reasons):
        # People of the same name have the same name in their addresses: that says little more.
        score -= WEIGHTS["same-address-name"] - 5
    if first.organisation and second.organisation and "same-organisation" not in reasons:
        score -= OTHER_COMPANY
    score = max(0, min(100, score))
    keeper, other = _order(first, second)
    return DuplicateProposal(
        first=keeper, second=other, score=score, reasons=tuple(reasons), blocked=_blocked(of_first, of_second)
    )


def _local(identity: Identity) -> str:
    local, at, _ = identity.address.normal.partition("@")
    folded = fold(local)
    return folded if at and len(folded) >= 5 and folded not in COMMON else ""


COMMON = frozenset({"info", "office", "mail", "kontakt", "contact", "buero", "post", "service", "sales", "verkauf"})


def _order(first: Contact, second: Contact) -> tuple[Contact, Contact]:
    """Who would survive: the one that a colleague has looked at, then the older one."""
    return (first, second) if _rank(first) <= _rank(second) else (second, first)


def _rank(contact: Contact) -> tuple[bool, object, str]:
    return contact.provisional, contact.created_at, contact.id


def _blocked(first: Sequence[Identity], second: Sequence[Identity]) -> str:
    """Two that are verified on the same kind of address, and differ there, are never merged without looking."""
    strong = [{(it.address.channel, it.address.normal) for it in side if it.strength is Strength.VERIFIED}
              for side in (first, second)]  # fmt: skip
    channels = {channel for channel, _ in strong[0]} & {channel for channel, _ in strong[1]}
    return "different-strong-addresses" if channels and not strong[0] & strong[1] else ""
