"""Words in scanned pages, by the real Tesseract with its real German and English data, in the real worker."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import img2pdf
import pytest
import reportlab
from PIL import Image, ImageDraw, ImageFont

from hub.domain.errors import Unreadable
from hub.ports.tessdata import find_tessdata
from hub.rendering import recognition
from hub.rendering.process import ProcessRenderer
from hub.rendering.reading import read_text
from tests.office_files import pdf

GERMAN = "Angebot für die Küche\nArbeitsplatte aus Kirschholz, geölt\nGrüße aus Köln"
ENGLISH = "Invoice for twelve chairs\nThank you for your order"


def font(size: float) -> ImageFont.FreeTypeFont:
    """One with umlauts that is there on every machine: reportlab brings it."""
    return ImageFont.truetype(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf", size)


def scan(text: str, *, mode: str = "L", size: tuple[int, int] = (1_240, 700), zoom: float = 1.0) -> Image.Image:
    """Text as a scanner gives it: pixels."""
    page = Image.new("L", size, 255)
    ImageDraw.Draw(page).multiline_text((90, 80), text, font=font(30 * zoom), fill=20, spacing=14)
    return page.convert(mode)


def as_bytes(picture: Image.Image, format: str = "PNG", **how: object) -> bytes:
    sink = io.BytesIO()
    picture.save(sink, format, **how)  # type: ignore[arg-type]
    return sink.getvalue()


def scanned_pdf(*pages: Image.Image) -> bytes:
    """A PDF without a single letter in it."""
    made = img2pdf.convert([as_bytes(page) for page in pages])
    assert isinstance(made, bytes)
    return made


@pytest.fixture
async def worker() -> AsyncIterator[ProcessRenderer]:
    renderer = ProcessRenderer()
    yield renderer
    await renderer.close()


@pytest.mark.parametrize(("text", "words"), [(GERMAN, ("Küche", "Kirschholz", "Köln")), (ENGLISH, ("twelve", "order"))])
async def test_the_words_of_a_scanned_picture_are_read(
    worker: ProcessRenderer, text: str, words: tuple[str, ...]
) -> None:
    found = await worker.read_text(as_bytes(scan(text)), "image/png", "scan.png")
    assert found.pages == 1
    assert all(word in found.text for word in words), found.text


async def test_the_words_of_a_scanned_pdf_are_read(worker: ProcessRenderer) -> None:
    found = await worker.read_text(scanned_pdf(scan(GERMAN), scan(ENGLISH)), "application/pdf", "scan.pdf")
    assert found.pages == 2
    assert found.text.index("Kirschholz") < found.text.index("twelve")


# The same code without a process of its own, which takes its time to start.


@pytest.mark.parametrize("format", ["JPEG", "TIFF", "BMP", "WEBP", "GIF"])
def test_pictures_of_every_kind(format: str) -> None:
    assert "Kirschholz" in read_text(as_bytes(scan(GERMAN), format), "", f"scan.{format}").text


def test_a_photograph_that_lies_on_its_side_is_read_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = scan(GERMAN).rotate(90, expand=True)
    assert "Kirschholz" in read_text(as_bytes(lying, "JPEG", exif=exif), "image/jpeg", "foto.jpg").text


def test_letters_on_a_transparent_ground_are_not_black_on_black() -> None:
    clear = Image.new("RGBA", (1_240, 700), (0, 0, 0, 0))
    ImageDraw.Draw(clear).multiline_text((90, 80), GERMAN, font=font(30), fill=(0, 0, 0, 255))
    assert "Kirschholz" in read_text(as_bytes(clear), "image/png", "logo.png").text


def test_every_page_of_a_tiff_is_read() -> None:
    pages = [scan(text, mode="1") for text in (GERMAN, ENGLISH)]
    data = as_bytes(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="group4")
    found = read_text(data, "image/tiff", "fax.tif")
    assert found.pages == 2
    assert "Kirschholz" in found.text
    assert "twelve" in found.text


def test_a_scanned_page_among_written_ones_is_read_where_it_stands() -> None:
    import pypdfium2

    whole = pypdfium2.PdfDocument.new()
    for part in (pdf("Vorblatt"), scanned_pdf(scan(GERMAN)), pdf("Nachwort")):
        whole.import_pages(pypdfium2.PdfDocument(part))
    sink = io.BytesIO()
    whole.save(sink)
    found = read_text(sink.getvalue(), "application/pdf", "a.pdf")
    assert found.pages == 3
    assert found.text.index("Vorblatt") < found.text.index("Kirschholz") < found.text.index("Nachwort")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (as_bytes(Image.new("L", (1_240, 1_754), 255)), "weiss.png"),
        (as_bytes(Image.new("L", (1, 1), 0)), "punkt.png"),
        (as_bytes(Image.effect_noise((900, 900), 90)), "rauschen.png"),
        (scanned_pdf(Image.new("L", (1_240, 1_754), 255)), "leer.pdf"),
        (as_bytes(Image.new("L", (20_000, 4), 255)), "strich.png"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_where_there_are_no_words_there_is_no_error(data: bytes, name: str) -> None:
    assert len(read_text(data, "", name).text.split()) < 40


async def test_the_worker_survives_what_is_damaged_and_what_is_as_large_as_we_take(worker: ProcessRenderer) -> None:
    for data in (as_bytes(scan(GERMAN))[:900], b"\x89PNG" + b"\0" * 60, scanned_pdf(scan(GERMAN))[:700]):
        with pytest.raises(Unreadable):
            await worker.read_text(data, "", "kaputt")
    pid = worker.pid
    large = scan(GERMAN, size=(7_600, 7_600), zoom=4)
    assert "Kirschholz" in (await worker.read_text(as_bytes(large), "image/png", "plan.png")).text
    assert worker.pid == pid


def test_a_long_scan_is_read_as_far_as_the_time_goes() -> None:
    moments = iter([0.0, 0.0, 10.0, recognition.BUDGET_SECONDS - 0.1, 99.0])
    found = recognition.recognise([scan(GERMAN)] * 4, clock=lambda: next(moments))
    assert len(found) == 2
    assert all("Kirschholz" in text for text in found)


def test_no_more_pages_are_read_than_the_bound() -> None:
    tiny = Image.new("L", (60, 60), 255)
    assert len(recognition.recognise([tiny] * (recognition.MAX_SCANNED + 5))) == recognition.MAX_SCANNED


def test_the_data_are_found_where_systems_keep_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TESSDATA_PREFIX", raising=False)
    place = f"{tmp_path}/*/tessdata"
    assert find_tessdata(places=(place,)) == ("", "")
    for version, languages in (("4.00", ("deu", "eng")), ("5", ("eng",)), ("6", ("fra",))):
        folder = tmp_path / version / "tessdata"
        folder.mkdir(parents=True)
        for language in languages:
            (folder / f"{language}.traineddata").write_bytes(b"x")
    # The newest that has one of the languages.
    assert find_tessdata(places=(place,)) == (f"{tmp_path}/5/tessdata/", "eng")
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path / "4.00"))
    assert find_tessdata(places=(place,)) == (f"{tmp_path}/4.00/tessdata/", "deu+eng")
    monkeypatch.setenv("TESSDATA_PREFIX", "/nowhere")
    assert find_tessdata(places=(place,))[1] == "eng"


def test_without_language_data_a_picture_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "find_tessdata", lambda: ("", ""))
    recognition.recognises.cache_clear()
    try:
        with pytest.raises(Unreadable, match="tesserocr and the data of German or English"):
            read_text(as_bytes(scan(GERMAN)), "image/png", "scan.png")
        assert read_text(scanned_pdf(scan(GERMAN)), "application/pdf", "scan.pdf").text.strip() == ""
    finally:
        recognition.recognises.cache_clear()
