"""What could not be recorded: to be looked at, and to be tried again."""

from hub.domain.arrival import ArrivalRecord, ArrivalState
from hub.domain.errors import BlobMissing, Conflict, Invalid, NotFound
from hub.domain.ids import ArrivalId
from hub.domain.people import Actor, Right
from hub.domain.views import FileData, QuarantineLine
from hub.ports.kinds import ARRIVALS
from hub.ports.store import Page, Store
from hub.services.audit import Audit
from hub.services.intake import Intake

MAX_PAGE = 200
MAX_RECIPIENTS = 20


class Quarantine:
    """Implements QuarantineVerbs."""

    def __init__(self, *, store: Store, intake: Intake, audit: Audit) -> None:
        self._store, self._intake, self._audit = store, intake, audit
        self._arrivals = store.documents(ARRIVALS)

    async def page(self, actor: Actor, after: str | None = None, limit: int = 50) -> Page[QuarantineLine]:
        """Newest first."""
        self._audit.permit(actor, Right.RUN_QUARANTINE, "quarantine.page")
        if not 1 <= limit <= MAX_PAGE:
            raise Invalid(f"A page holds 1 to {MAX_PAGE} arrivals.", limit=limit)
        await self._audit.seen(actor, "quarantine.page", "")
        page = await self._arrivals.page(
            "by_state", ArrivalState.QUARANTINED, after=after, limit=limit, newest_first=True
        )
        return Page([_line(record) for record in page.items], page.next)

    async def raw(self, actor: Actor, arrival_id: str) -> FileData:
        """The bytes as they came. They are hostile until shown otherwise: to be downloaded, never rendered."""
        self._audit.permit(actor, Right.RUN_QUARANTINE, "quarantine.raw", arrival_id)
        record = await self._find(arrival_id)
        await self._audit.seen(actor, "quarantine.raw", arrival_id)
        data = record.raw
        if data is None:
            try:
                data = await self._store.blobs.get(record.blob)
            except BlobMissing as error:
                raise NotFound("The bytes of this arrival are gone.", arrival=arrival_id) from error
        return FileData(name=f"{record.id}.bin", type="application/octet-stream", data=data)

    async def replay(self, actor: Actor, arrival_id: str) -> str:
        """Try again; the new state: done, duplicate or quarantined. Raises NotFound, Conflict."""
        self._audit.permit(actor, Right.RUN_QUARANTINE, "quarantine.replay", arrival_id)
        record = await self._find(arrival_id)
        await self._audit.record(actor, "quarantine.replay", arrival_id, detail=f"was at {record.stage}")
        return (await self._intake.replay(ArrivalId(arrival_id))).state.value

    async def _find(self, arrival_id: str) -> ArrivalRecord:
        record = await self._arrivals.get(arrival_id)
        if record is None:
            raise NotFound("There is no such arrival in quarantine.", arrival=arrival_id)
        if record.state is not ArrivalState.QUARANTINED:
            raise Conflict("This arrival is not in quarantine any more.", arrival=arrival_id, state=record.state.value)
        return record


def _line(record: ArrivalRecord) -> QuarantineLine:
    return QuarantineLine(
        id=record.id,
        account=record.account,
        received_at=record.received_at,
        sender=record.envelope.sender or record.sender_hint,
        recipients=record.envelope.recipients[:MAX_RECIPIENTS],
        size=record.size,
        stage=record.stage,
        reason=record.reason,
    )
