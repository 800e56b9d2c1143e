"""Golden cases: tests/cases/chat/NAME.chat is understood as NAME.expected.json says.

After an intended change: `FERNAMT_WRITE_CASES=1 python -m pytest tests/unit/connectors/chat/test_chat_cases.py`, then
read the difference.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from connectors.chat.parse import CHAT_PARSER
from hub.domain.errors import NotFound, Unreadable
from hub.domain.message import Envelope, Strength
from hub.ports.parser import ParseContext

CASES = Path(__file__).parents[3] / "cases" / "chat"
NAMES = sorted(path.stem for path in CASES.glob("*.chat"))
CONTEXT = ParseContext(account="cases")


def _understood(raw: bytes) -> dict[str, Any]:
    message = CHAT_PARSER.parse(raw, Envelope(authenticated=True), CONTEXT)
    assert message.sender is not None
    return {
        "sender": [message.sender.address.normal, message.sender.name],
        "message_id": message.message_id,
        "date": message.date.isoformat() if message.date else None,
        "text": message.content.text,
        "attachments": [[a.name, a.type, a.size, a.sha256] for a in message.content.attachments],
        "files": [
            CHAT_PARSER.extract(raw, index).decode("latin-1") for index, _ in enumerate(message.content.attachments)
        ],
        "strength": message.strength.value,
        "problems": list(message.problems),
        "fingerprint": message.fingerprint,
    }


def test_there_are_enough_cases() -> None:
    assert len(NAMES) >= 15


@pytest.mark.parametrize("name", NAMES)
def test_a_message_is_understood_as_the_case_says(name: str) -> None:
    expected = CASES / f"{name}.expected.json"
    found = _understood((CASES / f"{name}.chat").read_bytes())
    if os.environ.get("FERNAMT_WRITE_CASES"):
        expected.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(expected.read_text(encoding="utf-8"))


def test_without_a_token_a_visitor_is_only_claimed() -> None:
    raw = (CASES / "plain.chat").read_bytes()
    assert CHAT_PARSER.parse(raw, Envelope(), CONTEXT).strength is Strength.CLAIMED


def test_a_file_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        CHAT_PARSER.extract((CASES / "one-file.chat").read_bytes(), 1)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"{}", b'{"visitor": "anna"}', b"[" * 9_000, b" " * 300_000])
def test_what_no_widget_sends_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        CHAT_PARSER.parse(raw, Envelope(), CONTEXT)
