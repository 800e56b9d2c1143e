"""Reading what stands on a fax: an extra (`pip install fernamt[ocr]` and the language data of Tesseract, German and
English). Without it a fax has no text, only pictures."""

import importlib
from collections.abc import Iterable
from itertools import islice
from typing import Any

from PIL import Image

from hub.ports.tessdata import find_tessdata

MAX_PAGES = 4
PAGE_MILLISECONDS = 3_500
"""Four pages of that fit into the parse worker's time."""
MAX_TEXT = 32_768


def read_text(pages: Iterable[Image.Image]) -> str:
    """The words of the first pages; '' where Tesseract or its languages are not installed, or nothing can be read."""
    path, languages = find_tessdata()
    if not languages:
        return ""
    try:
        tesserocr: Any = importlib.import_module("tesserocr")
        reader = tesserocr.PyTessBaseAPI(path=path, lang=languages)
    except (ImportError, RuntimeError, OSError):
        return ""
    words: list[str] = []
    with reader:
        for page in islice(pages, MAX_PAGES):
            reader.SetImage(upright(page))
            if reader.Recognize(PAGE_MILLISECONDS):
                words.append(reader.GetUTF8Text().strip())
    return "\n\n".join(filter(None, words))[:MAX_TEXT]


def upright(page: Image.Image) -> Image.Image:
    """With square pixels: standard resolution has half as many lines as columns."""
    across, down = page.info.get("dpi", (204, 196))
    grey = page.convert("L")
    if not down or not across or not 1.5 < across / down < 3:
        return grey
    return grey.resize((grey.width, round(grey.height * across / down)))
