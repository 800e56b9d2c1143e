"""The client commands' side of the API: how the hub is found, what is sent, and the exit codes."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from hub.cli.client import (
    EXIT_FAILURE,
    EXIT_NO_HUB,
    EXIT_NOT_FOUND,
    EXIT_REFUSED,
    Answer,
    Hub,
    show_table,
)
from hub.cli.program import program
from tests.peers.process import free_port


class ToldHub(HTTPServer):
    """Answers as told, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.body = 200, b"{}"
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []

    def tell(self, status: int, body: Any) -> None:
        self.status, self.body = status, body if isinstance(body, bytes) else json.dumps(body).encode()


class Handler(BaseHTTPRequestHandler):
    server: ToldHub

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815 - the library's names

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def told() -> Iterator[ToldHub]:
    server = ToldHub()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="told-hub")
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def data(tmp_path: Path, told: ToldHub) -> Path:
    write_place(tmp_path, f"http://127.0.0.1:{told.server_port}")
    return tmp_path


def write_place(data: Path, api: str) -> None:
    (data / "hub.json").write_text(json.dumps({"api": api, "pid": 1}))
    (data / "token").write_text("the-token\n")


def test_requests_are_quoted_and_carry_the_token(data: Path, told: ToldHub) -> None:
    hub = Hub(data)
    hub.get("contacts", "a/b ü", limit=5, after=None)
    hub.post("outbox", "o_1", "retry", key="once")
    hub.post("notes", body={"text": "ü"})
    hub.delete("tokens", "t_1")
    methods = [(method, path) for method, path, _, _ in told.seen]
    assert methods == [
        ("GET", "/api/v1/contacts/a%2Fb%20%C3%BC?limit=5"),
        ("POST", "/api/v1/outbox/o_1/retry"),
        ("POST", "/api/v1/notes"),
        ("DELETE", "/api/v1/tokens/t_1"),
    ]
    assert {headers["Authorization"] for _, _, headers, _ in told.seen} == {"Bearer the-token"}
    assert told.seen[1][2]["Idempotency-Key"] == "once"
    assert json.loads(told.seen[2][3]) == {"text": "ü"}


def test_files_and_lines_are_read(data: Path, told: ToldHub) -> None:
    told.tell(200, b'{"a": 1}\n\n{"a": 2}\n')
    assert list(Hub(data).lines("seed", body={})) == [{"a": 1}, {"a": 2}]
    told.tell(200, b"\x00raw")
    assert Hub(data).download("quarantine", "a_1", "raw") == b"\x00raw"
    told.tell(204, b"")
    assert Hub(data).post("x") == {}


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (404, "not-found", EXIT_NOT_FOUND),
        (409, "ambiguous", EXIT_NOT_FOUND),
        (409, "conflict", EXIT_FAILURE),
        (401, "unauthorised", EXIT_REFUSED),
        (403, "refused", EXIT_REFUSED),
        (400, "invalid", EXIT_FAILURE),
        (503, "store-unavailable", EXIT_FAILURE),
    ],
)
def test_refusals_become_exit_codes(data: Path, told: ToldHub, status: int, code: str, expected: int) -> None:
    told.tell(status, {"code": code, "message": "A sentence.", "fields": {}})
    done = CliRunner().invoke(program, ["--data", str(data), "outbox", "retry", "o_1"])
    assert done.exit_code == expected
    assert f"fernamt: A sentence. [{code}]" in done.output
    with pytest.raises(Answer):
        list(Hub(data).lines("seed", body={}))


def test_an_answer_that_is_no_json_is_shown_cut(data: Path, told: ToldHub) -> None:
    told.tell(502, b"<h1>Bad gateway</h1>" + b"x" * 1000)
    done = CliRunner().invoke(program, ["--data", str(data), "status"])
    assert done.exit_code == EXIT_FAILURE
    assert "Bad gateway" in done.output
    assert len(done.output) < 300


