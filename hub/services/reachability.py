"""Who has blocked us on a channel: not written to until they let us in again; whoever is in charge is told."""

from hub.domain.address import Address
from hub.domain.contact import Contact
from hub.domain.facts import Reach
from hub.domain.ids import UserId
from hub.domain.interaction import Interaction
from hub.domain.message import Message
from hub.ports.kinds import CONTACTS, CONVERSATIONS
from hub.ports.store import Store
from hub.services.alerts import Alerts
from hub.services.merged import find_survivor
from hub.services.suppressions import Suppressions
from hub.services.wording import one_line, say

BLOCKED = "blocked"


class Reachability:
    """Implements Facts for `Message.reach`."""

    def __init__(self, *, store: Store, suppressions: Suppressions, alerts: Alerts) -> None:
        self._contacts, self._conversations = store.documents(CONTACTS), store.documents(CONVERSATIONS)
        self._suppressions, self._alerts = suppressions, alerts

    async def settle(self, entry: Interaction, message: Message) -> None:
        """See Facts. Told before the list is changed where the list tells whether there is news, so that a repetition
        tells it under the same id."""
        if message.reach is None or message.sender is None:
            return
        address = message.sender.address
        if message.reach is Reach.BLOCKED:
            await self._suppressions.add(address, BLOCKED)
            await self._tell(entry, "contact-blocked", address)
        elif await self._suppressions.find(address) is not None:
            await self._tell(entry, "contact-back", address)
            await self._suppressions.lift(address)

    async def _tell(self, entry: Interaction, story: str, address: Address) -> None:
        contact = await find_survivor(self._contacts, entry.contact_id)
        if contact is None:
            return
        name = one_line(contact.name, 60)
        users = await self._in_charge(contact, address)
        await self._alerts.tell_all(users, lambda language: say(language, story, name=name), f"{story}|{entry.id}")

    async def _in_charge(self, contact: Contact, address: Address) -> list[UserId]:
        """The contact's owner, and whoever has its conversation on this channel."""
        users = [contact.owner] if contact.owner is not None else []
        for member in (contact.id, *contact.members):
            page = await self._conversations.page("by_contact", member, limit=20, newest_first=True)
            users += [one.owner_user for one in page.items if one.owner_user and one.peer == address]
        return users
