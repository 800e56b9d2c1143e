"""Text of office files: zip archives of XML. Hostile ones are expected: what is read is bounded in entries, bytes and
ratio, and no XML with a DTD is parsed, so that no entity can grow or reach out."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from xml.etree import ElementTree

from hub.domain.errors import Unreadable

MAX_ENTRIES = 2_000
MAX_PART = 20_000_000
MAX_TOTAL = 60_000_000
MAX_RATIO = 200
"""Real office XML shrinks 5 to 30 times; a bomb 1,000 times."""
_WANTED = (
    re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml"),
    re.compile(r"xl/(sharedStrings|worksheets/sheet\d{1,3})\.xml"),
    re.compile(r"ppt/(slides/slide|notesSlides/notesSlide)\d{1,4}\.xml"),
    re.compile(r"content\.xml"),
)
_BREAKS = frozenset({"p", "h", "br", "tr", "table-row", "row", "si", "line-break", "cr"})
_GAPS = frozenset({"tab", "tc", "c", "table-cell", "s"})
_ENDS = frozenset({"t", "v"})
"""Elements that hold text in OOXML; in ODF text stands anywhere."""


def read_office(data: bytes) -> tuple[str, int]:
    """(text, slides or sheets). Raises Unreadable."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name for name in _checked(archive) if any(form.fullmatch(name) for form in _WANTED)]
            names.sort(key=lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)])
            left, parts = MAX_TOTAL, []
            for name in names:
                xml = _read_part(archive, name, left)
                left -= len(xml)
                parts.append("".join(_texts(xml, odf=name == "content.xml")))
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        # RuntimeError: an encrypted entry; NotImplementedError: a compression that Python has not.
        raise Unreadable("This office file is damaged or locked with a password.") from error
    if not parts:
        raise Unreadable("This archive is no office file.")
    return "\n".join(parts), len([name for name in names if "sheet" in name or "slides/" in name])


def _checked(archive: zipfile.ZipFile) -> list[str]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise Unreadable("This archive has too many entries.")
    for entry in entries:
        if entry.file_size > MAX_PART and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
            raise Unreadable("This archive grows too much when it is unpacked.")
    return [entry.filename for entry in entries]


def _read_part(archive: zipfile.ZipFile, name: str, left: int) -> bytes:
    """The directory may lie about sizes: what counts is what comes out."""
    limit = min(MAX_PART, left)
    with archive.open(name) as part:
        xml = part.read(limit + 1)
    if len(xml) > limit:
        raise Unreadable("This office file is too large to be read.")
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml or b"\0" in xml:
        # NUL: UTF-16, in which a declaration would not be seen here.
        raise Unreadable("This office file has a document type declaration; nobody's office program writes one.")
    return xml


def _texts(xml: bytes, *, odf: bool) -> Iterator[str]:
    """Pieces of text, breaks between paragraphs and cells; each element is forgotten when it ends."""
    try:
        for event, element in ElementTree.iterparse(io.BytesIO(xml), events=("start", "end")):  # noqa: S314 - no DTD gets here
            tag = element.tag.rpartition("}")[2]
            if event == "start":
                continue
            if odf:
                yield from _odf_pieces(element, tag)
            elif tag in _ENDS and element.text:
                yield element.text
            if tag in _BREAKS:
                yield "\n"
            elif tag in _GAPS:
                yield " "
            if not odf or tag in _BREAKS:
                element.clear()
    except ElementTree.ParseError as error:
        raise Unreadable("This office file is damaged.") from error


def _odf_pieces(element: "ElementTree.Element", tag: str) -> Iterator[str]:
    if tag in ("p", "h"):
        yield "".join(element.itertext())
