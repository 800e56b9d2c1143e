"""Thumbnails. Pictures are hostile too: their size in pixels is read before any pixel is unpacked."""

import io
import warnings
from collections.abc import Iterator
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from hub.domain.errors import Unreadable
from hub.rendering.reading import is_picture

MAX_PIXELS = 60_000_000
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP")
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def open_picture(data: bytes) -> Any:
    """A Pillow image, not larger than 60 megapixels. Raises Unreadable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
            if picture.width * picture.height > MAX_PIXELS:
                raise Unreadable("This picture is too large to be shown.")
            picture.load()
            return picture
    except (
        UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning,
        OSError, ValueError, SyntaxError, EOFError, MemoryError, TypeError, IndexError, KeyError,
    ) as error:  # fmt: skip
        raise Unreadable("This picture is damaged or too large to be shown.") from error


def open_frames(data: bytes, most: int) -> tuple[int, Iterator[Any]]:
    """How many pages a picture has, and the first of them, upright. Raises Unreadable; a page that is damaged or too
    large ends the pages."""
    picture = open_picture(data)
    # An animation is one picture that moves.
    count = getattr(picture, "n_frames", 1) if picture.format == "TIFF" else 1
    return count, _frames(picture, min(count, most))


def _frames(picture: Any, count: int) -> Iterator[Any]:
    for number in range(count):
        try:
            if number:
                picture.seek(number)
                if picture.width * picture.height > MAX_PIXELS:
                    return
                picture.load()
            yield ImageOps.exif_transpose(picture)
        except (Image.DecompressionBombError, OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError):
            return


def preview(data: bytes, width: int) -> bytes:
    """The first page or the picture as PNG, without any of its metadata. Raises Unreadable."""
    width = max(16, min(width, 1_600))
    if b"%PDF-" in data[:1024]:
        from hub.rendering.pages import picture_of_pdf

        picture = picture_of_pdf(data, width)
    elif is_picture(data):
        picture = ImageOps.exif_transpose(open_picture(data))
    else:
        raise Unreadable("There is no picture of a file of this kind.")
    picture = picture.convert("RGBA" if picture.mode in ("RGBA", "LA", "P") else "RGB")
    picture.thumbnail((width, 2 * width))
    sink = io.BytesIO()
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    clean.save(sink, "PNG", optimize=True)
    return sink.getvalue()
