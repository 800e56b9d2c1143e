"""Golden cases: tests/cases/fax/NAME.bundle is understood as NAME.expected.json says.

After an intended change: `FERNAMT_WRITE_CASES=1 python -m pytest tests/unit/connectors/fax/test_fax_cases.py`, then
read the difference. Sizes and hashes of pictures are left out: they change with the libraries that code them.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from connectors.fax.parse import FAX_PARSER
from hub.domain.errors import Unreadable
from hub.domain.message import Envelope, Participant
from hub.ports.parser import ParseContext

CASES = Path(__file__).parents[3] / "cases" / "fax"
NAMES = sorted(path.stem for path in CASES.glob("*.bundle"))


def _person(one: Participant | None) -> list[str] | None:
    return [one.address.channel, one.address.normal, one.name] if one else None


def _understood(raw: bytes) -> dict[str, Any]:
    try:
        message = FAX_PARSER.parse(raw, Envelope(), ParseContext(account="cases"))
    except Unreadable as error:
        return {"unreadable": error.sentence}
    content = message.content
    kinds = {part.index: FAX_PARSER.extract(raw, part.index)[:4] for part in content.attachments}
    assert [part.size for part in content.attachments] == [
        len(FAX_PARSER.extract(raw, part.index)) for part in content.attachments
    ]
    return {
        "from": _person(message.sender),
        "aliases": [_person(one) for one in message.aliases],
        "to": [_person(one) for one in message.recipients],
        "date": message.date.isoformat() if message.date else None,
        "subject": content.subject,
        "text": content.text,
        "attachments": [
            [part.name, part.type, part.inline, kinds[part.index].decode("latin-1")] for part in content.attachments
        ],
        "kind": message.kind.value,
        "strength": message.strength.value,
        "marks": list(message.marks),
        "problems": list(message.problems),
    }


def test_there_are_enough_cases() -> None:
    assert len(NAMES) >= 20


@pytest.mark.parametrize("name", NAMES)
def test_a_fax_is_understood_as_the_case_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whether Tesseract is installed must not decide; what it reads has tests of its own.
    monkeypatch.setattr("connectors.fax.ocr.read_text", lambda pages: "")
    expected = CASES / f"{name}.expected.json"
    found = _understood((CASES / f"{name}.bundle").read_bytes())
    if os.environ.get("FERNAMT_WRITE_CASES"):
        expected.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(expected.read_text(encoding="utf-8"))
