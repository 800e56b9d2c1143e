"""Text on pages of paper: fonts, line breaks, the cover sheet, the header line. Runs in the drawing process."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import reportlab
from PIL import Image, ImageDraw, ImageFont

from connectors.fax.letter import Letter
from connectors.fax.words import say

WIDTH, HEIGHT = 1728, 2292
"""ITU-T T.4: 1728 elements on a line of 215 mm; A4 at 196 lines an inch."""
RESOLUTION = (204, 196)
HEADER = 52
"""Lines at the top that are ours on every page."""
LEFT, TOP, RIGHT, BOTTOM = 140, 150, 1728 - 110, 2292 - 120
BODY, SMALL, LARGE, LEADING = 38, 28, 64, 54
MAX_CHARACTERS = 200_000
_DEJAVU = Path("/usr/share/fonts/truetype/dejavu")
_VERA = Path(reportlab.__file__).parent / "fonts"

Font = ImageFont.FreeTypeFont


@cache
def load_font(size: int, *, bold: bool = False) -> Font:
    """DejaVu where the system has it (more scripts), else Vera, which comes with reportlab."""
    for folder, name in ((_DEJAVU, "DejaVuSans{}.ttf"), (_VERA, "Vera{}.ttf")):
        style = ("-Bold" if folder is _DEJAVU else "Bd") if bold else ""
        path = folder / name.format(style)
        if path.is_file():
            return ImageFont.truetype(str(path), size)
    raise OSError("There is no font: install fonts-dejavu-core.")


def blank_page() -> Image.Image:
    """A white one."""
    return Image.new("L", (WIDTH, HEIGHT), 255)


def break_lines(text: str, font: Font, width: int) -> Iterator[str]:
    """Lines that fit. Words too long for a line are cut."""
    for paragraph in text.expandtabs(4).splitlines():
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if font.getlength(longer) <= width:
                line = longer
                continue
            if line:
                yield line
            while font.getlength(word) > width:
                head = _fitting(word, font, width)
                yield word[:head]
                word = word[head:]
            line = word
        yield line


def _fitting(word: str, font: Font, width: int) -> int:
    low, high = 1, len(word)
    while low < high:
        middle = (low + high + 1) // 2
        if font.getlength(word[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low


def draw_letter(letter: Letter, pages: str) -> Iterator[Image.Image]:
    """The cover sheet (where wanted) with the text, and as many more pages as that needs. `pages`: what the cover says
    of their number. Without cover and text: nothing."""
    lines = list(break_lines(letter.text[:MAX_CHARACTERS].rstrip(), load_font(BODY), RIGHT - LEFT))
    if not letter.cover and not lines:
        return
    page = blank_page()
    top = _draw_cover(page, letter, pages) if letter.cover else TOP
    while True:
        room = max((BOTTOM - top) // LEADING, 1)
        _write(page, lines[:room], top)
        lines = lines[room:]
        yield page
        if not lines:
            return
        page, top = blank_page(), TOP


def _write(page: Image.Image, lines: Sequence[str], top: int) -> None:
    draw = ImageDraw.Draw(page)
    for index, line in enumerate(lines):
        draw.text((LEFT, top + index * LEADING), line, font=load_font(BODY), fill=0)


def _draw_cover(page: Image.Image, letter: Letter, pages: str) -> int:
    """Returns where the text begins."""
    draw, at = ImageDraw.Draw(page), TOP

    def word(key: str) -> str:
        return say(letter.language, key)

    draw.text((LEFT, at), word("fax"), font=load_font(LARGE, bold=True), fill=0)
    company = next(break_lines(letter.company, load_font(LARGE), 900), "")
    draw.text((RIGHT, at), company, font=load_font(LARGE), fill=0, anchor="ra")
    at += 130
    draw.line((LEFT, at, RIGHT, at), fill=0, width=4)
    at += 40
    sender = " ".join(filter(None, (letter.company, letter.own_number)))
    recipient = "\n".join(filter(None, (letter.name, f"{word('at')} {letter.number}")))
    rows = (("to", recipient), ("from", sender), ("date", letter.date), ("pages", pages), ("subject", letter.subject))
    for key, value in rows:
        if not value:
            continue
        draw.text((LEFT, at), word(key), font=load_font(BODY, bold=True), fill=0)
        for line in list(break_lines(value, load_font(BODY), RIGHT - LEFT - 280))[:4]:
            draw.text((LEFT + 280, at), line, font=load_font(BODY), fill=0)
            at += LEADING
        at += 14
    at += 20
    draw.line((LEFT, at, RIGHT, at), fill=0, width=4)
    return at + 50


def stamp_header(page: Image.Image, left: str, right: str) -> None:
    """The line above the page: who, when, which page of how many. What stood there is covered."""
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, WIDTH, HEADER), fill=255)
    draw.text((LEFT - 60, 12), left[:110], font=load_font(SMALL), fill=0)
    draw.text((RIGHT + 50, 12), right, font=load_font(SMALL), fill=0, anchor="ra")
