"""The staff door as intake sees it while the hub is being built."""

from hub.domain.address import Address
from hub.domain.arrival import Arrival
from hub.domain.ids import ArrivalId
from hub.domain.people import Actor
from hub.ports.bot import BotReply, StaffDoor


class LateDoor:
    """The staff door as intake sees it. The bot stands behind the verbs, and the verbs behind intake (replay), so that
    the real door can be hung only after both."""

    real: StaffDoor

    async def take(self, arrival: Arrival) -> bool:
        return await self.real.take(arrival)

    async def refuse(self, account: str, address: Address, arrival_id: ArrivalId) -> None:
        await self.real.refuse(account, address, arrival_id)

    async def ask(self, actor: Actor, text: str) -> BotReply:
        return await self.real.ask(actor, text)
