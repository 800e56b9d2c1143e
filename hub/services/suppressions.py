"""The suppression list: addresses that are not to be written to."""

import structlog

from hub.domain.address import Address
from hub.domain.contact import identity_id
from hub.domain.upkeep import Suppression
from hub.ports.clock import Clock
from hub.ports.kinds import SUPPRESSIONS
from hub.ports.store import Store

log = structlog.get_logger()
HARD_BOUNCE = "hard-bounce"


class Suppressions:
    """Asked when an item is submitted, and again when it is claimed."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._list = store.documents(SUPPRESSIONS)
        self._clock = clock

    async def find(self, address: Address) -> Suppression | None:
        """Why the address is not to be written to, or None."""
        return await self._list.get(identity_id(address))

    async def find_all(self, addresses: list[Address]) -> dict[Address, Suppression]:
        """Those of the addresses that are on the list, in one round trip. At most 1,000 addresses."""
        by_id = {identity_id(address): address for address in addresses}
        found = await self._list.get_many(list(by_id))
        return {by_id[key]: entry for key, entry in found.items()}

    async def add(self, address: Address, reason: str, detail: str = "") -> None:
        """Put the address on the list; the first reason stays."""
        entry = Suppression(
            id=identity_id(address),
            address_key=address.key,
            reason=reason,
            since=self._clock.now(),
            detail=detail[:500],
        )
        await self._list.insert(entry)
        log.info("address_suppressed", address_id=entry.id, reason=reason)

    async def lift(self, address: Address) -> bool:
        """Take the address off the list; True where it stood there."""
        return await self._list.delete(identity_id(address))
