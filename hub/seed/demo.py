"""The demo company as a verb: for admins, audited, on the running hub."""

from collections.abc import AsyncIterator

from hub.domain.address import Address
from hub.domain.errors import Invalid
from hub.domain.message import Participant, ParticipantRole
from hub.domain.people import Actor, Right
from hub.ports.clock import Clock
from hub.ports.connector import Accounts
from hub.ports.search import Terms
from hub.ports.store import Store
from hub.seed.business import DemoBusiness
from hub.seed.plant import Planter, Progress
from hub.services.audit import Audit
from hub.services.users import Users

MAX_CONTACTS, MAX_INTERACTIONS = 10_000_000, 50_000_000


class DemoCompany:
    """Fills a store with invented people and letters."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        accounts: Accounts,
        audit: Audit,
        users: Users,
        terms: Terms,
        company: str,
        business: DemoBusiness,
    ) -> None:
        self._store, self._clock, self._accounts = store, clock, accounts
        self._audit, self._users, self._terms, self._company = audit, users, terms, company
        self._business = business

    async def plant(self, actor: Actor, contacts: int, interactions: int) -> AsyncIterator[Progress]:
        """Yields progress. Planting again finds everything there. Raises Invalid, Refused, StoreUnavailable."""
        self._audit.permit(actor, Right.RUN_CHANNELS, "demo.plant")
        if not (1 <= contacts <= MAX_CONTACTS and 0 <= interactions <= MAX_INTERACTIONS):
            raise Invalid(
                f"1 to {MAX_CONTACTS:,} contacts and up to {MAX_INTERACTIONS:,} interactions.", field="contacts"
            )
        await self._audit.record(actor, "demo.plant", detail=f"{contacts} contacts, {interactions} interactions")
        async for progress in self._planter().plant(contacts, interactions):
            yield progress
        await self._users.load()
        await self._business.plant(actor)

    def _planter(self) -> Planter:
        mail = next((a for a in self._accounts.all() if a.channel == "email"), None)
        chat = next((a for a in self._accounts.all() if a.channel == "xmpp"), None)
        written = (mail.sender_address if mail else "") or "info@company.example"
        own = Participant(
            address=Address(channel="email", normal=written.lower(), display=written),
            name=self._company,
            role=ParticipantRole.TO,
        )
        return Planter(
            store=self._store,
            terms=self._terms,
            now=self._clock.now(),
            account=mail.name if mail else "mail",
            chat_account=chat.name if chat else "chat",
            own=own,
        )
