"""Arrivals: the immutable record of what came, and how far it got."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.domain.ids import ArrivalId, InteractionId, derived_id
from hub.domain.message import Envelope


class ArrivalState(StrEnum):
    """NEW waits for intake; the other three are final until a replay. seen = their sum, for each account."""

    NEW = "new"
    DONE = "done"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What a connector hands to `Inlet.accept`."""

    account: str
    """The configured channel's name."""
    native_id: str
    """Unique within the account; see the intake chapter of docs/architecture.md for each channel's."""
    raw: bytes
    envelope: Envelope
    received_at: datetime
    """The time at our edge: SMTP receipt, INTERNALDATE, stanza delay."""
    sender_hint: str = ""
    """Who seems to have sent it (envelope sender, bare JID): arrivals of one hint and account run in order."""
    history: bool = False
    """Back-fill of an old mailbox: recorded, never answered automatically, nobody is told."""
    invite: str = ""
    """The one-time code of an invitation that the sender presents with it; never kept."""

    @property
    def id(self) -> ArrivalId:
        """Deterministic: the same message from the same source is the same arrival."""
        return ArrivalId(derived_id("a", self.account, self.native_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalRecord:
    """The durable arrival. `raw` is inline up to 64 KiB, else `blob` names the blob (SHA-256)."""

    id: ArrivalId
    version: int = 0
    account: str
    native_id: str
    envelope: Envelope
    received_at: datetime
    sender_hint: str = ""
    history: bool = False
    raw: bytes | None
    blob: str = ""
    size: int
    state: ArrivalState = ArrivalState.NEW
    tries: int = 0
    """How often a parse worker took it and did not come back; three quarantine it."""
    reason: str = ""
    """Why it is quarantined, or what makes it a duplicate."""
    result: InteractionId | None = None
    """The entry it became, or whose duplicate it is; None for a bot turn, a status update or what is not recorded."""
    stage: str = ""
    """Where it was quarantined: keep, parse, route, record."""
