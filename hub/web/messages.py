"""Every message id that pages use: read from the templates and the Python sources, so that a test can compare the
catalogues with them, and `script/catalogue` can bring them up to date."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from hub.web.sentences import SENTENCES
from hub.web.wording import WORDS

HERE = Path(__file__).parent
CONNECTORS = HERE.parents[1] / "connectors"
_ONE = re.compile(r"""\bt\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
_TWO = re.compile(r"""\bn\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*,\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
_ERRORS = frozenset({"Invalid", "NotFound", "Refused", "Conflict", "TooMany", "FernamtError"})


def message_ids() -> tuple[set[str], set[tuple[str, str]]]:
    """Plain message ids, and (one, many) pairs."""
    plain: set[str] = {text for table in WORDS.values() for text in table.values()} | set(SENTENCES)
    pairs: set[tuple[str, str]] = set()
    for path in sorted((HERE / "templates").rglob("*.html")):
        source = path.read_text("utf-8")
        plain |= {ast.literal_eval(found) for found in _ONE.findall(source)}
        pairs |= {(ast.literal_eval(one), ast.literal_eval(many)) for one, many in _TWO.findall(source)}
    for path in sorted(HERE.rglob("*.py")):
        if path.parent.name != "api":
            _read_python(path, plain, pairs)
    for path in sorted(CONNECTORS.glob("*/*.py")):
        if path.name in ("kind.py", "settings.py"):
            plain |= set(_descriptions(path))
    return plain, pairs


def _descriptions(path: Path) -> Iterator[str]:
    """What the form of a channel says of its kind and its settings."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.keyword) and node.arg in ("summary", "description"):
            try:
                text = ast.literal_eval(node.value)
            except ValueError:
                continue
            if isinstance(text, str):
                yield text


def _read_python(path: Path, plain: set[str], pairs: set[tuple[str, str]]) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Dict) and path.parent.name == "console":
            # Form errors are written as {"field": "Sentence."}.
            values = [value.value for value in node.values if isinstance(value, ast.Constant)]
            plain |= {value for value in values if isinstance(value, str) and value.endswith(".")}
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        if (name == "t" or name in _ERRORS) and texts:
            plain.add(texts[0])
        elif name == "n" and len(texts) > 1:
            pairs.add((texts[0], texts[1]))
