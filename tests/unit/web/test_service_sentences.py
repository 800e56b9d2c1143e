"""Every sentence that a service may say to a person is known to the pages and to the bot, and so has its German."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from hub.domain import errors
from hub.web.sentences import SENTENCES, find_sentence, translate
from hub.web.service_sentences import SERVICE_SENTENCES

ROOT = Path(__file__).parents[3]
ERRORS = {
    name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, errors.FernamtError)
}
WOVEN = {
    'The right "7" is not open through this door; 7.': "sign in at the console, or use a token that is not limited",
    "There is no 7 7.": "an invoice or an order, each listed whole",
    "Several contacts have the 7 7; name the contact.": "an invoice or an order, each listed whole",
    "There is no such 7.": "what rows know: conversation, entry, appointment, document, link, upload link, message",
}
"""Sentences whose variable part is a word of ours: each of them is listed whole."""


def sentences(node: ast.expr, constants: Mapping[str, list[ast.expr]]) -> Iterator[str]:
    """What an expression may say, with 7 for what is only known when it is said."""
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(_part(part, constants) for part in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from sentences(one, constants)
            yield from sentences(other, constants)
        case ast.Name(id=name):
            others = {one: values for one, values in constants.items() if one != name}
            for value in constants.get(name, ()):
                yield from sentences(value, others)


def _part(part: ast.expr, constants: Mapping[str, list[ast.expr]]) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name):
        match constants.get(part.value.id):
            case [ast.Constant(value=str() as text)]:
                return text
    return "7"


def said_in(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    constants: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                constants.setdefault(name, []).append(value)
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *_]) if name in ERRORS:
                yield from sentences(first, constants)


@pytest.mark.parametrize("folder", ["hub/services", "hub/domain"])
def test_every_sentence_of_an_error_is_listed(folder: str) -> None:
    said = {(text, path.name) for path in (ROOT / folder).rglob("*.py") for text in said_in(path)}
    assert len(said) > (200 if folder == "hub/services" else 3)
    unknown = sorted(f"{name}: {text}" for text, name in said if find_sentence(text)[0] not in SENTENCES)
    unknown = [line for line in unknown if line.partition(": ")[2] not in WOVEN]
    assert unknown == [], "list it in hub/web/service_sentences.py, run script/catalogue, and write its German"


@pytest.mark.parametrize(
    "sentence",
    [
        'The right "x" is not open through this door; sign in at the console, or use a token that is not limited.',
        "There is no order R-1.",
        "There is no invoice R-1.",
        "Several contacts have the invoice R-1; name the contact.",
        *(
            f"There is no such {what}."
            for what in ("conversation", "entry", "appointment", "document", "link", "upload link", "message")
        ),
    ],
)
def test_words_of_ours_in_a_sentence_are_german_too(sentence: str) -> None:
    assert find_sentence(sentence)[0] in SENTENCES
    assert translate(sentence, "de") != sentence


def test_a_sentence_is_translated_with_its_values() -> None:
    assert translate("There are 200 templates; delete one first.", "de") == "Es gibt 200 Vorlagen; lösche zuerst eine."
    assert translate("There is no such role.", "en") == "There is no such role."
    assert translate("There is no such role.", "fr") == "There is no such role."
    assert translate("550 no such user", "de") == "550 no such user"


def test_every_listed_sentence_is_one_that_somebody_says() -> None:
    folders = ("hub", "connectors", "storage")
    said = {text for folder in folders for path in (ROOT / folder).rglob("*.py") for text in said_in(path)}
    found = {find_sentence(text)[0] for text in said}
    woven = [re.compile(re.escape(text).replace("7", ".+")) for text in WOVEN]
    gone = [
        text
        for text in SERVICE_SENTENCES
        if text not in found and not any(pattern.fullmatch(text) for pattern in woven)
    ]
    assert gone == []
