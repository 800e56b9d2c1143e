"""Accounts: balance, open items, bookings, statements, reminders, import."""

from datetime import date
from datetime import date as Day  # noqa: N812
from decimal import Decimal
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from hub.domain.errors import Invalid
from hub.domain.exchange import ImportReport, OnStep
from hub.domain.ids import ContactId
from hub.domain.ledger import Allocation, EntryDraft, EntryKind, Side
from hub.web.api import ledger_shapes as shapes
from hub.web.api.progress import answer_import
from hub.web.api.requests import Body, Name, Short, page_of, read_body, read_file, required_key
from hub.web.api.shapes import listing
from hub.web.downloads import as_download
from hub.web.site import actor_of, site_of

Amount = Annotated[Decimal, Field(gt=0, max_digits=15)]


class AllocationBody(Body):
    """So much of it settles that invoice."""

    number: Name
    amount: Amount


class EntryBody(Body):
    """A booking."""

    contact: Name
    kind: Literal["order", "invoice", "credit_note", "payment", "refund"]
    amount: Amount
    currency: Name = "EUR"
    number: Short = ""
    date: Day
    due: Day | None = None
    reference: Short = ""
    side: Literal["receivable", "payable"] = "receivable"
    state: Short = ""
    allocations: tuple[AllocationBody, ...] | None = None


class ReasonBody(Body):
    """Why something is taken back."""

    reason: Name


class LevelBody(Body):
    """Which of the three reminders."""

    level: Annotated[int, Field(ge=1, le=3)]


class StopBody(Body):
    """Whether reminders rest."""

    stopped: bool


async def _contact(request: web.Request, ref: str = "") -> ContactId:
    found = await site_of(request).verbs.contacts.resolve(actor_of(request), ref or request.match_info["ref"])
    return found.id


def _day(request: web.Request, name: str) -> date | None:
    text = request.query.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid(f"{name} must be a day, for example 2026-11-24.", field=name) from error


async def show_account(request: web.Request) -> web.Response:
    """GET /contacts/{ref}/account: balance and open items; `side=payable` for what we owe."""
    side = Side.PAYABLE if request.query.get("side") == "payable" else Side.RECEIVABLE
    verbs, actor = site_of(request).verbs, actor_of(request)
    found = await verbs.accounts.summary(actor, await _contact(request), side)
    return web.json_response(shapes.summary(found))


async def list_ledger(request: web.Request) -> web.Response:
    """GET /contacts/{ref}/ledger: bookings, newest first."""
    after, limit = page_of(request)
    verbs, actor = site_of(request).verbs, actor_of(request)
    found = await verbs.accounts.entries(actor, await _contact(request), after, limit)
    return web.json_response(listing(found, shapes.ledger_entry))


async def list_orders(request: web.Request) -> web.Response:
    """GET /contacts/{ref}/orders: newest first."""
    found = await site_of(request).verbs.accounts.orders(actor_of(request), await _contact(request))
    return web.json_response({"items": [shapes.order(item) for item in found], "next": None})


async def show_statement(request: web.Request) -> web.StreamResponse:
    """GET /contacts/{ref}/statement: a PDF; `since` and `until` as days."""
    verbs, actor = site_of(request).verbs, actor_of(request)
    contact_id = await _contact(request)
    data = await verbs.accounts.statement(actor, contact_id, since=_day(request, "since"), until=_day(request, "until"))
    return as_download(data)


async def list_overdue(request: web.Request) -> web.Response:
    """GET /overdue: open items past their day, longest first."""
    _, limit = page_of(request)
    found = await site_of(request).verbs.accounts.overdue(actor_of(request), limit)
    return web.json_response({"items": [shapes.open_item(item) for item in found], "next": None})


async def show_ageing(request: web.Request) -> web.Response:
    """GET /ageing: what everybody owes, by age."""
    found = await site_of(request).verbs.accounts.ageing(actor_of(request))
    return web.json_response({"items": [shapes.ageing_row(row) for row in found], "next": None})


async def show_invoice(request: web.Request) -> web.Response:
    """GET /invoices/{number}."""
    found = await site_of(request).verbs.accounts.invoice(actor_of(request), request.match_info["number"])
    return web.json_response(shapes.open_item(found))


async def show_order(request: web.Request) -> web.Response:
    """GET /orders/{number}."""
    found = await site_of(request).verbs.accounts.order(actor_of(request), request.match_info["number"])
    return web.json_response(shapes.order(found))


async def post_entry(request: web.Request) -> web.Response:
    """POST /ledger: book; the same Idempotency-Key books once."""
    key = required_key(request)
    body = await read_body(request, EntryBody)
    allocations = None
    if body.allocations is not None:
        allocations = tuple(Allocation(number=item.number, amount=item.amount) for item in body.allocations)
    draft = EntryDraft(
        contact_id=await _contact(request, body.contact),
        kind=EntryKind(body.kind),
        amount=body.amount,
        currency=body.currency,
        number=body.number,
        date=body.date,
        due=body.due,
        reference=body.reference,
        side=Side(body.side),
        state=body.state,
        allocations=allocations,
    )
    booked = await site_of(request).verbs.accounts.post(actor_of(request), draft, key=key)
    return web.json_response(shapes.ledger_entry(booked), status=201)


async def reverse_entry(request: web.Request) -> web.Response:
    """POST /ledger/{contact}/{side}/{seq}/reverse: take a booking back by a new one."""
    key = required_key(request)
    body = await read_body(request, ReasonBody)
    entry_id = "/".join(request.match_info[part] for part in ("contact", "side", "seq"))
    booked = await site_of(request).verbs.accounts.reverse(actor_of(request), entry_id, body.reason, key=key)
    return web.json_response(shapes.ledger_entry(booked), status=201)


async def list_payment_reminders(request: web.Request) -> web.Response:
    """GET /payment-reminders: what would go out now."""
    found = await site_of(request).verbs.accounts.draft_reminders(actor_of(request))
    return web.json_response({"items": [shapes.dunning(item) for item in found], "next": None})


async def send_payment_reminder(request: web.Request) -> web.Response:
    """POST /contacts/{ref}/payment-reminder."""
    key = required_key(request)
    body = await read_body(request, LevelBody)
    verbs, actor = site_of(request).verbs, actor_of(request)
    sent = await verbs.accounts.send_reminder(actor, await _contact(request), body.level, key=key)
    return web.json_response(shapes.dunning(sent), status=202)


async def stop_payment_reminders(request: web.Request) -> web.Response:
    """POST /contacts/{ref}/payment-reminders/stop."""
    body = await read_body(request, StopBody)
    verbs, actor = site_of(request).verbs, actor_of(request)
    await verbs.accounts.stop_reminders(actor, await _contact(request), body.stopped)
    return web.json_response({"stopped": body.stopped})


async def import_ledger(request: web.Request) -> web.StreamResponse:
    """POST /import/ledger: a CSV file; `dry_run=1` only says what it would do; `progress=1` tells how far it is."""
    data, actor = await read_file(request), actor_of(request)
    dry_run, verbs = request.query.get("dry_run") == "1", site_of(request).verbs.accounts

    async def run(on_step: OnStep) -> ImportReport:
        return await verbs.import_csv(actor, data, dry_run=dry_run, on_step=on_step)

    return await answer_import(request, run)
