"""Golden cases: tests/cases/xmpp/NAME.xml (a stanza) or NAME.bundle (one with its files) is understood as
NAME.expected.json says.

After an intended change: `FERNAMT_WRITE_CASES=1 python -m pytest tests/unit/connectors/xmpp/test_xmpp_cases.py`, then
read the difference.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from connectors.xmpp.parse import XMPP_PARSER
from hub.domain.errors import Unreadable
from hub.domain.message import Envelope
from hub.ports.parser import ParseContext

CASES = Path(__file__).parents[3] / "cases" / "xmpp"
PATHS = sorted([*CASES.glob("*.xml"), *CASES.glob("*.bundle")])


def _understood(raw: bytes) -> dict[str, Any]:
    try:
        message = XMPP_PARSER.parse(raw, Envelope(authenticated=True), ParseContext(account="cases"))
    except Unreadable as error:
        return {"unreadable": error.sentence.partition(" (")[0]}
    content = message.content
    return {
        "sender": message.sender.address.normal if message.sender else None,
        "recipients": [person.address.normal for person in message.recipients],
        "message_id": message.message_id,
        "date": message.date.isoformat() if message.date else None,
        "subject": content.subject,
        "text": content.text if len(content.text) < 1000 else f"{content.text[:20]}… ({len(content.text)})",
        "reply_text": content.reply_text if len(content.reply_text) < 1000 else "…",
        "attachments": [[file.index, file.name, file.type, file.size] for file in content.attachments],
        "class": message.message_class.value,
        "strength": message.strength.value,
        "relation": message.relation.value if message.relation else None,
        "related_to": list(message.related_to),
        "fingerprint": message.fingerprint,
        "problems": list(message.problems),
    }


def test_there_are_enough_cases() -> None:
    assert len(PATHS) >= 30


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_stanza_is_understood_as_the_case_says(path: Path) -> None:
    expected = path.with_name(f"{path.stem}.expected.json")
    found = _understood(path.read_bytes())
    if os.environ.get("FERNAMT_WRITE_CASES"):
        expected.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(expected.read_text(encoding="utf-8"))
