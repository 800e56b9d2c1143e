"""Parsing in the process: for tests, and for whoever parses a single message."""

from collections.abc import Callable, Mapping, Sequence

from hub.domain.errors import Unreadable
from hub.domain.message import Parsed
from hub.parsing.reading import parse_one
from hub.ports.parser import ParseContext, ParseJob, Parser
from hub.ports.search import Terms


class InlineParseWorker:
    """Implements ParseWorker on the calling loop. `context` gives an account's, by its name."""

    def __init__(self, parsers: Mapping[str, Parser], terms: Terms, context: Callable[[str], ParseContext]) -> None:
        self._parsers, self._terms, self._context = parsers, terms, context

    async def parse(self, jobs: Sequence[ParseJob]) -> list[Parsed | None]:
        """See ParseWorker."""
        return [
            parse_one(
                self._parsers[job.kind], self._terms, job.raw, job.record.envelope, self._context(job.record.account)
            )
            for job in jobs
        ]

    async def extract(self, kind: str, raw: bytes, index: int) -> bytes:
        """See ParseWorker."""
        return self._parser(kind).extract(raw, index)

    async def render_html(self, kind: str, raw: bytes) -> str | None:
        """See ParseWorker."""
        return self._parser(kind).render_html(raw)

    def _parser(self, kind: str) -> Parser:
        if kind not in self._parsers:
            raise Unreadable(f'There is no parser for channels of the kind "{kind}".')
        return self._parsers[kind]
