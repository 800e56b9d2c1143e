"""The hub's side of the parse worker: starts it, asks it, and starts another one when it dies or does not answer.

What was lost with a worker is asked again one by one, so that only the poisonous message comes back as None. Large
messages have a worker of their own, which is started when one comes and ended when none has come for a while: they
never make the small ones wait.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import structlog

from hub.domain.errors import NotFound, Unreadable
from hub.domain.message import Parsed
from hub.parsing.wire import (
    LENGTH_BYTES,
    decode_frame,
    encode_frame,
    frame_length,
    read_results,
    request_parse,
)
from hub.ports.clock import Clock, SystemClock
from hub.ports.parser import ParseContext, ParseJob

log = structlog.get_logger()
DEADLINE_SECONDS = 20.0
HEAVY_BYTES = 256 * 1024
HEAVY_IDLE_SECONDS = 60.0
PIPE_BYTES = 1024 * 1024
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
COMMAND = (sys.executable, "-m", "hub.worker")
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "TESSDATA_PREFIX")
"""What a worker sees of the environment; no secret of the hub's may be among it."""
_ROOT = Path(__file__).resolve().parents[2]


class WorkerLost(Exception):
    """The worker died or ran over its time with this request. Never leaves this module."""


class WorkerAbsent(Exception):
    """No worker can be started: nobody's message is to blame. Never leaves this module."""


