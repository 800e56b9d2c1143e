"""A payment is told to the colleagues who want to hear of payments, and may see the account."""

from hub.domain.contact import Contact
from hub.domain.ledger import LedgerEntry
from hub.domain.people import Actor, Right, User
from hub.services.alerts import Alerts
from hub.services.ledger.statement import tell_amount
from hub.services.rows import Rows
from hub.services.staff import Staff
from hub.services.wording import one_line, say


class PaymentNews:
    """To be given to `Accounts` as its `news`."""

    def __init__(self, *, staff: Staff, alerts: Alerts, rows: Rows) -> None:
        self._staff, self._alerts, self._rows = staff, alerts, rows

    async def tell(self, actor: Actor, entry: LedgerEntry, contact: Contact) -> int:
        """Once for each entry; not to whoever booked it. Returns how many items were accepted. Raises
        StoreUnavailable: then the booking is repeated under its key, which books nothing twice."""
        told = [user.id for user in self._staff.all() if user.id != actor.id and self._may_hear(user, contact)]

        def text(language: str) -> str:
            amount = tell_amount(abs(entry.amount), entry.currency, language)
            return say(language, "payment-in", name=one_line(contact.name), amount=amount)

        return await self._alerts.tell("payment", told, text, key=f"payment:{entry.id}")

    def _may_hear(self, user: User, contact: Contact) -> bool:
        listener = self._staff.actor(user, via="system")
        return user.active and Right.READ_ACCOUNTS in listener.rights and self._rows.shows(listener, contact)
