"""Reads and checks documents, one at a time, oldest first, behind everybody's back: the virus check, then the text in
the rendering worker, then the words into the search index, then the document by version. A crash repeats the one in
hand. While the scanner is away what it has not seen waits, and nothing of it is read."""

import asyncio
from dataclasses import replace

import structlog

from hub.domain.document import TODO, Document, Reading, ScanState
from hub.domain.errors import (
    BlobMissing,
    Conflict,
    NotFound,
    RendererAway,
    ScannerAway,
    StoreUnavailable,
    Unreadable,
)
from hub.ports.clock import Clock
from hub.ports.renderer import ExtractedText, Renderer
from hub.ports.scanner import Finding
from hub.services.documents.archive import Archive
from hub.services.documents.checking import Checking

log = structlog.get_logger()
BATCH = 50
PAUSE_SECONDS = 30.0
EXCERPT = 500


class Digesting:
    """Runs until cancelled."""

    def __init__(self, *, archive: Archive, checking: Checking, renderer: Renderer, clock: Clock) -> None:
        self._archive, self._checking, self._renderer, self._clock = archive, checking, renderer, clock
        self._wake = asyncio.Event()
        archive.listen(self._wake.set)

    async def run(self) -> None:
        """Digest what waits, then wait for more."""
        while True:
            self._wake.clear()
            try:
                await self.digest_all()
            except (StoreUnavailable, ScannerAway, RendererAway) as error:
                log.warning("documents_wait", code=error.code)
                await self._clock.sleep(PAUSE_SECONDS)
                continue
            await self._wake.wait()

    async def digest_all(self) -> int:
        """How many were digested. Raises StoreUnavailable, ScannerAway, RendererAway."""
        count, cursor = 0, None
        while True:
            page = await self._archive.documents.page("by_place", TODO, after=cursor, limit=BATCH)
            for document in page.items:
                await self._digest(document)
                count += 1
            cursor = page.next
            if cursor is None:
                return count

    async def _digest(self, document: Document) -> None:
        try:
            data = await self._archive.content(document, document.current)
        except NotFound:
            # Its message was deleted: the document goes with it.
            await self._archive.forget(document.id)
            return
        except (Unreadable, BlobMissing) as error:
            await self._note(document, None, None, error.sentence)
            return
        finding = await self._checking.check(document.current.sha256, data)
        if finding.state is ScanState.INFECTED:
            await self._note(document, finding, None, "")
            return
        try:
            text = await self._renderer.read_text(data, document.current.type, document.current.name)
        except Unreadable as error:
            await self._note(document, finding, None, error.sentence)
            return
        await self._archive.index(document, text.text)
        await self._note(document, finding, text, "")

    async def _note(
        self, document: Document, finding: Finding | None, text: ExtractedText | None, problem: str
    ) -> None:
        number = document.current.number

        def change(current: Document) -> Document:
            if current.current.number != number:
                # A newer content came meanwhile; its own turn comes.
                return current
            file = current.current
            if finding is not None:
                file = replace(file, scan=finding.state, scan_detail=finding.detail)
            elif file.scan is ScanState.PENDING:
                file = replace(file, scan=ScanState.UNSCANNABLE, scan_detail=problem[:200])
            return replace(
                current,
                versions=(*current.versions[:-1], file),
                reading=Reading.DONE if text else Reading.UNREADABLE,
                excerpt=" ".join(text.text[: 4 * EXCERPT].split())[:EXCERPT] if text else "",
                pages=text.pages if text else 0,
            )

        try:
            changed = await self._archive.change(document.id, change)
        except (NotFound, Conflict) as error:
            log.info("document_gone_meanwhile", document=document.id, code=error.code)
            await self._archive.unindex(document.id)
            return
        if changed.removed_at is not None:
            await self._archive.unindex(document.id)
