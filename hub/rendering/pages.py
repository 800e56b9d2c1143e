"""PDF by pdfium: text and the picture of a page. pdfium is not thread-safe and parses hostile bytes: it runs in the
worker process only."""

from typing import Any

import pypdfium2
from PIL import Image

from hub.domain.errors import Unreadable

SCAN_WIDTH = 1_800
"""Pixels across a page for OCR: a little more than 200 dpi on A4."""
MAX_SIDE = 14_400
"""Points: the largest page that PDF 1.7 (Annex C) allows."""


def _opened(data: bytes) -> "pypdfium2.PdfDocument":
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise Unreadable("This PDF is damaged or locked with a password.") from error


def read_pdf(data: bytes, *, max_pages: int, max_text: int) -> tuple[str, int]:
    """(text, pages). Pages without text go through OCR where it is installed, the first ten of them. Raises
    Unreadable."""
    document = _opened(data)
    try:
        count, parts, length = len(document), [], 0
        for number in range(min(count, max_pages)):
            text = _page_text(document, number)
            parts.append(text)
            length += len(text)
            if length > max_text:
                break
        _recognise(document, parts)
        return "\n".join(parts), count
    finally:
        document.close()


def _page_text(document: Any, number: int) -> str:
    try:
        page = document[number]
        try:
            textpage = page.get_textpage()
            try:
                return str(textpage.get_text_bounded())
            finally:
                textpage.close()
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        # One broken page must not cost the others.
        return ""


def _recognise(document: Any, parts: list[str]) -> None:
    """Put in the words of scanned pages, where OCR is installed. A page that cannot be drawn has none."""
    blank = [number for number, text in enumerate(parts) if not text.strip()]
    if not blank:
        return
    from hub.rendering.recognition import MAX_SCANNED, recognise, recognises

    if not recognises():
        return
    drawn = (_scan_of(document, number) for number in blank[:MAX_SCANNED])
    for number, text in zip(blank, recognise(drawn), strict=False):
        parts[number] = text


def _scan_of(document: Any, number: int) -> Any:
    try:
        return _picture_of(document, number, SCAN_WIDTH)
    except (pypdfium2.PdfiumError, Unreadable):
        return Image.new("L", (1, 1), 255)


def picture_of_pdf(data: bytes, width: int) -> Any:
    """The first page as a Pillow image. Raises Unreadable."""
    document = _opened(data)
    try:
        if len(document) == 0:
            raise Unreadable("This PDF has no pages.")
        return _picture_of(document, 0, width)
    except pypdfium2.PdfiumError as error:
        raise Unreadable("The first page of this PDF cannot be drawn.") from error
    finally:
        document.close()


def _picture_of(document: Any, number: int, width: int) -> Any:
    page = document[number]
    try:
        across, down = page.get_size()
        if not (0 < across <= MAX_SIDE and 0 < down <= MAX_SIDE):
            raise Unreadable("The pages of this PDF have no sensible size.")
        # A ribbon of a page must not become a picture of a million lines.
        scale = min(width / across, 2 * width / down)
        return page.render(scale=scale, may_draw_forms=False).to_pil()
    finally:
        page.close()