def test_whom_one_may_have_meant_is_listed(data: Path, told: ToldHub) -> None:
    choices = [{"contact": {"name": "Petra", "organisation": "GmbH", "id": "c_1"}}, "free text"]
    told.tell(409, {"code": "ambiguous", "message": "Which one?", "fields": {"choices": choices}})
    done = CliRunner().invoke(program, ["--data", str(data), "contact", "petra"])
    assert done.exit_code == EXIT_NOT_FOUND
    assert "Petra  GmbH  c_1" in done.output
    assert "free text" in done.output


def end_of(data: Path) -> int:
    done = CliRunner().invoke(program, ["--data", str(data), "status"])
    assert done.output.startswith("fernamt: ")
    assert len(done.output.splitlines()) == 1
    return done.exit_code


def test_no_hub_runs(tmp_path: Path) -> None:
    assert end_of(tmp_path) == EXIT_NO_HUB
    assert end_of(tmp_path / "gone") == EXIT_NO_HUB
    write_place(tmp_path, f"http://127.0.0.1:{free_port()}")
    assert end_of(tmp_path) == EXIT_NO_HUB


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"api": 3}', '{"api": "http://h:port"}'])
def test_a_broken_place_file_is_a_sentence_and_no_traceback(tmp_path: Path, text: str) -> None:
    write_place(tmp_path, "http://127.0.0.1:1")
    (tmp_path / "hub.json").write_text(text)
    assert end_of(tmp_path) == EXIT_NO_HUB


def test_a_peer_that_is_no_hub_and_hangs_up(data: Path, told: ToldHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Handler, "answer", lambda self: self.connection.close())
    monkeypatch.setattr(Handler, "do_GET", lambda self: self.connection.shutdown(2))
    assert end_of(data) == EXIT_NO_HUB


def test_tables_bound_every_column_but_the_last_and_say_when_they_are_empty() -> None:
    @click.command()
    @click.argument("rows", type=int)
    def shown(rows: int) -> None:
        show_table(("Id", "Text", "Reason"), [("x", "y" * 100, "z" * 100)] * rows, "Nothing here.")

    runner = CliRunner()
    assert runner.invoke(shown, ["0"]).output == "Nothing here.\n"
    assert runner.invoke(shown, ["2"]).output.splitlines()[1] == f"x   {'y' * 60}  {'z' * 100}"


REPORT = {"rows": 900, "new": 900, "changed": 0, "same": 0, "problems": [], "more_problems": 0, "preview": [["name"]]}


def test_an_import_looks_first_and_tells_how_far_it_is(data: Path, told: ToldHub) -> None:
    file = data / "contacts.csv"
    file.write_bytes(b"name\nPetra\n")
    lines = [{"stage": "writing", "done": 500, "rows": 900}, {"stage": "writing", "done": 900, "rows": 900}]
    told.tell(200, b"".join(json.dumps(line).encode() + b"\n" for line in (*lines, {"report": REPORT})))
    done = CliRunner().invoke(program, ["--data", str(data), "import", "contacts", str(file), "--yes"])
    assert done.exit_code == 0, done.output
    assert "Writing: 500 of 900 rows" in done.stderr
    assert "Taken in: 900 new, 0 changed." in done.stdout
    paths = [path for _, path, _, _ in told.seen]
    assert paths == ["/api/v1/import/contacts?progress=1&dry_run=1", "/api/v1/import/contacts?progress=1"]


def test_an_import_that_is_refused_on_the_way_or_breaks_off_fails(data: Path, told: ToldHub) -> None:
    file = data / "ledger.csv"
    file.write_bytes(b"x")
    command = ["--data", str(data), "import", "ledger", str(file), "--yes"]
    told.tell(200, b'{"error": "The store is down.", "code": "store-unavailable"}\n')
    done = CliRunner().invoke(program, command)
    assert (done.exit_code, "The store is down. [store-unavailable]" in done.output) == (EXIT_FAILURE, True)
    told.tell(200, b'{"stage": "writing", "done": 1, "rows": 2}\n')
    done = CliRunner().invoke(program, command)
    assert (done.exit_code, "run the import again" in done.output) == (EXIT_FAILURE, True)
    problem = {"row": 2, "field": "kind", "message": "What is that?"}
    told.tell(200, json.dumps({"report": REPORT | {"problems": [problem]}}).encode())
    done = CliRunner().invoke(program, command)
    assert (done.exit_code, "What is that?" in done.output) == (EXIT_FAILURE, True)


