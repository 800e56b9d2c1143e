"""Whom a bounce is about, and which of our messages.

RFC 3464 reports are read as they are meant; Exim's and qmail's own formats as far as they tell. A bounce in no known
form is still a bounce, of unknown recipients.
"""

import re

from connectors.email.header import Headers, decode_words, split_header
from connectors.email.identification import read_message_id
from connectors.email.structure import Part
from hub.domain.message import RecipientStatus

MAX_RECIPIENTS = 100
_READ = 256 * 1024
_GROUPS = re.compile(rb"\r?\n(?:[ \t]*\r?\n)+")
_ACTIONS = frozenset({"failed", "delayed", "delivered", "relayed", "expanded"})
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_REPORTS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED = frozenset({"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"})
_QMAIL = re.compile(r"^<([^<>\s@]{1,64}@[^<>\s]{1,255})>:\s*\n((?:[^\n<]{1,300}\n?){1,3})", re.MULTILINE)
_CODE = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_REPLY = re.compile(r"\b([45])\d\d[ -]")
_QUOTED_ID = re.compile(r"^>?\s*Message-ID:\s*(<[^<>\s]{3,500}>)", re.IGNORECASE | re.MULTILINE)


def read_bounce(root: Part, text: str) -> tuple[tuple[RecipientStatus, ...], str]:
    """Every recipient's fate, and the Message-ID of what was returned ('' where it cannot be told). `text`: the
    readable text of the bounce."""
    fates: list[RecipientStatus] = []
    message_id = ""
    for part in root.walk():
        if part.type in _REPORTS:
            fates += _read_report(part.decoded()[:_READ])
        elif part.type in _RETURNED and not message_id:
            returned = Headers(split_header(part.decoded()[:_READ])[0])
            message_id = read_message_id(returned.raw("message-id"))
    fates = fates or _read_exim(root.headers, text) or _read_qmail(text)
    if not message_id:
        quoted = _QUOTED_ID.search(text)
        message_id = read_message_id(quoted[1]) if quoted else ""
    return tuple(fates[:MAX_RECIPIENTS]), message_id


def _read_report(data: bytes) -> list[RecipientStatus]:
    """RFC 3464 §2: groups of fields; the first is about the message, the others about one recipient each."""
    fates = []
    for group in _GROUPS.split(data.strip())[: MAX_RECIPIENTS + 1]:
        fields = Headers(group)
        recipient = _typed(fields.text("final-recipient")) or _typed(fields.text("original-recipient"))
        if not recipient:
            continue
        action = fields.raw("action").lower().partition(" ")[0].rstrip(";")
        status = _STATUS.search(fields.raw("status"))
        fates.append(
            RecipientStatus(
                recipient=recipient,
                action=action if action in _ACTIONS else "failed",
                status=status[0] if status else "",
                diagnostic=_typed(fields.text("diagnostic-code"))[:500],
            )
        )
    return fates


def _typed(value: str) -> str:
    """RFC 3464 §2.1.2: `rfc822; anna@example.org`; some servers leave the type out."""
    kind, semicolon, rest = value.partition(";")
    found = rest if semicolon and "@" not in kind else value
    return decode_words(found).strip().strip("<>").strip()


def _read_exim(headers: Headers, text: str) -> list[RecipientStatus]:
    addresses = [one.strip() for one in ",".join(headers.every("x-failed-recipients")).split(",")]
    return [_fate(address, _near(text, address)) for address in addresses[:MAX_RECIPIENTS] if "@" in address]


def _read_qmail(text: str) -> list[RecipientStatus]:
    return [_fate(match[1], " ".join(match[2].split())) for match in _QMAIL.finditer(text[:_READ])][:MAX_RECIPIENTS]


def _near(text: str, address: str) -> str:
    at = text.find(address)
    if at < 0:
        return ""
    after = text[at + len(address) : at + len(address) + 400].partition("\n---")[0]
    return " ".join(after.split())


def _fate(recipient: str, diagnostic: str) -> RecipientStatus:
    code = _CODE.search(diagnostic)
    reply = _REPLY.search(diagnostic)
    status = code[1] if code else f"{reply[1] if reply else '5'}.0.0"
    action = "delayed" if status.startswith("4") else "failed"
    return RecipientStatus(recipient=recipient, action=action, status=status, diagnostic=diagnostic[:500])
