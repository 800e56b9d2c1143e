"""From what the widget sent (JSON, with files in one piece) to a Message. Pure."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from connectors.chat.address import CHAT_FORM
from hub.domain.errors import Invalid, Unreadable
from hub.domain.instant import to_utc_ms
from hub.domain.message import Attachment, Content, Envelope, Message, Participant, ParticipantRole, Strength
from hub.ports.bundle import Bundle, open_bundle
from hub.ports.parser import ParseContext

MAX_NATIVE = 262_144
MAX_TEXT = 8_000
MAX_FILES = 10


class ChatParser:
    """hub.ports.parser.Parser for messages of the web chat."""

    def parse(self, raw: bytes, envelope: Envelope, context: ParseContext) -> Message:
        """The message; raises Unreadable for what no widget of ours sends."""
        bundle = open_bundle(raw)
        said = _read_native(bundle.native)
        sender = _read_sender(said)
        identifier = _text(said, "id", 100)
        text, problems = _read_text(said)
        seal = hashlib.sha256("\n".join((sender.address.normal, identifier, text)).encode("utf-8", "replace"))
        return Message(
            channel=CHAT_FORM.name,
            sender=sender,
            message_id=f"chat:{sender.address.normal}:{identifier}" if identifier else "",
            date=_read_moment(said),
            content=Content(text=text, reply_text=text, attachments=_describe(bundle)),
            # The visitor's token proves that it is the same browser as before, and nothing else: whoever sits there
            # is told about a contact only after a code.
            strength=Strength.AUTHENTICATED if envelope.authenticated else Strength.CLAIMED,
            fingerprint=seal.hexdigest(),
            problems=problems,
        )

    def extract(self, raw: bytes, index: int) -> bytes:
        """The bytes of one file. Raises NotFound."""
        return open_bundle(raw).file(index)

    def render_html(self, raw: bytes) -> str | None:
        """The chat has no HTML."""
        return None


def _read_native(native: bytes) -> dict[str, Any]:
    if len(native) > MAX_NATIVE:
        raise Unreadable("The message of the web chat is too long.")
    try:
        said = json.loads(native)
    except (ValueError, RecursionError) as error:
        raise Unreadable("The message of the web chat is no JSON.") from error
    if not isinstance(said, dict):
        raise Unreadable("The message of the web chat is no object.")
    return said


def _text(said: dict[str, Any], key: str, limit: int) -> str:
    value = said.get(key)
    return value[:limit].encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""


def _read_sender(said: dict[str, Any]) -> Participant:
    try:
        address = CHAT_FORM.normalise(_text(said, "visitor", 100))
    except Invalid as error:
        raise Unreadable("The message of the web chat names no visitor.") from error
    return Participant(address=address, name=address.display, role=ParticipantRole.FROM)


def _read_text(said: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    written = said.get("text")
    whole = written if isinstance(written, str) else ""
    problems = [f"The text was cut at {MAX_TEXT:,} characters."] if len(whole) > MAX_TEXT else []
    shown = "".join(sign for sign in whole[:MAX_TEXT] if sign.isprintable() or sign in "\n\t\u200d")
    return shown.encode("utf-8", "replace").decode("utf-8").strip(), tuple(problems)


def _read_moment(said: dict[str, Any]) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_text(said, "at", 40))
        return to_utc_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def _describe(bundle: Bundle) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(
            index=index,
            name=_safe_name(file.name),
            type=file.type or "application/octet-stream",
            size=len(file.data),
            sha256=hashlib.sha256(file.data).hexdigest(),
        )
        for index, file in enumerate(bundle.files[:MAX_FILES])
    )


def _safe_name(name: str) -> str:
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in last if sign.isprintable())[-200:].encode("utf-8", "replace").decode("utf-8")


CHAT_PARSER = ChatParser()
