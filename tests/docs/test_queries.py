"""docs/queries.md, hub/ports/kinds.py and the calls in hub/ say the same."""

import ast
import re
from datetime import date
from pathlib import Path
from typing import Any, get_args, get_type_hints

from hub.ports.blobs import Blobs
from hub.ports.kinds import ALL_KINDS
from hub.ports.search import Search
from hub.ports.store import Documents, Store

ROOT = Path(__file__).parents[2]
ROW = re.compile(
    r"^\| (?P<what>.+?) \| `(?P<kind>\w+)` \| (?P<index>`\w+`|\w+) \| (?P<verbs>(?:`\w+`(?:, )?)+) \| .*\|$"
)
DECLARED = {(kind.name, index.name) for kind in ALL_KINDS for index in kind.indexes}
OTHERS = {"search": Search, "blobs": Blobs, "leases": Store}


def rows() -> list[tuple[str, str, list[str]]]:
    """(kind, index, verbs) of every row that names a kind."""
    lines = (ROOT / "docs/queries.md").read_text("utf-8").splitlines()
    matches = [match for line in lines if (match := ROW.match(line))]
    return [(match["kind"], match["index"].strip("`"), re.findall(r"`(\w+)`", match["verbs"])) for match in matches]


def test_every_declared_index_and_every_kind_has_a_row() -> None:
    named = {(kind, index) for kind, index, _ in rows()}
    assert DECLARED - named == set()
    assert {kind.name for kind in ALL_KINDS} - {kind for kind, _, _ in rows()} == set()


def test_every_row_names_what_is_declared() -> None:
    kinds = {kind.name for kind in ALL_KINDS}
    for kind, index, verbs in rows():
        port = OTHERS.get(kind, Documents)
        assert kind in kinds or kind in OTHERS, kind
        assert kind in OTHERS or index == "id" or (kind, index) in DECLARED, (kind, index)
        assert all(hasattr(port, verb) for verb in verbs), (kind, index, verbs)


def asked() -> set[tuple[str, str, str]]:
    """(file, verb, index) of every page or count with a literal index in the hub."""
    found = set()
    for path in (ROOT / "hub").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="page" | "count" as verb), args=[ast.Constant(value=str() as index), *_]
                ):
                    found.add((path.name, verb, index))
    return found


def test_what_the_hub_asks_has_a_row_with_that_verb() -> None:
    answered = {(verb, index) for _, index, verbs in rows() for verb in verbs}
    questions = {question for question in asked() if question[2] in {name for _, name in DECLARED}}
    assert len(questions) > 30
    assert {question for question in questions if question[1:] not in answered} == set()


def test_every_key_of_an_index_has_a_type_that_engines_can_order() -> None:
    for kind in ALL_KINDS:
        hints = get_type_hints(kind.type)
        for key in {key for index in kind.indexes for key in index.keys}:
            assert orderable(hints[key]), (kind.name, key, hints[key])


def orderable(hint: Any) -> bool:
    hint = getattr(hint, "__supertype__", hint)
    parts = [part for part in get_args(hint) if part not in (type(None), Ellipsis)]
    if parts:
        return all(orderable(part) for part in parts)
    return isinstance(hint, type) and issubclass(hint, (str, int, date))
