"""The tree of MIME parts (RFC 2045, 2046), cut out of the raw bytes within fixed bounds.

Written by hand because the standard parser follows nesting by recursion and copies every part; here depth and number
are bounded by construction, a part is a slice, and nothing is decoded that nobody asks for. A boundary that never
closes ends its part at the end of the enclosing one; a multipart without usable boundaries is read as what it holds.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.email.header import Headers, decode_base64, read_parameters, split_header

MAX_PARTS = 1000
MAX_DEPTH = 20

_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}")
_MBOX_LINE = re.compile(rb"\A>?From [^\n]{0,998}\n")
_FIRST_DELIMITER = re.compile(rb"(?:\A|\n)--([^\s-][^\r\n]{0,200}?)[ \t]*\r?\n")
_UUENCODED = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})
_IDENTITY = frozenset({"", "7bit", "8bit", "binary", "7-bit", "8-bit"})


@dataclass(slots=True, eq=False)
class Part:
    """One MIME part. `body` is as transmitted; `decoded` undoes the transfer encoding."""

    headers: Headers
    body: bytes
    type: str
    parameters: dict[str, str]
    parts: list["Part"] = field(default_factory=list)

    @property
    def is_multipart(self) -> bool:
        return bool(self.parts)

    def disposition(self) -> tuple[str, dict[str, str]]:
        """RFC 2183: `attachment`, `inline` or '', and the parameters."""
        return read_parameters(self.headers.raw("content-disposition"))

    def decoded(self, problems: list[str] | None = None) -> bytes:
        """The bytes without their transfer encoding (RFC 2045 §6); what is damaged is kept as far as it goes and
        said in `problems`."""
        encoding = self.headers.raw("content-transfer-encoding").lower().partition(";")[0].strip()
        whole = True
        data = self.body
        if encoding == "base64":
            data, whole = decode_base64(data)
        elif encoding == "quoted-printable":
            data = binascii.a2b_qp(data)
        elif encoding in _UUENCODED:
            data, whole = decode_uu(data)
        elif encoding not in _IDENTITY and problems is not None:
            problems.append(f"A part has the unknown transfer encoding “{encoding[:40]}”; it is kept as it came.")
        if not whole and problems is not None:
            problems.append(f"A part's {encoding} encoding is damaged; it is shown as far as it could be read.")
        return data

    def walk(self) -> Iterator["Part"]:
        """This part and those below it, from the top down."""
        yield self
        for part in self.parts:
            yield from part.walk()


def decode_uu(data: bytes) -> tuple[bytes, bool]:
    """The bytes between `begin` and `end`, and whether every line of them was sound."""
    decoded: list[bytes] = []
    whole = True
    for line in data.splitlines():
        if line.startswith(b"begin ") and not decoded:
            continue
        if line.strip() in (b"end", b"`", b""):
            continue
        try:
            decoded.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Some encoders pad the last line wrongly: take the bytes that its length announces.
            count = ((line[0] - 32) & 63) * 4 // 3 + 4
            try:
                decoded.append(binascii.a2b_uu(line[:count].rstrip()))
            except binascii.Error:
                whole = False
    return b"".join(decoded), whole


class _Reader:
    """Holds the bounds while one message is cut."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        self.left = MAX_PARTS
        self.too_deep = False

    def read(self, data: bytes, default_type: str, depth: int) -> Part:
        block, body = split_header(data)
        headers = Headers(block)
        self.left -= 1
        content_type = headers.raw("content-type")
        kind, parameters = read_parameters(content_type) if content_type else (default_type, {})
        if not _TYPE.fullmatch(kind):
            kind = "text/plain" if kind in {"text", "plain", ""} else "application/octet-stream"
        part = Part(headers, body, kind, parameters)
        if kind.startswith("multipart/"):
            self._divide(part, depth)
        return part

    def _divide(self, part: Part, depth: int) -> None:
        if depth >= MAX_DEPTH:
            self._tell_depth()
            part.type = "application/octet-stream"
            return
        boundary = part.parameters.get("boundary", "").rstrip().encode("utf-8", "surrogatepass")
        slices, closed = self._cut(part.body, boundary) if boundary else ([], False)
        if not slices:
            guess = _FIRST_DELIMITER.search(part.body)
            slices, closed = self._cut(part.body, guess[1]) if guess else ([], False)
            self.problems.append("The parts of the message are not separated as its header says; they were guessed.")
        elif not closed:
            self.problems.append("The message ends before its last part does; something may be missing.")
        if not slices:
            part.type = "text/plain"
            return
        default = "message/rfc822" if part.type == "multipart/digest" else "text/plain"  # RFC 2046 §5.1.5
        for start, end in slices:
            if self.left <= 0:
                self._tell_number()
                return
            part.parts.append(self.read(part.body[start:end], default, depth + 1))

    def _cut(self, body: bytes, boundary: bytes) -> tuple[list[tuple[int, int]], bool]:
        """Where the parts lie, and whether the closing delimiter came (RFC 2046 §5.1.1)."""
        delimiter = b"--" + boundary
        slices: list[tuple[int, int]] = []
        start = -1
        at = body.find(delimiter)
        while at >= 0:
            after = at + len(delimiter)
            newline = body.find(b"\n", after)
            line_end = len(body) if newline < 0 else newline
            rest = body[after : min(line_end, after + 200)].strip()
            if (at == 0 or body[at - 1] == 0x0A) and rest in (b"", b"--"):
                if start >= 0:
                    slices.append((start, _before_newline(body, at)))
                if rest == b"--":
                    return slices, True
                start = line_end + 1
                if len(slices) > self.left:
                    return slices, True
            at = body.find(delimiter, after)
        if 0 <= start < len(body):
            slices.append((start, len(body)))
        return slices, False

    def _tell_depth(self) -> None:
        if not self.too_deep:
            self.too_deep = True
            self.problems.append(f"Parts nested deeper than {MAX_DEPTH} levels are not taken apart.")

    def _tell_number(self) -> None:
        sentence = f"The message has more than {MAX_PARTS} parts; the rest is left out."
        if sentence not in self.problems:
            self.problems.append(sentence)


def _before_newline(body: bytes, at: int) -> int:
    """The line break before a delimiter belongs to the delimiter."""
    if at >= 2 and body[at - 2 : at] == b"\r\n":
        return at - 2
    return max(at - 1, 0)


def read_structure(raw: bytes, problems: list[str]) -> Part:
    """The tree of a whole message. Never raises; what was cut or guessed is added to `problems`."""
    mbox = _MBOX_LINE.match(raw)
    data = raw[mbox.end() :] if mbox else raw
    if data[:1] in (b"\r", b"\n"):
        data = data.lstrip(b"\r\n")
    part = _Reader(problems).read(data, "text/plain", 0)
    if part.headers.cut:
        problems.append("The header is larger than what is read of it; the rest is left out.")
    return part
