"""Things of the moment that are told but not kept."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.domain.address import Address


class SignalKind(StrEnum):
    """What happens."""

    RINGING = "ringing"
    MISSED = "missed"
    """A call of a hidden number ended that nobody took: it is on no timeline."""
    COMPOSING = "composing"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Something that happens now. `line`: our side of it, as the channel names it (extension, own number)."""

    kind: SignalKind
    address: Address | None
    """Whose; None for a caller who hides the number."""
    at: datetime
    line: str = ""
    native_id: str = ""
    """The channel's name of the call: it is told once."""
