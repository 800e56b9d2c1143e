"""What contacts, documents and events are found by, followed into the index of real engines, and filled anew: SQLite,
and MongoDB over the wire."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.domain.address import Address
from hub.domain.contact import Contact, CustomField, Identity, identity_id
from hub.domain.folding import fold
from hub.domain.ids import ContactId, InteractionId, UserId, derived_id
from hub.domain.interaction import Direction, Interaction, InteractionKind
from hub.domain.message import Strength
from hub.ports.clock import SystemClock
from hub.ports.kinds import ALL_KINDS, CONTACTS, IDENTITIES, INTERACTIONS, SETTINGS
from hub.ports.search import SearchEntry
from hub.ports.store import Store
from hub.services.search.facets import CONTACTS as ALL_CONTACTS
from hub.services.search.facets import owner_scope
from hub.services.search.filling import Filling
from hub.services.search.findable import Findable
from hub.services.search.following import follow_store
from hub.services.search.upkeep import INDEX, VERSION, IndexUpkeep
from storage.terms import extract_terms
from tests.store_engines import ENGINES, WIRE

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ANNA = UserId("u_anna")


@pytest.fixture(params=["sqlite", "mongodb"])
async def inner(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An open engine."""
    WIRE.serve(request.param, request)
    store = await ENGINES[request.param](tmp_path / "data", clock=SystemClock(), kinds=ALL_KINDS)
    yield store
    await store.close()


def contact(name: str, **more: object) -> Contact:
    id = ContactId(derived_id("c", name))
    return Contact(id=id, name=name, sort_name=fold(name), created_at=NOON, **more)  # type: ignore[arg-type]


def bound(owner: Contact, channel: str, normal: str) -> Identity:
    address = Address(channel=channel, normal=normal)
    return Identity(
        id=identity_id(address),
        contact_id=owner.id,
        address=address,
        strength=Strength.CLAIMED,
        source="import",
        since=NOON,
    )


async def found(store: Store, text: str, *scopes: str) -> list[str]:
    return (await store.search.find(extract_terms(text), scope=scopes or (ALL_CONTACTS,))).ids


def opened(inner: Store) -> tuple[Store, Findable]:
    return follow_store(inner, extract_terms, SystemClock())


async def test_what_is_written_on_a_contact_is_found_until_it_is_taken_away(inner: Store) -> None:
    store, _ = opened(inner)
    petra = contact("Petra Müller", notes="mag Ahornholz", tags=("Stammkunde",), owner=ANNA)
    petra = replace(petra, custom=(CustomField(name="Kundennummer", value="K-4711"),))
    contacts, identities = store.documents(CONTACTS), store.documents(IDENTITIES)
    await contacts.insert(petra)
    await identities.insert(bound(petra, "email", "petra@mueller.example"))
    await identities.insert_many([bound(petra, "phone", "+494012345678")])
    for words in ("Ahornholz", "stammkunden", "4711", "petra@mueller.example", "04012345678", "Müller Ahornholz"):
        assert await found(store, words) == [petra.id], words
    assert await found(store, "Ahornholz", owner_scope(ANNA)) == [petra.id]
    assert await found(store, "Ahornholz", owner_scope(UserId("u_ben")), owner_scope(None), "all") == []
    assert await contacts.replace(replace(petra, notes="", tags=(), custom=(), owner=None), 1)
    for words in ("Ahornholz", "stammkunden", "4711"):
        assert await found(store, words) == [], words
    assert await found(store, "Müller", owner_scope(None)) == [petra.id]
    await identities.delete(identity_id(Address(channel="email", normal="petra@mueller.example")))
    assert await found(store, "petra@mueller.example") == []
    await contacts.delete(petra.id)
    assert await found(store, "Müller") == []
    assert await store.search.suggest("Petra Müller") == []


async def test_a_merged_contact_is_found_through_its_survivor(inner: Store) -> None:
    store, _ = opened(inner)
    contacts, petra, peter = store.documents(CONTACTS), contact("Petra Holz"), contact("P. Eschenbach")
    await contacts.insert_many([petra, peter])
    await store.documents(IDENTITIES).insert(bound(peter, "email", "peter@esche.example"))
    await contacts.replace(replace(petra, members=(peter.id,)), 1)
    await contacts.replace(replace(peter, merged_into=petra.id), 1)
    assert await found(store, "peter@esche.example") == [petra.id]
    assert await found(store, "Eschenbach") == [petra.id]
    await contacts.replace(replace(petra), 2)
    await contacts.replace(replace(peter), 2)
    assert await found(store, "Eschenbach") == [peter.id]
    assert await found(store, "peter@esche.example") == [peter.id]


async def test_an_older_index_is_filled_anew_and_keeps_what_files_gave(inner: Store) -> None:
    petra = contact("Petra Müller", notes="mag Ahornholz")
    entry = Interaction(
        id=InteractionId(derived_id("i", "one")),
        contact_id=petra.id,
        at=NOON,
        kind=InteractionKind.MESSAGE,
        direction=Direction.INBOUND,
        channel="email",
        subject="Eichentisch",
    )
    lost = replace(entry, id=InteractionId(derived_id("i", "two")), subject="Buchenregal")
    await inner.documents(CONTACTS).insert(petra)
    await inner.documents(INTERACTIONS).insert_many([entry, lost])
    await inner.search.put_many([SearchEntry(id=entry.id, at=NOON, terms=("anhang",))])
    store, findable = opened(inner)
    filling = Filling(store, extract_terms, findable)
    upkeep = IndexUpkeep(store, SystemClock(), filling, findable.unsettled)
    assert await upkeep.bring_up() == 3
    assert await found(store, "Ahornholz") == [petra.id]
    assert await store.search.suggest("Petra Mueler", prefix="c_") == [petra.id]
    page = await store.search.find(["anhang", *extract_terms("Eichentisch")], scope=["all"], facets=[["kind:message"]])
    assert page.ids == [entry.id]
    assert await found(store, "Buchenregal", "all") == [lost.id]
    setting = await store.documents(SETTINGS).get(INDEX)
    assert setting is not None
    assert (setting.value, upkeep.percent) == (VERSION, None)
    assert await upkeep.bring_up() == 0
