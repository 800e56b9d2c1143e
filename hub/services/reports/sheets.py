"""Reports as files: CSV, XLSX, PDF. Call these in a thread: xlsxwriter, reportlab and Pillow take their time."""

import csv
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

from hub.domain.chart import Chart
from hub.domain.report import Report
from hub.services.charts.png import draw_png
from hub.services.reports.drawing import draw_charts, label_of, tell_lines, tell_span
from hub.services.reports.wording import language_of, say, tell_day

Cell = str | Decimal | None
TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


def table_of(report: Report, language: str) -> tuple[list[str], list[list[Cell]]]:
    """(headings, rows): exact values, a line for each period (or label)."""
    language = language_of(language)
    headings, columns = [say(language, "age" if report.labels else "period")], [_heads(report, language)]
    for row in report.rows:
        label = label_of(report, row, language)
        headings.append(label)
        columns.append(list(row.values))
        for key, values in (("before", row.before), ("low", row.low), ("high", row.high)):
            if values:
                headings.append(say(language, "before", label=label) if key == "before" else f"{label}, {key}")
                columns.append(list(values))
    count = len(columns[0])
    return headings, [[column[line] if line < len(column) else None for column in columns] for line in range(count)]


def _heads(report: Report, language: str) -> list[Cell]:
    if report.labels:
        return [say(language, label) for label in report.labels]
    return [period.first.isoformat() for period in report.periods]


def write_csv(report: Report, language: str) -> bytes:
    """UTF-8 with a mark at its beginning, as office programs want it; numbers with a decimal point."""
    out = StringIO()
    writer = csv.writer(out)
    headings, rows = table_of(report, language)
    writer.writerow(headings)
    writer.writerows([["" if cell is None else str(cell) for cell in row] for row in rows])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def write_xlsx(report: Report, language: str) -> bytes:
    """One sheet; numbers are numbers. Texts that look like formulas stay texts."""
    import xlsxwriter

    out = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet(say(language, report.name.value).replace(":", "")[:31])
        bold = book.add_format({"bold": True})
        headings, rows = table_of(report, language)
        sheet.write_row(0, 0, headings, bold)
        for number, row in enumerate(rows, 1):
            for place, cell in enumerate(row):
                if isinstance(cell, Decimal):
                    sheet.write_number(number, place, float(cell))
                elif cell is not None:
                    sheet.write_string(number, place, cell)
        sheet.freeze_panes(1, 1)
        sheet.autofit()
    return out.getvalue()


def write_pdf(reports: Sequence[Report], language: str, *, company: str, title: str, today: date) -> bytes:
    """The charts one under the other, each with its sentences."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Image, KeepTogether, Paragraph, SimpleDocTemplate, Spacer

    language, styles = language_of(language), getSampleStyleSheet()
    out = BytesIO()
    story: list[Any] = [
        Paragraph(_safe(title), styles["Title"]),
        Paragraph(_safe(f"{company} · {tell_day(today, language)}"), styles["Normal"]),
        Spacer(1, 16),
    ]
    for report in reports:
        charts: list[Chart | None] = [*draw_charts(report, language)]
        for chart in charts or [None]:
            words = chart.description if chart else " ".join(tell_lines(report, language))
            head = f"{say(language, report.name.value)} {tell_span(report, language)}".strip()
            parts: list[Any] = [Paragraph(_safe(head), styles["Heading2"]), Paragraph(_safe(words), styles["Normal"])]
            if chart is not None:
                parts.append(Image(BytesIO(draw_png(chart)), width=480, height=480 * 388 / 720))
            story.append(KeepTogether([*parts, Spacer(1, 14)]))
    SimpleDocTemplate(out, pagesize=A4, title=title, author=company, invariant=1).build(story)
    return out.getvalue()


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("−", "-")


def picture_of(chart: Chart) -> bytes:
    """As PNG."""
    return draw_png(chart)


def file_name(report: Report, ending: str) -> str:
    """ "revenue-2026-11-01.xlsx" """
    day = f"-{report.periods[-1].last.isoformat()}" if report.periods else ""
    return f"{report.name.value}{day}.{ending}"
