"""Searching by terms, and names by trigrams."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.domain.errors import Invalid
from hub.ports.search import NameEntry, Search, SearchEntry
from hub.ports.store import Store
from storage.terms import extract_terms
from tests.store_engines import NOON, Reopen


def entry(id: str, text: str, *, minutes: int = 0, scope: tuple[str, ...] = ("all",)) -> SearchEntry:
    return SearchEntry(id=id, at=NOON + timedelta(minutes=minutes), scope=scope, terms=extract_terms(text))


async def found(search: Search, text: str, *scope: str, limit: int = 50) -> list[str]:
    return (await search.find(extract_terms(text), scope=scope or ("all",), limit=limit)).ids


async def test_every_term_must_be_there(store: Store) -> None:
    await store.search.put_many([entry("a", "Rechnung für Bremsscheiben"), entry("b", "Rechnung für Reifen")])
    assert await found(store.search, "Rechnungen Bremsscheibe") == ["a"]
    assert await found(store.search, "Reifen Bremsscheibe") == []
    assert await found(store.search, "") == []
    assert (await store.search.find(["rechnung"], scope=[])).ids == []


async def test_newest_is_first_on_every_page(store: Store, reopen: Reopen) -> None:
    minutes = [5, 1, 9, 3, 7]
    await store.search.put_many([entry(str(minute), "order", minutes=minute) for minute in minutes])
    again = await reopen()
    assert await found(again.search, "orders") == ["9", "7", "5", "3", "1"]
    page = await again.search.find(extract_terms("order"), scope=["all"], limit=2)
    assert page.ids == ["9", "7"]
    await again.search.put_many([entry("10", "order", minutes=10)])
    page = await again.search.find(extract_terms("order"), scope=["all"], limit=2, after=page.next)
    assert page.ids == ["5", "3"]
    page = await again.search.find(extract_terms("order"), scope=["all"], limit=2, after=page.next)
    assert (page.ids, page.next) == (["1"], None)


async def test_equal_moments_are_all_found_once(store: Store) -> None:
    ids = [f"i{number}" for number in range(30)]
    await store.search.put_many([entry(id, "tick") for id in ids])
    seen: list[str] = []
    after: str | None = None
    while True:
        page = await store.search.find(extract_terms("tick"), scope=["all"], limit=7, after=after)
        seen += page.ids
        after = page.next
        if after is None:
            break
    assert sorted(seen) == sorted(ids)


async def test_scope_is_part_of_the_search(store: Store) -> None:
    await store.search.put_many(
        [
            entry("a", "geheim"),
            entry("b", "geheim", minutes=1, scope=("u_1", "Team Süd")),
            entry("c", "geheim", minutes=2, scope=()),
        ]
    )
    assert await found(store.search, "geheim") == ["a"]
    assert await found(store.search, "geheim", "Team Süd") == ["b"]
    assert await found(store.search, "geheim", "u_1", "all") == ["b", "a"]
    assert await found(store.search, "geheim", "u_2") == []


async def test_the_last_term_is_a_prefix_where_nothing_holds_it_whole(store: Store) -> None:
    await store.search.put_many([entry("a", "Bremsscheiben hinten"), entry("b", "Brems alt", minutes=1)])
    search = store.search
    assert (await search.find(["hinten", "bremss"], scope=["all"])).ids == []
    assert await found(search, "brems") == ["b"]
    whole = extract_terms("Bremsscheiben")[0]
    assert (await search.find([whole[:7]], scope=["all"])).ids == ["a"]
    assert (await search.find([whole[:2]], scope=["all"])).ids == []
    assert (await search.find([whole[:7], *extract_terms("hinten")], scope=["all"])).ids == []


async def test_an_entry_is_overwritten_and_forgotten(store: Store) -> None:
    search = store.search
    await search.put_many([entry("a", "alt eins"), entry("b", "alt zwei", minutes=1)])
    await search.put_many([entry("a", "neu eins", minutes=5, scope=("u",))])
    await search.put_many([entry("b", "alt zwei", minutes=1)])
    assert await found(search, "alt") == ["b"]
    assert await found(search, "neu", "u") == ["a"]
    assert await found(search, "neu") == []
    await search.remove(["b", "unknown"])
    await search.remove([])
    await search.put_many([])
    assert await found(search, "alt") == []


async def test_addresses_are_found_whole_and_by_word(store: Store) -> None:
    await store.search.put_many([entry("a", "from p.mueller@example.org")])
    assert await found(store.search, "P.Mueller@example.org") == ["a"]
    assert await found(store.search, "Müller") == ["a"]


async def test_operators_are_words(store: Store) -> None:
    await store.search.put_many([entry("a", 'NOT this OR "that" AND near')])
    for text in ("not", "OR", '"that"', "NEAR(that this)", "that* this^", "tokens:that"):
        assert await found(store.search, text) in (["a"], [])
    assert (await store.search.find(['x" OR "that'], scope=["all"])).ids == []
    assert await found(store.search, "NOT this OR that") == ["a"]


async def test_foreign_cursors_and_limits_are_refused(store: Store) -> None:
    await store.search.put_many([entry(str(number), "wort", minutes=number) for number in range(3)])
    page = await store.search.find(["wort"], scope=["all"], limit=1)
    assert page.next is not None
    with pytest.raises(Invalid):
        await store.search.find(["andere"], scope=["all"], after=page.next)
    with pytest.raises(Invalid):
        await store.search.find(["wort"], scope=["u_1"], after=page.next)
    with pytest.raises(Invalid):
        await store.search.find(["wort"], scope=["all"], after="?")
    with pytest.raises(Invalid):
        await store.search.find(["wort"], scope=["all"], limit=0)


async def test_names_are_found_with_typing_errors(store: Store) -> None:
    search = store.search
    names = {"c1": "Petra Müller info@example.org", "c2": "Hans Meier", "c3": "Müllerei Nord GmbH", "c4": "李雷"}
    await search.put_names([NameEntry(id=id, text=text) for id, text in names.items()])
    assert (await search.suggest("Mueler"))[0] in ("c1", "c3")
    assert (await search.suggest("Petra Müler"))[0] == "c1"
    assert await search.suggest("Hans Mayer") == ["c2"]
    assert await search.suggest("xyzzy") == []
    assert await search.suggest("") == []
    assert await search.suggest("李雷") == ["c4"]
    await search.put_names([NameEntry(id="c2", text="Johanna Schmitt")])
    assert await search.suggest("Hans Meier") == []
    assert await search.suggest("Schmidt") == ["c2"]
    await search.remove_names(["c2", "unknown"])
    assert await search.suggest("Schmitt") == []
    assert len(await search.suggest("Müller", limit=1)) == 1


async def test_names_are_asked_for_by_the_beginning_of_their_ids(store: Store) -> None:
    search = store.search
    names = {"c_1": "Preisliste GmbH", "d_1": "Preisliste 2026", "d_2": "Katalog", "n_1": "Preisverleihung"}
    await search.put_names([NameEntry(id=id, text=text) for id, text in names.items()])
    await search.put_names([NameEntry(id=id, text=text) for id, text in names.items()])
    assert await search.suggest("Preislsite", prefix="d_") == ["d_1"]
    assert await search.suggest("Preislsite", prefix="c_") == ["c_1"]
    assert await search.suggest("Preislsite", prefix="x_") == []
    assert set(await search.suggest("Preislsite")) >= {"c_1", "d_1"}


async def test_everything_can_be_listed(store: Store) -> None:
    entries = [entry(f"i{number}", f"wort{number}", minutes=number, scope=("all", "Team Süd")) for number in range(5)]
    await store.search.put_many(entries)
    assert await store.search.scan(limit=2) == entries[:2]
    assert await store.search.scan("i1") == entries[2:]
    names = [NameEntry(id=f"c{number}", text=f"Name {number}") for number in range(3)]
    await store.search.put_names(names)
    assert await store.search.scan_names("c0") == names[1:]


async def test_facets_narrow_the_search(store: Store) -> None:
    search = store.search
    kinds = {
        "a": ("kind:message", "channel:email"),
        "b": ("kind:message", "channel:xmpp"),
        "c": ("kind:note",),
        "d": (),
    }
    await search.put_many(
        [
            replace(entry(id, "eiche", minutes=number), facets=facets)
            for number, (id, facets) in enumerate(kinds.items())
        ]
    )

    async def ids(*facets: tuple[str, ...], scope: tuple[str, ...] = ("all",)) -> list[str]:
        return (await search.find(["eich"], scope=scope, facets=facets)).ids

    assert await ids() == ["d", "c", "b", "a"]
    assert await ids(("kind:message",)) == ["b", "a"]
    assert await ids(("kind:message", "kind:note")) == ["c", "b", "a"]
    assert await ids(("kind:message", "kind:note"), ("channel:email",)) == ["a"]
    assert await ids(("kind:note",), ("channel:email",)) == []
    assert await ids(()) == []
    assert await ids(("kind:message",), scope=("u_1",)) == []
    assert await ids(("message",)) == []
    assert await found(search, "kind message") == []
    assert await found(search, ":kind:message") == []


async def test_facets_can_change_and_go(store: Store) -> None:
    search = store.search
    await search.put_many([replace(entry("a", "eiche"), facets=("contact:c_1",))])
    await search.put_many([replace(entry("a", "eiche"), facets=("contact:c_2", "contact:c_ü"))])
    assert (await search.find(["eich"], scope=["all"], facets=[["contact:c_1"]])).ids == []
    assert (await search.find(["eich"], scope=["all"], facets=[["contact:c_ü"]])).ids == ["a"]
    assert (await search.scan())[0].facets == ("contact:c_2", "contact:c_ü")
    await search.put_many([entry("a", "eiche")])
    assert (await search.find(["eich"], scope=["all"], facets=[["contact:c_2"]])).ids == []
    assert await found(search, "eiche") == ["a"]


async def test_a_span_of_time_is_half_open_on_every_page(store: Store) -> None:
    search = store.search
    await search.put_many([replace(entry(str(n), "eiche", minutes=n), facets=("kind:note",)) for n in range(8)])
    since, until = NOON + timedelta(minutes=2), NOON + timedelta(minutes=6)
    seen: list[str] = []
    after: str | None = None
    for _ in range(2):
        page = await search.find(
            ["eich"], scope=["all"], facets=[["kind:note"]], since=since, until=until, limit=2, after=after
        )
        seen, after = seen + page.ids, page.next
    assert (seen, after) == (["5", "4", "3", "2"], None)
    assert (await search.find(["eich"], scope=["all"], since=NOON + timedelta(minutes=7))).ids == ["7"]
    assert (await search.find(["eich"], scope=["all"], until=NOON + timedelta(minutes=1))).ids == ["0"]
    page = await search.find(["eich"], scope=["all"], since=since, limit=1)
    with pytest.raises(Invalid):
        await search.find(["eich"], scope=["all"], after=page.next)
