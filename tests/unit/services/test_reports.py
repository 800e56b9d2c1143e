"""Reports say what the facts say: to the cent, to the day of the company's zone, and plainly where they cannot."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from random import Random
from zipfile import ZipFile

import pytest

from hub.business import build_business
from hub.domain.address import Address
from hub.domain.conversation import Conversation, ConversationState
from hub.domain.errors import Invalid, NotFound, Refused
from hub.domain.ids import ContactId, ConversationId, InteractionId
from hub.domain.interaction import Direction, Interaction, InteractionKind
from hub.domain.ledger import Book, EntryDraft, EntryKind
from hub.domain.people import StaffLink, UserRole, staff_link_id
from hub.domain.reminder import ReminderKind
from hub.domain.report import Area, Bucket, Figure, ReportName, ReportQuery, Step, bucket_id
from hub.ports.kinds import BUCKETS, CONVERSATIONS, DIRTY_DAYS, INTERACTIONS, LEDGER, OUTBOX, REMINDERS, SHARES
from hub.reporting import build_reporting
from hub.services.reports.drawing import draw_charts, tell_lines
from hub.services.reports.marking import mark_store
from hub.services.reports.payments import foretell, read_invoices
from hub.services.reports.periods import before_of, periods_of, span_of
from hub.services.reports.reports import Reports
from hub.services.reports.sheets import write_csv
from hub.services.reports.wording import tell_few
from tests.office import Office

TODAY = date(2026, 11, 24)


class Desk:
    """An office whose writes mark their days, as in a hub."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.store, self.marks = mark_store(office.store, "Europe/Berlin")
        ground = replace(office.ground(), store=self.store)
        self.business = build_business(ground)
        self.reporting = build_reporting(ground, self.business, self.marks)
        self.reports: Reports = self.reporting.reports

    async def book(self, kind: EntryKind, number: str, day: date, amount: str, contact: ContactId, **more: str) -> str:
        draft = EntryDraft(
            contact_id=contact,
            kind=kind,
            number=number,
            date=day,
            due=day + timedelta(days=14) if kind is EntryKind.INVOICE else None,
            amount=Decimal(amount),
            currency=more.get("currency", "EUR"),
        )
        entry = await self.business.accounts.post(self.office.admin, draft, key=f"{kind}{number}{day}")
        return entry.id

    async def read(self, name: str, **query: object) -> list[tuple[str, str, list[str]]]:
        report = await self.reports.read(self.office.admin, ReportQuery(name=name, **query))  # type: ignore[arg-type]
        return [(row.key, str(row.total), [str(value) for value in row.values]) for row in report.rows]


async def desk() -> tuple[Desk, ContactId]:
    office = await Office.open()
    office.clock.advance((datetime(2026, 11, 24, 12, tzinfo=UTC) - office.clock.now()).total_seconds())
    made = Desk(office)
    return made, (await office.customer("Petra Müller", "petra@kunde.example")).id


def message(at: datetime) -> Interaction:
    return Interaction(
        id=InteractionId("i_1"),
        contact_id=ContactId("c_1"),
        at=at,
        kind=InteractionKind.MESSAGE,
        direction=Direction.INBOUND,
        channel="email",
    )


def talk(id: str, contact: ContactId, at: datetime) -> Conversation:
    peer = Address(channel="email", normal="petra@kunde.example")
    return Conversation(
        id=ConversationId(id),
        contact_id=contact,
        channel="email",
        account="office",
        peer=peer,
        peer_key=peer.key,
        created_at=at,
        last_at=at,
        last_interaction=InteractionId(f"i_{id}"),
    )


def revenue_in_ledger(office: Office, currency: str, first: date, last: date) -> Decimal:
    """The plain sum over the books, without any of the code that reports use."""
    return -sum(
        (
            line.amount
            for entry in office.store.documents(LEDGER).rows.values()
            for line in entry.postings
            if line.book is Book.REVENUE and entry.currency == currency and first <= entry.date <= last
        ),
        Decimal(),
    )


