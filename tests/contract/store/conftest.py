"""Every test of this folder runs once on each engine of tests/store_engines.py."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.ports.store import Store
from tests.store_engines import ENGINES, KINDS, WIRE, Reopen, SetClock


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> str:
    WIRE.serve(request.param, request)
    return str(request.param)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def reopen(engine: str, tmp_path: Path, clock: SetClock) -> AsyncIterator[Reopen]:
    """Closes the store and opens it again; the first call opens it."""
    opened: list[Store] = []

    async def again() -> Store:
        if opened:
            await opened.pop().close()
        opened.append(await ENGINES[engine](tmp_path / "data", clock=clock, kinds=KINDS))
        return opened[0]

    yield again
    if opened:
        await opened[0].close()


@pytest.fixture
async def store(reopen: Reopen) -> Store:
    return await reopen()
