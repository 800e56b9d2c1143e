"""The rendering worker as a real process: what it reads, and what it survives."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.domain.errors import RendererAway, Unreadable
from hub.ports.renderer import Paper
from hub.rendering.process import MAX_BYTES, ProcessRenderer
from tests.fake_connector import ManualClock
from tests.office_files import docx, pdf, png, zipped

FRAGILE = (sys.executable, str(Path(__file__).parents[1] / "peers" / "fragile_renderer.py"))


@pytest.fixture
async def real() -> AsyncIterator[ProcessRenderer]:
    renderer = ProcessRenderer()
    yield renderer
    await renderer.close()


@pytest.fixture
async def fragile() -> AsyncIterator[ProcessRenderer]:
    renderer = ProcessRenderer(command=FRAGILE, deadline=5)
    yield renderer
    await renderer.close()


async def test_it_reads_draws_and_writes(real: ProcessRenderer) -> None:
    assert "Nussbaum" in (await real.read_text(pdf("Nussbaum"), "application/pdf", "a.pdf")).text
    assert "Kirsche" in (await real.read_text(docx("Kirsche"), "", "a.docx")).text
    assert (await real.preview(png(), "image/png", "a.png", 64)).startswith(b"\x89PNG")
    made = await real.make_pdf(Paper(company="Nord", title="Brief", text="Guten Tag <b>&amp;"))
    assert "<b>&amp;" in (await real.read_text(made, "application/pdf", "b.pdf")).text


async def test_a_bomb_is_unreadable_and_the_next_file_is_read(real: ProcessRenderer) -> None:
    bomb = zipped({"word/document.xml": b" " * 50_000_000})
    with pytest.raises(Unreadable):
        await real.read_text(bomb, "", "a.docx")
    assert "danach" in (await real.read_text(docx("danach"), "", "a.docx")).text


async def test_what_is_too_large_never_reaches_it(real: ProcessRenderer) -> None:
    with pytest.raises(Unreadable):
        await real.read_text(bytes(MAX_BYTES + 1), "text/plain", "a.txt")
    assert real.pid is None


@pytest.mark.parametrize("order", ["die", "hang", "eat", "babble"])
async def test_a_file_that_stops_the_worker_costs_only_itself(fragile: ProcessRenderer, order: str) -> None:
    with pytest.raises(Unreadable):
        await fragile.read_text(order.encode(), "text/plain", "a.txt")
    assert (await fragile.read_text(b"fine", "text/plain", "a.txt")).text == "fine"


async def test_a_killed_worker_is_started_again(real: ProcessRenderer) -> None:
    await real.read_text(b"one", "text/plain", "a.txt")
    assert real.pid is not None
    os.kill(real.pid, signal.SIGKILL)
    with pytest.raises(Unreadable):
        await real.read_text(b"two", "text/plain", "a.txt")
    assert (await real.read_text(b"two", "text/plain", "a.txt")).text == "two"


async def test_a_worker_that_cannot_start_is_nobodys_fault() -> None:
    renderer = ProcessRenderer(command=("/nowhere/python",))
    with pytest.raises(RendererAway):
        await renderer.read_text(b"x", "text/plain", "a.txt")
    await renderer.close()


async def test_it_ends_when_nothing_has_come_for_a_while() -> None:
    clock = ManualClock()
    renderer = ProcessRenderer(clock=clock, idle=60)
    await renderer.read_text(b"x", "text/plain", "a.txt")
    assert renderer.pid is not None
    async with asyncio.timeout(20):
        while renderer.pid is not None:
            clock.advance(61)
            await asyncio.sleep(0.01)
    assert (await renderer.read_text(b"again", "text/plain", "a.txt")).text == "again"
    await renderer.close()
