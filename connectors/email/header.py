"""Header fields, read tolerantly and only when asked for.

RFC 5322 §2.2 (fields and folding), RFC 2047 (encoded words), RFC 2231 (parameters), RFC 6532 (raw UTF-8). Whatever the
bytes, reading a field gives text; it never raises.
"""

import binascii
import re
from itertools import islice
from urllib.parse import unquote_to_bytes

from connectors.email.charset import clean, decode_text

MAX_FIELDS = 1000
MAX_FIELD = 64 * 1024
"""Bytes of one field that are read; what is longer is cut, and `Headers.cut` says so."""

_FIELD = re.compile(rb"^([!-9;-~]{1,100})[ \t]*+:(.*+(?:\n[ \t].*+)*+)", re.MULTILINE)
_NOT_A_FIELD = re.compile(rb"^(?![!-9;-~]{1,100}[ \t]*+:|[ \t\r\n]|\Z)", re.MULTILINE)
_FOLD = re.compile(r"[\r\n]+[ \t]*|\t")
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN = re.compile(r"(?<=\?=)\s+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")
_PARAMETER = re.compile(r';\s*([^\s=;"]{1,80})\s*=\s*("(?:[^"\\]|\\.)*+"?|[^;]*+)', re.DOTALL)
_CONTINUED = re.compile(r"(.+?)(?:\*(\d{1,3}))?(\*)?")
_UNQUOTE = re.compile(r"\\(.)", re.DOTALL)


class Headers:
    """The fields of a message or part, by lower-case name, in order."""

    __slots__ = ("_fields", "cut", "order")

    def __init__(self, block: bytes) -> None:
        self._fields: dict[str, list[bytes]] = {}
        self.order: list[str] = []
        """Names from the top down, for what depends on position (trace fields)."""
        self.cut = False
        for match in islice(_FIELD.finditer(block), MAX_FIELDS):
            name, value = match.groups()
            if len(value) > MAX_FIELD:
                value, self.cut = value[:MAX_FIELD], True
            lowered = name.decode("ascii").lower()
            self.order.append(lowered)
            self._fields.setdefault(lowered, []).append(value)
        self.cut = self.cut or len(self.order) == MAX_FIELDS

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def count(self, name: str) -> int:
        return len(self._fields.get(name, ()))

    def raw(self, name: str) -> str:
        """The first field of the name, unfolded, encoded words left alone; '' where there is none."""
        values = self._fields.get(name)
        return _unfold(values[0]) if values else ""

    def every(self, name: str, limit: int = 50) -> list[str]:
        """All fields of the name, unfolded, from the top down."""
        return [_unfold(value) for value in self._fields.get(name, ())[:limit]]

    def text(self, name: str) -> str:
        """The first field of the name as a person reads it: unfolded and decoded."""
        return decode_words(self.raw(name))


def split_header(data: bytes) -> tuple[bytes, bytes]:
    """The header block and the body. Without a blank line the body begins at the first line that is no field."""
    if data.startswith((b"\n", b"\r\n")):
        return b"", data[data.index(b"\n") + 1 :]
    end = data.find(b"\n\r\n")
    bare = data.find(b"\n\n", 0, end + 1 if end >= 0 else len(data))
    if bare >= 0:
        return data[: bare + 1], data[bare + 2 :]
    if end >= 0:
        return data[: end + 1], data[end + 3 :]
    junk = _NOT_A_FIELD.search(data)
    return (data[: junk.start()], data[junk.start() :]) if junk else (data, b"")


def _unfold(value: bytes) -> str:
    try:
        text = value.decode("ascii")
    except UnicodeDecodeError:
        # RFC 6532 allows UTF-8 here; older senders wrote their own charset without saying which.
        text, _ = decode_text(value)
    if "\n" in text or "\t" in text or "\r" in text:
        text = _FOLD.sub(" ", text)
    text = text.strip()
    return text if text.isprintable() else clean(text)


def decode_words(text: str) -> str:
    """The text with its encoded words (RFC 2047) decoded; damaged ones stay as they are. Words of one charset are
    joined before decoding, because senders split characters between them."""
    if "=?" not in text:
        return text
    text = _BETWEEN.sub("", text)
    pieces: list[str] = []
    pending, charset, end = b"", "", 0
    for match in _WORD.finditer(text):
        name = match[1].partition("*")[0].lower()  # RFC 2231 §5: a language may follow the charset
        gap = text[end : match.start()]
        if pending and (gap or name != charset):
            pieces.append(decode_text(pending, charset)[0])
            pending = b""
        pieces.append(gap)
        pending, charset, end = pending + _decode_word(match[2], match[3]), name, match.end()
    if pending:
        pieces.append(decode_text(pending, charset)[0])
    pieces.append(text[end:])
    joined = "".join(pieces)
    return joined if joined.isprintable() else _FOLD.sub(" ", clean(joined))


def _decode_word(encoding: str, encoded: str) -> bytes:
    data = encoded.encode("utf-8", "surrogatepass")
    if encoding in "qQ":
        return binascii.a2b_qp(data.replace(b"_", b" "))
    return decode_base64(data)[0]


def decode_base64(data: bytes) -> tuple[bytes, bool]:
    """The bytes, and whether they were whole. Damaged padding costs at most the last group."""
    try:
        return binascii.a2b_base64(data), True
    except binascii.Error:
        pass
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    letters = letters[: len(letters) - 1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4)), False


def read_parameters(value: str) -> tuple[str, dict[str, str]]:
    """`text/plain; charset=utf-8` as its lower-case head and its parameters. Understands RFC 2231 continuations and
    charsets, and the encoded words that some clients put there against RFC 2047 §5."""
    head, semicolon, _ = value.partition(";")
    if not semicolon:
        return head.strip().lower(), {}
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[bool, str]]] = {}
    for match in islice(_PARAMETER.finditer(value, len(head)), 100):
        name, written = match[1].lower(), match[2].strip()
        if written.startswith('"'):
            written = _UNQUOTE.sub(r"\1", written[1:].removesuffix('"'))
        form = _CONTINUED.fullmatch(name)
        if form is None or (form[2] is None and form[3] is None):
            plain.setdefault(name, decode_words(written))
            continue
        sections.setdefault(form[1], {}).setdefault(int(form[2] or 0), (form[3] is not None, written))
    for name, parts in sections.items():
        plain[name] = _join_sections(parts)
    return head.strip().lower(), plain


def _join_sections(parts: dict[int, tuple[bool, str]]) -> str:
    """RFC 2231 §4.1: only the first section names the charset, `utf-8'en'...`."""
    charset, data = "", b""
    for position, number in enumerate(sorted(parts)):
        encoded, written = parts[number]
        if encoded and position == 0 and written.count("'") >= 2:
            charset, _, written = written.split("'", 2)
        data += unquote_to_bytes(written) if encoded else written.encode("utf-8", "surrogatepass")
    return decode_text(data, charset)[0]