async def test_revenue_is_right_to_the_cent_against_the_ledger() -> None:
    it, petra = await desk()
    for number in range(40):
        day = TODAY - timedelta(days=number * 9)
        await it.book(EntryKind.INVOICE, f"R-{number}", day, f"{number * 37 + 10}.{number:02}", petra)
    await it.book(EntryKind.INVOICE, "P-1", TODAY, "99.99", petra, currency="GBP")
    await it.book(EntryKind.CREDIT_NOTE, "G-1", TODAY, "12.34", petra)
    await it.book(EntryKind.PAYMENT, "", TODAY, "500.00", petra)
    wrong = await it.book(EntryKind.INVOICE, "R-wrong", TODAY, "777.77", petra)
    await it.business.accounts.reverse(it.office.admin, wrong, "typed wrongly", key="back")
    for step in Step:
        report = await it.reports.read(it.office.admin, ReportQuery(name="revenue", step=step.value))
        first, last = report.periods[0].first, report.periods[-1].last
        totals = {row.currency: row.total for row in report.rows}
        assert totals["EUR"] == revenue_in_ledger(it.office, "EUR", first, last)
        assert totals["GBP"] == Decimal("99.99")
        assert sum(value for row in report.rows for value in row.values if value is not None) == sum(totals.values())
        assert report.pending == 0
    told = await it.reports.tell(it.office.admin, ReportQuery(name="revenue", span="year", language="de"))
    year = revenue_in_ledger(it.office, "EUR", date(2026, 1, 1), TODAY)
    assert f"{year:,.2f}".translate({44: 46, 46: 44}) in told.text
    assert [picture.data[:8] for picture in told.pictures] == [b"\x89PNG\r\n\x1a\n"] * 2


async def test_every_number_leads_to_entries_that_add_up_to_it() -> None:
    it, petra = await desk()
    for number in range(70):
        await it.book(EntryKind.INVOICE, f"R-{number}", TODAY - timedelta(days=number % 20), "10.01", petra)
    report = await it.reports.read(it.office.admin, ReportQuery(name="revenue", step="week"))
    for period, value in zip(report.periods, report.rows[0].values, strict=True):
        found, after = Decimal(), None
        while True:
            page = await it.reports.entries(it.office.admin, "revenue", period.first, period.last, after, limit=7)
            found += sum((entry.amount or Decimal() for entry in page.items), Decimal())
            assert all(entry.contact_name == "Petra Müller" for entry in page.items)
            after = page.next
            if after is None:
                break
        assert found == value


async def test_a_booking_with_an_old_date_changes_the_day_it_names() -> None:
    it, petra = await desk()
    await it.book(EntryKind.INVOICE, "R-1", TODAY - timedelta(days=40), "100.00", petra)
    span = {"since": TODAY - timedelta(days=60), "until": TODAY, "step": "day"}
    assert (await it.read("revenue", **span))[0][1] == "100.00"
    await it.book(EntryKind.INVOICE, "R-2", TODAY - timedelta(days=40), "0.01", petra)
    assert (await it.read("revenue", **span))[0][1] == "100.01"
    assert it.office.store.documents(DIRTY_DAYS).rows == {}


async def test_a_message_before_midnight_counts_on_the_companys_day() -> None:
    it, _ = await desk()
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # 00:30 of the 24th in Berlin
    await it.store.documents(INTERACTIONS).insert(message(late))
    rows = await it.read("messages", since=date(2026, 11, 23), until=date(2026, 11, 24))
    assert rows == [("email", "1", ["0", "1"])]
    hours = await it.reports.read(it.office.admin, ReportQuery(name="hours"))
    assert [(row.key, hour) for row in hours.rows for hour, n in enumerate(row.values) if n] == [("1", 0)]


async def test_a_full_recount_finds_what_was_written_past_the_marks() -> None:
    it, petra = await desk()
    await it.book(EntryKind.INVOICE, "R-1", TODAY, "5.00", petra)
    assert (await it.read("revenue"))[0][1] == "5.00"
    it.office.store.documents(BUCKETS).rows.clear()
    wrong = Bucket(id=bucket_id(Area.MONEY, "2026-11-02"), area=Area.MONEY, day="2026-11-02",
                   figures=(Figure(key="revenue/EUR", amount=Decimal(999), counts=(1,)),))  # fmt: skip
    await it.office.store.documents(BUCKETS).insert(wrong)
    seen = []

    async def step(recount: object) -> None:
        seen.append(recount)

    done = await it.reports.rebuild(it.office.admin, step)
    assert done.done == done.total >= 2
    assert len(seen) > 1
    assert (await it.read("revenue"))[0][1] == "5.00"


async def test_answer_times_and_the_bots_share_come_from_the_conversations() -> None:
    it, petra = await desk()
    base = datetime(2026, 11, 23, 9, tzinfo=UTC)
    for number, (minutes, bot, person) in enumerate([(10, True, False), (20, False, True), (400, True, True)]):
        made = talk(f"v_{number}", petra, base)
        await it.store.documents(CONVERSATIONS).insert(
            replace(
                made,
                first_answer_at=base + timedelta(minutes=minutes),
                bot_answered=bot,
                person_answered=person,
                state=ConversationState.CLOSED,
                closed_at=base + timedelta(hours=20),
            )
        )
    await it.store.documents(CONVERSATIONS).insert(talk("v_9", petra, base))
    response = {key: total for key, total, _ in await it.read("response")}
    assert response == {"answer-median": "20", "answer-p90": "400", "closing-median": "1200", "closing-p90": "1200"}
    shares = {key: total for key, total, _ in await it.read("bot")}
    assert shares == {"bot": "1", "handed-over": "1", "person": "1", "unanswered": "1"}


