"""Ingest of PDFs on SQLite with the real rendering worker: kept, read, indexed, searched; beside it, how late the loop is.

.venv/bin/python -m benchmarks.documents [--count 1000] [--pages 3]
"""

import argparse
import asyncio
import io
import tempfile
import time
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from hub.domain.document import DocumentSource, document_id
from hub.domain.views import FileData
from hub.ports.clock import SystemClock
from hub.ports.kinds import ALL_KINDS
from hub.rendering.process import ProcessRenderer
from hub.services.documents.archive import Archive
from hub.services.documents.checking import Checking
from hub.services.documents.digesting import Digesting
from hub.services.documents.requests import make_document
from storage.sqlite import open_sqlite
from storage.terms import extract_terms

WORDS = [
    "Treppe",
    "Eiche",
    "Nussbaum",
    "Kirschholz",
    "Angebot",
    "Rechnung",
    "Lieferung",
    "Muster",
    "Fenster",
    "Schrank",
    "Boden",
    "Balken",
]


def make_file(number: int, pages: int) -> FileData:
    """About 450 words a page, one of them its own."""
    sink = io.BytesIO()
    paper = Canvas(sink, pagesize=A4)
    for page in range(pages):
        paper.drawString(50, 800, f"Vorgang wort{number} Seite {page + 1}")
        for line in range(45):
            words = [WORDS[(number + page * 7 + line * 3 + at) % len(WORDS)] for at in range(10)]
            paper.drawString(50, 780 - 16 * line, " ".join(words))
        paper.showPage()
    paper.save()
    return FileData(name=f"Datei {number}.pdf", type="application/pdf", data=sink.getvalue())


async def measure(place: Path, count: int, pages: int) -> None:
    clock = SystemClock()
    store = await open_sqlite(place, clock=clock, kinds=ALL_KINDS)
    archive = Archive(store=store, clock=clock, terms=extract_terms, sources=None)  # type: ignore[arg-type]
    checking, renderer = Checking(store, clock), ProcessRenderer()
    digesting = Digesting(archive=archive, checking=checking, renderer=renderer, clock=clock)
    files = [make_file(number, pages) for number in range(count)]
    size = sum(len(file.data) for file in files)
    began = time.perf_counter()
    for number, file in enumerate(files):
        document = await make_document(
            archive,
            checking,
            file,
            id=document_id("benchmark", str(number)),
            source=DocumentSource.UPLOADED,
            clock=clock,
            contact_id=None,
            folder="Eingang",
        )
        await archive.keep(document)
    kept = time.perf_counter() - began
    lags: list[float] = []
    watch = asyncio.create_task(_watch(lags), name="lag")
    began = time.perf_counter()
    done = await digesting.digest_all()
    read = time.perf_counter() - began
    watch.cancel()
    times = []
    for number in range(0, count, max(1, count // 100)):
        began = time.perf_counter()
        found = await store.search.find(extract_terms(f"wort{number}"), scope=("all",), limit=20)
        times.append(time.perf_counter() - began)
        assert len(found.ids) == 1, number
    print(f"{count} PDFs of {pages} pages, {size / 1e6:.1f} MB")
    print(f"kept {kept:.1f} s ({count / kept:.0f}/s), read and indexed {done} in {read:.1f} s ({count / read:.0f}/s)")
    print(f"loop late while reading: p99 {_quantile(lags, 0.99) * 1000:.1f} ms, most {max(lags) * 1000:.1f} ms")
    print(f"search by a word inside: p95 {_quantile(times, 0.95) * 1000:.2f} ms")
    await renderer.close()
    await store.close()


async def _watch(lags: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.01)
        lags.append(time.perf_counter() - began - 0.01)


def _quantile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--pages", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        asyncio.run(measure(Path(place), arguments.count, arguments.pages))


if __name__ == "__main__":
    main()
