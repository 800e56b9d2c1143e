"""Which contact may be meant by what somebody typed: scores from 0 to 100, and the entry by which names are found.

100 is equality (id, address, the whole name); 90 means that every word typed stands in the name or the organisation;
below that it is likeness, for typing errors.
"""

from collections.abc import Iterable

from hub.domain.address import Address
from hub.domain.contact import Contact
from hub.domain.folding import fold
from hub.ports.search import NameEntry

EQUAL = 100
EVERY_WORD = 90


def likeness(text: str, contact: Contact) -> int:
    """How well the contact's name and organisation fit the text."""
    # Loaded on first use: the daemon starts and idles without it.
    from rapidfuzz import fuzz

    wanted, name, organisation = fold(text), fold(contact.name), fold(contact.organisation)
    if wanted == name:
        return EQUAL
    whole = f"{name} {organisation}".strip()
    words = set(whole.split())
    # "Müllers Saldo" is Müller's: a possessive s is none of the name.
    if wanted and all(word in words or word.removesuffix("s") in words for word in wanted.split()):
        return EVERY_WORD
    alike = max(fuzz.WRatio(wanted, name), fuzz.WRatio(wanted, whole))
    return min(EVERY_WORD - 1, round(alike * 0.85))


def alike(first: str, second: str) -> float:
    """How alike two folded names are, whichever way round their words stand: 0 to 100."""
    from rapidfuzz import fuzz

    return max(fuzz.ratio(first, second), fuzz.token_sort_ratio(first, second))


def name_entry(contact: Contact, addresses: Iterable[Address]) -> NameEntry:
    """By what the contact is found: name, organisation and addresses."""
    words = [contact.name, contact.organisation, *(address.normal for address in addresses)]
    return NameEntry(id=contact.id, text=" ".join(word for word in words if word))
