"""Reports in the console: what there is, one of them as chart and table, the facts behind a number, files."""

from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from aiohttp import web
from markupsafe import Markup

from hub.domain.chart import Chart
from hub.domain.errors import Invalid
from hub.domain.report import FORECASTS, NEEDS, Period, Report, ReportEntry, ReportName, Step
from hub.services.charts.geometry import NARROW, tints
from hub.services.charts.svg import draw_svg
from hub.services.reports.drawing import draw_charts, tell_lines, tell_span
from hub.services.reports.wording import say, tell_day, tell_days
from hub.web.api.reports import day_of, query_of
from hub.web.downloads import as_download
from hub.web.formats import Reader
from hub.web.pages import page, reader_of
from hub.web.site import actor_of, site_of

GROUPS = (
    ("people", (ReportName.MESSAGES, ReportName.HOURS, ReportName.RESPONSE, ReportName.WAITING, ReportName.BOT,
                ReportName.APPOINTMENTS, ReportName.EVENTS)),
    ("money", (ReportName.REVENUE, ReportName.OPEN_ITEMS, ReportName.CUSTOMERS)),
    ("ahead", (ReportName.MESSAGES_FORECAST, ReportName.REVENUE_FORECAST, ReportName.PAYMENTS_FORECAST)),
)  # fmt: skip
LIVE = frozenset({ReportName.WAITING, ReportName.OPEN_ITEMS})
"""As it is now: no periods to choose."""
STANDING = frozenset({ReportName.APPOINTMENTS.value, ReportName.EVENTS.value})
"""Of whose facts it matters how they stand."""


def _groups(request: web.Request) -> list[tuple[str, list[tuple[str, str]]]]:
    """(group, (name, title)) of what the colleague may see."""
    language, rights = reader_of(request).language, actor_of(request).rights
    found = []
    for group, names in GROUPS:
        allowed = [one for one in names if one not in NEEDS or NEEDS[one] in rights]
        if allowed:
            found.append((group, [(one.value, say(language, one.value)) for one in allowed]))
    return found


async def list_reports(request: web.Request) -> web.Response:
    """GET /reports."""
    values = {"groups": _groups(request)}
    return await page(request, "reports.html", values, section="reports", twin="/api/v1/reports")


async def show_report(request: web.Request) -> web.Response:
    """GET /reports/{name}: `step`, `since`, `until`."""
    language, name = reader_of(request).language, request.match_info["name"]
    query = query_of(request, name)
    report = await site_of(request).verbs.reports.read(actor_of(request), query)
    charts = draw_charts(report, language, lambda period: _entries_link(report, period))
    asked = {key: value for key in ("step", "since", "until", "span") if (value := request.query.get(key, ""))}
    values = {
        "report": report,
        "title": say(language, report.name.value),
        "span": tell_span(report, language),
        "lines": tell_lines(report, language),
        "charts": [(chart, _pictures(chart, place), tints(chart), *chart.table) for place, chart in enumerate(charts)],
        "groups": _groups(request),
        "steps": [] if report.name in FORECASTS or report.name in LIVE else [step.value for step in Step],
        "earlier": _earlier(report),
        "asked": f"?{urlencode(asked)}" if asked else "",
    }
    twin = f"/api/v1/reports/{report.name.value}{values['asked']}"
    return await page(request, "report.html", values, section="reports", twin=twin)


def _pictures(chart: Chart, place: int) -> Markup:
    """The chart in both widths; the stylesheet shows the one that fits."""
    wide, narrow = draw_svg(chart, f"chart{place}"), draw_svg(chart, f"chart{place}n", NARROW, "narrow")
    return Markup(wide + narrow)  # noqa: S704 - draw_svg escapes


def _entries_link(report: Report, period: Period) -> str:
    if report.name in FORECASTS or report.name is ReportName.CUSTOMERS:
        return ""
    span = urlencode({"since": period.first.isoformat(), "until": period.last.isoformat()})
    return f"/reports/{report.name.value}/entries?{span}"


def _earlier(report: Report) -> str:
    """The address of as much before; '' where there is none."""
    if not report.periods or report.name in FORECASTS:
        return ""
    first, last = report.periods[0].first, report.periods[-1].last
    until = first - timedelta(days=1)
    since = until - (last - first)
    return "?" + urlencode({"step": report.step.value, "since": since.isoformat(), "until": until.isoformat()})


async def list_entries(request: web.Request) -> web.Response:
    """GET /reports/{name}/entries: the facts of the days, oldest first."""
    r = reader_of(request)
    name, language = request.match_info["name"], r.language
    since, until = day_of(request, "since"), day_of(request, "until")
    if since is None or until is None:
        raise Invalid("Say since and until as days.", field="since")
    verbs = site_of(request).verbs.reports
    found = await verbs.entries(actor_of(request), name, since, until, request.query.get("after") or None)
    values = {
        "entries": [(tell_day(_day_of(entry, r), language), entry) for entry in found.items],
        "kinds": {it.id: _standing(it, language) for it in found.items} if name in STANDING else {},
        "counted": [say(language, key) for key, _ in found.items[0].counts] if found.items else [],
        "more": found.next,
        "name": name,
        "title": say(language, name),
        "span": tell_days(since, until, language),
        "since": since,
        "until": until,
    }
    return await page(request, "report_entries.html", values, section="reports")


def _day_of(entry: ReportEntry, r: Reader) -> date:
    """A booking's own date, or the reader's day of a moment."""
    if len(entry.at) == len("2026-11-24"):
        return date.fromisoformat(entry.at)
    return r.local(datetime.fromisoformat(entry.at)).date()


def _standing(entry: ReportEntry, language: str) -> str:
    """How an appointment or event stands, in words."""
    return say(language, f"event-{entry.kind}" if entry.counts else entry.kind)


async def show_picture(request: web.Request) -> web.Response:
    """GET /reports/{name}/picture."""
    query = query_of(request, request.match_info["name"])
    return as_download(await site_of(request).verbs.reports.picture(actor_of(request), query))


async def export(request: web.Request) -> web.Response:
    """GET /reports/{name}/export/{form}."""
    query = query_of(request, request.match_info["name"])
    verbs = site_of(request).verbs.reports
    return as_download(await verbs.export(actor_of(request), query, request.match_info["form"]))
