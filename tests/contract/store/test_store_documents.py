"""The verbs on documents."""

import asyncio
import dataclasses
from datetime import timedelta

import pytest

from hub.domain.errors import Invalid
from hub.ports.kinds import SETTINGS
from hub.ports.store import Documents, Exists, Inserted, Page, Replacement, Store, Value
from tests.store_engines import LAID_OUT, NOON, THINGS, Reopen, Thing, thing


async def walk(documents: Documents[Thing], index: str, *equal: Value, limit: int = 2, **options: object) -> list[str]:
    """The ids of all pages, each page as long as it may be."""
    found: list[str] = []
    after: str | None = None
    while True:
        page: Page[Thing] = await documents.page(index, *equal, after=after, limit=limit, **options)  # type: ignore[arg-type]
        assert len(page.items) == limit or page.next is None
        found += [item.id for item in page.items]
        after = page.next
        if after is None:
            return found


async def test_what_was_inserted_is_read_with_version_one(store: Store) -> None:
    things = store.documents(THINGS)
    whole = thing("t1", version=77, owner="ä", rank=-5, flag=True, tags=("x", "y"), data=b"\x00\xff\n")
    assert await things.insert(whole) == Inserted()
    assert await things.get("t1") == dataclasses.replace(whole, version=1)
    assert await things.get("t2") is None


async def test_the_same_id_is_inserted_once(store: Store) -> None:
    things = store.documents(THINGS)
    await things.insert(thing("t1", rank=1))
    assert await things.insert(thing("t1", rank=2)) == Exists(thing("t1", rank=1, version=1))
    found = await things.get("t1")
    assert found is not None
    assert found.rank == 1


async def test_insert_many_answers_each_and_sees_its_own(store: Store) -> None:
    things = store.documents(THINGS)
    await things.insert(thing("b", rank=9))
    results = await things.insert_many([thing("a", rank=1), thing("b", rank=2), thing("a", rank=3)])
    assert results == [
        Inserted(),
        Exists(thing("b", rank=9, version=1)),
        Exists(thing("a", rank=1, version=1)),
    ]
    assert await things.insert_many([]) == []


async def test_one_of_many_racing_inserts_wins(store: Store) -> None:
    things = store.documents(THINGS)
    results = await asyncio.gather(*(things.insert(thing("t", rank=rank)) for rank in range(20)))
    winners = [rank for rank, result in enumerate(results) if isinstance(result, Inserted)]
    assert len(winners) == 1
    assert all(result == Exists(thing("t", rank=winners[0], version=1)) for result in results if result != Inserted())


@pytest.mark.parametrize("kind", [THINGS, LAID_OUT], ids=lambda kind: kind.name)
async def test_replace_compares_and_sets(store: Store, kind: object) -> None:
    things = store.documents(THINGS if kind is THINGS else LAID_OUT)
    await things.insert(thing("t", rank=1))
    assert await things.replace(thing("t", rank=2, minutes=5), 1) is True
    assert await things.replace(thing("t", rank=3), 1) is False
    assert await things.replace(thing("unknown"), 1) is False
    assert await things.get("t") == thing("t", rank=2, minutes=5, version=2)


async def test_one_of_racing_replacements_wins(store: Store) -> None:
    things = store.documents(THINGS)
    await things.insert(thing("t"))
    results = await asyncio.gather(*(things.replace(thing("t", rank=rank), 1) for rank in range(20)))
    assert results.count(True) == 1
    found = await things.get("t")
    assert found is not None
    assert (found.rank, found.version) == (results.index(True), 2)


async def test_replace_many_answers_each(store: Store) -> None:
    things = store.documents(THINGS)
    await things.insert_many([thing("a"), thing("b")])
    results = await things.replace_many(
        [Replacement(thing("a", rank=1), 1), Replacement(thing("b"), 7), Replacement(thing("a", rank=2), 2)]
    )
    assert results == [True, False, True]
    assert await things.get("a") == thing("a", rank=2, version=3)
    assert await things.replace_many([]) == []


async def test_delete_with_and_without_version(store: Store) -> None:
    things = store.documents(THINGS)
    await things.insert_many([thing("a"), thing("b")])
    assert await things.delete("a", 2) is False
    assert await things.delete("a", 1) is True
    assert await things.delete("a") is False
    assert await things.delete("b") is True
    assert await things.get_many(["a", "b"]) == {}
    assert await things.insert(thing("a")) == Inserted()


