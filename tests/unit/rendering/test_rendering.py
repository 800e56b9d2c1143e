"""Text and pictures out of files, honest and hostile, in this process."""

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hub import renderer
from hub.domain.errors import Unreadable
from hub.rendering.pictures import preview
from hub.rendering.reading import MAX_TEXT, read_text
from tests.office_files import docx, odt, pdf, png, pptx, xlsx, zipped


@pytest.mark.parametrize(
    ("data", "type", "name", "word"),
    [
        (pdf("Zwölf Stühle aus Nussbaum"), "application/pdf", "a.pdf", "Nussbaum"),
        (docx("Erste Zeile", "Kirschholz"), "application/zip", "a.docx", "Kirschholz"),
        (xlsx("Preis", "Eiche massiv"), "application/zip", "a.xlsx", "Eiche massiv"),
        (pptx("Vorstellung", "Lärchenholz"), "application/zip", "a.pptx", "Lärchenholz"),
        (odt("Buchenholz"), "application/zip", "a.odt", "Buchenholz Ende"),
        ("Grüße".encode("cp1252"), "text/plain", "a.txt", "Grüße"),
        ("Zeder".encode("utf-16"), "text/plain", "a.txt", "Zeder"),
        (b"<p>Ahorn &amp; Esche</p><script>boese()</script>", "text/html", "a.html", "Ahorn & Esche"),
        (b"Subject: Plan\r\nContent-Type: text/plain\r\n\r\nTannenholz", "message/rfc822", "a.eml", "Tannenholz"),
    ],
)
def test_text_is_read_out_of(data: bytes, type: str, name: str, word: str) -> None:
    found = read_text(data, type, name).text
    assert word in found
    assert "boese" not in found


def test_pages_of_a_pdf_are_counted() -> None:
    assert read_text(pdf("kurz"), "application/pdf", "a.pdf").pages == 1
    assert read_text(pdf("\n\n".join(["lang"] * 200)), "application/pdf", "a.pdf").pages > 2


def test_what_the_bytes_are_counts_and_not_the_name() -> None:
    assert "Nussbaum" in read_text(pdf("Nussbaum"), "image/png", "bild.png").text


def test_long_text_is_cut() -> None:
    found = read_text(b"wort " * 200_000, "text/plain", "a.txt")
    assert (len(found.text), found.cut) == (MAX_TEXT, True)


BOMB = zipped({"word/document.xml": b"<w>" + b" " * 30_000_000 + b"</w>"})
LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><w><t>&b;</t></w>'
OUTSIDE = '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><w><t>&a;</t></w>'


@pytest.mark.parametrize(
    "data",
    [
        BOMB,
        zipped({"word/document.xml": LAUGHS}),
        zipped({"word/document.xml": OUTSIDE}),
        zipped({"word/document.xml": " " * 5_000 + LAUGHS}),
        zipped({f"x{number}": "" for number in range(2_001)}),
        zipped({"word/document.xml": "<w><t>nie zu Ende"}),
        zipped({"readme.txt": "kein Office"}),
        docx("x")[:-30],
        b"PK\x03\x04" + b"\0" * 100,
        b"%PDF-1.7 nothing of the kind",
        zipped({"word/document.xml": LAUGHS.encode("utf-16")}),
        b"\0\1\2" * 100,
    ],
)
def test_a_hostile_or_broken_file_is_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        read_text(data, "text/plain", "a.docx")


def test_a_zip_that_lies_about_its_sizes_is_stopped_by_what_comes_out() -> None:
    # The directory says 10 bytes; 30 MB come out.
    lying = bytearray(BOMB)
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = lying.index(signature) + offset
        lying[at : at + 4] = struct.pack("<I", 10)
    with pytest.raises(Unreadable):
        read_text(bytes(lying), "", "a.docx")


def test_a_preview_is_a_small_png_without_metadata() -> None:
    source = Image.new("RGB", (2_000, 1_000), "red")
    exif = source.getexif()
    exif[0x010E] = "geheim"
    sink = io.BytesIO()
    source.save(sink, "JPEG", exif=exif)
    for data in (sink.getvalue(), png(900, 900), pdf("Seite eins")):
        small = preview(data, 200)
        picture = Image.open(io.BytesIO(small))
        assert picture.format == "PNG"
        assert picture.width <= 200
        assert picture.height <= 400
        assert b"geheim" not in small


def test_a_picture_bomb_is_not_unpacked() -> None:
    head = struct.pack("!IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack("!I", len(head)) + b"IHDR" + head + struct.pack("!I", zlib.crc32(b"IHDR" + head))
    with pytest.raises(Unreadable):
        preview(b"\x89PNG\r\n\x1a\n" + chunk, 200)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([pdf("x"), docx("x"), png(20, 20), b""]), st.binary(max_size=60), st.integers(0, 3_000))
def test_the_worker_answers_whatever_the_bytes(data: bytes, noise: bytes, at: int) -> None:
    broken = data[:at] + noise + data[at + len(noise) :]
    for request in ({"op": "text", "type": "x", "name": "a.docx"}, {"op": "preview", "width": 100}):
        answered = renderer.answer(request | {"data": broken})
        assert {"error", "sentence"} <= set(answered) or {"text"} <= set(answered) or {"data"} <= set(answered)