async def test_too_little_data_is_said_plainly_and_nothing_is_drawn_of_nothing() -> None:
    it, petra = await desk()
    for name in ReportName:
        report = await it.reports.read(it.office.admin, ReportQuery(name=name.value))
        assert tell_lines(report, "de")
        for chart in draw_charts(report, "en"):
            assert chart.table
        assert write_csv(report, "de").startswith(b"\xef\xbb\xbf")
    with pytest.raises(NotFound):
        await it.reports.picture(it.office.admin, ReportQuery(name="payments-forecast"))
    await it.book(EntryKind.INVOICE, "R-1", TODAY - timedelta(days=50), "5.00", petra)
    told = await it.reports.tell(it.office.admin, ReportQuery(name="revenue-forecast", language="en"))
    assert "too little data" in told.text
    assert "(1 values, 8 are needed)" in told.text or "(0 values, 8 are needed)" in told.text


async def test_forecasts_tell_their_error_and_their_band() -> None:
    it, _ = await desk()
    for back in range(1, 200):
        day = (TODAY - timedelta(days=back)).isoformat()
        count = 13 + (back * 7) % 5
        figure = Figure(key="email/in", counts=(count, *[0] * 23))
        await it.office.store.documents(BUCKETS).insert(
            Bucket(id=bucket_id(Area.MESSAGES, day), area=Area.MESSAGES, day=day, figures=(figure,))
        )
    report = await it.reports.read(it.office.admin, ReportQuery(name="messages-forecast"))
    row = report.rows[0]
    ahead = [
        (low, value, high) for low, value, high in zip(row.low, row.values, row.high, strict=True) if value is not None
    ]
    assert len(ahead) == 14
    assert all(low is not None and high is not None and low <= value <= high for low, value, high in ahead)
    assert report.outlooks[0].error is not None
    assert not report.outlooks[0].rare
    assert "backtest error" in " ".join(tell_lines(report, "en"))


async def test_of_rare_messages_the_error_is_told_as_it_is() -> None:
    it, _ = await desk()
    dice = Random("rare")
    for back in range(1, 200):
        day = (TODAY - timedelta(days=back)).isoformat()
        figures = (Figure(key="fax/in", counts=(dice.choice((0, 0, 5, 0)), *[0] * 23)),)
        await it.office.store.documents(BUCKETS).insert(
            Bucket(id=bucket_id(Area.MESSAGES, day), area=Area.MESSAGES, day=day, figures=figures)
        )
    report = await it.reports.read(it.office.admin, ReportQuery(name="messages-forecast"))
    (outlook,) = report.outlooks
    assert outlook.rare
    assert outlook.off is not None
    assert outlook.error is not None
    off = {lang: tell_few(outlook.off, lang) for lang in ("de", "en")}
    assert f"meist um {off['de']} Nachrichten am Tag daneben" in " ".join(tell_lines(report, "de"))
    assert f"usually off by {off['en']} messages a day" in " ".join(tell_lines(report, "en"))
    single = replace(report, outlooks=(replace(outlook, off=1.02),))
    assert "um eine Nachricht am Tag daneben" in " ".join(tell_lines(single, "de"))
    assert "off by one message a day" in " ".join(tell_lines(single, "en"))
    assert "%" not in " ".join(tell_lines(report, "en")[:2])


@pytest.mark.parametrize(
    ("value", "words"), [(0.04, "0"), (0.57, "0,6"), (0.98, "1"), (1.44, "1,4"), (2.04, "2"), (2.6, "3"), (31.2, "31")]
)
def test_small_means_are_told_shortly(value: float, words: str) -> None:
    assert tell_few(value, "de") == words


async def test_payments_follow_each_customers_habit() -> None:
    it, petra = await desk()
    slow = (await it.office.customer("Late Payer", "late@kunde.example")).id
    for number in range(6):
        day = TODAY - timedelta(days=100 + number * 30)
        for contact, days in ((petra, 14), (slow, 14 + 28)):
            await it.book(EntryKind.INVOICE, f"R-{contact[-3:]}-{number}", day, "100.00", contact)
            await it.book(
                EntryKind.PAYMENT, f"Z-{contact[-3:]}-{number}", day + timedelta(days=days), "100.00", contact
            )
    await it.book(EntryKind.INVOICE, "R-prompt", TODAY - timedelta(days=11), "70.00", petra)
    await it.book(EntryKind.INVOICE, "R-slow", TODAY - timedelta(days=11), "30.00", slow)
    entries = sorted(it.office.store.documents(LEDGER).rows.values(), key=lambda entry: entry.date)
    made = foretell(read_invoices(entries), TODAY)
    assert [round(point) for point in made.points] == [70, 0, 0, 0, 30, 0, 0, 0]
    assert made.error is not None
    rows = await it.read("payments-forecast")
    assert rows[0][1] == "100.00"


