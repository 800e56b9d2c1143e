"""Drawing pages: what the machine at the other end gets. The pictures were looked at; here they are measured."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
import reportlab
from PIL import Image, ImageDraw, ImageFont, ImageSequence
from reportlab.pdfgen import canvas

from connectors.fax.compose import compose_job, wait_for_window
from connectors.fax.documents import open_pages
from connectors.fax.drawing import answer, write_pdf
from connectors.fax.ocr import read_text, upright
from connectors.fax.rendering import Renderer
from connectors.fax.typesetting import HEADER, HEIGHT, WIDTH, break_lines, load_font
from hub.domain.errors import Invalid, Unreadable
from hub.domain.message import Attachment, Participant
from hub.domain.outbox import OutgoingContent
from hub.ports.bundle import open_bundle
from tests.fake_connector import START
from tests.fax_channel import OTHER, parcel, settings_for

TEXT = "Guten Tag Frau Müller,\n\nanbei das Angebot über 12 Stühle, zusammen 1.200 €."


def pdf(*sizes: tuple[float, float]) -> bytes:
    """A PDF with a word on each page."""
    sink = io.BytesIO()
    drawing = canvas.Canvas(sink)
    for number, size in enumerate(sizes, start=1):
        drawing.setPageSize(size)
        drawing.setFont("Helvetica", 20)
        drawing.drawString(60, size[1] - 90, f"Seite {number}")
        drawing.showPage()
    drawing.save()
    return sink.getvalue()


def picture(format: str = "JPEG", mode: str = "L", size: tuple[int, int] = (300, 200)) -> bytes:
    sink = io.BytesIO()
    Image.radial_gradient("L").resize(size).convert(mode).save(sink, format)
    return sink.getvalue()


def job(text: str = TEXT, *files: tuple[str, bytes], previews: int = 0, **changes: Any) -> bytes:
    content = OutgoingContent(
        text=text,
        subject="Angebot 4711",
        to=(Participant(address=parcel().item.recipient, name="Petra Müller"),),
        attachments=tuple(
            Attachment(index=i, name=name, type="", size=len(data), sha256="") for i, (name, data) in enumerate(files)
        ),
    )
    data = tuple(data for _, data in files)
    return compose_job(settings_for(**changes), content, OTHER, data, now=START, previews=previews)


def drawn(raw: bytes) -> tuple[dict[str, Any], list[Image.Image], dict[str, bytes]]:
    """What was told, the pages, the files by name."""
    bundle = open_bundle(answer(raw))
    told = json.loads(bundle.native)
    files = {file.name: file.data for file in bundle.files}
    pages = []
    if "fax.tif" in files:
        with Image.open(io.BytesIO(files["fax.tif"])) as opened:
            pages = [frame.convert("L") for frame in ImageSequence.Iterator(opened)]
    return told, pages, files


def ink(page: Image.Image, box: tuple[int, int, int, int] | None = None) -> float:
    """Share of black."""
    counts = (page.crop(box) if box else page).histogram()
    return sum(counts[:128]) / sum(counts)


def test_a_text_becomes_a_cover_sheet_with_a_header_line() -> None:
    told, pages, files = drawn(job(previews=3))
    assert told == {"pages": 1, "cover": True}
    assert [page.size for page in pages] == [(WIDTH, HEIGHT)]
    assert 0.01 < ink(pages[0], (0, 0, WIDTH, HEADER)) < 0.3
    assert 0.01 < ink(pages[0]) < 0.1
    assert set(files) == {"fax.tif", "fax.pdf", "page-1.png"}
    with Image.open(io.BytesIO(files["page-1.png"])) as small:
        assert small.size == (620, 856)


def test_the_tiff_is_what_fax_machines_take() -> None:
    """RFC 3949, profile F: G4, white is 0, one strip, 204x196 dpi."""
    _, _, files = drawn(job(TEXT, ("a.pdf", pdf((595, 842)))))
    with Image.open(io.BytesIO(files["fax.tif"])) as tiff:
        for frame in ImageSequence.Iterator(tiff):
            fields = dict(frame.tag_v2)  # type: ignore[attr-defined]
            assert (fields[256], fields[257], fields[258]) == (WIDTH, HEIGHT, (1,))
            assert (fields[259], fields[262]) == (4, 0)
            assert fields[278] == HEIGHT
            assert (float(fields[282]), float(fields[283]), fields[296]) == (204, 196, 2)


def test_the_same_fax_makes_the_same_pdf_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """An attachment is cut out again by its hash."""
    _, _, files = drawn(job())
    clock = iter(range(10**6))
    monkeypatch.setattr("time.time", lambda: float(next(clock)) * 86_400)
    assert write_pdf(files["fax.tif"]) == files["fax.pdf"]
    assert b"/ID" not in files["fax.pdf"]
    with pdfium.PdfDocument(files["fax.pdf"]) as document:
        assert len(document) == 1
        assert [round(side) for side in document[0].get_size()] == [610, 842]


def test_pages_of_every_kind_follow_the_cover_sheet() -> None:
    told, pages, _ = drawn(
        job(
            TEXT,
            ("angebot.pdf", pdf((595, 842), (842, 595))),
            ("foto.jpg", picture()),
            ("plan.png", picture("PNG", "RGBA")),
            ("notiz.txt", "Größe 4".encode("cp1252")),
        )
    )
    assert told["pages"] == len(pages) == 6
    assert all(0 < ink(page) < 0.75 for page in pages)


def test_a_photo_is_dithered_and_writing_is_not() -> None:
    _, pages, _ = drawn(job(TEXT, ("foto.jpg", picture(size=(1_000, 1_400)))))
    middle = (600, 800, 1_100, 1_300)
    assert 0.3 < ink(pages[1], middle) < 1
    corner = (150, HEADER + 60, 400, 400)
    assert 0 < ink(pages[1], corner) < 0.5


def test_a_long_text_goes_on_on_further_pages() -> None:
    told, pages, _ = drawn(job("Zeile mit einigen Worten.\n" * 120))
    assert told["pages"] == len(pages) == 4


def test_without_cover_sheet_only_the_documents_go() -> None:
    told, _, _ = drawn(job("", ("a.pdf", pdf((595, 842))), cover=False))
    assert told == {"pages": 1, "cover": False}
    told, _, _ = drawn(job("Nur Text", cover=False))
    assert told == {"pages": 1, "cover": False}
    told, _, _ = drawn(job("", cover=False))
    assert told["error"] == "invalid"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("leer.pdf", b""),
        ("kaputt.pdf", b"%PDF-1.7 und dann nichts"),
        ("kaputt.jpg", picture()[:200]),
        ("programm.exe", b"MZ\x90\x00" * 100),
        ("bild.tif", b"II*\x00\xff\xff\xff\xff"),
    ],
)
def test_what_cannot_be_drawn_is_said_with_its_name(name: str, data: bytes) -> None:
    told, pages, _ = drawn(job(TEXT, (name, data)))
    assert pages == []
    assert told["error"] == "unreadable"
    assert name in told["sentence"]


def test_too_many_pages_are_refused_before_they_are_drawn() -> None:
    told, _, _ = drawn(job(TEXT, ("a.pdf", pdf(*[(595, 842)] * 5)), max_pages=5))
    assert told["error"] == "invalid"
    assert "more than 5 pages" in told["sentence"]
    told, _, _ = drawn(job("x\n" * 2_000, max_pages=3))
    assert "more than 3 pages" in told["sentence"]


def test_lines_are_broken_where_they_must() -> None:
    font = load_font(38)
    lines = list(break_lines("kurz\n\n" + "W" * 400 + " und weiter", font, 1_400))
    assert lines[:2] == ["kurz", ""]
    assert all(font.getlength(line) <= 1_400 for line in lines)
    assert "".join(lines).count("W") == 400


def test_an_office_file_is_none_that_the_drawing_knows() -> None:
    with pytest.raises(Unreadable):
        list(open_pages("brief.docx", "", b"PK\x03\x04" + b"\x00" * 50))


async def test_the_drawing_process_draws_and_ends() -> None:
    sheets = await Renderer().draw(job(previews=2))
    assert (sheets.pages, sheets.cover, len(sheets.previews)) == (1, True, 1)
    assert sheets.tiff.startswith(b"II*\x00")
    assert sheets.pdf.startswith(b"%PDF")


@pytest.mark.parametrize(
    ("script", "word"),
    [
        ("import time; time.sleep(60)", "too long"),
        ("raise SystemExit(3)", "broke"),
        ("import os; os.kill(os.getpid(), 9)", "broke"),
        ("print('nonsense')", "nonsense"),
        ("print('fernamt-bundle/1 {}')", "nonsense|damaged|long"),
    ],
)
async def test_a_drawing_process_that_hangs_dies_or_lies_is_a_sentence(script: str, word: str) -> None:
    renderer = Renderer((sys.executable, "-c", script), seconds=3)
    with pytest.raises((Unreadable, Invalid), match=word):
        await renderer.draw(job())


async def test_an_office_file_without_libreoffice_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.fax.rendering.OFFICE_PROGRAMS", ("no-such-program",))
    with pytest.raises(Invalid, match="PDF"):
        await Renderer().draw(job(TEXT, ("brief.docx", b"PK\x03\x04")))


async def test_an_office_file_goes_through_the_office_program(tmp_path: Path) -> None:
    """Its command line and its bounds; a program of that interface stands in."""
    (tmp_path / "made.pdf").write_bytes(pdf((595, 842), (595, 842)))
    program = tmp_path / "soffice"
    program.write_text(
        "#!/bin/sh\n"
        'case "$*" in *-env:UserInstallation=file://*--headless*--convert-to\\ pdf*) ;; *) exit 1;; esac\n'
        "for last; do :; done\n"
        f'cp {tmp_path}/made.pdf "${{last%.docx}}.pdf"\n'
    )
    program.chmod(0o755)
    sheets = await Renderer(office=str(program)).draw(job(TEXT, ("brief.docx", b"PK\x03\x04")))
    assert sheets.pages == 3
    program.write_text("#!/bin/sh\nexit 0\n")
    with pytest.raises(Unreadable, match="LibreOffice"):
        await Renderer(office=str(program)).draw(job(TEXT, ("brief.docx", b"PK\x03\x04")))


def test_reading_is_an_extra_and_its_lack_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.fax.ocr.importlib.import_module", _missing)
    assert read_text([Image.new("1", (100, 100), 1)]) == ""
    flat = Image.new("1", (1_728, 1_143), 1)
    flat.info["dpi"] = (204, 98)
    assert upright(flat).size == (1_728, 2_379)
    assert upright(Image.new("1", (1_728, 2_292), 1)).size == (1_728, 2_292)


def test_the_words_of_a_fax_are_read() -> None:
    """By the real Tesseract with its real data; in standard resolution, half as high as it is wide."""
    face = ImageFont.truetype(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf", 44)
    page = Image.new("L", (1_728, 800), 255)
    ImageDraw.Draw(page).multiline_text((120, 90), "Bestellung: zwölf Stühle\naus Kirschholz", font=face, fill=0)
    flat = page.resize((1_728, 400)).convert("1")
    flat.info["dpi"] = (204, 98)
    found = read_text([page.convert("1"), flat])
    assert found.count("Kirschholz") == 2, found


def _missing(name: str) -> None:
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize(
    ("hours", "zone", "minutes"),
    [
        ("", "UTC", 0),
        ("08:00-18:00", "UTC", 0),
        ("10:00-18:00", "UTC", 60),
        ("07:00-09:00", "UTC", 22 * 60),
        ("22:00-06:00", "UTC", 13 * 60),
        ("22:00-10:00", "UTC", 0),
        ("10:00-18:00", "Europe/Berlin", 0),
        ("09:00-09:00", "UTC", 0),
    ],
)
def test_ac42_hours(hours: str, zone: str, minutes: int) -> None:
    """It is nine in the morning, UTC."""
    wait = wait_for_window(settings_for(hours=hours, time_zone=zone), START)
    assert wait.total_seconds() == minutes * 60
