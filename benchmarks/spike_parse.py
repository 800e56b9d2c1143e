"""Where should mails be parsed: on the loop, or in the worker process?

    python benchmarks/spike_parse.py [COUNT]

Distinct mails of 5.5 KB. Prints, for each way and batch size: mails a second, CPU time of this process (the loop's) a
mail, CPU time of the worker a mail, and the worker's memory (PSS).
"""

import asyncio
import random
import re
import resource
import sys
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from connectors.email.parse import EMAIL_PARSER
from hub.domain.arrival import ArrivalRecord
from hub.domain.ids import ArrivalId
from hub.domain.message import Envelope
from hub.parsing.inline import InlineParseWorker
from hub.parsing.process import ProcessParseWorker
from hub.ports.parser import ParseContext, ParseJob, ParseWorker
from storage.terms import extract_terms

VOCABULARY = 20_000
"""Words in all the mails together, drawn as in natural text: few are frequent, many are rare."""
_SYLLABLES = re.findall(
    r"\S+", "ver kauf lie fer ung an ge bot rech nung zahl frist mus ter tisch ler holz werk statt kun den dienst"
)


@cache
def _vocabulary() -> list[str]:
    dice = random.Random(0)
    return ["".join(dice.choices(_SYLLABLES, k=dice.randint(1, 4))) for _ in range(VOCABULARY)]


@cache
def _weights() -> list[float]:
    return [1 / rank for rank in range(1, VOCABULARY + 1)]


def make_mail(number: int, size: int = 5_500) -> bytes:
    """A plausible business mail, distinct in every part that intake looks at."""
    dice = random.Random(number)
    words = dice.choices(_vocabulary(), _weights(), k=2_000)
    head = (
        f"Return-Path: <kunde{number % 500}@firma{number % 50}.example>\r\n"
        f"Received: from mx.firma.example (mx.firma.example [192.0.2.{number % 250}])\r\n"
        f"\tby mail.joinery.example with ESMTPS id {number:08x}; Mon, 23 Nov 2026 10:00:00 +0000\r\n"
        f"From: =?utf-8?q?J=C3=B6rg_M=C3=BCller_{number % 500}?= <kunde{number % 500}@firma{number % 50}.example>\r\n"
        f"To: Tischlerei <info@joinery.example>\r\n"
        f"Subject: Anfrage {number} zu {' '.join(words[:4])}\r\n"
        f"Message-ID: <{number}.{dice.getrandbits(64):x}@firma{number % 50}.example>\r\n"
        f"Date: Mon, 23 Nov 2026 10:{number % 60:02}:00 +0000\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    )
    lines, at = [], 4
    while sum(map(len, lines)) + len(head) < size:
        lines.append(" ".join(words[at : at + 9]) + ".\r\n")
        at += 9
    return (head + "".join(lines)).encode()


def make_jobs(count: int) -> list[ParseJob]:
    """Jobs as intake makes them."""
    now = datetime.now(UTC)
    jobs = []
    for number in range(count):
        raw = make_mail(number)
        sender = f"kunde{number % 500}@firma{number % 50}.example"
        record = ArrivalRecord(
            id=ArrivalId(f"a_{number}"),
            account="mail",
            native_id=str(number),
            received_at=now,
            raw=raw,
            size=len(raw),
            envelope=Envelope(sender=sender, recipients=("info@joinery.example",)),
        )
        jobs.append(ParseJob(kind="email", record=record, raw=raw))
    return jobs


def context(account: str) -> ParseContext:
    return ParseContext(account=account, own_addresses=("*@joinery.example",))


def cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def pss_of(pid: int) -> float:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024


def own_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def measure(name: str, worker: ParseWorker, jobs: list[ParseJob], batch: int, pids: list[int]) -> None:
    before, cpu, other = time.perf_counter(), own_cpu(), sum(map(cpu_of, pids))
    for start in range(0, len(jobs), batch):
        parsed = await worker.parse(jobs[start : start + batch])
        assert all(one is not None and one.message is not None for one in parsed)
    seconds, cpu, other = time.perf_counter() - before, own_cpu() - cpu, sum(map(cpu_of, pids)) - other
    print(
        f"{name:8} batch {batch:3}: {len(jobs) / seconds:7.0f}/s  loop {1e3 * cpu / len(jobs):.3f} ms"
        f"  worker {1e3 * other / len(jobs):.3f} ms"
    )


async def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3_000
    jobs = make_jobs(count)
    inline = InlineParseWorker({"email": EMAIL_PARSER}, extract_terms, context)
    process = ProcessParseWorker(context)
    await inline.parse(jobs[:200])
    await process.parse(jobs[:200])
    print(f"mail: {len(jobs[0].raw)} bytes; worker PSS {pss_of(process.pids[0]):.0f} MB after 200 mails")
    for _ in range(2):
        await measure("inline", inline, jobs, 16, [])
        for batch in (1, 4, 16, 64):
            await measure("worker", process, jobs, batch, process.pids)
    print(f"worker PSS {pss_of(process.pids[0]):.0f} MB at the end")
    await process.close()


if __name__ == "__main__":
    asyncio.run(main())
