"""Files into the hub and out of it: contacts and bookings are looked at first, and taken in after a yes."""

import secrets
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from aiohttp import web

from hub.domain.errors import Invalid
from hub.domain.exchange import ImportReport
from hub.web.console.forms import Form, read_form
from hub.web.downloads import as_download
from hub.web.formats import Reader
from hub.web.pages import Errors, page, reader_of, redirect
from hub.web.site import actor_of, site_of

COLUMNS = ("name", "organisation", "email", "phone", "role", "city", "language")
"""Of contacts, where a file may call them differently."""


async def show_imports(request: web.Request) -> web.Response:
    """GET /imports."""
    return await _page(request)


async def _page(request: web.Request, *, errors: Errors = None, status: int = 200, **more: Any) -> web.Response:
    form = more.pop("form", Form(values={}))
    values: dict[str, Any] = {"report": None, "what": "", "ticket": "", "columns": COLUMNS, "form": form}
    values["preview"] = _shown(values | more, reader_of(request))
    values["mapped"] = any(form[f"map.{name}"] for name in COLUMNS)
    return await page(request, "imports.html", values | more, section="contacts", status=status, errors=errors)


def _shown(values: Mapping[str, Any], r: Reader) -> list[list[str]]:
    """The rows as they were understood, with days and amounts as the reader writes them."""
    report: ImportReport | None = values["report"]
    if report is None or not report.preview:
        return []
    head, *rows = report.preview
    return [list(head), *([_told(name, cell, r) for name, cell in zip(head, row, strict=True)] for row in rows)]


def _told(name: str, cell: str, r: Reader) -> str:
    if name == "date":
        return r.date(date.fromisoformat(cell))
    if name == "amount":
        amount, _, currency = cell.partition(" ")
        return r.money(Decimal(amount), currency)
    return cell


async def take_in(request: web.Request) -> web.Response:
    """POST /imports/contacts and /imports/ledger: with a `file` it is looked at; with the `ticket` of one that was
    looked at it is taken in. All rows or none, and the same file twice makes nothing twice."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    what = request.match_info["what"]
    if form["ticket"]:
        kept = site.uploads.take(actor.id, form["ticket"])
        if kept is None:
            gone = {"file": "This file is no longer here; choose it again."}
            return await _page(request, form=form, what=what, status=409, errors=gone)
        report = await _import(request, what, *kept, dry_run=False)
        if report.problems:
            return await _page(request, form=form, what=what, report=report, status=422)
        return redirect("/imports?done=taken-in")
    data = form.files[0].data if form.files else b""
    if not data:
        return await _page(request, form=form, what=what, status=400, errors={"file": "Choose a file first."})
    mapping = {name: form[f"map.{name}"] for name in COLUMNS if form[f"map.{name}"]}
    try:
        report = await _import(request, what, data, mapping, dry_run=True)
    except Invalid as error:
        return await _page(request, form=form, what=what, status=400, errors=error)
    if report.problems:
        return await _page(request, form=form, what=what, report=report, status=422)
    ticket = secrets.token_urlsafe(12)
    site.uploads.keep(actor.id, ticket, data, mapping)
    return await _page(request, form=form, what=what, report=report, ticket=ticket)


async def _import(
    request: web.Request, what: str, data: bytes, mapping: dict[str, str], *, dry_run: bool
) -> ImportReport:
    verbs, actor = site_of(request).verbs, actor_of(request)
    if what == "ledger":
        return await verbs.accounts.import_csv(actor, data, dry_run=dry_run)
    if data[:200].lstrip(b"\xef\xbb\xbf \r\n").upper().startswith(b"BEGIN:VCARD"):
        return await verbs.register.import_vcard(actor, data, dry_run=dry_run)
    return await verbs.register.import_csv(actor, data, mapping=mapping or None, dry_run=dry_run)


async def export(request: web.Request) -> web.StreamResponse:
    """GET /exports/{form}: the contacts that one may see, as a file."""
    return as_download(await site_of(request).verbs.register.export(actor_of(request), request.match_info["form"]))
