"""Files that come in and go out: what an import found, row by row."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """Why a row cannot be taken. `row` counts as a spreadsheet does: the header is row 1."""

    row: int
    field: str = ""
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportStep:
    """How far an import is: so many of the file's rows are through the stage "reading", "checking" or "writing"."""

    stage: str
    done: int
    rows: int


OnStep = Callable[[ImportStep], Awaitable[None]]
"""Awaited every few hundred rows; may be slow, must not raise."""


async def no_step(step: ImportStep) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, or would do. Where `problems` is not empty nothing was written."""

    rows: int
    new: int
    changed: int = 0
    same: int = 0
    """Rows that were there already."""
    problems: tuple[RowProblem, ...] = ()
    """The first 100."""
    more_problems: int = 0
    preview: tuple[tuple[str, ...], ...] = ()
    """The first ten rows as they were understood, under a row of headings."""
    written: bool = False
