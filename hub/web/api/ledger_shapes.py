"""The JSON of accounts and of imports. Amounts are strings, so that no program rounds them."""

from collections.abc import Sequence
from decimal import Decimal

from hub.domain.exchange import ImportReport
from hub.domain.ledger import AccountSummary, AgeingRow, DunningDraft, LedgerEntry, OpenItem, OrderLine
from hub.domain.money import Money
from hub.web.api.shapes import Json, moment


def amount(value: Decimal) -> str:
    """Exact, with a point and without grouping."""
    return format(value, "f")


def sums(values: Sequence[Money]) -> list[Json]:
    """Money by currency."""
    return [{"amount": amount(value.amount), "currency": value.currency} for value in values]


def open_item(value: OpenItem) -> Json:
    """An invoice and what is left of it."""
    return {
        "contact_id": value.contact_id,
        "contact_name": value.contact_name,
        "side": value.side.value,
        "kind": value.kind.value,
        "number": value.number,
        "date": value.date.isoformat(),
        "due": value.due.isoformat() if value.due else None,
        "amount": amount(value.amount),
        "open": amount(value.open),
        "currency": value.currency,
        "days_overdue": value.days_overdue,
        "reminder_level": value.reminder_level,
        "entry_id": value.entry_id,
    }


def summary(value: AccountSummary) -> Json:
    """An account at a glance."""
    return {
        "contact_id": value.contact_id,
        "contact_name": value.contact_name,
        "side": value.side.value,
        "balances": sums(value.balances),
        "overdue": sums(value.overdue),
        "open_items": [open_item(item) for item in value.open_items],
    }


def ledger_entry(value: LedgerEntry) -> Json:
    """One booking."""
    return {
        "id": value.id,
        "contact_id": value.contact_id,
        "side": value.side.value,
        "kind": value.kind.value,
        "number": value.number,
        "date": value.date.isoformat(),
        "due": value.due.isoformat() if value.due else None,
        "amount": amount(value.amount),
        "currency": value.currency,
        "reference": value.reference,
        "state": value.state,
        "allocations": [{"number": item.number, "amount": amount(item.amount)} for item in value.allocations],
        "reverses": value.reverses or None,
        "booked_at": moment(value.booked_at),
        "booked_by": value.booked_by,
    }


def ageing_row(value: AgeingRow) -> Json:
    """What somebody owes, by age."""
    return {
        "contact_id": value.contact_id,
        "contact_name": value.contact_name,
        "currency": value.currency,
        "not_due": amount(value.not_due),
        "up_to_30": amount(value.up_to_30),
        "up_to_60": amount(value.up_to_60),
        "up_to_90": amount(value.up_to_90),
        "older": amount(value.older),
        "total": amount(value.total),
    }


def order(value: OrderLine) -> Json:
    """An order as it stands."""
    return {
        "contact_id": value.contact_id,
        "contact_name": value.contact_name,
        "number": value.number,
        "date": value.date.isoformat(),
        "amount": amount(value.amount),
        "currency": value.currency,
        "state": value.state,
        "entry_id": value.entry_id,
    }


def dunning(value: DunningDraft) -> Json:
    """A payment reminder as it would go out."""
    return {
        "contact_id": value.contact_id,
        "contact_name": value.contact_name,
        "level": value.level,
        "items": [open_item(item) for item in value.items],
        "recipient": value.recipient,
        "channel": value.channel,
        "subject": value.subject,
        "text": value.text,
        "problem": value.problem,
    }


def import_report(value: ImportReport) -> Json:
    """What an import did, or would do."""
    return {
        "rows": value.rows,
        "new": value.new,
        "changed": value.changed,
        "same": value.same,
        "problems": [
            {"row": problem.row, "field": problem.field, "message": problem.sentence} for problem in value.problems
        ],
        "more_problems": value.more_problems,
        "preview": [list(row) for row in value.preview],
        "written": value.written,
    }
