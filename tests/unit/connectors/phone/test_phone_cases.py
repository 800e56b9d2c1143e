"""Golden cases: tests/cases/phone/NAME.json is understood as NAME.expected.json says.

After an intended change: `FERNAMT_WRITE_CASES=1 python -m pytest tests/unit/connectors/phone/test_phone_cases.py`, then
read the difference.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from connectors.phone.parse import PHONE_PARSER
from hub.domain.errors import Unreadable
from hub.domain.message import Envelope, Participant
from hub.ports.parser import ParseContext

CASES = Path(__file__).parents[3] / "cases" / "phone"
NAMES = sorted(path.stem for path in CASES.glob("*.json") if not path.name.endswith(".expected.json"))


def _person(person: Participant | None) -> list[str] | None:
    return None if person is None else [person.address.normal, person.name, person.role.value]


def _understood(raw: bytes) -> dict[str, Any]:
    message = PHONE_PARSER.parse(raw, Envelope(), ParseContext(account="cases"))
    assert message.call is not None
    return {
        "kind": message.kind.value,
        "sender": _person(message.sender),
        "recipients": [_person(person) for person in message.recipients],
        "text": message.content.text,
        "incoming": message.call.incoming,
        "answered": message.call.answered,
        "seconds": message.call.seconds,
        "line": message.call.line,
        "started_at": message.call.started_at.isoformat(),
        "marks": list(message.marks),
        "problems": list(message.problems),
        "strength": message.strength.value,
        "fingerprint": message.fingerprint,
    }


def test_there_are_enough_cases() -> None:
    assert len(NAMES) >= 15


@pytest.mark.parametrize("name", NAMES)
def test_a_call_is_understood_as_the_case_says(name: str) -> None:
    expected = CASES / f"{name}.expected.json"
    found = _understood((CASES / f"{name}.json").read_bytes())
    if os.environ.get("FERNAMT_WRITE_CASES"):
        expected.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(expected.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"incoming": 1, "started_at": "2026-11-28T09:42:07+00:00"}',
        b'{"incoming": true}',
        b'{"incoming": true, "started_at": "yesterday"}',
        b'{"incoming": true, "started_at": "0001-01-01T00:00:00+14:00"}',
        b"[" * 5_000,
        b'{"incoming": true, "x": "' + b"x" * 70_000 + b'"}',
    ],
)
def test_what_is_no_record_of_a_call_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        PHONE_PARSER.parse(raw, Envelope(), ParseContext(account="cases"))
