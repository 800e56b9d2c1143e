"""Imports that say how far they are: `progress=1` answers in JSON lines, `{"stage", "done", "rows"}` every few hundred
rows, and last `{"report": {...}}`, or `{"error", "code"}`. Without it the report alone is the answer, at the end."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiohttp import web

from hub.domain.errors import FernamtError
from hub.domain.exchange import ImportReport, ImportStep, OnStep, no_step
from hub.web.api import ledger_shapes

log = structlog.get_logger()
SLOWEST_SECONDS = 30
Import = Callable[[OnStep], Awaitable[ImportReport]]


async def answer_import(request: web.Request, run: Import, *, refused: int = 200) -> web.StreamResponse:
    """Run the import and answer. `refused`: the status of a report with problems where nobody asked for progress."""
    if request.query.get("progress") != "1":
        report = await run(no_step)
        return web.json_response(ledger_shapes.import_report(report), status=refused if report.problems else 200)
    lines = _Lines(request)
    try:
        report = await run(lines.step)
    except FernamtError as error:
        if not lines.begun:
            raise
        await lines.write({"error": error.sentence, "code": error.code})
    else:
        await lines.write({"report": ledger_shapes.import_report(report)})
    await lines.end()
    return lines.response


class _Lines:
    """The answer, begun with its first line, so that a refusal before it has its own status. Whoever no longer listens
    stops no import: half of it is nobody's wish."""

    def __init__(self, request: web.Request) -> None:
        self.response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        self._request, self._gone = request, False
        self.begun = False

    async def step(self, step: ImportStep) -> None:
        await self.write({"stage": step.stage, "done": step.done, "rows": step.rows})

    async def write(self, line: dict[str, Any]) -> None:
        if self._gone:
            return
        try:
            if not self.begun:
                self.begun = True
                await self.response.prepare(self._request)
            # One who reads slowly must not hold up the import for ever.
            async with asyncio.timeout(SLOWEST_SECONDS):
                await self.response.write(json.dumps(line).encode() + b"\n")
        except (ConnectionError, TimeoutError):
            self._gone = True
            log.info("import_unwatched", path=self._request.path)

    async def end(self) -> None:
        if not self._gone:
            try:
                await self.response.write_eof()
            except ConnectionError:
                log.info("import_unwatched", path=self._request.path)
