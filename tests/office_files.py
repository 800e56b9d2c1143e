"""Files as people send them, made here: PDF, office files, pictures, and hostile ones."""

import io
import zipfile

from PIL import Image

from hub.ports.renderer import Paper
from hub.rendering.paper import make_pdf


def pdf(text: str, title: str = "Angebot") -> bytes:
    return make_pdf(Paper(company="Tischlerei Nord", title=title, text=text, date="28.11.2026"))


def zipped(parts: dict[str, str | bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return sink.getvalue()


def docx(*paragraphs: str) -> bytes:
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    return zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": f"<w:document {space}>{body}</w:document>"})


def xlsx(*cells: str) -> bytes:
    items = "".join(f"<si><t>{cell}</t></si>" for cell in cells)
    return zipped({"xl/sharedStrings.xml": f"<sst>{items}</sst>", "xl/worksheets/sheet1.xml": "<worksheet/>"})


def pptx(*slides: str) -> bytes:
    space = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    return zipped(
        {
            f"ppt/slides/slide{number}.xml": f"<p {space}><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p>"
            for number, text in enumerate(slides, 1)
        }
    )


def odt(*paragraphs: str) -> bytes:
    space = 'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    body = "".join(f"<text:p>{text} <text:span>Ende</text:span></text:p>" for text in paragraphs)
    return zipped({"mimetype": "x", "content.xml": f"<doc {space}>{body}</doc>"})


def png(width: int = 300, height: int = 200) -> bytes:
    sink = io.BytesIO()
    Image.new("RGB", (width, height), "#336699").save(sink, "PNG")
    return sink.getvalue()
