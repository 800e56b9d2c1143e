"""Tables on narrow screens: a row becomes a block, and each value in it needs the heading of its column beside it.

The heading is put on the cells as `data-label` after a page is rendered, so that a template writes each heading once.
The style sheet shows it where there is no room for columns.
"""

import re

_TABLE = re.compile(r"<table(?P<marks>[^>]*)>(?P<head>\s*<thead[^>]*>.*?</thead>)(?P<rows>.*?)</table>", re.DOTALL)
_CELL = re.compile(r"<t[hd]\b(?P<marks>[^>]*)>(?P<text>.*?)</t[hd]>", re.DOTALL)
_STEP = re.compile(r"<(?P<name>tr|td|th)\b(?P<marks>[^>]*)>")
_UNSEEN = re.compile(r'<span class="unseen">.*?</span>', re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_SPAN = re.compile(r'\bcolspan="(\d{1,2})"')
_BARS = re.compile(r'class="[^"]*\bbars\b')
"""Tables of bars are narrow enough as they are."""


def label_cells(page: str) -> str:
    """The page with every cell of its tables labelled by its column; a column with an unseen heading has no label. All
    text in the page is escaped, so what looks like a tag is one of a template."""
    return _TABLE.sub(_label_table, page) if "<table" in page else page


def _label_table(table: re.Match[str]) -> str:
    if _BARS.search(table["marks"]):
        return table[0]
    headings: list[str] = []
    for cell in _CELL.finditer(table["head"]):
        text = " ".join(_TAG.sub("", _UNSEEN.sub("", cell["text"])).split())
        headings += [text.replace('"', "&#34;")] * _width(cell["marks"])
    column = 0

    def label(step: re.Match[str]) -> str:
        nonlocal column
        if step["name"] == "tr":
            column = 0
            return step[0]
        heading = headings[column] if column < len(headings) else ""
        column += _width(step["marks"])
        if step["name"] == "th" or not heading:
            return step[0]
        return f'<td{step["marks"]} data-label="{heading}">'

    return f"<table{table['marks']} data-stacks>{table['head']}{_STEP.sub(label, table['rows'])}</table>"


def _width(marks: str) -> int:
    span = _SPAN.search(marks)
    return int(span[1]) if span else 1
