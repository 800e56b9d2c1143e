"""A connector's run for the length of a test."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.domain.errors import LinkError
from hub.ports.connector import Connector, LinkState
from tests.fake_inlet import FakeInlet


@asynccontextmanager
async def running(connector: Connector, inlet: FakeInlet) -> AsyncIterator[asyncio.Task[None]]:
    """Its run, once it is up. Raises what ended it before."""
    inlet.reports.clear()
    task = asyncio.create_task(connector.run(inlet))
    try:
        up = asyncio.create_task(inlet.until_state(LinkState.UP))
        await asyncio.wait({up, task}, return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        if task.done():
            task.result()
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, LinkError):
            await task
