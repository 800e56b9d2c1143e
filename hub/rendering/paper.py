"""A page of text as PDF, by reportlab."""

import io
from html import escape
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

from hub.ports.renderer import Paper

MAX_TEXT = 60_000
FONTS = ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",)
"""Beyond Latin-1 (Polish, Cyrillic) where it is there; Helvetica, which every reader has, else."""


def _font() -> str:
    for path in FONTS:
        if Path(path).is_file():
            try:
                pdfmetrics.registerFont(TTFont("Body", path))
            except TTFError:
                continue
            return "Body"
    return "Helvetica"


def make_pdf(paper: Paper) -> bytes:
    """The paper as A4 pages."""
    font = _font()
    body = ParagraphStyle("body", fontName=font, fontSize=10.5, leading=15, spaceAfter=7)
    head = ParagraphStyle("head", parent=body, fontSize=9, textColor="#555555")
    title = ParagraphStyle("title", parent=body, fontSize=15, leading=20, spaceAfter=12)
    story = [Paragraph(escape(paper.company), head), Spacer(1, 14 * mm)]
    if paper.date:
        story += [Paragraph(escape(paper.date), head), Spacer(1, 4 * mm)]
    story.append(Paragraph(escape(paper.title), title))
    for block in paper.text[:MAX_TEXT].split("\n\n"):
        story.append(Paragraph(escape(block.strip()).replace("\n", "<br/>") or "&nbsp;", body))
    if paper.footer:
        story += [Spacer(1, 8 * mm), Paragraph(escape(paper.footer), head)]
    sink = io.BytesIO()
    frame = SimpleDocTemplate(
        sink,
        pagesize=A4,
        leftMargin=25 * mm,
        rightMargin=20 * mm,
        topMargin=20 * mm,
        bottomMargin=20 * mm,
        title=paper.title[:200],
        author=paper.company[:200],
        invariant=1,
    )
    frame.build(story)
    return sink.getvalue()
