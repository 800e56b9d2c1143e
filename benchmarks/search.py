"""Search: the first page of 20 over HTTP in a planted store, for common and rare words, with and without filters.

    .venv/bin/python -m benchmarks.search [--contacts 5000] [--interactions 50000] [--keep DIR]

`--keep` keeps the planted store for the next run.
"""

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path
from urllib.parse import quote

from benchmarks.scale import Reader, plant

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
)


def measure(reader: Reader, question: str) -> tuple[float, float, int]:
    """Median and 95th percentile in milliseconds, and how many were found."""
    path = f"search?{quote(question, safe='=&%')}&limit=20"
    found = len(reader.get(path)[1]["items"])  # type: ignore[arg-type]
    times = sorted(reader.get(path)[0] * 1000 for _ in range(ROUNDS))
    return statistics.median(times), times[int(len(times) * 0.95) - 1], found


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
