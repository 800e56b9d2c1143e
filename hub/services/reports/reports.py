"""The verbs of reports."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hub.domain.chart import Chart
from hub.domain.errors import Invalid, NotFound
from hub.domain.instant import to_utc_ms
from hub.domain.ledger import AgeingRow, LedgerEntry
from hub.domain.people import Actor, Right
from hub.domain.report import (
    FORECASTS,
    NEEDS,
    Area,
    Recount,
    Report,
    ReportEntry,
    ReportName,
    ReportQuery,
    Row,
    Step,
    ToldReport,
    Unit,
)
from hub.domain.views import FileData
from hub.ports.clock import Clock
from hub.ports.kinds import BUCKETS, CONVERSATIONS, LEDGER
from hub.ports.report_verbs import OnRecount, no_recount
from hub.ports.store import Page, Store
from hub.services.audit import Audit
from hub.services.reports import sheets
from hub.services.reports.aggregation import Aggregation, read_buckets
from hub.services.reports.drawing import draw_charts, tell_lines, tell_span
from hub.services.reports.facts import Facts
from hub.services.reports.outlook import DAYS_KNOWN, MONTHS_KNOWN, Outlooks
from hub.services.reports.periods import EARLIEST, before_of, periods_of, read_step, shift, span_of
from hub.services.reports.trends import TRENDS, Split
from hub.services.reports.wording import say
from hub.services.reports.yearly import tell_year

AGES = ("not_due", "up_to_30", "up_to_60", "up_to_90", "older")
WAITS = (("under-1h", 3600), ("under-4h", 4 * 3600), ("under-1d", 86_400), ("under-3d", 3 * 86_400))
MOST_WAITING = 10_000_000
INSTANT = timedelta(milliseconds=1)
MOST_PICTURES = 3
MOST_BOOKINGS = 50_000
BOOKINGS_DAYS = 730
AREAS = {ReportName.MESSAGES_FORECAST: Area.MESSAGES, ReportName.REVENUE_FORECAST: Area.MONEY,
         ReportName.PAYMENTS_FORECAST: Area.MONEY, ReportName.OPEN_ITEMS: Area.MONEY,
         ReportName.WAITING: Area.CONVERSATIONS}  # fmt: skip
Ageing = Callable[[Actor], Awaitable[list[AgeingRow]]]


class Reports:
    """Implements hub.ports.report_verbs.ReportVerbs."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        audit: Audit,
        aggregation: Aggregation,
        ageing: Ageing,
        company: str,
        time_zone: str,
    ) -> None:
        self._buckets, self._conversations = store.documents(BUCKETS), store.documents(CONVERSATIONS)
        self._ledger = store.documents(LEDGER)
        self._clock, self._audit, self._aggregation = clock, audit, aggregation
        self._ageing, self._company, self._zone = ageing, company, ZoneInfo(time_zone)
        self._outlooks = Outlooks()
        self._facts = Facts(store, aggregation.gathering)

    # Reading

    async def read(self, actor: Actor, query: ReportQuery) -> Report:
        """See ReportVerbs."""
        name = self._permit(actor, query.name, "reports.read")
        await self._audit.seen(actor, "reports.read", name.value)
        return await self._make(actor, name, query)

    def _permit(self, actor: Actor, name: str, verb: str) -> ReportName:
        self._audit.permit(actor, Right.READ_STATUS, verb, name[:60])
        try:
            found = ReportName(name)
        except ValueError as error:
            known = [one.value for one in ReportName]
            raise NotFound(f"There is no such report; there are: {', '.join(known)}.", nearest=known) from error
        if found in NEEDS:
            self._audit.permit(actor, NEEDS[found], verb, name)
        return found

    def _today(self) -> date:
        return self._clock.now().astimezone(self._zone).date()

    def _quarter(self) -> int:
        """So many quarters of an hour of today have begun."""
        now = self._clock.now().astimezone(self._zone)
        return now.hour * 4 + now.minute // 15 + 1

    async def _make(self, actor: Actor, name: ReportName, query: ReportQuery) -> Report:
        if name is ReportName.WAITING:
            return await self._waiting()
        if name is ReportName.OPEN_ITEMS:
            return self._open_items(await self._ageing(actor))
        return await (self._forecast(name) if name in FORECASTS else self._trend(name, query))

    async def _trend(self, name: ReportName, query: ReportQuery) -> Report:
        trend, today = TRENDS[name], self._today()
        step, since, until = read_step(query.step, trend.step), query.since, query.until
        if query.span:
            usual, since, until = span_of(query.span, today, whole=trend.ahead is not None)
            step = read_step(query.step, usual)
        periods = periods_of(step, since, until, today, trend.ahead[step] if trend.ahead else 0)
        first = min(periods[0].first, before_of(periods, step)[0].first)
        if name is ReportName.CUSTOMERS:
            # Who is new can only be told by knowing everybody from before.
            first = EARLIEST
        pending = await self._aggregation.catch_up(trend.area, first, periods[-1].last)
        buckets = await read_buckets(self._buckets, trend.area, first, periods[-1].last)
        oldest = await self._buckets.page("by_day", trend.area, limit=1)
        begun = date.fromisoformat(oldest.items[0].day) if oldest.items else None
        rows = trend.rows(Split(buckets, periods, step, today, begun, self._quarter()))
        return Report(
            name=name,
            step=step,
            unit=trend.unit,
            at=self._clock.now(),
            periods=periods,
            rows=tuple(rows),
            pending=pending,
        )

    async def _forecast(self, name: ReportName) -> Report:
        today, at = self._today(), self._clock.now()
        if name is ReportName.PAYMENTS_FORECAST:
            return await self._outlooks.payments(await self._bookings(today), today, at)
        messages = name is ReportName.MESSAGES_FORECAST
        first = (
            today - timedelta(days=DAYS_KNOWN) if messages else shift(today.replace(day=1), Step.MONTH, -MONTHS_KNOWN)
        )
        area = Area.MESSAGES if messages else Area.MONEY
        pending = await self._aggregation.catch_up(area, first, today)
        buckets = await read_buckets(self._buckets, area, first, today)
        make = self._outlooks.messages if messages else self._outlooks.revenue
        return replace(await make(buckets, today, at), pending=pending)

    async def _bookings(self, today: date) -> list[LedgerEntry]:
        """The bookings of the last two years, the newest ones where there are too many."""
        found: list[LedgerEntry] = []
        after: str | None = None
        since = today - timedelta(days=BOOKINGS_DAYS)
        while len(found) < MOST_BOOKINGS:
            page = await self._ledger.page(
                "by_date", since=since, until=today, after=after, limit=500, newest_first=True
            )
            found += page.items
            after = page.next
            if after is None:
                break
        return found[::-1]

    async def _waiting(self) -> Report:
        """Who waits now, by how long: all of them, counted in the index."""
        now, counts = to_utc_ms(self._clock.now()), []
        until: datetime | None = None
        for _, most in WAITS:
            edge = now - timedelta(seconds=most)
            counts.append(
                await self._conversations.count("waiting", since=edge + INSTANT, until=until, cap=MOST_WAITING)
            )
            until = edge
        counts.append(await self._conversations.count("waiting", until=until, cap=MOST_WAITING))
        row = Row(key="begun", values=tuple(Decimal(one) for one in counts), total=Decimal(sum(counts)))
        labels = (*(label for label, _ in WAITS), "over-3d")
        return Report(
            name=ReportName.WAITING, step=Step.DAY, unit=Unit.COUNT, at=now, labels=labels, rows=(row,)
        )  # fmt: skip

    def _open_items(self, ageing: Sequence[AgeingRow]) -> Report:
        rows = []
        for currency in sorted({row.currency for row in ageing}):
            mine = [row for row in ageing if row.currency == currency]
            values = tuple(sum((getattr(row, age) for row in mine), Decimal()) for age in AGES)
            rows.append(Row(key=currency, currency=currency, values=values, total=sum(values, Decimal())))
        return Report(
            name=ReportName.OPEN_ITEMS,
            step=Step.DAY,
            unit=Unit.MONEY,
            at=self._clock.now(),
            labels=AGES,
            rows=tuple(rows),
        )

    async def entries(
        self, actor: Actor, name: str, since: date, until: date, after: str | None = None, limit: int = 50
    ) -> Page[ReportEntry]:
        """See ReportVerbs."""
        found = self._permit(actor, name, "reports.entries")
        self._audit.permit(actor, Right.READ_CONTACTS, "reports.entries", name)
        if not 1 <= limit <= 200:
            raise Invalid("A page holds 1 to 200 entries.", field="limit")
        await self._audit.seen(actor, "reports.entries", f"{name} {since} {until}")
        area = AREAS.get(found) or TRENDS[found].area
        return await self._facts.page(area, since, until, after, limit, self._clock.now())

    # Files

    async def picture(self, actor: Actor, query: ReportQuery) -> FileData:
        """See ReportVerbs."""
        name = self._permit(actor, query.name, "reports.picture")
        await self._audit.seen(actor, "reports.picture", name.value)
        report = await self._make(actor, name, query)
        charts: list[Chart] = draw_charts(report, query.language)
        if not charts:
            words = " ".join(tell_lines(report, query.language))
            raise NotFound(words or say(query.language, "nothing"), nearest=[])
        return await self._picture(report, charts[0])

    async def tell(self, actor: Actor, query: ReportQuery) -> ToldReport:
        """See ReportVerbs."""
        name = self._permit(actor, query.name, "reports.tell")
        await self._audit.seen(actor, "reports.tell", name.value)
        report = await self._make(actor, name, query)
        lines = tell_lines(report, query.language)
        if name is ReportName.REVENUE and query.span == "year":
            lines += tell_year(report, await self._forecast(ReportName.REVENUE_FORECAST), query.language)
        charts = draw_charts(report, query.language)[:MOST_PICTURES]
        head = f"{say(query.language, name.value)} {tell_span(report, query.language)}".strip()
        return ToldReport(
            text="\n".join([f"{head}:", *lines]),
            pictures=tuple([await self._picture(report, chart, place) for place, chart in enumerate(charts)]),
        )

    async def _picture(self, report: Report, chart: Chart, place: int = 0) -> FileData:
        data = await asyncio.to_thread(sheets.picture_of, chart)
        ending = f"{place + 1}.png" if place else "png"
        return FileData(name=sheets.file_name(report, ending), type="image/png", data=data)

    async def export(self, actor: Actor, query: ReportQuery, form: str) -> FileData:
        """See ReportVerbs."""
        name = self._permit(actor, query.name, "reports.export")
        if form not in sheets.TYPES:
            raise Invalid("A report is exported as csv, xlsx or pdf.", field="form")
        await self._audit.seen(actor, "reports.export", name.value)
        report = await self._make(actor, name, query)
        if form == "pdf":
            data = await self.write_pdf([report], query.language, say(query.language, name.value))
        else:
            write = sheets.write_csv if form == "csv" else sheets.write_xlsx
            data = await asyncio.to_thread(write, report, query.language)
        return FileData(name=sheets.file_name(report, form), type=sheets.TYPES[form], data=data)

    async def write_pdf(self, reports: Sequence[Report], language: str, title: str) -> bytes:
        """Several reports as one document. No verb: whoever calls it has asked for the rights."""
        return await asyncio.to_thread(
            sheets.write_pdf, reports, language, company=self._company, title=title, today=self._today()
        )

    # Everything anew

    async def rebuild(self, actor: Actor, on_step: OnRecount = no_recount) -> Recount:
        """See ReportVerbs."""
        self._audit.permit(actor, Right.RUN_CHANNELS, "reports.rebuild")
        marked = await self._aggregation.mark_all()
        await self._audit.record(actor, "reports.rebuild", detail=f"{marked.total} days")
        await on_step(marked)
        while left := await self._aggregation.work_off():
            await on_step(Recount(done=max(0, marked.total - left), total=marked.total))
        done = Recount(done=marked.total, total=marked.total)
        await on_step(done)
        return done
