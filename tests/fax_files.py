"""Faxes as they come off the line, made for tests: pages of black and white in every coding that machines use."""

import io
import json
from typing import Any

from PIL import Image, ImageDraw

from connectors.fax.typesetting import load_font
from hub.ports.bundle import BundledFile, pack_bundle


def page(words: str, *, width: int = 432, lines: int = 280) -> Image.Image:
    """A small page with a few words on it."""
    picture = Image.new("1", (width, lines), 1)
    ImageDraw.Draw(picture).text((20, 30), words, font=load_font(24), fill=0)
    return picture


def tiff(*words: str, coding: str = "group4", dpi: tuple[int, int] = (204, 98), **more: Any) -> bytes:
    """A TIFF with one page for each word. `coding`: group3, group4, tiff_lzw, raw."""
    pages = [page(word, **more) for word in words]
    sink = io.BytesIO()
    pages[0].save(
        sink, "TIFF", compression=None if coding == "raw" else coding, dpi=dpi, save_all=True, append_images=pages[1:]
    )
    return sink.getvalue()


def pdf(*words: str) -> bytes:
    """The same as PDF."""
    pages = [page(word).convert("L") for word in words]
    sink = io.BytesIO()
    pages[0].save(sink, "PDF", save_all=True, append_images=pages[1:])
    return sink.getvalue()


def arrival(data: bytes | None, name: str = "fax.tif", **told: Any) -> bytes:
    """The raw bytes that a gateway would keep."""
    files = [] if data is None else [BundledFile(name=name, type="image/tiff", data=data)]
    return pack_bundle(json.dumps(told).encode("ascii"), files)
