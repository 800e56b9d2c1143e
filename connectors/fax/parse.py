"""From a fax that came to a Message. Pure.

A raw arrival is a bundle: JSON of what the gateway told, and the pages, a TIFF or a PDF. What is shown is made from
them each time: first the PDF, then small pictures of the pages, then the file as it came.
"""

import hashlib
import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from connectors.fax.address import FAX_FORM, nameless
from hub.domain.address import Address
from hub.domain.errors import Invalid, NotFound, Unreadable
from hub.domain.instant import to_utc_ms
from hub.domain.message import (
    Attachment,
    Content,
    Envelope,
    InteractionKind,
    Message,
    Participant,
    ParticipantRole,
    Strength,
)
from hub.ports.bundle import Bundle, open_bundle
from hub.ports.parser import ParseContext

if TYPE_CHECKING:
    from connectors.fax.pages import Scan

MAX_NATIVE = 65_536
TOLD = {
    "de": ("Fax, {pages} Seiten", "Fax, 1 Seite", "unbekannte Faxnummer"),
    "en": ("Fax, {pages} pages", "Fax, 1 page", "unknown fax number"),
}


class FaxParser:
    """hub.ports.parser.Parser for faxes."""

    def parse(self, raw: bytes, envelope: Envelope, context: ParseContext) -> Message:
        """The message; raises Unreadable where the JSON or every page is damaged."""
        bundle = open_bundle(raw)
        told = _read_native(bundle.native)
        data = _pages_of(bundle)
        scan = _read_scan(data)
        many, one, unknown = TOLD.get(str(told.get("language")), TOLD["en"])
        sender = _read_sender(told, bundle.native, unknown)
        words = _read_words(data)
        subject = one if scan.pages == 1 else many.format(pages=scan.pages)
        problems = (*scan.problems, *_complaints(told, scan))
        return Message(
            channel=FAX_FORM.name,
            sender=sender,
            recipients=_read_recipients(told),
            date=_read_moment(told.get("at")),
            content=Content(
                subject=subject,
                text=words or f"{subject}.",
                reply_text=words or f"{subject}.",
                attachments=_describe(scan, data, _title(told, sender.address)),
            ),
            strength=Strength.CLAIMED,
            fingerprint=hashlib.sha256(raw).hexdigest(),
            kind=InteractionKind.FAX,
            aliases=_read_aliases(sender),
            marks=("partial",) if problems else (),
            problems=problems,
        )

    def extract(self, raw: bytes, index: int) -> bytes:
        """0: the PDF; then the small pictures; the last: the file as it came. Raises NotFound, Unreadable."""
        data = _pages_of(open_bundle(raw))
        scan = _read_again(data)
        files = (scan.pdf, *scan.thumbnails, data)
        if not 0 <= index < len(files):
            raise NotFound("There is no such attachment.", index=index)
        return files[index]

    def render_html(self, raw: bytes) -> str | None:
        """A fax has no HTML."""
        return None


@lru_cache(maxsize=1)
def _read_again(data: bytes) -> "Scan":
    """Somebody who looks at a fax asks for its pictures one after the other."""
    return _read_scan(data)


def _read_scan(data: bytes) -> "Scan":
    # Pillow and pdfium are for the parse worker: the hub itself, which knows this module too, never loads them.
    from connectors.fax.pages import read_scan

    return read_scan(data)


def _read_native(native: bytes) -> dict[str, Any]:
    if len(native) > MAX_NATIVE:
        raise Unreadable("What the gateway tells of this fax is too long.")
    try:
        told = json.loads(native)
    except (ValueError, RecursionError) as error:
        raise Unreadable("What the gateway tells of this fax is no JSON.") from error
    if not isinstance(told, dict):
        raise Unreadable("What the gateway tells of this fax is no JSON object.")
    return told


def _pages_of(bundle: Bundle) -> bytes:
    if not bundle.files:
        raise Unreadable("The fax came without its pages.")
    return bundle.files[0].data


