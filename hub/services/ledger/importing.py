"""Importing bookings: all rows or none. The file is rehearsed in memory on top of what is booked; only a file without
problems is booked. A file that a crash cut off is finished by importing it again: its keys book once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from hub.domain.contact import Contact
from hub.domain.errors import Ambiguous, Conflict, Invalid
from hub.domain.exchange import ImportReport, ImportStep, OnStep, RowProblem, no_step
from hub.domain.ids import ContactId
from hub.domain.ledger import EntryDraft, LedgerEntry
from hub.services.ledger.booking import enter
from hub.services.ledger.csv_import import BREATH, MAX_PROBLEMS, Resolve, Row, decode, read_rows
from hub.services.ledger.family import choose_account
from hub.services.ledger.fold import Account, account_id, fold
from hub.services.ledger.stream import Streams

PREVIEW = 10
Book = Callable[[EntryDraft, str], Awaitable[LedgerEntry]]


async def import_rows(
    data: bytes,
    resolve: Resolve,
    contacts: Mapping[ContactId, Contact],
    streams: Streams,
    book: Book,
    now: datetime,
    *,
    dry_run: bool,
    on_step: OnStep = no_step,
) -> ImportReport:
    """Book the file, or say what it would do. `contacts`: those that `resolve` has found. Raises Invalid for what is
    no such file."""
    rows, problems = await read_rows(decode(data), resolve, on_step)
    new = 0
    if not problems:
        new, problems = await _rehearse(rows, contacts, streams, now, on_step)
    report = ImportReport(
        rows=len(rows) if not problems else max(len(rows), len(problems)),
        new=new,
        same=len(rows) - new if not problems else 0,
        problems=tuple(problems[:MAX_PROBLEMS]),
        more_problems=max(0, len(problems) - MAX_PROBLEMS),
        preview=(("contact", "kind", "number", "date", "amount"), *(_shown(row, contacts) for row in rows[:PREVIEW])),
    )
    if dry_run or problems:
        return report
    for done, row in enumerate(rows, 1):
        await book(row.draft, row.key)
        if done % BREATH == 0 or done == len(rows):
            await on_step(ImportStep(stage="writing", done=done, rows=len(rows)))
    return replace(report, written=True)


async def _rehearse(
    rows: Sequence[Row], contacts: Mapping[ContactId, Contact], streams: Streams, now: datetime, on_step: OnStep
) -> tuple[int, list[RowProblem]]:
    """What is new, and what would be refused."""
    accounts: dict[str, Account] = {}
    problems: list[RowProblem] = []
    new = 0
    for done, row in enumerate(rows):
        if done and done % BREATH == 0:
            await on_step(ImportStep(stage="checking", done=done, rows=len(rows)))
            await asyncio.sleep(0)
        contact, draft = contacts[row.draft.contact_id], row.draft
        for member in (contact.id, *contact.members):
            if (key := account_id(member, draft.side)) not in accounts:
                accounts[key] = fold((await streams.load(member, draft.side)).entries.values())
        family = [(it, accounts[account_id(it, draft.side)]) for it in (contact.id, *contact.members)]
        if any(row.key in account.keys for _, account in family):
            continue
        try:
            owner = choose_account(draft, row.key, family)
            account = accounts[account_id(owner, draft.side)]
            rehearsed = enter(draft, account, owner=owner, key=row.key, at=now, by="")
            account.apply(replace(rehearsed, id=f"rehearsal/{owner}/{account.seq + 1}", seq=account.seq + 1))
        except (Invalid, Conflict, Ambiguous) as error:
            field = str(error.fields.get("field", ""))
            problems.append(RowProblem(row=row.number, field=field, sentence=error.sentence))
            continue
        new += 1
    await on_step(ImportStep(stage="checking", done=len(rows), rows=len(rows)))
    return new, problems


def _shown(row: Row, contacts: Mapping[ContactId, Contact]) -> tuple[str, ...]:
    draft = row.draft
    named = draft.number or ", ".join(item.number for item in draft.allocations or ())
    money = f"{draft.amount} {draft.currency}"
    return contacts[draft.contact_id].name, draft.kind.value, named, draft.date.isoformat(), money
