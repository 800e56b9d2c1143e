"""Entries as they stand on a page: with day separators, in reading order."""

from dataclasses import dataclass
from datetime import date

from hub.domain.interaction import Direction, InteractionKind
from hub.domain.outbox import OutboxState
from hub.domain.subject import read_subject
from hub.domain.views import TimelineEntry
from hub.web.formats import Reader

LONG = 1_500
"""Characters of a text that are shown at once; the rest is behind a disclosure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a stream: a day separator or an entry."""

    id: str
    day: date | None = None
    label: str = ""
    entry: TimelineEntry | None = None
    look: str = ""
    """"in", "out", "note" or "status"."""
    subject: str = ""
    head: str = ""
    rest: str = ""
    can_take_back: bool = False


def rows_of(entries: list[TimelineEntry], r: Reader, *, topic: str | None = None) -> list[Row]:
    """Rows in the order given. `topic` is the conversation's subject: an entry that repeats it does not show its own;
    None shows every subject."""
    rows: list[Row] = []
    day: date | None = None
    for entry in entries:
        local = r.local(entry.interaction.at).date()
        if local != day:
            day = local
            rows.append(Row(id=f"day-{day.isoformat()}", day=day, label=r.day(day)))
        rows.append(_row(entry, topic))
    return rows


def _row(entry: TimelineEntry, topic: str | None) -> Row:
    it = entry.interaction
    repeats = topic is not None and read_subject(it.subject).normal == read_subject(topic).normal
    head, rest = _split(it.text)
    return Row(
        id=it.id,
        entry=entry,
        look=look_of(entry),
        subject="" if repeats else it.subject,
        head=head,
        rest=rest,
        can_take_back=entry.delivery is OutboxState.QUEUED,
    )


def look_of(entry: TimelineEntry) -> str:
    """How an entry stands on the page: from them, from us, among ourselves, or news of the hub."""
    it = entry.interaction
    if it.kind is InteractionKind.STATUS:
        return "status"
    if it.kind is InteractionKind.NOTE or it.direction is Direction.INTERNAL:
        return "note"
    return "out" if it.direction is Direction.OUTBOUND else "in"


def _split(text: str) -> tuple[str, str]:
    """A long text in two, at a line end or a blank."""
    if len(text) <= LONG + 200:
        return text, ""
    at = text.rfind("\n", LONG // 2, LONG)
    at = at if at > 0 else text.rfind(" ", LONG // 2, LONG)
    at = at if at > 0 else LONG
    return text[:at].rstrip(), text[at:].lstrip()
