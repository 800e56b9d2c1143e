"""What contacts are found by beside their names: everything that is written on their page, in one entry of the index
for each survivor, with its members. Who may find it is a part of the entry: the scope of its owner."""

import re
from collections.abc import Iterable, Sequence

from hub.domain.address import Address
from hub.domain.contact import Contact, ContactRole
from hub.domain.ids import ContactId
from hub.ports.search import SearchEntry, Terms
from hub.services.search.facets import contact_facet, kind_facet, owner_scopes

MAX_WORDS = 20_000
ROLE_WORDS = {
    ContactRole.CUSTOMER: "customer Kunde Kundin",
    ContactRole.SUPPLIER: "supplier Lieferant",
    ContactRole.WHOLESALER: "wholesaler Großhändler",
    ContactRole.PARTNER: "partner Partner",
    ContactRole.COLLEAGUE: "colleague Kollege Kollegin",
}
COUNTRY_DIGITS = (1, 2, 3)
"""How many digits a country's code has (ITU-T E.164)."""
_DIGITS = re.compile(r"\D+")
_NUMBER = re.compile(r"[+(]?\d[\d\s()/.-]{4,40}")


def contact_entry(
    contact: Contact, members: Sequence[Contact], addresses: Sequence[Address], terms: Terms
) -> SearchEntry:
    """The entry of a survivor; `addresses` are its own and its members'."""
    words = [*written_on(contact), *(word for member in members for word in (member.name, member.organisation))]
    words += [ROLE_WORDS[role] for role in contact.roles]
    words += [text for address in addresses for text in (address.normal, address.display)]
    numbers = [term for address in addresses for term in number_terms(address.normal)]
    facets = [contact_facet(id) for id in (contact.id, *contact.members)]
    return SearchEntry(
        id=contact.id,
        at=contact.created_at,
        scope=owner_scopes(contact.owner),
        facets=(kind_facet("contact"), *facets),
        terms=tuple(dict.fromkeys((*numbers, *terms("\n".join(words)[:MAX_WORDS])))),
    )


def written_on(contact: Contact) -> list[str]:
    """What stands on its page in its own words, the short before the long."""
    return [
        contact.name,
        contact.organisation,
        contact.department,
        contact.city,
        *contact.tags,
        *(f"{field.name}: {field.value}" for field in contact.custom),
        *(relation.kind for relation in contact.relations),
        *(consent.purpose for consent in contact.consents),
        contact.notes,
    ]


def text_of(contact: Contact, addresses: Iterable[Address]) -> str:
    """What a snippet is cut from; the name is its title."""
    facts = [contact.organisation] if contact.organisation != contact.name else []
    facts += [contact.department, contact.city, *(address.normal for address in addresses)]
    facts += [f"#{tag}" for tag in contact.tags]
    facts += [f"{field.name}: {field.value}" for field in contact.custom]
    facts += [*(consent.purpose for consent in contact.consents), " ".join(contact.notes.split())]
    return " · ".join(fact for fact in facts if fact)


def number_terms(normal: str) -> tuple[str, ...]:
    """A telephone number as people write it: with its country, and as it is dialled within it."""
    if not normal.startswith("+"):
        return ()
    digits = _DIGITS.sub("", normal)
    return (digits, *(f"0{digits[length:]}" for length in COUNTRY_DIGITS if len(digits) > length + 4))


def read_number(words: str) -> str:
    """The term that finds a telephone number, however it is spaced; '' where the words are none."""
    if not _NUMBER.fullmatch(words.strip()):
        return ""
    digits = _DIGITS.sub("", words.replace("(0)", ""))
    return digits.removeprefix("00") if len(digits) > 5 else ""


def survivors_of(contacts: Iterable[Contact]) -> list[ContactId]:
    """Where the merged ones lead."""
    return [contact.merged_into for contact in contacts if contact.merged_into is not None]
