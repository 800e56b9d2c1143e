"""Filing: an entry goes to the contact that holds the equal address; an unknown address makes a provisional contact,
whose id is derived from the address, so that two first messages make one."""

from datetime import datetime

from hub.domain.address import Address
from hub.domain.contact import Contact, Identity, identity_id, provisional_contact_id
from hub.domain.folding import fold
from hub.domain.ids import ArrivalId, ContactId
from hub.domain.message import Participant, Strength

LONGEST_NAME = 200


def claim_of(arrival: ArrivalId) -> str:
    """What `Identity.source` says of an address that was learned from this arrival."""
    return f"arrival:{arrival}"


def claim_address(address: Address, *, arrival: ArrivalId, strength: Strength, at: datetime) -> Identity:
    """The claim of an unknown address for its provisional contact."""
    return Identity(
        id=identity_id(address),
        contact_id=provisional_contact_id(address),
        address=address,
        strength=strength,
        source=claim_of(arrival),
        since=at,
    )


def provisional_contact(contact_id: ContactId, person: Participant, at: datetime) -> Contact:
    """The contact that an unknown sender makes; a colleague has not looked yet."""
    name = " ".join(person.name.split())[:LONGEST_NAME] or person.address.display or person.address.normal
    return Contact(
        id=contact_id, name=name[:LONGEST_NAME], sort_name=fold(name) or name, provisional=True, created_at=at
    )
