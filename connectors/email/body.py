"""What of a message is its text, what its HTML, and what its files.

The rules: of alternatives the plain text is read and the HTML shown; of related parts the first is the body; every
text part that is neither named nor an attachment belongs to the body, in order; all else is a file. Files are decoded
only when their bytes are asked for.
"""

import re
from dataclasses import dataclass, field

from connectors.email.charset import decode_text
from connectors.email.header import decode_words
from connectors.email.hypertext import text_of_html
from connectors.email.structure import Part, decode_uu

MAX_UUENCODED = 50

_UU_BEGIN = re.compile(r"^begin [0-7]{3,4} (\S[^\n]{0,200})\n", re.MULTILINE)
_UU_END = re.compile(r"^end[ \t]*$", re.MULTILINE)
_UNSAFE_IN_NAME = re.compile('[\x00-\x1f\x7f<>:"|?*\u200e\u200f\u202a-\u202e\u2066-\u2069]')
_EXTENSIONS = {
    "message/rfc822": ".eml",
    "text/rfc822-headers": ".txt",
    "message/delivery-status": ".txt",
    "message/disposition-notification": ".txt",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/vcard": ".vcf",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/ms-tnef": ".dat",
    "application/pgp-signature": ".asc",
    "application/pkcs7-signature": ".p7s",
    "application/pkcs7-mime": ".p7m",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/tiff": ".tif",
}


@dataclass(slots=True, eq=False)
class FilePart:
    """A file in the message: a part, or what was uuencoded inside a text."""

    part: Part | None
    name: str
    type: str
    inline: bool = False
    content_id: str = ""
    content: bytes = b""

    def data(self, problems: list[str] | None = None) -> bytes:
        """The decoded bytes."""
        return self.part.decoded(problems) if self.part is not None else self.content


@dataclass(slots=True, eq=False)
class _Segment:
    """A piece of the body: its plain text, its HTML, or both as alternatives."""

    plain: Part | None = None
    html: Part | None = None


@dataclass(slots=True, eq=False)
class Body:
    """The body, read. `first_text` is the first text part, decoded and otherwise as it came (for the fingerprint)."""

    text: str = ""
    first_text: str = ""
    has_html: bool = False
    files: list[FilePart] = field(default_factory=list)