async def test_files_hold_the_exact_values() -> None:
    it, petra = await desk()
    await it.book(EntryKind.INVOICE, "=HYPERLINK(1)", TODAY, "1234.56", petra)
    query = ReportQuery(name="revenue", language="de")
    text = (await it.reports.export(it.office.admin, query, "csv")).data.decode("utf-8-sig")
    assert "1234.56" in text
    sheet = (await it.reports.export(it.office.admin, query, "xlsx")).data
    assert b"1234.56" in ZipFile(BytesIO(sheet)).read("xl/worksheets/sheet1.xml")
    pdf = await it.reports.export(it.office.admin, query, "pdf")
    assert pdf.data.startswith(b"%PDF")
    with pytest.raises(Invalid):
        await it.reports.export(it.office.admin, query, "exe")


async def test_bad_questions_are_refused_with_a_reason() -> None:
    it, _ = await desk()
    for query in (
        ReportQuery(name="revenue", step="hour"),
        ReportQuery(name="revenue", since=date(2026, 5, 1), until=date(2026, 4, 1)),
        ReportQuery(name="revenue", since=date(1, 1, 1)),
        ReportQuery(name="revenue", step="day", since=date(1995, 1, 1)),
        ReportQuery(name="revenue", span="eternity"),
    ):
        with pytest.raises(Invalid):
            await it.reports.read(it.office.admin, query)
    with pytest.raises(NotFound):
        await it.reports.read(it.office.admin, ReportQuery(name="weather"))
    nobody = replace(it.office.admin, roles=(UserRole.READ_ONLY,), granted=frozenset())
    with pytest.raises(Refused):
        await it.reports.read(nobody, ReportQuery(name="messages"))


def test_periods_are_whole_and_compare_like_with_like() -> None:
    step, since, until = span_of("month", TODAY)
    periods = periods_of(step, since, until, TODAY)
    assert (periods[0].first, periods[-1].last) == (date(2026, 11, 1), TODAY)
    assert before_of(periods, step)[0].first == date(2026, 10, 1)
    months = periods_of(Step.MONTH, date(2026, 1, 15), TODAY, TODAY)
    assert (months[0].first, months[-1].last, months[-1].running) == (date(2026, 1, 1), date(2026, 11, 30), True)
    assert before_of(months, Step.MONTH)[0].first == date(2025, 1, 1)
    weeks = periods_of(Step.WEEK, None, None, TODAY)
    assert len(weeks) == 26
    assert weeks[-1].first == date(2026, 11, 23)


async def test_the_weekly_report_is_told_once_with_its_pdf_to_whoever_chose_it() -> None:
    it, petra = await desk()
    await it.book(EntryKind.INVOICE, "R-1", TODAY, "1234.56", petra)
    weekly, office = it.reporting.weekly, it.office
    address = Address(channel="xmpp", normal="anna@firma.example")
    assert office.anna.user_id is not None
    await office.staff.link(
        StaffLink(id=staff_link_id(address), user_id=office.anna.user_id, address=address, since=office.clock.now())
    )
    await it.business.alerts.choose(office.anna, "weekly-report", True)
    await weekly.plan()
    await weekly.plan()
    planned = [one for one in office.store.documents(REMINDERS).rows.values() if one.kind is ReminderKind.WEEKLY_REPORT]
    assert [one.due_at for one in planned] == [datetime(2026, 11, 30, 6, tzinfo=UTC)]
    office.clock.advance((planned[0].due_at - office.clock.now()).total_seconds())
    before = len(office.store.documents(OUTBOX).rows)
    await weekly.fire(planned[0])
    await weekly.fire(planned[0])
    told = list(office.store.documents(OUTBOX).rows.values())[before:]
    assert [item.recipient for item in told] == [address]
    assert "1.234,56 €" in told[0].content.text
    shares = list(office.store.documents(SHARES).rows.values())
    assert [share.type for share in shares] == ["application/pdf"]
    assert (await office.store.blobs.get(shares[0].sha256)).startswith(b"%PDF")
    assert (
        len([one for one in office.store.documents(REMINDERS).rows.values() if one.kind is ReminderKind.WEEKLY_REPORT])
        == 2
    )
