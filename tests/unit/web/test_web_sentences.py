"""What connectors write into attempts, links and tests is known to the console, so that it can say it in German."""

import ast
import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.registry import KINDS
from hub.configuring import LiveConfiguration
from hub.web.formats import Reader
from hub.web.sentences import SENTENCES, find_sentence
from hub.web.wording import WORDS

CONNECTORS = Path(__file__).parents[3] / "connectors"
SERVICES = Path(__file__).parents[3] / "hub" / "services"
AUDITED = re.compile(r'\b(?:record|seen|permit|permit_oneself)\([^()"]*"([a-z]+\.[a-z_]+)"')
TROUBLES = {"Unreachable", "AuthRejected", "Misconfigured", "TemporaryFailure", "PermanentFailure", "UnknownOutcome"}
ARGUMENTS = {"detail", "fix"}
ONLY_THEIRS = {"Telnyx", "QQ: QQ", "QQ:QQ", "QQ QQ (QQ)"}
"""Names, addresses, and what a peer itself answered."""


def written(node: ast.expr) -> str:
    """The text with QQ for each variable part; '' where it is made elsewhere."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "QQ" for v in node.values)
    if isinstance(node, ast.Subscript):
        return written(node.value)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def sentences(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in TROUBLES and node.args:
            yield written(node.args[0])
        elif name == "report" and len(node.args) > 1:
            yield written(node.args[1])
        elif name in ("ProbeStep", "Receipt"):
            yield from (written(keyword.value) for keyword in node.keywords if keyword.arg in ARGUMENTS)


def test_every_sentence_of_a_connector_is_known():
    unknown = set()
    for path in sorted(CONNECTORS.glob("*/*.py")):
        for sentence in sentences(path.read_text("utf-8")):
            if sentence and sentence not in ONLY_THEIRS and find_sentence(sentence)[0] not in SENTENCES:
                unknown.add(f"{path.parent.name}/{path.name}: {sentence}")
    # The telephone puts its last words in by hand; both are in the list.
    assert unknown <= {"phone/connector.py: QQ:QQ cannot be reached: is the exchange on? If so, QQ."}


def test_the_closest_sentence_is_found():
    de = Reader(language="de", zone=ZoneInfo("Europe/Berlin"), now=datetime(2026, 11, 23, tzinfo=UTC))
    assert (
        de.say("mail.example.org:587 refuses for now: 451 later") == "mail.example.org:587 lehnt vorerst ab: 451 later"
    )
    assert de.say("taken by chat.example's server") == "angenommen vom Server von chat.example"
    inner = "Die Nachricht lässt sich nicht als Mail schreiben: Eine Antwort braucht einen Text."
    assert de.say("The message cannot be written as mail: A reply needs a text.") == inner


def test_every_verb_of_a_service_has_words():
    verbs: set[str] = set()
    for path in SERVICES.rglob("*.py"):
        for found in AUDITED.finditer(path.read_text("utf-8")):
            verbs.add(found[1])
    assert len(verbs) > 100
    assert verbs - set(WORDS["verb"]) == set()


def test_every_setting_of_a_channel_has_a_label():
    kinds = LiveConfiguration(Path("/none"), Path("/none"), KINDS, asyncio.Event().wait).kinds()  # type: ignore[arg-type]
    names = {
        part for kind in kinds for field in kind.fields for part in (*field.name.split(".")[-1:], field.table) if part
    }
    assert names - set(WORDS["setting"]) == set()
    choices = {choice for kind in kinds for field in kind.fields for choice in field.choices if choice}
    assert choices - set(WORDS["setting-choice"]) == set()