class BodyReader:
    """Reads one message's parts; what cannot be read is added to `problems`."""

    def __init__(self, root: Part, problems: list[str]) -> None:
        self.root = root
        self.problems = problems
        self.files: list[FilePart] = []
        self.segments = self._collect(root, related=False)

    def read(self) -> Body:
        """The text and the files. Uuencoded files are cut out of the text and come after the other files."""
        texts: list[str] = []
        first = ""
        for segment in self.segments:
            text, source = self._read_segment(segment)
            first = first or source
            if text:
                texts.append(text)
        return Body(
            text="\n\n".join(texts),
            first_text=first,
            has_html=any(segment.html is not None for segment in self.segments),
            files=self.files,
        )

    def html(self) -> str | None:
        """The HTML as sent, segments of plain text escaped among it; None where there is no HTML."""
        if not any(segment.html is not None for segment in self.segments):
            return None
        pieces = []
        for segment in self.segments:
            source = segment.html or segment.plain
            if source is not None:
                text = self._decode(source)
                pieces.append(text if source is segment.html else _as_preformatted(text))
        return "\n".join(pieces)

    def _read_segment(self, segment: _Segment) -> tuple[str, str]:
        """The readable text, and the source of it as it came."""
        plain = self._decode(segment.plain) if segment.plain is not None else ""
        if plain.strip() or segment.html is None:
            source = plain
            plain = plain.replace("\r\n", "\n").replace("\r", "\n")
            if segment.plain is not None and segment.plain.parameters.get("format", "").lower() == "flowed":
                plain = unflow(plain, delete_space=segment.plain.parameters.get("delsp", "").lower() == "yes")
            return self._cut_uuencoded(plain).strip("\n"), source
        markup = self._decode(segment.html)
        return text_of_html(markup, self.problems), markup

    def _decode(self, part: Part) -> str:
        text, complaint = decode_text(part.decoded(self.problems), part.parameters.get("charset", ""))
        if complaint:
            sentence = f"The text was read by guesswork: {complaint}."
            if sentence not in self.problems:
                self.problems.append(sentence)
        return text

    def _cut_uuencoded(self, text: str) -> str:
        if "begin " not in text:
            return text
        kept, position = [], 0
        for _ in range(MAX_UUENCODED):
            begin = _UU_BEGIN.search(text, position)
            end = _UU_END.search(text, begin.end()) if begin else None
            if begin is None or end is None:
                break
            data, whole = decode_uu(text[begin.end() : end.start()].encode("latin-1", "replace"))
            if not whole:
                self.problems.append("A uuencoded file is damaged; it is kept as far as it could be read.")
            name = safe_name(begin[1]) or f"attachment-{len(self.files) + 1}"
            self.files.append(FilePart(None, name, "application/octet-stream", content=data))
            kept.append(text[position : begin.start()])
            position = end.end()
        return "".join(kept) + text[position:]

    def _collect(self, part: Part, *, related: bool) -> list[_Segment]:
        if not part.is_multipart:
            return self._leaf(part, related=related)
        if part.type == "multipart/alternative":
            return self._alternatives(part)
        if part.type == "multipart/encrypted":
            self.problems.append("The message is encrypted; its content cannot be read here.")
        segments: list[_Segment] = []
        for position, child in enumerate(part.parts):
            segments += self._collect(child, related=part.type == "multipart/related" and position > 0)
        return segments

    def _alternatives(self, part: Part) -> list[_Segment]:
        choices = [self._collect(child, related=False) for child in part.parts]
        plain = next((s for s in choices if s and s[0].plain is not None and s[0].html is None), [])
        rich = next((s for s in reversed(choices) if any(one.html is not None for one in s)), [])
        if len(plain) == 1 and len(rich) == 1 and rich[0].html is not None:
            return [_Segment(plain[0].plain, rich[0].html)]
        if plain and rich:
            # The rich side has several pieces (a forwarded newsletter): show it, read it too.
            return rich
        return plain or rich

    def _leaf(self, part: Part, *, related: bool) -> list[_Segment]:
        if part.type == "text/x-amp-html":
            return []  # a third rendering of the same words, meant for Gmail alone
        disposition, parameters = part.disposition()
        named = bool(parameters.get("filename") or part.parameters.get("name"))
        is_text = part.type in {"text/plain", "text/html"} and disposition != "attachment" and not related
        if is_text and (not named or part is self.root):
            return [_Segment(plain=part) if part.type == "text/plain" else _Segment(html=part)]
        content_id = part.headers.raw("content-id").strip("<> ")[:200]
        self.files.append(
            FilePart(
                part,
                self._name(part, parameters),
                part.type,
                inline=disposition == "inline" or (related and bool(content_id) and disposition != "attachment"),
                content_id=content_id,
            )
        )
        self._warn(part.type)
        return []

    def _name(self, part: Part, parameters: dict[str, str]) -> str:
        written = parameters.get("filename") or part.parameters.get("name") or part.headers.text("content-description")
        if not written and part.type == "message/rfc822":
            from connectors.email.header import Headers, split_header

            written = Headers(split_header(part.body[:65536])[0]).text("subject")[:100].replace("/", "-")
            written = f"{written}.eml" if written else ""
        return safe_name(written) or f"attachment-{len(self.files) + 1}{_EXTENSIONS.get(part.type, '')}"

    def _warn(self, kind: str) -> None:
        if kind == "application/ms-tnef":
            self.problems.append("A file is packed in Outlook's own format (winmail.dat); it is kept but not unpacked.")
        elif kind in {"application/pkcs7-mime", "application/x-pkcs7-mime"}:
            self.problems.append("The message is encrypted or sealed with S/MIME; its content cannot be read here.")


def _as_preformatted(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<pre>{escaped}</pre>"


def safe_name(written: str) -> str:
    """A file name without folders, control and direction characters, at most 150 characters, its ending kept."""
    name = decode_words(written).replace("\\", "/").rpartition("/")[2]
    name = " ".join(_UNSAFE_IN_NAME.sub("", name).split()).strip(". ") if name.strip(". ") else ""
    if len(name) > 150:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[: 149 - len(ending)]}.{ending}" if dot and len(ending) <= 20 else name[:150]
    return name


def unflow(text: str, *, delete_space: bool) -> str:
    """Joins the soft line breaks of format=flowed (RFC 3676 §4). Quoted lines are left as they are."""
    lines: list[str] = []
    open_line = False
    for line in text.split("\n"):
        quoted = line.startswith(">")
        if not quoted and line.startswith(" "):
            line = line[1:]  # §4.4: space-stuffing
        if open_line and not quoted and line != "-- ":
            lines[-1] = (lines[-1][:-1] if delete_space else lines[-1]) + line
        else:
            lines.append(line)
        open_line = not quoted and line.endswith(" ") and line != "-- "
    return "\n".join(lines)
