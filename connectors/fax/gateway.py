"""What the three gateways have in common, as the fax connector sees them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from connectors.fax.rendering import Sheets
from hub.ports.connector import HttpAnswer, HttpRequest, Inlet, ProbeStep, Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Fax:
    """What is to go out. `message_id` is ours, by which later news finds it."""

    number: str
    """E.164."""
    message_id: str
    sheets: Sheets


class Gateway(Protocol):
    """One way to a fax machine. As Connector; `run` calls `up` once it may be sent through it."""

    async def run(self, inlet: Inlet, up: Callable[[str], None]) -> None: ...

    async def send(self, fax: Fax) -> Receipt: ...

    async def probe(self) -> list[ProbeStep]: ...

    async def answer(self, request: HttpRequest, inlet: Inlet) -> HttpAnswer: ...


NO_ADDRESS = HttpAnswer(status=404, body=b"There is nothing here.")