def test_a_search_says_what_it_looks_for_and_shows_what_was_found(data: Path, told: ToldHub) -> None:
    item = {
        "kind": "invoice",
        "id": "c_1/receivable/00000001",
        "title": "R-1",
        "at": "2026-11-24T10:00:00Z",
        "snippet": "oak",
        "contact_name": "Petra",
        "amount": "500.00",
        "currency": "EUR",
    }
    told.tell(200, {"items": [item], "next": "abc"})
    arguments = [
        "--data",
        str(data),
        "search",
        "oak",
        "chairs",
        "--kind",
        "note",
        "--kind",
        "invoice",
        "--since",
        "2026-11-01",
    ]
    shown = CliRunner().invoke(program, arguments)
    assert (shown.exit_code, "R-1   500.00 EUR  oak" in shown.output, "--after abc" in shown.output) == (0, True, True)
    method, path, _, _ = told.seen[-1]
    assert (method, path) == ("GET", "/api/v1/search?q=oak+chairs&kind=note%2Cinvoice&since=2026-11-01&limit=20")
    printed = CliRunner().invoke(program, [*arguments, "--json"])
    assert json.loads(printed.output) == {"items": [item], "next": "abc"}
    assert CliRunner().invoke(program, ["--data", str(data), "search"]).exit_code == 2


def test_an_empty_search_says_what_may_have_been_meant_and_that_the_index_is_rebuilt(data: Path, told: ToldHub) -> None:
    told.tell(200, {"items": [], "next": None, "did_you_mean": "Müller", "rebuilding": 34})
    shown = CliRunner().invoke(program, ["--data", str(data), "search", "Mülllerr"])
    assert shown.exit_code == 0
    assert "Did you mean: Müller" in shown.output
    assert "34 %" in shown.output


def test_the_index_is_filled_step_by_step(data: Path, told: ToldHub) -> None:
    told.tell(200, {"done": 7, "next": None})
    filled = CliRunner().invoke(program, ["--data", str(data), "search", "--rebuild", "--json"])
    assert filled.exit_code == 0
    assert '"done": 7' in filled.output
    assert (told.seen[-1][0], told.seen[-1][1], told.seen[-1][3]) == (
        "POST",
        "/api/v1/search/rebuild",
        b'{"after": ""}',
    )


def test_appointments_are_listed_and_marked_as_missed(data: Path, told: ToldHub) -> None:
    appointment = {"id": "p_1", "title": "Aufmaß", "state": "confirmed"}
    item = {"start": "2026-11-24T10:00:00Z", "contact_name": "Petra", "missed": True, "appointment": appointment}
    told.tell(200, {"items": [item, item | {"missed": False}], "next": None})
    run = ["--data", str(data), "appointment"]
    listed = CliRunner().invoke(program, [*run, "list", "--contact", "Petra"])
    assert listed.exit_code == 0
    assert [line.split()[-4:-1] for line in listed.output.splitlines()[1:]] == [
        ["did", "not", "come"],
        ["Petra", "Aufmaß", "confirmed"],
    ]
    assert told.seen[-1][1] == "/api/v1/appointments?contact=Petra"
    told.tell(200, appointment)
    assert "did not come" in CliRunner().invoke(program, [*run, "missed", "p_1"]).output
    assert told.seen[-1][:2] == ("POST", "/api/v1/appointments/p_1/missed")
    assert json.loads(told.seen[-1][3]) == {"missed": True, "occurrence": None}
    came = CliRunner().invoke(program, [*run, "missed", "p_1", "--came", "--occurrence", "2026-11-24T11:00+01:00"])
    assert "came" in came.output
    assert json.loads(told.seen[-1][3]) == {"missed": False, "occurrence": "2026-11-24T11:00+01:00"}
