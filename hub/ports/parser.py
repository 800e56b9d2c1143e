"""Parsers turn raw bytes into a Message. They are pure: no I/O, no clock, no global state, so that they can run in a
worker process and over golden files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hub.domain.arrival import ArrivalRecord
from hub.domain.message import Envelope, Message, Parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseContext:
    """What a parser must know of the account."""

    account: str
    own_addresses: tuple[str, ...] = ()
    """Patterns of our own addresses on the account: `info@example.org`, `*@example.org`; empty: any."""
    authserv_id: str = ""
    """The one authserv-id whose Authentication-Results count (RFC 8601); '' trusts none."""
    own_signature_key: bytes = b""
    """Key of the signed header by which our own traffic is known."""


class Parser(Protocol):
    """One channel kind's parser."""

    def parse(self, raw: bytes, envelope: Envelope, context: ParseContext) -> Message:
        """Raises Unreadable where nothing sensible can be made of it; never anything else, whatever the bytes."""

    def extract(self, raw: bytes, index: int) -> bytes:
        """The decoded bytes of attachment `index`. Raises NotFound."""

    def render_html(self, raw: bytes) -> str | None:
        """The sanitised HTML body (no scripts, no remote pictures), or None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseJob:
    """One arrival to be parsed; `raw` is its bytes, wherever they were kept."""

    kind: str
    """Channel kind whose parser is to be used."""
    record: ArrivalRecord
    raw: bytes


class ParseWorker(Protocol):
    """The worker process (or, for tests, an in-process stand-in with the same contract)."""

    async def parse(self, jobs: Sequence[ParseJob]) -> list[Parsed | None]:
        """Results in order; None where the worker died or ran over its time with this job (count it, try again)."""

    async def extract(self, kind: str, raw: bytes, index: int) -> bytes:
        """As Parser.extract."""

    async def render_html(self, kind: str, raw: bytes) -> str | None:
        """As Parser.render_html."""
