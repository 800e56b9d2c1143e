"""Intake alone, over the SQLite engine and the parse worker: accept to entry, without a network.

    python benchmarks/spike_intake.py [COUNT] [--profile]

Prints the rate and the CPU time of the loop's thread a mail, for accepting and for what comes after it.
"""

import asyncio
import cProfile
import pstats
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from benchmarks.spike_parse import make_jobs
from connectors.email.address import EMAIL_FORM
from hub.domain.arrival import Arrival, ArrivalState
from hub.parsing.process import ProcessParseWorker
from hub.ports.clock import SystemClock
from hub.ports.kinds import ARRIVALS
from hub.services.broadcast import Broadcast
from hub.services.forms import Forms
from hub.services.intake import Intake
from storage.sqlite import open_sqlite
from storage.terms import extract_terms
from tests.intake_world import OFFICE, SECRET, FakeDeliveries, FakeTeller, KnownAccounts, context_of


async def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3_000
    jobs = make_jobs(count)
    worker = ProcessParseWorker(lambda name: context_of(OFFICE, b"key"))
    with tempfile.TemporaryDirectory() as folder:
        store = await open_sqlite(Path(folder))
        intake = Intake(
            store=store,
            worker=worker,
            accounts=KnownAccounts([OFFICE]),
            forms=Forms([EMAIL_FORM]),
            events=Broadcast(),
            teller=FakeTeller(),
            door=None,
            deliveries=FakeDeliveries(),
            report=lambda account, state, detail: None,
            clock=SystemClock(),
            secret=SECRET,
            terms=extract_terms,
        )
        running = asyncio.create_task(intake.run())
        await asyncio.sleep(0.5)
        inlet = intake.inlet("office")
        arrivals = [
            Arrival(
                account="office",
                native_id=str(number),
                raw=job.raw,
                envelope=job.record.envelope,
                received_at=SystemClock().now(),
                sender_hint=job.record.envelope.sender,
            )
            for number, job in enumerate(jobs)
        ]

        async def session(own: list[Arrival]) -> None:
            for arrival in own:
                await inlet.accept(arrival)

        profile = cProfile.Profile()
        if "--profile" in sys.argv:
            profile.enable()
        began, cpu = time.perf_counter(), time.thread_time()
        await asyncio.gather(*(session(arrivals[lane::10]) for lane in range(10)))
        kept, kept_cpu = time.perf_counter() - began, time.thread_time() - cpu
        while intake.waiting or intake._pending.behind:
            await asyncio.sleep(0.01)
        total, total_cpu = time.perf_counter() - began, time.thread_time() - cpu
        profile.disable()
        settled = await store.documents(ARRIVALS).count("by_state", ArrivalState.DONE, cap=count + 1)
        if settled != count:
            raise SystemExit(f"only {settled} of {count} mails became entries: the figures below mean nothing")
        print(f"accepted {count / kept:.0f}/s, recorded {count / total:.0f}/s")
        print(f"loop CPU a mail: {1e3 * kept_cpu / count:.3f} ms until all were accepted")
        print(f"loop CPU a mail: {1e3 * total_cpu / count:.3f} ms in all")
        if "--profile" in sys.argv:
            pstats.Stats(profile).sort_stats("tottime").print_stats(45)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await worker.close()
        await store.close()


if __name__ == "__main__":
    uvloop.run(main())
