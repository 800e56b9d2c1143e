"""From the record of a call that is over (JSON, made by calls.py) to a Message. Pure."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from connectors.phone.address import PHONE_FORM
from connectors.phone.number import clean, read_number
from hub.domain.address import Address
from hub.domain.errors import NotFound, Unreadable
from hub.domain.facts import Call
from hub.domain.instant import to_utc_ms
from hub.domain.message import Content, Envelope, InteractionKind, Message, Participant, ParticipantRole, Strength
from hub.ports.parser import ParseContext

MAX_RAW = 65_536
MAX_SECONDS = 86_400
MISSED, MACHINE = "missed", "voicemail"


class PhoneParser:
    """hub.ports.parser.Parser for records of calls."""

    def parse(self, raw: bytes, envelope: Envelope, context: ParseContext) -> Message:
        """The message; raises Unreadable for what is no record of a call. Without a readable number it has no sender:
        it is on nobody's timeline."""
        record = _read_record(raw)
        call = _read_call(record)
        other = _text(record, "caller" if call.incoming else "callee")
        address = _read_address(record, other)
        person = _participant(address, _text(record, "name"), incoming=call.incoming)
        seal = hashlib.sha256(f"{_text(record, 'exchange')}\n{_text(record, 'id')}\n{call.started_at}".encode())
        return Message(
            channel=PHONE_FORM.name,
            sender=person if call.incoming else None,
            recipients=(person,) if person is not None and not call.incoming else (),
            date=call.started_at,
            content=_content(address, other, call),
            # Anybody can have a foreign number shown: caller ids prove nothing.
            strength=Strength.CLAIMED,
            fingerprint=seal.hexdigest(),
            kind=InteractionKind.CALL,
            call=call,
            marks=_marks(record, call),
            problems=_problems(record, other, address),
        )

    def extract(self, raw: bytes, index: int) -> bytes:
        """A call carries no files."""
        raise NotFound("A call carries no files.", index=index)

    def render_html(self, raw: bytes) -> str | None:
        """A call has no HTML."""
        return None


def _read_record(raw: bytes) -> dict[str, Any]:
    if len(raw) > MAX_RAW:
        raise Unreadable("The record of the call is too long.")
    try:
        record = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Unreadable("The record of the call is no JSON.") from error
    if not isinstance(record, dict) or not isinstance(record.get("incoming"), bool):
        raise Unreadable("The record of the call does not say which way it went.")
    return record


def _text(record: dict[str, Any], key: str) -> str:
    value = record.get(key)
    shown = value[:200] if isinstance(value, str) else ""
    return "".join(sign for sign in shown if sign.isprintable()).encode("utf-8", "replace").decode("utf-8")


def _read_call(record: dict[str, Any]) -> Call:
    try:
        started = datetime.fromisoformat(_text(record, "started_at"))
        started = to_utc_ms(started if started.tzinfo else started.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise Unreadable("The record of the call does not say when it began.") from error
    seconds = record.get("seconds")
    counted = seconds if isinstance(seconds, int) and not isinstance(seconds, bool) else 0
    return Call(
        incoming=record["incoming"],
        answered=record.get("answered") is True,
        seconds=max(0, min(counted, MAX_SECONDS)),
        line=_text(record, "line"),
        started_at=started,
    )


def _read_address(record: dict[str, Any], written: str) -> Address | None:
    return read_number(
        written,
        country=_text(record, "country") or "DE",
        area=_text(record, "area"),
        international=_text(record, "exchange") == "sipgate",
    )


def _participant(address: Address | None, name: str, *, incoming: bool) -> Participant | None:
    if address is None:
        return None
    # What the exchange shows as a name is often the number again.
    shown = "" if clean(name) == clean(address.display) or name.lstrip("+").isdigit() else name
    return Participant(address=address, name=shown, role=ParticipantRole.FROM if incoming else ParticipantRole.TO)


def _content(address: Address | None, written: str, call: Call) -> Content:
    """No words but the number and the time of talking, so that it can be listed and searched in every language."""
    number = address.normal if address is not None else clean(written)
    minutes, seconds = divmod(call.seconds, 60)
    length = f"{minutes}:{seconds:02}" if call.answered else ""
    text = " · ".join(part for part in (number, length) if part)
    return Content(text=text, reply_text=text)


def _marks(record: dict[str, Any], call: Call) -> tuple[str, ...]:
    if call.answered or not call.incoming:
        return ()
    return (MISSED, MACHINE) if record.get("machine") is True else (MISSED,)


def _problems(record: dict[str, Any], written: str, address: Address | None) -> tuple[str, ...]:
    problems = []
    if record.get("forgotten") is True:
        problems.append("The exchange never told the end of this call.")
    if address is None:
        hidden = not clean(written)
        problems.append("The number was hidden." if hidden else f'"{clean(written)}" is no number of the outside.')
    return tuple(problems)


PHONE_PARSER = PhoneParser()
