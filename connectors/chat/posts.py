"""What the widget posts and what it is answered: JSON, and the headers that let the configured pages read it."""

import base64
import binascii
import json
from dataclasses import asdict
from functools import lru_cache
from importlib.resources import files as resources
from typing import Any

from connectors.chat.shelf import Line
from hub.domain.errors import Invalid
from hub.ports.bundle import BundledFile
from hub.ports.connector import HttpAnswer, HttpRequest

JSON = "application/json; charset=utf-8"
SCRIPT = "text/javascript; charset=utf-8"
MAX_FILES = 5
Body = dict[str, Any]


@lru_cache(maxsize=1)
def widget_script() -> HttpAnswer:
    """The script itself, for every page."""
    body = (resources("connectors.chat") / "static" / "widget.js").read_bytes()
    headers = (
        ("Cache-Control", "public, max-age=300"),
        # It is made for the pages of others.
        ("Cross-Origin-Resource-Policy", "cross-origin"),
    )
    return HttpAnswer(body=body, type=SCRIPT, headers=headers)


def shared_with(origin: str) -> tuple[tuple[str, str], ...]:
    """CORS (Fetch standard §3.2): exactly this origin, and no cookies."""
    return (
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Methods", "POST"),
        ("Access-Control-Allow-Headers", "content-type"),
        ("Access-Control-Max-Age", "600"),
        ("Cross-Origin-Resource-Policy", "cross-origin"),
        ("Vary", "Origin"),
    )


def as_json(value: object, *, status: int = 200) -> HttpAnswer:
    """An answer of JSON."""
    return HttpAnswer(status=status, body=json.dumps(value).encode("ascii"), type=JSON)


def shown(line: Line) -> dict[str, Any]:
    """A line as the page gets it."""
    shown = asdict(line)
    del shown["message_id"]
    return shown


def read_body(request: HttpRequest) -> Body:
    """Raises Invalid."""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Invalid("This is no JSON.") from error
    if not isinstance(body, dict):
        raise Invalid("This is no JSON object.")
    return body


def text_of(body: Body, name: str) -> str:
    """A short text of the body; empty where there is none."""
    value = body.get(name)
    return value[:300] if isinstance(value, str) else ""


def number_of(body: Body, name: str) -> int:
    """A count of the body; 0 where there is none."""
    value = body.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else 0


def read_files(body: Body, largest: int) -> list[BundledFile]:
    """Raises Invalid."""
    given = body.get("files") or []
    if not isinstance(given, list) or len(given) > MAX_FILES:
        raise Invalid(f"A message has at most {MAX_FILES} files.")
    files, total = [], 0
    for one in given:
        data = one.get("data") if isinstance(one, dict) else None
        if not isinstance(data, str):
            raise Invalid("A file has no data.")
        try:
            content = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Invalid("A file cannot be read.") from error
        total += len(content)
        if not content or total > largest:
            raise Invalid(f"The files of a message have 1 to {largest:,} bytes together.")
        files.append(BundledFile(name=text_of(one, "name") or "file", type=text_of(one, "type")[:100], data=content))
    return files
