"""Where a contact went that was merged into another one. The merged one stays, as a sign to its survivor: ids that
somebody noted, and addresses that are bound to it, lead on."""

from hub.domain.contact import Contact
from hub.ports.store import Documents

MOST_HOPS = 10


async def find_survivor(contacts: Documents[Contact], contact_id: str) -> Contact | None:
    """The contact of this id, or whom it was merged into; None where there is none."""
    contact = await contacts.get(contact_id)
    for _ in range(MOST_HOPS):
        if contact is None or contact.merged_into is None:
            return contact
        contact = await contacts.get(contact.merged_into)
    return contact
