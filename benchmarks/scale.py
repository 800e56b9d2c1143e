"""Size: the timeline page of 50 over HTTP in a small and in a large store, first page and deep ones; how soon the hub is
ready; how much memory it takes when idle; how long client commands take.

    .venv/bin/python -m benchmarks.scale [--small 10000] [--large 1000000] [--keep DIR]

`--keep` keeps the planted stores for the next run (planting a million takes minutes).
"""

import argparse
import http.client
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from tests.hub_process import PROGRAM, HubProcess

PAGES = 40


def plant(directory: Path, contacts: int, interactions: int) -> HubProcess:
    hub = HubProcess(directory=directory)
    if not (hub.data / "fernamt.sqlite3").exists():
        directory.mkdir(parents=True, exist_ok=True)
        arguments = ["--contacts", str(contacts), "--interactions", str(interactions)]
        subprocess.run([str(PROGRAM), "--data", str(hub.data), "seed", *arguments], check=True)
    started = time.perf_counter()
    hub.start()
    print(f"{interactions:,} interactions: ready within {time.perf_counter() - started:.2f} s of the command")
    return hub


class Reader:
    """One client with a kept connection."""

    def __init__(self, hub: HubProcess) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", hub.http_port)
        self._token = (hub.data / "token").read_text().strip()

    def get(self, path: str) -> tuple[float, dict[str, object]]:
        started = time.perf_counter()
        self._connection.request("GET", f"/api/v1/{path}", headers={"Authorization": f"Bearer {self._token}"})
        body = self._connection.getresponse().read()
        return time.perf_counter() - started, json.loads(body)


def longest_contact(hub: HubProcess) -> str:
    """The first drawn contact writes most."""
    from hub.domain.ids import derived_id

    return derived_id("c", "seed", "0")


def read_pages(reader: Reader, contact: str) -> tuple[float, float, int]:
    """Seconds of the first page and of deep ones (medians), and the depth reached."""
    path = f"contacts/{contact}/timeline?limit=50"
    for _ in range(10):
        reader.get(path)
    first = statistics.median(reader.get(path)[0] for _ in range(PAGES))
    after, depth, deep = "", 0, []
    while depth < 200:
        took, page = reader.get(f"{path}&after={after}" if after else path)
        deep.append(took)
        depth += 1
        after = str(page["next"] or "")
        if not after:
            break
    return first, statistics.median(deep[len(deep) // 2 :]), depth * 50


def memory_of(hub: HubProcess) -> str:
    assert hub.process is not None
    parts = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(path.read_text().rpartition(")")[2].split()[2]) != hub.process.pid:
                continue
            pss = next(x for x in (path.parent / "smaps_rollup").read_text().splitlines() if x.startswith("Pss:"))
        except OSError:
            continue
        parts.append(
            f"{'hub' if int(path.parent.name) == hub.process.pid else 'worker'} {int(pss.split()[1]) / 1024:.0f} MB"
        )
    return ", ".join(sorted(parts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    base = options.keep or Path(tempfile.mkdtemp(prefix="fernamt-bench-"))
    small = plant(base / "small", 200, options.small)
    large = plant(base / "large", 20_000, options.large)
    try:
        rounds = []
        for _ in range(3):
            rounds.append([read_pages(Reader(hub), longest_contact(hub)) for hub in (small, large)])
        show(rounds, options)
        subprocess.run(
            ["swaks", "--server", f"127.0.0.1:{large.smtp_port}", "--from", "a@b.example", "--to", "c@d.example"],
            check=True, capture_output=True,
        )  # fmt: skip
        time.sleep(3)
        print(f"idle after a first mail: {memory_of(large)}")
        for command in (["status"], ["timeline", longest_contact(large)], ["ask", "wer ist müller"]):
            times = []
            for _ in range(5):
                started = time.perf_counter()
                large.run(*command)
                times.append(time.perf_counter() - started)
            print(f"fernamt {command[0]}: {1000 * statistics.median(times):.0f} ms")
    finally:
        small.end()
        large.end()
        if options.keep is None:
            shutil.rmtree(base, ignore_errors=True)


def show(rounds: list[list[tuple[float, float, int]]], options: argparse.Namespace) -> None:
    print("| store | first page ms | deep page ms | depth |\n|---|---|---|---|")
    medians = []
    for index, count in enumerate((options.small, options.large)):
        first = statistics.median(row[index][0] for row in rounds) * 1000
        deep = statistics.median(row[index][1] for row in rounds) * 1000
        medians.append((first, deep))
        print(f"| {count:,} | {first:.2f} | {deep:.2f} | {rounds[0][index][2]:,} |")
    (first_small, deep_small), (first_large, deep_large) = medians
    print(f"\nlarge to small: first {first_large / first_small:.2f}, deep {deep_large / deep_small:.2f} (ceiling 1.30)")


if __name__ == "__main__":
    main()
