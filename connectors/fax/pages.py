"""The pages of a fax that came: a TIFF of coded lines (or a PDF) to a PDF, small pictures, and grey pages for reading.
Pure; runs in the parse worker."""

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import img2pdf
import pypdfium2
from PIL import Image

from connectors.fax.drawing import shrink, write_pdf, write_tiff
from hub.domain.errors import Unreadable

MAX_PAGES = 300
MAX_THUMBNAILS = 10
MAX_PIXELS = 25_000_000
"""Of one page: B4 at 16 lines a millimetre has 12 million."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What could be made of it."""

    pdf: bytes
    pages: int
    thumbnails: tuple[bytes, ...]
    """PNG, of the first pages."""
    problems: tuple[str, ...] = ()


def read_scan(data: bytes) -> Scan:
    """Raises Unreadable where not one page can be read; a fax that broke off keeps the pages that came."""
    if b"%PDF-" in data[:1024]:
        return _read_pdf(data)
    count, problems = _count_pages(data)
    thumbnails = tuple(shrink(page) for page in islice(tiff_pages(data), min(count, MAX_THUMBNAILS)))
    return Scan(pdf=make_pdf(data, whole=not problems), pages=count, thumbnails=thumbnails, problems=problems)


def _count_pages(data: bytes) -> tuple[int, tuple[str, ...]]:
    pages = tiff_pages(data)
    count = 0
    try:
        for _ in pages:
            count += 1
    except _Broken as error:
        if not count:
            raise Unreadable(f"The fax cannot be read: {error}.") from error
        return count, (f"Only the first {count} pages can be read: {error}.",)
    if not count:
        raise Unreadable("The fax has no pages.")
    if count == MAX_PAGES:
        return count, (f"Only the first {MAX_PAGES} pages are looked at.",)
    return count, ()


class _Broken(Exception):
    """A page cannot be decoded. Never leaves this module."""


def tiff_pages(data: bytes) -> Iterator[Image.Image]:
    """Black and white pages, at most 300. Raises _Broken at the first that cannot be decoded."""
    try:
        picture = Image.open(io.BytesIO(data), formats=("TIFF",))
    except Exception as error:  # whatever hostile bytes make of the first directory
        raise _Broken("it is no TIFF that can be opened") from error
    with picture:
        for index in range(MAX_PAGES):
            try:
                picture.seek(index)
            except EOFError:
                return
            except Exception as error:  # whatever hostile bytes make of the directory
                raise _Broken(f"the directory of page {index + 1} is damaged") from error
            yield _decode(picture, index)


def _decode(picture: Image.Image, index: int) -> Image.Image:
    if picture.width * picture.height > MAX_PIXELS:
        raise _Broken(f"page {index + 1} is too large")
    try:
        return picture.convert("1", dither=Image.Dither.NONE)
    except Exception as error:  # libtiff and Pillow raise a dozen kinds for damaged lines
        raise _Broken(f"page {index + 1} is damaged") from error


def make_pdf(data: bytes, *, whole: bool) -> bytes:
    """The coded lines as they came, where the TIFF is whole; else the pages that could be read, coded anew."""
    if whole:
        try:
            return write_pdf(data)
        except Exception:  # noqa: BLE001 - img2pdf asserts what other programs leave out; then it is coded anew
            return _coded_anew(data)
    return _coded_anew(data)


def _coded_anew(data: bytes) -> bytes:
    pages = list(_sound_pages(data))
    if not pages:
        raise Unreadable("The fax has no pages.")
    return _to_pdf(pages)


def _sound_pages(data: bytes) -> Iterator[Image.Image]:
    with contextlib.suppress(_Broken):
        yield from tiff_pages(data)


def _to_pdf(pages: Sequence[Image.Image]) -> bytes:
    try:
        return write_pdf(write_tiff(pages))
    except (OSError, ValueError, img2pdf.ImageOpenError) as error:
        raise Unreadable("The pages cannot be put into a PDF.") from error


def pdf_pages(data: bytes, limit: int, scale: float = 1.5) -> tuple[int, list[Image.Image]]:
    """How many, and the first of them, grey. Raises Unreadable."""
    try:
        document = pypdfium2.PdfDocument(data)
    except (pypdfium2.PdfiumError, ValueError) as error:
        raise Unreadable("The PDF is damaged or locked.") from error
    try:
        count, pages = len(document), []
        for index in range(min(count, limit)):
            page = document[index]
            wide, high = page.get_size()
            fitting = min(scale, 3_000 / max(wide, high, 1.0))
            bitmap = page.render(scale=fitting, grayscale=True)
            pages.append(bitmap.to_pil().convert("L"))
            bitmap.close()
            page.close()
    except (pypdfium2.PdfiumError, ValueError) as error:
        raise Unreadable("The PDF is damaged or locked.") from error
    finally:
        document.close()
    if not count:
        raise Unreadable("The fax has no pages.")
    return count, pages


def _read_pdf(data: bytes) -> Scan:
    count, pages = pdf_pages(data, MAX_THUMBNAILS)
    return Scan(pdf=data, pages=count, thumbnails=tuple(_thumbnail(page) for page in pages))


def _thumbnail(page: Image.Image) -> bytes:
    sink = io.BytesIO()
    page.thumbnail((620, 1200))
    page.quantize(16).save(sink, "PNG", optimize=True)
    return sink.getvalue()