async def test_get_many_gives_what_exists_in_the_order_asked_for(store: Store) -> None:
    things = store.documents(THINGS)
    await things.insert_many([thing(id) for id in "abc"])
    assert list(await things.get_many(["c", "x", "a", "c"])) == ["c", "a"]
    assert await things.get_many([]) == {}
    with pytest.raises(Invalid):
        await things.get_many([str(number) for number in range(1001)])


@pytest.mark.parametrize("kind", ["things", "laid_out"])
async def test_pages_follow_the_index_and_break_ties_by_id(store: Store, kind: str) -> None:
    things = store.documents(THINGS if kind == "things" else LAID_OUT)
    rows = [
        thing("e", minutes=1),
        thing("d", minutes=3),
        thing("c", minutes=2),
        thing("b", minutes=2),
        thing("a", minutes=2),
    ]
    await things.insert_many([*rows, thing("other", rank=1)])
    index, equal = ("by_flag", (False, 0)) if kind == "things" else ("line", (0,))
    expected = ["a", "b", "c", "d", "e"] if kind == "things" else ["e", "a", "b", "c", "d"]
    assert await walk(things, index, *equal) == expected
    assert await walk(things, index, *equal, newest_first=True) == expected[::-1]


async def test_pages_over_fewer_equal_keys_are_ordered_by_the_rest(store: Store) -> None:
    things = store.documents(THINGS)
    await things.insert_many(
        [thing("a", rank=2), thing("b", rank=1, flag=True), thing("c", rank=-1), thing("d", rank=2)]
    )
    assert await walk(things, "by_flag") == ["c", "a", "d", "b"]
    assert await walk(things, "by_flag", False) == ["c", "a", "d"]
    assert await walk(things, "by_flag", newest_first=True) == ["b", "d", "a", "c"]


async def test_since_and_until_are_inclusive(store: Store) -> None:
    things = store.documents(THINGS)
    await things.insert_many([thing(str(minute), minutes=minute) for minute in range(8)])
    since, until = NOON + timedelta(minutes=2), NOON + timedelta(minutes=6)
    assert await walk(things, "by_at", since=since, until=until) == ["2", "3", "4", "5", "6"]
    assert await walk(things, "by_at", since=since, until=until, newest_first=True) == ["6", "5", "4", "3", "2"]
    assert await walk(things, "by_at", until=since) == ["0", "1", "2"]
    assert await walk(things, "by_at", since=until, newest_first=True) == ["7", "6"]
    with pytest.raises(ValueError, match="no key is left"):
        await things.page("by_flag", True, 1, since=1)


async def test_a_sparse_index_holds_only_what_has_its_keys(store: Store) -> None:
    things = store.documents(THINGS)
    await things.insert_many([thing("a", owner="u", rank=2), thing("b"), thing("c", owner="u"), thing("d", owner="")])
    assert await walk(things, "by_owner") == ["d", "c", "a"]
    assert await walk(things, "by_owner", "u") == ["c", "a"]
    assert await things.replace(thing("c"), 1)
    assert await walk(things, "by_owner", "u") == ["a"]
    assert await things.count("by_owner") == 2


async def test_an_index_over_a_list_holds_each_element_once(store: Store) -> None:
    things = store.documents(THINGS)
    await things.insert_many(
        [thing("a", tags=("x", "y", "x"), minutes=2), thing("b", tags=("y",), minutes=1), thing("c")]
    )
    assert await walk(things, "by_tag", "y") == ["b", "a"]
    assert await walk(things, "by_tag", "x", newest_first=True) == ["a"]
    assert await things.count("by_tag", "y") == 2
    assert await things.replace(thing("a", tags=("z",)), 1)
    assert await things.delete("b")
    assert [await walk(things, "by_tag", tag) for tag in "xyz"] == [[], [], ["a"]]
    with pytest.raises(ValueError, match="takes 1 to 2 values"):
        await things.page("by_tag")


async def test_text_is_ordered_by_code_point(store: Store) -> None:
    things = store.documents(THINGS)
    names = ["", "A", "Z", "a", "z", "ä", "ﬀ", "😀", "a b", "a\x00b"]
    await things.insert_many([thing(f"t{number}", owner=name) for number, name in enumerate(names)])
    found = await things.page("by_owner", limit=100)
    assert [item.owner for item in found.items] == sorted(names)


async def test_pages_go_on_where_they_were_while_others_write(store: Store) -> None:
    things = store.documents(THINGS)
    await things.insert_many([thing(str(minute), minutes=minute) for minute in (1, 3, 5, 7)])
    first = await things.page("by_at", limit=2)
    await things.insert_many([thing("0", minutes=0), thing("4", minutes=4)])
    await things.delete("3")
    second = await things.page("by_at", limit=2, after=first.next)
    assert [item.id for item in second.items] == ["4", "5"]


