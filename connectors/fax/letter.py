"""What our own pages say, and which files need an office program: values that hub and drawing process share."""

from dataclasses import dataclass

OFFICE = frozenset({"doc", "docx", "odt", "rtf", "xls", "xlsx", "ods", "ppt", "pptx", "odp", "html", "htm"})
"""Endings of what an office program must turn into PDF first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What our own pages say."""

    language: str
    company: str
    own_number: str
    name: str
    number: str
    date: str
    subject: str
    text: str
    cover: bool


def ending(name: str) -> str:
    """The file ending in lower case, '' without."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def is_office(name: str, data: bytes) -> bool:
    """Whether it needs an office program."""
    return ending(name) in OFFICE and not data.startswith(b"%PDF-")
