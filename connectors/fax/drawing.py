"""The drawing process: `python -m connectors.fax.drawing` reads one job from standard input (a bundle: JSON and files)
and writes pages to standard output (a bundle: JSON, the TIFF for the fax machine, a PDF, pictures to look at).

It opens no sockets and no store, and limits itself: memory by RLIMIT_AS, time by RLIMIT_CPU. One process a job, so that
what a document does to it ends with it; pdfium is not safe for threads either.
"""

import io
import json
import os
import resource
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import img2pdf
from PIL import Image, ImageChops

from connectors.fax.documents import open_pages
from connectors.fax.letter import Letter
from connectors.fax.typesetting import RESOLUTION, draw_letter, stamp_header
from connectors.fax.words import say
from hub.domain.errors import FernamtError, Invalid, Unreadable
from hub.ports.bundle import BundledFile, open_bundle, pack_bundle

MEMORY_BYTES = 1024 * 1024 * 1024
CPU_SECONDS = 45
MAX_PREVIEWS = 5
PREVIEW_WIDTH = 620
MIDDLE = 150
"""Darker than that is black."""
PICTURE_SHARE = 0.10
"""A page with more half-tones than that is a picture: dithered, where text would be frayed by it."""


PHOTOMETRIC, ROWS_PER_STRIP = 262, 278


def draw(raw: bytes) -> bytes:
    """The answer to a job. Raises FernamtError."""
    job = open_bundle(raw)
    wanted = json.loads(job.native)
    letter, limit = Letter(**wanted["letter"]), int(wanted["max_pages"])
    documents: list[Image.Image] = []
    for file in job.files:
        room = limit - len(documents)
        found = [to_black(page) for page in islice(open_pages(file.name, file.type, file.data), room + 1)]
        if len(found) > room:
            raise Invalid(f"The fax would have more than {limit} pages.", pages=limit)
        if not found:
            raise Unreadable(f'"{file.name[:60]}" has no pages.')
        documents += found
    pages = [*_own_pages(letter, len(documents), limit), *documents]
    if not pages:
        raise Invalid("There is nothing to fax.")
    if len(pages) > limit:
        raise Invalid(f"The fax would have more than {limit} pages.", pages=limit)
    _stamp(pages, str(wanted["header"]), letter.language)
    return _pack(pages, cover=letter.cover, previews=int(wanted["previews"]))


def _own_pages(letter: Letter, others: int, limit: int) -> Iterator[Image.Image]:
    """The cover sheet says how many pages follow, which is known once the text is set."""
    count = sum(1 for _ in islice(draw_letter(letter, ""), limit + 1))
    words = say(letter.language, "with-cover", pages=count + others)
    yield from (to_black(page) for page in islice(draw_letter(letter, words), limit + 1))


def to_black(page: Image.Image) -> Image.Image:
    """Black and white: dithered where it is a picture, cut at a threshold where it is writing."""
    counts = page.histogram()
    tones = sum(counts[48:216]) / (page.width * page.height)
    if tones > PICTURE_SHARE:
        # Dots of two by two: single ones take four times as long on the line.
        coarse = page.resize((page.width // 2, page.height // 2), Image.Resampling.BOX)
        return coarse.convert("1", dither=Image.Dither.FLOYDSTEINBERG).resize(page.size, Image.Resampling.NEAREST)
    return page.point([0 if tone < MIDDLE else 255 for tone in range(256)], mode="1")


def _stamp(pages: list[Image.Image], header: str, language: str) -> None:
    for index, page in enumerate(pages, start=1):
        grey = page.convert("L")
        stamp_header(grey, header, say(language, "page", page=index, pages=len(pages)))
        pages[index - 1] = grey.point([0 if tone < MIDDLE else 255 for tone in range(256)], mode="1")


def _pack(pages: Sequence[Image.Image], *, cover: bool, previews: int) -> bytes:
    tiff = write_tiff(pages)
    files = [
        BundledFile(name="fax.tif", type="image/tiff", data=tiff),
        BundledFile(name="fax.pdf", type="application/pdf", data=write_pdf(tiff)),
    ]
    for index, page in enumerate(pages[: min(previews, MAX_PREVIEWS)], start=1):
        files.append(BundledFile(name=f"page-{index}.png", type="image/png", data=shrink(page)))
    return pack_bundle(json.dumps({"pages": len(pages), "cover": cover}).encode(), files)


def write_tiff(pages: Sequence[Image.Image]) -> bytes:
    """One TIFF, class F: G4 (ITU-T T.6), 204x196 dpi."""
    sink = io.BytesIO()
    # RFC 3949 §3.5: white is 0, one strip a page. Pillow turns white into 0 one pixel after the other, in seconds a
    # page; so the inverse is saved as if black were 0, and the fields are set right afterwards.
    inverse = [ImageChops.invert(page) for page in pages]
    inverse[0].save(
        sink,
        "TIFF",
        compression="group4",
        dpi=RESOLUTION,
        tiffinfo={ROWS_PER_STRIP: inverse[0].height},
        save_all=True,
        append_images=inverse[1:],
    )
    return _white_is_zero(bytearray(sink.getvalue()))


def _white_is_zero(tiff: bytearray) -> bytes:
    """TIFF 6.0 §2: the directories are a chain; each is a count, entries of 12 bytes, and where the next one lies."""
    at = int.from_bytes(tiff[4:8], "little")
    while at:
        count = int.from_bytes(tiff[at : at + 2], "little")
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            if int.from_bytes(tiff[entry : entry + 2], "little") == PHOTOMETRIC:
                tiff[entry + 8 : entry + 12] = bytes(4)
        end = at + 2 + 12 * count
        at = int.from_bytes(tiff[end : end + 4], "little")
    return bytes(tiff)


def write_pdf(tiff: bytes) -> bytes:
    """The same pages as PDF, the coded lines untouched. The same bytes each time: no dates, and no /ID, which qpdf
    makes of the time."""
    return bytes(img2pdf.convert(tiff, nodate=True, engine=img2pdf.Engine.internal))


def shrink(page: Image.Image) -> bytes:
    """A small grey PNG in the true proportions of the sheet."""
    grey = page.convert("L")
    high = round(PREVIEW_WIDTH * page.height / page.width * RESOLUTION[0] / RESOLUTION[1])
    sink = io.BytesIO()
    grey.resize((PREVIEW_WIDTH, high), Image.Resampling.BOX).quantize(16).save(sink, "PNG", optimize=True)
    return sink.getvalue()


def answer(raw: bytes) -> bytes:
    """As `draw`; errors are said in the answer."""
    try:
        return draw(raw)
    except FernamtError as error:
        told: dict[str, Any] = {"error": error.code, "sentence": error.sentence}
    except MemoryError:
        told = {"error": Unreadable.code, "sentence": "The document needs more memory than a fax may take."}
    except Exception as error:  # noqa: BLE001 - told to the hub; the process ends anyway
        told = {"error": Unreadable.code, "sentence": f"The pages cannot be drawn ({type(error).__name__})."}
    return pack_bundle(json.dumps(told).encode())


def main() -> None:
    """Set the limits, then do the one job."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Whatever a library prints must not get into the answer.
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sink.write(answer(sys.stdin.buffer.read()))
    sink.flush()


if __name__ == "__main__":
    main()
