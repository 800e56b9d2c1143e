"""The virus check against a real clamd, over TCP and its Unix socket, and what becomes of it when clamd is gone."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator

import pytest

from hub.domain.document import ScanState
from hub.domain.errors import ScannerAway
from hub.scanning.clamd import Clamd
from tests.office_files import zipped
from tests.peers.clamd import EICAR, MARK, MAX_STREAM, ClamDaemon
from tests.peers.cut_proxy import CutProxy
from tests.peers.process import LOOPBACK


@pytest.fixture(params=["tcp", "unix"])
def client(request: pytest.FixtureRequest, clamd: ClamDaemon) -> Clamd:
    return Clamd(clamd.place if request.param == "tcp" else str(clamd.socket))


async def test_clean_and_infected_are_told_apart(client: Clamd) -> None:
    assert (await client.scan(b"harmless" * 100_000)).state is ScanState.CLEAN
    for data in (EICAR.encode(), b"x" * 500_000 + MARK + b"y", zipped({"inside.txt": MARK})):
        found = await client.scan(data)
        assert found.state is ScanState.INFECTED
        assert "Test" in found.detail


async def test_what_is_larger_than_clamd_takes_is_unscannable(client: Clamd) -> None:
    found = await client.scan(b"z" * (4 * MAX_STREAM))
    assert found.state is ScanState.UNSCANNABLE
    assert (await client.scan(b"harmless")).state is ScanState.CLEAN


async def test_what_is_locked_with_a_password_is_unscannable(client: Clamd) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("locked.txt", b"secret text" * 20)
    locked = bytearray(sink.getvalue())
    # Flag bit 0 of both headers: encrypted (APPNOTE 4.4.4).
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    assert (await client.scan(bytes(locked))).state is ScanState.UNSCANNABLE


async def test_many_at_once_are_each_answered(clamd: ClamDaemon) -> None:
    client = Clamd(clamd.place)
    found = await asyncio.gather(*(client.scan(MARK if number % 3 == 0 else b"fine") for number in range(12)))
    assert [one.state is ScanState.INFECTED for one in found] == [number % 3 == 0 for number in range(12)]


@pytest.fixture
async def proxy(clamd: ClamDaemon) -> AsyncIterator[CutProxy]:
    async with CutProxy(LOOPBACK, clamd.port) as proxy:
        yield proxy


async def test_a_scanner_that_breaks_off_stalls_or_is_not_there_is_away_and_never_clean(proxy: CutProxy) -> None:
    place = f"{LOOPBACK}:{proxy.port}"
    proxy.after_client(b"zINSTREAM", proxy.reset)
    with pytest.raises(ScannerAway):
        await Clamd(place).scan(b"anything")
    proxy.after_client(b"zINSTREAM", proxy.mute)
    with pytest.raises(ScannerAway):
        await Clamd(place, deadline=0.3).scan(b"anything")
    for nowhere in ("127.0.0.1:1", "/nowhere/clamd.ctl"):
        with pytest.raises(ScannerAway):
            await Clamd(nowhere).scan(b"anything")


async def test_a_scanner_that_answers_nonsense_is_away() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(10)
        writer.write(b"stream: MAYBE\0")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(ScannerAway):
            await Clamd(f"{LOOPBACK}:{port}").scan(b"")
