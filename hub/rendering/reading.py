"""Text out of files, by what the bytes are; the name and the claimed type decide only where the bytes do not tell."""

import email
import email.policy
import re
from html import unescape

from hub.domain.errors import Unreadable
from hub.ports.renderer import ExtractedText

MAX_TEXT = 500_000
MAX_PAGES = 500
MAX_PLAIN = 5_000_000
_TAG = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^<>]{0,2000}>", re.DOTALL | re.IGNORECASE)
_TEXT_ENDINGS = ("txt", "md", "csv", "log", "json", "xml", "ics", "vcf", "html", "htm", "ini", "yaml", "yml", "tex")


def read_text(data: bytes, type: str, name: str) -> ExtractedText:
    """Raises Unreadable where the file holds no text that we can read."""
    ending = name.rpartition(".")[2].lower()
    if data[:1024].lstrip().startswith(b"%PDF-") or b"%PDF-" in data[:1024]:
        return _read_pdf(data)
    if data.startswith(b"PK\x03\x04"):
        # Loaded here: a worker for pictures needs neither.
        from hub.rendering.office import read_office

        text, pages = read_office(data)
        return _bounded(text, pages)
    if type == "message/rfc822" or ending == "eml":
        return _bounded(_read_mail(data), 0)
    if is_picture(data):
        from hub.rendering.recognition import read_picture

        text, pages = read_picture(data)
        return _bounded(text, pages)
    if type.startswith("text/") or ending in _TEXT_ENDINGS:
        text = _decoded(data[:MAX_PLAIN])
        return _bounded(strip_markup(text) if ending in ("html", "htm") or type == "text/html" else text, 0)
    raise Unreadable("There is no text to be read in a file of this kind.")


def is_picture(data: bytes) -> bool:
    """Whether the bytes begin as a picture's do."""
    webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    return webp or data.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"BM"))


def _read_pdf(data: bytes) -> ExtractedText:
    from hub.rendering.pages import read_pdf

    text, pages = read_pdf(data, max_pages=MAX_PAGES, max_text=MAX_TEXT)
    return _bounded(text, pages)


def _read_mail(data: bytes) -> str:
    message = email.message_from_bytes(data, policy=email.policy.default)
    lines = [str(message.get(name, "")) for name in ("Subject", "From", "To", "Date")]
    try:
        body = message.get_body(("plain", "html"))
        text = str(body.get_content()) if body is not None else ""
    except (LookupError, ValueError, AttributeError, AssertionError) as error:
        raise Unreadable("The text of this mail cannot be decoded.") from error
    if body is not None and body.get_content_subtype() == "html":
        text = strip_markup(text)
    return "\n".join([*lines, text])


def strip_markup(text: str) -> str:
    """The words of an HTML text."""
    return unescape(_TAG.sub(" ", text))


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\0" in data[:4_096]:
        raise Unreadable("This is no text.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _bounded(text: str, pages: int) -> ExtractedText:
    # Surrogates and NUL cannot be stored.
    clean = text.replace("\0", "").encode("utf-8", "ignore").decode()
    return ExtractedText(text=clean[:MAX_TEXT], pages=pages, cut=len(clean) > MAX_TEXT)
