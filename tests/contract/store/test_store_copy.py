"""Copying a store of any engine into one of any other."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.domain.errors import Conflict, StoreBusy
from hub.domain.upkeep import Setting
from hub.ports.kinds import SETTINGS
from hub.ports.search import NameEntry, SearchEntry
from hub.ports.store import Store
from storage.migrate import Progress, copy_store
from tests.store_engines import ENGINES, KINDS, LAID_OUT, NOON, THINGS, WIRE, SetClock, thing

TTL = timedelta(minutes=1)


@pytest.fixture(params=sorted(ENGINES))
async def target(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    WIRE.serve(request.param, request)
    store = await ENGINES[request.param](tmp_path / "target", clock=SetClock(), kinds=KINDS)
    yield store
    await store.close()


async def fill(store: Store) -> str:
    rows = [thing(f"t{number:04}", owner="u", tags=("x",), minutes=number, data=b"\xff") for number in range(450)]
    await store.documents(THINGS).insert_many(rows)
    await store.documents(THINGS).replace(thing("t0001", rank=5), 1)
    await store.documents(LAID_OUT).insert(thing("only"))
    await store.documents(SETTINGS).insert(Setting(id="token_secret", value="s", at=NOON))
    await store.search.put_many([SearchEntry(id=f"i{number}", at=NOON, terms=("wort",)) for number in range(3)])
    await store.search.put_names([NameEntry(id="c1", text="Petra Müller")])
    for owner in "abc":
        await store.lease("hub", owner, TTL)
        await store.release("hub", owner)
    return await store.blobs.put(b"bytes")


async def test_everything_is_copied_and_verified(store: Store, target: Store) -> None:
    blob = await fill(store)
    steps: list[Progress] = []
    copied = await copy_store(store, target, steps.append, kinds=KINDS)
    assert copied.counts["things"] == 450
    assert {step.part for step in steps if step.verified} == {kind.name for kind in KINDS} | {
        "blobs",
        "search",
        "names",
    }
    assert (await target.documents(THINGS).get("t0001")) == thing("t0001", rank=5, version=1)
    assert await target.documents(THINGS).count("by_tag", "x") == 449
    assert await target.documents(SETTINGS).get("token_secret") is not None
    assert (await target.search.find(["wort"], scope=["all"])).ids
    assert await target.search.suggest("Mueller") == ["c1"]
    assert await target.blobs.get(blob) == b"bytes"
    epoch = await target.lease("hub", "d", TTL)
    assert epoch is not None
    assert epoch > 3
    await target.release("hub", "d")
    again = await copy_store(store, target, steps.append, kinds=KINDS)
    assert again.hashes == copied.hashes


async def test_a_store_in_use_is_not_copied(store: Store, target: Store) -> None:
    assert await store.lease("hub", "hub-1", TTL) is not None
    with pytest.raises(StoreBusy):
        await copy_store(store, target, lambda step: None, kinds=KINDS)
    await store.release("hub", "hub-1")
    assert await target.lease("hub", "hub-2", TTL) is not None
    with pytest.raises(StoreBusy):
        await copy_store(store, target, lambda step: None, kinds=KINDS)


async def test_a_target_with_other_documents_is_refused(store: Store, target: Store) -> None:
    await store.documents(THINGS).insert(thing("t", rank=1))
    await target.documents(THINGS).insert(thing("t", rank=2))
    with pytest.raises(Conflict, match="another things document"):
        await copy_store(store, target, lambda step: None, kinds=KINDS)
    assert await target.documents(THINGS).delete("t")
    await target.documents(THINGS).insert(thing("extra"))
    with pytest.raises(Conflict, match="differ after copying"):
        await copy_store(store, target, lambda step: None, kinds=KINDS)
