"""Contacts as vCards: 3.0 (RFC 2426) and 4.0 (RFC 6350) are written; these and 2.1 are read, tolerantly and bounded.

A line is unfolded, cut into name, parameters and value; what is not known is passed over. Nothing in a card is fetched:
pictures and keys by address are left where they are.
"""

import quopri
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from hub.domain.contact import Contact, ContactKind, Identity
from hub.domain.errors import Invalid
from hub.domain.views import ContactDraft
from hub.services.register.contact_csv import ImportedContact

MAX_CARDS = 100_000
MAX_LINE = 20_000
"""Characters of an unfolded line that are read; the rest (a picture) is passed over."""
MAX_LINES = 2_000_000
_UNESCAPE = re.compile(r"\\(.)")
_WIDTH = 75


def read_cards(text: str) -> list[ImportedContact]:
    """Raises Invalid where there is no card, or a card does not end."""
    cards: list[ImportedContact] = []
    lines: list[str] | None = None
    for line in _unfold(text):
        mark = line.strip().upper()
        if mark == "BEGIN:VCARD":
            if lines is not None:
                raise Invalid("A card begins within another one.", field="file", row=len(cards) + 1)
            lines = []
        elif mark == "END:VCARD":
            if lines is None:
                raise Invalid("A card ends that did not begin.", field="file", row=len(cards) + 1)
            cards.append(ImportedContact(row=len(cards) + 1, draft=_draft(lines)))
            lines = None
            if len(cards) > MAX_CARDS:
                raise Invalid(f"The file has more than {MAX_CARDS:,} cards; cut it into pieces.", field="file")
        elif lines is not None and len(lines) < 1_000:
            lines.append(line)
    if lines is not None:
        raise Invalid("The last card does not end.", field="file", row=len(cards) + 1)
    if not cards:
        raise Invalid("There is no vCard in this file.", field="file")
    return cards


def _unfold(text: str) -> Iterator[str]:
    """RFC 6350 §3.2: a line that begins with a blank continues the one before. 2.1 goes on after "="."""
    parts: list[str] = []
    length = soft = 0
    for count, line in enumerate(text.splitlines()):
        if count > MAX_LINES:
            raise Invalid("The file has too many lines.", field="file")
        if parts and (line[:1] in (" ", "\t") or soft):
            piece = line if soft else line[1:]
        else:
            if parts:
                yield "".join(parts)
            parts, length, piece = [], 0, line
        if length < MAX_LINE:
            parts.append(piece[: MAX_LINE - length])
            length += len(piece)
        quoted = "QUOTED-PRINTABLE" in parts[0][:200].upper()
        soft = quoted and piece.endswith("=")
        if soft and parts[-1].endswith("="):
            parts[-1] += "\n"
    if parts:
        yield "".join(parts)


def _draft(lines: Sequence[str]) -> ContactDraft:
    found: dict[str, list[tuple[str, str]]] = {}
    for line in lines:
        head, colon, value = line.partition(":")
        if not colon:
            continue
        name, *parameters = head.split(";")
        # RFC 6350 §3.3: a group stands before the name.
        name, options = name.rpartition(".")[2].strip().upper(), ";".join(parameters).upper()
        if "QUOTED-PRINTABLE" in options:
            charset = "latin-1" if "8859-1" in options else "utf-8"
            value = quopri.decodestring(value.encode("utf-8", "replace")).decode(charset, "replace")
        found.setdefault(name, []).append((options, value))
    organisation, department = _parts(_first(found, "ORG"), 2)
    name = _plain(_first(found, "FN")) or _name_of(_first(found, "N")) or organisation
    addresses = [("email", _plain(value)) for _, value in found.get("EMAIL", [])]
    addresses += [("phone", _plain(value)) for options, value in found.get("TEL", []) if "FAX" not in options]
    addresses += [
        ("xmpp", _plain(value).removeprefix("xmpp:"))
        for _, value in found.get("IMPP", [])
        if value.lower().startswith("xmpp:")
    ]
    language = _plain(_first(found, "LANG"))[:2].lower()
    tags = tuple(_plain(tag) for tag in re.split(r"(?<!\\),", _first(found, "CATEGORIES")) if tag.strip())
    return ContactDraft(
        name=" ".join(name.split())[:200],
        organisation=organisation or None,
        department=department or None,
        city=_parts(_first(found, "ADR"), 7)[3] or None,
        language=language if language in ("de", "en") else None,
        tags=tags[:50] or None,
        notes=_plain(_first(found, "NOTE"))[:10_000] or None,
        addresses=tuple(dict.fromkeys(one for one in addresses if one[1]))[:20],
    )


def _first(found: Mapping[str, Sequence[tuple[str, str]]], name: str) -> str:
    return found[name][0][1] if found.get(name) else ""


def _plain(value: str) -> str:
    return _UNESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], value).strip()


def _parts(value: str, count: int) -> list[str]:
    """The components of a structured value, without line breaks."""
    parts = [" ".join(_plain(part).split()) for part in re.split(r"(?<!\\);", value)]
    return (parts + [""] * count)[:count]


def _name_of(value: str) -> str:
    family, given, middle, prefix, _ = _parts(value, 5)
    return " ".join(part for part in (prefix, given, middle, family) if part)


# Writing


def write_cards(contacts: Iterable[tuple[Contact, Sequence[Identity]]], version: str) -> bytes:
    """`version`: "3.0" or "4.0"."""
    lines: list[str] = []
    for contact, identities in contacts:
        lines += ["BEGIN:VCARD", f"VERSION:{version}", f"UID:{_uid(contact, version)}", f"FN:{_escaped(contact.name)}"]
        given, _, family = contact.name.rpartition(" ")
        lines.append(f"N:{_escaped(family)};{_escaped(given)};;;")
        if version == "4.0":
            lines.append(f"KIND:{'org' if contact.kind is ContactKind.ORGANISATION else 'individual'}")
        if contact.organisation:
            department = f";{_escaped(contact.department)}" if contact.department else ""
            lines.append(f"ORG:{_escaped(contact.organisation)}{department}")
        if contact.city:
            lines.append(f"ADR:;;;{_escaped(contact.city)};;;")
        if contact.language and version == "4.0":
            lines.append(f"LANG:{contact.language}")
        if contact.tags:
            lines.append(f"CATEGORIES:{','.join(_escaped(tag) for tag in contact.tags)}")
        if contact.notes:
            lines.append(f"NOTE:{_escaped(contact.notes)}")
        lines += [_address(identity) for identity in identities if identity.address.channel in _PROPERTIES]
        lines.append("END:VCARD")
    return "".join(f"{_folded(line)}\r\n" for line in lines).encode()


_PROPERTIES = {"email": "EMAIL:{}", "phone": "TEL:{}", "xmpp": "IMPP:xmpp:{}"}


def _uid(contact: Contact, version: str) -> str:
    return f"urn:fernamt:{contact.id}" if version == "4.0" else contact.id


def _address(identity: Identity) -> str:
    return _PROPERTIES[identity.address.channel].format(_escaped(identity.address.normal))


def _escaped(text: str) -> str:
    for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n"), ("\r", "\\n")):
        text = text.replace(plain, written)
    return text


def _folded(line: str) -> str:
    """RFC 6350 §3.2: at most 75 octets a line, never within a character."""
    pieces: list[str] = []
    piece, size = "", 0
    for character in line:
        width = len(character.encode())
        if size + width > _WIDTH - bool(pieces):
            pieces.append(piece)
            piece, size = "", 0
        piece, size = piece + character, size + width
    return "\r\n ".join([*pieces, piece])
