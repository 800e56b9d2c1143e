"""Importing bookings: all rows or none. The file is rehearsed in memory on top of what is booked; only a file without
problems is booked. A file that a crash cut off is finished by importing it again: its keys book once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime

from hub.domain.errors import Conflict, Invalid
from hub.domain.exchange import ImportReport, RowProblem
from hub.domain.ledger import EntryDraft, LedgerEntry
from hub.services.ledger.csv_import import BREATH, MAX_PROBLEMS, Resolve, Row, decode, read_rows
from hub.services.ledger.fold import Account, account_id, fold
from hub.services.ledger.posting import allocate, check_draft
from hub.services.ledger.stream import Streams

PREVIEW = 10
Book = Callable[[EntryDraft, str], Awaitable[LedgerEntry]]


async def import_rows(
    data: bytes, resolve: Resolve, streams: Streams, book: Book, now: datetime, *, dry_run: bool
) -> ImportReport:
    """Book the file, or say what it would do. Raises Invalid for what is no such file."""
    rows, problems = await read_rows(decode(data), resolve)
    new = 0
    if not problems:
        new, problems = await _rehearse(rows, streams, now)
    report = ImportReport(
        rows=len(rows) if not problems else max(len(rows), len(problems)),
        new=new,
        same=len(rows) - new if not problems else 0,
        problems=tuple(problems[:MAX_PROBLEMS]),
        more_problems=max(0, len(problems) - MAX_PROBLEMS),
        preview=(("contact", "kind", "number", "date", "amount"), *(_shown(row) for row in rows[:PREVIEW])),
    )
    if dry_run or problems:
        return report
    for row in rows:
        await book(row.draft, row.key)
    return replace(report, written=True)


async def _rehearse(rows: Sequence[Row], streams: Streams, now: datetime) -> tuple[int, list[RowProblem]]:
    """What is new, and what would be refused."""
    accounts: dict[str, Account] = {}
    problems: list[RowProblem] = []
    new = 0
    for done, row in enumerate(rows):
        if done % BREATH == 0:
            await asyncio.sleep(0)
        draft, key = row.draft, account_id(row.draft.contact_id, row.draft.side)
        if key not in accounts:
            accounts[key] = fold((await streams.load(draft.contact_id, draft.side)).entries.values())
        account = accounts[key]
        if row.key in account.keys:
            continue
        try:
            account.apply(_rehearsed(draft, account, row.key, now))
        except (Invalid, Conflict) as error:
            field = str(error.fields.get("field", ""))
            problems.append(RowProblem(row=row.number, field=field, sentence=error.sentence))
            continue
        new += 1
    return new, problems


def _rehearsed(draft: EntryDraft, account: Account, key: str, now: datetime) -> LedgerEntry:
    if (draft.kind, draft.number) in account.numbers:
        raise Conflict(f"{draft.number} is booked already.", code="booked-before", field="number")
    amount, seq = check_draft(draft), account.seq + 1
    return LedgerEntry(
        id=f"rehearsal/{seq}",
        account="",
        seq=seq,
        contact_id=draft.contact_id,
        side=draft.side,
        kind=draft.kind,
        number=draft.number,
        date=draft.date,
        due=draft.due,
        amount=amount,
        currency=draft.currency,
        allocations=allocate(draft, amount, account),
        booked_at=now,
        booked_by="",
        key=key,
    )


def _shown(row: Row) -> tuple[str, ...]:
    draft = row.draft
    named = draft.number or ", ".join(item.number for item in draft.allocations or ())
    money = f"{draft.amount} {draft.currency}"
    return str(draft.contact_id), draft.kind.value, named, draft.date.isoformat(), money
