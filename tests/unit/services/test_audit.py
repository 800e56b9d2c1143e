import asyncio
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from hub.domain.errors import Invalid, Refused, StoreUnavailable
from hub.ports.kinds import AUDIT
from hub.services import audit as audit_module
from tests.office import CONTACT_ACTOR, Office


@pytest.fixture
async def office() -> Office:
    return await Office.open()


async def test_a_write_is_durable_when_its_verb_returns(office: Office) -> None:
    await office.audit.record(office.anna, "test.write", "c_1")
    assert (f"user:{office.anna.id}", "test.write", "c_1", "ok") in office.audited()


async def test_reads_wait_in_the_buffer_and_are_flushed_by_the_task_and_at_its_end(office: Office) -> None:
    task = asyncio.create_task(office.audit.run(), name="audit")
    await office.audit.seen(office.anna, "test.read", "c_1")
    assert "test.read" not in [entry[1] for entry in office.audited()]
    await asyncio.sleep(0)
    office.later(seconds=3)
    for _ in range(20):
        await asyncio.sleep(0)
    assert "test.read" in [entry[1] for entry in office.audited()]
    await office.audit.seen(office.anna, "test.last")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "test.last" in [entry[1] for entry in office.audited()]


async def test_nothing_is_lost_while_the_store_is_down(office: Office) -> None:
    for number in range(1_200):
        await office.audit.seen(office.anna, "test.read", str(number))
    office.store.fail(StoreUnavailable("full"), times=1)
    with pytest.raises(StoreUnavailable):
        await office.audit.flush()
    await office.audit.flush()
    subjects = [entry[2] for entry in office.audited() if entry[1] == "test.read"]
    assert sorted(map(int, subjects)) == list(range(1_200))


async def test_a_full_buffer_makes_the_reader_write_it_out(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_module, "BUFFER", 3)
    for number in range(4):
        await office.audit.seen(office.anna, "test.read", str(number))
    assert [entry[2] for entry in office.audited() if entry[1] == "test.read"] == ["0", "1", "2"]


async def test_a_refusal_is_audited_and_names_the_right_and_who_grants_it(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        await office.users.add(office.anna, "eve", office.anna.roles[0])
    assert '"run-users"' in refused.value.sentence
    assert "an admin can grant it" in refused.value.sentence
    await office.audit.flush()
    assert (f"user:{office.anna.id}", "users.add", "eve", "refused") in office.audited()


async def test_a_day_is_that_of_the_zone_and_its_pages_leave_nothing_out(office: Office) -> None:
    """A day in Berlin lies across two days of UTC, by which the log is filed."""
    berlin = ZoneInfo("Europe/Berlin")
    office.later(seconds=(datetime(2026, 11, 24, 22, 30, tzinfo=UTC) - office.clock.now()).total_seconds())
    for name in ("before", "first", "second", "third", "after"):
        await office.audit.record(office.anna, f"test.{name}")
        office.later(minutes={"before": 31, "third": 23 * 60}.get(name, 30))
    found, after = [], None
    while True:
        page = await office.audit.page(office.admin, "2026-11-25", after, 2, zone=berlin)
        found += [entry.verb for entry in page.items]
        after = page.next
        if after is None:
            break
    assert found == ["test.third", "test.second", "test.first"]
    of_utc = (await office.audit.page(office.admin, "2026-11-25")).items
    assert [it.verb for it in of_utc if it.verb.startswith("test.")] == ["test.after", "test.third"]
    for day, cursor in (("25.11.2026", None), ("9999-12-31", None), ("2026-11-25", "2020-01-01~x")):
        with pytest.raises(Invalid):
            await office.audit.page(office.admin, day, cursor, zone=berlin)


async def test_the_log_is_read_by_day_newest_first_by_admins_only(office: Office) -> None:
    await office.audit.record(office.anna, "test.old")
    office.later(days=1)
    await office.audit.record(office.anna, "test.first")
    office.later(seconds=1)
    await office.audit.record(office.anna, "test.second")
    office.later(seconds=1)
    verbs = [entry.verb for entry in (await office.audit.page(office.admin)).items]
    assert verbs == ["audit.page", "test.second", "test.first"]
    yesterday = (office.clock.now().date().replace(day=office.clock.now().day - 1)).isoformat()
    assert "test.old" in [entry.verb for entry in (await office.audit.page(office.admin, yesterday)).items]
    with pytest.raises(Refused):
        await office.audit.page(office.anna)
    with pytest.raises(Refused):
        await office.audit.page(CONTACT_ACTOR)


async def test_entries_hold_their_day(office: Office) -> None:
    await office.audit.record(office.anna, "test.write")
    days = {row.day for row in office.store.documents(AUDIT).rows.values()}
    assert days == {office.clock.now().date().isoformat()}
