"""Contacts and the addresses bound to them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.domain.address import Address
from hub.domain.ids import ContactId, UserId, derived_id
from hub.domain.message import Strength


class ContactKind(StrEnum):
    """A person or an organisation."""

    PERSON = "person"
    ORGANISATION = "organisation"


class ContactRole(StrEnum):
    """What somebody is to us; one contact may have several."""

    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    WHOLESALER = "wholesaler"
    PARTNER = "partner"
    COLLEAGUE = "colleague"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomField:
    """A field of the company's own making."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What another contact is to this one: "works-for", "partner-of", "refers", in the company's own words."""

    kind: str
    contact_id: ContactId


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the contact agreed to, when, and how we know."""

    purpose: str
    since: datetime
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Somebody we talk to. After a merge the survivor lists `members`; a timeline page is then a merge of theirs."""

    id: ContactId
    version: int = 0
    kind: ContactKind = ContactKind.PERSON
    name: str
    sort_name: str
    """Folded name for lists (`fold` of hub.domain.folding)."""
    organisation: str = ""
    city: str = ""
    roles: tuple[ContactRole, ...] = ()
    language: str = ""
    """"de", "en" or '' while unknown."""
    owner: UserId | None = None
    provisional: bool = False
    """Made by an unknown sender; a colleague has not looked yet."""
    members: tuple[ContactId, ...] = ()
    created_at: datetime
    notes: str = ""
    department: str = ""
    tags: tuple[str, ...] = ()
    custom: tuple[CustomField, ...] = ()
    preferred_channel: str = ""
    """An address form ("email", "xmpp"), where the contact would like to be written to."""
    relations: tuple[Relation, ...] = ()
    consents: tuple[Consent, ...] = ()
    merged_into: ContactId | None = None
    """Set while this contact is a member of another one: it only leads there."""
    automatic: bool = True
    """False: wants no automatic messages (opt-out)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An address bound to a contact: an assertion with provenance. Its id is the claim on the address."""

    id: str
    version: int = 0
    contact_id: ContactId
    address: Address
    strength: Strength = Strength.CLAIMED
    source: str
    """Where the binding came from: `arrival:a_...`, `user:u_...`, `import`, `seed`."""
    since: datetime


def identity_id(address: Address) -> str:
    """The claim document of an address: whoever inserts it first owns the address."""
    return derived_id("d", address.channel, address.normal)


def provisional_contact_id(address: Address) -> ContactId:
    """The contact that an unknown address makes: the same for two messages 30 ms apart."""
    return ContactId(derived_id("c", address.channel, address.normal))
