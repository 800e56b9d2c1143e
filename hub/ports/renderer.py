"""Heavy work on files, in a process of its own: text and pictures out of them, paper made of text. Nothing here trusts
the bytes: a worker that dies or runs over its time costs only the file that killed it."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractedText:
    """What can be read in a file: at most 500,000 characters."""

    text: str
    pages: int = 0
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A letter-like page: paragraphs under a title, the company above it. Lines are kept as they are."""

    company: str
    title: str
    text: str
    date: str = ""
    footer: str = ""


class Renderer(Protocol):
    """The worker process. Raises Unreadable where nothing can be made of the bytes, or the worker did not survive
    them; RendererAway where there is no worker."""

    async def read_text(self, data: bytes, type: str, name: str) -> ExtractedText: ...

    async def preview(self, data: bytes, type: str, name: str, width: int = 480) -> bytes:
        """The first page or the picture as a PNG, at most `width` pixels wide (16 to 1,600)."""

    async def make_pdf(self, paper: Paper) -> bytes: ...
