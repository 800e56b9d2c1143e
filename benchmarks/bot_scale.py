"""Bot answers in a small and in a large store, over HTTP as the console asks: p50 and p95 of each kind of question.

    .venv/bin/python -m benchmarks.bot_scale [--small 1000] [--large 100000] [--keep DIR]

Ten interactions a contact. `--keep` keeps the planted stores for the next run (planting takes minutes). Every question
is a durable turn: its time holds a commit.
"""

import argparse
import http.client
import json
import random
import shutil
import tempfile
import time
from pathlib import Path

from benchmarks.scale import plant
from tests.hub_process import HubProcess

ROUNDS = 200
QUESTIONS = {
    "who": "wer ist {name}",
    "misspelt": "wer ist {misspelt}",
    "balance": "was schuldet {name}",
    "next appointment": "nächster Termin mit {name}",
    "timeline": "Verlauf von {name}",
    "inbox": "was wartet",
    "not understood": "bestell uns eine Pizza mit {name}",
}


class Asker:
    """One client with a kept connection."""

    def __init__(self, hub: HubProcess) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", hub.http_port)
        token = (hub.data / "token").read_text().strip()
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def get(self, path: str) -> dict[str, object]:
        self._connection.request("GET", f"/api/v1/{path}", headers=self._headers)
        found: dict[str, object] = json.loads(self._connection.getresponse().read())
        return found

    def ask(self, text: str) -> float:
        """Seconds until the answer is there."""
        began = time.perf_counter()
        self._connection.request("POST", "/api/v1/ask", json.dumps({"text": text, "as": "admin"}), self._headers)
        response = self._connection.getresponse()
        body = response.read()
        assert response.status == 200, body
        return time.perf_counter() - began


def names_of(asker: Asker) -> list[str]:
    page = asker.get("contacts?limit=200")
    items = page["items"]
    assert isinstance(items, list)
    return [str(item["name"]) for item in items]


def measure(hub: HubProcess) -> dict[str, tuple[float, float]]:
    """(p50, p95) in milliseconds by question."""
    asker, draw, result = Asker(hub), random.Random(1), {}
    names = names_of(asker)
    for kind, question in QUESTIONS.items():
        took = []
        for number in range(ROUNDS + 10):
            name = draw.choice(names)
            at = draw.randrange(1, len(name) - 1)
            text = question.format(name=name, misspelt=name[:at] + name[at + 1 :])
            seconds = asker.ask(text)
            if number >= 10:
                took.append(seconds * 1000)
        took.sort()
        result[kind] = (took[len(took) // 2], took[int(len(took) * 0.95)])
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--small", type=int, default=1_000)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    base = options.keep or Path(tempfile.mkdtemp(prefix="fernamt-bench-", dir="/tmp"))
    results = {}
    for contacts in (options.small, options.large):
        hub = plant(base / f"bot-{contacts}", contacts, contacts * 10)
        try:
            results[contacts] = measure(hub)
        finally:
            hub.end()
    print(f"{'question':18} {'small p50/p95':>18} {'large p50/p95':>18} {'ratio p50':>10}")
    for kind in QUESTIONS:
        small, large = results[options.small][kind], results[options.large][kind]
        print(
            f"{kind:18} {small[0]:7.1f} / {small[1]:5.1f} ms {large[0]:7.1f} / {large[1]:5.1f} ms"
            f" {large[0] / small[0]:10.2f}"
        )
    if options.keep is None:
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