async def test_a_last_page_that_is_full_has_no_next(store: Store) -> None:
    things = store.documents(THINGS)
    await things.insert_many([thing("a"), thing("b")])
    page = await things.page("by_at", limit=2)
    assert (len(page.items), page.next) == (2, None)
    assert await things.page("by_owner", "nobody") == Page([])


async def test_foreign_cursors_limits_and_indexes_are_refused(store: Store) -> None:
    things = store.documents(THINGS)
    await things.insert_many([thing(id, tags=("x",)) for id in "abc"])
    cursor = (await things.page("by_at", limit=1)).next
    assert cursor is not None
    for after in ("", "x", "ü", "AAAA", cursor[:-4], cursor + "AAAA"):
        with pytest.raises(Invalid):
            await things.page("by_at", after=after)
    with pytest.raises(Invalid):
        await things.page("by_at", after=cursor, newest_first=True)
    with pytest.raises(Invalid):
        await things.page("by_flag", after=cursor)
    for limit in (0, -1, 1001):
        with pytest.raises(Invalid):
            await things.page("by_at", limit=limit)
    with pytest.raises(KeyError):
        await things.page("by_moon")
    with pytest.raises(KeyError):
        await things.count("by_moon")
    with pytest.raises(ValueError, match="takes 0 to 1 values"):
        await things.page("by_at", NOON, 1)


async def test_count_stops_at_its_cap(store: Store) -> None:
    things = store.documents(THINGS)
    await things.insert_many([thing(str(number), flag=number % 2 == 0, rank=number) for number in range(9)])
    assert await things.count("by_flag", True) == 5
    assert await things.count("by_flag", True, 4) == 1
    assert await things.count("by_flag") == 9
    assert await things.count("by_flag", cap=3) == 3


async def test_count_within_bounds_both_inclusive(store: Store) -> None:
    things = store.documents(THINGS)
    await things.insert_many([thing(str(number), flag=number % 2 == 0, rank=number) for number in range(9)])
    assert await things.count("by_flag", True, since=2) == 4
    assert await things.count("by_flag", True, until=4) == 3
    assert await things.count("by_flag", True, since=2, until=6) == 3
    assert await things.count("by_flag", True, since=3, until=3) == 0
    assert await things.count("by_flag", True, since=0, cap=2) == 2
    with pytest.raises(ValueError, match="no key is left to bound"):
        await things.count("by_flag", True, 4, since=1)


@pytest.mark.parametrize("kind", ["things", "laid_out"])
async def test_scan_gives_every_document_in_order_of_id(store: Store, kind: str) -> None:
    things = store.documents(THINGS if kind == "things" else LAID_OUT)
    await things.insert_many([thing(id, rank=rank) for rank, id in enumerate("dbca")])
    assert [item.id for item in await things.scan()] == ["a", "b", "c", "d"]
    assert [item.id for item in await things.scan("a", 2)] == ["b", "c"]
    assert await things.scan("d") == []


async def test_moments_are_kept_in_whole_milliseconds(store: Store) -> None:
    things = store.documents(THINGS)
    old = thing("old", minutes=-60 * 24 * 365 * 80)
    await things.insert_many([dataclasses.replace(thing("t"), at=NOON + timedelta(milliseconds=1)), old])
    assert [item.at for item in (await things.page("by_at")).items] == [old.at, NOON + timedelta(milliseconds=1)]


async def test_large_documents_and_pages_of_them(store: Store) -> None:
    things = store.documents(THINGS)
    data = bytes(range(256)) * 300
    await things.insert_many([thing(str(number), data=data) for number in range(40)])
    page = await things.page("by_at", limit=1000)
    assert len(page.items) == 40
    assert all(item.data == data for item in page.items)


async def test_kinds_do_not_see_each_other(store: Store) -> None:
    await store.documents(THINGS).insert(thing("t"))
    assert await store.documents(LAID_OUT).get("t") is None
    assert store.documents(THINGS) is store.documents(THINGS)


async def test_everything_is_there_after_opening_again(store: Store, reopen: Reopen) -> None:
    rows = [thing("a", owner="u", tags=("x",)), thing("b", flag=True)]
    await store.documents(THINGS).insert_many(rows)
    await store.documents(LAID_OUT).insert_many(rows)
    again = await reopen()
    for kind in (THINGS, LAID_OUT):
        assert await again.documents(kind).scan() == [dataclasses.replace(row, version=1) for row in rows]
    assert await walk(again.documents(THINGS), "by_tag", "x") == ["a"]
    assert await again.documents(SETTINGS).get("nothing") is None
