"""Reports over a large store: how long each takes over HTTP, and how long counting everything anew does.

    .venv/bin/python -m benchmarks.reports [--interactions 1000000] [--keep DIR] [--no-rebuild]

`--keep` keeps the planted store for the next run; it may be the one that benchmarks.scale kept.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.scale import Reader, plant
from hub.domain.report import ReportName
from tests.hub_process import PROGRAM, HubProcess

ROUNDS = 20


def rebuild(hub: HubProcess) -> None:
    """Everything anew, with the progress on the terminal."""
    started = time.perf_counter()
    subprocess.run([str(PROGRAM), "--data", str(hub.data), "report", "rebuild"], check=True)
    print(f"counting everything anew: {time.perf_counter() - started:.1f} s")


def measure(hub: HubProcess) -> None:
    """p50 and p95 of each report; the first one, which may have to compute a forecast, apart."""
    reader = Reader(hub)
    for name in ReportName:
        first, found = reader.get(f"reports/{name.value}")
        times = sorted(reader.get(f"reports/{name.value}")[0] * 1000 for _ in range(ROUNDS))
        rows = len(json.dumps(found))
        p95 = times[int(len(times) * 0.95) - 1]
        print(
            f"{name.value:20} first {first * 1000:8.1f} ms  p50 {statistics.median(times):7.1f}"
            f"  p95 {p95:7.1f} ms  {rows:,} bytes"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interactions", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--no-rebuild", action="store_true")
    options = parser.parse_args()
    directory = options.keep or Path(tempfile.mkdtemp(prefix="fernamt-reports-"))
    hub = plant(directory, max(200, options.interactions // 50), options.interactions)
    try:
        if not options.no_rebuild:
            rebuild(hub)
        measure(hub)
    finally:
        hub.stop()


if __name__ == "__main__":
    main()
