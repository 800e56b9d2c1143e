"""Golden cases: tests/cases/email/NAME.eml is understood as NAME.expected.json says.

After an intended change: `FERNAMT_WRITE_CASES=1 python -m pytest tests/unit/connectors/email/test_email_cases.py`, then
read the difference. The fingerprints in the files are frozen: stored ids are made of them.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from connectors.email.inspect import inspect_email
from connectors.email.parse import EMAIL_PARSER
from hub.domain.message import Envelope
from hub.ports.parser import ParseContext

CASES = Path(__file__).parents[3] / "cases" / "email"
NAMES = sorted(path.stem for path in CASES.glob("*.eml"))


def _understood(raw: bytes) -> dict[str, Any]:
    message = EMAIL_PARSER.parse(raw, Envelope(), ParseContext(account="cases", authserv_id="mx.example.com"))
    return {
        **inspect_email(raw),
        "delivered_to": [address.normal for address in message.delivered_to],
        "strength": message.strength.value,
        "forwarded": message.forwarded,
        "quoted_ids": list(message.quoted_ids),
        "bounced": [[one.recipient, one.action, one.status, one.diagnostic] for one in message.bounced],
        "bounced_message_id": message.bounced_message_id,
        "fingerprint": message.fingerprint,
    }


def test_there_are_enough_cases() -> None:
    assert len(NAMES) >= 40


@pytest.mark.parametrize("name", NAMES)
def test_ac08_mail_is_understood_as_the_case_says(name: str) -> None:
    expected = CASES / f"{name}.expected.json"
    found = _understood((CASES / f"{name}.eml").read_bytes())
    if os.environ.get("FERNAMT_WRITE_CASES"):
        expected.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(expected.read_text(encoding="utf-8"))
