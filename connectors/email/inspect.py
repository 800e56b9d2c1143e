"""What `fernamt inspect email` prints: how a mail would be understood."""

from datetime import datetime
from typing import Any

from connectors.email.parse import EMAIL_PARSER
from hub.domain.errors import Unreadable
from hub.domain.message import Envelope, Message, Participant, ParticipantRole
from hub.ports.parser import ParseContext


def inspect_email(raw: bytes) -> dict[str, Any]:
    """One JSON-ready object, always with the same keys. Never raises, whatever the bytes: what cannot be read is said
    in `problems`, in plain English."""
    problems: list[str] = []
    try:
        message = EMAIL_PARSER.parse(raw, Envelope(), ParseContext(account="inspect"))
    except Unreadable as error:
        message = Message(channel="email")
        problems.append(error.sentence)
    html, complaint = _html(raw) if message.content.has_html else (None, "")
    content = message.content
    return {
        "message_id": message.message_id or None,
        "from": _person(message.sender) or {"name": "", "address": ""},
        "reply_to": _person(message.reply_to),
        "to": _people(message, ParticipantRole.TO),
        "cc": _people(message, ParticipantRole.CC),
        "subject": content.subject,
        "date": _rfc3339(message.date),
        "text": content.text,
        "reply_text": content.reply_text,
        "html": html,
        "attachments": [
            {"name": file.name, "type": file.type, "size": file.size, "sha256": file.sha256, "inline": file.inline}
            for file in content.attachments
        ],
        "class": message.message_class.value,
        "in_reply_to": message.in_reply_to[0] if message.in_reply_to else None,
        "references": list(message.references),
        "problems": [*problems, *message.problems, *([complaint] if complaint else [])],
    }


def _html(raw: bytes) -> tuple[str | None, str]:
    try:
        return EMAIL_PARSER.render_html(raw), ""
    except Exception as error:  # noqa: BLE001 - this command's promise is to say what fails instead of failing
        return None, f"The HTML could not be shown ({type(error).__name__})."


def _person(participant: Participant | None) -> dict[str, str] | None:
    if participant is None:
        return None
    return {"name": participant.name, "address": participant.address.normal}


def _people(message: Message, role: ParticipantRole) -> list[dict[str, str] | None]:
    return [_person(participant) for participant in message.recipients if participant.role is role]


def _rfc3339(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None
