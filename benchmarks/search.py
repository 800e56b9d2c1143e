"""Search: the first page of 20 over HTTP in a planted store, for common and rare words, with and without filters; by
what is written on contacts' pages, and with typing errors.

    .venv/bin/python -m benchmarks.search [--contacts 5000] [--interactions 50000] [--keep DIR]

`--keep` keeps the planted store for the next run.
"""

import argparse
import http.client
import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.scale import Reader, plant
from tests.hub_process import HubProcess

ROUNDS = 60
QUESTIONS = (
    "q=angebot",
    "q=stühle",
    "q=angebot%20stühle",
    "q=müller",
    "q=stü",
    "q=angebot&kind=message&channel=email",
    "q=angebot&kind=note",
    "q=termin&kind=appointment",
    "q=angebot&since=2026-11-01&until=2026-11-30",
    "q=nashorn",
    "q=nussallergie",
    "q=messekontakt&kind=contact",
    "q=040%2012345",
    "q=preislsite",
    "q=angebot%20preislsitee",
)


def measure(reader: Reader, question: str) -> tuple[float, float, int]:
    """Median and 95th percentile in milliseconds, and how many were found."""
    path = f"search?{quote(question, safe='=&%')}&limit=20"
    found = len(reader.get(path)[1]["items"])  # type: ignore[arg-type]
    times = sorted(reader.get(path)[0] * 1000 for _ in range(ROUNDS))
    return statistics.median(times), times[int(len(times) * 0.95) - 1], found


def describe(hub: HubProcess) -> None:
    """Let there be notes, tags, numbers and a document to be found: on 200 contacts, as colleagues would enter them."""
    connection = http.client.HTTPConnection("127.0.0.1", hub.http_port)
    headers = {"Authorization": f"Bearer {(hub.data / 'token').read_text().strip()}"}

    def call(method: str, path: str, body: object = None, **more: str) -> dict[str, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body) if body is not None else None
        connection.request(method, f"/api/v1/{path}", data, headers | more)
        answer = connection.getresponse()
        read: dict[str, Any] = json.loads(answer.read())
        assert answer.status < 300, (path, answer.status, read)
        return read

    people = call("GET", "contacts?limit=200")["items"]
    started = time.perf_counter()
    for number, one in enumerate(people):
        fields: dict[str, object] = {"notes": f"Nussallergie. Kunde {number}.", "tags": ["Messekontakt"]}
        if not one.get("notes"):
            fields["addresses"] = [{"channel": "phone", "address": f"040 12345{number:03}"}]
        call("PATCH", f"contacts/{one['id']}", fields)
    took = (time.perf_counter() - started) / len(people) * 1000
    print(f"{'a contact changed, with its index':48} mean   {took:7.1f} ms")
    key = {"Idempotency-Key": "prices", "Content-Type": "text/plain"}
    call("POST", "documents?name=Preisliste.txt", b"Eiche 48 Euro", **key)


def main() -> None:
    """Plant, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=5_000)
    parser.add_argument("--interactions", type=int, default=50_000)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    directory = options.keep or Path(tempfile.mkdtemp(prefix="fernamt-search-"))
    hub = plant(directory, options.contacts, options.interactions)
    try:
        describe(hub)
        reader = Reader(hub)
        for question in QUESTIONS:
            median, p95, found = measure(reader, question)
            print(f"{question:48} median {median:7.1f} ms   p95 {p95:7.1f} ms   {found:3} found")
    finally:
        hub.stop()
        if options.keep is None:
            shutil.rmtree(directory)


if __name__ == "__main__":
    main()
