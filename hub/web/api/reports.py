"""Reports: trends, forecasts, the facts behind a number, pictures and files."""

import json
from datetime import date

from aiohttp import web

from hub.domain.errors import Invalid
from hub.domain.report import Outlook, Period, Recount, Report, ReportEntry, ReportName, ReportQuery, Row
from hub.services.reports.drawing import label_of, tell_lines
from hub.services.reports.wording import language_of
from hub.web.api.requests import page_of
from hub.web.api.shapes import Json, listing, moment
from hub.web.downloads import as_download
from hub.web.site import actor_of, site_of


def query_of(request: web.Request, name: str) -> ReportQuery:
    """`step`, `since`, `until`, `language` of the address. Raises Invalid."""
    language = request.query.get("language", "") or actor_of(request).language
    return ReportQuery(
        name=name,
        step=request.query.get("step", ""),
        since=day_of(request, "since"),
        until=day_of(request, "until"),
        span=request.query.get("span", ""),
        language=language_of(language),
    )


def day_of(request: web.Request, name: str) -> date | None:
    """A day of the address. Raises Invalid."""
    text = request.query.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid(f"{name} must be a day, for example 2026-11-24.", field=name) from error


async def list_reports(request: web.Request) -> web.Response:
    """GET /reports: the names."""
    return web.json_response({"items": [{"name": name.value} for name in ReportName], "next": None})


async def show_report(request: web.Request) -> web.Response:
    """GET /reports/{name}."""
    query = query_of(request, request.match_info["name"])
    report = await site_of(request).verbs.reports.read(actor_of(request), query)
    return web.json_response(_report(report, query.language))


async def show_picture(request: web.Request) -> web.Response:
    """GET /reports/{name}/picture: PNG."""
    query = query_of(request, request.match_info["name"])
    return as_download(await site_of(request).verbs.reports.picture(actor_of(request), query), inline=True)


async def export(request: web.Request) -> web.Response:
    """GET /reports/{name}/export/{form}: csv, xlsx or pdf."""
    query = query_of(request, request.match_info["name"])
    verbs = site_of(request).verbs.reports
    return as_download(await verbs.export(actor_of(request), query, request.match_info["form"]))


async def list_entries(request: web.Request) -> web.Response:
    """GET /reports/{name}/entries: the facts behind a number; `since` and `until` are needed."""
    after, limit = page_of(request)
    since, until = day_of(request, "since"), day_of(request, "until")
    if since is None or until is None:
        raise Invalid("Say since and until as days.", field="since")
    verbs = site_of(request).verbs.reports
    found = await verbs.entries(actor_of(request), request.match_info["name"], since, until, after, limit)
    return web.json_response(listing(found, _entry))


async def rebuild(request: web.Request) -> web.StreamResponse:
    """POST /reports/rebuild: count everything anew; JSON lines `{"done", "total"}`, the last with both equal. Whoever
    no longer listens stops nothing."""
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})

    async def step(recount: Recount) -> None:
        if not response.prepared:
            await response.prepare(request)
        await response.write(json.dumps({"done": recount.done, "total": recount.total}).encode() + b"\n")

    await site_of(request).verbs.reports.rebuild(actor_of(request), step)
    await response.write_eof()
    return response


def _report(report: Report, language: str) -> Json:
    return {
        "name": report.name.value,
        "step": report.step.value,
        "unit": report.unit.value,
        "at": moment(report.at),
        "periods": [_period(one) for one in report.periods],
        "labels": list(report.labels),
        "rows": [_row(report, one, language) for one in report.rows],
        "outlooks": [_outlook(one) for one in report.outlooks],
        "pending": report.pending,
        "text": " ".join(tell_lines(report, language)),
    }


def _period(period: Period) -> Json:
    return {"first": period.first.isoformat(), "last": period.last.isoformat(), "running": period.running}


def _row(report: Report, row: Row, language: str) -> Json:
    """Values are strings, so that no program rounds them."""

    def told(values: tuple[object, ...]) -> list[str | None]:
        return [None if value is None else str(value) for value in values]

    return {
        "key": row.key,
        "label": label_of(report, row, language),
        "currency": row.currency or None,
        "values": told(row.values),
        "before": told(row.before),
        "low": told(row.low),
        "high": told(row.high),
        "total": told((row.total,))[0],
        "total_before": told((row.total_before,))[0],
    }


def _outlook(one: Outlook) -> Json:
    return {
        "key": one.key,
        "model": one.model or None,
        "error": one.error,
        "off": one.off,
        "rare": one.rare,
        "scaled": one.scaled if one.scaled is not None and one.scaled != float("inf") else None,
        "too_little": {"have": one.have, "need": one.need} if one.need else None,
    }


def _entry(one: ReportEntry) -> Json:
    return {
        "id": one.id,
        "kind": one.kind,
        "at": one.at,
        "contact": {"id": one.contact_id, "name": one.contact_name} if one.contact_id else None,
        "title": one.title,
        "amount": None if one.amount is None else str(one.amount),
        "currency": one.currency or None,
        "counts": dict(one.counts),
    }
