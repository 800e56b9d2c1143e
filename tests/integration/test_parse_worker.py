"""The parse worker as a real process: what it reads, and what it survives."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.email.parse import EMAIL_PARSER
from connectors.xmpp.parse import XMPP_PARSER
from hub.domain.arrival import ArrivalRecord
from hub.domain.errors import NotFound, Unreadable
from hub.domain.ids import ArrivalId
from hub.domain.message import Envelope, Parsed
from hub.parsing.inline import InlineParseWorker
from hub.parsing.process import HEAVY_BYTES, ProcessParseWorker
from hub.parsing.wire import MAX_FRAME, decode_frame, encode_frame, frame_length, read_results
from hub.ports.parser import ParseContext, ParseJob
from storage.terms import extract_terms
from tests.fake_connector import START, ManualClock
from tests.intake_world import mail

FRAGILE = (sys.executable, str(Path(__file__).parents[1] / "peers" / "fragile_worker.py"))
BIG = b"." * (HEAVY_BYTES + 1)


def job(raw: bytes, kind: str = "email", account: str = "office") -> ParseJob:
    record = ArrivalRecord(
        id=ArrivalId("a_x"),
        account=account,
        native_id="x",
        envelope=Envelope(),
        received_at=START,
        raw=raw,
        size=len(raw),
    )
    return ParseJob(kind=kind, record=record, raw=raw)


def context(account: str) -> ParseContext:
    return ParseContext(account=account, own_addresses=("*@joinery.example",))


@pytest.fixture
async def real() -> AsyncIterator[ProcessParseWorker]:
    worker = ProcessParseWorker(context)
    yield worker
    await worker.close()


@pytest.fixture
async def fragile() -> AsyncIterator[ProcessParseWorker]:
    worker = ProcessParseWorker(context, command=FRAGILE, deadline=1.5)
    yield worker
    await worker.close()


def subjects(results: list[Parsed | None]) -> list[str | None]:
    return [
        None if result is None else result.message.content.subject if result.message else result.reason
        for result in results
    ]


async def test_the_worker_reads_what_the_hub_would_read(real: ProcessParseWorker) -> None:
    jobs = [job(mail(f"Text {number}")) for number in range(3)]
    jobs.append(
        job(b"<message xmlns='jabber:client' from='a@b.example' to='c@d.example'><body>hi</body></message>", "xmpp")
    )
    jobs.append(job(b"<nonsense", "xmpp"))
    inline = InlineParseWorker({"email": EMAIL_PARSER, "xmpp": XMPP_PARSER}, extract_terms, context)
    await real.start()
    assert await real.parse(jobs) == await inline.parse(jobs)
    assert await real.parse([]) == []


async def test_an_unknown_kind_is_no_reason_to_die(real: ProcessParseWorker) -> None:
    with pytest.raises(Unreadable, match="no parser"):
        await real.extract("smoke", b"", 0)
    with pytest.raises(Unreadable, match="no name"):
        await real.render_html("../etc", b"")


async def test_the_worker_stays_small(real: ProcessParseWorker) -> None:
    assert None not in await real.parse([job(mail(f"Text {number}")) for number in range(50)])
    (pid,) = real.pids
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    pss = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    assert pss < 60 * 1024


async def test_only_the_poisonous_message_is_lost(fragile: ProcessParseWorker) -> None:
    results = await fragile.parse([job(b"one"), job(b"die"), job(b"two"), job(b"break"), job(b"unreadable")])
    *read, broken, unreadable = subjects(results)
    assert read == ["one", None, "two"]
    assert "ZeroDivisionError" in str(broken)
    assert unreadable == "This is no message."


async def test_a_hang_ends_at_the_deadline(fragile: ProcessParseWorker) -> None:
    assert subjects(await fragile.parse([job(b"hang")])) == [None]
    assert subjects(await fragile.parse([job(b"after")])) == ["after"]


async def test_too_much_memory_is_refused_not_taken(fragile: ProcessParseWorker) -> None:
    (result,) = subjects(await fragile.parse([job(b"eat")]))
    assert "MemoryError" in str(result)


async def test_what_a_library_prints_does_not_get_between_the_frames(fragile: ProcessParseWorker) -> None:
    assert subjects(await fragile.parse([job(b"babble"), job(b"after")])) == ["babble", "after"]


async def test_what_cannot_be_stored_is_said(fragile: ProcessParseWorker) -> None:
    spoilt, fine = subjects(await fragile.parse([job(b"surrogate"), job(b"fine")]))
    assert "cannot be stored" in str(spoilt)
    assert fine == "fine"


async def test_a_killed_worker_is_replaced(fragile: ProcessParseWorker) -> None:
    await fragile.start()
    os.kill(fragile.pids[0], signal.SIGKILL)
    assert subjects(await fragile.parse([job(b"one"), job(b"two")])) == ["one", "two"]


async def test_a_large_message_does_not_make_small_ones_wait(fragile: ProcessParseWorker) -> None:
    slow = asyncio.create_task(fragile.parse([job(b"hang" + BIG)]))
    await asyncio.sleep(0)
    assert subjects(await fragile.parse([job(b"small")])) == ["small"]
    assert not slow.done()
    assert await slow == [None]


async def test_the_worker_for_large_messages_ends_when_none_comes() -> None:
    clock = ManualClock()
    worker = ProcessParseWorker(context, command=FRAGILE, clock=clock, heavy_idle=60)
    await worker.parse([job(b"small")])
    await worker.parse([job(BIG)])
    assert len(worker.pids) == 2
    ending = worker._ending
    assert ending is not None
    clock.advance(61)
    await ending
    assert len(worker.pids) == 1
    await worker.close()
    assert worker.pids == []


@pytest.mark.parametrize("command", [("/nowhere/python",), ("/bin/false",)])
async def test_a_worker_that_cannot_start_is_not_blamed_on_the_message(command: tuple[str, ...]) -> None:
    clock = ManualClock()
    worker = ProcessParseWorker(context, command=command, clock=clock)
    await worker.start()
    with pytest.raises(Unreadable, match="cannot be started"):
        await worker.extract("email", b"data", 0)
    waiting = asyncio.create_task(worker.parse([job(b"patient")]))
    while not clock._sleepers:
        await asyncio.sleep(0.001)
    worker._quick._command = FRAGILE
    clock.advance(1)
    assert subjects(await waiting) == ["patient"]
    await worker.close()


async def test_files_and_html(fragile: ProcessParseWorker) -> None:
    assert await fragile.extract("email", b"data", 0) == b"data"
    assert await fragile.render_html("email", b"") is None
    with pytest.raises(NotFound):
        await fragile.extract("email", b"data", 1)
    with pytest.raises(Unreadable, match="did not survive"):
        await fragile.extract("email", b"die", 0)


async def test_a_cancelled_request_does_not_answer_the_next_one(fragile: ProcessParseWorker) -> None:
    await fragile.start()
    request = asyncio.create_task(fragile.parse([job(b"hang")]))
    await asyncio.sleep(0.05)
    request.cancel()
    await asyncio.gather(request, return_exceptions=True)
    assert subjects(await fragile.parse([job(b"next")])) == ["next"]


def test_frames_are_bounded() -> None:
    frame = encode_frame({"data": b"x"})
    assert decode_frame(frame[4:]) == {"data": b"x"}
    assert frame_length(frame[:4]) == len(frame) - 4
    for bad in (b"\0\0\0\0", (MAX_FRAME + 1).to_bytes(4, "big")):
        with pytest.raises(ValueError, match="out of bounds"):
            frame_length(bad)
    with pytest.raises(ValueError, match="did not answer"):
        read_results({"results": []}, 1)
