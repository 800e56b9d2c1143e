"""Secrets that the hub makes for itself and must keep: the key of conversation tokens, the key of its signed header."""

import secrets

from hub.domain.upkeep import Setting
from hub.ports.clock import Clock, SystemClock
from hub.ports.kinds import SETTINGS
from hub.ports.store import Exists, Store

SECRET_BYTES = 32
_MACHINE_CLOCK = SystemClock()


async def load_secret(store: Store, name: str, clock: Clock = _MACHINE_CLOCK) -> bytes:
    """32 random bytes, the same ones for ever: the first caller's insert makes them, everyone else reads those."""
    made = Setting(id=f"secret/{name}", value=secrets.token_hex(SECRET_BYTES), at=clock.now())
    match await store.documents(SETTINGS).insert(made):
        case Exists(current):
            return bytes.fromhex(current.value)
        case _:
            return bytes.fromhex(made.value)
