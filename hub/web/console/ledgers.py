"""Accounts in the console: what is overdue and how old it is, and one contact's account."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from aiohttp import web

from hub.domain.errors import Conflict, Invalid
from hub.domain.ids import ContactId
from hub.domain.ledger import AgeingRow, Book, EntryDraft, EntryKind, LedgerEntry
from hub.web.console.forms import Form, form_key, read_form
from hub.web.downloads import as_download
from hub.web.guard import status_of
from hub.web.pages import Errors, page, reader_of, redirect
from hub.web.site import actor_of, site_of

SHOWN = 100
AGES = ("not_due", "up_to_30", "up_to_60", "up_to_90", "older")
_AMOUNT = re.compile(r"[0-9.,]{1,16}")


async def list_accounts(request: web.Request) -> web.Response:
    """GET /accounts: overdue items, and what everybody owes by age."""
    verbs, actor = site_of(request).verbs.accounts, actor_of(request)
    ageing = await verbs.ageing(actor)
    values = {"overdue": await verbs.overdue(actor, SHOWN), "ageing": ageing[:SHOWN], "sums": _sums(ageing)}
    return await page(request, "accounts.html", values, section="accounts", twin="/api/v1/overdue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What is open in one currency: each age with its share of the largest, in percent, for the bars."""

    currency: str
    total: Decimal
    overdue: Decimal
    ages: tuple[tuple[str, Decimal, int], ...]


def _sums(rows: Sequence[AgeingRow]) -> list[Sum]:
    found = []
    for currency in sorted({row.currency for row in rows}):
        mine = [row for row in rows if row.currency == currency]
        sums = {age: sum((getattr(row, age) for row in mine), Decimal()) for age in AGES}
        most = max(sums.values()) or Decimal(1)
        ages = tuple((age, amount, max(0, int(amount * 100 / most))) for age, amount in sums.items())
        total = sum((row.total for row in mine), Decimal())
        overdue = sum((amount for age, amount in sums.items() if age != "not_due"), Decimal())
        found.append(Sum(currency=currency, total=total, overdue=overdue, ages=ages))
    return found


def _effect(entry: LedgerEntry) -> Decimal:
    """What the entry does to the account: a payment makes it smaller."""
    return sum((one.amount for one in entry.postings if one.book in (Book.RECEIVABLES, Book.PAYABLES)), Decimal())


async def show_account(request: web.Request) -> web.Response:
    """GET /contacts/{id}/account."""
    return await _account_page(request)


async def _account_page(request: web.Request, *, errors: Errors = None, status: int = 200, **more: Any) -> web.Response:
    site, actor = site_of(request), actor_of(request)
    identifier = ContactId(request.match_info["id"])
    entries = await site.verbs.accounts.entries(actor, identifier, request.query.get("after") or None)
    values = {
        "summary": await site.verbs.accounts.summary(actor, identifier),
        "orders": await site.verbs.accounts.orders(actor, identifier),
        # Orders move no money and stand in a list of their own.
        "bookings": [(it, _effect(it)) for it in entries.items if it.kind is not EntryKind.ORDER],
        "more": entries.next,
        "today": reader_of(request).today.isoformat(),
        "form": Form(values={}),
    }
    twin = f"/api/v1/contacts/{identifier}/account"
    return await page(
        request, "account.html", values | more, section="contacts", twin=twin, status=status, errors=errors
    )


async def show_statement(request: web.Request) -> web.StreamResponse:
    """GET /contacts/{id}/statement: a PDF."""
    identifier = ContactId(request.match_info["id"])
    return as_download(await site_of(request).verbs.accounts.statement(actor_of(request), identifier))


async def book_payment(request: web.Request) -> web.Response:
    """POST /contacts/{id}/payments."""
    site, actor, form = site_of(request), actor_of(request), await read_form(request)
    identifier = ContactId(request.match_info["id"])
    wrong: dict[str, str] = {}
    try:
        # People write 1.234,50 or 1,234.50; the last separator is the decimal one.
        amount = Decimal(_plain(form["amount"]))
    except (InvalidOperation, ValueError):
        wrong = {"amount": "An amount looks like 120 or 1,234.50."}
    try:
        day = date.fromisoformat(form["date"] or reader_of(request).today.isoformat())
    except ValueError:
        wrong |= {"date": "A day looks like 2026-11-23."}
    if wrong:
        return await _account_page(request, form=form, errors=wrong, status=400)
    draft = EntryDraft(
        contact_id=identifier,
        kind=EntryKind.PAYMENT,
        amount=amount,
        currency=form["currency"] or "EUR",
        date=day,
        reference=form["reference"][:200],
    )
    try:
        await site.verbs.accounts.post(actor, draft, key=form_key(actor, form) or f"console:{form['nonce']}")
    except (Invalid, Conflict) as error:
        return await _account_page(request, form=form, errors=error, status=status_of(error))
    return redirect(f"/contacts/{identifier}/account?done=booked")


def _plain(text: str) -> str:
    text = text.strip().replace(" ", "").replace("\u00a0", "")
    if not _AMOUNT.fullmatch(text):
        raise ValueError("not an amount")
    comma, point = text.rfind(","), text.rfind(".")
    if comma > point:
        return text.replace(".", "").replace(",", ".")
    return text.replace(",", "") if comma >= 0 else text
