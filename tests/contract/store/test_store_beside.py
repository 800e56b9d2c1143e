"""Blobs, leases, ping, and closing."""

import asyncio
import hashlib
from datetime import timedelta

import pytest

from hub.domain.errors import BlobMissing, Invalid
from hub.ports.store import Store
from tests.store_engines import THINGS, Reopen, SetClock, thing

TTL = timedelta(seconds=10)


async def test_the_same_bytes_are_one_blob(store: Store, reopen: Reopen) -> None:
    data = bytes(range(256)) * 3000
    name = await store.blobs.put(data)
    assert name == hashlib.sha256(data).hexdigest()
    assert await asyncio.gather(*(store.blobs.put(data) for _ in range(5))) == [name] * 5
    assert await store.blobs.names() == [name]
    again = await reopen()
    assert await again.blobs.get(name) == data


async def test_blobs_are_streamed_in_pieces(store: Store) -> None:
    data = b"x" * 600_000
    name = await store.blobs.put(data)
    pieces = [piece async for piece in store.blobs.stream(name)]
    assert [len(piece) for piece in pieces] == [262_144, 262_144, 75_712]
    assert b"".join(pieces) == data
    assert await store.blobs.get(await store.blobs.put(b"")) == b""


@pytest.mark.parametrize("name", ["0" * 64, "", "../../etc/passwd", "A" * 64, "ü"])
async def test_unknown_blobs_are_missing(store: Store, name: str) -> None:
    with pytest.raises(BlobMissing):
        await store.blobs.get(name)
    with pytest.raises(BlobMissing):
        _ = [piece async for piece in store.blobs.stream(name)]
    assert await store.blobs.delete(name) is False


async def test_blobs_are_listed_in_order_and_deleted(store: Store) -> None:
    names = sorted([await store.blobs.put(str(number).encode()) for number in range(12)])
    assert await store.blobs.names(limit=5) == names[:5]
    assert await store.blobs.names(names[4], 100) == names[5:]
    assert await store.blobs.delete(names[0]) is True
    assert await store.blobs.delete(names[0]) is False
    assert await store.blobs.names() == names[1:]
    with pytest.raises(Invalid):
        await store.blobs.names(limit=0)


async def test_a_lease_has_one_owner_until_it_ends(store: Store, clock: SetClock) -> None:
    assert await store.lease("hub", "a", TTL) == 1
    assert await store.lease("hub", "b", TTL) is None
    assert await store.lease("other", "b", TTL) == 1
    await clock.sleep(9)
    assert await store.lease("hub", "a", TTL) == 1
    await clock.sleep(9)
    assert await store.lease("hub", "b", TTL) is None
    await clock.sleep(2)
    assert await store.lease("hub", "b", TTL) == 2
    assert await store.lease("hub", "a", TTL) is None


async def test_the_epoch_grows_over_release_expiry_and_restart(store: Store, clock: SetClock, reopen: Reopen) -> None:
    assert await store.lease("hub", "a", TTL) == 1
    await store.release("hub", "b")
    assert await store.lease("hub", "b", TTL) is None
    await store.release("hub", "a")
    assert await store.lease("hub", "a", TTL) == 2
    await clock.sleep(20)
    assert await store.lease("hub", "a", TTL) == 3
    again = await reopen()
    await clock.sleep(20)
    assert await again.lease("hub", "b", TTL) == 4
    await again.release("unknown", "b")


async def test_one_of_racing_owners_gets_the_lease(store: Store) -> None:
    epochs = await asyncio.gather(*(store.lease("hub", owner, TTL) for owner in "abcdef"))
    assert sorted(epoch is None for epoch in epochs) == [False] + [True] * 5


async def test_closing_finishes_what_was_accepted(store: Store, reopen: Reopen) -> None:
    await store.ping()
    writes = asyncio.gather(*(store.documents(THINGS).insert(thing(str(number))) for number in range(50)))
    await asyncio.sleep(0)
    again = await reopen()
    await writes
    await store.close()
    assert len(await again.documents(THINGS).scan()) == 50


async def test_a_watched_blob_is_discarded_unless_it_was_put_meanwhile(store: Store) -> None:
    first, second, other = [await store.blobs.put(data) for data in (b"first", b"second", b"other")]
    with store.blobs.watch([first, second]) as watch:
        assert await store.blobs.put(b"second") == second
        assert await watch.discard(first) is True
        assert await watch.discard(first) is True
        assert await watch.discard(second) is False
        # What it does not look after is not its to delete.
        assert await watch.discard(other) is False
    assert await store.blobs.names() == sorted([second, other])
    with store.blobs.watch([second]) as watch:
        assert await watch.discard(second) is True
    assert await store.blobs.names() == [other]


async def test_bytes_that_are_put_while_they_are_discarded_are_there_afterwards(store: Store) -> None:
    data = b"x" * 600_000
    for _ in range(20):
        name = await store.blobs.put(data)
        with store.blobs.watch([name]) as watch:
            await asyncio.gather(watch.discard(name), store.blobs.put(data), watch.discard(name))
        assert await store.blobs.get(name) == data
