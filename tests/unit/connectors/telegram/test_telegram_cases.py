"""Golden cases: tests/cases/telegram/NAME.json (what is kept of an arrival) is understood as NAME.expected.json says.

After an intended change: `FERNAMT_WRITE_CASES=1 python -m pytest tests/unit/connectors/telegram`, then read the
difference.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from connectors.telegram.files import list_files
from connectors.telegram.parse import TELEGRAM_PARSER
from connectors.telegram.update import read_kept
from hub.domain.message import Envelope, Message, Participant
from hub.ports.bundle import BundledFile, pack_bundle
from hub.ports.parser import ParseContext

CASES = Path(__file__).parents[3] / "cases" / "telegram"
NAMES = sorted(path.stem for path in CASES.glob("*.json") if not path.stem.endswith(".expected"))


def _person(person: Participant | None) -> list[str] | None:
    if person is None:
        return None
    return [person.address.key, person.address.display, person.name, person.role.value]


def _understood(message: Message) -> dict[str, Any]:
    content = message.content
    return {
        "sender": _person(message.sender),
        "recipients": [_person(person) for person in message.recipients],
        "aliases": [_person(person) for person in message.aliases],
        "message_id": message.message_id,
        "date": message.date.isoformat() if message.date else None,
        "text": content.text,
        "reply_text": content.reply_text,
        "attachments": [[file.name, file.type, file.size] for file in content.attachments],
        "class": message.message_class.value,
        "kind": message.kind.value,
        "strength": message.strength.value,
        "forwarded": message.forwarded,
        "relation": message.relation.value if message.relation else None,
        "related_to": list(message.related_to),
        "reach": message.reach.value if message.reach else None,
        "marks": list(message.marks),
        "problems": list(message.problems),
    }


def _with_files(native: bytes) -> bytes:
    """The raw arrival: a case that lists files has some bytes for each."""
    kept = read_kept(native)
    named = {file.file_id: file for file in list_files(kept.updates)}
    files = [
        BundledFile(name=named[file_id].name, type=named[file_id].type, data=b"bytes of " + file_id.encode())
        for file_id in kept.files
    ]
    return pack_bundle(native, files)


def test_there_are_enough_cases() -> None:
    assert len(NAMES) >= 40


@pytest.mark.parametrize("name", NAMES)
def test_ac27_a_telegram_message_is_understood_as_the_case_says(name: str) -> None:
    expected = CASES / f"{name}.expected.json"
    raw = _with_files((CASES / f"{name}.json").read_bytes())
    message = TELEGRAM_PARSER.parse(raw, Envelope(authenticated=True), ParseContext(account="cases"))
    found = _understood(message)
    if os.environ.get("FERNAMT_WRITE_CASES"):
        expected.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(expected.read_text(encoding="utf-8"))
    for index, file in enumerate(message.content.attachments):
        assert len(TELEGRAM_PARSER.extract(raw, index)) == file.size
