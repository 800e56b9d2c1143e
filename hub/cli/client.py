"""Client of the running hub's API: finds it by the data directory, speaks HTTP by the standard library alone (a client
command starts in well under 300 ms), and turns refusals into exit codes."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, urlencode, urlsplit

import click

EXIT_FAILURE, EXIT_CONFIGURATION, EXIT_NOT_FOUND, EXIT_REFUSED, EXIT_NO_HUB = 1, 2, 3, 4, 5
_EXITS = {404: EXIT_NOT_FOUND, 409: EXIT_NOT_FOUND, 401: EXIT_REFUSED, 403: EXIT_REFUSED}
TIMEOUT_SECONDS = 60
ADDRESS_FILE, TOKEN_FILE = "hub.json", "token"


class Answer(click.ClickException):
    """An error answer of the hub, with the exit code that tells its kind."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(str(body.get("message", f"the hub answered {status}")))
        self.status, self.body = status, body
        conflict = status == 409 and body.get("code") not in ("ambiguous",)
        self.exit_code = EXIT_FAILURE if conflict else _EXITS.get(status, EXIT_FAILURE)  # type: ignore[misc]

    def show(self, file: Any = None) -> None:
        fields = self.body.get("fields") or {}
        click.echo(f"fernamt: {self.message} [{self.body.get('code', self.status)}]", err=True)
        for label in ("choices", "nearest"):
            for choice in fields.get(label) or []:
                click.echo(f"  {_label(choice)}", err=True)


def _label(choice: Any) -> str:
    if isinstance(choice, dict):
        contact = choice.get("contact", choice)
        return f"{contact.get('name', '')}  {contact.get('organisation', '')}  {contact.get('id', '')}".rstrip()
    return str(choice)


def give_up(sentence: str, code: int) -> NoReturn:
    """Say it on standard error and end with the code."""
    click.echo(f"fernamt: {sentence}", err=True)
    sys.exit(code)


class Hub:
    """The running hub of a data directory."""

    def __init__(self, data: Path) -> None:
        try:
            place = json.loads((data / ADDRESS_FILE).read_text("utf-8"))
            address = urlsplit(str(place["api"]))
            self._host, self._port, self._data = address.hostname or "127.0.0.1", address.port or 80, data
            self._token = (data / TOKEN_FILE).read_text("utf-8").strip()
        except FileNotFoundError:
            give_up(
                f"no hub runs with the data directory {data}. Start it with: fernamt run --data {data}", EXIT_NO_HUB
            )
        except PermissionError as error:
            give_up(f"{error.filename} may only be read by the user who runs the hub.", EXIT_REFUSED)
        except (OSError, ValueError, TypeError, KeyError) as error:
            give_up(f"the data directory {data} cannot be read: {error}", EXIT_NO_HUB)

    def get(self, *path: str, **query: Any) -> Any:
        """GET; path parts are quoted, None values of the query left out."""
        return self._json("GET", path, query)

    def post(self, *path: str, body: Any = None, key: str = "") -> Any:
        """POST JSON. `key`: Idempotency-Key."""
        return self._json("POST", path, {}, body if body is not None else {}, key)

    def patch(self, *path: str, body: Any) -> Any:
        """PATCH JSON."""
        return self._json("PATCH", path, {}, body)

    def put(self, *path: str, body: Any) -> Any:
        """PUT JSON."""
        return self._json("PUT", path, {}, body)

    def delete(self, *path: str) -> Any:
        """DELETE."""
        return self._json("DELETE", path, {})

    def download(self, *path: str, **query: Any) -> bytes:
        """GET a file."""
        response = self._open("GET", path, query)
        return self._checked(response)

    def lines(self, *path: str, body: Any) -> Iterator[Any]:
        """POST, and read the answer's JSON lines as they come (progress of long work)."""
        yield from self._lines(self._open("POST", path, {}, body))

    def post_file_lines(self, *path: str, data: bytes, **query: Any) -> Iterator[Any]:
        """POST a file as it is, and read the answer's JSON lines as they come."""
        yield from self._lines(self._open("POST", path, query, data))

    def _lines(self, response: HTTPResponse) -> Iterator[Any]:
        if response.status >= 400:
            self._checked(response)
        try:
            for line in response:
                if line.strip():
                    yield json.loads(line)
        except (OSError, HTTPException, ValueError) as error:
            give_up(f"the hub broke off in the middle of its answer ({error}); do it again.", EXIT_FAILURE)

    def _json(self, method: str, path: tuple[str, ...], query: dict[str, Any], body: Any = None, key: str = "") -> Any:
        data = self._checked(self._open(method, path, query, body, key))
        return json.loads(data) if data else {}

    def _checked(self, response: HTTPResponse) -> bytes:
        data = response.read()
        if response.status < 400:
            return data
        try:
            body = json.loads(data)
        except ValueError:
            body = {"message": data[:200].decode("utf-8", "replace"), "code": str(response.status)}
        raise Answer(response.status, body)

    def _open(
        self, method: str, path: tuple[str, ...], query: dict[str, Any], body: Any = None, key: str = ""
    ) -> HTTPResponse:
        given = {name: value for name, value in query.items() if value is not None}
        target = "/api/v1/" + "/".join(quote(part, safe="") for part in path)
        if given:
            target += "?" + urlencode(given)
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        payload = None
        if body is not None:
            plain = isinstance(body, bytes)
            payload = body if plain else json.dumps(body)
            headers["Content-Type"] = "application/octet-stream" if plain else "application/json"
        connection = HTTPConnection(self._host, self._port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, target, payload, headers)
            return connection.getresponse()
        except (OSError, HTTPException) as error:
            where = f"{self._host}:{self._port}"
            give_up(f"the hub at {where} does not answer ({error}). Is it running? {self._data}", EXIT_NO_HUB)


def client_command(function: Callable[..., Any]) -> Callable[..., Any]:
    """For commands of the running hub: adds `--data` and `--json`, and passes (hub, as_json, ...)."""

    @click.option("--data", "own_data", type=click.Path(path_type=Path, file_okay=False), help="Data directory.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @wraps(function)
    def wrapper(own_data: Path | None, as_json: bool, **arguments: Any) -> Any:
        data = own_data or click.get_current_context().find_root().obj
        return function(Hub(data), as_json, **arguments)

    return wrapper


def show_json(value: Any) -> None:
    """Print as JSON, readable."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def show_table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]], empty: str) -> None:
    """A plain table; `empty` says what would be here."""
    if not rows:
        click.echo(empty)
        return
    cells = [headings, *rows]
    widths = [min(60, max(len(row[i]) for row in cells)) for i in range(len(headings) - 1)]
    for number, row in enumerate(cells):
        # The last column may be long (a reason, a detail): it has the rest of the line to itself.
        line = "  ".join(
            [*(cell[:width].ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1][:300]]
        )
        line = line.rstrip()
        click.echo(click.style(line, bold=True) if number == 0 else line)
