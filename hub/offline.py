"""What the command line does with a store while no hub runs on it: the hub's own objects are made, but nothing is
started; no channel connects, nothing leaves. Part of the composition root."""

from collections.abc import AsyncIterator
from pathlib import Path

from config.model import Config
from hub.app import assemble
from hub.demo import build_demo
from hub.domain.people import system_actor
from hub.plans import open_store
from hub.seed.plant import Progress

SEEDER = system_actor("seed")


async def plant_offline(
    config: Config, data_dir: Path, file: Path, contacts: int, interactions: int
) -> AsyncIterator[Progress]:
    """The demo company, as `POST /seed` plants it. `file`: where the configuration would be changed. Raises StoreBusy
    where a hub works on the store, StoreUnavailable, Invalid."""
    store = await open_store(config, data_dir)
    try:
        assembly = await assemble(config, data_dir, store, lambda: config, file)
        try:
            await assembly.users.load()
            async for progress in build_demo(assembly).plant(SEEDER, contacts, interactions):
                yield progress
            await assembly.audit.flush()
        finally:
            await assembly.tenure.end()
    finally:
        await store.close()
