"""A language model that may propose what a colleague meant. Optional, off by default. It only ever proposes: what it
says is checked, and confirmed by the colleague, like everything else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A parsed command: `intent` is one of those offered, `slots` are pieces of the colleague's own words."""

    intent: str
    slots: Mapping[str, str] = field(default_factory=dict)


class Proposer(Protocol):
    """Asked only where the hub's own rules understood nothing."""

    async def propose(self, text: str, topics: Mapping[str, str]) -> Proposal | None:
        """`topics`: each intent with an example of it. None where it has no idea, fails, or takes too long. Never
        raises. Nothing but the sentence and the examples leaves the hub."""
