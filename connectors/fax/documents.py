"""Documents to grey pages: PDF by pdfium, pictures by Pillow, plain text. Runs in the drawing process."""

import io
from collections.abc import Iterator

import pypdfium2
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from connectors.fax.letter import Letter, ending
from connectors.fax.typesetting import BOTTOM, HEADER, HEIGHT, LEFT, RIGHT, WIDTH, blank_page, draw_letter
from hub.domain.errors import Unreadable

MAX_PIXELS = 60_000_000
"""Of one picture: about 60 MB in grey; A3 at 600 dpi has 70 million, A4 35 million."""
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
TEXT = frozenset({"txt", "md", "csv", "log", "text"})


def open_pages(name: str, type: str, data: bytes) -> Iterator[Image.Image]:
    """Grey pages of fax size. Raises Unreadable for what is none of the three, or damaged."""
    try:
        if b"%PDF-" in data[:1024]:
            yield from _pdf_pages(data)
        elif ending(name) in TEXT or type.startswith("text/plain"):
            yield from _text_pages(data)
        else:
            yield from _picture_pages(data)
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Unreadable(f'"{name[:60]}" is no PDF, picture or text that can be faxed.') from error
    except pypdfium2.PdfiumError as error:
        raise Unreadable(f'"{name[:60]}" is a damaged or locked PDF.') from error
    except Unreadable:
        raise
    except Exception as error:  # Pillow raises a dozen kinds for damaged files
        raise Unreadable(f'"{name[:60]}" is damaged and cannot be faxed ({type_name(error)}).') from error


def type_name(error: BaseException) -> str:
    """Its class."""
    return type(error).__name__


def _pdf_pages(data: bytes) -> Iterator[Image.Image]:
    document = pypdfium2.PdfDocument(data)
    try:
        for index in range(len(document)):
            page = document[index]
            wide, high = page.get_size()
            if wide > high:
                # A sheet goes through the machine upright.
                page.set_rotation((page.get_rotation() + 90) % 360)
                wide, high = high, wide
            # Pixels are not square; drawn at 204 in both directions, then pressed to 196 lines an inch.
            scale = min(WIDTH / max(wide, 1), HEIGHT * 204 / 196 / max(high, 1), 12.0)
            bitmap = page.render(scale=scale, grayscale=True)
            try:
                yield _fit(bitmap.to_pil().convert("L"), square=False)
            finally:
                bitmap.close()
                page.close()
    finally:
        document.close()


def _fit(picture: Image.Image, *, square: bool) -> Image.Image:
    """On a white page, as large as it fits. `square`: below the header line and with margins."""
    page = blank_page()
    left, top, right, bottom = (LEFT, HEADER + 40, RIGHT, BOTTOM) if square else (0, 0, WIDTH, HEIGHT)
    pressed = picture.height * 196 / 204
    factor = min((right - left) / picture.width, (bottom - top) / pressed)
    size = (max(round(picture.width * factor), 1), max(round(pressed * factor), 1))
    small = picture.resize(size, Image.Resampling.LANCZOS)
    page.paste(small, (left + (right - left - size[0]) // 2, top))
    return page


def _picture_pages(data: bytes) -> Iterator[Image.Image]:
    with Image.open(io.BytesIO(data)) as picture:
        for frame in ImageSequence.Iterator(picture):
            upright = ImageOps.exif_transpose(frame)
            if upright.width > upright.height:
                upright = upright.rotate(90, expand=True)
            yield _fit(_on_white(upright), square=True)
            if picture.format not in ("TIFF", "MPO"):
                # The further frames of a moving picture are no pages.
                return


def _on_white(picture: Image.Image) -> Image.Image:
    if "A" in picture.getbands() or "transparency" in picture.info:
        ground = Image.new("RGBA", picture.size, "white")
        ground.alpha_composite(picture.convert("RGBA"))
        return ground.convert("L")
    return picture.convert("L")


def _text_pages(data: bytes) -> Iterator[Image.Image]:
    text = data.decode("utf-8-sig", "replace") if _is_utf8(data) else data.decode("cp1252", "replace")
    letter = Letter(
        language="en", company="", own_number="", name="", number="", date="", subject="", text=text, cover=False
    )
    yield from draw_letter(letter, "")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
