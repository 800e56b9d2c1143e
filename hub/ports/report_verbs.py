"""Verbs of reports (hub/services/reports/). Rights: READ_STATUS, and READ_ACCOUNTS where money is told; for colleagues
who see all rows only, because every number tells of all contacts."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Protocol

from hub.domain.people import Actor
from hub.domain.report import Recount, Report, ReportEntry, ReportQuery, ToldReport
from hub.domain.views import FileData
from hub.ports.store import Page

OnRecount = Callable[[Recount], Awaitable[None]]


async def no_recount(step: Recount) -> None:
    """For whoever does not watch."""


class ReportVerbs(Protocol):
    """Reading is audited by report."""

    async def read(self, actor: Actor, query: ReportQuery) -> Report:
        """A trend or forecast (ReportName). Raises NotFound (fields["nearest"]) for an unknown name, Invalid for a
        span or step that cannot be."""

    async def entries(
        self, actor: Actor, name: str, since: date, until: date, after: str | None = None, limit: int = 50
    ) -> Page[ReportEntry]:
        """The facts behind a number, oldest first. READ_CONTACTS too."""

    async def picture(self, actor: Actor, query: ReportQuery) -> FileData:
        """The chart as PNG."""

    async def tell(self, actor: Actor, query: ReportQuery) -> ToldReport:
        """In sentences, with the picture: for chat. The revenue of a running year comes with its forecast."""

    async def export(self, actor: Actor, query: ReportQuery, form: str) -> FileData:
        """`form`: csv, xlsx or pdf. Raises Invalid."""

    async def rebuild(self, actor: Actor, on_step: OnRecount = no_recount) -> Recount:
        """Count everything anew; returns when that is done. Where it is cut off, the hub goes on by itself.
        RUN_CHANNELS."""
