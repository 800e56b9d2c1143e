"""The hub's side of the rendering worker: one process, started by the first file and ended when none has come for a
while; killed and started anew when a file stops it."""

import asyncio
import dataclasses
import sys
from collections.abc import Sequence
from typing import Any

from hub.domain.errors import RendererAway, Unreadable
from hub.parsing.process import WorkerAbsent, WorkerLost, WorkerProcess
from hub.ports.clock import Clock, SystemClock
from hub.ports.renderer import ExtractedText, Paper

COMMAND = (sys.executable, "-m", "hub.renderer")
DEADLINE_SECONDS = 30.0
IDLE_SECONDS = 60.0
MAX_BYTES = 60_000_000


class ProcessRenderer:
    """Implements Renderer. Call `close` at the end."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        command: Sequence[str] = COMMAND,
        deadline: float = DEADLINE_SECONDS,
        idle: float = IDLE_SECONDS,
    ) -> None:
        self._clock = clock or SystemClock()
        self._process = WorkerProcess(command, deadline)
        self._idle, self._used = idle, 0.0
        self._ending: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Of the process, while one runs."""
        return self._process.pid

    async def read_text(self, data: bytes, type: str, name: str) -> ExtractedText:
        """See Renderer."""
        _check_size(data)
        found = await self._ask({"op": "text", "data": data, "type": type, "name": name})
        return ExtractedText(text=str(found["text"]), pages=int(found["pages"]), cut=bool(found["cut"]))

    async def preview(self, data: bytes, type: str, name: str, width: int = 480) -> bytes:
        """See Renderer."""
        _check_size(data)
        return _bytes(await self._ask({"op": "preview", "data": data, "width": width}))

    async def make_pdf(self, paper: Paper) -> bytes:
        """See Renderer."""
        return _bytes(await self._ask({"op": "pdf", "paper": dataclasses.asdict(paper)}))

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self._used = self._clock.monotonic()
        if self._ending is None or self._ending.done():
            self._ending = asyncio.create_task(self._end_idle(), name="renderer-idle")
        try:
            response = await self._process.ask(request)
        except WorkerLost as error:
            raise Unreadable("The worker did not survive this file; the file itself is kept.") from error
        except WorkerAbsent as error:
            raise RendererAway("The rendering worker cannot be started now; try again in a minute.") from error
        if "error" in response:
            raise Unreadable(str(response.get("sentence", "")))
        return response

    async def _end_idle(self) -> None:
        while (left := self._used + self._idle - self._clock.monotonic()) > 0:
            await self._clock.sleep(left)
        await self._process.stop()

    async def close(self) -> None:
        """End the process."""
        if self._ending is not None:
            self._ending.cancel()
            await asyncio.gather(self._ending, return_exceptions=True)
        await self._process.stop()


def _check_size(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise Unreadable(f"A file of more than {MAX_BYTES // 1_000_000} MB is kept, but not read.")


def _bytes(response: dict[str, Any]) -> bytes:
    data = response.get("data")
    return data if isinstance(data, bytes) else b""
