import asyncio

from hub.services.secrets import load_secret
from tests.memory_store import MemoryStore


async def test_a_secret_is_made_once_and_kept() -> None:
    store = MemoryStore()
    first, second = await asyncio.gather(load_secret(store, "token"), load_secret(store, "token"))
    assert first == second == await load_secret(store, "token")
    assert len(first) == 32
    assert await load_secret(store, "signature") != first
