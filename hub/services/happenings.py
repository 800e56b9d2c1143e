"""Who acts on what messages tell of beside their words: facts that are kept (calls, bookings), and signals of the
moment (it rings, somebody is writing). Those who act are named by the composition root."""

from collections.abc import Awaitable, Callable

from hub.domain.interaction import Interaction
from hub.domain.message import Message
from hub.domain.signal import Signal
from hub.ports.facts import Facts


class Happenings:
    """Implements Facts; `signal` is what inlets call."""

    def __init__(self) -> None:
        self._facts: list[Facts] = []
        self._listeners: list[Callable[[str, Signal], Awaitable[None]]] = []

    def act(self, facts: Facts) -> None:
        """Let it act on facts too."""
        self._facts.append(facts)

    def listen(self, listener: Callable[[str, Signal], Awaitable[None]]) -> None:
        """Tell it (account, signal) too."""
        self._listeners.append(listener)

    async def settle(self, entry: Interaction, message: Message) -> None:
        """See Facts."""
        for one in self._facts:
            await one.settle(entry, message)

    async def signal(self, account: str, signal: Signal) -> None:
        """Tell everyone who listens. Raises what they raise."""
        for listener in self._listeners:
            await listener(account, signal)
