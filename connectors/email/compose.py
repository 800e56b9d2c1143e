"""Outgoing mail: an outbox item to the bytes of one RFC 5322 message.

Pure and repeatable: the same parcel gives the same bytes, so that every attempt is the same message. Every mail carries
Message-ID, Date, In-Reply-To and References as fixed at submit, and our signed header. Nothing of the content can
become a header field: whatever goes into one loses its line breaks and control characters.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from urllib.parse import quote

from connectors.email.address import EMAIL_FORM, wire_form
from connectors.email.classification import SIGNATURE_FIELD, own_signature
from hub.domain.errors import Invalid, PermanentFailure
from hub.domain.message import Attachment, Participant
from hub.domain.outbox import OutboxItem, Purpose
from hub.ports.connector import Parcel

MAX_REFERENCES = 20
"""RFC 5322 knows no limit, relays do: the first and the newest ids are enough to thread."""
MAX_SUBJECT = 900

_CRLF = "\r\n"
_LINE = 78
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
_ID = re.compile(r"[!-;=?-~]{1,250}@[!-;=?-~]{1,250}")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_ITIP = re.compile(r"text/calendar; method=(REQUEST|CANCEL|REPLY|COUNTER)")
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,100}")


def compose_mail(
    parcel: Parcel,
    *,
    from_address: str,
    from_name: str = "",
    date: datetime | None = None,
    reply_to: str = "",
) -> bytes:
    """The message with CRLF line ends. `date` (aware) is when the item was created unless given. Addresses beyond ASCII
    have their domain in A-labels; a local part beyond ASCII stays as it is, in UTF-8, and the submission must then use
    SMTPUTF8 (see `needs_smtputf8`). Raises PermanentFailure where the item cannot be a mail."""
    item, content = parcel.item, parcel.item.content
    message_id = content.message_id.strip("<> ")
    if not _ID.fullmatch(message_id):
        raise PermanentFailure("The item has no usable Message-ID: submit it again.", item=item.id)
    if len(parcel.files) != len(content.attachments):
        # Success must never be reported where an attachment was dropped.
        raise PermanentFailure("Not every attachment of the item is at hand: submit it again.", item=item.id)
    written = format_datetime(date or item.created_at)
    fields = [
        ("Message-ID", f"<{message_id}>"),
        ("Date", written),
        ("From", _fold(_mailbox(from_name, from_address))),
        *_recipient_fields(item),
        ("Reply-To", _mailbox("", reply_to) if reply_to else ""),
        ("Subject", _unstructured("Subject", content.subject)),
        *_thread_fields(content.in_reply_to, content.references),
        *_automatic_fields(item.purpose),
        *_unsubscribe_fields(content.unsubscribe),
        ("Content-Language", content.language if re.fullmatch(r"[A-Za-z-]{2,20}", content.language) else ""),
    ]
    if parcel.signature_key:
        fields.append((SIGNATURE_FIELD, own_signature(parcel.signature_key, message_id, written)))
    fields.append(("MIME-Version", "1.0"))
    header = "".join(f"{name}: {value}{_CRLF}" for name, value in fields if value)
    return header.encode("utf-8") + _body(content.text, content.attachments, parcel.files, message_id)


def needs_smtputf8(message: bytes, recipients: Sequence[str]) -> bool:
    """Whether the submission must announce SMTPUTF8 (RFC 6531 §3.4): a header or an envelope address is not ASCII."""
    header = message.partition(b"\r\n\r\n")[0]
    return not header.isascii() or not all(wire_form(address).isascii() for address in recipients)


# header fields


def _recipient_fields(item: OutboxItem) -> list[tuple[str, str]]:
    content = item.content
    to = ", ".join(_mailbox(one.name, one.address.normal) for one in content.to)
    cc = ", ".join(_mailbox(one.name, one.address.normal) for one in content.cc)
    if not to and not cc:
        to = _mailbox(_known_name(item, content.to), item.recipient.normal)
    return [("To", _fold(to)), ("Cc", _fold(cc))]


def _known_name(item: OutboxItem, people: Sequence[Participant]) -> str:
    return next((one.name for one in people if one.address == item.recipient), "")


def _thread_fields(in_reply_to: str, references: Sequence[str]) -> list[tuple[str, str]]:
    """RFC 5322 §3.6.4. Ids that are none (a blank, a bracket, beyond ASCII) would break the field and are left out."""
    answered = in_reply_to.strip("<> ")
    answered = answered if _ID.fullmatch(answered) else ""
    ids = [one for one in dict.fromkeys(reference.strip("<> ") for reference in references) if _ID.fullmatch(one)]
    if answered and answered not in ids:
        ids.append(answered)
    if len(ids) > MAX_REFERENCES:
        ids = ids[:1] + ids[1 - MAX_REFERENCES :]
    listed = f"{_CRLF} ".join(f"<{one}>" for one in ids)  # one a line: an id itself is never folded
    return [("In-Reply-To", f"<{answered}>" if answered else ""), ("References", listed)]


def _automatic_fields(purpose: Purpose) -> list[tuple[str, str]]:
    """RFC 3834 §5 tells other programs not to answer; Exchange listens to its own field only."""
    if purpose is Purpose.REPLY:
        return []
    value = "auto-replied" if purpose is Purpose.AUTOMATIC else "auto-generated"
    return [("Auto-Submitted", value), ("X-Auto-Response-Suppress", "All")]


def _unsubscribe_fields(address: str) -> list[tuple[str, str]]:
    """RFC 8058 §3.1: one click in the mail program. Only over https, as it demands."""
    if not re.fullmatch(r"https://[\x21-\x3b\x3d\x3f-\x7e]{1,500}", address):
        return []
    # Not folded: a line may have 998 characters (RFC 5322 §2.1.1).
    return [("List-Unsubscribe", f"<{address}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")]


def _one_line(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", text).encode("utf-8", "replace").decode("utf-8").split())


def _unstructured(name: str, text: str) -> str:
    line = _one_line(text)[:MAX_SUBJECT]
    if line.isascii() and "=?" not in line:
        return _fold(line, first=len(name) + 2)
    return Header(line, charset="utf-8", maxlinelen=75, header_name=name).encode(linesep=_CRLF)


def _mailbox(name: str, address: str) -> str:
    try:
        wire = wire_form(EMAIL_FORM.normalise(address).normal)
    except Invalid as error:
        raise PermanentFailure(f"Mail cannot carry the address: {error.sentence}") from error
    shown = _one_line(name)[:200]
    if not shown:
        return wire
    if not shown.isascii() or "=?" in shown:
        # In one line here: the whole list is folded once, by _fold.
        phrase = Header(shown, charset="utf-8", maxlinelen=75).encode(linesep="\n").replace("\n ", " ")
    elif _ATOMS.fullmatch(shown):
        phrase = shown
    else:
        escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
        phrase = f'"{escaped}"'
    return f"{phrase} <{wire}>"


def _fold(value: str, first: int = 4) -> str:
    """Folds at blanks so that lines keep to 78 characters where they can (RFC 5322 §2.1.1)."""
    if first + len(value) <= _LINE:
        return value
    lines: list[str] = []
    line, room = "", _LINE - first
    for word in value.split(" "):
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line, room = word, _LINE - 1
        else:
            line = f"{line} {word}" if line else word
    return f"{_CRLF} ".join([*lines, line])


# body


def _body(text: str, attachments: Sequence[Attachment], files: Sequence[bytes], seed: str) -> bytes:
    words = _text_part(text)
    if not attachments:
        return words
    if (method := _ITIP.fullmatch(attachments[0].type)) is not None:
        # RFC 6047 §2.4: programs look for the message beside the text; others show the file.
        words = _joined("alternative", [words, _calendar_part(files[0], method[1])], f"{seed} alternative")
    parts = [words, *(_file_part(one, data) for one, data in zip(attachments, files, strict=True))]
    return _joined("mixed", parts, seed)


def _joined(kind: str, parts: Sequence[bytes], seed: str) -> bytes:
    boundary = _boundary(seed, parts)
    delimiter = f"--{boundary}".encode("ascii")
    head = f'Content-Type: multipart/{kind};{_CRLF} boundary="{boundary}"{_CRLF}{_CRLF}'.encode("ascii")
    return head + b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts) + delimiter + b"--\r\n"


def _calendar_part(data: bytes, method: str) -> bytes:
    head = f"Content-Type: text/calendar; charset=utf-8; method={method}{_CRLF}Content-Transfer-Encoding: base64"
    return f"{head}{_CRLF}{_CRLF}".encode("ascii") + base64.encodebytes(data).replace(b"\n", b"\r\n")


def _boundary(seed: str, parts: Sequence[bytes]) -> str:
    """Derived from the Message-ID, so that each attempt is the same; never a line of a part."""
    for counter in range(100):
        boundary = "=_" + hashlib.sha256(f"{seed} {counter}".encode()).hexdigest()[:32]
        if not any(boundary.encode("ascii") in part for part in parts):
            return boundary
    raise PermanentFailure("The attachments leave no boundary to separate them.")


def _text_part(text: str) -> bytes:
    """text/plain; 7bit where it is ASCII in short lines, else quoted-printable: what every relay leaves alone."""
    body = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    body = body.replace("\x00", "")
    lines = body.split("\n")
    # "From " would be changed by mbox stores, trailing blanks by relays (RFC 2045 §6.7, RFC 5322 §2.1.1).
    plain = body.isascii() and all(
        len(line) <= 200 and not line.startswith("From ") and not line.endswith((" ", "\t")) for line in lines
    )
    charset, encoding = ("us-ascii", "7bit") if plain else ("utf-8", "quoted-printable")
    data = body.encode("utf-8", "replace")
    if not plain:
        data = binascii.b2a_qp(data, istext=True).replace(b"\nFrom ", b"\n=46rom ")
        data = b"=46rom " + data[5:] if data.startswith(b"From ") else data
    head = f"Content-Type: text/plain; charset={charset}{_CRLF}Content-Transfer-Encoding: {encoding}{_CRLF}{_CRLF}"
    return head.encode("ascii") + data.replace(b"\n", b"\r\n")


def _file_part(attachment: Attachment, data: bytes) -> bytes:
    kind = attachment.type if _TYPE.fullmatch(attachment.type) else "application/octet-stream"
    if _ITIP.fullmatch(attachment.type):
        kind = "application/ics"  # the message itself stands beside the text
    if kind.lower().startswith(("multipart/", "message/")):
        kind = "application/octet-stream"  # RFC 2046 §5.2.1: those must not be base64
    disposition = "inline" if attachment.inline else "attachment"
    fields = [
        f"Content-Type: {kind}",
        "Content-Transfer-Encoding: base64",
        f"Content-Disposition: {disposition}{_name_parameter(_one_line(attachment.name))}",
    ]
    if content_id := _CONTROL.sub("", attachment.content_id).strip("<> "):
        fields.append(f"Content-ID: <{quote(content_id, safe='!#$%&*+-./=?@^_{|}~')}>")
    head = (_CRLF.join(fields) + _CRLF * 2).encode("ascii")
    return head + base64.encodebytes(data).replace(b"\n", b"\r\n")


def _name_parameter(name: str) -> str:
    """RFC 2231: percent-encoded UTF-8 where the name is not plain, in sections where it is long."""
    if not name:
        return ""
    if name.isascii() and len(name) <= 60 and not set(name) & set('"\\'):
        return f';{_CRLF} filename="{name}"'
    characters = [quote(character, safe="") for character in name]
    if sum(map(len, characters)) <= 60:
        return f";{_CRLF} filename*=utf-8''{''.join(characters)}"
    # A character is never split between sections: some clients decode each section by itself.
    sections = [""]
    for character in characters:
        if len(sections[-1]) + len(character) > 60:
            sections.append("")
        sections[-1] += character
    sections[0] = f"utf-8''{sections[0]}"
    return "".join(f";{_CRLF} filename*{number}*={section}" for number, section in enumerate(sections))
