"""The quarantine: what could not be read, routed or recorded, with its bytes, its reason, and another try."""

from typing import Protocol

from hub.domain.arrival import ArrivalRecord, ArrivalState
from hub.domain.errors import NotFound
from hub.domain.ids import ArrivalId
from hub.domain.people import Actor, Right
from hub.domain.views import FileData, QuarantineLine
from hub.ports.kinds import ARRIVALS
from hub.ports.store import Page, Store
from hub.services.audit import Audit


class Replays(Protocol):
    """What the quarantine needs of intake."""

    async def replay(self, arrival_id: ArrivalId) -> ArrivalRecord:
        """Try it again, now. Raises NotFound, Conflict, StoreUnavailable."""


class Quarantine:
    """Implements QuarantineVerbs."""

    def __init__(self, *, store: Store, audit: Audit, intake: Replays) -> None:
        self._arrivals, self._blobs = store.documents(ARRIVALS), store.blobs
        self._audit, self._intake = audit, intake

    async def page(self, actor: Actor, after: str | None = None, limit: int = 50) -> Page[QuarantineLine]:
        """Newest first."""
        self._audit.permit(actor, Right.RUN_QUARANTINE, "quarantine.page")
        found = await self._arrivals.page(
            "by_state", ArrivalState.QUARANTINED, after=after, limit=limit, newest_first=True
        )
        return Page([_line(record) for record in found.items], found.next)

    async def raw(self, actor: Actor, arrival_id: str) -> FileData:
        """The bytes as they came. Raises NotFound."""
        self._audit.permit(actor, Right.RUN_QUARANTINE, "quarantine.raw", arrival_id)
        record = await self._arrivals.get(arrival_id)
        if record is None or record.state is not ArrivalState.QUARANTINED:
            raise NotFound("Nothing of that id lies in quarantine.", arrival=arrival_id[:60])
        raw = record.raw if record.raw is not None else await self._blobs.get(record.blob)
        await self._audit.record(actor, "quarantine.raw", arrival_id)
        return FileData(name=f"{arrival_id}.txt", type="text/plain", data=raw)

    async def replay(self, actor: Actor, arrival_id: str) -> str:
        """Try again; the new state. Raises NotFound, Conflict."""
        self._audit.permit(actor, Right.RUN_QUARANTINE, "quarantine.replay", arrival_id)
        record = await self._intake.replay(ArrivalId(arrival_id))
        await self._audit.record(actor, "quarantine.replay", arrival_id, detail=record.state.value)
        return record.state.value


def _line(record: ArrivalRecord) -> QuarantineLine:
    return QuarantineLine(
        id=record.id,
        account=record.account,
        received_at=record.received_at,
        sender=record.envelope.sender,
        recipients=record.envelope.recipients,
        size=record.size,
        stage=record.stage,
        reason=record.reason,
    )
