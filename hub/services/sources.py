"""The message as it came, and what is cut out of it: in the parse worker, never in the hub's own process."""

from hub.domain.arrival import ArrivalRecord
from hub.domain.errors import NotFound
from hub.domain.interaction import Interaction
from hub.domain.views import FileData
from hub.ports.connector import Accounts
from hub.ports.kinds import ARRIVALS
from hub.ports.parser import ParseWorker
from hub.ports.store import Store

RAW_FORMS = {
    "email": ("message/rfc822", "eml"),
    "xmpp": ("application/xml", "xml"),
    "shop": ("text/plain; charset=utf-8", "txt"),
}


class Sources:
    """Reads what arrived. Raises NotFound where an entry was written here, or its source was deleted."""

    def __init__(self, store: Store, accounts: Accounts, worker: ParseWorker) -> None:
        self._arrivals = store.documents(ARRIVALS)
        self._blobs = store.blobs
        self._accounts, self._worker = accounts, worker

    async def raw(self, entry: Interaction) -> FileData:
        """As it came."""
        _, raw = await self._load(entry)
        type, ending = RAW_FORMS.get(entry.channel, ("application/octet-stream", "bin"))
        return FileData(name=f"{entry.id}.{ending}", type=type, data=raw)

    async def attachment(self, entry: Interaction, index: int) -> FileData:
        """One file of it."""
        for file in entry.attachments:
            if file.index == index:
                break
        else:
            raise NotFound("There is no such attachment.")
        if entry.arrival_id:
            kind, raw = await self._load(entry)
            data = await self._worker.extract(kind, raw, index)
        else:
            data = await self._blobs.get(file.sha256)
        return FileData(name=file.name, type=file.type, data=data)

    async def html(self, entry: Interaction) -> str | None:
        """The sanitised body, None where there is none."""
        if not entry.has_html or not entry.arrival_id:
            return None
        kind, raw = await self._load(entry)
        return await self._worker.render_html(kind, raw)

    async def _load(self, entry: Interaction) -> tuple[str, bytes]:
        """The channel kind whose parser reads it, and the bytes."""
        record = await self._arrivals.get(entry.arrival_id) if entry.arrival_id else None
        if record is None:
            raise NotFound("This entry was written here; there is no message as it came.")
        raw = await self._read(record)
        if not raw:
            raise NotFound("The message was deleted on request.")
        account = self._accounts.get(record.account)
        # A channel that is not configured any more: its address form names the kind in every case that we ship.
        return (account.kind if account else entry.channel), raw

    async def _read(self, record: ArrivalRecord) -> bytes:
        if record.raw is not None:
            return record.raw
        return await self._blobs.get(record.blob) if record.blob else b""