def _word(told: dict[str, Any], key: str) -> str:
    """A short text of the gateway's; '' where it is none."""
    value = told.get(key)
    text = value if isinstance(value, str) else ""
    return "".join(sign for sign in text if sign.isprintable()).strip()[:100]


def _read_sender(told: dict[str, Any], native: bytes, unknown: str) -> Participant:
    """The caller's number that the exchange gave, else the one that the machine gives (TSI, ITU-T T.30): neither is
    proof. A number is believed before a name."""
    names = [_word(told, key) for key in ("caller_name", "tsi", "caller")]
    for key in ("caller", "tsi"):
        number = _word(told, key)
        written = f"+{number}" if number.isdigit() and len(number) > 10 and not number.startswith("0") else number
        try:
            address = FAX_FORM.normalise(written)
        except Invalid:
            continue
        # Display as our own forms show it; a name is one with letters.
        name = next((name for name in names if any(sign.isalpha() for sign in name)), "")
        return Participant(address=address, name=name, role=ParticipantRole.FROM)
    name = next((name for name in names if any(sign.isalnum() for sign in name)), unknown)
    return Participant(address=nameless(native), name=name, role=ParticipantRole.FROM)


def _read_aliases(sender: Participant) -> tuple[Participant, ...]:
    """Many a caller has one number for both: where it is known as a telephone's, the fax is that contact's."""
    number = sender.address.normal
    if not number.startswith("+"):
        return ()
    return (Participant(address=Address(channel="phone", normal=number), role=ParticipantRole.FROM),)


def _read_recipients(told: dict[str, Any]) -> tuple[Participant, ...]:
    try:
        return (Participant(address=FAX_FORM.normalise(_word(told, "to")), role=ParticipantRole.TO),)
    except Invalid:
        return ()


def _read_moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return to_utc_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def _complaints(told: dict[str, Any], scan: "Scan") -> tuple[str, ...]:
    """What the gateway complained of, and pages that it counted and that are not there."""
    found = []
    if error := _word(told, "error"):
        found.append(f"The transmission ended early: {error}")
    counted = told.get("pages")
    if isinstance(counted, int) and not isinstance(counted, bool) and counted > scan.pages:
        found.append(f"{counted} pages were announced, {scan.pages} came.")
    return tuple(found)


def _title(told: dict[str, Any], sender: Address) -> str:
    moment = _read_moment(told.get("at"))
    number = sender.normal.lstrip("+") if sender.normal.startswith("+") else ""
    return "-".join(filter(None, ("fax", number, f"{moment:%Y%m%d-%H%M}" if moment else "")))


def _describe(scan: "Scan", data: bytes, title: str) -> tuple[Attachment, ...]:
    original = "pdf" if b"%PDF-" in data[:1024] else "tif"
    files = [(f"{title}.pdf", "application/pdf", scan.pdf)]
    files += [(f"{title}-{page}.png", "image/png", png) for page, png in enumerate(scan.thumbnails, start=1)]
    files.append((f"{title}-original.{original}", "application/pdf" if original == "pdf" else "image/tiff", data))
    return tuple(
        Attachment(
            index=index,
            name=name,
            type=type,
            size=len(bytes_),
            sha256=hashlib.sha256(bytes_).hexdigest(),
            inline=type == "image/png",
        )
        for index, (name, type, bytes_) in enumerate(files)
    )


def _read_words(data: bytes) -> str:
    from connectors.fax.ocr import read_text
    from connectors.fax.pages import pdf_pages, tiff_pages

    try:
        if b"%PDF-" in data[:1024]:
            return read_text(pdf_pages(data, 4, scale=2.8)[1])
        return read_text(tiff_pages(data))
    except Exception:  # noqa: BLE001 - an extra: a page that cannot be read aloud is still shown
        return ""


FAX_PARSER = FaxParser()
