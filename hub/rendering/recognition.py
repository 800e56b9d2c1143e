"""OCR, where tesserocr is installed (the extra `ocr`) with its German and English data."""

import importlib.util
from functools import cache
from typing import Any

from hub.domain.errors import Unreadable

MAX_SCANNED = 10
"""Pages: OCR takes about a second for each."""
LANGUAGES = "deu+eng"


@cache
def recognises() -> bool:
    """Whether OCR is installed."""
    return importlib.util.find_spec("tesserocr") is not None


def recognise(picture: Any) -> str:
    """The words in a Pillow image; '' where the language data are missing."""
    tesserocr = importlib.import_module("tesserocr")
    try:
        return str(tesserocr.image_to_text(picture.convert("L"), lang=LANGUAGES))
    except RuntimeError:
        return ""


def read_picture(data: bytes) -> str:
    """The words in a picture. Raises Unreadable where OCR is not installed."""
    if not recognises():
        raise Unreadable("Words in pictures are read with the extra package tesserocr, which is not installed.")
    from hub.rendering.pictures import open_picture

    return recognise(open_picture(data))
