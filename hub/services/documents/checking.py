"""The virus check: one verdict for each content, whoever has it. While a scanner is configured nothing leaves, and
nothing is given out, that it has not seen; what it calls infected never is."""

import structlog

from hub.domain.document import ScanState, Verdict
from hub.domain.errors import BlobMissing, NotFound
from hub.domain.message import Attachment
from hub.ports.blobs import Blobs
from hub.ports.clock import Clock
from hub.ports.kinds import VERDICTS
from hub.ports.scanner import Finding, Scanner
from hub.ports.store import Store

log = structlog.get_logger()


class Checking:
    """`scanner` None: no check is configured, and everything is "unchecked"."""

    def __init__(self, store: Store, clock: Clock, scanner: Scanner | None = None) -> None:
        self._verdicts, self._clock, self._scanner = store.documents(VERDICTS), clock, scanner
        self._blobs: Blobs = store.blobs

    @property
    def active(self) -> bool:
        """Whether a scanner is configured."""
        return self._scanner is not None

    @property
    def first_state(self) -> ScanState:
        """Of a content that has just come."""
        return ScanState.PENDING if self.active else ScanState.UNCHECKED

    async def check(self, sha256: str, data: bytes) -> Finding:
        """The verdict, asking the scanner where there is none yet. Raises ScannerAway."""
        known = await self._verdicts.get(sha256)
        if known is not None and (known.state is ScanState.INFECTED or self._scanner is None):
            return Finding(state=known.state, detail=known.detail)
        if self._scanner is None:
            return Finding(state=ScanState.UNCHECKED)
        if known is not None:
            return Finding(state=known.state, detail=known.detail)
        found = await self._scanner.scan(data)
        await self._verdicts.insert(
            Verdict(id=sha256, state=found.state, detail=found.detail[:300], at=self._clock.now())
        )
        if found.state is ScanState.INFECTED:
            log.warning("infected_file", sha256=sha256, signature=found.detail[:100])
        return found

    async def check_blob(self, sha256: str) -> Finding:
        """The same of a content in the blob store. Raises ScannerAway, BlobMissing."""
        known = await self._verdicts.get(sha256)
        if known is not None:
            return Finding(state=known.state, detail=known.detail)
        if self._scanner is None:
            return Finding(state=ScanState.UNCHECKED)
        return await self.check(sha256, await self._blobs.get(sha256))

    async def allow_link(self, sha256: str) -> None:
        """Raises NotFound for an infected content, which no link gives out; ScannerAway."""
        if (await self.check_blob(sha256)).state is ScanState.INFECTED:
            raise NotFound("This file is not given out: the virus check has found something in it.")

    async def find_infected(self, files: tuple[Attachment, ...]) -> str:
        """The first infected file of a message that is about to leave, and what was found; '' where there is none.
        Raises ScannerAway: then nothing leaves yet."""
        for file in files:
            try:
                found = await self.check_blob(file.sha256)
            except BlobMissing:
                # The transmission says so itself.
                continue
            if found.state is ScanState.INFECTED:
                return f"{file.name[:100]}: {found.detail}"
        return ""