class WorkerProcess:
    """One process, one request at a time. Started by the first request."""

    def __init__(self, command: Sequence[str], deadline: float) -> None:
        self._command, self._deadline = command, deadline
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """Of the running process; None where none runs."""
        return self._process.pid if self._process is not None else None

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The response. Raises WorkerLost; the next request then starts a new process."""
        async with self._turn:
            try:
                async with asyncio.timeout(self._deadline):
                    return await self._exchange(request)
            except TimeoutError as error:
                self._kill()
                raise WorkerLost("The parse worker ran over its time.") from error
            except (OSError, EOFError, ValueError) as error:
                self._kill()
                raise WorkerLost("The parse worker died or answered nonsense.") from error
            except BaseException:
                # Cancelled between request and response: the stream cannot be used any more.
                self._kill()
                raise

    async def _exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        process = self._process
        if process is None:
            process = await self._greet()
        return await self._converse(process, request)

    async def _greet(self) -> asyncio.subprocess.Process:
        """Start a process, and hear from it before it gets a message: one that cannot even start (no memory, a broken
        installation) must not look like one that a message killed."""
        try:
            process = self._process = await self._start()
            await self._converse(process, request_parse([], _no_context))
        except (OSError, EOFError, ValueError) as error:
            raise WorkerAbsent(f"The parse worker does not start ({type(error).__name__}).") from error
        return process

    async def _converse(self, process: asyncio.subprocess.Process, request: dict[str, Any]) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(encode_frame(request))
        await process.stdin.drain()
        length = frame_length(await process.stdout.readexactly(LENGTH_BYTES))
        return decode_frame(await process.stdout.readexactly(length))

    async def _start(self) -> asyncio.subprocess.Process:
        environment = {key: value for key, value in os.environ.items() if key in PASSED_ON}
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=PIPE_BYTES,
            env={**environment, "PYTHONPATH": str(_ROOT)},
        )
        log.info("parse_worker_started", pid=process.pid)
        return process

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            self._reap(process)

    def _reap(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is not None:
            process.stdin.close()

    async def stop(self) -> None:
        """End it; a request in progress is finished first."""
        async with self._turn:
            process, self._process = self._process, None
            if process is None:
                return
            assert process.stdin is not None
            process.stdin.close()
            try:
                async with asyncio.timeout(1.0):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


class ProcessParseWorker:
    """Implements ParseWorker. `context` gives an account's, by its name. Call `close` at the end."""

    def __init__(
        self,
        context: Callable[[str], ParseContext],
        *,
        clock: Clock | None = None,
        command: Sequence[str] = COMMAND,
        deadline: float = DEADLINE_SECONDS,
        heavy_idle: float = HEAVY_IDLE_SECONDS,
    ) -> None:
        self._context = context
        self._clock = clock or SystemClock()
        self._quick = WorkerProcess(command, deadline)
        self._heavy = WorkerProcess(command, deadline)
        self._heavy_idle = heavy_idle
        self._heavy_used = 0.0
        self._ending: asyncio.Task[None] | None = None

    @property
    def pids(self) -> list[int]:
        """Of the processes that run now."""
        return [pid for pid in (self._quick.pid, self._heavy.pid) if pid is not None]

    async def start(self) -> None:
        """Start the process for small messages, so that the first one need not wait for it. Never raises: a worker
        that cannot be started is said in the log, and tried again by every batch."""
        try:
            await self._quick.ask(request_parse([], self._context))
        except (WorkerLost, WorkerAbsent) as error:
            log.error("parse_worker_not_started", reason=str(error))

    async def parse(self, jobs: Sequence[ParseJob]) -> list[Parsed | None]:
        """See ParseWorker."""
        if not jobs:
            return []
        try:
            return [*await self._parse_patiently(jobs)]
        except WorkerLost as error:
            log.warning("parse_worker_lost_a_batch", jobs=len(jobs), reason=str(error))
        if len(jobs) == 1:
            return [None]
        return [await self._parse_alone(job) for job in jobs]

    async def _parse_alone(self, job: ParseJob) -> Parsed | None:
        try:
            return (await self._parse_patiently([job]))[0]
        except WorkerLost as error:
            log.warning("parse_worker_lost_a_message", arrival=job.record.id, reason=str(error))
            return None

    async def _parse_patiently(self, jobs: Sequence[ParseJob]) -> list[Parsed]:
        """While no worker can be started, the messages wait; they are durable."""
        pause = FIRST_PAUSE
        while True:
            try:
                return await self._parse(jobs)
            except WorkerAbsent as error:
                log.error("parse_worker_not_started", reason=str(error), pause=pause)
                await self._clock.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _parse(self, jobs: Sequence[ParseJob]) -> list[Parsed]:
        process = self._process_for(max(len(job.raw) for job in jobs))
        response = await process.ask(request_parse(jobs, self._context))
        try:
            return read_results(response, len(jobs))
        except ValueError as error:
            raise WorkerLost("The parse worker answered nonsense.") from error

    async def extract(self, kind: str, raw: bytes, index: int) -> bytes:
        """See ParseWorker. Raises NotFound, Unreadable."""
        response = await self._ask_about(raw, {"op": "extract", "kind": kind, "raw": raw, "index": index})
        data = response.get("data")
        return data if isinstance(data, bytes) else b""

    async def render_html(self, kind: str, raw: bytes) -> str | None:
        """See ParseWorker. Raises Unreadable."""
        response = await self._ask_about(raw, {"op": "render", "kind": kind, "raw": raw})
        html = response.get("html")
        return html if isinstance(html, str) else None

    async def _ask_about(self, raw: bytes, request: dict[str, Any]) -> dict[str, Any]:
        try:
            response = await self._process_for(len(raw)).ask(request)
        except WorkerLost as error:
            raise Unreadable("The parser did not survive this message; its raw bytes are kept.") from error
        except WorkerAbsent as error:
            raise Unreadable("The parse worker cannot be started now; try again in a minute.") from error
        match response.get("error"):
            case None:
                return response
            case NotFound.code:
                raise NotFound(str(response.get("sentence", "")))
            case _:
                raise Unreadable(str(response.get("sentence", "")))

    def _process_for(self, size: int) -> WorkerProcess:
        if size <= HEAVY_BYTES:
            return self._quick
        self._heavy_used = self._clock.monotonic()
        if self._ending is None or self._ending.done():
            self._ending = asyncio.create_task(self._end_heavy(), name="parse-worker-idle")
        return self._heavy

    async def _end_heavy(self) -> None:
        while (left := self._heavy_used + self._heavy_idle - self._clock.monotonic()) > 0:
            await self._clock.sleep(left)
        await self._heavy.stop()

    async def close(self) -> None:
        """End the processes."""
        if self._ending is not None:
            self._ending.cancel()
            await asyncio.gather(self._ending, return_exceptions=True)
        await asyncio.gather(self._quick.stop(), self._heavy.stop())


def _no_context(account: str) -> ParseContext:
    return ParseContext(account=account)
