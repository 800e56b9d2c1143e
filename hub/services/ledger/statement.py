"""The statement of an account as a PDF, in German or English. reportlab is loaded on first use and runs in a thread."""

import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from hub.domain.contact import Contact
from hub.domain.ledger import EntryKind, LedgerEntry, OpenItem

WORDS = {
    "de": {
        "title": "Kontoauszug",
        "at": "Stand",
        "entries": "Buchungen",
        "open": "Offene Posten",
        "none": "Nichts ist offen.",
        "head": ("Datum", "Art", "Nummer", "Fällig", "Betrag"),
        "open_head": ("Nummer", "Datum", "Fällig", "Betrag", "Offen"),
        "order": "Auftrag",
        "invoice": "Rechnung",
        "credit_note": "Gutschrift",
        "payment": "Zahlung",
        "refund": "Erstattung",
        "allocation": "Zuordnung",
        "reversal": "Storno",
    },
    "en": {
        "title": "Statement of account",
        "at": "As of",
        "entries": "Bookings",
        "open": "Open items",
        "none": "Nothing is open.",
        "head": ("Date", "Kind", "Number", "Due", "Amount"),
        "open_head": ("Number", "Date", "Due", "Amount", "Open"),
        "order": "Order",
        "invoice": "Invoice",
        "credit_note": "Credit note",
        "payment": "Payment",
        "refund": "Refund",
        "allocation": "Allocation",
        "reversal": "Reversal",
    },
}
MAX_ROWS = 2_000


def tell_amount(amount: Decimal, currency: str, language: str) -> str:
    """ "1.000,00 EUR" or "1,000.00 EUR"."""
    plain = f"{amount:,f}"
    if language == "de":
        plain = plain.translate({44: 46, 46: 44})
    return f"{plain} {currency}"


def tell_day(day: date | None, language: str) -> str:
    """ "24.11.2026" or "2026-11-24"."""
    if day is None:
        return ""
    return day.strftime("%d.%m.%Y") if language == "de" else day.isoformat()


def compose(
    company: str, contact: Contact, entries: Sequence[LedgerEntry], items: Sequence[OpenItem], today: date
) -> bytes:
    """The PDF. Text of others is escaped: reportlab reads markup."""
    from xml.sax.saxutils import escape

    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

    language = contact.language if contact.language in WORDS else "de"
    words: dict[str, Any] = WORDS[language]
    styles, out = getSampleStyleSheet(), io.BytesIO()
    rows = [
        (
            tell_day(entry.date, language),
            words[entry.kind.value],
            entry.number,
            tell_day(entry.due, language),
            tell_amount(_signed(entry), entry.currency, language),
        )
        for entry in entries[:MAX_ROWS]
    ]
    open_rows = [
        (
            item.number,
            tell_day(item.date, language),
            tell_day(item.due, language),
            tell_amount(item.amount, item.currency, language),
            tell_amount(item.open, item.currency, language),
        )
        for item in items
    ]
    story: list[Any] = [
        Paragraph(escape(company), styles["Normal"]),
        Paragraph(words["title"], styles["Title"]),
        Paragraph(escape(", ".join(filter(None, (contact.name, contact.organisation)))), styles["Heading2"]),
        Paragraph(f"{words['at']}: {tell_day(today, language)}", styles["Normal"]),
        Spacer(1, 16),
        Paragraph(words["open"], styles["Heading3"]),
        _table(words["open_head"], open_rows) if open_rows else Paragraph(words["none"], styles["Normal"]),
        Spacer(1, 16),
        Paragraph(words["entries"], styles["Heading3"]),
        _table(words["head"], rows),
    ]
    SimpleDocTemplate(out, pagesize=A4, title=words["title"], author=company).build(story)
    return out.getvalue()


def _signed(entry: LedgerEntry) -> Decimal:
    return (
        -entry.amount if entry.kind in (EntryKind.PAYMENT, EntryKind.CREDIT_NOTE, EntryKind.REVERSAL) else entry.amount
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Any:
    from reportlab.lib import colors
    from reportlab.platypus import Table, TableStyle

    table = Table([list(head), *(list(row) for row in rows)], repeatRows=1, hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold"),
                ("FONTSIZE", (0, 0), (-1, -1), 9),
                ("ALIGN", (-2, 0), (-1, -1), "RIGHT"),
                ("LINEBELOW", (0, 0), (-1, 0), 0.5, colors.grey),
            ]
        )
    )
    return table
