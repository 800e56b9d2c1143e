"""A CSV file of bookings: `contact,kind,number,date,due,amount,currency,reference`. All rows or none: the whole file is
checked first, against the accounts as they stand, and the first row that cannot be booked stops it all."""

import asyncio
import csv
import io
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from hub.domain.errors import FernamtError, Invalid
from hub.domain.exchange import ImportStep, OnStep, RowProblem, no_step
from hub.domain.ids import ContactId, derived_id
from hub.domain.ledger import Allocation, EntryDraft, EntryKind
from hub.services.ledger.posting import check_draft

MAX_BYTES, MAX_ROWS = 20_971_520, 200_000
MAX_PROBLEMS = 100
BREATH = 500
"""Rows between two breaths of the event loop."""
COLUMNS = ("contact", "kind", "number", "date", "due", "amount", "currency", "reference")
KINDS = {kind.value: kind for kind in (EntryKind.INVOICE, EntryKind.CREDIT_NOTE, EntryKind.PAYMENT, EntryKind.ORDER)}
_GERMAN = re.compile(r"-?\d{1,3}(?:\.\d{3})+,\d{1,3}|-?\d+,\d{1,3}")
Resolve = Callable[[str], Awaitable[ContactId]]


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be booked. `key` is made of its content and of how often the same content stood above it."""

    number: int
    draft: EntryDraft
    key: str


def decode(data: bytes) -> str:
    """UTF-8, else cp1252, as spreadsheets write. Raises Invalid for a file that is too large."""
    if len(data) > MAX_BYTES:
        raise Invalid(f"The file is larger than {MAX_BYTES // 2**20} MiB.", field="file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def read_table(text: str) -> list[dict[str, str]]:
    """Rows by column name. Raises Invalid where the header lacks a column or there are too many rows."""
    first = text.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error as error:
        raise Invalid(f"This is no CSV file: {error}.", field="file") from error
    header = [name.strip().lower() for name in rows[0]] if rows else []
    missing = [name for name in COLUMNS[:6] if name not in header and name not in ("due",)]
    if missing:
        raise Invalid(f"The header lacks: {', '.join(missing)}. It must be {','.join(COLUMNS)}.", field="file")
    if len(rows) - 1 > MAX_ROWS:
        raise Invalid(f"The file has more than {MAX_ROWS} rows; cut it into pieces.", field="file")
    return [
        {name: cell.strip() for name, cell in zip(header, row, strict=False)} if any(row) else {} for row in rows[1:]
    ]


async def read_rows(text: str, resolve: Resolve, on_step: OnStep = no_step) -> tuple[list[Row], list[RowProblem]]:
    """What can be booked, and what cannot and why. Row 1 is the header."""
    rows: list[Row] = []
    problems: list[RowProblem] = []
    known: dict[str, ContactId] = {}
    times: dict[str, int] = {}
    table = await asyncio.to_thread(read_table, text)
    for number, cells in enumerate(table, 2):
        if number % BREATH == 0:
            await on_step(ImportStep(stage="reading", done=number - 2, rows=len(table)))
            await asyncio.sleep(0)
        if not cells:
            continue
        try:
            draft = await _read(cells, known, resolve)
        except FernamtError as error:
            problems.append(RowProblem(row=number, field=str(error.fields.get("field", "")), sentence=error.sentence))
            continue
        content = derived_id("k", *(cells.get(name, "") for name in COLUMNS))
        times[content] = times.get(content, 0) + 1
        rows.append(Row(number, draft, f"import:{content}:{times[content]}"))
    return rows, problems


async def _read(cells: dict[str, str], known: dict[str, ContactId], resolve: Resolve) -> EntryDraft:
    kind = KINDS.get(cells.get("kind", "").lower())
    if kind is None:
        raise Invalid(f'The kind "{cells.get("kind", "")[:40]}" is none of {", ".join(KINDS)}.', field="kind")
    who = cells.get("contact", "")
    if not who:
        raise Invalid("Whose booking is it? The contact is missing.", field="contact")
    if who not in known:
        try:
            known[who] = await resolve(who)
        except FernamtError as error:
            raise Invalid(f"No single contact fits: {who[:80]}.", field="contact") from error
    amount, number = read_decimal(cells.get("amount", "")), cells.get("number", "")
    settles = kind is EntryKind.PAYMENT and number
    draft = EntryDraft(
        contact_id=known[who],
        kind=kind,
        amount=amount,
        currency=(cells.get("currency") or "EUR").upper(),
        number="" if settles else number,
        date=read_day(cells.get("date", ""), "date"),
        due=read_day(cells["due"], "due") if cells.get("due") else None,
        reference=cells.get("reference", "")[:200],
        allocations=(Allocation(number=number, amount=amount),) if settles else None,
    )
    check_draft(draft)
    return draft


def read_decimal(text: str) -> Decimal:
    """ "1234.56", "1.234,56" and "1234,56". Raises Invalid."""
    plain = text.replace(" ", "").replace("€", "")
    if _GERMAN.fullmatch(plain):
        plain = plain.replace(".", "").replace(",", ".")
    try:
        return Decimal(plain.replace(",", "") if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", plain) else plain)
    except InvalidOperation as error:
        raise Invalid(f'"{text[:40]}" is no amount.', field="amount") from error


def read_day(text: str, field: str) -> date:
    """ "2026-11-24" or "24.11.2026". Raises Invalid."""
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise Invalid(f'"{text[:40]}" is no day; write it as 2026-11-24.', field=field)
