"""The driver's own tasks, which look after servers. One whose client was closed while it was connecting may take no
notice of being cancelled, and whoever ends the event loop then waits for it without end (seen now and then in
starts without a server, PyMongo 4.20)."""

import asyncio
from typing import Any

import structlog

log = structlog.get_logger()
WATCHING = "AsyncPeriodicExecutor._run"
TRIES, PATIENCE = 5, 0.2


def list_watchers() -> set[asyncio.Task[Any]]:
    """Those of every client of this loop."""
    return {task for task in asyncio.all_tasks() if getattr(task.get_coro(), "__qualname__", "") == WATCHING}


async def end_watchers(watchers: set[asyncio.Task[Any]]) -> None:
    """Cancel them until they are gone."""
    left = {task for task in watchers if not task.done()}
    for _ in range(TRIES):
        if not left:
            return
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=PATIENCE)
    log.warning("mongodb_watchers_stay", count=len(left))
