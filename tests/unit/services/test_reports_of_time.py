"""Appointments that were kept, missed, are planned; events with who registered, came, did not: as the facts say."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from hub.domain.appointment import Appointment, AppointmentState
from hub.domain.errors import Refused
from hub.domain.ids import ContactId
from hub.domain.occasion import OccasionDraft, OccasionState
from hub.domain.people import Right
from hub.domain.report import Area, ReportQuery, bucket_id
from hub.domain.upkeep import Setting
from hub.ports.kinds import APPOINTMENTS, BUCKETS, CONVERSATIONS, DIRTY_DAYS, OCCASIONS, REGISTRATIONS, SETTINGS
from hub.services.reports.aggregation import ZONE
from hub.services.reports.drawing import tell_lines
from hub.services.reports.sheets import write_csv
from tests.unit.services.test_reports import Desk, desk, talk

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
"""One in the afternoon in Berlin, a Tuesday."""
HOUR = timedelta(hours=1)


async def meet(it: Desk, contact: ContactId | None, at: datetime, state: str = "confirmed", **more: object) -> str:
    """As it would stand in the store."""
    number = len(it.office.store.documents(APPOINTMENTS).rows)
    made = Appointment(
        id=f"p_{number}",
        uid=f"u{number}",
        state=AppointmentState(state),
        calendars=("k_1",),
        contact_id=contact,
        title=f"Termin {number}",
        start=at,
        end=at + HOUR,
        time_zone="Europe/Berlin",
        created_by="user:u_1",
        created_at=NOON,
        **more,  # type: ignore[arg-type]
    )
    await it.store.documents(APPOINTMENTS).insert(made)
    return made.id


async def week(it: Desk) -> tuple[dict[str, str], dict[str, list[str]]]:
    rows = await it.read("appointments", step="day", since=date(2026, 11, 23), until=date(2026, 11, 27))
    return {key: total for key, total, _ in rows}, {key: values for key, _, values in rows}


async def test_appointments_are_kept_planned_missed_or_cancelled() -> None:
    it, petra = await desk()
    missed = await meet(it, petra, NOON - 25 * HOUR)
    for hours in (-24, -3, 0):
        await meet(it, petra, NOON + hours * HOUR)
    for hours in (1, 48, 72):
        await meet(it, petra, NOON + hours * HOUR)
    for hours in (-23, 49):
        await meet(it, petra, NOON + hours * HOUR, "cancelled")
    await meet(it, petra, NOON - HOUR, "tentative")
    await meet(it, None, NOON - HOUR)
    await meet(it, petra, NOON - HOUR, recurrence="FREQ=WEEKLY;COUNT=3", repeats=("k_1",))
    totals, _ = await week(it)
    assert totals == {"kept": "4", "planned": "3", "missed": "0", "cancelled": "2"}
    await it.business.calendar.mark_missed(it.office.anna, missed)
    totals, values = await week(it)
    assert totals == {"kept": "3", "planned": "3", "missed": "1", "cancelled": "2"}
    assert values["kept"] == ["1", "2", "None", "None", "None"]
    assert values["planned"] == ["0", "1", "0", "1", "1"]
    assert values["missed"] == ["1", "0", "None", "None", "None"]
    await it.business.calendar.mark_missed(it.office.anna, missed, missed=False)
    assert (await week(it))[0]["missed"] == "0"


async def test_what_was_planned_is_kept_once_its_time_has_come_though_nothing_is_written() -> None:
    it, petra = await desk()
    await meet(it, petra, NOON + HOUR)
    assert (await week(it))[0]["planned"] == "1"
    bucket = it.office.store.documents(BUCKETS).rows[bucket_id(Area.APPOINTMENTS, "2026-11-24")]
    it.office.clock.advance(3_700)
    totals, _ = await week(it)
    assert (totals["kept"], totals["planned"]) == ("1", "0")
    assert it.office.store.documents(BUCKETS).rows[bucket.id] == bucket


async def test_the_usual_span_looks_ahead_and_compares_only_what_was() -> None:
    it, petra = await desk()
    for weeks in (-60, -30, -2, 3):
        await meet(it, petra, NOON + timedelta(weeks=weeks))
    while await it.reporting.aggregation.work_off():
        pass
    report = await it.reports.read(it.office.admin, ReportQuery(name="appointments"))
    assert len(report.periods) == 26
    assert report.periods[-1].first == date(2026, 12, 21)
    rows = {row.key: row for row in report.rows}
    assert (rows["kept"].total, rows["planned"].total, rows["planned"].total_before) == (1, 1, None)
    assert rows["kept"].before[-1] is None
    assert rows["kept"].total_before == 1
    whole = await it.reports.read(it.office.admin, ReportQuery(name="appointments", span="month"))
    assert whole.periods[-1].last == date(2026, 11, 30)


async def test_the_appointments_behind_a_number_say_how_they_stand() -> None:
    it, petra = await desk()
    missed = await meet(it, petra, NOON - 25 * HOUR)
    await meet(it, petra, NOON - HOUR)
    await meet(it, petra, NOON + HOUR)
    await meet(it, petra, NOON + 2 * HOUR, "cancelled")
    await meet(it, petra, NOON, "tentative")
    await it.business.calendar.mark_missed(it.office.anna, missed)
    page = await it.reports.entries(it.office.admin, "appointments", date(2026, 11, 23), date(2026, 11, 24))
    assert [one.kind for one in page.items] == ["missed", "kept", "planned", "cancelled"]
    assert {one.contact_name for one in page.items} == {"Petra Müller"}


async def gather(it: Desk) -> tuple[str, list[ContactId]]:
    """A fair tomorrow for three, with four who register."""
    start = NOON + 24 * HOUR
    draft = OccasionDraft(title="Holzmesse", start=start, end=start + HOUR, capacity=3)
    made = await it.business.gatherings.verbs.create(it.office.anna, draft, key="fair")
    guests = [(await it.office.customer(f"Gast {n}", f"gast{n}@kunde.example")).id for n in range(4)]
    for guest in guests:
        await it.business.gatherings.verbs.register(it.office.anna, made.occasion.id, guest, tell=False)
    return made.occasion.id, guests


async def events(it: Desk, **query: object) -> dict[str, str]:
    query = query or {"since": date(2026, 11, 1), "until": date(2026, 12, 31)}
    return {key: total for key, total, _ in await it.read("events", **query)}


async def test_events_tell_who_registered_cancelled_came_and_did_not() -> None:
    it, _ = await desk()
    fair, guests = await gather(it)
    verbs, anna = it.business.gatherings.verbs, it.office.anna
    assert await events(it) == {"registered": "3", "cancelled": "0", "attended": "0", "missed": "0"}
    await verbs.cancel(anna, fair, guests[0])
    assert await events(it) == {"registered": "3", "cancelled": "1", "attended": "0", "missed": "0"}
    registered = it.office.store.documents(REGISTRATIONS).rows.values()
    it.office.clock.advance(25 * 3_600)
    (code,) = [one.code for one in registered if one.contact_id == guests[1]]
    await verbs.check_in(it.office.admin, code)
    await verbs.set_state(anna, fair, OccasionState.DONE)
    assert await events(it) == {"registered": "3", "cancelled": "1", "attended": "1", "missed": "2"}
    by_day = await it.read("events", step="day", since=date(2026, 11, 24), until=date(2026, 11, 25))
    assert {key: values for key, _, values in by_day}["attended"] == ["0", "1"]
    assert it.office.store.documents(DIRTY_DAYS).rows.keys() & {bucket_id(Area.OCCASIONS, "2026-11-25")} == set()


async def test_the_events_behind_a_number_add_up_to_it() -> None:
    it, _ = await desk()
    fair, guests = await gather(it)
    await it.business.gatherings.verbs.cancel(it.office.anna, fair, guests[3])
    page = await it.reports.entries(it.office.admin, "events", date(2026, 11, 25), date(2026, 11, 25))
    assert [(one.id, one.title, one.kind) for one in page.items] == [(fair, "Holzmesse", "open")]
    assert {key: str(number) for key, number in page.items[0].counts} == await events(it)


async def test_an_event_that_moves_takes_its_numbers_along() -> None:
    it, _ = await desk()
    fair, _ = await gather(it)
    documents = it.store.documents(OCCASIONS)
    found = await documents.get(fair)
    assert found is not None
    before = await events(it, since=date(2026, 11, 1), until=date(2026, 11, 30))
    draft = OccasionDraft(title=found.title, start=found.start + timedelta(days=14), end=found.end + timedelta(days=14),
                          capacity=3)  # fmt: skip
    await it.business.gatherings.verbs.change(it.office.anna, fair, draft, found.version)
    assert before["registered"] == "3"
    assert await events(it, since=date(2026, 11, 1), until=date(2026, 11, 30)) == dict.fromkeys(before, "0")
    assert (await events(it, since=date(2026, 12, 1), until=date(2026, 12, 31)))["registered"] == "3"


async def test_an_event_that_moves_while_somebody_registers_is_counted_where_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    it, _ = await desk()
    fair, guests = await gather(it)
    registrations = it.office.store.documents(REGISTRATIONS)
    known = next(one for one in registrations.rows.values() if one.contact_id == guests[0])
    found = await it.store.documents(OCCASIONS).get(fair)
    assert found is not None
    write = registrations.replace

    async def late(document: object, version: int) -> bool:
        moved = replace(found, start=found.start + timedelta(days=14), end=found.end + timedelta(days=14))
        assert await it.store.documents(OCCASIONS).replace(moved, found.version)
        while await it.reporting.aggregation.work_off():
            pass
        return await write(document, version)

    monkeypatch.setattr(registrations, "replace", late)
    assert await it.store.documents(REGISTRATIONS).replace(known, known.version)
    assert bucket_id(Area.OCCASIONS, "2026-12-09") in it.office.store.documents(DIRTY_DAYS).rows


async def test_who_may_not_see_calendars_sees_no_events() -> None:
    it, _ = await desk()
    reader = replace(it.office.admin, granted=frozenset({Right.READ_STATUS, Right.READ_CONTACTS}))
    with pytest.raises(Refused):
        await it.reports.read(reader, ReportQuery(name="events"))
    with pytest.raises(Refused):
        await it.reports.entries(reader, "events", date(2026, 11, 1), date(2026, 11, 30))
    await it.reports.read(reader, ReportQuery(name="appointments"))


@pytest.mark.parametrize(("language", "words"), [("de", "Angemeldet: 3"), ("en", "Registered: 3")])
async def test_events_are_told_and_exported_in_both_languages(language: str, words: str) -> None:
    it, _ = await desk()
    await gather(it)
    report = await it.reports.read(it.office.admin, ReportQuery(name="events"))
    assert words in " ".join(tell_lines(report, language))
    assert words.split(":")[0] in write_csv(report, language).decode("utf-8-sig").splitlines()[0]
    told = await it.reports.tell(it.office.admin, ReportQuery(name="events", span="year", language=language))
    assert words in told.text
    assert told.pictures[0].data.startswith(b"\x89PNG")


async def test_a_store_that_was_counted_by_an_older_fernamt_is_counted_anew() -> None:
    it, petra = await desk()
    await meet(it, petra, NOON - 2 * HOUR)
    await it.office.store.documents(SETTINGS).insert(Setting(id=ZONE, value="Europe/Berlin", at=NOON))
    while await it.reporting.aggregation.work_off():
        pass
    assert it.office.store.documents(DIRTY_DAYS).rows == {}
    await it.reporting.aggregation.prepare()
    assert bucket_id(Area.APPOINTMENTS, "2026-11-24") in it.office.store.documents(DIRTY_DAYS).rows
    while await it.reporting.aggregation.work_off():
        pass
    await it.reporting.aggregation.prepare()
    assert it.office.store.documents(DIRTY_DAYS).rows == {}


async def test_everybody_who_waits_is_counted_by_how_long() -> None:
    it, petra = await desk()
    waiting = it.office.store.documents(CONVERSATIONS)
    ages = [(0, 700), (59 * 60, 800), (3_600, 400), (86_399, 10), (86_400, 3), (3 * 86_400, 5), (40 * 86_400, 2)]
    number = 0
    for seconds, count in ages:
        for _ in range(count):
            number += 1
            one = replace(talk(f"v_{number}", petra, NOON), waiting_since=NOON - timedelta(seconds=seconds))
            await waiting.insert(one)
    await waiting.insert(talk("v_none", petra, NOON))
    report = await it.reports.read(it.office.admin, ReportQuery(name="waiting"))
    assert [int(value or 0) for value in report.rows[0].values] == [1_500, 400, 10, 3, 7]
    assert report.rows[0].total == 1_920
