"""Contacts as CSV: `name,organisation,email,phone,role,city,language`, further columns by name, or other headings by a
mapping. Written so that a spreadsheet takes no cell for a formula."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.domain.contact import Contact, Identity
from hub.domain.errors import Invalid
from hub.domain.views import ContactDraft

COLUMNS = ("name", "organisation", "email", "phone", "role", "city", "language", "department", "tags", "notes", "xmpp")
MAX_ROWS = 100_000
ADDRESS_COLUMNS = ("email", "phone", "xmpp")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedContact:
    """One contact of a file. `row` counts as people do: the header is row 1, a first vCard too."""

    row: int
    draft: ContactDraft


def read_contacts(text: str, mapping: Mapping[str, str] | None) -> list[ImportedContact]:
    """`mapping`: our column -> theirs. Raises Invalid where the file is no table, or no column is the name's."""
    first = text.split("\n", 1)[0]
    delimiter = max(";,\t", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error as error:
        raise Invalid(f"This is no CSV file: {error}.", field="file") from error
    if len(rows) - 1 > MAX_ROWS:
        raise Invalid(f"The file has more than {MAX_ROWS:,} rows; cut it into pieces.", field="file")
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    theirs = {ours: (mapping or {}).get(ours, ours).strip().lower() for ours in COLUMNS}
    unknown = sorted(set(mapping or {}) - set(COLUMNS))
    if unknown:
        raise Invalid(f"There is no column {', '.join(unknown)}; ours are {', '.join(COLUMNS)}.", field="mapping")
    where = {ours: header.index(name) for ours, name in theirs.items() if name in header}
    if "name" not in where:
        raise Invalid(f"The header lacks the name. It must be {','.join(COLUMNS[:7])}.", field="file")
    return [
        ImportedContact(row=number, draft=_draft({ours: _cell(row, at) for ours, at in where.items()}))
        for number, row in enumerate(rows[1:], 2)
        if any(cell.strip() for cell in row)
    ]


def _cell(row: Sequence[str], at: int) -> str:
    text = row[at].strip() if at < len(row) else ""
    # What `write_contacts` has defused comes back as it was.
    return text[1:] if text[:1] == "'" and text[1:2] in FORMULA else text


def _draft(cells: Mapping[str, str]) -> ContactDraft:
    addresses = [
        (form, part.strip()) for form in ADDRESS_COLUMNS for part in cells.get(form, "").split("|") if part.strip()
    ]
    roles = tuple(role.strip().lower() for role in cells.get("role", "").split("|") if role.strip())
    tags = tuple(tag.strip() for tag in cells.get("tags", "").split("|") if tag.strip())
    return ContactDraft(
        name=cells["name"] or cells.get("organisation", ""),
        organisation=cells.get("organisation") or None,
        department=cells.get("department") or None,
        city=cells.get("city") or None,
        language=cells.get("language", "").lower() or None,
        roles=roles or None,
        tags=tags or None,
        notes=cells.get("notes") or None,
        addresses=tuple(addresses),
    )


def write_contacts(contacts: Iterable[tuple[Contact, Sequence[Identity]]]) -> bytes:
    """UTF-8 with a mark, so that spreadsheets read it as such; what `read_contacts` reads again."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for contact, identities in contacts:
        by_form = {
            form: "|".join(it.address.normal for it in identities if it.address.channel == form)
            for form in ADDRESS_COLUMNS
        }
        values = {
            "name": contact.name,
            "organisation": contact.organisation,
            "role": "|".join(contact.roles),
            "city": contact.city,
            "language": contact.language,
            "department": contact.department,
            "tags": "|".join(contact.tags),
            "notes": contact.notes,
            **by_form,
        }
        writer.writerow([_defused(values[name]) for name in COLUMNS])
    return out.getvalue().encode("utf-8-sig")


def _defused(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
