"""What acts on the facts that a recorded message tells of: calls, bookings."""

from typing import Protocol

from hub.domain.interaction import Interaction
from hub.domain.message import Message


class Facts(Protocol):
    """Called by intake after the entry is recorded and before its arrival is marked done, for messages with `call`,
    `bookings` or `reach`: a crash in between repeats it, so every write has a deterministic id."""

    async def settle(self, entry: Interaction, message: Message) -> None:
        """Raises StoreUnavailable: then intake repeats it. Other failures are logged and do not undo the entry."""
