"""Numbered steps from one version of the stored documents to the next, the same for both engines.

Each step runs under the hub's lock and must be repeatable: it may have been interrupted anywhere. The version is
advanced after each step, so that a failed step leaves a store that the previous Fernamt still opens. What engines do
with tables and indexes is theirs, and happens before.
"""

from collections.abc import Awaitable, Callable, Sequence

import structlog

from hub.domain.errors import StoreUnavailable
from hub.domain.upkeep import Setting
from hub.ports.clock import Clock
from hub.ports.kinds import SETTINGS
from hub.ports.store import Exists, Store

Migration = Callable[[Store], Awaitable[None]]
MIGRATIONS: tuple[Migration, ...] = ()
"""The n-th brings a store from version n to n + 1. Only ever append."""
VERSION_SETTING = "schema_version"
"""Id of the setting that holds the version."""
log = structlog.get_logger()


async def migrate(store: Store, clock: Clock, migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """Bring the store to the present version and return it. A new store begins at the present version.

    Raises StoreUnavailable for a store that a newer Fernamt wrote, and whatever a step raises.
    """
    settings = store.documents(SETTINGS)
    newest = len(migrations)
    begun = await settings.insert(Setting(id=VERSION_SETTING, value=str(newest), at=clock.now()))
    if not isinstance(begun, Exists):
        return newest
    current = begun.current
    if int(current.value) > newest:
        raise StoreUnavailable(
            f"The store has version {current.value}, this Fernamt knows up to {newest}: run the newer Fernamt.",
            version=current.value,
        )
    for number in range(int(current.value), newest):
        log.info("migration_started", number=number + 1)
        await migrations[number](store)
        advanced = Setting(id=VERSION_SETTING, value=str(number + 1), at=clock.now())
        if not await settings.replace(advanced, current.version + number - int(current.value)):
            raise StoreUnavailable("Somebody else is migrating this store; start again.")
        log.info("migration_done", number=number + 1)
    return newest
