"""OCR, where tesserocr is installed (the extra `ocr`) with its German or English data. In the rendering worker only."""

import importlib
import importlib.util
import os
import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from hub.domain.errors import Unreadable
from hub.ports.tessdata import find_tessdata

MAX_SCANNED = 10
"""Pages: OCR takes about a second for each."""
PAGE_MILLISECONDS = 8_000
BUDGET_SECONDS = 18.0
"""For all pages of a file: the worker has 30 seconds, and what was read of the first pages is better than nothing."""
LONGEST_SIDE = 3_600
"""Pixels: an A4 page at 300 dpi. More makes it slower, not better."""
LEAST_MILLISECONDS = 200


@cache
def recognises() -> bool:
    """Whether OCR is installed, with language data."""
    return importlib.util.find_spec("tesserocr") is not None and bool(find_tessdata()[0])


@cache
def _reader() -> Any:
    """One for the life of the worker: the language data are large."""
    # One thread: the worker's limit counts the time of all of them, and the hub needs the other cores.
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    tesserocr = importlib.import_module("tesserocr")
    path, languages = find_tessdata()
    return tesserocr.PyTessBaseAPI(path=path, lang=languages)


def recognise(pictures: Iterable[Any], clock: Callable[[], float] = time.monotonic) -> list[str]:
    """The words in each of the first Pillow images; '' for one that took too long, none for those that came after the
    time was over."""
    reader, end = _reader(), clock() + BUDGET_SECONDS
    found: list[str] = []
    for picture in pictures:
        left = min(PAGE_MILLISECONDS, int((end - clock()) * 1_000))
        if left < LEAST_MILLISECONDS or len(found) == MAX_SCANNED:
            break
        reader.SetImage(plain(picture))
        found.append(str(reader.GetUTF8Text()) if reader.Recognize(left) else "")
    reader.Clear()
    return found


def plain(picture: Any) -> Any:
    """In shades of grey on white paper, not larger than is of use."""
    from PIL import Image

    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        picture = Image.new("RGBA", clear.size, "white")
        picture.alpha_composite(clear)
    grey = picture.convert("L")
    grey.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return grey


def read_picture(data: bytes) -> tuple[str, int]:
    """The words in a picture, and of how many pages it is (a TIFF may have several). Raises Unreadable where OCR is not
    installed."""
    if not recognises():
        raise Unreadable(
            "Words in pictures are read with the extra package tesserocr and the data of German or English, which are "
            "not installed."
        )
    from hub.rendering.pictures import open_frames

    count, frames = open_frames(data, MAX_SCANNED)
    return "\n".join(recognise(frames)), count
