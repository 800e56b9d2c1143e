"""Every way in which a fax server can fail, by a real hfaxd behind a proxy that breaks the network."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from connectors.fax.connector import FaxConnector
from hub.domain.errors import SendError, TemporaryFailure, UnknownOutcome, Unreachable
from hub.ports.connector import LinkState
from tests.fake_inlet import FakeInlet
from tests.fax_channel import connector_for, parcel, settings_for
from tests.fax_files import tiff
from tests.peers.cut_proxy import CutProxy
from tests.peers.hylafax import Hylafax
from tests.peers.process import LOOPBACK, free_port
from tests.running_connector import running


@pytest.fixture
async def proxy(hylafax: Hylafax) -> AsyncIterator[CutProxy]:
    async with CutProxy(hylafax.host, hylafax.port) as opened:
        yield opened


def channel(port: int, **changes: Any) -> FaxConnector:
    return connector_for(settings_for(port, **changes))


async def failure(sender: FaxConnector) -> SendError:
    with pytest.raises(SendError) as caught:
        await sender.send(parcel())
    return caught.value


def queued(hylafax: Hylafax) -> Iterator[str]:
    return (path.name for path in (hylafax.spool / "sendq").iterdir() if path.name.startswith("q"))


async def test_a_server_that_is_down_is_unreachable_and_sends_nothing() -> None:
    port = free_port()
    with pytest.raises(Unreachable):
        await channel(port).run(FakeInlet())
    assert isinstance(await failure(channel(port)), TemporaryFailure)


@pytest.mark.parametrize("step", [b"USER", b"STOT", b"JNEW", b"JPARM DIALSTRING", b"JPARM DOCUMENT"])
async def test_a_reset_before_the_last_word_is_temporary(hylafax: Hylafax, proxy: CutProxy, step: bytes) -> None:
    proxy.after_client(step, proxy.reset)
    assert isinstance(await failure(channel(proxy.port)), TemporaryFailure)
    # The server may list a job that was begun and not handed over; it is none that it sends.
    inlet = FakeInlet()
    sender = channel(hylafax.port)
    async with running(sender, inlet):
        await sender.send(parcel())
        assert len(list(queued(hylafax))) == 1


async def test_a_lost_answer_to_the_last_word_is_unknown_and_a_second_attempt_finds_the_job(
    hylafax: Hylafax, proxy: CutProxy
) -> None:
    proxy.after_client(b"JSUBM", proxy.mute)
    assert isinstance(await failure(channel(proxy.port)), UnknownOutcome)
    assert len(list(queued(hylafax))) == 1
    # A person says "send it again": the server has it, so it is not sent twice.
    sender = channel(hylafax.port)
    async with running(sender, FakeInlet()):
        await sender.send(parcel())
    assert len(list(queued(hylafax))) == 1


async def test_news_of_the_job_settles_an_unknown_outcome(hylafax: Hylafax, proxy: CutProxy) -> None:
    inlet = FakeInlet()
    async with running(channel(hylafax.port), inlet):
        proxy.after_client(b"JSUBM", proxy.mute)
        assert isinstance(await failure(channel(proxy.port)), UnknownOutcome)
        await inlet.until(lambda: bool(inlet.updates))
    assert inlet.updates[0].message_id == "o_1"
    assert inlet.updates[0].status.action == "relayed"


async def test_a_stall_ends_with_the_time_out(hylafax: Hylafax, proxy: CutProxy) -> None:
    proxy.after_client(b"JNEW", proxy.stall)
    assert isinstance(await failure(channel(proxy.port, hylafax={"timeout": 1})), TemporaryFailure)
    proxy.resume()


async def test_a_stall_while_watching_ends_the_session(hylafax: Hylafax, proxy: CutProxy) -> None:
    inlet = FakeInlet()
    async with running(channel(proxy.port, hylafax={"timeout": 1}), inlet) as task:
        proxy.stall()
        with pytest.raises(Unreachable):
            await asyncio.wait_for(task, 20)


async def test_cancelling_a_stalled_session_does_not_wait_for_its_time_out(hylafax: Hylafax, proxy: CutProxy) -> None:
    inlet = FakeInlet()
    async with running(channel(proxy.port, hylafax={"timeout": 25}), inlet) as task:
        waiting = asyncio.Event()
        proxy.after_client(b"LIST", lambda: (proxy.stall(), waiting.set()))  # type: ignore[func-returns-value]
        await waiting.wait()
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=10)
        assert done == {task}
    proxy.resume()


async def test_half_an_answer_is_unreachable(hylafax: Hylafax, proxy: CutProxy) -> None:
    proxy.after_server(b"220", proxy.reset)
    with pytest.raises(Unreachable):
        await channel(proxy.port).run(FakeInlet())


async def test_nonsense_instead_of_a_server_is_unreachable() -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\xff\x80 not at all\r\n" * 50)
        writer.close()

    server = await asyncio.start_server(babble, LOOPBACK, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable):
            await channel(port).run(FakeInlet())
        assert isinstance(await failure(channel(port)), TemporaryFailure)


async def test_after_a_restart_of_the_server_nothing_is_taken_twice(hylafax: Hylafax) -> None:
    inlet = FakeInlet()
    hylafax.receive(tiff("Bestellung"))
    async with running(channel(hylafax.port), inlet) as task:
        await inlet.until_arrivals(1)
        hylafax.server.signal(signal.SIGKILL)
        hylafax.server.wait()
        with pytest.raises(Unreachable):
            await asyncio.wait_for(task, 20)
    hylafax.server.start(hylafax.port)
    hylafax.receive(tiff("Die zweite"), "fax000000002.tif")
    async with running(channel(hylafax.port), inlet):
        await inlet.until_arrivals(2)
    assert inlet.repeated == []
    assert inlet.state is LinkState.UP
